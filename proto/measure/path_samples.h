/* What a receiver's reports say about the path: how fast packets left and arrived, how many were lost, and
 * how long they queued.
 *
 * A report gives the last packet's arrival on the receiver's clock and its delay, which is arrival
 * minus departure. So its departure on the sender's own clock is known too, exactly, and the rates of
 * sending and of delivery are taken over the same packets. The clocks need not agree: only differences
 * are used.
 *
 * The queue is the delay above the smallest one in the last PATH_BASE_BINS bins of time. That window
 * forgets the effect of other flows' queues, a changed route or clocks that drift apart (100 ppm are
 * 0.15 ms in 1.5 s), provided that the queue drains now and then.
 *
 * Where every packet was queued, the bottleneck was never idle, and the delivery rate is its rate:
 * such a stretch is called busy.
 *
 * Not thread-safe: belongs to one source. */
#ifndef PROTO_MEASURE_PATH_SAMPLES_H
#define PROTO_MEASURE_PATH_SAMPLES_H

#include <stdbool.h>
#include <stdint.h>

enum {
	PATH_POINTS = 32,
	PATH_BASE_BINS = 5,
	PATH_BASE_BIN_MS = 300,
	PATH_SPAN_MS = 25, /* rates are taken over at least this long */
};

/* A report as the search needs it. Counts are cumulative. */
struct path_sample {
	uint64_t packets, bytes; /* received; bytes of UDP payload */
	uint64_t next_channel;   /* one above the highest channel sequence received */
	uint64_t host_drops;     /* lost in the receiver's own socket */
	uint64_t arrival_ns;     /* of the packet next_channel - 1, on the receiver's clock */
	int64_t delay_last_ns;   /* its arrival - its send time, clocks not aligned */
	int64_t delay_min_ns;    /* the smallest since the last report */
	uint64_t round_trip_ns;
	uint64_t sent_packets; /* by the source, when the report came in */
	uint64_t clock_ns;     /* the receiver's, as it wrote the report */
	uint64_t waited_ns;    /* in the receiver's socket, the smallest since the last report */
};

struct path_point {
	uint64_t packets, bytes, next_channel, host_drops;
	uint64_t arrival_ns; /* the receiver's clock */
	uint64_t sent_ns;    /* of the last packet, the sender's clock */
	int64_t delay_ns;    /* smallest since the point before */
};

struct path_samples {
	struct path_point point[PATH_POINTS]; /* ring */
	unsigned points;                      /* in all, ever */
	int64_t base_ns[PATH_BASE_BINS];      /* smallest delay of each bin of time, ring */
	uint64_t bin;                         /* the latest */
};

/* Of the packets between two points. */
struct path_span {
	double send_bps, deliver_bps; /* UDP payload */
	double ns;                    /* by the receiver's clock */
	uint64_t sent, lost, host_lost;
	uint64_t began_ns; /* all packets left after it */
};

/* Takes a report. False when it brings no new packet, or is older than one seen before. */
bool path_samples_add(struct path_samples *p, const struct path_sample *s, uint64_t now_ns);

/* The latest point, and the one `back` reports before it, or the oldest that is known. */
const struct path_point *path_samples_point(const struct path_samples *p, unsigned back);

/* Between a point and the latest one. False when no time lies between them. */
bool path_samples_span(const struct path_samples *p, const struct path_point *from, struct path_span *span);

/* How many points back the shortest span of `least_ns`, by the receiver's clock, begins. */
unsigned path_samples_back(const struct path_samples *p, uint64_t least_ns);

/* The shortest time that a packet was queued since the point before; `back` as above. */
uint64_t path_samples_queue_ns(const struct path_samples *p, unsigned back);

/* How long the latest packet was queued. */
uint64_t path_samples_last_queue_ns(const struct path_samples *p);

#endif
