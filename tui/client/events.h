/* What has happened in a session between two snapshots, in words. Pure functions: any thread. */
#ifndef TUI_CLIENT_EVENTS_H
#define TUI_CLIENT_EVENTS_H

#include "tui/client/view.h"

/* Calls `tell` for each event, in order. */
struct events_listener {
	void (*tell)(void *context, enum event_kind kind, const char *text);
	void *context;
};
void events_between(const struct session_snapshot *before, const struct session_snapshot *now,
	const struct events_listener *to);

/* One line on a test that is over: "download 94.1 Mbit/s received, 0.02 % lost". */
void events_test_line(const struct test_record *t, char out[VIEW_TEXT]);

#endif
