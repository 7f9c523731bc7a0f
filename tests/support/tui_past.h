/* What tests of the history share: a view that moves on by a moment each time. */
#ifndef TESTS_SUPPORT_TUI_PAST_H
#define TESTS_SUPPORT_TUI_PAST_H

#include "tests/support/test.h"
#include "tests/support/tui_fake.h"

#define PAST_START_NS (UINT64_C(5000) * NS_PER_S)
#define PAST_TICK_NS  (UINT64_C(200) * NS_PER_MS)

/* Large, so there is one of each. */
static struct view view;
static struct history history;

static inline int past_begin(void **state)
{
	(void)state;
	memset(&view, 0, sizeof view);
	view.state = CLIENT_UP;
	view.was_up = true;
	view.now_ns = PAST_START_NS;
	return 0;
}

static inline int past_end(void **state)
{
	(void)state;
	history_free(&history);
	return 0;
}

static inline void past_tick(void)
{
	view.now_ns += PAST_TICK_NS;
	for (int kind = 0; kind < PORT_KINDS; kind++)
		view.snapshot.port[kind].taken_ns = view.now_ns;
	history_add(&history, &view);
}

static inline const struct moment_port *past_last(enum port_kind kind)
{
	return &history.moment[history.count - 1].port[kind];
}

static inline void past_near(double is, double expected)
{
	double error = is > expected ? is - expected : expected - is;
	double allowed = 1e-6 * (expected > 0 ? expected : -expected) + 1e-9;

	if (error > allowed)
		print_message("%g is not %g\n", is, expected);
	assert_true(error <= allowed);
}

#define PAST_TEST(name) cmocka_unit_test_setup_teardown(name, past_begin, past_end)

#endif
