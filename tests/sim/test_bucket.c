/* Buckets behind every kind of path. */
#include "tests/support/capacity_scene.h"
#include "tests/support/test.h"

enum { SEEDS = 5 };

struct row {
	struct scene scene;
	enum bucket_kind kind;
	double bytes_error, rate_error; /* shares of the truth */
	unsigned misses;                /* this many of the seeds may miss it, but none finds a wrong one */
};

#define FINE 0.1, 0.02
/* The receiver is held up for almost half of the time: the search's own rate is off by as much. */
#define ROUGH 0.2, 0.04

static const struct row rows[] = {
	{{.name = "shallow shaper 100M 1M", PLAIN(100 * MBIT, 3), .bucket_bytes = 1e6}, BUCKET_SHAPER, FINE,
		0},
	{{.name = "shallow shaper 10M 256k", PLAIN(10 * MBIT, 10), .bucket_bytes = 256e3}, BUCKET_SHAPER,
		FINE, 0},
	{{.name = "shaper 10M 64k", SHAPER(10 * MBIT, 64e3)}, BUCKET_SHAPER, FINE, 0},
	{{.name = "shaper 10M 256k", SHAPER(10 * MBIT, 256e3)}, BUCKET_SHAPER, FINE, 0},
	{{.name = "shaper 10M 1M", SHAPER(10 * MBIT, 1e6)}, BUCKET_SHAPER, FINE, 0},
	{{.name = "shaper 10M 10M", SHAPER(10 * MBIT, 10e6)}, BUCKET_SHAPER, FINE, 0},
	{{.name = "shaper 100M 64k", SHAPER(100 * MBIT, 64e3)}, BUCKET_SHAPER, FINE, 0},
	{{.name = "shaper 100M 256k", SHAPER(100 * MBIT, 256e3)}, BUCKET_SHAPER, FINE, 0},
	{{.name = "shaper 100M 1M", SHAPER(100 * MBIT, 1e6)}, BUCKET_SHAPER, FINE, 0},
	{{.name = "shaper 100M 10M", SHAPER(100 * MBIT, 10e6)}, BUCKET_SHAPER, FINE, 0},
	{{.name = "shaper 1G 256k", SHAPER(GBIT, 256e3)}, BUCKET_SHAPER, FINE, 0},
	{{.name = "shaper 1G 1M", SHAPER(GBIT, 1e6)}, BUCKET_SHAPER, FINE, 0},
	{{.name = "shaper 1G 10M", SHAPER(GBIT, 10e6)}, BUCKET_SHAPER, FINE, 0},
	{{.name = "boost 100M, 30M", SHAPER(30 * MBIT, 10e6), .peak_bps = 100 * MBIT}, BUCKET_SHAPER, FINE,
		0},
	{{.name = "boost 1G, 300M", SHAPER(300 * MBIT, 50e6), .peak_bps = GBIT}, BUCKET_SHAPER, FINE, 0},
	{{.name = "boost 20M, 10M", SHAPER(10 * MBIT, 1e6), .peak_bps = 20 * MBIT}, BUCKET_SHAPER, FINE, 0},
	{{.name = "shaper 100M 1M rtt 50",
		 QUEUE(100 * MBIT, 50),
		 .rtt_ms = 50,
		 .bucket_bytes = 1e6,
		 .seconds = 10},
		BUCKET_SHAPER, FINE, 0},
	{{.name = "shaper 100M 1M rtt 300",
		 QUEUE(100 * MBIT, 50),
		 .rtt_ms = 300,
		 .bucket_bytes = 1e6,
		 .seconds = 10},
		BUCKET_SHAPER, FINE, 0},
	{{.name = "shaper 100M 1M noise", SHAPER(100 * MBIT, 1e6), .spike_ms = 2}, BUCKET_SHAPER, FINE, 0},
	{{.name = "shaper 100M 1M lost", SHAPER(100 * MBIT, 1e6), .report_loss = 0.5}, BUCKET_SHAPER, FINE,
		1},
	{{.name = "shaper 100M 1M loss", SHAPER(100 * MBIT, 1e6), .loss = 0.01}, BUCKET_SHAPER, FINE, 0},
	{{.name = "shaper 100M 1M skew", SHAPER(100 * MBIT, 1e6), .skew_ppm = 100}, BUCKET_SHAPER, FINE, 0},
	{{.name = "boost noise", SHAPER(30 * MBIT, 10e6), .peak_bps = 100 * MBIT, .spike_ms = 2},
		BUCKET_SHAPER, FINE, 0},
	{{.name = "boost lost", SHAPER(30 * MBIT, 10e6), .peak_bps = 100 * MBIT, .report_loss = 0.5},
		BUCKET_SHAPER, FINE, 1},
	{{.name = "boost rtt 50",
		 QUEUE(30 * MBIT, 50),
		 .rtt_ms = 50,
		 .seconds = 10,
		 .bucket_bytes = 10e6,
		 .peak_bps = 100 * MBIT},
		BUCKET_SHAPER, FINE, 0},
	{{.name = "boost noise lost loss",
		 SHAPER(30 * MBIT, 10e6),
		 .peak_bps = 100 * MBIT,
		 .report_loss = 0.5,
		 .spike_ms = 2,
		 .loss = 0.01},
		BUCKET_SHAPER, FINE, 2},
	{{.name = "boost skew", SHAPER(30 * MBIT, 10e6), .peak_bps = 100 * MBIT, .skew_ppm = -100},
		BUCKET_SHAPER, FINE, 0},
	{{.name = "shaper 1G 1M noise", SHAPER(GBIT, 1e6), .spike_ms = 2}, BUCKET_SHAPER, ROUGH, 5},
	{{.name = "shaper 1G 10M noise", SHAPER(GBIT, 10e6), .spike_ms = 2}, BUCKET_SHAPER, ROUGH, 5},
	{{.name = "shaper 10M 64k noise", SHAPER(10 * MBIT, 64e3), .spike_ms = 2}, BUCKET_SHAPER, FINE, 0},
	{{.name = "shaper 100M 64k noise", SHAPER(100 * MBIT, 64e3), .spike_ms = 2}, BUCKET_SHAPER, FINE, 0},
	{{.name = "shaper 100M 64k lost", SHAPER(100 * MBIT, 64e3), .report_loss = 0.5}, BUCKET_SHAPER, FINE,
		2},
	{{.name = "policer 1G 1M noise", POLICER(GBIT, 1e6), .spike_ms = 2}, BUCKET_POLICER, ROUGH, 5},
	{{.name = "shaper 10G 10M",
		 QUEUE(10 * GBIT, 20),
		 .rtt_ms = 0.1,
		 .unit = 46,
		 .bucket_bytes = 10e6,
		 .seconds = 4},
		BUCKET_SHAPER, FINE, 0},
	{{.name = "policer 10G 50M",
		 .rate = {{0, 10 * GBIT}},
		 .rtt_ms = 0.1,
		 .unit = 46,
		 .bucket_bytes = 50e6,
		 .seconds = 4},
		BUCKET_POLICER, FINE, 0},
	{{.name = "policer 10M 64k", POLICER(10 * MBIT, 64e3)}, BUCKET_POLICER, FINE, 0},
	{{.name = "policer 10M 256k", POLICER(10 * MBIT, 256e3)}, BUCKET_POLICER, FINE, 0},
	{{.name = "policer 10M 1M", POLICER(10 * MBIT, 1e6)}, BUCKET_POLICER, FINE, 0},
	{{.name = "policer 100M 64k", POLICER(100 * MBIT, 64e3)}, BUCKET_POLICER, FINE, 0},
	{{.name = "policer 100M 256k", POLICER(100 * MBIT, 256e3)}, BUCKET_POLICER, FINE, 0},
	{{.name = "policer 100M 1M", POLICER(100 * MBIT, 1e6)}, BUCKET_POLICER, FINE, 0},
	{{.name = "policer 100M 10M", POLICER(100 * MBIT, 10e6)}, BUCKET_POLICER, FINE, 0},
	{{.name = "policer 1G 256k", POLICER(GBIT, 256e3)}, BUCKET_POLICER, FINE, 0},
	{{.name = "policer 1G 1M", POLICER(GBIT, 1e6)}, BUCKET_POLICER, FINE, 0},
	{{.name = "policer 1G 10M", POLICER(GBIT, 10e6)}, BUCKET_POLICER, FINE, 0},
	{{.name = "policer 100M 1M noise", POLICER(100 * MBIT, 1e6), .spike_ms = 2}, BUCKET_POLICER, FINE, 0},
	{{.name = "policer 100M 1M lost", POLICER(100 * MBIT, 1e6), .report_loss = 0.5}, BUCKET_POLICER, FINE,
		0},
	{{.name = "policer 100M 1M loss", POLICER(100 * MBIT, 1e6), .loss = 0.01}, BUCKET_POLICER, FINE, 0},
	{{.name = "policer 100M 1M rtt 50",
		 .rate = {{0, 100 * MBIT}},
		 .rtt_ms = 50,
		 .bucket_bytes = 1e6,
		 .seconds = 10},
		BUCKET_POLICER, FINE, 0},
	{{.name = "2x shaper 10M 64k", SHAPER(10 * MBIT, 64e3), TWICE(10 * MBIT)}, BUCKET_SHAPER, FINE, 0},
	{{.name = "2x shaper 10M 1M", SHAPER(10 * MBIT, 1e6), TWICE(10 * MBIT)}, BUCKET_SHAPER, FINE, 0},
	{{.name = "2x shaper 100M 64k", SHAPER(100 * MBIT, 64e3), TWICE(100 * MBIT)}, BUCKET_SHAPER, FINE, 0},
	{{.name = "2x shaper 100M 1M", SHAPER(100 * MBIT, 1e6), TWICE(100 * MBIT)}, BUCKET_SHAPER, FINE, 0},
	{{.name = "2x shaper 100M 10M", SHAPER(100 * MBIT, 10e6), TWICE(100 * MBIT)}, BUCKET_SHAPER, FINE, 0},
	{{.name = "2x shaper 1G 256k", SHAPER(GBIT, 256e3), TWICE(GBIT)}, BUCKET_SHAPER, FINE, 0},
	{{.name = "2x shaper 1G 1M", SHAPER(GBIT, 1e6), TWICE(GBIT)}, BUCKET_SHAPER, FINE, 0},
	{{.name = "2x shaper 1G 10M", SHAPER(GBIT, 10e6), TWICE(GBIT)}, BUCKET_SHAPER, FINE, 0},
	{{.name = "2x boost 100M, 30M", SHAPER(30 * MBIT, 10e6), .peak_bps = 100 * MBIT, TWICE(30 * MBIT)},
		BUCKET_SHAPER, FINE, 0},
	{{.name = "flood boost 100M, 30M",
		 SHAPER(30 * MBIT, 10e6),
		 .peak_bps = 100 * MBIT,
		 .fixed_bps = GBIT},
		BUCKET_SHAPER, FINE, 0},
	{{.name = "flood boost noise",
		 SHAPER(30 * MBIT, 10e6),
		 .peak_bps = 100 * MBIT,
		 .fixed_bps = GBIT,
		 .spike_ms = 2},
		BUCKET_SHAPER, FINE, 0},
	{{.name = "2x policer noise", POLICER(100 * MBIT, 10e6), TWICE(100 * MBIT), .spike_ms = 2},
		BUCKET_POLICER, FINE, 0},
	{{.name = "2x policer 10M 64k", POLICER(10 * MBIT, 64e3), TWICE(10 * MBIT)}, BUCKET_POLICER, FINE, 0},
	{{.name = "2x policer 10M 1M", POLICER(10 * MBIT, 1e6), TWICE(10 * MBIT)}, BUCKET_POLICER, FINE, 0},
	{{.name = "2x policer 100M 64k", POLICER(100 * MBIT, 64e3), TWICE(100 * MBIT)}, BUCKET_POLICER, FINE,
		0},
	{{.name = "2x policer 100M 1M", POLICER(100 * MBIT, 1e6), TWICE(100 * MBIT)}, BUCKET_POLICER, FINE,
		0},
	{{.name = "2x policer 100M 10M", POLICER(100 * MBIT, 10e6), TWICE(100 * MBIT)}, BUCKET_POLICER, FINE,
		0},
	{{.name = "2x policer 1G 256k", POLICER(GBIT, 256e3), TWICE(GBIT)}, BUCKET_POLICER, FINE, 0},
	{{.name = "2x policer 1G 1M", POLICER(GBIT, 1e6), TWICE(GBIT)}, BUCKET_POLICER, FINE, 0},
	{{.name = "2x policer 1G 10M", POLICER(GBIT, 10e6), TWICE(GBIT)}, BUCKET_POLICER, FINE, 0},
	{{.name = "flood policer 100M 1M", POLICER(100 * MBIT, 1e6), .fixed_bps = GBIT}, BUCKET_POLICER, FINE,
		0},
	{{.name = "flood boost loss",
		 SHAPER(30 * MBIT, 10e6),
		 .peak_bps = 100 * MBIT,
		 .fixed_bps = 200 * MBIT,
		 .loss = 0.05},
		BUCKET_SHAPER, FINE, 5},
};

