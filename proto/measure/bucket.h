/* Tells a shaper or a policer from the start of a test, with its rate and the size of its bucket.
 *
 * A token bucket of rate r and b bytes lets b more bytes through than r allows. Then a shaper makes packets
 * wait, and a policer drops them (RFC 2697, RFC 2698: rate and burst). So what was delivered until t is at
 * most b above r * t (the arrival curve: Cruz, IEEE Trans. Inf. Theory 37, 1991), and delivery has a knee:
 *
 *    delivered - r * t           knee
 *      |                      /-----------    busy from here on: a queue, or loss
 *      |\                    /     b
 *      |  \_________________/.............
 *      |       slower than r: the bucket is full
 *
 * That the rate falls in the middle of saturation, once and for good, is the sign that Kanuparthy and
 * Dovrolis look for ("ShaperProbe", IMC 2011). Here the slow start shows it too, and what is lost or queues
 * tells a shaper from a policer.
 *
 * A path of which other traffic takes a part from some time on looks much the same. Therefore the knee must
 * come in the first third of the test, and the rest must conform to the bucket. If there was a queue before
 * the knee already, or the bucket is large, more proof is needed: that short idle times behind the knee have
 * filled the bucket again (what a link is idle for is lost), or a rate as steady as no other traffic leaves
 * it.
 *
 * A bucket of less than 1.25 to 1.5 ms of the rate, and a burst on top, isn't found.
 *
 * Bytes and rates count `overhead_bytes` for each packet besides the UDP payload. Linux's tbf counts the
 * link's header too: 14 bytes more for Ethernet. By the receiver's clock. Not thread-safe: belongs to
 * one source. No errors: reports that make no sense are left out. */
#ifndef PROTO_MEASURE_BUCKET_H
#define PROTO_MEASURE_BUCKET_H

#include <stdint.h>

#include "proto/measure/path_samples.h"

enum {
	BUCKET_POINTS = 512, /* for 24 hours */
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
};

struct bucket {
	unsigned overhead_bytes; /* UDP and IP headers, set by the owner; all else 0 at first */
	struct path_samples path;
	double interval_ns; /* of reports */
	double origin_ns;   /* when nothing had arrived yet, by the points' clock: negative */
	struct bucket_point last;
	struct bucket_point point[BUCKET_POINTS]; /* all reports at first, later ever fewer */
	unsigned points;
};

enum bucket_kind { BUCKET_NONE, BUCKET_SHAPER, BUCKET_POLICER };

struct bucket_result {
	enum bucket_kind kind;
	uint64_t rate_bps, bytes;
};

/* A report has come in. */
void bucket_add(struct bucket *b, const struct path_sample *s);

/* What the reports until now say; all zero for NONE. `rate_bps` is what a search has found (capacity_result),
 * 0 if there was none. It counts where there was no queue in the second half; else that tells the rate. */
struct bucket_result bucket_find(const struct bucket *b, uint64_t rate_bps);

#endif
