#include "proto/rate/loss_detect.h"

#include <math.h>

/* How far the usual share may be exceeded: by a part of itself, and by a share of all packets. */
static const double SLACK_PART = 0.3;
static const double SLACK_SHARE = 0.005;
/* The sum that is too much for chance: larger where loss is usual, because it varies more. */
static const double ALARM_PACKETS = 6;
static const double ALARM_MORE = 200, ALARM_MOST = 16;
/* Loss of this share is gross: there is no need to watch it for long. */
static const double GROSS_SHARE = 0.15;
/* At low rates: the weight a report keeps once the next one is in, and losses to expect before a verdict. */
static const double LOW_MEMORY = 0.9, LOW_EXPECTED = 12;
/* The usual share is an average over about this many packets, and this many reports. */
static const double LEARN_PACKETS = 4000, LEARN_REPORTS = 20;

void loss_detect_calm(struct loss_detect *w)
{
	w->sum = 0;
	w->reports = 0;
	w->is_gross = false;
}

static double alarm(const struct loss_detect *w)
{
	return fmin(ALARM_PACKETS + ALARM_MORE * w->share, ALARM_MOST);
}

static bool describe(const struct loss_detect *w, const struct path_samples *path, struct loss_event *event)
{
	struct path_span span;

	if (!path_samples_span(path, &w->from, &span) || span.lost == 0)
		return false;
	*event = (struct loss_event){
		.from = w->from,
		.share = (double)span.lost / (double)span.sent,
		.host_share = (double)span.host_lost / (double)span.lost,
		.deliver_bps = span.deliver_bps,
	};
	return true;
}

bool loss_detect_add(struct loss_detect *w, const struct path_span *span, const struct path_samples *path,
	struct loss_event *event)
{
	double usual = w->share * (1 + SLACK_PART) + SLACK_SHARE;
	double excess = (double)span->lost - usual * (double)span->sent;
	w->is_gross = excess > GROSS_SHARE * (double)span->sent;

	if (w->sum == 0) {
		w->from = *path_samples_point(path, 0);
		w->reports = 0;
	} else {
		w->reports++;
	}
	w->sum = fmax(0, w->sum + excess);
	if (w->sum < alarm(w) || w->reports < (w->is_gross ? 1 : LOSS_DETECT_REPORTS))
		return false;
	loss_detect_calm(w);
	return describe(w, path, event);
}

bool loss_detect_is_gross(const struct loss_detect *w)
{
	return w->is_gross && w->sum >= alarm(w);
}

bool loss_detect_refute(struct loss_detect *w, const struct path_span *span)
{
	w->low_sent = LOW_MEMORY * w->low_sent + (double)span->sent;
	w->low_lost = LOW_MEMORY * w->low_lost + (double)span->lost;
	if (w->share * w->low_sent < LOW_EXPECTED || w->low_lost > w->share * w->low_sent / 2)
		return false;
	w->share = w->low_lost / w->low_sent;
	loss_detect_calm(w);
	return true;
}

void loss_detect_learn(struct loss_detect *w, const struct path_span *span, bool may_grow)
{
	double share = (double)span->lost / (double)span->sent;
	double weight = fmin((double)span->sent / LEARN_PACKETS, 1 / LEARN_REPORTS);

	/* What may be the beginning of something new is not usual. */
	if (w->sum < alarm(w) / 2 && span->host_lost == 0 && (may_grow || share < w->share))
		w->share += (share - w->share) * weight;
}
