/* The two directions of a client port's round trips, each by itself: the fit of the clocks (clock_fit.h), and
 * the statistics of its samples. Belongs to one port. */
#ifndef PROTO_MEASURE_OWD_H
#define PROTO_MEASURE_OWD_H

#include "proto/measure/clock_fit.h"
#include "proto/measure/histogram.h"
#include "proto/record/snapshot.h"

struct owd {
	struct clock_fit fit;
	struct histogram idle[TEST_DIRECTIONS], loaded[TEST_DIRECTIONS], all[TEST_DIRECTIONS]; /* delays */
	struct histogram queue[TEST_DIRECTIONS]; /* under load */
};

/* Takes an exchange: four timestamps. */
void owd_sample(struct owd *o, const struct clock_fit_exchange *x, bool is_loaded);

/* `out` is all zero, or the result of an earlier call for the same `o`. */
void owd_sum_up(struct owd *o, uint64_t now_ns, struct owd_summary *out);

#endif
