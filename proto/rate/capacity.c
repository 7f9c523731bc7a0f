#include "proto/rate/capacity.h"

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
/* A queue of this many targets ends STARTUP, and of this many explains a loss. */
static const double FULL_TARGETS = 1.5, LONG_TARGETS = 2;
/* A queue of this part of the target can't be noise or clock drift. */
static const double BUSY_TARGETS = 1 / 3.0;
/* HOLD: how far its rate may be from its level, and how fast the level follows. */
static const double GAIN_MOST = 0.06, GAIN_LEAST = -0.5, LEVEL_STEP = 0.5;
static const double DRAIN_RATE = 0.5; /* of the level */
/* Where loss is the limit: a stay below it, then this much growth per second, until the limit is gone. */
static const double LOSSY_CLIMB = 0.1, LOSSY_TOP = 1.1;
/* The target queue shrinks with these powers of the rate, below and above TARGET_BPS. */
static const double TARGET_BPS = 1e8, TARGET_BELOW = 0.5, TARGET_ABOVE = 0.3;
/* Whatever reports say. */
static const double MOST_BPS = 1e12;

enum {
	TARGET_US = 1700, /* at TARGET_BPS */
	TARGET_LEAST_US = 600,
	TARGET_MOST_MS = 8,
	REACTION_MS = 25, /* HOLD corrects the queue within this time, on a short path */
	DRAIN_IDLE_MS = 10,
	DRAIN_MOST_MS = 80,
	FIRST_DRAIN_MS = 300,
	PLATEAU_MS = 60, /* STARTUP without growth */
	IDLE_MS = 300,   /* HOLD without a queue before it tries more */
	LOSSY_STAY_MS = 1000,
	SILENCE_MS = 300, /* without reports: slow down */
	LEAST_PACKETS = 3,
};

void capacity_init(struct capacity *c, const struct capacity_plan *plan, uint64_t now_ns)
{
	*c = (struct capacity){
		.plan = *plan,
		.rate_bps = CAPACITY_START_BPS,
		.gain = GAIN_START,
		.best_ns = now_ns,
		.busy_ns = now_ns,
		.heard_ns = now_ns,
	};
}

/* The queue that HOLD aims at. */
static double target_ns(const struct capacity *c)
{
	double times = TARGET_BPS / fmax(c->level_bps, 1);
	double ns = TARGET_US * (double)NS_PER_US * pow(times, times > 1 ? TARGET_BELOW : TARGET_ABOVE);

	return fmin(fmax(ns, TARGET_LEAST_US * (double)NS_PER_US), TARGET_MOST_MS * (double)NS_PER_MS);
}

/* Above this a packet was queued; below it may be noise or clock drift. */
static double busy_queue_ns(const struct capacity *c)
{
	return BUSY_TARGETS * target_ns(c);
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
	double queue_ns = (double)path_samples_queue_ns(&c->path, 0);

	if (s->sent_packets < p->next_channel)
		bits = 0;
	return fmax(0, queue_ns + bits / c->level_bps * (double)NS_PER_S - since_ns);
}

