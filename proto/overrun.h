/* Keeps a source whose rate nobody limits to what the receiver's host takes: the receiver's own drops, which
 * its reports tell apart from the path's, slow it down; nothing else does. Flow control, not congestion
 * control: what the path loses is what such a test is to show.
 *
 * A decrease to a little below what was delivered; then growth that is quick up to where the receiver was
 * overrun last and slow beyond (the idea is CUBIC's: RFC 9438). Not
 * thread-safe: belongs to one source. */
#ifndef PROTO_OVERRUN_H
#define PROTO_OVERRUN_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/capacity_path.h"

struct overrun {
	struct capacity_path path;
	uint64_t host_drops; /* that the rate has answered to */
	uint64_t held_until_ns;
	double rate_bps; /* 0: no limit yet */
	double edge_bps; /* where it overran last */
	bool is_ramping; /* no drop yet */
};

/* All zero: no limit until the first drop. Or it begins slowly and doubles its rate with every other report
 * until then, so that the first drops are few. */
void overrun_ramp(struct overrun *o);

void overrun_report(struct overrun *o, const struct capacity_sample *s, uint64_t now_ns);

/* UDP payload, bits a second; 0: no limit. */
uint64_t overrun_rate_bps(const struct overrun *o);

#endif
