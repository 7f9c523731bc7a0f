/* A bounded queue of small commands to one port, with a wake-up: the only way to tell a port something. */
#ifndef PROTO_ENGINE_MAILBOX_H
#define PROTO_ENGINE_MAILBOX_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "proto/net/address.h"
#include "proto/record/test.h"

enum mail_kind {
	MAIL_START_TEST,   /* UI -> client's CONTROL */
	MAIL_STOP_TEST,    /* UI -> client's CONTROL */
	MAIL_VIEW_SERVER,  /* UI -> client's CONTROL: show the server's side, or no longer */
	MAIL_ASK_GRANT,    /* server's CONTROL -> listener: may this test run? */
	MAIL_GRANT,        /* listener -> server's CONTROL */
	MAIL_TEST_OVER,    /* server's CONTROL -> listener */
	MAIL_REBIND,       /* listener -> a port without a socket for this address: the main port got its
			    * heartbeat */
	MAIL_SHARE,        /* listener -> the working port: its share of the server's rate has changed */
	MAIL_START_SOURCE, /* CONTROL -> the port that sends */
	MAIL_STOP_SOURCE,
	MAIL_SOURCE_DONE, /* the port that sends -> CONTROL */
	MAIL_OPEN_SINK,   /* CONTROL -> the port that receives */
	MAIL_FINISH_SINK, /* ... the source is done; mail.sent says how much to expect */
	MAIL_CLOSE_SINK,  /* ... now, whatever is missing */
	MAIL_LOAD,        /* CONTROL -> the others: a test runs (mail.on), or none does */
	MAIL_PACE,        /* the port that works -> the others: so much of the test's data arrives */
	MAIL_SINK_DONE,   /* the port that receives -> CONTROL */
};

struct mail {
	enum mail_kind kind;
	uint64_t session; /* ASK_GRANT, TEST_OVER: whose */
	struct test_order order;
	enum refusal refusal; /* GRANT */
	uint32_t wait_s;
	uint64_t share_bps;     /* GRANT, SHARE: 0 = no limit; PACE: 0 = not known, or nothing any more */
	struct address address; /* REBIND: the client's, */
	uint64_t counter;       /* ... and of the sealed heartbeat that came from there */
	bool on;                /* VIEW_SERVER, LOAD */
	union {
		struct sent_half sent;         /* SOURCE_DONE; FINISH_SINK: its packets */
		struct received_half received; /* SINK_DONE */
	};
};

enum { MAILBOX_ROOM = 16 };

struct mailbox {
	pthread_mutex_t lock;
	struct mail mail[MAILBOX_ROOM];
	unsigned first;
	atomic_uint count; /* written under the lock; read without it to see whether there is any */
	int wake_fd;       /* the event fd of the loop that serves the port; the runner sets it */
};

void mailbox_init(struct mailbox *box);
void mailbox_free(struct mailbox *box);

/* Any thread. False when the queue is full: the mail is not taken. */
bool mailbox_post(struct mailbox *box, const struct mail *mail);

/* The owning port only. False when there is none. */
bool mailbox_take(struct mailbox *box, struct mail *mail);

#endif
