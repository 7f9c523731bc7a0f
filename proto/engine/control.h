/* The conversation on the CONTROL port: commands that are sent until they are acknowledged, and the
 * life of a test as this port sees it. A state machine without clock, socket or thread: input changes the
 * state; control_packet and control_mail then say what is to be sent, and to whom.
 *
 * classic peers
 *   client: ASKING -(ack)-> RUNNING -(source done)-> AWAITING -(result)-> COMPLETE
 *   server: ASKING -(grant)-> RUNNING -(sink done)-> AWAITING (result repeated) -(ack)-> COMPLETE
 * extended peers: here the client repeats, both ways
 *   client: ASKING -(granted)-> RUNNING -(worker done)-> AWAITING (counters repeated) -(theirs)-> COMPLETE
 *   server: ASKING -(grant)-> RUNNING -(worker done)-> AWAITING -(client's counters)-> COMPLETE
 * The worker is the port that sends or receives the data. */
#ifndef PROTO_ENGINE_CONTROL_H
#define PROTO_ENGINE_CONTROL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/engine/mailbox.h"
#include "proto/record/snapshot.h"
#include "proto/wire/classic.h"

enum {
	CONTROL_TESTS = SNAPSHOT_TESTS,
	CONTROL_ASK_S = 10,       /* how long a command is repeated without an answer */
	CONTROL_CLASSIC_MS = 500, /* ... to a classic server no sooner than this */
	CONTROL_AWAIT_S = 5,      /* how long a client waits for a classic server's result */
	CONTROL_RESULT_S = 10,    /* how long unacknowledged results or counters are repeated */
};

/* One slot: a test that is asked for, running or over. */
struct control_test {
	struct test_record record; /* phase TEST_NONE: the slot is free */
	uint64_t sequence;         /* of this test's channel on the CONTROL port */
	uint64_t send_ns;          /* when to repeat what this side repeats */
	uint64_t give_up_ns;
	bool owes_answer;          /* to a command, or to a result */
	bool answers_result;       /* which of the two */
	uint32_t owed_mail;        /* one bit for each kind; sent in the order of the kinds */
	uint64_t share_bps;        /* this test's share of the server's rate; 0: no limit */
	bool stopped;              /* client: by the user */
	bool theirs_known;         /* the peer's counters are in the record */
	char guid[TEST_UID_BYTES]; /* of a classic result */
};

struct control {
	bool is_client;
	bool extended;
	uint64_t repeat_ns; /* client: ucm_delay; server: ucm_rate; see control_repeat_ns */
	uint32_t key;       /* never used as a test's channel */
	uint32_t tests_begun;
	bool changed; /* a test has ended: the port publishes it and clears this */
	struct control_test test[CONTROL_TESTS];
};

/* The interval to use where `wanted_ns` is asked for. Some classic servers restart their count with each
 * BWUP, so the next one must not be sent before the answer to the last can have come. */
uint64_t control_repeat_ns(bool is_client, bool extended, uint64_t wanted_ns);

void control_init(struct control *c, bool is_client, bool extended, uint64_t repeat_ns, uint32_t key);

/* Client: begins a test on a channel of its own choice. 0; -EBUSY while one in that direction runs;
 * -EOPNOTSUPP: a classic server has no such test. */
int control_start(struct control *c, const struct test_order *order, uint64_t now_ns);

/* Client: ends the running tests early; what is known is kept. */
void control_stop(struct control *c, uint64_t now_ns);

/* A CONTROL or TEST_RESULT datagram's body. */
enum wire_reject control_input(
	struct control *c, const struct wire_header *h, const uint8_t *body, size_t size, uint64_t now_ns);

/* MAIL_GRANT, MAIL_SOURCE_DONE or MAIL_SINK_DONE. */
void control_take_mail(struct control *c, const struct mail *mail, uint64_t now_ns);

/* Does what is due by time alone, and returns when that is next. */
uint64_t control_due(struct control *c, uint64_t now_ns);

/* Data flows, in one direction or both. */
bool control_is_loaded(const struct control *c);

/* The next packet to send. False when there is none. `name` is for the log: "BWUP", "BWUP ack" ... */
struct control_packet {
	struct wire_header header;
	const char *name;
	size_t size;
	char body[WIRE_BODY_BYTES];
};
bool control_packet(struct control *c, uint64_t now_ns, struct control_packet *out);

/* The next mail, to be posted before packets are sent: the worker must be ready for what a packet makes the
 * peer send. control_mail: for the port of the test's direction; control_gate_mail: for the listener. False
 * when there is none. */
bool control_mail(struct control *c, struct mail *out);
bool control_gate_mail(struct control *c, struct mail *out);

/* The mailbox was full: the mail is owed again. */
void control_mail_again(struct control *c, const struct mail *mail);

/* The records of the latest tests, oldest first; returns how many. */
unsigned control_records(const struct control *c, struct test_record out[CONTROL_TESTS]);

#endif
