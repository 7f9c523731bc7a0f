/* Source and sink joined in virtual time by two links, which lose, double and reorder by chance,
 * from a seed. Beside them a plain array keeps what really arrived. */
#ifndef TESTS_SUPPORT_TRANSFER_H
#define TESTS_SUPPORT_TRANSFER_H

#include "proto/engine/sink.h"
#include "proto/engine/source.h"
#include "proto/sys/clock.h"
#include "tests/support/link.h"
#include "tests/support/test.h"

#define WAY(drop, duplicate, delay, jitter)              \
	{                                                \
		drop, duplicate, (delay)*MS, (jitter)*MS \
	}
#define PLAN(rate, seconds, interval)                                                    \
	.rate_bps = (rate)*UINT64_C(1000), .duration_ns = (seconds)*UINT64_C(1000) * MS, \
	.interval_ns = (interval)*MS

enum { CHANNEL = 4711, DATAGRAM = 250, SEGMENTS = 16, PIECES = 1 << 18, KBIT = 1000, OVERHEAD = 28 };

struct transfer_plan {
	struct link_impair up, down;
	uint64_t rate_bps, duration_ns, interval_ns;
	uint64_t late_ns; /* the sink is stepped up to this much after it is due */
	uint64_t seed;
	bool extended, waits; /* `waits`: the source begins with the first report */
	uint64_t lease_ns;
	bool search;
	uint32_t until_ppm;
	uint64_t bottleneck_bps; /* of UDP payload, on the way up, behind 50 ms of queue; 0: none */
};

struct transfer {
	struct transfer_plan plan;
	struct source source;
	struct sink sink;
	struct link *up, *down;
	uint64_t now_ns, sink_late_ns, random;
	uint64_t queue_ends_ns; /* the bottleneck is busy until then */
	uint64_t report_sequence, reports_refused, truncated;
	struct feedback last_report;
	uint64_t first_hole; /* in the last report that spoke of all data */
	uint8_t arrived[PIECES];
};

struct transfer *transfer_new(const struct transfer_plan *plan);
void transfer_free(struct transfer *t);

/* Lets time go by until `end_ns`. What is due at `end_ns` itself is left for the next call. */
void run_until(struct transfer *t, uint64_t end_ns);

uint64_t end_ns(const struct transfer *t);

/* Until nothing is under way any more. */
void run_out(struct transfer *t);

/* What must hold after run_out, whatever the path did. */
void check_counts(const struct transfer *t);

#endif
