#include "proto/engine/load_rate.h"

#include "proto/sys/clock.h"

void load_rate_add(struct load_rate *r, uint64_t bytes, uint64_t now_ns)
{
	if (bytes == 0)
		return;
	if (r->at_ns == 0) {
		r->at_ns = now_ns;
		r->bytes = bytes;
	}
	if (now_ns < r->at_ns + clock_ms(LOAD_RATE_MS) || bytes < r->bytes + LOAD_RATE_BYTES)
		return;
	r->bps = (uint64_t)clock_bps(bytes - r->bytes, (double)(now_ns - r->at_ns));
	r->at_ns = now_ns;
	r->bytes = bytes;
}

bool load_rate_is_news(struct load_rate *r)
{
	uint64_t least = r->told_bps - r->told_bps / 4, most = r->told_bps + r->told_bps / 4;

	if (r->bps >= least && r->bps <= most)
		return false;
	r->told_bps = r->bps;
	return true;
}
