/* How deep a queue HOLD aims at, and what makes it deeper: noise, a sender that is woken late, a rate that
 * swings.
 */
#include "proto/rate/capacity_private.h"
#include "proto/sys/clock.h"

#include <math.h>

/* The target queue shrinks with these powers of the rate, below and above TARGET_BPS. */
static const double TARGET_BPS = 1e8, TARGET_BELOW = 0.5, TARGET_ABOVE = 0.3;
/* A queue of this many targets explains a loss, and one of this part can't be noise or clock drift. */
static const double LONG_TARGETS = 2, BUSY_TARGETS = 1 / 3.0;
/* Of the noise: what HOLD's queue is deeper by, what may still be no queue, and how long rates are measured.
 */
static const double NOISE_AIM = 1, NOISE_BUSY = 0.5, NOISE_SPANS = 4;
/* Of the sender's lateness: what HOLD's queue is deeper by, and its bursts are longer. */
static const double LATE_AIM = 1, LATE_BURST = 2, LATE_FOLLOWS = 0.1;
/* How far what is delivered swings: no reason for more, and for all of SWING_MS, after that. */
static const double SWING_LEAST = 0.15, SWING_FULL = 0.2, SWING_FOLLOWS = 0.05;

enum {
	TARGET_US = 1700, /* at TARGET_BPS */
	TARGET_LEAST_US = 600,
	TARGET_MOST_US = 3500,
	NOISE_LEAST_US = 2500,
	NOISE_MOST_MS = 30,
	SWING_MS = 15,
	LATE_USUAL_US = 500,
	BURST_MOST_MS = 12,
};

/* The queue that HOLD aims at. */
double capacity_target_ns(const struct capacity *c)
{
	double times = TARGET_BPS / fmax(c->level_bps, 1);
	double ns = TARGET_US * (double)NS_PER_US * pow(times, times > 1 ? TARGET_BELOW : TARGET_ABOVE);

	return fmin(fmax(ns, TARGET_LEAST_US * (double)NS_PER_US), TARGET_MOST_US * (double)NS_PER_US);
}

/* Less than NOISE_LEAST is in the thresholds already. */
double capacity_noise_ns(const struct capacity *c)
{
	double ns = (double)c->delay.noise_ns;

	return ns < (double)clock_us(NOISE_LEAST_US) ? 0 : fmin(ns, (double)clock_ms(NOISE_MOST_MS));
}

/* Rates are taken over so long that noise at both ends of it is a small part. */
uint64_t capacity_span_least_ns(const struct capacity *c)
{
	return clock_ms(PATH_SPAN_MS) + (uint64_t)(NOISE_SPANS * capacity_noise_ns(c));
}

/* A rate that swings needs a deeper queue, so that the bottleneck has work when it gets faster. */
double capacity_swing(const struct capacity *c)
{
	double noise = capacity_noise_ns(c) / (double)capacity_span_least_ns(c);

	return fmin(fmax(0, c->swing - SWING_LEAST - noise) / SWING_FULL, 1);
}

static double swing_ns(const struct capacity *c)
{
	return capacity_swing(c) * SWING_MS * (double)NS_PER_MS;
}

double capacity_lateness_ns(const struct capacity *c)
{
	return fmax(0, c->late_ns - (double)clock_us(LATE_USUAL_US));
}

/* The queue that HOLD aims at, noise included: the bottleneck must have work while the noise says otherwise.
 */
double capacity_aim_ns(const struct capacity *c)
{
	return capacity_target_ns(c) + NOISE_AIM * capacity_noise_ns(c) + LATE_AIM * capacity_lateness_ns(c) +
	       swing_ns(c);
}

/* A packet that is later than that has queued; below it may be noise, or clocks that drift. */
double capacity_busy_queue_ns(const struct capacity *c)
{
	return BUSY_TARGETS * capacity_target_ns(c) + NOISE_BUSY * capacity_noise_ns(c);
}

void capacity_learn_swing(struct capacity *c, double deliver_bps)
{
	if (c->steady_bps == 0)
		c->steady_bps = deliver_bps;
	c->swing += SWING_FOLLOWS * (fabs(deliver_bps / c->steady_bps - 1) - c->swing);
	c->steady_bps += SWING_FOLLOWS * (deliver_bps - c->steady_bps);
}

void capacity_learn_lateness(struct capacity *c)
{
	c->late_ns += LATE_FOLLOWS * (c->late_now_ns - c->late_ns);
	c->late_now_ns = 0;
}

uint64_t capacity_burst_ns(const struct capacity *c)
{
	return clock_ms(1) +
	       (uint64_t)fmin(LATE_BURST * capacity_lateness_ns(c), (double)clock_ms(BURST_MOST_MS));
}

void capacity_note_lateness(struct capacity *c, uint64_t late_ns)
{
	c->late_now_ns = fmax(c->late_now_ns, fmin((double)late_ns, (double)clock_ms(BURST_MOST_MS)));
}

bool capacity_has_long_queue(const struct capacity *c)
{
	return (double)path_delay_queue_ns(&c->delay, &c->path, 0) > LONG_TARGETS * capacity_aim_ns(c);
}
