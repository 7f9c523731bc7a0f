#include "proto/rate/capacity.h"

#include "proto/rate/capacity_private.h"
#include "proto/sys/clock.h"

#include <math.h>

/* HOLD: how far its rate may be from its level, and how fast the level follows. */
static const double GAIN_MOST = 0.06, GAIN_SWING = 0.5, GAIN_LEAST = -0.5, LEVEL_STEP = 0.5;
static const double DRAIN_RATE = 0.5; /* of the level */
static const double GROWTH = 1.25;    /* HOLD tries that much more than the path is known to carry */
static const double DRAIN_SURE = 1.2; /* where there is noise, a queue is thought to be so much longer */
/* Where loss is the limit: a stay below it, then this much growth per second, until the limit is gone. */
static const double LOSSY_CLIMB = 0.1, LOSSY_TOP = 1.1;
/* Whatever reports say. */
static const double MOST_BPS = 1e12;

enum {
	REACTION_MS = 25, /* HOLD corrects the queue within this time, on a short path */
	DRAIN_IDLE_MS = 10,
	DRAIN_MOST_MS = 80,
	FIRST_DRAIN_MS = 300,
	GROW_AFTER_MS = 40, /* HOLD without a queue before it tries more */
	LOSSY_STAY_MS = 1000,
	SILENCE_MS = 300, /* without reports: slow down */
};

void capacity_init(struct capacity *c, const struct capacity_plan *plan, uint64_t now_ns)
{
	*c = (struct capacity){
		.plan = *plan,
		.rate_bps = CAPACITY_START_BPS,
		.best_ns = now_ns,
		.busy_ns = now_ns,
		.heard_ns = now_ns,
	};
}

/* What was delivered plus what random loss took: comparable with sending rates. */
double capacity_carried(const struct capacity *c, double deliver_bps)
{
	return deliver_bps / (1 - fmin(c->loss.share, 0.9));
}

/* The queue as it must be by now if the path carries `level_bps`: whatever was sent after the last reported
 * packet has joined it, and the bottleneck has kept draining it. */
static double queue_now_ns(const struct capacity *c, const struct path_sample *s, uint64_t now_ns)
{
	const struct path_point *p = path_samples_point(&c->path, 0);
	double bits = 8.0 * c->plan.datagram_bytes * (double)(s->sent_packets - p->next_channel);
	double since_ns = (double)(int64_t)(now_ns - p->sent_ns);
	double queue_ns = (double)path_delay_queue_ns(&c->delay, &c->path, 0);

	if (s->sent_packets < p->next_channel)
		bits = 0;
	return fmax(0, queue_ns + bits / c->level_bps * (double)NS_PER_S - since_ns);
}

void capacity_enter_hold(struct capacity *c, double level_bps, uint64_t now_ns)
{
	c->state = CAPACITY_HOLD;
	c->level_bps = fmax(level_bps, CAPACITY_FLOOR_BPS);
	c->rate_bps = c->level_bps;
	c->busy_ns = now_ns;
	c->phase_ns = now_ns;
	if (c->drain_ns == 0)
		c->drain_ns = now_ns + clock_ms(FIRST_DRAIN_MS);
	loss_detect_calm(&c->loss);
}

static void enter_drain(struct capacity *c, double queue_ns, uint64_t now_ns)
{
	double sure = capacity_noise_ns(c) > 0 ? DRAIN_SURE : 1;
	double empty_ns = fmin(sure * queue_ns / (1 - DRAIN_RATE), (double)clock_ms(DRAIN_MOST_MS));
	double idle_ns = (double)clock_ms(DRAIN_IDLE_MS) + capacity_noise_ns(c);

	c->state = CAPACITY_DRAIN;
	c->rate_bps = DRAIN_RATE * c->level_bps;
	c->phase_ns = now_ns;
	c->phase_ends_ns = now_ns + (uint64_t)(empty_ns + idle_ns);
	path_delay_calm(&c->delay, now_ns + (uint64_t)empty_ns, c->phase_ends_ns);
	c->drain_ns = now_ns + clock_ms(CAPACITY_DRAIN_EVERY_MS);
}

