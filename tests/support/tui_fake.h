/* A session that is played in virtual time: a view as the engine would show it, and the history that the
 * screen makes of it. All figures follow from the script alone. */
#ifndef TESTS_SUPPORT_TUI_FAKE_H
#define TESTS_SUPPORT_TUI_FAKE_H

#include <stdio.h>
#include <string.h>

#include "proto/sys/clock.h"
#include "tui/client/events.h"
#include "tui/panels/history.h"
#include "tui/panels/ui.h"

enum { FAKE_STEP_MS = 100, FAKE_DATAGRAM = 1250, FAKE_STEPS_S = 1000 / FAKE_STEP_MS };

#define FAKE_START_NS (UINT64_C(5000) * NS_PER_S)

struct fake {
	struct view view;
	struct history history;
	struct ui ui;
	struct session_snapshot before;
	unsigned lossy[TEST_DOWN + 1]; /* packets lost in a bad moment */
	unsigned step;
};

void fake_note(void *context, enum event_kind kind, const char *text);
void fake_open(struct fake *f);
void fake_close(struct fake *f);
void fake_up(struct fake *f);
void fake_outcome(struct latency_summary *l, uint32_t ns);

/* A tenth of a second passes. */
void fake_step(struct fake *f);

void fake_run(struct fake *f, unsigned tenths);

/* A port has refused some datagrams in the last moment of the history. */
void fake_refuse(struct fake *f, enum port_kind kind);

struct fake_test {
	enum test_direction direction;
	uint64_t asked_bps, granted_bps; /* 0: max */
	unsigned seconds;
	unsigned lossy;
};

/* Sends the command; two tenths later the data flows. */
void fake_start(struct fake *f, const struct fake_test *plan);

/* Ends the last test in a direction. */
void fake_end(struct fake *f, enum test_direction direction, enum test_phase phase);

#endif
