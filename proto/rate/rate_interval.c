#include "proto/rate/rate_interval.h"

#include "proto/sys/clock.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

/* A window is news if it differs from the mean by this part of it, and by this many standard deviations. */
static const double FAR_SHARE = 0.04;
static const double FAR_DEVIATIONS = 4;
/* It has settled again when so many windows are within this part of their mean, as a rule; or, where there is
 * noise, the mean of each few of them. */
static const double SETTLED_SHARE = 0.04, BLOCK_SHARE = 0.06;

enum { SETTLED_WINDOWS = 8, LATE_WINDOWS = 16, LATE_PART = 3, BLOCK_WINDOWS = 4 };

struct moments {
	double mean_bps;
	double variance;    /* of the windows' rates */
	double correlation; /* of neighbours */
	unsigned n;
};

static const struct rate_window *window_at(const struct rate_interval *r, unsigned at)
{
	return &r->window[(r->first + at) % RATE_INTERVAL_WINDOWS];
}

static double rate_of(const struct rate_window *w)
{
	return w->bits / w->ns * (double)NS_PER_S;
}

/* Over the windows from `from` to before `end`, the oldest being 0. */
static struct moments moments(const struct rate_interval *r, unsigned from, unsigned end)
{
	unsigned n = end > from ? end - from : 0;
	struct moments m = {.n = n};
	double bits = 0, ns = 0, squares = 0, products = 0, last = 0;

	if (n == 0)
		return m;
	for (unsigned i = from; i < end; i++) {
		bits += window_at(r, i)->bits;
		ns += window_at(r, i)->ns;
	}
	m.mean_bps = bits / ns * (double)NS_PER_S;
	for (unsigned i = from; i < end; i++) {
		double off = rate_of(window_at(r, i)) - m.mean_bps;

		squares += off * off;
		products += off * last;
		last = off;
	}
	m.variance = n > 1 ? squares / (n - 1) : 0;
	m.correlation = squares > 0 ? products / squares : 0;
	return m;
}

/* A path that has changed so often varies: then all windows count. */
static unsigned first_since_change(const struct rate_interval *r)
{
	return r->changes < RATE_INTERVAL_VARIES ? r->old : 0;
}

static bool is_settled(const struct rate_interval *r, unsigned from)
{
	struct moments m = moments(r, from, r->count);

	return m.n >= SETTLED_WINDOWS && m.variance < SETTLED_SHARE * SETTLED_SHARE * m.mean_bps * m.mean_bps;
}

/* Noise at the ends of windows takes from one what it gives to the next: over a few of them it cancels out,
 * and what is left is the path. */
static bool is_settled_but_for_noise(const struct rate_interval *r, unsigned from)
{
	double mean_bps = moments(r, from, r->count).mean_bps;

	for (; from < r->count; from += BLOCK_WINDOWS)
		if (fabs(moments(r, from, from + BLOCK_WINDOWS).mean_bps - mean_bps) > BLOCK_SHARE * mean_bps)
			return false;
	return true;
}

/* All windows count, too, until it has settled on something new. */
static unsigned first_of_now(const struct rate_interval *r)
{
	unsigned from = first_since_change(r), few = r->count / LATE_PART;

	if (r->changes == 0 || is_settled(r, from))
		return from;
	from += (r->count - from) % BLOCK_WINDOWS;
	for (; from + LATE_WINDOWS <= r->count && from + few <= r->count; from += BLOCK_WINDOWS)
		if (is_settled_but_for_noise(r, from))
			return from;
	return 0;
}

static void forget(struct rate_interval *r, unsigned windows)
{
	r->first = (r->first + windows) % RATE_INTERVAL_WINDOWS;
	r->count -= windows;
	r->old = r->old > windows ? r->old - windows : 0;
}

/* Compares the latest window with those before the run of news. */
static void watch_news(struct rate_interval *r)
{
	unsigned from = first_since_change(r), before = r->count - 1 - r->news;
	struct moments m = moments(r, from, before);
	double off = rate_of(window_at(r, r->count - 1)) - m.mean_bps;
	int side = off > 0 ? 1 : -1;

	if (before <= from)
		return;
	if (fabs(off) < FAR_SHARE * m.mean_bps || off * off < FAR_DEVIATIONS * FAR_DEVIATIONS * m.variance) {
		r->news = 0;
		return;
	}
	r->news = side == r->side ? r->news + 1 : 1;
	r->side = side;
	if (r->news < RATE_INTERVAL_NEWS)
		return;
	if (++r->changes < RATE_INTERVAL_VARIES)
		r->old = r->count - r->news;
	r->news = 0;
}

void rate_interval_reset(struct rate_interval *r)
{
	r->count = r->news = r->old = r->changes = 0;
}

void rate_interval_add(struct rate_interval *r, double bits, double ns)
{
	if (bits <= 0 || ns <= 0)
		return;
	if (r->count == RATE_INTERVAL_WINDOWS)
		forget(r, 1);
	r->window[(r->first + r->count++) % RATE_INTERVAL_WINDOWS] = (struct rate_window){bits, ns};
	watch_news(r);
}

/* The 97.5 % quantile of Student's t: the first terms of the series in 1 / degrees (Abramowitz and
 * Stegun, 26.7.5), which is good to 1 % from 4 degrees on; below that from their table. */
static double student(double degrees)
{
	static const double few[] = {12.706, 12.706, 4.303, 3.182};
	double x = 1.95996, x3 = x * x * x, x5 = x3 * x * x;

	if (degrees < 4)
		return few[(unsigned)degrees];
	return x + (x3 + x) / (4 * degrees) + (5 * x5 + 16 * x3 + 3 * x) / (96 * degrees * degrees);
}

double rate_interval_ns(const struct rate_interval *r)
{
	double ns = 0;

	for (unsigned i = first_of_now(r); i < r->count; i++)
		ns += window_at(r, i)->ns;
	return ns;
}

struct rate_estimate rate_interval_estimate(const struct rate_interval *r)
{
	struct moments m = moments(r, first_of_now(r), r->count);
	double like = m.correlation < 0 ? 0 : fmin(m.correlation, 0.9);
	double worth = m.n * (1 - like) / (1 + like);
	struct rate_estimate e = {.mean_bps = m.mean_bps, .percent = 100, .windows = m.n};

	if (worth >= 2)
		e.percent = fmin(100, 100 * student(worth - 1) * sqrt(m.variance / worth) / m.mean_bps);
	return e;
}

static int compare_rates(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

double rate_interval_percentile(const struct rate_interval *r, double percent)
{
	unsigned end = r->first + r->count + RATE_INTERVAL_WINDOWS, below;
	double rate[RATE_INTERVAL_WINDOWS], at;

	if (r->count < RATE_INTERVAL_FEW)
		return 0;
	for (unsigned i = 0; i < r->count; i++)
		rate[i] = rate_of(&r->window[(end - 1 - i) % RATE_INTERVAL_WINDOWS]);
	qsort(rate, r->count, sizeof rate[0], compare_rates);
	at = percent / 100 * (r->count - 1);
	below = (unsigned)fmin(at, r->count - 2);
	return rate[below] + (at - below) * (rate[below + 1] - rate[below]);
}
