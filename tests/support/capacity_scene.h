/* Searches for capacity over a path in virtual time: pacer -> queue or policer, shared with other
 * searches and with constant traffic -> loss -> delay -> receiver, whose reports come every 10 ms and go
 * back over a path that loses and delays them too. All chance comes from a seed. A unit is what moves
 * in one event: one packet, or a batch of them where there are too many. */
#ifndef TESTS_SUPPORT_CAPACITY_SCENE_H
#define TESTS_SUPPORT_CAPACITY_SCENE_H

#include <math.h>
#include <stdlib.h>

#include "proto/measure/bucket.h"
#include "proto/rate/capacity.h"
#include "proto/rate/pacer.h"
#include "tests/support/random.h"
#include "tests/support/test.h"

#define MBIT 1e6
#define GBIT 1e9

/* Parts of a scene. */
#define SHORT           .rtt_ms = 0.1, .seconds = 10
#define QUEUE(bps, ms)  .rate = {{0, bps}}, .queue_bytes = (bps) / 8e3 * (ms)
#define PLAIN(bps, ms)  QUEUE(bps, ms), SHORT
#define SHAPER(bps, b)  PLAIN(bps, 50), .bucket_bytes = (b)
#define POLICER(bps, b) .rate = {{0, bps}}, .bucket_bytes = (b), SHORT
#define HOST(bps, b)                                                                             \
	.rate = {{0, 50 * GBIT}}, .queue_bytes = 600e6, .rtt_ms = 0.1, .unit = 46, .seconds = 4, \
	.receiver_bps = (bps), .receiver_bytes = (b)
#define TWICE(bps) .fixed_bps = 2 * (bps)

enum {
	SCENE_FLOWS = 2,
	SCENE_STEPS = 3,
	SCENE_RING = 1 << 16,
	SCENE_REPORTS = 128, /* under way */
	SCENE_PAYLOAD = 1400,
	SCENE_OVERHEAD = 28,
	SCENE_BATCH = 46, /* packets that leave in one call */
	SCENE_DELAYS = 1 << 16,
	SCENE_BIN_MS = 25,
	SCENE_BINS = 30 * 1000 / SCENE_BIN_MS,
};

struct scene_step {
	double at_s, bps; /* IP layer */
};

/* What makes packets late behind the bottleneck, in order. */
enum scene_jitter {
	JITTER_NONE,
	JITTER_UNIFORM,     /* each packet by 0 .. jitter_ms */
	JITTER_EXPONENTIAL, /* by jitter_ms / 3 on the average */
	JITTER_SLOW,        /* as uniform, but it drifts from one value to the next in 1 .. 20 ms */
	JITTER_SPIKES,      /* one in some hundred packets holds up all behind it */
	JITTER_GRANTS,      /* packets leave together, about every jitter_ms */
};

/* How the bottleneck's rate changes: between low and high times rate[0]. */
enum scene_course { COURSE_STEPS, COURSE_SINE, COURSE_WALK };

struct scene {
	const char *name;
	struct scene_step rate[SCENE_STEPS]; /* the bottleneck's; from 0 s on */
	double queue_bytes;                  /* 0: none, a policer */
	double bucket_bytes;
	double peak_bps;  /* of a shaper while its bucket lasts; 0: no limit */
	double fixed_bps; /* is sent all the time, UDP payload; 0: what the search says */
	double loss;      /* by chance, behind the bottleneck */
	double rtt_ms;
	double cross_bps;                /* constant traffic through the same queue */
	double cross_from_s, cross_to_s; /* when; 0: always */
	double spike_ms;   /* receiver and sender are held up for up to this long, now and then */
	double sender_bps; /* the most the sender can do; 0: no limit */
	double receiver_bps, receiver_bytes; /* what the receiver's host can do, and its buffer */
	double skew_ppm;                     /* the receiver's clock runs faster by this */
	double report_loss;
	double ceiling_bps;
	double seconds;
	double second_starts_s; /* 0: one search only */
	unsigned unit;          /* packets that move as one above 1 Gbit/s; 0: 1 */
	enum scene_jitter jitter;
	double jitter_ms;
	enum scene_course course;
	double low, high, period_s;
	double loss_before;     /* by chance, in front of the bottleneck */
	double reorder;         /* share of packets that others pass, by up to ... */
	double reorder_ms;      /* ... that */
	double sender_pause_ms; /* the host stops for up to that, a few times a second */
	double receiver_pause_ms;
	double late_ms;       /* one turn in twenty of the sender's comes late by up to that */
	double budget_bytes;  /* stops when so much has been sent, at the IP layer; 0: never */
	double until_percent; /* stops as soon as it is certain to that; 0: never */
};