/* What a source sends at once takes much of such a bucket, or all. */
static const struct scene small[] = {
	{.name = "shaper 1G 200k", SHAPER(GBIT, 200e3)},
	{.name = "policer 1G 64k", POLICER(GBIT, 64e3)},
	{.name = "2x policer 1G 64k", POLICER(GBIT, 64e3), TWICE(GBIT)},
	{.name = "shaper 1G 64k", SHAPER(GBIT, 64e3)},
	{.name = "shaper 1G 128k", SHAPER(GBIT, 128e3)},
	{.name = "2x shaper 1G 64k", SHAPER(GBIT, 64e3), TWICE(GBIT)},
};

/* Whether it was found. */
static bool check(const struct row *row, uint64_t seed)
{
	struct bucket_result r = scene_bucket(&row->scene, seed);
	double rate = (double)r.rate_bps / (row->scene.rate[0].bps * (1 - row->scene.loss));
	double bytes = (double)r.bytes / row->scene.bucket_bytes;

	print_message("%-24s kind %u, rate %.4f, bytes %.4f\n", row->scene.name, r.kind, rate, bytes);
	if (r.kind == BUCKET_NONE)
		return false;
	assert_int_equal(r.kind, row->kind);
	assert_true(fabs(rate - 1) <= row->rate_error);
	assert_true(fabs(bytes - 1) <= row->bytes_error);
	return true;
}

