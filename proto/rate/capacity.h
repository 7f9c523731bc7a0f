/* The search for a path's capacity: the receiver's reports in, the rate of sending out.
 *
 *             queue above target                     every second
 *   STARTUP ----------------------> HOLD <-----------------------------> DRAIN
 *    |   ^  no growth                | ^ ^        queue emptied
 *    |   +---------------------------+ | |
 *    |       no loss any more          | |
 *    +--------> TRIAL <----------------+-+
 *      new loss         loss explained
 *
 * The first two packets are sent together, and what they show (a packet pair: Keshav 1991) is begun with.
 * STARTUP multiplies what was delivered, report by report; a rate that is new to the path is sent for a
 * moment only, and then the one before it, until reports tell (the idea of a bounded probe is BBR's: Cardwell
 * et al., ACM Queue 2016). HOLD keeps a small queue at the bottleneck, so that it is never idle and what is
 * delivered is its rate; it steers by the queue as it must be by now, counting what was sent after the last
 * reported packet (a Smith predictor), so that a long path doesn't make it oscillate. The target shrinks with
 * the root of the rate: searches that share a bottleneck see the same queue, and the faster one aims at a
 * shorter one, so they converge (the idea is Copa's: Arun and Balakrishnan, NSDI 2018). DRAIN empties the
 * queue for a moment, so that every search sees the delay of the bare path (BBR's ProbeRTT:
 * draft-cardwell-iccrg-bbr). TRIAL finds out what a loss means that no queue explains: if it disappears at a
 * rate a tenth lower, it was a policer or a short buffer; if it stays, it is random, and no reason to slow
 * down (PCC: Dong et al., NSDI 2015). Where loss is the limit, HOLD stays just below it and probes for more
 * now and then.
 *
 * What is late is not always a queue (path_delay.h): on a path with noise HOLD's queue is deeper by as much,
 * rates are taken over longer, and STARTUP ends where even the fastest packets are later than noise explains.
 * Where what is delivered swings, or the sender is often woken late, the queue is deeper too, so that the
 * bottleneck has work meanwhile. The receiver's host has its own limit (receiver_limit.h), whatever is looked
 * for: waits and drops in its socket are no loss and no queue of the path's. Where the bottleneck has been
 * idle for longer than a DRAIN makes it, it has become faster, and HOLD sends a part more than is delivered
 * until a queue is back.
 *
 * The metric is RFC 9097's: IP layer, by the receiver's clock. It comes from stretches in which the
 * bottleneck was never idle (path_samples.h); if there were none, it is what was delivered, and
 * `limit` says what else held it back. While there are few of them, it comes from shorter ones
 * (capacity_brief.c). A policer has no queue: it is measured while it drops. Where the rate
 * varies, stretches count, too, in which more was delivered than the busy bottleneck carries as a rule.
 *
 * Sending rates count UDP payload, results count IP packets; bits per second. Not thread-safe:
 * belongs to one source. No errors: reports that make no sense are left out. */
#ifndef PROTO_RATE_CAPACITY_H
#define PROTO_RATE_CAPACITY_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/measure/path_delay.h"
#include "proto/measure/path_samples.h"
#include "proto/rate/loss_detect.h"
#include "proto/rate/rate_interval.h"
#include "proto/rate/receiver_limit.h"
#include "proto/record/test.h"

enum {
	CAPACITY_WAIT_BPS = 114000, /* until the first report */
	CAPACITY_START_BPS = 4000000,
	CAPACITY_FLOOR_BPS = 16000,
	CAPACITY_WINDOW_MS = 100, /* of delivery, for the result */
	CAPACITY_DRAIN_EVERY_MS = 1000,
	CAPACITY_OVERS = 33, /* points in an overload that are remembered */
};

enum capacity_state { CAPACITY_STARTUP, CAPACITY_HOLD, CAPACITY_DRAIN, CAPACITY_TRIAL };

