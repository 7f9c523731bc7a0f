/* The client's side of a session's life: ask for ports, open the three ports, wait until all have heard the
 * server, notice when it falls silent. A task of the main loop; the main thread only. */
#ifndef TUI_CLIENT_CLIENT_H
#define TUI_CLIENT_CLIENT_H

#include "proto/engine/runner.h"
#include "proto/engine/session.h"
#include "proto/wire/handshake.h"

enum client_state {
	CLIENT_ASKING,  /* the main port has not answered yet */
	CLIENT_OPENING, /* ports assigned, not all heard from */
	CLIENT_UP,
	CLIENT_UNREACHED, /* no answer in time */
	CLIENT_REFUSED,   /* the server said no: see `refusal` */
	CLIENT_LOST,      /* was up, then fell silent */
	CLIENT_FAILED,    /* something on this side: see `error` */
};

struct client {
	struct loop_task task;
	const struct options *options;
	const struct key *key; /* NULL: none */
	struct runner_home *home;
	struct address server;
	enum client_state state;
	int error;                          /* negative errno of CLIENT_FAILED */
	char problem[160];                  /* what has failed */
	struct udp_socket socket;           /* to the main port */
	struct handshake_question question; /* what we ask */
	uint64_t ask_ns, give_up_ns;
	uint64_t wait_ends_ns;          /* --wait: no longer than this */
	bool classic;                   /* the server is */
	bool ignored_classic;           /* an answer that a client with a key must not take */
	struct handshake_answer answer; /* the server's last: welcome with its caps, or refusal */
	struct classic_assignment assignment;
	struct session session;
	struct runner runner;
	bool session_open;
	struct session_snapshot snapshot; /* the latest */
};

struct client_plan {
	const struct options *options;
	const struct key *key;
	struct address server;
	struct runner_home *home;
};

/* Starts asking the server's main port. 0 or -errno, and the state is CLIENT_FAILED. */
int client_open(struct client *c, const struct client_plan *plan);

/* Ends the session and asks for a new one, from another main socket: a classic server knows its clients by
 * that. `state` shows the outcome. */
void client_reconnect(struct client *c);

/* Ends the session: stops its threads, closes its sockets. The last snapshot stays. */
void client_close(struct client *c);

/* Whether a server that refuses for that reason may say yes later. */
bool client_may_wait(enum refusal refusal);

/* Takes a new snapshot, if there is a session. */
const struct session_snapshot *client_snapshot(struct client *c);

#endif
