#include "proto/oneway.h"

void oneway_sample(struct oneway *o, const struct owd_exchange *x, bool is_loaded)
{
	struct owd_delay delay;

	if (!owd_sample(&o->owd, x, &delay))
		return;
	histogram_add(&o->up, delay.up_ns);
	histogram_add(&o->down, delay.down_ns);
	if (!is_loaded)
		return;
	histogram_add(&o->queue_up, delay.queue_up_ns);
	histogram_add(&o->queue_down, delay.queue_down_ns);
}

void oneway_sum_up(struct oneway *o, uint64_t now_ns, struct oneway_summary *out)
{
	struct owd_estimate e;

	if (!owd_estimate(&o->owd, now_ns, &e))
		return;
	*out = (struct oneway_summary){
		.known = true,
		.offset_ns = e.offset_ns,
		.offset_err_ns = e.offset_err_ns,
		.skew_ppm = e.skew_ppm,
		.up_ns = histogram_percentile(&o->up, 50),
		.down_ns = histogram_percentile(&o->down, 50),
		.queue_up_ns = histogram_percentile(&o->queue_up, 50),
		.queue_down_ns = histogram_percentile(&o->queue_down, 50),
	};
}
