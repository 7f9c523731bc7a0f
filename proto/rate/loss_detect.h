/* Tells loss that begins or grows from loss that was always there.
 *
 * A one-sided cumulative sum (Page 1954) over reports: what was lost beyond what the known share of
 * loss explains. It is watched until it is too much for chance and has lasted several reports, so that
 * the delivery rate during the loss can be measured too. Only a trial at a lower rate can tell whether such
 * loss depends on our rate.
 *
 * Not thread-safe: belongs to one source. */
#ifndef PROTO_RATE_LOSS_DETECT_H
#define PROTO_RATE_LOSS_DETECT_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/measure/path_samples.h"

enum {
	LOSS_DETECT_REPORTS = 3, /* loss must last this many after the one in which it began; gross loss 1 */
};

struct loss_detect {
	double share; /* of the packets: lost whatever we do */
	double sum;   /* packets lost beyond that; 0: all is as usual */
	unsigned reports;
	bool is_gross;             /* the last report's loss was */
	struct path_point from;    /* since the report in which it began */
	double low_sent, low_lost; /* at low rates, see below; the latest count most */
};

/* What happened since then. */
struct loss_event {
	double share, host_share; /* lost of what was sent; lost in the receiver's host of what was lost */
	double deliver_bps;
	struct path_point from;
};

/* All is as usual from here on. */
void loss_detect_calm(struct loss_detect *w);

/* Takes what happened since the last report. True when there is a new loss to be explained. */
bool loss_detect_add(struct loss_detect *w, const struct path_span *span, const struct path_samples *path,
	struct loss_event *event);

/* Loss is so heavy that the next report may be awaited, but nothing more. */
bool loss_detect_is_gross(const struct loss_detect *w);

/* Takes what happened to packets sent at a rate far below the limit. True when they show that most of the
 * usual share is not random; the share is then corrected. */
bool loss_detect_refute(struct loss_detect *w, const struct path_span *span);

/* Lets the usual share slowly follow what is seen; upwards only if `may_grow`. */
void loss_detect_learn(struct loss_detect *w, const struct path_span *span, bool may_grow);

#endif
