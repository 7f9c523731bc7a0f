/* One-way delays without synchronised clocks.
 *
 * An exchange is four times: the client sent (its clock), the server received and sent (its own
 * clock), the client received. Anything above the lower envelope of server_received - client_sent is
 * queueing on the way up, and above that of client_received - server_sent, on the way down: neither needs
 * the clocks' offset. Their speeds differ, so the envelopes are lines: the lower convex hulls of (time,
 * difference) as in Moon, Skelly, Towsley, "Estimation and Removal of Clock Skew from Network Delay
 * Measurements" (INFOCOM 1999). Both directions share one skew, with opposite signs; of the lines
 * below all points, the one that most bins come close to and that makes no delay negative is taken.
 *
 * Offset and one-way delays assume that the shortest trips up and down take equally long. Nothing that the
 * two ends can observe proves otherwise, so half of the shortest round trip remains in every error (RFC 5905,
 * section 8). A route that gets longer on one side later shows on that side only.
 *
 * The lowest points of CLOCK_FIT_BINS spans of time are kept; the spans double in length up to 2.1 s, after
 * which the oldest quarter is forgotten: a window of 3.4 to 4.6 minutes. When a clock jumps by more
 * than the shortest round trip, the past is useless and forgotten; a smaller jump goes unnoticed until it
 * leaves the window.
 *
 * Times in ns. A sample costs O(1) amortised, a fit O(CLOCK_FIT_BINS * corners of the hulls). Nothing is
 * allocated. Not thread-safe: belongs to one port. */
#ifndef PROTO_MEASURE_CLOCK_FIT_H
#define PROTO_MEASURE_CLOCK_FIT_H

#include <stdbool.h>
#include <stdint.h>

enum {
	CLOCK_FIT_BINS = 128,
	CLOCK_FIT_WIDTH_MIN_BITS = 24, /* a bin is 2^24 ns = 17 ms wide at first, */
	CLOCK_FIT_WIDTH_MAX_BITS = 31, /* and 2^31 ns = 2.1 s at most */
	CLOCK_FIT_SKEW_MAX_PPM = 1000, /* two crystals and two clocks that are being steered */
};

struct clock_fit_exchange {
	uint64_t client_sent_ns, server_received_ns;
	uint64_t server_sent_ns, client_received_ns;
};

/* Differences of the clocks and client times, both relative to the first sample. */
struct clock_fit_point {
	int64_t at_ns, value_ns;
};

struct clock_fit_bin {
	bool used;
	int64_t rtt_ns;
	struct clock_fit_point up, down; /* the lowest of each direction, skew removed */
};

/* The envelopes are up_ns + skew * t and down_ns - skew * t. */
struct clock_fit_line {
	bool valid;
	double skew, skew_err; /* 1e-6 is 1 ppm */
	double up_ns, down_ns, rtt_ns;
	double middle_ns; /* of the times it is based on */
};

/* All zero: nothing has been sampled. */
struct clock_fit {
	uint64_t samples;
	uint64_t origin_ns; /* client clock of the first sample */
	uint64_t base_ns;   /* server_received - client_sent of it, modulo 2^64 */
	int64_t start_ns;   /* of the first bin */
	unsigned width_bits;
	struct clock_fit_line line;
	struct clock_fit_bin bin[CLOCK_FIT_BINS];
};

/* Queues are above the envelopes of all that had been sampled by then. up_ns and down_ns are off by
 * at most err_ns, in opposite directions. */
struct clock_fit_delay {
	uint64_t queue_up_ns, queue_down_ns;
	uint64_t up_ns, down_ns, err_ns;
};

struct clock_fit_estimate {
	int64_t offset_ns;      /* server clock minus client clock */
	uint64_t offset_err_ns; /* half of rtt_min_ns, plus what the skew may have added since */
	double skew_ppm;        /* positive: the server's clock is faster */
	double skew_err_ppm;    /* what the points leave open; not a bound, but rarely exceeded */
	uint64_t rtt_min_ns;    /* shortest round trip in the window, without the server's time */
};

/* Takes an exchange and tells how it was delayed. Exchanges may come in any order. False, with no effect,
 * when the times contradict each other. */
bool clock_fit_sample(struct clock_fit *o, const struct clock_fit_exchange *x, struct clock_fit_delay *delay);

/* The relation of the clocks at `client_ns` by the client's clock. False before the first sample. */
bool clock_fit_estimate(struct clock_fit *o, uint64_t client_ns, struct clock_fit_estimate *estimate);

#endif