static void test_buckets(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		unsigned misses = 0;

		for (uint64_t seed = 1; seed <= SEEDS; seed++)
			misses += !check(&rows[i], seed);
		assert_true(misses <= rows[i].misses);
	}
}

static void test_small(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(small); i++)
		for (uint64_t seed = 1; seed <= SEEDS; seed++)
			assert_int_equal(scene_bucket(&small[i], seed).kind, BUCKET_NONE);
}

/* Nothing, and too little, and a bucket that is told as soon as a third of the test is behind the knee. */
static void test_begin(void **state)
{
	static const struct scene early = {.name = "early", SHAPER(100 * MBIT, 1e6)};
	struct bucket empty = {0};

	(void)state;
	assert_int_equal(bucket_find(&empty, 0).kind, BUCKET_NONE);
	assert_int_equal(bucket_find(&empty, 1000000).kind, BUCKET_NONE);
	for (unsigned ms = 10; ms <= 1000; ms += 10) {
		struct scene scene = early;
		struct bucket_result r;

		scene.seconds = ms / 1e3;
		r = scene_bucket(&scene, 1);
		if (ms <= 200)
			assert_int_equal(r.kind, BUCKET_NONE);
		else if (ms >= 500)
			assert_int_equal(r.kind, BUCKET_SHAPER);
		if (r.kind == BUCKET_SHAPER)
			assert_true(fabs((double)r.bytes / 1e6 - 1) < 0.1);
	}
}

