#include "proto/measure/owd.h"

void oneway_sample(struct oneway *o, const struct owd_exchange *x, bool is_loaded)
{
	struct histogram *delays = is_loaded ? o->loaded : o->idle;
	struct owd_delay delay;

	if (!owd_sample(&o->owd, x, &delay))
		return;
	histogram_add(&o->all[TEST_UP], delay.up_ns);
	histogram_add(&o->all[TEST_DOWN], delay.down_ns);
	histogram_add(&delays[TEST_UP], delay.up_ns);
	histogram_add(&delays[TEST_DOWN], delay.down_ns);
	if (!is_loaded)
		return;
	histogram_add(&o->queue[TEST_UP], delay.queue_up_ns);
	histogram_add(&o->queue[TEST_DOWN], delay.queue_down_ns);
}

static struct oneway_part part(const struct histogram *delays)
{
	return (struct oneway_part){
		.n = delays->n,
		.p50_ns = histogram_percentile(delays, 50),
		.p95_ns = histogram_percentile(delays, 95),
		.p99_ns = histogram_percentile(delays, 99),
	};
}

void oneway_sum_up(struct oneway *o, uint64_t now_ns, struct oneway_summary *out)
{
	struct owd_estimate e;

	if (!owd_estimate(&o->owd, now_ns, &e))
		return;
	out->known = true;
	out->offset_ns = e.offset_ns;
	out->offset_err_ns = e.offset_err_ns;
	out->skew_ppm = e.skew_ppm;
	out->up_ns = histogram_percentile(&o->all[TEST_UP], 50);
	out->down_ns = histogram_percentile(&o->all[TEST_DOWN], 50);
	out->queue_up_ns = histogram_percentile(&o->queue[TEST_UP], 50);
	out->queue_down_ns = histogram_percentile(&o->queue[TEST_DOWN], 50);
	for (int d = TEST_UP; d <= TEST_DOWN; d++) {
		if (out->idle[d].n != o->idle[d].n)
			out->idle[d] = part(&o->idle[d]);
		if (out->loaded[d].n != o->loaded[d].n)
			out->loaded[d] = part(&o->loaded[d]);
	}
}
