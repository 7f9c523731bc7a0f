/* The two directions of a client port's round trips, apart: the estimator of the clocks (owd.h), and what its
 * samples come to. Belongs to one port. */
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

/* Takes an exchange of four times. */
void owd_sample(struct owd *o, const struct clock_fit_exchange *x, bool is_loaded);

/* `out` is all zero, or what this has made of the same `o` before. */
void owd_sum_up(struct owd *o, uint64_t now_ns, struct owd_summary *out);

#endif
