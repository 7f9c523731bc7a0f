/* Keeps a given rate true over a second although a thread is sometimes woken late: a pacer never repays
 * missed time in a burst, so what it missed is made up by going up to RATE_DEBT_PERCENT faster for a while.
 * What was missed beyond RATE_DEBT_MS of the rate is given up. Takes `now`, reads no clock. Belongs to one
 * source. */
#ifndef PROTO_RATE_RATE_DEBT_H
#define PROTO_RATE_RATE_DEBT_H

#include <stdint.h>

enum { RATE_DEBT_PERCENT = 5, RATE_DEBT_MS = 100 };

struct rate_debt {
	uint64_t rate_bps; /* that is to be kept */
	uint64_t since_ns, since_bytes;
};

/* The rate to pace at, so that `rate_bps` is kept, when `sent_bytes` have been sent so far; 0 for 0. A new
 * rate owes nothing of the old one. */
uint64_t rate_debt_rate(struct rate_debt *c, uint64_t rate_bps, uint64_t sent_bytes, uint64_t now_ns);

#endif
