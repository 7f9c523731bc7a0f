/* What came of a search in virtual time: what it found, and what it did to the path. */
#ifndef TESTS_SUPPORT_CAPACITY_OUTCOME_H
#define TESTS_SUPPORT_CAPACITY_OUTCOME_H

#include "tests/support/capacity_link.h"

/* What came of it, for one flow. */
struct scene_outcome {
	double estimate_bps, percent;
	enum capacity_limit limit;
	double reached_s; /* when 95 % were first delivered */
	double loss;      /* of what was sent, that by chance left out */
	double queue_ms;  /* median */
	double mean_bps;  /* delivered in the last three quarters of the time */
	double ended_s;
};

/* When, from `from_s` on, two bins in a row first carried 95 % of `bps`; 1000 s: never. */
double flow_reached_s(const struct scene_flow *f, double bps, double from_s);

/* Delivered on the average between two times of the flow's own, in IP bits a second. */
double flow_mean_bps(const struct scene_flow *f, double from_s, double to_s);

struct scene_outcome flow_outcome(struct scene_flow *f, double truth_bps, uint64_t end_ns);

#endif
