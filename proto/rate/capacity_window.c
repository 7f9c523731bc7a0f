/* Windows of delivery, and the result that follows from them. */
#include "proto/rate/capacity_private.h"
#include "proto/sys/clock.h"

#include <math.h>

static const double DOUBT_PERCENT = 0.05, NOISE_ENDS = 0.5;
/* What may be missed of a share of the time that is idle, and for each millisecond that the sender is late.
 */
static const double IDLE_PERCENT = 60, LATE_PERCENT = 3;
static const double VARIES = 1.3; /* a tenth of the windows is so much faster than another tenth */

void capacity_close_window(struct capacity *c, const struct path_point *end, unsigned least_ms)
{
	const struct path_point *begin = &c->window;
	double bits = 8 * ((double)(end->bytes - begin->bytes) +
				  c->plan.overhead_bytes * (double)(end->packets - begin->packets));
	double ns = (double)(end->arrival_ns - begin->arrival_ns);

	c->window_open = false;
	if (ns < (double)least_ms * NS_PER_MS)
		return;
	rate_interval_add(c->window_busy ? &c->busy : &c->idle, bits, ns);
	if (c->window_busy || bits / ns * (double)NS_PER_S > rate_interval_estimate(&c->busy).mean_bps)
		rate_interval_add(&c->all, bits, ns);
}

static void open_window(struct capacity *c, bool busy)
{
	c->window = *path_samples_point(&c->path, 0);
	c->window_open = true;
	c->window_busy = busy;
}

void capacity_follow_window(struct capacity *c, bool busy)
{
	const struct path_point *last = path_samples_point(&c->path, 0);
	bool counts = c->state == CAPACITY_HOLD || (c->state == CAPACITY_DRAIN && busy);

	capacity_follow_brief(c, busy);
	if (c->window_open && (busy != c->window_busy || !counts))
		capacity_close_window(c, path_samples_point(&c->path, 1), CAPACITY_WINDOW_MS / 2);
	else if (c->window_open && last->arrival_ns - c->window.arrival_ns >= clock_ms(CAPACITY_WINDOW_MS))
		capacity_close_window(c, last, 0);
	if (!c->window_open && counts)
		open_window(c, busy);
}

static bool varies(const struct capacity *c)
{
	double low_bps = rate_interval_percentile(&c->busy, 10);

	return low_bps > 0 && rate_interval_percentile(&c->busy, 90) > VARIES * low_bps;
}

/* Where the rate varies, the bottleneck is busy when it is slow: then the mean is over all the time. */
static const struct rate_interval *whole_windows(const struct capacity *c)
{
	if (c->busy.count == 0)
		return &c->idle;
	return varies(c) ? &c->all : &c->busy;
}

static const struct rate_interval *measured(const struct capacity *c)
{
	return capacity_is_brief(c) ? &c->brief : whole_windows(c);
}

/* A bottleneck that is idle when it is fast could have carried more than was delivered: nobody knows how
 * much. */
static double idle_doubt(const struct capacity *c)
{
	double busy_ns = rate_interval_ns(&c->busy), idle_ns = rate_interval_ns(&c->idle);

	return varies(c) ? IDLE_PERCENT * idle_ns / (busy_ns + idle_ns) : 0;
}

/* Between the bursts of a sender that is woken late a policer or a short buffer has no work. */
static double late_doubt(const struct capacity *c)
{
	return c->is_lossy ? LATE_PERCENT * capacity_lateness_ns(c) / (double)NS_PER_MS : 0;
}

/* What the windows' scatter does not show: noise at both ends of all of them, and what the program itself
 * doesn't know of heartbeats and clocks. */
static double doubt_percent(const struct capacity *c)
{
	double ns = rate_interval_ns(measured(c));
	double noise = ns > 0 ? 100 * NOISE_ENDS * (double)c->delay.noise_ns / ns : 0;

	return DOUBT_PERCENT + noise + (capacity_is_brief(c) ? capacity_brief_doubt(c) : 0) + idle_doubt(c) +
	       late_doubt(c);
}

/* Without a window: what has been delivered, for a moment. */
static double glimpse_bps(const struct capacity *c)
{
	double level_bps = c->level_bps * (1 - c->loss.share);
	double bps = c->state == CAPACITY_STARTUP ? fmin(c->best_bps, c->rate_bps) : level_bps;

	return bps * (c->plan.datagram_bytes + c->plan.overhead_bytes) / c->plan.datagram_bytes;
}

struct capacity_result capacity_result(const struct capacity *c)
{
	struct rate_estimate e = rate_interval_estimate(measured(c));

	return (struct capacity_result){
		.bps = e.windows > 0 ? e.mean_bps : glimpse_bps(c),
		.percent = fmin(100, hypot(e.percent, doubt_percent(c))),
		.windows = e.windows,
		.limit = c->limit,
	};
}

double capacity_percentile_bps(const struct capacity *c, double percent)
{
	return c->busy.count > 0 ? rate_interval_percentile(whole_windows(c), percent) : 0;
}

bool capacity_is_certain(const struct capacity *c, double percent)
{
	struct capacity_result r = capacity_result(c);
	bool is_enough =
		r.windows >= CAPACITY_ENOUGH_WINDOWS && (c->busy.count > 0 || c->limit == CAPACITY_CEILING);

	return r.percent <= percent && (is_enough || capacity_is_brief(c));
}
