/* Three ports that belong together: one end of a session between a client and a server. */
#ifndef PROTO_ENGINE_SESSION_H
#define PROTO_ENGINE_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/engine/port.h"

/* Silence ends a session after this many missed heartbeats, but no sooner than after this many seconds. */
enum { SESSION_SILENCE_BEATS = 4, SESSION_SILENCE_S = 15 };

struct session {
	struct port port[PORT_KINDS];
	uint64_t silence_ns; /* the silence that ends the session, by this side's own heartbeat_rate */
	uint64_t opened_ns;
};

struct session_plan {
	bool is_client;
	const struct options *options; /* outlives the session */
	struct address local;          /* server: the address to bind; client: unused */
	struct address peer;           /* client: the server's main port; server: the client's main socket */
	struct classic_assignment assignment;
	const uint8_t *secret; /* SEAL_SECRET_BYTES of an extended session; NULL: classic */
	bool asks_path;        /* client: the server answers questions about the path's largest datagram */
	bool single_port;      /* server: all three ports are `local` */
	struct mailbox *gate;  /* server: who grants tests; NULL: nobody needs to */
	uint64_t number;       /* server: the session's, for the gate */
};

/* Opens the three sockets; nothing runs yet. 0 or -errno, and *failed, unless NULL, is the port that
 * could not be opened. */
int session_open(struct session *s, const struct session_plan *plan, enum port_kind *failed);

/* After the runner has stopped. */
void session_close(struct session *s);

/* Any thread: copies what the ports have published. */
void session_snapshot(struct session *s, struct session_snapshot *out);

/* Any thread. False when the CONTROL port's mailbox is full. */
bool session_start_test(struct session *s, const struct test_order *order);
bool session_stop_test(struct session *s);

/* The same. While it is on, an extended client asks twice a second for its server's side: snapshot.peer. */
bool session_view_server(struct session *s, bool on);

/* What a snapshot says. */
bool session_is_up(const struct session_snapshot *snapshot);        /* all three ports know the peer */
uint64_t session_heard_ns(const struct session_snapshot *snapshot); /* last sign of life; 0: none */

/* Server: the silence that ends the session, by how often its client sends heartbeats. */
uint64_t session_silence_ns(const struct session *s, const struct session_snapshot *snapshot);

#endif
