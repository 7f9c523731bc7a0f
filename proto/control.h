/* The conversation on the CONTROL port: commands that are sent until they are acknowledged, and the
 * life of a test as this port sees it. A state machine without clock, socket or thread: input changes
 * the state, control_packet and control_mail then say what is to be sent, and to whom.
 *
 * client: ASKING -(ack)-> RUNNING -(source done)-> AWAITING -(result)-> COMPLETE
 * server: RUNNING -(sink done)-> AWAITING (result sent until acknowledged) -(ack)-> COMPLETE */
#ifndef PROTO_CONTROL_H
#define PROTO_CONTROL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/mailbox.h"
#include "proto/message.h"
#include "proto/snapshot.h"

enum {
	CONTROL_TESTS = SNAPSHOT_TESTS,
	CONTROL_ASK_S = 10,   /* how long a command is repeated without an answer */
	CONTROL_AWAIT_S = 5,  /* how long the client waits for the result of an upload */
	CONTROL_RESULT_S = 10, /* how long the server repeats an unacknowledged result */
};

struct control_test {
	struct test_record record; /* phase TEST_NONE: the slot is free */
	uint64_t sequence;         /* of this test's channel on the CONTROL port */
	uint64_t send_ns;          /* when the command or the result is to be sent (again) */
	uint64_t give_up_ns;
	uint64_t last_result_ns;   /* client: the result came (again) */
	bool owes_ack;             /* for the command, or for the result */
	bool owes_begin;           /* mail to the port that sends or receives: to begin, */
	bool owes_stop;            /* ... and, after that, to stop */
	bool has_result;           /* client: arrived before its own source was done */
	struct message_result result;
};

struct control {
	bool is_client;
	uint64_t repeat_ns; /* client: ucm_delay; server: ucm_rate */
	uint32_t tests_begun;
	uint32_t key; /* never used as a test's channel */
	struct control_test test[CONTROL_TESTS];
};

void control_init(struct control *c, bool is_client, uint64_t repeat_ns, uint32_t key);

/* Client: begins a test on a channel of its own choice. 0, or -EBUSY while one runs. */
int control_start(struct control *c, const struct test_order *order, uint64_t now_ns);

/* Client: ends the running test early; what is known is kept. */
void control_stop(struct control *c, uint64_t now_ns);

/* A CONTROL or TEST_RESULT datagram's body. */
enum wire_reject control_command(
	struct control *c, uint32_t channel, const uint8_t *body, size_t size, uint64_t now_ns);
enum wire_reject control_result(
	struct control *c, uint32_t channel, const uint8_t *body, size_t size, uint64_t now_ns);

/* The sending or receiving port has finished. */
void control_done(struct control *c, const struct mail *mail, uint64_t now_ns);

/* Does what is due by time alone, and returns when that is next. */
uint64_t control_due(struct control *c, uint64_t now_ns);

/* The next packet to send: its type, channel, sequence and body. False when there is none. */
struct control_packet {
	struct wire_header header;
	bool is_ack;
	size_t size;
	char body[MESSAGE_BODY];
};
bool control_packet(struct control *c, uint64_t now_ns, struct control_packet *out);

/* The next mail, for the port that the test's direction names. False when there is none. */
bool control_mail(struct control *c, struct mail *out);

/* The records of the latest tests, oldest first; returns how many. */
unsigned control_records(const struct control *c, struct test_record out[CONTROL_TESTS]);

#endif
