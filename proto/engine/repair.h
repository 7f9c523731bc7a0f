/* What a bandwidth sender has to send again: pieces of data that reports show to be lost, and those that are
 * on their way once more. No clock, no socket. Not thread-safe: belongs to one source.
 *
 * A report lists the data sequences that had not arrived when it was made; most of them are merely under way.
 * A piece counts as lost when a report shows it missing and one report earlier a packet that left after it
 * had arrived already: the network had a whole report interval to put things right. An extended peer says how
 * far it has got in transmissions. A classic one does not: there a retransmission is judged by new data first
 * sent after it, or, when reports are so full of holes that they never show such data, by a time longer than
 * a round trip and two reports. The idea is RACK's (RFC 8985), in sequences instead of times. */
#ifndef PROTO_ENGINE_REPAIR_H
#define PROTO_ENGINE_REPAIR_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/measure/span.h"
#include "proto/wire/feedback.h"

enum {
	REPAIR_WINDOW = 1 << 25, /* data sequences that a loss may lie back and still be repaired */
	REPAIR_RUNS = 4096,      /* runs of retransmissions that may be under way */
};

/* A run of data sequences that was sent again. */
struct repair_run {
	struct span span;
	uint64_t channel;   /* sequence of its last transmission */
	uint64_t next_data; /* new data from here on left after it */
	uint64_t sent_ns;
};

struct repair {
	struct span_set lost;      /* to be sent again */
	struct span_set under_way; /* sent again, not judged yet */
	struct repair_run *run;    /* ring, oldest first */
	unsigned first, runs;
	uint64_t packets;       /* retransmissions, in all */
	uint64_t heard_data;    /* data below this left before a packet that is known to have arrived */
	uint64_t heard_channel; /* the same for channel sequences: extended peers say it */
	uint64_t report_ns;     /* the latest report */
};

/* Nothing is lost yet. 0 or -ENOMEM. */
int repair_init(struct repair *r);
void repair_free(struct repair *r);

/* Writes up to `count` lost pieces to `data`, the lowest first; returns how many. They stay lost until
 * repair_sent says otherwise. */
unsigned repair_choose(const struct repair *r, uint64_t *data, unsigned count);

/* A piece has left again, as transmission `channel`; new data from `next_data` on has not left yet. */
void repair_sent(struct repair *r, uint64_t data, uint64_t channel, uint64_t next_data, uint64_t now_ns);

/* Takes a report, which shows nothing that was not sent and at least one span; returns how many pieces it
 * newly shows as lost. `round_trip_ns`: a generous estimate. */
uint64_t repair_report(struct repair *r, const struct feedback *f, uint64_t round_trip_ns, uint64_t now_ns);

/* One above the highest data sequence that the spans, at least one, show as arrived. */
uint64_t repair_shown(const struct wire_spans *spans);

#endif
