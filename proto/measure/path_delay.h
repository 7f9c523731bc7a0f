/* What of a path's delay is a queue of ours, and what is noise: of the path (Wi-Fi, DOCSIS and LTE deliver
 * late or in bursts), or of either host's scheduler.
 *
 * A queue makes every packet late, noise only some: so the delay that counts is that of the fastest packet of
 * a report. It is compared with the fastest of a calm time, in which no queue of ours can have stood because
 * packets had been sent so slowly. A jitter that keeps packets in order delays them more the more densely
 * they are sent, without any queue; so a calm time replaces the one before it, faster or slower. That also
 * forgets how far the clocks have drifted apart, and an old route.
 *
 * The noise is how far the slowest packet of a calm time was behind its fastest; and what delays fall by that
 * no queue explains. A jitter that keeps packets in order falls as fast as time goes by, like a queue into
 * which nothing is sent; but a queue at a bottleneck of rate C into which S is sent shrinks by no more than
 * 1 - S / C of the time in which that was sent. Where C rises meanwhile, that takes a queue for noise; what
 * several reports in a row show nothing of is soon forgotten.
 *
 * No clock. Not thread-safe: belongs to one source. */
#ifndef PROTO_MEASURE_PATH_DELAY_H
#define PROTO_MEASURE_PATH_DELAY_H

#include "proto/measure/path_samples.h"

struct path_delay {
	unsigned points; /* looked at so far */
	int64_t base_ns; /* the fastest packet's delay */
	uint64_t noise_ns;
	int64_t slowest_ns;  /* the slowest packet's, less what a queue may have shrunk by since */
	uint64_t arrival_ns; /* of the latest point */
	uint64_t calm_from_ns, calm_until_ns; /* packets sent in between meet no queue of ours; 0: none */
	unsigned quiet;                       /* reports in a row that show next to nothing of the noise */
	unsigned calm;                        /* reports about them so far */
	int64_t calm_fastest_ns, calm_slowest_ns;
	double carries_bps; /* 0: nobody knows */
};

/* The latest point of `p` is new. */
void path_delay_add(struct path_delay *d, const struct path_samples *p);

/* What the path carries, UDP payload, as far as is known; 0: not at all. */
void path_delay_carries(struct path_delay *d, double bps);

/* What leaves between the two times, by the sender's clock, meets no queue of ours. */
void path_delay_calm(struct path_delay *d, uint64_t from_ns, uint64_t until_ns);

/* How long the fastest packet of a report has queued, noise included; `back` as in path_samples_point. */
uint64_t path_delay_queue_ns(const struct path_delay *d, const struct path_samples *p, unsigned back);

/* The same of the latest packet. */
uint64_t path_delay_last_queue_ns(const struct path_delay *d, const struct path_samples *p);

#endif
