/* Finds out the meaning of a loss that no queue explains. */
#include "proto/rate/capacity_private.h"
#include "proto/sys/clock.h"

#include <math.h>

/* The rate of a TRIAL, relative to what was delivered; heavy loss takes up to TRIAL_DEEPER off. */
static const double TRIAL_RATE = 0.9, TRIAL_DEEPER = 0.3;
/* The most that remains of a loss which depends on the rate, and the least of one which doesn't. */
static const double TRIAL_GONE = 0.33, TRIAL_STAYS = 0.67;
static const double LEAST_SHARE = 0.001; /* smaller losses are ignored */
static const double LOW_RATE = 0.8;      /* of the level: any loss there is random */
static const double NEW_LEVEL = 0.1;     /* a limit that differs by more is a new one */
static const double OVER_SHARE = 0.1;    /* more loss than that: the limit has no room left */

enum {
	TRIAL_MS = 400,    /* at most, ... */
	TRIAL_LOSSES = 20, /* ... and until this many losses can be expected */
	JUDGED_PACKETS = 20,
	OVER_LEAST_MS = 25,
	OVER_WINDOW_MS = 10,
};

static double payload_bps(const struct capacity *c, double ip_bps)
{
	return ip_bps * c->plan.datagram_bytes / (c->plan.datagram_bytes + c->plan.overhead_bytes);
}

static void add_overload(struct capacity *c, const struct path_point *p)
{
	if (c->overs == CAPACITY_OVERS ||
		(c->overs > 0 && p->arrival_ns < c->over[c->overs - 1].arrival_ns + clock_ms(OVER_WINDOW_MS)))
		return;
	c->over[c->overs++] = *p;
}

/* While a policer or a full buffer has no room left, what is delivered is what it carries. Its first and
 * last reports tell also of the times when there was. */
static void follow_overload(struct capacity *c, const struct path_span *step)
{
	double lost = (double)step->lost - c->loss.share * (double)step->sent;
	bool is_over = lost > OVER_SHARE * (double)step->sent && lost > 1;

	if (is_over && !c->is_over)
		c->overs = 0;
	if (is_over)
		add_overload(c, path_samples_point(&c->path, c->is_over));
	c->is_over = is_over;
}

/* A TRIAL has shown that the overload before it was ours. It counts in short windows: one alone would not say
 * how sure its rate is. */
static double overload_bps(struct capacity *c, double otherwise_bps)
{
	const struct path_point *from = &c->over[0], *to = &c->over[c->overs ? c->overs - 1 : 0];

	if (to->arrival_ns < from->arrival_ns + clock_ms(OVER_LEAST_MS))
		return otherwise_bps;
	for (unsigned i = 1; i < c->overs; i++) {
		c->window = c->over[i - 1];
		c->window_busy = true;
		capacity_close_window(c, &c->over[i], OVER_WINDOW_MS);
	}
	return 8.0 * (double)(to->bytes - from->bytes) / (double)(to->arrival_ns - from->arrival_ns) *
	       (double)NS_PER_S;
}

static void settle_below(struct capacity *c, const struct loss_event *e, uint64_t now_ns)
{
	const struct path_point *end = path_samples_point(&c->path, 0);
	double known_bps = payload_bps(c, rate_interval_estimate(&c->busy).mean_bps);

	if (fabs(e->deliver_bps - known_bps) > NEW_LEVEL * known_bps) {
		rate_interval_reset(&c->busy);
		rate_interval_reset(&c->all);
		capacity_forget_brief(c);
	}
	if (end->arrival_ns > e->from.arrival_ns && c->state != CAPACITY_TRIAL) {
		c->window = e->from;
		c->window_busy = true;
		capacity_close_window(c, end, CAPACITY_WINDOW_MS / 4);
	}
	c->window_open = false;
	c->limit = CAPACITY_NETWORK;
	c->is_lossy = true;
	c->limit_share = e->share;
	capacity_enter_hold(c, e->deliver_bps, now_ns);
	c->rate_bps = CAPACITY_LOSSY_BELOW * c->level_bps;
}

