#include "proto/rate/rate_debt.h"

#include "proto/sys/clock.h"

enum { RATE_DEBT_SLACK_MS = 2 }; /* what a pacer's burst may lag behind on its own */

static double bytes_in(uint64_t rate_bps, double seconds)
{
	return (double)rate_bps / 8 * seconds;
}

uint64_t rate_debt_rate(struct rate_debt *c, uint64_t rate_bps, uint64_t sent_bytes, uint64_t now_ns)
{
	double owed, most = bytes_in(rate_bps, RATE_DEBT_MS / 1e3);

	if (rate_bps != c->rate_bps || rate_bps == 0) {
		*c = (struct rate_debt){rate_bps, now_ns, sent_bytes};
		return rate_bps;
	}
	owed = bytes_in(rate_bps, (double)(now_ns - c->since_ns) / NS_PER_S) -
	       (double)(sent_bytes - c->since_bytes);
	if (owed > most)
		c->since_ns += (uint64_t)((owed - most) * 8 * NS_PER_S / (double)rate_bps);
	if (owed < bytes_in(rate_bps, RATE_DEBT_SLACK_MS / 1e3))
		return rate_bps;
	return rate_bps + rate_bps / 100 * RATE_DEBT_PERCENT;
}
