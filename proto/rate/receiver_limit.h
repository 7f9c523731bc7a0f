/* Keeps a source without a rate limit to what the receiver's host can take. Two things slow it down: the
 * shortest wait of packets in the receiver's socket (as CoDel tells a standing queue: RFC 8289), and drops
 * there; nothing else does. This is flow control, not congestion control: what the path loses is what such a
 * test is meant to show.
 *
 * Where the socket's buffer is large enough for a wait to be seen, the rate grows until packets wait, and
 * then stays at what the host was seen to take: what a window does for TCP (RFC 9293, 3.8.6).
 *
 * Where the buffer is too small for that, drops decide: the rate falls to a little below what was delivered,
 * then grows quickly up to where the receiver was last overrun, and slowly beyond (the idea is CUBIC's:
 * RFC 9438). Not thread-safe: belongs to one source. */
#ifndef PROTO_RATE_RECEIVER_LIMIT_H
#define PROTO_RATE_RECEIVER_LIMIT_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/measure/path_samples.h"

struct receiver_limit {
	struct path_samples path;
	uint64_t host_drops; /* the rate has already reacted to these */
	uint64_t held_until_ns;
	double rate_bps;          /* 0: no limit yet */
	double edge_bps;          /* where it last overran */
	bool is_ramping;          /* no drop and no wait yet */
	double level_bps;         /* what the host is thought to take */
	double growth;            /* of the level, at a report in which no packet had waited */
	unsigned waits, clear;    /* reports in a row in which packets had waited, or had not */
	uint64_t deep_until_ns;   /* until then the buffer counts as deep */
	uint64_t drain_ns;        /* when the last drain began */
	uint64_t clock_ns, bytes; /* of the last report */
};

/* All zero: no limit until the first drop. With this, the rate begins low and doubles with every other report
 * until then, so that the first drops are few. */
void receiver_limit_ramp(struct receiver_limit *o);

void receiver_limit_report(struct receiver_limit *o, const struct path_sample *s, uint64_t now_ns);

/* UDP payload, bits a second; 0: no limit. */
uint64_t receiver_limit_rate_bps(const struct receiver_limit *o);

#endif
