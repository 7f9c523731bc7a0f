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
/* Of the noise: what HOLD's queue is deeper by, what may still be no queue, and how long rates are measured.
 */
static const double NOISE_AIM = 1, NOISE_BUSY = 0.5, NOISE_SPANS = 4, NOISE_STARTUP = 3;
/* Of the sender's lateness: what HOLD's queue is deeper by, and its bursts are longer. */
static const double LATE_AIM = 1, LATE_BURST = 2, LATE_FOLLOWS = 0.1;
/* How far what is delivered swings: no reason for more, and for all of SWING_MS, after that. */
static const double SWING_LEAST = 0.15, SWING_FULL = 0.2, SWING_FOLLOWS = 0.05, SWING_GAIN = 0.5;
static const double DRAIN_RATE = 0.5; /* of the level */
static const double DRAIN_SURE = 1.2; /* where there is noise, a queue is thought to be so much longer */
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
	NOISE_LEAST_US = 2500,
	NOISE_MOST_MS = 30,
	SWING_MS = 15,
	LATE_LEAST_US = 300,
	LATE_USUAL_US = 500,
	BURST_MOST_MS = 12,
	IDLE_MS = 300, /* HOLD without a queue before it tries more */
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
	path_delay_rise(&c->delay, true);
}

/* The queue that HOLD aims at. */
static double target_ns(const struct capacity *c)
{
	double times = TARGET_BPS / fmax(c->level_bps, 1);
	double ns = TARGET_US * (double)NS_PER_US * pow(times, times > 1 ? TARGET_BELOW : TARGET_ABOVE);

	return fmin(fmax(ns, TARGET_LEAST_US * (double)NS_PER_US), TARGET_MOST_MS * (double)NS_PER_MS);
}

/* Less than NOISE_LEAST is in the thresholds already. */
static double noise_ns(const struct capacity *c)
{
	double ns = (double)c->delay.noise_ns;

	return ns < (double)clock_us(NOISE_LEAST_US) ? 0 : fmin(ns, (double)clock_ms(NOISE_MOST_MS));
}

/* Rates are taken over so long that noise at both ends of it is a small part. */
static uint64_t span_least_ns(const struct capacity *c)
{
	return clock_ms(PATH_SPAN_MS) + (uint64_t)(NOISE_SPANS * noise_ns(c));
}

/* A rate that swings needs a deeper queue, so that the bottleneck has work when it gets faster. */
static double swing(const struct capacity *c)
{
	double noise = noise_ns(c) / (double)span_least_ns(c);

	return fmin(fmax(0, c->swing - SWING_LEAST - noise) / SWING_FULL, 1);
}

static double swing_ns(const struct capacity *c)
{
	return swing(c) * SWING_MS * (double)NS_PER_MS;
}

/* Beyond what every host is late by now and then. */
static double lateness_ns(const struct capacity *c)
{
	return fmax(0, c->late_ns - (double)clock_us(LATE_USUAL_US));
}

/* The queue that HOLD aims at, noise included: the bottleneck must have work while the noise says otherwise.
 */
static double aim_ns(const struct capacity *c)
{
	return target_ns(c) + NOISE_AIM * noise_ns(c) + LATE_AIM * lateness_ns(c) + swing_ns(c);
}

