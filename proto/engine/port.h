/* One port: its socket, heartbeats, and what it does (control, source, sink). Everything about it is in
 * one struct, owned by the thread that steps it; others reach it through its mailbox and see it through its
 * published snapshot. */
#ifndef PROTO_ENGINE_PORT_H
#define PROTO_ENGINE_PORT_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/config/options.h"
#include "proto/engine/control.h"
#include "proto/engine/heartbeat.h"
#include "proto/engine/load_rate.h"
#include "proto/engine/mailbox.h"
#include "proto/engine/path_mtu.h"
#include "proto/engine/server_view.h"
#include "proto/engine/sink.h"
#include "proto/engine/source.h"
#include "proto/net/udp.h"
#include "proto/record/snapshot.h"
#include "proto/sys/loop.h"
#include "proto/wire/seal.h"

/* The work of the last test: clock, thread's CPU time and what the session's ports had sent besides data as
 * it began; and since then, turns that were due, and came late (HOST_LATE_US), and what arrives of the data.
 */
struct port_work {
	uint64_t began_ns, cpu_ns, side_bytes;
	uint64_t turns, late_turns, late_max_ns;
	struct load_rate arriving;
};

enum { PORT_ANSWERS = 4 }; /* a mail refused, a source and a sink that end: none is taken while one is left */

struct port {
	struct loop_task task;
	enum port_kind kind;
	bool is_client;
	const struct options *options;
	struct udp_batch *batch; /* the thread's; the runner sets it */
	struct mailbox mailbox;
	struct port *sibling; /* the session's three ports, by kind: for their mailboxes and snapshots only */

	struct udp_socket socket;
	bool single_port;
	struct address local;
	struct address peer; /* server: only the host is known before the first heartbeat */
	bool peer_known;
	bool extended;
	struct seal seal;
	uint8_t challenge_key[crypto_shorthash_KEYBYTES];
	uint32_t key; /* the heartbeats' channel */
	uint64_t heartbeat_sequence, report_sequence;
	uint64_t retry_ns;       /* no data is sent before this */
	uint64_t heard_ns;       /* last valid datagram */
	unsigned receive_errors; /* in a row */
	bool drained;            /* the last turn left nothing in the socket */
	struct mailbox *gate;    /* server: the listener's; NULL: every test is granted */
	uint64_t session;        /* its number there */

	bool loaded;                        /* a test runs in the session */
	uint64_t pace_bps[TEST_DIRECTIONS]; /* what arrives of its data; 0: not known, or none runs */
	struct heartbeat heartbeat;
	struct owd *owd;                 /* extended client */
	struct control control;          /* CONTROL only */
	struct server_view_dialog watch; /* CONTROL of extended peers only */
	bool asks_path;                  /* client's UPLOAD: will ask as soon as the port is up */
	struct path_mtu path;            /* UPLOAD of extended peers only */
	struct source source;
	struct sink sink;
	struct mail answer[PORT_ANSWERS]; /* CONTROL's mailbox had no room for them */
	unsigned answers;

	struct port_work work;

	struct port_snapshot stats; /* the counters at work; port_publish completes it */
	uint64_t publish_ns;        /* not again before this */
	bool dirty;                 /* something has changed since */

	pthread_mutex_t published_lock;
	struct port_snapshot published;
	struct test_record published_test[CONTROL_TESTS];
	unsigned published_tests;
	struct server_view published_peer;
};

/* What a port is made of. */
struct port_plan {
	enum port_kind kind;
	bool is_client;
	const struct options *options;
	struct address local; /* to bind; a client's has port 0 */
	struct address peer;  /* client: the server's port; server: the client's host */
	uint32_t key;
	bool asks_path;        /* client: see session_plan */
	bool single_port;      /* server: `local` is the main port; a socket is opened for each peer */
	const uint8_t *secret; /* of the extended session; NULL: classic */
	struct mailbox *gate;
	uint64_t session;
};

/* Opens the socket; nothing runs yet. 0 or -errno. */
int port_open(struct port *p, const struct port_plan *plan);

/* After the last step; closes the socket. */
void port_close(struct port *p);

/* One turn of the port: receive, read mail, do what is due, publish. Returns the next deadline. The
 * task's step; only the thread that owns the port calls it. */
uint64_t port_step(struct port *p);

/* Copies the published snapshot. Any thread. `tests` may be NULL; otherwise it is filled with the
 * latest tests' records and their number is returned. */
unsigned port_read(struct port *p, struct port_snapshot *out, struct test_record tests[CONTROL_TESTS]);

/* The same for the server's view, as the client's CONTROL port last received it. Any thread. */
void port_read_peer(struct port *p, struct server_view *out);

#endif