bool capacity_has_long_queue(const struct capacity *c)
{
	return (double)path_samples_queue_ns(&c->path, 0) > LONG_TARGETS * target_ns(c);
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

void capacity_enter_startup(struct capacity *c, uint64_t now_ns)
{
	c->state = CAPACITY_STARTUP;
	c->gain = GAIN_AGAIN;
	c->best_bps = 0;
	c->best_ns = now_ns;
	c->is_lossy = false;
}

static double step_loss(const struct path_span *step)
{
	return (double)step->lost / (double)step->sent;
}

/* A queue has begun to form: no reason to stop yet, but a reason not to grow. */
static bool is_doubtful(const struct capacity *c, const struct path_span *step)
{
	return (double)path_samples_last_queue_ns(&c->path) > FULL_TARGETS * target_ns(c) ||
	       step->deliver_bps < DOUBT_SHARE * step->send_bps * (1 - step_loss(step));
}

/* A report that also covers the time before the queue formed hides most of it. */
static bool has_filled_queue(const struct capacity *c, const struct path_span *step)
{
	double limit_ns = FULL_TARGETS * target_ns(c);

	return (double)path_samples_queue_ns(&c->path, 0) > limit_ns ||
	       ((double)path_samples_last_queue_ns(&c->path) > limit_ns &&
		       step->deliver_bps < FULL_SHARE * step->send_bps * (1 - step_loss(step)));
}

static void startup(struct capacity *c, const struct path_span *step, uint64_t now_ns)
{
	double gain = c->rate_bps < GAIN_SLOW_BPS && c->gain == GAIN_START ? GAIN_SLOW : c->gain;
	double grown = gain * capacity_carried(c, fmin(step->deliver_bps, step->send_bps));
	uint64_t patience_ns = clock_ms(PLATEAU_MS) + 2 * c->round_trip_ns;

	c->level_bps = capacity_carried(c, step->deliver_bps);
	if (has_filled_queue(c, step)) {
		capacity_enter_hold(c, c->level_bps, now_ns);
		return;
	}
	if (step->sent < LEAST_PACKETS)
		return;
	if (step->deliver_bps > PROGRESS * c->best_bps) {
		c->best_bps = step->deliver_bps;
		c->best_ns = now_ns;
	} else if (now_ns - c->best_ns > patience_ns) {
		capacity_enter_hold(c, capacity_carried(c, c->best_bps), now_ns);
		return;
	}
	if (!is_doubtful(c, step))
		c->rate_bps = fmax(c->rate_bps, fmin(grown, 2 * c->rate_bps));
	else if (loss_detect_is_gross(&c->loss))
		c->rate_bps = fmin(c->rate_bps, c->level_bps);
}

static void enter_drain(struct capacity *c, double queue_ns, uint64_t now_ns)
{
	double needed_ns = queue_ns / (1 - DRAIN_RATE) + DRAIN_IDLE_MS * (double)NS_PER_MS;

	c->state = CAPACITY_DRAIN;
	c->rate_bps = DRAIN_RATE * c->level_bps;
	c->phase_ns = now_ns;
	c->phase_ends_ns = now_ns + (uint64_t)fmin(needed_ns, DRAIN_MOST_MS * (double)NS_PER_MS);
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

static void hold(struct capacity *c, const struct path_sample *s, uint64_t now_ns)
{
	double reaction_ns = REACTION_MS * (double)NS_PER_MS + (double)c->round_trip_ns / 2;
	double queue_ns = queue_now_ns(c, s, now_ns);
	double gain = (target_ns(c) - queue_ns) / reaction_ns;

	if (c->is_lossy && queue_ns < target_ns(c)) {
		hold_below_loss(c, now_ns);
		return;
	}
	c->is_lossy = false;
	c->rate_bps = c->level_bps * (1 + fmin(fmax(gain, GAIN_LEAST), GAIN_MOST));
	if (now_ns >= c->drain_ns)
		enter_drain(c, queue_ns, now_ns);
	else if (now_ns - c->busy_ns > clock_ms(IDLE_MS) + 2 * c->round_trip_ns)
		capacity_enter_startup(c, now_ns);
}

/* A busy bottleneck shows what it carries. True if it was busy. */
static bool learn_level(struct capacity *c, uint64_t now_ns)
{
	unsigned back = path_samples_back(&c->path);
	bool busy = true;
	struct path_span span;

	for (unsigned i = 0; i < back; i++)
		busy = busy && (double)path_samples_queue_ns(&c->path, i) > busy_queue_ns(c);
	if (!busy)
		return false;
	c->busy_ns = now_ns;
	if (c->state == CAPACITY_STARTUP || c->state == CAPACITY_TRIAL)
		return true;
	if (path_samples_span(&c->path, path_samples_point(&c->path, back), &span)) {
		c->level_bps += LEVEL_STEP * (capacity_carried(c, span.deliver_bps) - c->level_bps);
		c->level_bps = fmax(c->level_bps, CAPACITY_FLOOR_BPS);
	}
	return true;
}

/* What else may be in the way while the bottleneck is idle. */
static void name_limit(struct capacity *c, const struct path_span *step)
{
	if (c->plan.ceiling_bps > 0 && c->rate_bps >= (double)c->plan.ceiling_bps)
		c->limit = CAPACITY_CEILING;
	else if (step->send_bps < 0.9 * c->rate_bps)
		c->limit = CAPACITY_SENDER;
}

void capacity_report(struct capacity *c, const struct path_sample *s, uint64_t now_ns)
{
	struct path_span step;
	bool latest_busy;

	c->heard_ns = now_ns;
	c->round_trip_ns = s->round_trip_ns;
	if (!path_samples_add(&c->path, s, now_ns) || c->path.points < 2 ||
		!path_samples_span(&c->path, path_samples_point(&c->path, 1), &step))
		return;
	latest_busy = (double)path_samples_queue_ns(&c->path, 0) > busy_queue_ns(c);
	if (learn_level(c, now_ns))
		c->limit = c->limit == CAPACITY_RECEIVER ? c->limit : CAPACITY_NETWORK;
	else if (c->state == CAPACITY_HOLD && !c->is_lossy && c->busy.count == 0)
		name_limit(c, &step);
	capacity_follow_window(c, latest_busy);
	capacity_detect_loss(c, &step, now_ns);
	if (c->state == CAPACITY_STARTUP)
		startup(c, &step, now_ns);
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
	uint64_t silence = now_ns > c->heard_ns ? (now_ns - c->heard_ns) / patience_ns : 0;
	double rate;

	if (c->state == CAPACITY_DRAIN && now_ns >= c->phase_ends_ns) {
		c->state = CAPACITY_HOLD;
		c->rate_bps = c->level_bps;
		c->busy_ns = now_ns;
	}
	rate = ldexp(c->rate_bps, -(int)(silence < 60 ? silence : 60));
	if (c->plan.ceiling_bps > 0)
		rate = fmin(rate, (double)c->plan.ceiling_bps);
	return (uint64_t)fmin(fmax(rate, CAPACITY_FLOOR_BPS), MOST_BPS);
}
