/* Paths that change, searches that share one, tests that end early, reports that fail or lie. */
#include "tests/support/capacity_scene.h"
#include "tests/support/test.h"

enum { SEEDS = 3 };

/* --- steps: 100 -> 30 -> 100 Mbit/s at 3 s and 6 s --- */

#define STEPS .rate = {{0, 100 * MBIT}, {3, 30 * MBIT}, {6, 100 * MBIT}}, .seconds = 10

static const struct {
	struct scene scene;
	double found_s;   /* 95 % of the new rate are delivered by then after the step up */
	double settled_s; /* after a step, from here on ... */
	double mean;      /* ... this share of the rate is delivered on average */
	double loss;
} steps[] = {
	{{.name = "short", STEPS, .queue_bytes = 625e3, .rtt_ms = 0.1}, 1, 1, 0.97, 0.003},
	{{.name = "bucket", STEPS, .queue_bytes = 625e3, .bucket_bytes = 32e3, .rtt_ms = 0.1}, 1, 1, 0.97,
		0.003},
	{{.name = "rtt 50", STEPS, .queue_bytes = 625e3, .rtt_ms = 50}, 1, 1, 0.97, 0.003},
	{{.name = "noise", STEPS, .queue_bytes = 625e3, .rtt_ms = 0.1, .spike_ms = 2}, 1, 1, 0.97, 0.003},
	{{.name = "policer", STEPS, .bucket_bytes = 100e3, .rtt_ms = 0.1}, 2.5, 1, 0.85, 0.01},
};

static void check_step(size_t row, uint64_t seed)
{
	struct world *w = world_new(&steps[row].scene, seed);
	uint64_t end_ns = world_run(w);
	struct scene_flow *f = &w->flow[0];
	struct scene_outcome o = flow_outcome(f, 100 * MBIT, end_ns);
	double low = flow_mean_bps(f, 3 + steps[row].settled_s, 6) / (30 * MBIT);
	double high = flow_mean_bps(f, 6 + steps[row].settled_s, 10) / (100 * MBIT);
	double found_s = flow_reached_s(f, 100 * MBIT, 6.05) - 6;

	print_message("%s: estimate %.4f, low %.3f, up in %.2f s, high %.3f, lost %.4f\n",
		steps[row].scene.name, o.estimate_bps / (100 * MBIT), low, found_s, high, o.loss);
	assert_true(fabs(o.estimate_bps / (100 * MBIT) - 1) <= 0.01);
	assert_true(low >= steps[row].mean && low <= 1.02);
	assert_true(found_s <= steps[row].found_s);
	assert_true(high >= steps[row].mean && high <= 1.02);
	assert_true(o.loss <= steps[row].loss);
	free(w);
}

static void test_steps(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(steps); i++)
		for (uint64_t seed = 1; seed <= SEEDS; seed++)
			check_step(i, seed);
}

/* --- two searches through one bottleneck --- */

#define PATH(bps, ms) QUEUE(bps, ms), .seconds = 10

static const struct {
	struct scene scene;
	double settle_s; /* from this long after the start of the second ... */
	double least;    /* ... each gets that part of the rate */
	double sum;
} pairs[] = {
	{{.name = "together", PATH(100 * MBIT, 50), .rtt_ms = 0.1, .second_starts_s = 0.001}, 0.5, 0.4, 0.97},
	{{.name = "soon after", PATH(100 * MBIT, 50), .rtt_ms = 0.1, .second_starts_s = 0.2}, 0.5, 0.4, 0.97},
	{{.name = "later", PATH(100 * MBIT, 50), .rtt_ms = 0.1, .second_starts_s = 2}, 1, 0.4, 0.97},
	{{.name = "rtt 20, later", PATH(100 * MBIT, 50), .rtt_ms = 20, .second_starts_s = 1}, 4, 0.4, 0.97},
	{{.name = "rtt 50, together", PATH(100 * MBIT, 50), .rtt_ms = 50, .second_starts_s = 0.01}, 1, 0.4,
		0.97},
	/* A late one gets its share too slowly there, but it isn't starved. */
	{{.name = "rtt 50, later", PATH(100 * MBIT, 50), .rtt_ms = 50, .second_starts_s = 1}, 2, 0.15, 0.97},
	{{.name = "noise", PATH(100 * MBIT, 50), .rtt_ms = 0.1, .second_starts_s = 1, .spike_ms = 2}, 1, 0.4,
		0.97},
	{{.name = "10M", PATH(10 * MBIT, 50), .rtt_ms = 0.1, .second_starts_s = 1}, 3, 0.4, 0.97},
	{{.name = "1G", PATH(1000 * MBIT, 20), .rtt_ms = 0.1, .second_starts_s = 1}, 3, 0.4, 0.97},
};

static void check_pair(size_t row, uint64_t seed)
{
	const struct scene *scene = &pairs[row].scene;
	struct world *w = world_new(scene, seed);
	double from_s = scene->second_starts_s + pairs[row].settle_s, bps = scene->rate[0].bps, a, b;

	world_run(w);
	a = flow_mean_bps(&w->flow[0], from_s, scene->seconds) / bps;
	b = flow_mean_bps(&w->flow[1], pairs[row].settle_s, scene->seconds - scene->second_starts_s) / bps;
	print_message("%s: %.3f + %.3f = %.3f\n", scene->name, a, b, a + b);
	assert_true(a >= pairs[row].least && b >= pairs[row].least);
	assert_true(a + b >= pairs[row].sum);
	free(w);
}

static void test_pairs(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(pairs); i++)
		for (uint64_t seed = 1; seed <= SEEDS; seed++)
			check_pair(i, seed);
}

/* --- until it is certain --- */

