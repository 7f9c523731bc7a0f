#include "proto/measure/owd.h"

void owd_sample(struct owd *o, const struct clock_fit_exchange *x, bool is_loaded)
{
	struct histogram *delays = is_loaded ? o->loaded : o->idle;
	struct clock_fit_delay delay;

	if (!clock_fit_sample(&o->fit, x, &delay))
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

static struct owd_part part(const struct histogram *delays)
{
	return (struct owd_part){
		.n = delays->n,
		.p50_ns = histogram_percentile(delays, 50),
		.p95_ns = histogram_percentile(delays, 95),
		.p99_ns = histogram_percentile(delays, 99),
	};
}

void owd_sum_up(struct owd *o, uint64_t now_ns, struct owd_summary *out)
{
	struct clock_fit_estimate e;

	if (!clock_fit_estimate(&o->fit, now_ns, &e))
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
