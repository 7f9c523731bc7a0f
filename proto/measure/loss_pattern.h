/* How packets were lost: in bursts, at a regular period, in outages; and how far late packets were overtaken.
 * Packets are identified by channel sequence, one number per transmission.
 *
 * A packet that arrives in order needs no call. Holes and late packets are reported as they occur; bursts and
 * period are read from the set of missing numbers once late packets are no longer expected, at most `runs` of
 * them per call. Whatever the set forgot before it was read counts as unread.
 *
 * Not thread-safe: belongs to one sink. Nothing is allocated. Times in ns. */
#ifndef PROTO_MEASURE_LOSS_PATTERN_H
#define PROTO_MEASURE_LOSS_PATTERN_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/measure/loss_period.h"
#include "proto/measure/span.h"
#include "proto/record/test.h"

enum {
	LOSS_OUTAGE_MS = 20,     /* longer than schedulers, radios and interrupts hold packets back */
	LOSS_OUTAGE_PACKETS = 2, /* a slow test loses one packet without the path being silent */
	LOSS_HOLES = 256,        /* latest holes whose opening is remembered */
};

struct loss_hole {
	struct span numbers;
	uint64_t packets, opened_ns;
};

struct loss_silence {
	struct span numbers;
	struct loss_outage outage;
};

/* All zero except start_ns: nothing has arrived. */
struct loss_track {
	uint64_t start_ns;
	struct loss_pattern pattern; /* its outages and means are filled in by the result */
	uint64_t cursor;             /* numbers below it have been read */
	double extent_sum;
	struct loss_period period;
	unsigned silences;
	struct loss_silence silence[LOSS_OUTAGES];
	uint64_t holes;
	struct loss_hole hole[LOSS_HOLES]; /* ring, by ascending numbers */
};

/* A packet that is not the next one. */
struct loss_arrival {
	uint64_t number, next;    /* its own; one above the highest before it */
	uint64_t packets;         /* that had arrived before it, duplicates not counted */
	uint64_t last_ns, now_ns; /* when the one before it arrived, and this */
};

/* number > next: next..number - 1 have not arrived. */
void loss_pattern_hole(struct loss_track *w, const struct loss_arrival *a);

/* number < next: it was missing and has now arrived. Not for duplicates. */
void loss_pattern_late(struct loss_track *w, const struct loss_arrival *a);

/* Reads at most `runs` runs of losses below `settled`, below which no more late packets are expected.
 * True when nothing is left to read. */
bool loss_pattern_read(struct loss_track *w, const struct span_set *missing, uint64_t settled, unsigned runs);

/* What is known so far. */
void loss_pattern_result(const struct loss_track *w, struct loss_pattern *out);

#endif