static void enter_trial(struct capacity *c, const struct loss_event *e, uint64_t now_ns)
{
	if (c->state != CAPACITY_TRIAL)
		c->after_trial = c->state == CAPACITY_STARTUP ? CAPACITY_STARTUP : CAPACITY_HOLD;
	c->trial_from = *path_samples_point(&c->path, 0);
	c->state = CAPACITY_TRIAL;
	c->event = *e;
	c->phase_ns = now_ns;
	c->phase_ends_ns = now_ns + clock_ms(TRIAL_MS) + c->round_trip_ns;
	c->trial_sent = c->trial_lost = 0;
	c->trial_packets = (uint64_t)(TRIAL_LOSSES / fmax(e->share, LEAST_SHARE));
	c->trial_rate = TRIAL_RATE - fmin(e->share, TRIAL_DEEPER);
	c->rate_bps = c->trial_rate * capacity_carried(c, e->deliver_bps);
}

/* The loss is random. Then go on as before; but if loss had been taken for the limit and was no greater than
 * random loss explains, no limit has been found yet. */
static void accept_chance(struct capacity *c, double share, uint64_t now_ns)
{
	c->loss.share = share;
	loss_detect_calm(&c->loss);
	c->rate_bps /= c->trial_rate;
	if (c->is_lossy && share > c->limit_share / 2) {
		capacity_enter_startup(c, now_ns);
	} else if (c->is_lossy) {
		capacity_enter_hold(c, c->level_bps, now_ns);
	} else if (c->after_trial == CAPACITY_STARTUP) {
		c->state = CAPACITY_STARTUP;
		c->best_ns = now_ns;
	} else {
		capacity_enter_hold(c, capacity_carried(c, c->event.deliver_bps), now_ns);
	}
}

static void finish_trial(struct capacity *c, uint64_t now_ns)
{
	struct loss_event again = {.share = (double)c->trial_lost / (double)c->trial_sent};
	double kept = again.share / c->event.share;
	struct path_span span;

	if (kept < TRIAL_GONE) {
		c->loss.share = again.share; /* what remains at the lower rate is random */
		c->event.deliver_bps = overload_bps(c, c->event.deliver_bps);
		settle_below(c, &c->event, now_ns);
		return;
	}
	again.from = c->trial_from;
	if (kept < TRIAL_STAYS && path_samples_span(&c->path, &c->trial_from, &span)) {
		again.deliver_bps = span.deliver_bps;
		enter_trial(c, &again, now_ns); /* it depends on the rate: was that low enough? */
		return;
	}
	accept_chance(c, again.share, now_ns);
}

void capacity_trial(struct capacity *c, const struct path_span *step, uint64_t now_ns)
{
	if (step->began_ns >= c->phase_ns) {
		c->trial_sent += step->sent;
		c->trial_lost += step->lost;
	}
	if (c->trial_sent > 0 && (c->trial_sent >= c->trial_packets || now_ns >= c->phase_ends_ns))
		finish_trial(c, now_ns);
}

void capacity_detect_loss(struct capacity *c, const struct path_span *step, uint64_t now_ns)
{
	double deliver_bps = c->level_bps * (1 - c->loss.share); /* before more is known about the loss */
	struct loss_event event;

	follow_overload(c, step);
	if (c->state == CAPACITY_TRIAL)
		return;
	/* The first reports cover few packets, and chance has its way with them. */
	if (c->state == CAPACITY_STARTUP && step->sent < JUDGED_PACKETS)
		return;
	if (step->send_bps < LOW_RATE * c->level_bps && loss_detect_refute(&c->loss, step)) {
		c->is_lossy = true;
		c->limit_share = 1;
		capacity_enter_hold(c, deliver_bps, now_ns);
	}
	if (capacity_has_long_queue(c)) {
		loss_detect_calm(&c->loss); /* the queue explains it, and is already being drained */
		return;
	}
	if (!loss_detect_add(&c->loss, step, &c->path, &event))
		return;
	/* While it climbs towards a known limit, the loss is no surprise. */
	if (event.host_share > 0.5)
		loss_detect_calm(&c->loss); /* the host's limit sees to it */
	else if (c->is_lossy && c->rate_bps > c->level_bps)
		settle_below(c, &event, now_ns);
	else
		enter_trial(c, &event, now_ns);
}