static void test_early(void **state)
{
	static const struct {
		struct scene scene;
		double truth_bps, least_s, most_s;
	} rows[] = {
		{{.name = "clean", PATH(100 * MBIT, 50), .rtt_ms = 0.1, .until_percent = 1}, 100 * MBIT, 0.1,
			0.3},
		{{.name = "noise", PATH(100 * MBIT, 50), .rtt_ms = 0.1, .spike_ms = 2, .until_percent = 1},
			100 * MBIT, 0.1, 3},
		{{.name = "loss", PATH(100 * MBIT, 50), .rtt_ms = 0.1, .loss = 0.05, .until_percent = 1},
			95 * MBIT, 0.1, 4},
		{{.name = "cross",
			 PATH(100 * MBIT, 50),
			 .rtt_ms = 0.1,
			 .cross_bps = 50 * MBIT,
			 .until_percent = 1},
			50 * MBIT, 0.1, 10},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		for (uint64_t seed = 1; seed <= SEEDS; seed++) {
			struct world *w = world_new(&rows[i].scene, seed);
			uint64_t end_ns = world_run(w);
			struct scene_outcome o = flow_outcome(&w->flow[0], rows[i].truth_bps, end_ns);

			print_message("%s: %.4f +-%.2f%% after %.2f s\n", rows[i].scene.name,
				o.estimate_bps / rows[i].truth_bps, o.percent, o.ended_s);
			assert_true(o.ended_s >= rows[i].least_s && o.ended_s <= rows[i].most_s);
			assert_true(fabs(o.estimate_bps / rows[i].truth_bps - 1) <= 0.02);
			free(w);
		}
}

/* --- reports --- */

/* Without reports it becomes slower and slower, but never stops. */
static void test_silence(void **state)
{
	static const struct capacity_plan plan = {
		.datagram_bytes = SCENE_PAYLOAD, .overhead_bytes = SCENE_OVERHEAD};
	static const struct path_sample first = {.packets = 2,
		.bytes = 2 * SCENE_PAYLOAD,
		.next_channel = 2,
		.sent_packets = 2,
		.arrival_ns = 1};
	uint64_t start_ns = 5 * (uint64_t)NS_PER_S;
	struct capacity c;

	(void)state;
	capacity_init(&c, &plan, start_ns);
	assert_int_equal(capacity_rate_bps(&c, start_ns), CAPACITY_START_BPS);
	assert_int_equal(capacity_rate_bps(&c, start_ns + ms_to_ns(10)), CAPACITY_WAIT_BPS);
	assert_int_equal(capacity_rate_bps(&c, start_ns + ms_to_ns(1e8)), CAPACITY_WAIT_BPS);
	capacity_report(&c, &first, start_ns + ms_to_ns(20));
	assert_int_equal(capacity_rate_bps(&c, start_ns + ms_to_ns(40)), CAPACITY_START_BPS);
	assert_int_equal(capacity_rate_bps(&c, start_ns + ms_to_ns(330)), CAPACITY_START_BPS / 2);
	assert_int_equal(capacity_rate_bps(&c, start_ns + ms_to_ns(630)), CAPACITY_START_BPS / 4);
	assert_int_equal(capacity_rate_bps(&c, start_ns + ms_to_ns(1e8)), CAPACITY_FLOOR_BPS);
	assert_int_equal(capacity_rate_bps(&c, UINT64_MAX), CAPACITY_FLOOR_BPS);
	assert_int_equal(capacity_result(&c).windows, 0);
	assert_false(capacity_is_certain(&c, 50));
}

/* Steps of every size, of the kind that counters and clocks make, and some backwards. */
static uint64_t wild_step(uint64_t *random)
{
	uint64_t step = random_next(random) >> (random_next(random) % 64);

	return random_chance(random, 0.05) ? 0 - step : step;
}

/* Whatever is reported: a rate between the bounds, a result that is a number. */
static void test_lies(void **state)
{
	static const struct capacity_plan plan = {
		.ceiling_bps = 3000000000, .datagram_bytes = SCENE_PAYLOAD, .overhead_bytes = SCENE_OVERHEAD};
	unsigned taken = 0;

	(void)state;
	for (uint64_t seed = 1; seed <= 200; seed++) {
		struct path_sample s = {0};
		uint64_t random = seed, now_ns = NS_PER_S;
		struct capacity c;

		capacity_init(&c, &plan, now_ns);
		for (unsigned i = 0; i < 300; i++) {
			uint64_t packets = wild_step(&random) % 100000, rate;

			s.packets += packets;
			s.bytes += packets * (random_next(&random) % 1500);
			s.next_channel += packets + (random_chance(&random, 0.3) ? wild_step(&random) : 0);
			s.host_drops += random_chance(&random, 0.1) ? wild_step(&random) : 0;
			s.arrival_ns += wild_step(&random);
			s.delay_last_ns = (int64_t)wild_step(&random);
			s.delay_min_ns = (int64_t)wild_step(&random);
			s.round_trip_ns = wild_step(&random) >> 24;
			s.sent_packets = wild_step(&random);
			now_ns += random_next(&random) % 20000000;
			capacity_report(&c, &s, now_ns);
			rate = capacity_rate_bps(&c, now_ns);
			assert_true(rate >= CAPACITY_FLOOR_BPS && rate <= plan.ceiling_bps);
			assert_true(
				isfinite(capacity_result(&c).bps) && isfinite(capacity_result(&c).percent));
		}
		taken += c.path.points;
	}
	assert_true(taken > 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_steps),
		cmocka_unit_test(test_pairs),
		cmocka_unit_test(test_early),
		cmocka_unit_test(test_silence),
		cmocka_unit_test(test_lies),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
