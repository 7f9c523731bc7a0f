#include "tests/support/capacity_outcome.h"

static int compare_floats(const void *a, const void *b)
{
	float x = *(const float *)a, y = *(const float *)b;

	return (x > y) - (x < y);
}

double flow_reached_s(const struct scene_flow *f, double bps, double from_s)
{
	double enough = 0.95 * bps * SCENE_BIN_MS / 1e3 * 2;

	for (unsigned i = (unsigned)(from_s * 1e3 / SCENE_BIN_MS); i + 1 < SCENE_BINS; i++)
		if ((double)f->got[i] + (double)f->got[i + 1] >= enough)
			return i * (SCENE_BIN_MS / 1e3);
	return 1000;
}

double flow_mean_bps(const struct scene_flow *f, double from_s, double to_s)
{
	double bits = 0;

	for (unsigned i = (unsigned)(from_s * 1e3 / SCENE_BIN_MS); i < (unsigned)(to_s * 1e3 / SCENE_BIN_MS);
		i++)
		bits += (double)f->got[i];
	return bits / (to_s - from_s);
}

static uint64_t flow_under_way(const struct scene_flow *f)
{
	uint64_t packets = 0;

	for (unsigned i = 0; i < f->way.count; i++)
		packets += f->way.unit[(f->way.first + i) % SCENE_RING].packets;
	return packets;
}

struct scene_outcome flow_outcome(struct scene_flow *f, double truth_bps, uint64_t end_ns)
{
	struct capacity_result result = capacity_result(&f->capacity);
	double seconds = (double)(end_ns - f->starts_ns) / 1e9;
	struct scene_outcome o = {
		.estimate_bps = result.bps,
		.percent = result.percent,
		.limit = result.limit,
		.reached_s = flow_reached_s(f, truth_bps, 0),
		.mean_bps = flow_mean_bps(f, seconds / 4, seconds),
		.ended_s = seconds,
	};

	o.loss = 1 - (double)(f->sample.packets + flow_under_way(f) + f->unlucky) / (double)f->sent;
	qsort(f->queued_ms, f->queued, sizeof *f->queued_ms, compare_floats);
	o.queue_ms = f->queued > 0 ? (double)f->queued_ms[f->queued / 2] : 0;
	return o;
}
