#include "proto/rate/receiver_limit.h"

#include <math.h>

#include "proto/sys/clock.h"

/* No limit is known yet: where the rate begins, its growth per report, where growth ends. */
static const double ramp_bps = 2e9, ramp = 1.4, most_bps = 4e11;
static const double least_bps = 1e5; /* whatever reports say */

/* Where waits can be seen. A report without a wait raises the level by a fraction that itself grows; */
static const double growth_least = 0.01, growth_most = 0.08, growth_growth = 1.4;
static const double used = 0.8;         /* if less of the rate was used, a higher one would not help; */
static const double level_least = 0.85; /* a busy host lowers it by no more than this at a time, */
static const double level_step = 0.1;   /* and one that stays busy, by a part of the difference. */
/* The rate is the level, less `gain` for each target that packets waited too long; or `drain` of the level,
 * to empty a queue that makes them wait for more than `drain_wait` targets. */
static const double gain = 0.03, gain_floor = 0.6;
static const double drain = 0.3, drain_wait = 2;

/* Where only drops can be seen. */
static const double decrease = 0.97;     /* of what was delivered during the overrun, ... */
static const double least = 0.92;        /* ... but a host held up for a moment is no slower for it */
static const double growth = 0.01;       /* per report, up to where it last overran */
static const double slow_growth = 0.001; /* ... and beyond: room is rare there */

enum {
	WAIT_SEEN_US = 200, /* longer than a host needs to wake up */
	TARGET_US = 500,
	BUSY_WAITS = 2,       /* reports in a row with one: the buffer is deep, ... */
	DEEP_MS = 5000,       /* ... and counts as deep for this long */
	CLEAR_REPORTS = 6,    /* without a wait: the next one is news */
	LONG_WAITS = 10,      /* in a row: it stays busy */
	DRAIN_MOST_MS = 50,   /* a drain's, ... */
	DRAIN_EVERY_MS = 150, /* ... and until the next may begin */
	HOLD_MS = 30,         /* a decrease takes this long to show in reports */
};

uint64_t receiver_limit_rate_bps(const struct receiver_limit *o)
{
	return (uint64_t)o->rate_bps;
}

void receiver_limit_ramp(struct receiver_limit *o)
{
	o->is_ramping = true;
	o->rate_bps = ramp_bps;
}

static void grow(struct receiver_limit *o)
{
	if (o->is_ramping)
		o->rate_bps *= o->rate_bps < most_bps ? ramp : 1;
	else
		o->rate_bps *= 1 + (o->rate_bps < o->edge_bps * decrease ? growth : slow_growth);
}

/* What the host has read since the previous report, scaled to what was sent: what the path loses never
 * reaches the host. While packets wait, this is all it can do. */
static double taken_bps(
	const struct receiver_limit *o, const struct path_sample *s, const struct path_span *span)
{
	uint64_t path_lost = span->lost > span->host_lost ? span->lost - span->host_lost : 0;
	double ns = (double)(int64_t)(s->clock_ns - o->clock_ns);
	double bps = ns > 0 ? 8.0 * (double)(s->bytes - o->bytes) / ns * (double)NS_PER_S : 0;

	return bps / (1 - (double)path_lost / (double)span->sent);
}

/* Two consecutive reports with a wait: the receiver's buffer is deep enough for waits to show how busy the
 * host is. */
static void count_wait(struct receiver_limit *o, uint64_t waited_ns, double taken, uint64_t now_ns)
{
	o->waits = waited_ns >= clock_us(WAIT_SEEN_US) ? o->waits + 1 : 0;
	if (o->waits < BUSY_WAITS)
		return;
	if (now_ns >= o->deep_until_ns)
		o->level_bps = taken;
	o->deep_until_ns = now_ns + clock_ms(DEEP_MS);
}

/* A wait that soon follows another, or persists, means a busy host; a single one means a host that was held
 * up for a moment and is no slower for it. What a host achieves with a long queue says little (see below),
 * unless the queue persists. */
static void learn_level(struct receiver_limit *o, const struct path_span *span, double taken)
{
	bool is_busy = o->waits == 1 ? o->clear < CLEAR_REPORTS : o->waits == BUSY_WAITS + 1;

	if (is_busy) {
		o->level_bps = fmin(o->level_bps, fmax(taken, o->level_bps * level_least));
		o->growth = growth_least;
	} else if (o->waits > LONG_WAITS) {
		o->level_bps += level_step * (taken - o->level_bps);
	}
	o->clear = o->waits > 0 ? 0 : o->clear + 1;
	if (o->waits > 0)
		return;
	if (span->send_bps > used * o->rate_bps)
		o->level_bps *= 1 + o->growth;
	o->growth = fmin(fmax(o->growth, growth_least) * growth_growth, growth_most);
}

/* Packets that have waited for long are cold in the caches, and a host that reads cold memory takes less than
 * the same host without a queue. So a long queue doesn't go away by itself: it is drained, unless that takes
 * so long that something else must be keeping the host from reading. */
static void follow_wait(struct receiver_limit *o, uint64_t waited_ns, uint64_t now_ns)
{
	double wait = (double)waited_ns / (TARGET_US * (double)NS_PER_US);

	if (wait > drain_wait && now_ns >= o->drain_ns + clock_ms(DRAIN_EVERY_MS))
		o->drain_ns = now_ns;
	if (wait > drain_wait && now_ns < o->drain_ns + clock_ms(DRAIN_MOST_MS))
		o->rate_bps = o->level_bps * drain;
	else
		o->rate_bps = o->level_bps * fmax(1 + gain * (1 - wait), gain_floor);
	o->edge_bps = o->level_bps;
}

/* What the host has just taken it can take, though the span may reach back to when less was sent. */
static void follow_drops(
	struct receiver_limit *o, const struct path_span *span, double taken, uint64_t now_ns)
{
	if (now_ns < o->held_until_ns)
		return;
	o->held_until_ns = now_ns + clock_ms(HOLD_MS);
	o->edge_bps = o->rate_bps > 0 && o->rate_bps < span->send_bps ? o->rate_bps : span->send_bps;
	o->edge_bps = fmax(o->edge_bps, taken);
	o->rate_bps = fmax(fmax(span->deliver_bps, taken) * decrease, o->edge_bps * least);
	if (o->rate_bps > o->edge_bps)
		o->rate_bps = o->edge_bps * decrease;
}

void receiver_limit_report(struct receiver_limit *o, const struct path_sample *s, uint64_t now_ns)
{
	struct path_span span;
	bool has_dropped = s->host_drops > o->host_drops;
	double taken;

	if (!path_samples_add(&o->path, s, now_ns))
		return;
	o->host_drops = s->host_drops;
	o->is_ramping = o->is_ramping && !has_dropped;
	if (!path_samples_span(&o->path,
		    path_samples_point(&o->path, path_samples_back(&o->path, clock_ms(PATH_SPAN_MS))), &span))
		return;
	taken = taken_bps(o, s, &span);
	o->clock_ns = s->clock_ns;
	o->bytes = s->bytes;
	count_wait(o, s->waited_ns, taken, now_ns);
	if (now_ns < o->deep_until_ns) {
		o->is_ramping = false;
		learn_level(o, &span, taken);
		follow_wait(o, s->waited_ns, now_ns);
	} else if (has_dropped) {
		follow_drops(o, &span, taken, now_ns);
	} else {
		grow(o);
	}
	if (o->rate_bps > 0)
		o->rate_bps = fmax(o->rate_bps, least_bps);
}
