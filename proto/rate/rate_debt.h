/* Holds a given rate over a second even though a thread is sometimes woken late: a pacer never makes up for
 * missed time in a burst, so what it missed is caught up by sending up to RATE_DEBT_PERCENT faster for a
 * while. Anything missed beyond RATE_DEBT_MS of the rate is given up. Takes `now`, reads no clock. Belongs to
 * one source. */
#ifndef PROTO_RATE_RATE_DEBT_H
#define PROTO_RATE_RATE_DEBT_H

#include <stdint.h>

enum { RATE_DEBT_PERCENT = 5, RATE_DEBT_MS = 100 };

struct rate_debt {
	uint64_t rate_bps; /* the rate to hold */
	uint64_t since_ns, since_bytes;
};

/* The rate to pace at so that `rate_bps` is held, with `sent_bytes` sent so far; 0 for 0. A new rate inherits
 * no debt. */
uint64_t rate_debt_rate(struct rate_debt *c, uint64_t rate_bps, uint64_t sent_bytes, uint64_t now_ns);

#endif
