/* The clocks. The only caller of clock_gettime; engine parts take `now` as an argument instead.
 * Every function may be called from any thread and can't fail. */
#ifndef PROTO_SYS_CLOCK_H
#define PROTO_SYS_CLOCK_H

#include <stdint.h>

enum {
	NS_PER_US = 1000,
	NS_PER_MS = 1000000,
	NS_PER_S = 1000000000,
};

/* Durations in nanoseconds. */
static inline uint64_t clock_s(uint64_t s)
{
	return s * NS_PER_S;
}

static inline uint64_t clock_ms(uint64_t ms)
{
	return ms * NS_PER_MS;
}

static inline uint64_t clock_us(uint64_t us)
{
	return us * NS_PER_US;
}

static inline double clock_in_ms(uint64_t ns)
{
	return (double)ns / NS_PER_MS;
}

/* Bits per second when `bytes` take `ns` nanoseconds; 0 when no time has passed. */
static inline double clock_bps(uint64_t bytes, double ns)
{
	return ns > 0 ? 8.0 * (double)bytes * NS_PER_S / ns : 0;
}

static inline uint64_t clock_earlier(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* No deadline: later than every time. */
#define CLOCK_NEVER UINT64_MAX

/* Nanoseconds on CLOCK_MONOTONIC: every timer and every latency uses this. */
uint64_t clock_now_ns(void);

/* Nanoseconds since 1970: for timestamps that people read, and to convert kernel receive times. */
uint64_t clock_wall_ns(void);

/* CPU time used by the calling thread, in nanoseconds. */
uint64_t clock_thread_cpu_ns(void);

/* Blocks the calling thread for `ns`, or until a signal arrives. */
void clock_sleep_ns(uint64_t ns);

#endif