/* Stays below the rate at which loss began, then climbs slowly back to it. */
static void hold_below_loss(struct capacity *c, uint64_t now_ns)
{
	double climbing_s =
		((double)(now_ns - c->phase_ns) - (double)clock_ms(LOSSY_STAY_MS)) / (double)NS_PER_S;
	double part = CAPACITY_LOSSY_BELOW + LOSSY_CLIMB * fmax(0, climbing_s);

	c->rate_bps = part * c->level_bps;
	if (part > LOSSY_TOP + c->loss.share)
		capacity_enter_startup(c, now_ns);
}

static double last_delay_ns(const struct path_point *p)
{
	return (double)(int64_t)(p->arrival_ns - p->sent_ns);
}

/* From `back` reports ago; where there is noise, from the one in twice that time whose last packet was as
 * late as the latest, or the rate would be that of the noise: a bottleneck seems busy when packets are late.
 */
static const struct path_point *level_from(const struct capacity *c, unsigned back)
{
	const struct path_point *last = path_samples_point(&c->path, 0);
	const struct path_point *best = path_samples_point(&c->path, back);
	unsigned far = path_samples_back(&c->path, 2 * capacity_span_least_ns(c));

	for (unsigned i = back; capacity_noise_ns(c) > 0 && i <= far; i++) {
		const struct path_point *p = path_samples_point(&c->path, i);

		if (fabs(last_delay_ns(p) - last_delay_ns(last)) <
			fabs(last_delay_ns(best) - last_delay_ns(last)))
			best = p;
	}
	return best;
}

/* The bottleneck has been idle although more was sent than it is known to carry: it carries more now. */
static bool is_growing(const struct capacity *c, uint64_t now_ns)
{
	return now_ns > c->busy_ns &&
	       (double)(now_ns - c->busy_ns) >
		       (double)(clock_ms(GROW_AFTER_MS) + c->round_trip_ns) + capacity_noise_ns(c);
}

static bool is_busy_for(const struct capacity *c, unsigned reports)
{
	for (unsigned i = 0; i < reports; i++)
		if ((double)path_delay_queue_ns(&c->delay, &c->path, i) <= capacity_busy_queue_ns(c))
			return false;
	return true;
}

/* An idle one carries at least what it delivers. */
static void learn_growth(struct capacity *c, unsigned back)
{
	struct path_span span;

	if (path_samples_span(&c->path, level_from(c, back), &span))
		c->level_bps = fmax(c->level_bps, capacity_carried(c, fmin(span.deliver_bps, span.send_bps)));
}

/* A busy bottleneck shows what it carries. True if it was busy. */
static bool learn_level(struct capacity *c, uint64_t now_ns)
{
	unsigned back = path_samples_back(&c->path, capacity_span_least_ns(c));
	struct path_span span;

	if (!is_busy_for(c, back)) {
		if (c->state == CAPACITY_HOLD && !c->is_lossy && is_growing(c, now_ns))
			learn_growth(c, back);
		return false;
	}
	c->busy_ns = now_ns;
	if (c->state == CAPACITY_STARTUP || c->state == CAPACITY_TRIAL)
		return true;
	if (path_samples_span(&c->path, level_from(c, back), &span)) {
		capacity_learn_swing(c, span.deliver_bps);
		c->level_bps += LEVEL_STEP * (capacity_carried(c, span.deliver_bps) - c->level_bps);
		c->level_bps = fmax(c->level_bps, CAPACITY_FLOOR_BPS);
	}
	return true;
}

