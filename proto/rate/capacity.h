/* The search for a path's capacity: the receiver's reports in, the rate of sending out.
 *
 *             queue above target                     every second
 *   STARTUP ----------------------> HOLD <-----------------------------> DRAIN
 *    |   ^  no growth                | ^ ^        queue emptied
 *    |   +---------------------------+ | |
 *    |       idle for long             | |
 *    +--------> TRIAL <----------------+-+
 *      new loss         loss explained
 *
 * STARTUP multiplies what was delivered, report by report. HOLD keeps a small queue at the bottleneck,
 * so that it is never idle and what is delivered is its rate; it steers by the queue as it must be by
 * now, counting what has been sent since the packet that was last heard of (a Smith predictor), so that
 * a long way doesn't make it swing. The target shrinks with the root of the rate: searches that share
 * a bottleneck see the same queue, and who has more aims at less, so they become equal (the idea is
 * Copa's: Arun and Balakrishnan, NSDI 2018). DRAIN empties the queue for a moment, so that every search
 * sees the delay of the bare path (BBR's ProbeRTT: draft-cardwell-iccrg-bbr). TRIAL finds out what a
 * loss means that no queue explains: if it goes when the rate is a tenth lower, it was a policer or a
 * short buffer; if it stays, it is chance, and no reason to be slower (PCC: Dong et al., NSDI 2015).
 * Where loss is the limit, HOLD stays just below it and tries more now and then.
 *
 * The metric is RFC 9097's: IP layer, by the receiver's clock. It comes from stretches in which the
 * bottleneck was never idle (path_samples.h); if there were none, it is what was delivered, and
 * `limit` says what else was in the way.
 *
 * Rates that are set count UDP payload, results count IP packets; bits a second. Not thread-safe:
 * belongs to one source. No errors: reports that make no sense are left out. */
#ifndef PROTO_RATE_CAPACITY_H
#define PROTO_RATE_CAPACITY_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/measure/path_samples.h"
#include "proto/rate/loss_detect.h"
#include "proto/rate/rate_interval.h"

enum {
	CAPACITY_START_BPS = 4000000,
	CAPACITY_FLOOR_BPS = 100000,
	CAPACITY_WINDOW_MS = 100, /* of delivery, for the result */
	CAPACITY_DRAIN_EVERY_MS = 1000,
};

enum capacity_state { CAPACITY_STARTUP, CAPACITY_HOLD, CAPACITY_DRAIN, CAPACITY_TRIAL };

enum capacity_limit {
	CAPACITY_UNKNOWN,  /* no limit was found yet */
	CAPACITY_NETWORK,  /* the bottleneck was busy: the result is its rate */
	CAPACITY_SENDER,   /* the source couldn't send faster: the path carries at least the result */
	CAPACITY_RECEIVER, /* the receiver's host lost what was more */
	CAPACITY_CEILING,  /* more was not allowed */
};

struct capacity_plan {
	uint64_t ceiling_bps;    /* 0: none */
	uint32_t datagram_bytes; /* UDP payload */
	uint32_t overhead_bytes; /* UDP and IP headers: 28, or 48 for IPv6 */
};

struct capacity {
	struct capacity_plan plan;
	struct path_samples path;
	struct loss_detect loss;
	struct rate_interval busy, idle; /* windows of delivery */
	struct path_point window;        /* begin of the one under way */
	bool window_open, window_busy;
	enum capacity_state state, after_trial;
	enum capacity_limit limit;
	bool is_lossy;      /* loss is the limit, not delay ... */
	double limit_share; /* ... and this was lost when that was found */
	double rate_bps;    /* now */
	double level_bps;   /* what the bottleneck takes, loss by chance included */
	double best_bps;    /* STARTUP: most that was delivered so far, since ... */
	uint64_t best_ns;   /* ... then */
	double gain;        /* STARTUP: growth a report */
	uint64_t phase_ns;  /* begin of DRAIN, TRIAL or, where is_lossy, the stay below the limit */
	uint64_t phase_ends_ns;
	uint64_t drain_ns; /* next DRAIN */
	uint64_t busy_ns;  /* when the bottleneck was last busy, or had no reason to be */
	uint64_t heard_ns; /* last report */
	uint64_t round_trip_ns;
	double trial_rate; /* of what was delivered before */
	uint64_t trial_sent, trial_lost, trial_packets;
	struct path_point trial_from;
	struct loss_event event; /* that a TRIAL explains */
};

struct capacity_result {
	double bps;     /* IP layer */
	double percent; /* half of the 95 % confidence interval */
	unsigned windows;
	enum capacity_limit limit;
};

void capacity_init(struct capacity *c, const struct capacity_plan *plan, uint64_t now_ns);

/* A report has come in. */
void capacity_report(struct capacity *c, const struct path_sample *s, uint64_t now_ns);

/* What to send at, UDP payload; never 0. It changes between reports too, when a DRAIN ends or when no
 * report comes for long: ask before each batch. */
uint64_t capacity_rate_bps(struct capacity *c, uint64_t now_ns);

struct capacity_result capacity_result(const struct capacity *c);

/* The result is known to `percent`, and rests on enough to say so. */
bool capacity_is_certain(const struct capacity *c, double percent);

#endif
