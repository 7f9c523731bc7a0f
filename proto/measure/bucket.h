/* Tells a shaper or a policer from the start of a test, with its rate and the size of its bucket.
 *
 * A token bucket of rate r and b bytes lets b more bytes through than r allows. Then a shaper makes packets
 * wait, and a policer drops them (RFC 2697, RFC 2698: rate and burst). So the amount delivered by time t
 * exceeds r * t by at most b (the arrival curve: Cruz, IEEE Trans. Inf. Theory 37, 1991), and delivery has a
 * knee:
 *
 *    delivered - r * t           knee
 *      |                      /-----------    busy from here on: a queue, or loss
 *      |\                    /     b
 *      |  \_________________/.............
 *      |       slower than r: the bucket is full
 *
 * A rate that drops once and for good in the middle of saturation is the sign that Kanuparthy and
 * Dovrolis look for ("ShaperProbe", IMC 2011). Here the slow start shows it too, and loss or queueing
 * tells a policer from a shaper.
 *
 * A path where other traffic starts taking a share looks much the same. Therefore the knee must come in the
 * first third of the test, and the rest must conform to the bucket. If there was already a queue before the
 * knee, or the bucket is large, more proof is needed: either short idle times after the knee have refilled
 * the bucket (on a plain link, idle time is lost), or the rate is steadier than other traffic would leave
 * it.
 *
 * A bucket that holds less than 1.25 to 1.5 ms of the rate plus a burst is not found.
 *
 * Bytes and rates include `overhead_bytes` for each packet in addition to the UDP payload. Linux's tbf counts
 * the link's header too: 14 bytes more for Ethernet. By the receiver's clock. Not thread-safe: belongs to one
 * source. No errors: reports that make no sense are left out. */
#ifndef PROTO_MEASURE_BUCKET_H
#define PROTO_MEASURE_BUCKET_H

#include <stdint.h>

#include "proto/measure/path_samples.h"
#include "proto/record/test.h"

enum {
	BUCKET_POINTS = 1024, /* enough for 24 hours */
	/* What a source sends at once: half of a pacer's burst, or a batch. */
	BUCKET_BURST_US = 500,
	BUCKET_BURST_PACKETS = 46,
};

/* Cumulative. */
struct bucket_point {
	uint64_t ns; /* since the first */
	double bytes;
	double sent, lost, host_lost; /* packets; lost on the way, and in the receiver's host */
	double queued_ns;             /* time of reports whose packets all have queued ... */
	double busy_ns, busy_bytes;   /* ... and that follow the one before without a gap */
	double late_ns;               /* not cumulative: the latest packet, after the report's fastest */
};

struct bucket {
	unsigned overhead_bytes; /* UDP and IP headers, set by the owner; all else 0 at first */
	struct path_samples path;
	double interval_ns; /* of reports */
	double origin_ns;   /* when nothing had arrived yet, by the points' clock: negative */
	struct bucket_point last;
	struct bucket_point point[BUCKET_POINTS]; /* every report at first, then fewer and fewer */
	unsigned points;
};

/* A report has come in. */
void bucket_add(struct bucket *b, const struct path_sample *s);

/* What the reports so far show; all zero for NONE. `rate_bps` is what a search has found (capacity_result),
 * 0 without a search. It is used where the second half had no queue; otherwise the queue gives the rate. */
struct bucket_result bucket_find(const struct bucket *b, uint64_t rate_bps);

#endif
