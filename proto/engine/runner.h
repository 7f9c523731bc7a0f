/* Who steps the ports: a shared loop (SINGLE), a thread for the three ports of a session, or
 * a thread for each port (THREAD). */
#ifndef PROTO_ENGINE_RUNNER_H
#define PROTO_ENGINE_RUNNER_H

#include <pthread.h>

#include "proto/engine/session.h"

/* A loop and its receive buffers: the ones that SINGLE mode shares, or a thread's own. */
struct runner_home {
	struct loop *loop;
	struct udp_batch *batch;
};

int runner_home_open(struct runner_home *home, const struct options *options); /* 0 or -errno */
void runner_home_close(struct runner_home *home);

struct runner_thread {
	pthread_t id;
	struct runner_home home;
};

struct runner {
	struct session *session;
	unsigned threads; /* 0: the ports are tasks of a shared loop */
	struct runner_thread thread[PORT_KINDS];
};

/* Starts serving the session's ports as the options say: port_parallelability THREAD gives each port a
 * thread; SINGLE puts all three into `home`, or into a thread of their own when the connections
 * are parallel. 0 or -errno, and then nothing runs. Only the thread that owns `home`. */
int runner_start(struct runner *r, struct session *session, struct runner_home *home);

/* Moves a session that began in `home` into threads of its own, if the options say so: a server makes no
 * thread before the client's address is proven. 0, or -errno and the session stays where it was. */
int runner_promote(struct runner *r, struct runner_home *home);

/* Serves the session's ports in `home`, whatever the options say. */
int runner_start_at_home(struct runner *r, struct session *session, struct runner_home *home);

/* Stops serving: stops and joins the threads, or takes the ports out of the shared loop. */
void runner_stop(struct runner *r);

#endif