/* Sends 200 Mbit/s through a policer of 100 Mbit/s and 1 MB for a day. */
static void test_day(void **state)
{
	static struct bucket b;
	struct path_sample s = {0};
	struct bucket_result r;

	(void)state;
	b = (struct bucket){0};
	for (unsigned i = 1; i <= 24 * 3600 * 100; i++) {
		uint64_t sent = 200 * (uint64_t)i, room = (1000000 + 125000 * (uint64_t)i) / 1250;

		s.next_channel = sent;
		s.packets = sent < room ? sent : room;
		s.bytes = 1250 * s.packets;
		s.arrival_ns = i * UINT64_C(10000000);
		s.delay_last_ns = s.delay_min_ns = 1000000;
		bucket_add(&b, &s);
	}
	r = bucket_find(&b, 0);
	assert_in_range(b.points, 300, BUCKET_POINTS - 1);
	assert_true((double)b.point[b.points - 1].ns > 0.95 * 24 * 3600e9);
	assert_int_equal(r.kind, BUCKET_POLICER);
	assert_in_range(r.rate_bps, 99990000, 100010000);
	assert_in_range(r.bytes, 900000, 1100000);
}

/* Steps of every size, of the kind that counters and clocks make, and some backwards. */
static uint64_t wild_step(uint64_t *random)
{
	uint64_t step = random_next(random) >> (random_next(random) % 64);

	return random_chance(random, 0.05) ? 0 - step : step;
}

