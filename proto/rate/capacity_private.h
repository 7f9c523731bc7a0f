/* What the parts of the search share. Internal to it. */
#ifndef PROTO_RATE_CAPACITY_PRIVATE_H
#define PROTO_RATE_CAPACITY_PRIVATE_H

#include "proto/rate/capacity.h"

enum { CAPACITY_ENOUGH_WINDOWS = 12 }; /* of 100 ms, to end a test */

/* HOLD where loss is the limit: this share of the rate at which loss began. */
static const double CAPACITY_LOSSY_BELOW = 0.985;

/* What was delivered plus what random loss took: comparable with sending rates. */
double capacity_carried(const struct capacity *c, double deliver_bps);

/* The queue that HOLD aims at where there is no noise. */
double capacity_target_ns(const struct capacity *c);

/* What packets are late by without a queue; 0: no more than the thresholds allow for. */
double capacity_noise_ns(const struct capacity *c);

/* Rates are taken over so long that noise at both ends of it is a small part. */
uint64_t capacity_span_least_ns(const struct capacity *c);

/* How far the rate swings, 0..1. */
double capacity_swing(const struct capacity *c);
void capacity_learn_swing(struct capacity *c, double deliver_bps);

/* How late the sender is as a rule, beyond what every host is now and then. */
double capacity_lateness_ns(const struct capacity *c);

/* A report ends the time over which the sender's lateness is learnt. */
void capacity_learn_lateness(struct capacity *c);

/* The queue that HOLD aims at: the bottleneck must have work while noise says otherwise, while the sender is
 * late, and when the rate rises. */
double capacity_aim_ns(const struct capacity *c);

/* A packet that is later than that has queued; below it may be noise, or clocks that drift. */
double capacity_busy_queue_ns(const struct capacity *c);

/* The queue is long enough to explain a loss, and is already being drained. */
bool capacity_has_long_queue(const struct capacity *c);

void capacity_enter_hold(struct capacity *c, double level_bps, uint64_t now_ns);
void capacity_enter_startup(struct capacity *c, uint64_t now_ns);

/* No report has come yet. */
bool capacity_is_waiting(const struct capacity *c);

/* STARTUP takes the first report, and any other. */
void capacity_startup_first(struct capacity *c, const struct path_sample *s, uint64_t now_ns);
void capacity_startup(struct capacity *c, const struct path_span *step, uint64_t now_ns);

/* STARTUP's rate now. */
double capacity_startup_bps(const struct capacity *c, uint64_t now_ns);

/* Takes a report about the receiver's host. */
void capacity_host_report(struct capacity *c, const struct path_sample *s, uint64_t now_ns);

/* It is what holds the search back. */
bool capacity_host_holds(const struct capacity *c);

/* No more than it takes. */
double capacity_host_bps(const struct capacity *c, double bps);

/* Looks for a new loss; may change the state. */
void capacity_detect_loss(struct capacity *c, const struct path_span *step, uint64_t now_ns);

/* TRIAL takes a report. */
void capacity_trial(struct capacity *c, const struct path_span *step, uint64_t now_ns);

/* Adds a report to the current window; `busy`: all its packets were queued. */
void capacity_follow_window(struct capacity *c, bool busy);

/* Ends the current window, which counts if it is long enough. */
void capacity_close_window(struct capacity *c, const struct path_point *end, unsigned least_ms);

/* capacity_brief.c: takes a report; forgets everything; whether short windows tell the most; and the share,
 * in percent, that may be lost without their having shown it. */
void capacity_follow_brief(struct capacity *c, bool busy);
void capacity_forget_brief(struct capacity *c);
bool capacity_is_brief(const struct capacity *c);
double capacity_brief_doubt(const struct capacity *c);

#endif
