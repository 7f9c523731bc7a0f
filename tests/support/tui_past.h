/* What tests of the history share: a view that moves on by a moment each time. */
#ifndef TESTS_SUPPORT_TUI_PAST_H
#define TESTS_SUPPORT_TUI_PAST_H

#include "tests/support/test.h"
#include "tests/support/tui_fake.h"

#define PAST_START_NS (UINT64_C(5000) * NS_PER_S)
#define PAST_TICK_NS  (UINT64_C(200) * NS_PER_MS)

/* Large, so there is one of each. */
extern struct view view;
extern struct history history;

int past_begin(void **state);
int past_end(void **state);
void past_tick(void);
const struct moment_port *past_last(enum port_kind kind);
void past_near(double is, double expected);

#define PAST_TEST(name) cmocka_unit_test_setup_teardown(name, past_begin, past_end)

#endif
