/* The engine's side of the panels: keeps a session with the server, does what the screen's commands say, and
 * shows what there is to see. A task of the main loop; the main thread only. */
#ifndef TUI_CLIENT_CONTROLLER_H
#define TUI_CLIENT_CONTROLLER_H

#include "proto/wire/keys.h"
#include "tui/client/bridge.h"
#include "tui/client/test_queue.h"

enum { CONTROLLER_RETRY_S = 5 }; /* between two tries to reach a server */

struct controller {
	struct loop_task task;
	const struct options *options;
	const struct key *key;
	struct client client;
	bool client_open;
	struct address server;
	struct bridge *bridge;
	struct test_queue test_queue;
	struct report report;
	struct session_snapshot before; /* what the events so far speak of */
	struct view view;
	bool stopped;    /* the user ends tests early: no failure */
	uint64_t end_ns; /* when to end; CLOCK_NEVER: not yet known */
	bool hung_up;    /* the terminal is gone */
};

struct controller_plan {
	const struct options *options;
	const struct key *key; /* NULL: none */
	struct address server;
	struct runner_home *home;
	struct bridge *bridge;
	bool watch; /* look at the server's side from the beginning */
};

/* Begins to ask the server. 0 or -errno. The loop stops when the user has enough. */
int controller_open(struct controller *p, const struct controller_plan *plan);

/* Ends the session; the report then holds all that is known. */
void controller_close(struct controller *p);

/* A signal: what runs is stopped, and the loop ends when its counters are in. */
void controller_interrupt(struct controller *p);

/* What the exit code is to say, signals apart. */
int controller_exit_code(const struct controller *p);

#endif
