#include "proto/overrun.h"

#include "proto/clock.h"

enum { OVERRUN_HOLD_MS = 30 }; /* a decrease shows in the reports after that */

static const double decrease = 0.97; /* of what was delivered while it overran, ... */
static const double least = 0.92;    /* ... but a host that was held up for a moment is no slower for it */
static const double growth = 0.01;   /* a report, up to where it overran last */
static const double slow_growth = 0.001; /* ... and beyond: room is rare there */

static const double ramp_bps = 2e9;  /* where a ramp begins, ... */
static const double ramp = 1.4;      /* ... grows by with a report ... */
static const double most_bps = 4e11; /* ... and ends, if nothing is ever dropped */

uint64_t overrun_rate_bps(const struct overrun *o)
{
	return (uint64_t)o->rate_bps;
}

void overrun_ramp(struct overrun *o)
{
	o->is_ramping = true;
	o->rate_bps = ramp_bps;
}

static void grow(struct overrun *o)
{
	if (o->is_ramping) {
		o->rate_bps *= o->rate_bps < most_bps ? ramp : 1;
		return;
	}
	o->rate_bps *= 1 + (o->rate_bps < o->edge_bps * decrease ? growth : slow_growth);
}

void overrun_report(struct overrun *o, const struct capacity_sample *s, uint64_t now_ns)
{
	struct capacity_span span;
	double rate;

	if (!capacity_path_add(&o->path, s, now_ns))
		return;
	if (s->host_drops <= o->host_drops) {
		grow(o);
		return;
	}
	o->host_drops = s->host_drops;
	o->is_ramping = false;
	if (now_ns < o->held_until_ns ||
		!capacity_path_span(
			&o->path, capacity_path_point(&o->path, capacity_path_back(&o->path)), &span))
		return;
	o->held_until_ns = now_ns + (uint64_t)OVERRUN_HOLD_MS * NS_PER_MS;
	o->edge_bps = o->rate_bps > 0 && o->rate_bps < span.send_bps ? o->rate_bps : span.send_bps;
	rate = span.deliver_bps * decrease;
	o->rate_bps = rate > o->edge_bps * least ? rate : o->edge_bps * least;
	if (o->rate_bps > o->edge_bps)
		o->rate_bps = o->edge_bps * decrease;
}
