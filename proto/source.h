/* Bandwidth sender: new data and retransmissions -> packets, at the pacer's rate. No clock, no socket.
 * Not thread-safe: it belongs to the port that sends.
 *
 * What is sent again. A report lists the data sequences that had not arrived when it was made; most of
 * them are merely under way. A piece counts as lost when a report shows it missing and one report
 * earlier a piece that left after it had arrived already: the network had a whole report interval
 * to put things right. For a retransmission "left after it" means new data first sent after it,
 * or, when reports are so full of holes that they never show such data, a time longer than the
 * way there and back and two reports. The idea is RACK's (RFC 8985), in sequences instead of times. */
#ifndef PROTO_SOURCE_H
#define PROTO_SOURCE_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/mailbox.h"
#include "proto/pacer.h"
#include "proto/snapshot.h"
#include "proto/span.h"
#include "proto/udp.h"
#include "proto/wire.h"

enum {
	SOURCE_WINDOW = 1 << 25, /* data sequences that a loss may lie back and still be repaired */
	SOURCE_REPAIRS = 4096,   /* runs of retransmissions that may be under way */
};

/* A run of data sequences that was sent again. */
struct repair {
	struct span span;
	uint64_t next_data; /* new data from here on left after it */
	uint64_t sent_ns;
};

struct source {
	bool active;
	struct test_order order;
	struct pacer pacer;
	uint64_t next_channel; /* sequence of the next transmission */
	uint64_t next_data;    /* next new piece of data */
	struct span_set lost;       /* to be sent again */
	struct span_set under_way;  /* sent again, not judged yet */
	struct repair *repair;      /* ring, oldest first */
	unsigned first_repair, repairs;
	uint64_t heard_data;   /* one above the highest data sequence known to have arrived */
	uint64_t next_report;  /* reports below this sequence came too late to say anything */
	uint64_t report_ns, report_interval_ns;
	uint8_t *buffer;       /* datagrams one behind the other, payload filled in once */
	unsigned room;         /* datagrams that fit */
	unsigned staged;       /* datagrams that source_fill has prepared ... */
	uint64_t staged_data[UDP_SEGMENTS_MAX]; /* ... and the piece of data that each carries */
	struct source_counters count;
};

/* Starts a test whose clock runs from order->start_ns. `segments`: datagrams that leave in one call
 * of the system. 0 or -ENOMEM. */
int source_open(struct source *s, const struct test_order *order, unsigned segments);
void source_close(struct source *s);

/* Prepares the datagrams that may leave now, one behind the other in s->buffer; returns how many.
 * Nothing counts as sent before source_sent says so. */
unsigned source_fill(struct source *s, uint64_t now_ns);

/* The first `count` of the staged datagrams have left; the others haven't and lose their numbers. */
void source_sent(struct source *s, unsigned count, uint64_t now_ns);

/* When it is time to send again, or the end of the test. */
uint64_t source_due_ns(const struct source *s);

/* The test's time is up. */
bool source_finished(const struct source *s, uint64_t now_ns);

struct source_feedback {
	uint64_t sequence; /* the report's channel sequence */
	const struct wire_spans *spans;
	uint64_t round_trip_ns; /* a generous estimate for this port */
};

/* Takes a report. REJECT_SEQUENCE when it is older than one seen already, or claims to have data that
 * was never sent. */
enum wire_reject source_report(struct source *s, const struct source_feedback *f, uint64_t now_ns);

#endif
