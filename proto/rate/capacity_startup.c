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
/* What a pair of packets shows is too fast to begin with. */
static const double PAIR_SHARE = 0.5;
/* A queue of this many targets and of this many packets ends it. */
static const double FULL_TARGETS = 1.5, FULL_PACKETS = 3;
/* Rates are measured over so many times the noise. */
static const double NOISE_STARTUP = 3;

enum {
	START_PACKETS = 2,
	PROBE_MS = 30, /* more than what has arrived is sent for so long, and for so many packets, ... */
	PROBE_PACKETS = 4,
	PLATEAU_MS = 60,    /* without growth */
	JUDGED_PACKETS = 8, /* of fewer, all may be late */
	JUDGED_MS = 30,
	LEAST_PACKETS = 3,
	LEAST_MS = 50, /* over which fewer packets will do */
};

void capacity_enter_startup(struct capacity *c, uint64_t now_ns)
{
	c->state = CAPACITY_STARTUP;
	c->again = true;
	c->proven_bps = c->rate_bps;
	c->raised_ns = now_ns;
	c->best_bps = 0;
	c->best_ns = now_ns;
	c->is_lossy = false;
	capacity_forget_brief(c);
}

static double packet_ns(const struct capacity *c, double bps)
{
	return 8.0 * c->plan.datagram_bytes / fmax(bps, 1) * (double)NS_PER_S;
}

bool capacity_is_waiting(const struct capacity *c)
{
	return c->proven_bps == 0;
}

/* The first packets tell what is too fast to begin with, by how much farther apart they arrive than they have
 * left (a packet pair: Keshav 1991). */
static void begin(struct capacity *c, const struct path_sample *s, uint64_t now_ns)
{
	double left_ns = packet_ns(c, CAPACITY_START_BPS);
	double late_ns = (double)s->delay_last_ns - (double)s->delay_min_ns;
	struct path_span span;

	if (c->path.points > 1 && path_samples_span(&c->path, path_samples_point(&c->path, 1), &span))
		late_ns = packet_ns(c, span.deliver_bps) - packet_ns(c, span.send_bps);
	c->rate_bps = CAPACITY_START_BPS * left_ns / (left_ns + fmax(0, late_ns) / PAIR_SHARE);
	c->proven_bps = c->rate_bps;
	c->raised_ns = now_ns;
}

void capacity_startup_first(struct capacity *c, const struct path_sample *s, uint64_t now_ns)
{
	if (capacity_is_waiting(c) && s->next_channel >= START_PACKETS)
		begin(c, s, now_ns);
}

/* A rate that is new to the path is tried for a moment, then the one before it until reports tell. */
static uint64_t probe_ns(const struct capacity *c)
{
	return clock_ms(PROBE_MS) +
	       (uint64_t)(PROBE_PACKETS * packet_ns(c, c->rate_bps) + 5 * capacity_noise_ns(c));
}

double capacity_startup_bps(const struct capacity *c, uint64_t now_ns)
{
	if (capacity_is_waiting(c))
		return (double)(now_ns - c->best_ns) <
				       (START_PACKETS + 0.2) * packet_ns(c, CAPACITY_START_BPS)
			       ? CAPACITY_START_BPS
			       : CAPACITY_WAIT_BPS;
	return now_ns - c->raised_ns > probe_ns(c) ? fmin(c->proven_bps, c->rate_bps) : c->rate_bps;
}

static double growth(const struct capacity *c)
{
	if (c->again)
		return GAIN_AGAIN;
	return c->rate_bps < GAIN_SLOW_BPS ? GAIN_SLOW : GAIN_START;
}

/* Where a probe has brought doubt, the next one is no faster. */
static void raise_rate(struct capacity *c, double delivered_bps, uint64_t now_ns)
{
	double grown = growth(c) * delivered_bps;
	bool is_known = path_samples_point(&c->path, 0)->sent_ns > c->raised_ns + probe_ns(c);

	if (grown <= c->rate_bps && !is_known)
		return;
	if (c->has_doubt)
		grown = fmin(grown, c->rate_bps);
	capacity_forget_brief(c);
	c->proven_bps = delivered_bps;
	c->rate_bps = fmin(grown, 2 * c->rate_bps);
	c->raised_ns = now_ns;
	c->has_doubt = false;
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

/* A queue that ends STARTUP, noise apart. */
static double full_ns(const struct capacity *c)
{
	return fmax(FULL_TARGETS * capacity_target_ns(c), FULL_PACKETS * packet_ns(c, c->level_bps));
}

/* A queue has begun to form, here or in the receiver's socket: no reason to stop yet, but not to grow. */
static bool is_doubtful(const struct capacity *c, const struct path_span *span)
{
	double limit_ns = full_ns(c) + capacity_noise_ns(c);

	return (double)path_delay_last_queue_ns(&c->delay, &c->path) > limit_ns || c->host.waits > 0 ||
	       span->deliver_bps < DOUBT_SHARE * span->send_bps * (1 - step_loss(span));
}

/* A report that covers the time before the queue formed, too, hides most of it. */
static bool has_filled_queue(const struct capacity *c, const struct path_span *span)
{
	double limit_ns = full_ns(c), queue_ns = fastest_ns(c);

	if (path_samples_point(&c->path, 0)->packets < JUDGED_PACKETS &&
		queue_ns < (double)clock_ms(JUDGED_MS))
		return false;
	return queue_ns > limit_ns + capacity_noise_ns(c) ||
	       ((double)path_delay_last_queue_ns(&c->delay, &c->path) > limit_ns &&
		       span->deliver_bps < FULL_SHARE * span->send_bps * (1 - step_loss(span)));
}

/* STARTUP's view: the latest report, or as many as the noise makes necessary. */
static struct path_span recent(const struct capacity *c, const struct path_span *step)
{
	uint64_t least_ns = (uint64_t)(NOISE_STARTUP * capacity_noise_ns(c));
	struct path_span span;
	unsigned back = path_samples_back(&c->path, least_ns);

	do {
		if (!path_samples_span(&c->path, path_samples_point(&c->path, back), &span))
			return *step;
	} while (span.sent < LEAST_PACKETS && ++back < c->path.points && back < PATH_POINTS);
	return span;
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
	uint64_t patience_ns =
		clock_ms(PLATEAU_MS) + 2 * (probe_ns(c) + c->round_trip_ns + (uint64_t)capacity_noise_ns(c));
	struct path_span span = recent(c, step);

	c->level_bps = capacity_carried(c, span.deliver_bps);
	if (has_filled_queue(c, &span)) {
		enter_hold_from_startup(c, now_ns);
		return;
	}
	if (span.sent < LEAST_PACKETS && span.ns < (double)clock_ms(LEAST_MS))
		return;
	if (span.deliver_bps > PROGRESS * c->best_bps) {
		c->best_bps = span.deliver_bps;
		c->best_ns = now_ns;
	} else if (now_ns - c->best_ns > patience_ns) {
		capacity_enter_hold(c, capacity_carried(c, c->best_bps), now_ns);
		return;
	}
	if (is_doubtful(c, &span))
		c->has_doubt = true;
	else
		raise_rate(c, capacity_carried(c, fmin(span.deliver_bps, span.send_bps)), now_ns);
	if (loss_detect_is_gross(&c->loss))
		c->rate_bps = fmin(c->rate_bps, c->level_bps);
}
