/* Queues told from noise, by what reports say of delays. */
#include "proto/measure/path_delay.h"
#include "tests/support/test.h"

enum { AHEAD_MS = 77777 }; /* the receiver's clock is ahead */

struct scene {
	struct path_samples samples;
	struct path_delay delay;
	uint64_t packets;
};

/* A report: its last packet left at `sent_ms`; delays of the fastest and of the last. */
static void report(struct scene *s, double sent_ms, double fastest_ms, double last_ms)
{
	struct path_sample sample = {
		.packets = s->packets += 10,
		.bytes = s->packets * 1000,
		.next_channel = s->packets,
		.arrival_ns = (uint64_t)((AHEAD_MS + sent_ms + last_ms) * 1e6),
		.delay_last_ns = (int64_t)((AHEAD_MS + last_ms) * 1e6),
		.delay_min_ns = (int64_t)((AHEAD_MS + fastest_ms) * 1e6),
	};

	assert_true(path_samples_add(&s->samples, &sample, (uint64_t)(sent_ms * 1e6)));
	path_delay_add(&s->delay, &s->samples);
}

static double noise_ms(const struct scene *s)
{
	return (double)s->delay.noise_ns / 1e6;
}

static double queue_ms(const struct scene *s)
{
	return (double)path_delay_queue_ns(&s->delay, &s->samples, 0) / 1e6;
}

/* What ten packets of 1000 bytes in 10 ms are. */
#define ALL 8e6

/* Three reports whose last packets leave 10 ms apart, and what they leave behind. */
static void test_noise(void **state)
{
	static const struct {
		const char *name;
		double carries_bps;
		double fastest_ms[3], last_ms[3];
		double noise_ms, queue_ms;
	} rows[] = {
		{"nothing", ALL, {5, 5, 5}, {5, 5, 5}, 0, 0},
		{"a queue that grows", ALL, {5, 8, 15}, {7, 14, 22}, 0, 10},
		{"a fall while all is sent that the path carries", ALL, {15, 15, 6}, {15, 15, 6}, 9 - 1.5, 0},
		{"a queue that runs empty", 2 * ALL, {20, 15, 10}, {20, 15, 10}, 0, 0},
		{"a queue that can't shrink so fast", 2 * ALL, {20, 20, 11}, {20, 20, 11}, 9 - 6, 0},
		{"a fall while nobody knows", 0, {20, 15, 10}, {20, 15, 10}, 0, 0},
		{"a fall that no queue has", 0, {15, 15, 6}, {15, 15, 6}, 8, 0},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct scene s = {.packets = 0};

		print_message("%s\n", rows[i].name);
		path_delay_carries(&s.delay, rows[i].carries_bps);
		for (unsigned k = 0; k < 3; k++)
			report(&s, 100 + 10 * k, rows[i].fastest_ms[k], rows[i].last_ms[k]);
		assert_in_range((uint64_t)(noise_ms(&s) * 1e3 + 0.5), (uint64_t)(rows[i].noise_ms * 1e3),
			(uint64_t)(rows[i].noise_ms * 1e3) + 1);
		assert_in_range((uint64_t)(queue_ms(&s) * 1e3 + 0.5), (uint64_t)(rows[i].queue_ms * 1e3),
			(uint64_t)(rows[i].queue_ms * 1e3) + 1);
	}
}

/* A calm time moves the base, up as well as down; its spread is noise; what is not seen again fades. */
static void test_calm(void **state)
{
	struct scene s = {.packets = 0};

	(void)state;
	report(&s, 100, 5, 5);
	report(&s, 110, 17, 18);
	assert_true(queue_ms(&s) > 11.9);
	path_delay_calm(&s.delay, 115 * MS, 135 * MS);
	report(&s, 120, 16, 24);
	report(&s, 130, 17, 19);
	assert_true(queue_ms(&s) > 11.9); /* not over yet */
	report(&s, 140, 17, 18);
	assert_true(queue_ms(&s) > 0.9 && queue_ms(&s) < 1.1);
	assert_true(noise_ms(&s) > 7.9 && noise_ms(&s) < 8.1);
	for (unsigned k = 0; k < 20; k++) {
		path_delay_calm(&s.delay, (uint64_t)(150 + 20 * k) * MS, (uint64_t)(155 + 20 * k) * MS);
		report(&s, 152 + 20 * k, 16, 16);
		report(&s, 160 + 20 * k, 16, 16);
	}
	assert_true(noise_ms(&s) < 0.1);
}

/* Noise that was none, or is over, is forgotten soon where one report after the other shows nothing of it. */
static void test_quiet(void **state)
{
	static const struct {
		const char *name;
		double often_ms; /* how late each third report is */
		double least_ms, most_ms;
	} rows[] = {
		{"nothing more of it", 0, 0, 0.5},
		{"less than a tenth of it", 0.5, 3, 5.1},
		{"some of it, now and then", 5, 7.9, 8.1},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct scene s = {.packets = 0};

		print_message("%s\n", rows[i].name);
		report(&s, 100, 5, 5);
		report(&s, 110, 14, 14);
		report(&s, 120, 5, 5);
		report(&s, 121, 5, 5);
		assert_true(noise_ms(&s) > 7.9);
		for (unsigned k = 0; k < 20; k++) {
			double late_ms = k % 3 ? 0 : rows[i].often_ms;

			report(&s, 131 + 10 * k, 5 + late_ms, 5 + late_ms);
		}
		assert_true(noise_ms(&s) >= rows[i].least_ms && noise_ms(&s) <= rows[i].most_ms);
	}
}

/* Times and delays that make no sense are survived. */
static void test_lies(void **state)
{
	static const uint64_t arrival_ns[] = {0, 1, UINT64_MAX / 2, UINT64_MAX - 1, UINT64_MAX};
	static const double carries_bps[] = {0, -1, 1e-300, 1e300, 1e6};
	static const int64_t delay_ns[] = {INT64_MIN, -1, 0, 1, INT64_MAX};
	struct scene s = {.packets = 0};

	(void)state;
	for (size_t i = 0; i < COUNT(arrival_ns); i++)
		for (size_t k = 0; k < COUNT(delay_ns); k++) {
			struct path_sample sample = {
				.packets = s.packets += 10,
				.bytes = s.packets * 1000,
				.next_channel = s.packets,
				.arrival_ns = arrival_ns[i],
				.delay_last_ns = delay_ns[k],
				.delay_min_ns = delay_ns[COUNT(delay_ns) - 1 - k],
			};

			path_delay_carries(&s.delay, carries_bps[k]);
			path_delay_calm(&s.delay, arrival_ns[i], arrival_ns[i]);
			if (path_samples_add(&s.samples, &sample, START_NS))
				path_delay_add(&s.delay, &s.samples);
		}
	assert_true(s.delay.points > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_noise),
		cmocka_unit_test(test_calm),
		cmocka_unit_test(test_quiet),
		cmocka_unit_test(test_lies),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