/* Whatever is reported: no more points than there is room for, and a result that is complete or empty. */
static void test_lies(void **state)
{
	static struct bucket b;
	unsigned taken = 0, found = 0;

	(void)state;
	for (uint64_t seed = 1; seed <= 300; seed++) {
		struct path_sample s = {0};
		uint64_t random = seed;

		b = (struct bucket){.overhead_bytes = SCENE_OVERHEAD};
		for (unsigned i = 0; i < 1500; i++) {
			uint64_t packets = wild_step(&random) % 100000;
			struct bucket_result r;

			s.packets += packets;
			s.bytes += packets * (random_next(&random) % 1500);
			s.next_channel += packets + (random_chance(&random, 0.3) ? wild_step(&random) : 0);
			s.host_drops += random_chance(&random, 0.1) ? wild_step(&random) : 0;
			s.arrival_ns += wild_step(&random) >> 20;
			s.delay_last_ns = (int64_t)wild_step(&random);
			s.delay_min_ns = (int64_t)wild_step(&random);
			bucket_add(&b, &s);
			if (i % 50 > 0)
				continue;
			r = bucket_find(&b, seed % 2 ? wild_step(&random) : 0);
			assert_true((r.kind == BUCKET_NONE) == (r.bytes == 0));
			assert_true(r.kind != BUCKET_NONE || r.rate_bps == 0);
			found += r.kind != BUCKET_NONE;
		}
		assert_true(b.points <= BUCKET_POINTS);
		taken += b.points;
	}
	print_message("%u points, %u buckets\n", taken, found);
	assert_true(taken > 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_buckets),
		cmocka_unit_test(test_small),
		cmocka_unit_test(test_begin),
		cmocka_unit_test(test_day),
		cmocka_unit_test(test_lies),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
