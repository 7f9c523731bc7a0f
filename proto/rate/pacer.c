/* Tokens are nanobits: a rate of 1 bit/s earns exactly one for each nanosecond, so no refill
 * rounds, however short. The bucket's size is what keeps all products within 64 bits: a refill
 * that would overflow it is found by division before anything is multiplied. */
#include "proto/rate/pacer.h"

#include "proto/sys/clock.h"

#include <assert.h>

static const uint64_t NANOBITS_IN_BYTE = 8 * (uint64_t)NS_PER_S;

enum { BURST_NS = NS_PER_MS };

static uint64_t capacity(const struct pacer *p)
{
	return p->burst_bytes * NANOBITS_IN_BYTE;
}

static void set_burst(struct pacer *p, uint64_t min_burst_bytes)
{
	uint64_t most = UINT64_MAX / NANOBITS_IN_BYTE;

	p->burst_bytes = p->rate_bps / 8 / (NS_PER_S / BURST_NS);
	if (p->burst_bytes < min_burst_bytes)
		p->burst_bytes = min_burst_bytes;
	if (p->burst_bytes > most)
		p->burst_bytes = most;
}

static void refill(struct pacer *p, uint64_t now_ns)
{
	uint64_t room = capacity(p) - p->tokens_bit_ns;
	uint64_t elapsed_ns;

	if (now_ns <= p->filled_ns)
		return;
	elapsed_ns = now_ns - p->filled_ns;
	p->filled_ns = now_ns;
	if (p->rate_bps == 0)
		return;
	if (elapsed_ns > room / p->rate_bps)
		p->tokens_bit_ns += room;
	else
		p->tokens_bit_ns += elapsed_ns * p->rate_bps;
}

void pacer_init(struct pacer *p, uint64_t rate_bps, uint64_t min_burst_bytes, uint64_t now_ns)
{
	*p = (struct pacer){.rate_bps = rate_bps, .filled_ns = now_ns};
	set_burst(p, min_burst_bytes);
}

void pacer_set_rate(struct pacer *p, uint64_t rate_bps, uint64_t min_burst_bytes, uint64_t now_ns)
{
	refill(p, now_ns);
	p->rate_bps = rate_bps;
	set_burst(p, min_burst_bytes);
	if (p->tokens_bit_ns > capacity(p))
		p->tokens_bit_ns = capacity(p);
}

uint64_t pacer_allowance(struct pacer *p, uint64_t now_ns)
{
	refill(p, now_ns);
	return p->rate_bps == 0 ? UINT64_MAX : p->tokens_bit_ns / NANOBITS_IN_BYTE;
}

void pacer_consume(struct pacer *p, uint64_t bytes)
{
	if (p->rate_bps == 0)
		return;
	assert(bytes <= p->tokens_bit_ns / NANOBITS_IN_BYTE);
	p->tokens_bit_ns -= bytes * NANOBITS_IN_BYTE;
}

uint64_t pacer_ready_ns(const struct pacer *p, uint64_t bytes)
{
	uint64_t missing;
	uint64_t wait_ns;

	if (p->rate_bps == 0)
		return p->filled_ns;
	assert(bytes <= p->burst_bytes);
	if (bytes * NANOBITS_IN_BYTE <= p->tokens_bit_ns)
		return p->filled_ns;
	missing = bytes * NANOBITS_IN_BYTE - p->tokens_bit_ns;
	wait_ns = missing / p->rate_bps + (missing % p->rate_bps != 0);
	return wait_ns > UINT64_MAX - p->filled_ns ? UINT64_MAX : p->filled_ns + wait_ns;
}

uint64_t pacer_lower(uint64_t a_bps, uint64_t b_bps)
{
	return a_bps == 0 || (b_bps != 0 && b_bps < a_bps) ? b_bps : a_bps;
}
