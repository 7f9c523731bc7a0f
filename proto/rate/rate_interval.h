/* The mean of a rate and its 95 % confidence interval, from windows of delivery.
 *
 * Each window tells how many bits passed in what time. The mean is all bits over all time; its interval
 * is Student's t over the rates of the windows, widened when neighbours resemble each other: with the
 * first autocorrelation r, n windows are worth n (1 - r) / (1 + r) independent ones (Bayley and
 * Hammersley 1946, for a first-order process). A negative r is taken as 0, so that the interval errs
 * on the wide side.
 *
 * The path may change. When RATE_INTERVAL_NEWS windows in a row lie far from the mean on the same side, those
 * before them no longer count as soon as the path has settled: the windows since then, or at least the latest
 * ones and no fewer than a third of all, resemble each other; where there is noise at their ends, each few of
 * them together. Until then, and on a path that has changed RATE_INTERVAL_VARIES times, all windows count:
 * the mean is that of the time measured, and the percentiles say between what. Only the latest
 * RATE_INTERVAL_WINDOWS are kept.
 *
 * Not thread-safe: belongs to one source. No errors: a window without time or bits is left out. */
#ifndef PROTO_RATE_RATE_INTERVAL_H
#define PROTO_RATE_RATE_INTERVAL_H

#include <stdint.h>

enum {
	RATE_INTERVAL_WINDOWS = 128,
	RATE_INTERVAL_NEWS = 3,
	RATE_INTERVAL_VARIES = 4,
	RATE_INTERVAL_FEW = 10, /* a tenth of fewer windows isn't one */
};

struct rate_window {
	double bits;
	double ns;
};

struct rate_interval {
	struct rate_window window[RATE_INTERVAL_WINDOWS]; /* ring */
	unsigned first, count;
	unsigned old;     /* windows from before the path's last change ... */
	unsigned changes; /* ... and how often it has changed */
	unsigned news;    /* windows in a row that lie far away, on ... */
	int side;         /* ... the same side: -1 below, 1 above */
};

struct rate_estimate {
	double mean_bps;
	double percent;   /* half of the interval, in percent of the mean; 100 when unknown */
	unsigned windows; /* how many it is based on */
};

/* Forgets everything. */
void rate_interval_reset(struct rate_interval *r);

void rate_interval_add(struct rate_interval *r, double bits, double ns);

/* The time of all windows. */
double rate_interval_ns(const struct rate_interval *r);

struct rate_estimate rate_interval_estimate(const struct rate_interval *r);

/* The rate, bits a second, that `percent` of the windows don't exceed, linear between two of them. Of all
 * that the ring holds: what the mean forgets as another path's is what makes a rate vary. 0: there are fewer
 * than RATE_INTERVAL_FEW. */
double rate_interval_percentile(const struct rate_interval *r, double percent);

#endif
