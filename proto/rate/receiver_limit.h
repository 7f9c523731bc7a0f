/* Keeps a source whose rate nobody limits to what the receiver's host takes: how long packets wait in the
 * receiver's socket at the least (as CoDel tells a standing queue: RFC 8289), and what that drops, slow it
 * down; nothing else does. Flow control, not congestion control: what the path loses is what such a test is
 * to show.
 *
 * Where the socket's buffer holds enough that a wait can be seen, the rate grows until packets wait, and
 * keeps to what the host was then seen to take: what a window does for TCP (RFC 9293, 3.8.6).
 *
 * Where the buffer is too small for that, drops decide: a decrease to a little below what was delivered; then
 * growth that is quick up to where the receiver was overrun last and slow beyond (the idea is CUBIC's:
 * RFC 9438). Not thread-safe: belongs to one source. */
#ifndef PROTO_RATE_RECEIVER_LIMIT_H
#define PROTO_RATE_RECEIVER_LIMIT_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/measure/path_samples.h"

struct receiver_limit {
	struct path_samples path;
	uint64_t host_drops; /* that the rate has answered to */
	uint64_t held_until_ns;
	double rate_bps;          /* 0: no limit yet */
	double edge_bps;          /* where it overran last */
	bool is_ramping;          /* no drop and no wait yet */
	double level_bps;         /* what the host is thought to take */
	double growth;            /* of that with a report in which none had waited */
	unsigned waits, clear;    /* reports in a row in which packets had waited, and had not */
	uint64_t deep_until_ns;   /* until then the buffer counts as deep */
	uint64_t drain_ns;        /* when the last drain began */
	uint64_t clock_ns, bytes; /* of the last report */
};

/* All zero: no limit until the first drop. Or it begins slowly and doubles its rate with every other report
 * until then, so that the first drops are few. */
void receiver_limit_ramp(struct receiver_limit *o);

void receiver_limit_report(struct receiver_limit *o, const struct path_sample *s, uint64_t now_ns);

/* UDP payload, bits a second; 0: no limit. */
uint64_t receiver_limit_rate_bps(const struct receiver_limit *o);

#endif