struct capacity_plan {
	uint64_t ceiling_bps;    /* 0: none */
	uint32_t datagram_bytes; /* UDP payload */
	uint32_t overhead_bytes; /* UDP and IP headers: 28, or 48 for IPv6 */
};

struct capacity {
	struct capacity_plan plan;
	struct path_samples path;
	struct path_delay delay;
	struct loss_detect loss;
	struct receiver_limit host; /* what the receiver's takes, ... */
	double host_held;           /* ... and how often of late that was less than the search asked for */
	uint64_t host_packets;      /* received by the latest report */
	struct rate_interval busy, idle; /* windows of delivery */
	struct rate_interval all;        /* the busy ones, and the idle ones that are faster */
	struct rate_interval brief;      /* short busy ones, while there are few of the others */
	struct path_point brief_from;    /* start of the current one */
	bool brief_open;
	double brief_packets;           /* in all of them */
	double brief_least, brief_most; /* sent in one of them, of what arrived */
	struct path_point window;       /* start of the current one */
	bool window_open, window_busy;
	enum capacity_state state, after_trial;
	enum capacity_limit limit;
	bool is_lossy;      /* loss is the limit, not delay ... */
	double limit_share; /* ... and this share was lost when that was found */
	double rate_bps;    /* now */
	double level_bps;   /* what the bottleneck carries, random loss included */
	double best_bps;    /* STARTUP: the most that was delivered so far, ... */
	uint64_t best_ns;   /* ... and since when */
	uint64_t raised_ns; /* STARTUP: when the rate last rose, ... */
	double proven_bps;  /* ... and what was delivered by then */
	bool has_doubt;     /* STARTUP: since then, that the path carries it */
	bool again;         /* STARTUP: a level was known before */
	uint64_t phase_ns;  /* start of DRAIN, TRIAL or, if is_lossy, the stay below the limit */
	uint64_t phase_ends_ns;
	uint64_t drain_ns;           /* next DRAIN */
	uint64_t busy_ns;            /* when the bottleneck was last busy, or not expected to be */
	uint64_t heard_ns;           /* last report */
	double late_ns, late_now_ns; /* how late it sends, as a rule; and at the most since the last report */
	double steady_bps, swing;    /* what was delivered of late, and how far it is from that, as a rule */
	uint64_t round_trip_ns;
	double trial_rate; /* of what was delivered before */
	uint64_t trial_sent, trial_lost, trial_packets;
	struct path_point trial_from;
	struct loss_event event;                /* what a TRIAL is to explain */
	struct path_point over[CAPACITY_OVERS]; /* of the latest reports in a row that lost much */
	unsigned overs;
	bool is_over;
};

struct capacity_result {
	double bps; /* IP layer; without any window what was delivered for a moment, give or take all of it */
	double percent; /* half of the 95 % confidence interval */
	unsigned windows;
	enum capacity_limit limit;
};

void capacity_init(struct capacity *c, const struct capacity_plan *plan, uint64_t now_ns);

/* Takes a report. */
void capacity_report(struct capacity *c, const struct path_sample *s, uint64_t now_ns);

/* The rate to send at, UDP payload; never 0. It changes between reports too, when a DRAIN ends or reports
 * stay away: ask before each batch. */
uint64_t capacity_rate_bps(struct capacity *c, uint64_t now_ns);

/* What was due to be sent is sent only now, so much later. */
void capacity_note_lateness(struct capacity *c, uint64_t late_ns);

/* How long a burst must be so that a sender that wakes up as late as ours keeps its rate. */
uint64_t capacity_burst_ns(const struct capacity *c);

struct capacity_result capacity_result(const struct capacity *c);

/* What `percent` of the windows that the result comes from don't exceed; 0: too few of them were busy. */
double capacity_percentile_bps(const struct capacity *c, double percent);

/* The result is known to within `percent`, and on enough evidence to say so: what only held back the sender
 * is no such evidence, unless it was the rate that was asked for. */
bool capacity_is_certain(const struct capacity *c, double percent);

#endif