struct scene_unit {
	uint64_t at_ns;   /* arrival, or departure */
	uint64_t read_ns; /* arrived: when the receiver's host gets to it */
	uint64_t sent_ns;
	uint64_t channel; /* one above its last packet's */
	double bytes;     /* in the bottleneck */
	unsigned packets;
	unsigned drops; /* that the receiver's socket had no room for just before */
};

struct scene_ring {
	struct scene_unit unit[SCENE_RING];
	unsigned first, count;
};

struct scene_report {
	uint64_t at_ns;
	struct path_sample sample;
};

struct scene_flow {
	struct capacity capacity;
	struct bucket bucket;
	struct pacer pacer;
	uint64_t send_ns, report_ns;
	uint64_t sent, unlucky; /* packets; lost by chance */
	unsigned dropped;       /* in the receiver's socket since the last that it had room for */
	uint64_t busy_until_ns; /* the sender's host works until then */
	uint64_t host_until_ns; /* the receiver's host works until then */
	uint64_t last_arrival_ns;
	struct scene_ring way; /* delivered, not yet read */
	struct path_sample sample;
	struct scene_report report[SCENE_REPORTS];
	unsigned first_report, reports;
	uint64_t slept_ns, paused_ns; /* the sender's host and the receiver's stand still until then */
	uint64_t paused_from_ns;
	uint64_t next_stop_ns[2];
	uint64_t starts_ns;
	bool is_over;                  /* certain enough, or its budget spent */
	float got[SCENE_BINS];         /* bits arrived in each bin, IP layer */
	float queued_ms[SCENE_DELAYS]; /* of every 16th unit */
	unsigned queued;
};

struct world {
	const struct scene *scene;
	uint64_t random;
	uint64_t start_ns;
	struct scene_ring queue; /* packets in the bottleneck, by departure */
	double queued_bytes, tokens;
	uint64_t tokens_ns, departed_ns, cross_ns;
	double walk;                  /* COURSE_WALK: the rate's factor now ... */
	uint64_t walk_ns;             /* ... until then */
	double drift_ms, drift_to_ms; /* JITTER_SLOW: now, and at ... */
	uint64_t drift_from_ns, drift_ns;
	uint64_t grant_ns;              /* the next */
	double offered_bits, offered_s; /* what the bottleneck could carry, over time */
	uint64_t offered_ns;
	struct scene_flow flow[SCENE_FLOWS];
	unsigned flows;
};

uint64_t ms_to_ns(double ms);
struct world *world_new(const struct scene *scene, uint64_t seed);

/* Runs to the end; returns when that was. */
uint64_t world_run(struct world *w);

/* What came of it, for one flow. */
struct scene_outcome {
	double estimate_bps, percent;
	enum capacity_limit limit;
	double reached_s; /* when 95 % were first delivered */
	double loss;      /* of what was sent, that by chance left out */
	double queue_ms;  /* median */
	double mean_bps;  /* delivered in the last three quarters of the time */
	double ended_s;
};

/* When, from `from_s` on, two bins in a row first carried 95 % of `bps`; 1000 s: never. */
double flow_reached_s(const struct scene_flow *f, double bps, double from_s);

/* Delivered on average between two times of the flow's own, in IP bits a second. */
double flow_mean_bps(const struct scene_flow *f, double from_s, double to_s);

/* At the IP layer. */
double flow_sent_bytes(const struct scene_flow *f);

struct scene_outcome flow_outcome(struct scene_flow *f, double truth_bps, uint64_t end_ns);

/* What the samples of one search say of a bucket. */
struct bucket_result scene_bucket(const struct scene *scene, uint64_t seed);

#endif
