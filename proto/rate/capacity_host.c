/* What the receiver's host can take steers a search as it steers a source without a rate (receiver_limit.h):
 * the search goes on to look for the path's limit, and what it sends is no more than the host's. */
#include "proto/rate/capacity_private.h"

#include <math.h>

static const double HELD_FOLLOWS = 0.05; /* of a report, in whether the host holds the search back */

enum { JUDGED_PACKETS = 64 }; /* of fewer since the report before, all may have waited for one late turn */

/* The host takes less than the search would send. */
static bool is_below(const struct capacity *c)
{
	uint64_t most_bps = receiver_limit_rate_bps(&c->host);

	return most_bps > 0 && (double)most_bps < c->rate_bps;
}

void capacity_host_report(struct capacity *c, const struct path_sample *s, uint64_t now_ns)
{
	struct path_sample seen = *s;

	if (s->packets - c->host_packets < JUDGED_PACKETS)
		seen.waited_ns = 0;
	c->host_packets = s->packets;
	receiver_limit_report(&c->host, &seen, now_ns);
	c->host_held += HELD_FOLLOWS * (is_below(c) - c->host_held);
}

bool capacity_host_holds(const struct capacity *c)
{
	return c->host_held > 0.5;
}

double capacity_host_bps(const struct capacity *c, double bps)
{
	return is_below(c) ? fmin(bps, (double)receiver_limit_rate_bps(&c->host)) : bps;
}
