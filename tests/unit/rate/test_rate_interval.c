/* The confidence interval: how often it covers the truth, and how fast it follows a change. */
#include <math.h>

#include "proto/rate/rate_interval.h"
#include "tests/support/random.h"
#include "tests/support/test.h"

static double gauss(uint64_t *random)
{
	double sum = -6;

	for (unsigned i = 0; i < 12; i++)
		sum += (double)(random_next(random) >> 11) * 0x1p-53;
	return sum;
}

/* Windows of 100 ms around 100 Mbit/s; each keeps the part `like` of the one before. */
static struct rate_estimate series(unsigned windows, double deviation, double like, uint64_t *random)
{
	struct rate_interval r = {0};
	double off = gauss(random);

	for (unsigned i = 0; i < windows; i++) {
		off = like * off + sqrt(1 - like * like) * gauss(random);
		rate_interval_add(&r, 1e7 * (1 + deviation * off), 1e8);
	}
	return rate_interval_estimate(&r);
}

static void test_coverage(void **state)
{
	static const struct {
		unsigned windows;
		double deviation, like;
		double least, most; /* share of the series whose interval covers the truth */
	} rows[] = {
		{5, 0.01, 0, 0.9, 1},
		{10, 0.01, 0, 0.92, 0.99},
		{30, 0.01, 0, 0.92, 0.99},
		{100, 0.01, 0, 0.93, 0.985},
		{100, 0.002, 0.5, 0.88, 0.985},
		{100, 0.002, 0.8, 0.82, 0.985},
	};
	uint64_t random = 1;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		unsigned covered = 0;

		for (unsigned n = 0; n < 2000; n++) {
			struct rate_estimate e =
				series(rows[i].windows, rows[i].deviation, rows[i].like, &random);

			assert_true(e.windows + 3 >= rows[i].windows); /* an outlier may begin it */
			covered += fabs(e.mean_bps - 1e8) <= e.mean_bps * e.percent / 100;
		}
		print_message("row %zu: %.3f\n", i, covered / 2000.0);
		assert_true(covered / 2000.0 >= rows[i].least && covered / 2000.0 <= rows[i].most);
	}
}

/* By hand: 99, 100, 101 Mbit/s: s = 1, t(2) = 4.303, 4.303 / sqrt(3) = 2.484 %. */
static void test_values(void **state)
{
	struct rate_interval r = {0};
	struct rate_estimate e;

	(void)state;
	assert_true(rate_interval_estimate(&r).percent >= 100);
	rate_interval_add(&r, 0, 1e8);
	rate_interval_add(&r, 1e7, 0);
	assert_int_equal(rate_interval_estimate(&r).windows, 0);
	rate_interval_add(&r, 1.00e7, 1e8);
	assert_true(rate_interval_estimate(&r).percent >= 100);
	rate_interval_add(&r, 0.99e7, 1e8);
	rate_interval_add(&r, 1.01e7, 1e8);
	e = rate_interval_estimate(&r);
	assert_true(fabs(e.mean_bps - 1e8) < 1);
	assert_true(fabs(e.percent - 2.484) < 0.001);
}

/* Long windows weigh more. */
static void test_weights(void **state)
{
	struct rate_interval r = {0};

	(void)state;
	rate_interval_add(&r, 3e7, 3e8);
	rate_interval_add(&r, 1.02e7, 1e8);
	assert_true(fabs(rate_interval_estimate(&r).mean_bps - 1.005e8) < 1);
}

static void test_change(void **state)
{
	static const struct {
		double after;
		unsigned windows; /* that count, after eight of the new kind */
	} rows[] = {{0.3, 8}, {0.9, 8}, {1.1, 8}, {3, 8}, {0.98, 28}, {1.02, 28}};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct rate_interval r = {0};

		for (unsigned n = 0; n < 20; n++)
			rate_interval_add(&r, n % 2 ? 1.001e7 : 0.999e7, 1e8);
		for (unsigned n = 0; n < 7; n++)
			rate_interval_add(&r, rows[i].after * 1e7, 1e8);
		assert_int_equal(rate_interval_estimate(&r).windows, 27);
		rate_interval_add(&r, rows[i].after * 1e7, 1e8);
		assert_int_equal(rate_interval_estimate(&r).windows, rows[i].windows);
	}
}

/* Until it has settled on something new, all that was measured counts; what it came by doesn't, later. */
static void test_settles(void **state)
{
	struct rate_interval r = {0};

	(void)state;
	for (unsigned n = 0; n < 20; n++)
		rate_interval_add(&r, 1e7, 1e8);
	for (unsigned n = 0; n < 10; n++)
		rate_interval_add(&r, 1e6 * (12 + 0.5 * n), 1e8);
	assert_int_equal(rate_interval_estimate(&r).windows, 30);
	for (unsigned n = 0; n < 16; n++)
		rate_interval_add(&r, 2e7, 1e8);
	assert_int_equal(rate_interval_estimate(&r).windows, 16);
	assert_true(fabs(rate_interval_estimate(&r).mean_bps - 2e8) < 1);
}

