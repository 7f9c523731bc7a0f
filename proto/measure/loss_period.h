/* Finds "every Nth packet is lost" among the places where bursts of losses begin.
 *
 * Blocks of LOSS_PERIOD_BLOCK begins are searched: the distances of a few of them to the begins just
 * before are tried on the whole block. From then on each new begin is checked for another one a period
 * earlier. Random losses have begins at any distance, as often at N as next to it; so the average of what the
 * distances N + 1..N + LOSS_PERIOD_BESIDE find is subtracted, and a distance is a period only where much
 * remains.
 *
 * A period is found once it has occurred seven times, if one begin in ten belongs to it and fewer than
 * LOSS_PERIOD_BACK others lie within one period. Not thread-safe: belongs to one sink. */
#ifndef PROTO_MEASURE_LOSS_PERIOD_H
#define PROTO_MEASURE_LOSS_PERIOD_H

#include <stdint.h>

#include "proto/measure/span.h"

enum {
	LOSS_PERIOD_BLOCK = 128,
	LOSS_PERIOD_BACK = 24,
	LOSS_PERIOD_BESIDE = 8,
	LOSS_PERIOD_ANCHORS = 8, /* begins of a block whose distances are tried */
	LOSS_PERIOD_MAX = 1000000,
};

/* How many begins had another one a distance before, and at those beside it. */
struct loss_distance {
	uint64_t packets; /* the distance */
	uint64_t asked, hits, beside;
};

/* All zero: no losses so far. */
struct loss_period {
	uint64_t begins, search_at; /* a block is searched when this many have been seen */
	unsigned n;                 /* of the block */
	uint64_t block[LOSS_PERIOD_BLOCK];
	struct loss_distance best;
};

/* A burst of losses begins at `begin`, above all before it; `missing` is the set that it is in. */
void loss_period_add(struct loss_period *p, const struct span_set *missing, uint64_t begin);

/* The period in packets and which share of the bursts follows it; 0 when there is none. */
uint64_t loss_period_result(const struct loss_period *p, double *share);

#endif
