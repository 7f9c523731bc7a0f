/* SIGINT, SIGTERM and SIGHUP as a task of the main loop: the first ends the loop, the second the process. */
#ifndef PROTO_SYS_SIGNALS_H
#define PROTO_SYS_SIGNALS_H

#include "proto/sys/loop.h"

struct signals {
	struct loop_task task;
	int caught; /* the first signal's number; 0: none yet */
	/* Called in the loop's thread instead of loop_stop, unless NULL. */
	void (*caught_one)(void *context);
	void *context;
};

/* `act` is called before the process is ended without its loop: by the second signal, or because it is stuck.
 * It must be async-signal-safe. NULL: nothing is called. */
void signals_set_last_act(void (*act)(void));

/* Handles the signals from now on, and ignores SIGPIPE; SIGHUP stays ignored if it was. Once per process.
 * 0 or -errno. */
int signals_open(struct signals *s, struct loop *loop);
/* Gives work after the signal another second before the process counts as stuck and is ended. */
void signals_extend(void);

void signals_close(struct signals *s);

#endif