/* A path that has grown step by step, and is then steady but for what one window takes from the next; or but
 * for what several take from several, which is the path. */
static void test_settles_in_noise(void **state)
{
	static const struct {
		const char *name;
		unsigned like; /* windows in a row are off to the same side */
		double off;    /* by this part */
		unsigned windows;
	} rows[] = {
		{"steady", 1, 0, 24},
		{"noise at the ends", 1, 0.3, 24},
		{"in pairs", 2, 0.3, 24},
		{"slow, and small", 4, 0.05, 24},
		{"slow", 4, 0.3, 44},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct rate_interval r = {0};

		print_message("%s\n", rows[i].name);
		for (unsigned n = 0; n < 20; n++)
			rate_interval_add(&r, 2e6 * (1 + 0.25 * n), 1e8);
		for (unsigned n = 0; n < 24; n++)
			rate_interval_add(
				&r, 2e7 * (n / rows[i].like % 2 ? 1 - rows[i].off : 1 + rows[i].off), 1e8);
		assert_int_equal(rate_interval_estimate(&r).windows, rows[i].windows);
	}
}

/* Single windows far away, on different sides, are no change; and the ring holds the latest. */
static void test_outliers(void **state)
{
	struct rate_interval r = {0};

	(void)state;
	for (unsigned n = 0; n < 3 * RATE_INTERVAL_WINDOWS; n++)
		rate_interval_add(&r, n % 10 == 3 ? 0.5e7 : n % 10 == 4 ? 1.5e7 : 1e7, 1e8);
	assert_int_equal(rate_interval_estimate(&r).windows, RATE_INTERVAL_WINDOWS);
	assert_true(fabs(rate_interval_estimate(&r).mean_bps - 1e8) < 1e6);
}

/* The mean is the new path's; the percentiles tell of both. A reset leaves nothing. */
static void test_percentiles_of_two_paths(void **state)
{
	struct rate_interval r = {0};

	(void)state;
	for (unsigned n = 0; n < 75; n++)
		rate_interval_add(&r, n % 50 < 25 ? 3e6 : 6e6, 1e8);
	assert_int_equal(rate_interval_estimate(&r).windows, 25); /* the path of now */
	for (unsigned n = 75; n < 200; n++)
		rate_interval_add(&r, n % 50 < 25 ? 3e6 : 6e6, 1e8);
	assert_int_equal(rate_interval_estimate(&r).windows, RATE_INTERVAL_WINDOWS); /* one that varies */
	assert_true(fabs(rate_interval_estimate(&r).mean_bps / ((53 * 3e7 + 75 * 6e7) / 128) - 1) < 1e-9);
	assert_true(fabs(rate_interval_percentile(&r, 10) - 3e7) < 1);
	assert_true(fabs(rate_interval_percentile(&r, 90) - 6e7) < 1);
	rate_interval_reset(&r);
	assert_true(rate_interval_percentile(&r, 50) == 0);
	for (unsigned n = 0; n < RATE_INTERVAL_FEW; n++)
		rate_interval_add(&r, 5e6, 1e8);
	assert_true(fabs(rate_interval_percentile(&r, 10) - 5e7) < 1);
}

static void test_percentiles(void **state)
{
	static const struct {
		const char *name;
		unsigned windows;
		double step; /* of the rate, from window to window, of 100 Mbit/s */
		double percent, bps;
	} rows[] = {
		{"none", 0, 0, 50, 0},
		{"too few", RATE_INTERVAL_FEW - 1, 0, 50, 0},
		{"all alike", RATE_INTERVAL_FEW, 0, 10, 1e8},
		{"the lowest", 11, 0.01, 0, 1e8},
		{"a tenth", 11, 0.01, 10, 1.01e8},
		{"the middle", 11, 0.01, 50, 1.05e8},
		{"between two", 10, 0.01, 50, 1.045e8},
		{"nine tenths", 11, 0.01, 90, 1.09e8},
		{"the highest", 11, 0.01, 100, 1.1e8},
		{"falling", 11, -0.01, 10, 0.91e8},
		{"the latest of many", RATE_INTERVAL_WINDOWS + 100, 1e-5, 0, 1.001e8},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct rate_interval r = {0};

		print_message("%s\n", rows[i].name);
		for (unsigned n = 0; n < rows[i].windows; n++)
			rate_interval_add(&r, 1e7 * (1 + rows[i].step * n), 1e8);
		assert_true(fabs(rate_interval_percentile(&r, rows[i].percent) - rows[i].bps) < 1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_coverage),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_weights),
		cmocka_unit_test(test_change),
		cmocka_unit_test(test_settles),
		cmocka_unit_test(test_settles_in_noise),
		cmocka_unit_test(test_outliers),
		cmocka_unit_test(test_percentiles),
		cmocka_unit_test(test_percentiles_of_two_paths),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
