/* A token bucket that says how much may leave now, and when next. It holds at most a burst of tokens,
 * so time in which nothing was sent is not made up for by a burst later. Takes `now`, reads no clock.
 * Not thread-safe: it belongs to one source. */
#ifndef PROTO_RATE_PACER_H
#define PROTO_RATE_PACER_H

#include <stdbool.h>
#include <stdint.h>

struct pacer {
	uint64_t rate_bps; /* bits of UDP payload per second; 0: as fast as possible */
	uint64_t burst_bytes;
	uint64_t filled_ns;     /* when tokens were last added */
	uint64_t tokens_bit_ns; /* tokens in units of 1e-9 bit, so that nothing is lost to rounding */
};

/* Starts with an empty bucket. A burst is 1 ms of the rate, but at least `min_burst_bytes`
 * (one datagram, or one offload batch where the rate is above 1 Gbit/s). */
void pacer_init(struct pacer *p, uint64_t rate_bps, uint64_t min_burst_bytes, uint64_t now_ns);

/* Changes the rate, and with it the burst; keeps the tokens, up to the new burst. */
void pacer_set_rate(struct pacer *p, uint64_t rate_bps, uint64_t min_burst_bytes, uint64_t now_ns);

/* Bytes that may leave at `now_ns`; UINT64_MAX when the rate is 0. */
uint64_t pacer_allowance(struct pacer *p, uint64_t now_ns);

/* Deducts what has left: at most what pacer_allowance just returned. */
void pacer_consume(struct pacer *p, uint64_t bytes);

/* When `bytes` (at most a burst) may leave; now or in the past if they already may. */
uint64_t pacer_ready_ns(const struct pacer *p, uint64_t bytes);

/* The lower of two rate limits; 0 means none. Any thread. */
uint64_t pacer_lower(uint64_t a_bps, uint64_t b_bps);

#endif
