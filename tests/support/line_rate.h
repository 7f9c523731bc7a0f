/* The rate of an emulated link over time: constant, stepped, a sine, a random walk, or a recorded trace, made
 * of pieces of constant rate. Only goes forward. Takes times, knows no clock; all chance comes from a seed.
 */
#ifndef TESTS_SUPPORT_LINE_RATE_H
#define TESTS_SUPPORT_LINE_RATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct line_rate_row {
	double from_ms, bps;
};

/* Bits a second at the IP layer. Rows replace `bps`; sine and walk multiply it. */
struct line_rate_plan {
	double bps; /* 0 without rows: no limit */
	struct line_rate_row *row;
	size_t rows;
	bool repeats;               /* from the last row's time on; else the last row stays */
	double sine_share, sine_ms; /* the rate is (1 +- share) of itself in each period */
	double walk_low, walk_high; /* bounds of the walk's factor, 0 < low <= high */
	double walk_ms;             /* in which it goes about from one bound to the other; 0: no walk */
};

struct line_rate {
	const struct line_rate_plan *plan;
	uint64_t random, start_ns, at_ns, until_ns; /* where it stands, and the end of the piece there */
	double bps, walk;                           /* of the piece; logarithm of the walk's factor */
};

/* Steps as "0:50M,4000:20M": ms and rate. 0 or -EINVAL. The rows are the plan's until the program ends. */
int line_rate_parse_steps(struct line_rate_plan *plan, const char *text);

/* A recorded trace: a file with a line "ms rate" for each piece; the last line's time is the end, from where
 * the trace begins again. 0, or -errno. */
int line_rate_read_trace(struct line_rate_plan *plan, const char *path);

/* "1.5M", "64k", "1G" or plain bits a second. 0 or -EINVAL. */
int line_rate_parse(double *bps, const char *text);

bool line_rate_is_limited(const struct line_rate_plan *plan);

/* Mean of the plan without its chance: what a buffer in ms is reckoned with. */
double line_rate_nominal_bps(const struct line_rate_plan *plan);

void line_rate_start(struct line_rate *r, const struct line_rate_plan *plan, uint64_t seed, uint64_t now_ns);

/* Bits that the link can carry from where the rate stands until then; it stands there afterwards. */
double line_rate_offer(struct line_rate *r, uint64_t until_ns);

/* When so many bits have left that begin at from_ns, and the rate stands there; CLOCK_NEVER: the rate is 0
 * for ever. */
uint64_t line_rate_serve(struct line_rate *r, uint64_t from_ns, double bits);

#endif