/* A packet that is later than that has queued; below it may be noise, or clocks that drift. */
static double busy_queue_ns(const struct capacity *c)
{
	return BUSY_TARGETS * target_ns(c) + NOISE_BUSY * noise_ns(c);
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

bool capacity_has_long_queue(const struct capacity *c)
{
	return (double)path_delay_queue_ns(&c->delay, &c->path, 0) > LONG_TARGETS * aim_ns(c);
}

void capacity_enter_hold(struct capacity *c, double level_bps, uint64_t now_ns)
{
	c->state = CAPACITY_HOLD;
	path_delay_rise(&c->delay, false);
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
	path_delay_rise(&c->delay, true);
	c->gain = GAIN_AGAIN;
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

	return noise_ns(c) > 0 ? fmin(now_ns, (double)path_delay_queue_ns(&c->delay, &c->path, 1)) : now_ns;
}

/* A queue has begun to form: no reason to stop yet, but not to grow. */
static bool is_doubtful(const struct capacity *c, const struct path_span *span)
{
	double limit_ns = FULL_TARGETS * target_ns(c) + noise_ns(c);

	return (double)path_delay_last_queue_ns(&c->delay, &c->path) > limit_ns ||
	       span->deliver_bps < DOUBT_SHARE * span->send_bps * (1 - step_loss(span));
}

/* A report that covers the time before the queue formed, too, hides most of it. */
static bool has_filled_queue(const struct capacity *c, const struct path_span *span)
{
	double limit_ns = FULL_TARGETS * target_ns(c), queue_ns = fastest_ns(c);

	return queue_ns > limit_ns + noise_ns(c) ||
	       ((double)path_delay_last_queue_ns(&c->delay, &c->path) > limit_ns &&
		       span->deliver_bps < FULL_SHARE * span->send_bps * (1 - step_loss(span)));
}

/* STARTUP's view: the latest report, or as many as the noise makes necessary. */
static struct path_span recent(const struct capacity *c, const struct path_span *step)
{
	uint64_t least_ns = (uint64_t)(NOISE_STARTUP * noise_ns(c));
	struct path_span span;
	const struct path_point *from = path_samples_point(&c->path, path_samples_back(&c->path, least_ns));

	return path_samples_span(&c->path, from, &span) ? span : *step;
}

/* What queued meanwhile is noise as well as queue: which of them, a DRAIN tells. */
static void enter_hold_from_startup(struct capacity *c, uint64_t now_ns)
{
	capacity_enter_hold(c, c->level_bps, now_ns);
	if (noise_ns(c) > target_ns(c))
		c->drain_ns = now_ns;
}

static void startup(struct capacity *c, const struct path_span *step, uint64_t now_ns)
{
	double gain = c->rate_bps < GAIN_SLOW_BPS && c->gain == GAIN_START ? GAIN_SLOW : c->gain, grown;
	uint64_t patience_ns = clock_ms(PLATEAU_MS) + 2 * c->round_trip_ns + 2 * (uint64_t)noise_ns(c);
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
	grown = gain * capacity_carried(c, fmin(span.deliver_bps, span.send_bps));
	if (!is_doubtful(c, &span))
		c->rate_bps = fmax(c->rate_bps, fmin(grown, 2 * c->rate_bps));
	else if (loss_detect_is_gross(&c->loss))
		c->rate_bps = fmin(c->rate_bps, c->level_bps);
}

static void enter_drain(struct capacity *c, double queue_ns, uint64_t now_ns)
{
	double sure = noise_ns(c) > 0 ? DRAIN_SURE : 1;
	double empty_ns = fmin(sure * queue_ns / (1 - DRAIN_RATE), (double)clock_ms(DRAIN_MOST_MS));
	double idle_ns = (double)clock_ms(DRAIN_IDLE_MS) + noise_ns(c);

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

static void hold(struct capacity *c, const struct path_sample *s, uint64_t now_ns)
{
	double reaction_ns = REACTION_MS * (double)NS_PER_MS + (double)c->round_trip_ns / 2;
	double queue_ns = queue_now_ns(c, s, now_ns);
	double gain = (aim_ns(c) - queue_ns) / (reaction_ns + 2 * noise_ns(c));

	if (c->is_lossy && queue_ns < aim_ns(c)) {
		hold_below_loss(c, now_ns);
		return;
	}
	c->is_lossy = false;
	c->rate_bps = c->level_bps * (1 + fmin(fmax(gain, GAIN_LEAST), GAIN_MOST + SWING_GAIN * swing(c)));
	if (now_ns >= c->drain_ns)
		enter_drain(c, queue_ns, now_ns);
	else if (now_ns - c->busy_ns > clock_ms(IDLE_MS) + 2 * c->round_trip_ns)
		capacity_enter_startup(c, now_ns);
}

static void learn_swing(struct capacity *c, double deliver_bps)
{
	if (c->steady_bps == 0)
		c->steady_bps = deliver_bps;
	c->swing += SWING_FOLLOWS * (fabs(deliver_bps / c->steady_bps - 1) - c->swing);
	c->steady_bps += SWING_FOLLOWS * (deliver_bps - c->steady_bps);
}

static void learn_lateness(struct capacity *c)
{
	c->late_ns += LATE_FOLLOWS * (c->late_now_ns - c->late_ns);
	c->late_now_ns = 0;
}

uint64_t capacity_burst_ns(const struct capacity *c)
{
	return clock_ms(1) + (uint64_t)fmin(LATE_BURST * lateness_ns(c), (double)clock_ms(BURST_MOST_MS));
}

/* Whoever sends asks for the rate as soon as half a burst may leave. */
static void note_lateness(struct capacity *c, uint64_t now_ns)
{
	double one_ns = 8.0 * c->plan.datagram_bytes / fmax(c->rate_bps, 1) * (double)NS_PER_S;
	double due_ns = fmax(one_ns, (double)capacity_burst_ns(c) / 2) + (double)clock_us(LATE_LEAST_US);
	double late_ns = (double)(now_ns - c->asked_ns) - due_ns;

	if (c->asked_ns && now_ns > c->asked_ns && late_ns > c->late_now_ns)
		c->late_now_ns = fmin(late_ns, (double)clock_ms(BURST_MOST_MS));
	c->asked_ns = now_ns;
}

/* A busy bottleneck shows what it carries. True if it was busy. */
static bool learn_level(struct capacity *c, uint64_t now_ns)
{
	unsigned back = path_samples_back(&c->path, span_least_ns(c));
	bool busy = true;
	struct path_span span;

	for (unsigned i = 0; i < back; i++)
		busy = busy && (double)path_delay_queue_ns(&c->delay, &c->path, i) > busy_queue_ns(c);
	if (!busy)
		return false;
	c->busy_ns = now_ns;
	if (c->state == CAPACITY_STARTUP || c->state == CAPACITY_TRIAL)
		return true;
	if (path_samples_span(&c->path, path_samples_point(&c->path, back), &span)) {
		learn_swing(c, span.deliver_bps);
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
	if (!path_samples_add(&c->path, s, now_ns))
		return;
	path_delay_add(&c->delay, &c->path);
	learn_lateness(c);
	if (c->path.points < 2 || !path_samples_span(&c->path, path_samples_point(&c->path, 1), &step))
		return;
	latest_busy = (double)path_delay_queue_ns(&c->delay, &c->path, 0) > busy_queue_ns(c);
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

	note_lateness(c, now_ns);
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
