/* One search over every kind of path. */
#include "tests/support/capacity_scene.h"
#include "tests/support/test.h"

enum { SEEDS = 3 };

struct bounds {
	double truth_bps; /* IP layer */
	double error;     /* share of the truth */
	double reached_s; /* by then 95 % of the truth is delivered */
	double loss;      /* beyond chance, over the whole test */
	double queue_ms;  /* median */
	double mean;      /* share of the truth delivered once it was found, at least */
	enum capacity_limit limit;
};

struct row {
	struct scene scene;
	struct bounds bounds;
};

static const struct row rows[] = {
	{{.name = "10M", PLAIN(10 * MBIT, 50)}, {10 * MBIT, 0.01, 0.3, 0.003, 10, 0.96, CAPACITY_NETWORK}},
	{{.name = "100M", PLAIN(100 * MBIT, 50)}, {100 * MBIT, 0.01, 0.3, 0.003, 3, 0.96, CAPACITY_NETWORK}},
	{{.name = "1G bucket", PLAIN(GBIT, 20), .bucket_bytes = 256e3},
		{GBIT, 0.01, 0.3, 0.003, 3, 0.96, CAPACITY_NETWORK}},
	{{.name = "10G", PLAIN(10 * GBIT, 100), .unit = 46},
		{10 * GBIT, 0.01, 0.3, 0.003, 3, 0.96, CAPACITY_NETWORK}},
	{{.name = "50G",
		 .rate = {{0, 50 * GBIT}},
		 .queue_bytes = 600e6,
		 .rtt_ms = 0.1,
		 .seconds = 4,
		 .unit = 46},
		{50 * GBIT, 0.01, 0.3, 0.003, 3, 0.96, CAPACITY_NETWORK}},
	{{.name = "100M loss 1%", PLAIN(100 * MBIT, 50), .loss = 0.01},
		{99 * MBIT, 0.03, 0.5, 0.003, 3, 0.95, CAPACITY_NETWORK}},
	{{.name = "100M loss 5%", PLAIN(100 * MBIT, 50), .loss = 0.05},
		{95 * MBIT, 0.03, 0.5, 0.003, 3, 0.95, CAPACITY_NETWORK}},
	{{.name = "100M loss 20%", PLAIN(100 * MBIT, 50), .loss = 0.2},
		{80 * MBIT, 0.03, 0.5, 0.003, 3, 0.95, CAPACITY_NETWORK}},
	{{.name = "10M loss 5%", PLAIN(10 * MBIT, 50), .loss = 0.05},
		{9.5 * MBIT, 0.03, 0.8, 0.003, 10, 0.95, CAPACITY_NETWORK}},
	{{.name = "100M policer", PLAIN(100 * MBIT, 0), .bucket_bytes = 100e3},
		{100 * MBIT, 0.01, 0.3, 0.005, 3, 0.95, CAPACITY_NETWORK}},
	{{.name = "10M policer", PLAIN(10 * MBIT, 0), .bucket_bytes = 30e3},
		{10 * MBIT, 0.02, 0.3, 0.015, 3, 0.94, CAPACITY_NETWORK}},
	{{.name = "2M", PLAIN(2 * MBIT, 200)}, {2 * MBIT, 0.01, 0.3, 0.01, 20, 0.94, CAPACITY_NETWORK}},
	{{.name = "1G policer", PLAIN(GBIT, 0), .bucket_bytes = 1e6},
		{GBIT, 0.01, 0.3, 0.005, 3, 0.95, CAPACITY_NETWORK}},
	{{.name = "100M shallow", PLAIN(100 * MBIT, 1)},
		{100 * MBIT, 0.01, 0.3, 0.005, 3, 0.95, CAPACITY_NETWORK}},
	{{.name = "100M 8 packets",
		 .rate = {{0, 100 * MBIT}},
		 .queue_bytes = 11.5e3,
		 .rtt_ms = 0.1,
		 .seconds = 10},
		{100 * MBIT, 0.01, 0.3, 0.005, 3, 0.95, CAPACITY_NETWORK}},
	{{.name = "100M policer 30k", PLAIN(100 * MBIT, 0), .bucket_bytes = 30e3},
		{100 * MBIT, 0.01, 0.3, 0.005, 3, 0.95, CAPACITY_NETWORK}},
	{{.name = "100M policer 1%", PLAIN(100 * MBIT, 0), .bucket_bytes = 100e3, .loss = 0.01},
		{99 * MBIT, 0.03, 0.3, 0.005, 3, 0.95, CAPACITY_NETWORK}},
	{{.name = "100M policer 1M", PLAIN(100 * MBIT, 0), .bucket_bytes = 1e6},
		{100 * MBIT, 0.01, 0.3, 0.008, 3, 0.95, CAPACITY_NETWORK}},
	{{.name = "10G skew", PLAIN(10 * GBIT, 100), .unit = 46, .skew_ppm = 100},
		{10 * GBIT, 0.01, 0.3, 0.003, 3, 0.95, CAPACITY_NETWORK}},
	{{.name = "100M deep", PLAIN(100 * MBIT, 1000)},
		{100 * MBIT, 0.01, 0.3, 0.003, 3, 0.96, CAPACITY_NETWORK}},
	{{.name = "100M 1MB bucket", PLAIN(100 * MBIT, 50), .bucket_bytes = 1e6},
		{100 * MBIT, 0.01, 0.3, 0.003, 3, 0.96, CAPACITY_NETWORK}},
	{{.name = "100M rtt 50",
		 .rate = {{0, 100 * MBIT}},
		 .queue_bytes = 625e3,
		 .rtt_ms = 50,
		 .seconds = 10},
		{100 * MBIT, 0.01, 1.5, 0.01, 3, 0.95, CAPACITY_NETWORK}},
	{{.name = "100M rtt 300",
		 .rate = {{0, 100 * MBIT}},
		 .queue_bytes = 625e3,
		 .rtt_ms = 300,
		 .seconds = 10},
		{100 * MBIT, 0.01, 3, 0.03, 3, 0.9, CAPACITY_NETWORK}},
	{{.name = "100M cross", PLAIN(100 * MBIT, 50), .cross_bps = 50 * MBIT},
		{50 * MBIT, 0.02, 0.3, 0.003, 3, 0.95, CAPACITY_NETWORK}},
	{{.name = "100M noise", PLAIN(100 * MBIT, 50), .spike_ms = 2},
		{100 * MBIT, 0.01, 0.5, 0.003, 3, 0.95, CAPACITY_NETWORK}},
	{{.name = "1G noise", PLAIN(GBIT, 20), .spike_ms = 2, .bucket_bytes = 256e3},
		{GBIT, 0.01, 0.5, 0.003, 3, 0.95, CAPACITY_NETWORK}},
	{{.name = "100M skew", PLAIN(100 * MBIT, 50), .skew_ppm = 100},
		{100 * MBIT, 0.01, 0.3, 0.003, 3, 0.95, CAPACITY_NETWORK}},
	{{.name = "1G skew -", PLAIN(GBIT, 20), .skew_ppm = -100},
		{GBIT, 0.01, 0.3, 0.003, 3, 0.95, CAPACITY_NETWORK}},
	{{.name = "100M reports lost", PLAIN(100 * MBIT, 50), .report_loss = 0.5},
		{100 * MBIT, 0.01, 0.5, 0.004, 3, 0.95, CAPACITY_NETWORK}},
	{{.name = "sender 300M", PLAIN(GBIT, 20), .sender_bps = 300 * MBIT},
		{300 * MBIT * 1.02, 0.02, 0.3, 0.003, 1, 0.97, CAPACITY_SENDER}},
	{{.name = "ceiling 20M", PLAIN(100 * MBIT, 50), .ceiling_bps = 20 * MBIT},
		{20 * MBIT * 1.02, 0.01, 0.3, 0.003, 1, 0.97, CAPACITY_CEILING}},
	/* The receiver's host: waits in its socket are seen before it drops, unless its buffer is tiny. */
	{{.name = "receiver 5G", HOST(5 * GBIT, 400e3)},
		{5 * GBIT, 0.01, 0.3, 0.001, 1, 0.98, CAPACITY_RECEIVER}},
	{{.name = "receiver 5G deep", HOST(5 * GBIT, 32e6)},
		{5 * GBIT, 0.01, 0.3, 0.0001, 1, 0.98, CAPACITY_RECEIVER}},
	{{.name = "receiver 5G tiny", HOST(5 * GBIT, 100e3)},
		{5 * GBIT, 0.06, 0.5, 0.002, 1, 0.93, CAPACITY_RECEIVER}},
	{{.name = "receiver 20G", HOST(20 * GBIT, 4e6)},
		{20 * GBIT, 0.01, 0.4, 0.002, 1, 0.97, CAPACITY_RECEIVER}},
};

static void check(const struct row *row, const struct scene_outcome *o)
{
	const struct bounds *b = &row->bounds;

	print_message(
		"%-18s estimate %.4f +-%.2f%%, at 95 %% in %.2f s, lost %.4f, queue %.2f ms, mean %.3f\n",
		row->scene.name, o->estimate_bps / b->truth_bps, o->percent, o->reached_s, o->loss,
		o->queue_ms, o->mean_bps / b->truth_bps);
	assert_true(fabs(o->estimate_bps / b->truth_bps - 1) <= b->error);
	assert_true(o->reached_s <= b->reached_s);
	assert_true(o->loss <= b->loss);
	assert_true(o->queue_ms <= b->queue_ms);
	assert_true(o->mean_bps >= b->mean * b->truth_bps);
	assert_int_equal(o->limit, b->limit);
}

static void test_paths(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		for (uint64_t seed = 1; seed <= SEEDS; seed++) {
			struct world *w = world_new(&rows[i].scene, seed);
			uint64_t end_ns = world_run(w);
			struct scene_outcome o = flow_outcome(&w->flow[0], rows[i].bounds.truth_bps, end_ns);

			check(&rows[i], &o);
			free(w);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_paths),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
