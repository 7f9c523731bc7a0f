#include "proto/overrun.h"

#include <math.h>

#include "proto/clock.h"

/* Without a limit that is known: where the rate begins, grows by with a report, and ends if nothing stops it.
 */
static const double ramp_bps = 2e9, ramp = 1.4, most_bps = 4e11;
static const double least_bps = 1e5; /* whatever reports say */

/* Where packets are seen to wait. A report without a wait raises the level by a part that grows itself; */
static const double growth_least = 0.01, growth_most = 0.08, growth_growth = 1.4;
static const double used = 0.9;       /* if less of the rate was sent, more would not be; */
static const double level_step = 0.1; /* a report of a busy host says what it takes. */
/* The rate is the level, less this for each target that packets waited for too long; or so much of it, to
 * empty a wait of more than so many targets, for so many times the wait. */
static const double gain = 0.03, gain_floor = 0.6;
static const double drain = 0.3, drain_wait = 2, drain_waits = 3;

/* Where only drops are seen. */
static const double decrease = 0.97; /* of what was delivered while it overran, ... */
static const double least = 0.92;    /* ... but a host that was held up for a moment is no slower for it */
static const double growth = 0.01;   /* a report, up to where it overran last */
static const double slow_growth = 0.001; /* ... and beyond: room is rare there */

enum {
	WAIT_SEEN_US = 200, /* longer than a host needs to wake up */
	TARGET_US = 500,
	BUSY_WAITS = 2, /* so many reports in a row: the buffer is deep, ... */
	DEEP_MS = 5000, /* ... and counts as that for so long */
	DRAIN_MOST_MS = 50,
	DRAIN_EVERY_MS = 150,
	HOLD_MS = 30, /* a decrease shows in the reports after that */
};

static uint64_t ms(uint64_t n)
{
	return n * NS_PER_MS;
}

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
	if (o->is_ramping)
		o->rate_bps *= o->rate_bps < most_bps ? ramp : 1;
	else
		o->rate_bps *= 1 + (o->rate_bps < o->edge_bps * decrease ? growth : slow_growth);
}

/* What was delivered, in terms of what was sent: what the path loses never reaches the host. */
static double taken_bps(const struct capacity_span *span)
{
	uint64_t path_lost = span->lost > span->host_lost ? span->lost - span->host_lost : 0;

	return span->deliver_bps / (1 - (double)path_lost / (double)span->sent);
}

/* Whether the receiver's buffer is deep enough for waits to say how busy it is. */
static bool is_deep(struct overrun *o, const struct capacity_span *span, uint64_t waited_ns, uint64_t now_ns)
{
	o->waits = waited_ns >= (uint64_t)WAIT_SEEN_US * NS_PER_US ? o->waits + 1 : 0;
	if (o->waits >= BUSY_WAITS) {
		if (now_ns >= o->deep_until_ns)
			o->level_bps = taken_bps(span);
		o->deep_until_ns = now_ns + ms(DEEP_MS);
	}
	return now_ns < o->deep_until_ns;
}

/* A report or two with a wait may come from a host that was held up for a moment; more in a row come from one
 * that is busy. */
static void learn_level(struct overrun *o, const struct capacity_span *span)
{
	if (o->waits > BUSY_WAITS)
		o->level_bps += level_step * (taken_bps(span) - o->level_bps);
	if (o->waits > 0) {
		o->growth = growth_least;
		return;
	}
	if (span->send_bps > used * o->rate_bps)
		o->level_bps *= 1 + o->growth;
	o->growth = fmin(o->growth * growth_growth, growth_most);
}

/* What has waited for long is cold in the caches, and a host that reads cold memory takes less than the same
 * host without a queue. So a long queue doesn't go by itself: it is emptied, for a while, now and then. */
static void follow_wait(struct overrun *o, uint64_t waited_ns, uint64_t now_ns)
{
	double wait = (double)waited_ns / (TARGET_US * (double)NS_PER_US);

	if (wait > drain_wait && now_ns >= o->next_drain_ns) {
		o->drain_ends_ns =
			now_ns + (uint64_t)fmin(drain_waits * (double)waited_ns, (double)ms(DRAIN_MOST_MS));
		o->next_drain_ns = now_ns + ms(DRAIN_EVERY_MS);
	}
	if (wait > drain_wait && now_ns < o->drain_ends_ns)
		o->rate_bps = o->level_bps * drain;
	else
		o->rate_bps = o->level_bps * fmax(1 + gain * (1 - wait), gain_floor);
	o->edge_bps = o->level_bps;
}

static void follow_drops(struct overrun *o, const struct capacity_span *span, uint64_t now_ns)
{
	if (now_ns < o->held_until_ns)
		return;
	o->held_until_ns = now_ns + ms(HOLD_MS);
	o->edge_bps = o->rate_bps > 0 && o->rate_bps < span->send_bps ? o->rate_bps : span->send_bps;
	o->rate_bps = fmax(span->deliver_bps * decrease, o->edge_bps * least);
	if (o->rate_bps > o->edge_bps)
		o->rate_bps = o->edge_bps * decrease;
}

void overrun_report(struct overrun *o, const struct capacity_sample *s, uint64_t now_ns)
{
	struct capacity_span span;
	bool has_dropped = s->host_drops > o->host_drops;

	if (!capacity_path_add(&o->path, s, now_ns))
		return;
	o->host_drops = s->host_drops;
	o->is_ramping = o->is_ramping && !has_dropped;
	if (!capacity_path_span(&o->path, capacity_path_point(&o->path, capacity_path_back(&o->path)), &span))
		return;
	if (is_deep(o, &span, s->waited_ns, now_ns)) {
		o->is_ramping = false;
		learn_level(o, &span);
		follow_wait(o, s->waited_ns, now_ns);
	} else if (has_dropped) {
		follow_drops(o, &span, now_ns);
	} else {
		grow(o);
	}
	if (o->rate_bps > 0)
		o->rate_bps = fmax(o->rate_bps, least_bps);
}
