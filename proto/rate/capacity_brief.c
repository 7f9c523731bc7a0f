/* Short windows of delivery while the bottleneck is busy: what is known early, when those of 100 ms are few.
 *
 * They begin with the queue that ends STARTUP, and are forgotten where STARTUP goes on after all: what looked
 * busy wasn't. They end a test on a tenth of the data that twelve windows of 100 ms take, so they must not do
 * so lightly: not where packets are late by themselves, which short windows show the most; not where what
 * arrives is no steadier than what is sent; not where their rate has changed, which it will do again; and a
 * loss that is too rare to be seen yet may be one in as many packets. What they can't know is what comes
 * later: a shaper whose bucket has a rate of its own, or a path that varies more slowly. */
#include "proto/rate/capacity_private.h"
#include "proto/sys/clock.h"

#include <math.h>

enum {
	WINDOW_MS = 8, /* at least; a report as a rule, ... */
	WINDOW_PACKETS = 4,
	LEAST_WINDOWS = 5,
};

/* They are worth a result when they cover so long a time at LEAST_BPS: more where it costs less data; ... */
static const double LEAST_NS = 50e6, LEAST_BPS = 1e9, LEAST_POWER = 0.07;
/* ... and as long as they cover this part of the time that the other windows do. */
static const double LEAST_SHARE = 0.8;

/* More or less was sent, and the same arrived: then it is the bottleneck that has a rate. */
static const double LEAST_CHANGE = 1.05;

/* What was sent, of what arrived meanwhile. */
static void note_push(struct capacity *c, const struct path_point *end)
{
	const struct path_point *from = &c->brief_from;
	double arrived =
		(double)(end->packets - from->packets) / (double)(end->arrival_ns - from->arrival_ns);
	double sent = (double)(end->next_channel - from->next_channel) /
		      fmax(1, (double)(int64_t)(end->sent_ns - from->sent_ns));

	c->brief_most = fmax(c->brief_most, sent / arrived);
	c->brief_least = c->brief.count > 0 ? fmin(c->brief_least, sent / arrived) : sent / arrived;
}

static void close_brief(struct capacity *c, const struct path_point *end)
{
	double packets = (double)(end->packets - c->brief_from.packets);
	double bytes = (double)(end->bytes - c->brief_from.bytes);

	note_push(c, end);
	rate_interval_add(&c->brief, 8 * (bytes + c->plan.overhead_bytes * packets),
		(double)(end->arrival_ns - c->brief_from.arrival_ns));
	c->brief_packets += packets;
	c->brief_from = *end;
}

void capacity_follow_brief(struct capacity *c, bool busy)
{
	const struct path_point *last = path_samples_point(&c->path, 0);

	if (!busy || c->state == CAPACITY_TRIAL || c->busy.count >= CAPACITY_ENOUGH_WINDOWS) {
		c->brief_open = false;
	} else if (!c->brief_open) {
		c->brief_from = *last;
		c->brief_open = true;
	} else if (last->arrival_ns - c->brief_from.arrival_ns >= clock_ms(WINDOW_MS) &&
		   last->packets - c->brief_from.packets >= WINDOW_PACKETS) {
		close_brief(c, last);
	}
}

void capacity_forget_brief(struct capacity *c)
{
	rate_interval_reset(&c->brief);
	c->brief_packets = c->brief_most = 0;
	c->brief_open = false;
}

bool capacity_is_brief(const struct capacity *c)
{
	double least_ns = LEAST_NS * fmax(1, pow(LEAST_BPS / c->level_bps, LEAST_POWER));
	double ns = rate_interval_ns(&c->brief);

	if (c->brief.changes > 0 || capacity_noise_ns(c) > 0 || c->limit == CAPACITY_SENDER ||
		c->brief_most < LEAST_CHANGE * c->brief_least)
		return false;
	return c->busy.count < CAPACITY_ENOUGH_WINDOWS && c->brief.count >= LEAST_WINDOWS && ns >= least_ns &&
	       ns > LEAST_SHARE * rate_interval_ns(&c->busy);
}

double capacity_brief_doubt(const struct capacity *c)
{
	return 100 / fmax(1, c->brief_packets);
}