static void hold(struct capacity *c, const struct path_sample *s, uint64_t now_ns)
{
	double reaction_ns = REACTION_MS * (double)NS_PER_MS + (double)c->round_trip_ns / 2;
	double queue_ns = queue_now_ns(c, s, now_ns);
	double gain = (capacity_aim_ns(c) - queue_ns) / (reaction_ns + 2 * capacity_noise_ns(c));

	if (c->is_lossy && queue_ns < capacity_aim_ns(c)) {
		hold_below_loss(c, now_ns);
		return;
	}
	c->is_lossy = false;
	c->rate_bps =
		c->level_bps * (1 + fmin(fmax(gain, GAIN_LEAST), GAIN_MOST + GAIN_SWING * capacity_swing(c)));
	if (is_growing(c, now_ns))
		c->rate_bps = fmax(c->rate_bps, GROWTH * c->level_bps);
	if (now_ns >= c->drain_ns && !capacity_host_holds(c))
		enter_drain(c, queue_ns, now_ns);
}

/* What else may be in the way while the bottleneck is idle. */
static void name_limit(struct capacity *c, const struct path_span *step)
{
	if (c->plan.ceiling_bps > 0 && c->rate_bps >= (double)c->plan.ceiling_bps)
		c->limit = CAPACITY_CEILING;
	else if (capacity_host_holds(c))
		c->limit = CAPACITY_RECEIVER;
	else if (step->send_bps < 0.9 * c->rate_bps)
		c->limit = CAPACITY_SENDER;
}

void capacity_report(struct capacity *c, const struct path_sample *s, uint64_t now_ns)
{
	struct path_span step;
	bool latest_busy;

	c->heard_ns = now_ns;
	c->round_trip_ns = s->round_trip_ns;
	if (!path_samples_add(&c->path, s, now_ns))
		return;
	path_delay_carries(&c->delay, c->level_bps);
	path_delay_add(&c->delay, &c->path);
	capacity_learn_lateness(c);
	capacity_host_report(c, s, now_ns);
	capacity_startup_first(c, s, now_ns);
	if (c->path.points < 2 || !path_samples_span(&c->path, path_samples_point(&c->path, 1), &step))
		return;
	latest_busy = (double)path_delay_queue_ns(&c->delay, &c->path, 0) > capacity_busy_queue_ns(c);
	if (learn_level(c, now_ns))
		c->limit = capacity_host_holds(c) ? CAPACITY_RECEIVER : CAPACITY_NETWORK;
	else if (c->state == CAPACITY_HOLD && !c->is_lossy && c->busy.count == 0)
		name_limit(c, &step);
	capacity_follow_window(c, latest_busy);
	capacity_detect_loss(c, &step, now_ns);
	if (c->state == CAPACITY_STARTUP)
		capacity_startup(c, &step, now_ns);
	else if (c->state == CAPACITY_HOLD)
		hold(c, s, now_ns);
	else if (c->state == CAPACITY_TRIAL)
		capacity_trial(c, &step, now_ns);
	if (c->state == CAPACITY_HOLD && (latest_busy || (c->is_lossy && c->rate_bps < c->level_bps)))
		loss_detect_learn(&c->loss, &step, !capacity_has_long_queue(c));
}

uint64_t capacity_rate_bps(struct capacity *c, uint64_t now_ns)
{
	uint64_t patience_ns = clock_ms(SILENCE_MS) + 4 * c->round_trip_ns;
	bool is_waiting = capacity_is_waiting(c) || now_ns < c->heard_ns;
	uint64_t silence = is_waiting ? 0 : (now_ns - c->heard_ns) / patience_ns;
	double rate;

	if (c->state == CAPACITY_DRAIN && now_ns >= c->phase_ends_ns) {
		c->state = CAPACITY_HOLD;
		c->rate_bps = c->level_bps;
		c->busy_ns = now_ns;
	}
	rate = c->state == CAPACITY_STARTUP ? capacity_startup_bps(c, now_ns) : c->rate_bps;
	rate = capacity_host_bps(c, rate);
	rate = ldexp(rate, -(int)(silence < 60 ? silence : 60));
	if (c->plan.ceiling_bps > 0)
		rate = fmin(rate, (double)c->plan.ceiling_bps);
	return (uint64_t)fmin(fmax(rate, CAPACITY_FLOOR_BPS), MOST_BPS);
}
