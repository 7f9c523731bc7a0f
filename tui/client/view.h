/* All that the screen knows of the engine: plain values, copied from one thread to the other by the bridge.
 */
#ifndef TUI_CLIENT_VIEW_H
#define TUI_CLIENT_VIEW_H

#include "proto/net/address.h"
#include "proto/record/snapshot.h"
#include "proto/record/verdict.h"
#include "tui/client/client.h"

enum { VIEW_TESTS = 32, VIEW_EVENTS = 64, VIEW_TEXT = 120 };

enum event_kind { EVENT_NOTE, EVENT_GOOD, EVENT_WARNING, EVENT_ERROR };

struct view_event {
	uint64_t at_ns;
	enum event_kind kind;
	char text[VIEW_TEXT];
};

/* A test that is over, and the round trips of its port: before it, and under its load. */
struct view_test {
	struct test_record record;
	uint64_t at_ns;
	uint64_t idle_ns, loaded_ns; /* medians; 0: none */
	char limit[VERDICT_TEXT];    /* what limited it, in plain words */
};

struct view {
	enum client_state state;
	bool was_up;  /* there is a last known state to show */
	bool threads; /* THREAD mode here */
	bool classic, keyed;
	char server[ADDRESS_TEXT];
	uint64_t cap_rate_bps; /* 0: none */
	uint32_t cap_duration_s;
	uint64_t now_ns, opened_ns;
	uint64_t retry_ns; /* when the server is tried again; 0: not by itself */
	unsigned tries;
	char problem[VIEW_TEXT];
	bool watching;     /* the server's side is asked for */
	uint64_t rate_bps; /* of the next test; 0: max */
	uint32_t duration_s;
	struct session_snapshot snapshot;
	unsigned tests_over; /* in all; the last VIEW_TESTS of them in the ring */
	struct view_test test[VIEW_TESTS];
	unsigned events; /* the same */
	struct view_event event[VIEW_EVENTS];
};

#endif
