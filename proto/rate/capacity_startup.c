/* STARTUP: multiplies what is delivered, report by report, until the bottleneck is found. */
#include "proto/rate/capacity_private.h"
#include "proto/sys/clock.h"

#include <math.h>

/* STARTUP: growth per report, below GAIN_SLOW_BPS, above it, and once a level is known. */
static const double GAIN_SLOW = 2, GAIN_SLOW_BPS = 5e7, GAIN_START = 1.4, GAIN_AGAIN = 1.25;
/* STARTUP: if less than this share of what was sent and not lost is delivered, growth stops; and, given a
 * queue, the bottleneck has been found. */
static const double DOUBT_SHARE = 0.93, FULL_SHARE = 0.6;
/* STARTUP: goes on while delivery grows by this factor. */
static const double PROGRESS = 1.1;
/* A queue of this many targets ends it. */
static const double FULL_TARGETS = 1.5;
/* Rates are measured over so many times the noise. */
static const double NOISE_STARTUP = 3;

enum {
	PLATEAU_MS = 60, /* without growth */
	LEAST_PACKETS = 3,
};

void capacity_enter_startup(struct capacity *c, uint64_t now_ns)
{
	c->state = CAPACITY_STARTUP;
	path_delay_rise(&c->delay, true);
	c->again = true;
	c->best_bps = 0;
	c->best_ns = now_ns;
	c->is_lossy = false;
}

static double step_loss(const struct path_span *step)
{
	return (double)step->lost / (double)step->sent;
}

/* How long the fastest packet has queued: of two reports, where one may be all noise. */
static double fastest_ns(const struct capacity *c)
{
	double now_ns = (double)path_delay_queue_ns(&c->delay, &c->path, 0);

	return capacity_noise_ns(c) > 0 ? fmin(now_ns, (double)path_delay_queue_ns(&c->delay, &c->path, 1))
					: now_ns;
}

/* A queue has begun to form: no reason to stop yet, but not to grow. */
static bool is_doubtful(const struct capacity *c, const struct path_span *span)
{
	double limit_ns = FULL_TARGETS * capacity_target_ns(c) + capacity_noise_ns(c);

	return (double)path_delay_last_queue_ns(&c->delay, &c->path) > limit_ns ||
	       span->deliver_bps < DOUBT_SHARE * span->send_bps * (1 - step_loss(span));
}

/* A report that covers the time before the queue formed, too, hides most of it. */
static bool has_filled_queue(const struct capacity *c, const struct path_span *span)
{
	double limit_ns = FULL_TARGETS * capacity_target_ns(c), queue_ns = fastest_ns(c);

	return queue_ns > limit_ns + capacity_noise_ns(c) ||
	       ((double)path_delay_last_queue_ns(&c->delay, &c->path) > limit_ns &&
		       span->deliver_bps < FULL_SHARE * span->send_bps * (1 - step_loss(span)));
}

static double growth(const struct capacity *c)
{
	if (c->again)
		return GAIN_AGAIN;
	return c->rate_bps < GAIN_SLOW_BPS ? GAIN_SLOW : GAIN_START;
}

/* STARTUP's view: the latest report, or as many as the noise makes necessary. */
static struct path_span recent(const struct capacity *c, const struct path_span *step)
{
	uint64_t least_ns = (uint64_t)(NOISE_STARTUP * capacity_noise_ns(c));
	struct path_span span;
	const struct path_point *from = path_samples_point(&c->path, path_samples_back(&c->path, least_ns));

	return path_samples_span(&c->path, from, &span) ? span : *step;
}

/* What queued meanwhile is noise as well as queue: which of them, a DRAIN tells. */
static void enter_hold_from_startup(struct capacity *c, uint64_t now_ns)
{
	capacity_enter_hold(c, c->level_bps, now_ns);
	if (capacity_noise_ns(c) > capacity_target_ns(c))
		c->drain_ns = now_ns;
}

void capacity_startup(struct capacity *c, const struct path_span *step, uint64_t now_ns)
{
	double grown;
	uint64_t patience_ns =
		clock_ms(PLATEAU_MS) + 2 * c->round_trip_ns + 2 * (uint64_t)capacity_noise_ns(c);
	struct path_span span = recent(c, step);

	c->level_bps = capacity_carried(c, span.deliver_bps);
	if (has_filled_queue(c, &span)) {
		enter_hold_from_startup(c, now_ns);
		return;
	}
	if (step->sent < LEAST_PACKETS)
		return;
	if (span.deliver_bps > PROGRESS * c->best_bps) {
		c->best_bps = span.deliver_bps;
		c->best_ns = now_ns;
	} else if (now_ns - c->best_ns > patience_ns) {
		capacity_enter_hold(c, capacity_carried(c, c->best_bps), now_ns);
		return;
	}
	grown = growth(c) * capacity_carried(c, fmin(span.deliver_bps, span.send_bps));
	if (!is_doubtful(c, &span))
		c->rate_bps = fmax(c->rate_bps, fmin(grown, 2 * c->rate_bps));
	else if (loss_detect_is_gross(&c->loss))
		c->rate_bps = fmin(c->rate_bps, c->level_bps);
}
