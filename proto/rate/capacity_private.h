/* What the parts of the search share. Internal to it. */
#ifndef PROTO_RATE_CAPACITY_PRIVATE_H
#define PROTO_RATE_CAPACITY_PRIVATE_H

#include "proto/rate/capacity.h"

/* HOLD where loss is the limit: this share of the rate at which loss began. */
static const double CAPACITY_LOSSY_BELOW = 0.985;

/* What was delivered plus what random loss took: comparable with sending rates. */
double capacity_carried(const struct capacity *c, double deliver_bps);

/* The queue is long enough to explain a loss, and is already being drained. */
bool capacity_has_long_queue(const struct capacity *c);

void capacity_enter_hold(struct capacity *c, double level_bps, uint64_t now_ns);
void capacity_enter_startup(struct capacity *c, uint64_t now_ns);

/* Looks for a new loss; may change the state. */
void capacity_detect_loss(struct capacity *c, const struct path_span *step, uint64_t now_ns);

/* TRIAL takes a report. */
void capacity_trial(struct capacity *c, const struct path_span *step, uint64_t now_ns);

/* Adds a report to the current window; `busy`: all its packets were queued. */
void capacity_follow_window(struct capacity *c, bool busy);

/* Ends the current window, which counts if it is long enough. */
void capacity_close_window(struct capacity *c, const struct path_point *end, unsigned least_ms);

#endif
