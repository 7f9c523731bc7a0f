/* The main port: takes new clients, watches over the sessions, and logs what happens. A task of the main
 * thread's loop, which in SINGLE mode serves the ports too. */
#ifndef SERVER_LISTENER_H
#define SERVER_LISTENER_H

#include "proto/config/options.h"
#include "proto/engine/runner.h"
#include "proto/wire/keys.h"

struct listener;

/* Binds the main port. `keys` NULL: every client is welcome. 0 or -errno. */
int listener_open(struct listener **out, const struct options *options, const struct keys *keys,
	const struct address *local, struct runner_home *home);

/* Ends every session, each with its latency summary in the log, and closes the main port. */
void listener_close(struct listener *listener);

#endif
