#include "proto/measure/path_delay.h"

#include <math.h>

/* With each calm time noise is forgotten by a part, and by more where that shows next to nothing of it. */
static const double NOISE_KEPT = 0.9, NOISE_GONE = 0.6, SEEN_AGAIN = 0.2;
/* How fast a queue may shrink beyond that, as what the path carries isn't known exactly; and in any case. */
static const double SHRINKS_MORE = 0.1, SHRINKS_LEAST = 0.15;
/* So many reports in a row that show less than this part of the noise, and each next one forgets some of it.
 */
enum { QUIET_REPORTS = 4 };
static const double QUIET_SHARE = 0.1, QUIET_KEPT = 0.8;
static const double GONE_MOST_NS = 1e12; /* whatever reports say */

static int64_t last_delay_ns(const struct path_point *point)
{
	return (int64_t)(point->arrival_ns - point->sent_ns);
}

/* A peer may say anything: the difference may be too large for a signed number. */
static uint64_t above(int64_t delay_ns, int64_t base_ns)
{
	return delay_ns > base_ns ? (uint64_t)delay_ns - (uint64_t)base_ns : 0;
}

/* A queue shrinks by what the path carries and is not sent meanwhile: at the most as fast as time goes by. */
static double shrunk_ns(const struct path_delay *d, const struct path_samples *p)
{
	double gone_ns = fmin((double)(path_samples_point(p, 0)->arrival_ns - d->arrival_ns), GONE_MOST_NS);
	double left_ns =
		(double)(int64_t)(path_samples_point(p, 0)->sent_ns - path_samples_point(p, 1)->sent_ns);
	struct path_span step;

	if (d->carries_bps <= 0 || !path_samples_span(p, path_samples_point(p, 1), &step))
		return gone_ns;
	return fmin(left_ns, GONE_MOST_NS) *
	       fmin(fmax(SHRINKS_LEAST, SHRINKS_MORE + 1 - step.send_bps / d->carries_bps), 1);
}

static void learn_fall(struct path_delay *d, const struct path_samples *p)
{
	const struct path_point *point = path_samples_point(p, 0);
	int64_t slowest_ns = (int64_t)((uint64_t)d->slowest_ns - (uint64_t)shrunk_ns(d, p));
	uint64_t fall_ns = above(slowest_ns, point->delay_ns);

	d->arrival_ns = point->arrival_ns;
	d->slowest_ns = last_delay_ns(point) > slowest_ns ? last_delay_ns(point) : slowest_ns;
	if (fall_ns > d->noise_ns)
		d->noise_ns = fall_ns;
}

/* With noise, hardly any reports in a row speak of packets as fast as the fastest ever. */
static void watch_quiet(struct path_delay *d, const struct path_samples *p)
{
	bool is_quiet = (double)path_delay_last_queue_ns(d, p) < QUIET_SHARE * (double)d->noise_ns;

	d->quiet = is_quiet ? d->quiet + 1 : 0;
	if (d->quiet > QUIET_REPORTS)
		d->noise_ns = (uint64_t)(QUIET_KEPT * (double)d->noise_ns);
}

static void end_calm(struct path_delay *d)
{
	uint64_t noise_ns = above(d->calm_slowest_ns, d->calm_fastest_ns);
	double kept = (double)noise_ns < SEEN_AGAIN * (double)d->noise_ns ? NOISE_GONE : NOISE_KEPT;
	uint64_t kept_ns = (uint64_t)(kept * (double)d->noise_ns);

	d->base_ns = d->calm_fastest_ns;
	d->noise_ns = noise_ns > kept_ns ? noise_ns : kept_ns;
	d->calm_from_ns = 0;
}

/* A report about the last calm packet may speak of later ones too; none before it does. */
static void watch_calm(struct path_delay *d, const struct path_point *point)
{
	if (d->calm_from_ns == 0 || point->sent_ns < d->calm_from_ns)
		return;
	if (d->calm > 0 && point->sent_ns > d->calm_until_ns) {
		end_calm(d);
		return;
	}
	if (d->calm == 0 || point->delay_ns < d->calm_fastest_ns)
		d->calm_fastest_ns = point->delay_ns;
	if (d->calm == 0 || last_delay_ns(point) > d->calm_slowest_ns)
		d->calm_slowest_ns = last_delay_ns(point);
	d->calm++;
}

void path_delay_add(struct path_delay *d, const struct path_samples *p)
{
	const struct path_point *point = path_samples_point(p, 0);

	if (d->points++ == 0) {
		d->base_ns = point->delay_ns;
		d->slowest_ns = last_delay_ns(point);
		d->arrival_ns = point->arrival_ns;
		return;
	}
	watch_calm(d, point);
	if (point->delay_ns < d->base_ns)
		d->base_ns = point->delay_ns;
	learn_fall(d, p);
	watch_quiet(d, p);
}

void path_delay_carries(struct path_delay *d, double bps)
{
	d->carries_bps = bps;
}

void path_delay_calm(struct path_delay *d, uint64_t from_ns, uint64_t until_ns)
{
	d->calm_from_ns = from_ns;
	d->calm_until_ns = until_ns;
	d->calm = 0;
}

uint64_t path_delay_queue_ns(const struct path_delay *d, const struct path_samples *p, unsigned back)
{
	return above(path_samples_point(p, back)->delay_ns, d->base_ns);
}

uint64_t path_delay_last_queue_ns(const struct path_delay *d, const struct path_samples *p)
{
	return above(last_delay_ns(path_samples_point(p, 0)), d->base_ns);
}
