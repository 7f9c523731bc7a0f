/* A log-linear histogram of durations in nanoseconds: HISTOGRAM_SUB buckets for each power of two,
 * so a percentile is wrong by less than 1 / HISTOGRAM_SUB of itself (the idea: HdrHistogram,
 * G. Tene). Fixed size, no allocation. Not thread-safe: it belongs to one port. */
#ifndef PROTO_MEASURE_HISTOGRAM_H
#define PROTO_MEASURE_HISTOGRAM_H

#include <stdint.h>

enum {
	HISTOGRAM_SUB_BITS = 6,
	HISTOGRAM_SUB = 1 << HISTOGRAM_SUB_BITS,
	HISTOGRAM_MAX_BITS = 40, /* values from 2^40 ns (18 minutes) on share the last bucket */
	HISTOGRAM_BUCKETS = (HISTOGRAM_MAX_BITS - HISTOGRAM_SUB_BITS + 1) * HISTOGRAM_SUB,
};

struct histogram {
	uint64_t n, sum_ns, min_ns, max_ns;
	uint32_t bucket[HISTOGRAM_BUCKETS];
};

/* An all-zero struct is an empty histogram. */
void histogram_add(struct histogram *h, uint64_t value_ns);

/* Adds all of `from` to `into`. */
void histogram_merge(struct histogram *into, const struct histogram *from);

/* The value below or at which `percent` (0..100) of all values lie (nearest rank), as the middle of
 * its bucket, never outside min..max. 0 when empty. */
uint64_t histogram_percentile(const struct histogram *h, double percent);

/* Arithmetic mean in ns, exact. 0 when empty. */
uint64_t histogram_mean(const struct histogram *h);

#endif
