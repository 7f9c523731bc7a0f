/* What a port's round trips amount to. */
#include "proto/engine/heartbeat.h"

#include <string.h>

#include "proto/sys/clock.h"

static struct latency_part part(const struct heartbeat_part *p)
{
	const struct histogram *r = &p->round_trip;

	return (struct latency_part){
		.n = r->n,
		.lost = p->lost,
		.min_ns = r->min_ns,
		.mean_ns = histogram_mean(r),
		.p50_ns = histogram_percentile(r, 50),
		.p90_ns = histogram_percentile(r, 90),
		.p95_ns = histogram_percentile(r, 95),
		.p99_ns = histogram_percentile(r, 99),
		.max_ns = r->max_ns,
		.jitter_ns = p->jitter_ns,
	};
}

static void sum_up(const struct heartbeat *h, struct latency_summary *out)
{
	struct heartbeat_part all = h->idle;
	struct latency_part sum;

	histogram_merge(&all.round_trip, &h->loaded.round_trip);
	sum = part(&all);
	out->n = sum.n;
	out->last_ns = h->last_ns;
	out->min_ns = sum.min_ns;
	out->mean_ns = sum.mean_ns;
	out->p50_ns = sum.p50_ns;
	out->p90_ns = sum.p90_ns;
	out->p99_ns = sum.p99_ns;
	out->max_ns = sum.max_ns;
	out->jitter_ns = h->jitter_ns;
	if (out->idle.n != h->idle.round_trip.n)
		out->idle = part(&h->idle);
	if (out->loaded.n != h->loaded.round_trip.n)
		out->loaded = part(&h->loaded);
}

void heartbeat_summary(struct heartbeat *h, uint64_t now_ns, struct latency_summary *out)
{
	out->sent = h->sent;
	out->lost = h->lost;
	out->idle.lost = h->idle.lost;
	out->loaded.lost = h->loaded.lost;
	if (out->outcomes == h->outcomes)
		return; /* everything else depends on the outcomes alone */
	out->outcomes = h->outcomes;
	memcpy(out->recent_ns, h->recent_ns, sizeof out->recent_ns);
	if (out->n != h->idle.round_trip.n + h->loaded.round_trip.n)
		sum_up(h, out);
	if (h->owd && now_ns >= h->owd_due_ns) {
		owd_sum_up(h->owd, now_ns, &out->owd);
		h->owd_due_ns = now_ns + clock_ms(HEARTBEAT_OWD_MS);
	}
}
