/* Bandwidth sender: new data and retransmissions -> packets, at the pacer's rate. No clock, no
 * socket. Not thread-safe: it belongs to the port that sends. What is sent again: repair.h.
 *
 * A source that feeds a client (lease_ns > 0) starts with the first report, stays slow
 * until one proves that data arrives, and stops when its lease has run out (lease.h). */
#ifndef PROTO_ENGINE_SOURCE_H
#define PROTO_ENGINE_SOURCE_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/engine/lease.h"
#include "proto/engine/repair.h"
#include "proto/measure/bucket.h"
#include "proto/net/udp.h"
#include "proto/rate/capacity.h"
#include "proto/rate/pacer.h"
#include "proto/rate/rate_debt.h"
#include "proto/rate/receiver_limit.h"
#include "proto/record/test.h"
#include "proto/wire/feedback.h"
#include "proto/wire/wire.h"

enum {
	SOURCE_UNPROVEN_BPS = 10000000, /* until the first proof that data arrives */
	SOURCE_WAIT_S = 5,              /* for the first report */
};

struct source {
	bool active;
	bool extended;
	struct test_order order; /* start_ns 0: not started yet */
	uint64_t wait_ends_ns;   /* not started by then: over */
	struct lease lease;
	unsigned overhead_bytes;
	bool ramps;
	struct capacity capacity;             /* order.search: what the rate follows, ... */
	uint64_t searched_bps;                /* ... and is */
	enum test_ended ended;                /* before its time, unless ENDED_TIME */
	struct bucket *bucket;                /* extended: what the start shows */
	struct receiver_limit receiver_limit; /* otherwise: keeps to what the receiver's host can take */
	uint64_t share_bps, allowed_bps;      /* limits of this host and of the receiver; 0: none */
	struct pacer pacer;
	struct rate_debt rate_debt; /* of a rate that was asked for */
	uint64_t next_channel;      /* sequence of the next transmission */
	uint64_t next_data;         /* next new piece of data */
	struct repair repair;
	uint64_t next_report;                   /* reports below this sequence are too old to say anything */
	uint8_t *buffer;                        /* datagrams back to back, payload filled in once */
	unsigned room;                          /* datagrams that fit */
	unsigned staged;                        /* datagrams that source_fill has prepared ... */
	uint64_t staged_data[UDP_SEGMENTS_MAX]; /* ... and the piece of data that each carries */
	struct source_counters count;
};

struct source_plan {
	struct test_order order;
	bool waits; /* starts with the first report, and ends when none comes in time */
	bool extended;
	unsigned segments;       /* datagrams that leave in one system call */
	uint64_t lease_ns;       /* 0: no proof of arrival is needed to go on */
	uint64_t share_bps;      /* this host's limit; 0: none */
	uint64_t allowed_bps;    /* the receiver's, until reports say more; 0: none */
	unsigned overhead_bytes; /* of UDP and IP, for rates at the IP layer */
	bool ramps;              /* without a limit it begins slowly: receiver_limit.h */
};

/* Starts a test. 0 or -ENOMEM. */
int source_open(struct source *s, const struct source_plan *plan);
void source_close(struct source *s);

/* Prepares the datagrams that may leave now, back to back in s->buffer; returns how many.
 * Nothing counts as sent before source_sent says so. */
unsigned source_fill(struct source *s, uint64_t now_ns);

/* The first `count` of the staged datagrams have left; the others haven't and lose their numbers.
 */
void source_sent(struct source *s, unsigned count, uint64_t now_ns);

/* When it is time to send again, or the end of the test. */
uint64_t source_due_ns(const struct source *s);

/* The test's time is up, or its lease has run out. */
bool source_finished(const struct source *s, uint64_t now_ns);

/* This host's limit for the test has changed; 0: none. */
void source_set_share(struct source *s, uint64_t share_bps, uint64_t now_ns);

/* What the search has found; bps 0: there was none. */
struct path_capacity source_capacity(const struct source *s);

/* The shaper or policer that the reports show. */
struct bucket_result source_bucket(const struct source *s);

struct source_feedback {
	uint64_t sequence; /* the report's channel sequence */
	const struct feedback *feedback;
	uint64_t round_trip_ns; /* a generous estimate for this port */
	uint64_t last_trip_ns;  /* the latest that was measured; 0: none */
};

/* Takes a report. REJECT_SEQUENCE when it is older than one seen already, or claims to have data
 * that was never sent. A wrong receipt is not refused, but proves nothing. */
enum wire_reject source_report(struct source *s, const struct source_feedback *f, uint64_t now_ns);

#endif
