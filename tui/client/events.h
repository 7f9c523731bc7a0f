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

#endif
