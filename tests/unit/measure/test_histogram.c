/* Histograms: every percentile against the sorted values it came from, for several distributions.
 */
#include "proto/measure/histogram.h"
#include "tests/support/random.h"
#include "tests/support/test.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_VALUES = 20000, PER_MILLE = 1000 };

static const uint64_t LIMIT = UINT64_C(1) << HISTOGRAM_MAX_BITS;

static uint64_t always(uint64_t *seed)
{
	(void)seed;
	return 123456789;
}

static uint64_t exact_range(uint64_t *seed)
{
	return random_next(seed) % 128;
}

static uint64_t uniform_ms(uint64_t *seed)
{
	return random_next(seed) % 50000000;
}

/* As many values in each power of two, zero included. */
static uint64_t all_magnitudes(uint64_t *seed)
{
	uint64_t bits = random_next(seed) % (HISTOGRAM_MAX_BITS + 1);

	return random_next(seed) & ((UINT64_C(1) << bits) - 1);
}

/* A quiet path with a queue on one packet in 50. */
static uint64_t two_humps(uint64_t *seed)
{
	uint64_t quiet = 200000 + random_next(seed) % 3000;

	return random_next(seed) % 50 ? quiet : 80000000 + random_next(seed) % 40000000;
}

/* Falls off with the square of the value. */
static uint64_t long_tail(uint64_t *seed)
{
	return UINT64_C(100000000000) / (1 + random_next(seed) % 100000);
}

static uint64_t powers_of_two(uint64_t *seed)
{
	uint64_t power = UINT64_C(1) << random_next(seed) % HISTOGRAM_MAX_BITS;

	return power - random_next(seed) % 2;
}

static const struct {
	const char *name;
	uint64_t (*draw)(uint64_t *seed);
	size_t n;
} distributions[] = {
	{"one value", always, 1},
	{"the same value", always, 1000},
	{"two values", uniform_ms, 2},
	{"exact range", exact_range, 10000},
	{"uniform", uniform_ms, 20000},
	{"odd number of values", uniform_ms, 997},
	{"all magnitudes", all_magnitudes, 20000},
	{"two humps", two_humps, 20000},
	{"long tail", long_tail, 20000},
	{"bucket borders", powers_of_two, 5000},
};

static int compare_values(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a;
	uint64_t y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* The promise of the header: wrong by less than 1 / HISTOGRAM_SUB of itself, inside min..max. */
static void check_percentiles(const struct histogram *h, const uint64_t *sorted, size_t n)
{
	for (size_t mille = 0; mille <= PER_MILLE; mille++) {
		size_t rank = (mille * n + PER_MILLE - 1) / PER_MILLE;
		uint64_t exact = sorted[rank == 0 ? 0 : rank - 1];
		uint64_t got = histogram_percentile(h, (double)mille / 10);
		uint64_t error = got > exact ? got - exact : exact - got;

		if (error > 0 && error * HISTOGRAM_SUB >= exact)
			fail_msg("per mille %zu: %llu, exact %llu", mille, (unsigned long long)got,
				(unsigned long long)exact);
		assert_in_range(got, sorted[0], sorted[n - 1]);
	}
}

static void test_percentiles(void **state)
{
	static uint64_t values[MAX_VALUES];

	(void)state;
	for (size_t i = 0; i < sizeof(distributions) / sizeof(*distributions); i++) {
		struct histogram h = {0};
		uint64_t seed = i + 1;
		uint64_t sum = 0;
		size_t n = distributions[i].n;

		print_message("%s\n", distributions[i].name);
		for (size_t v = 0; v < n; v++) {
			values[v] = distributions[i].draw(&seed);
			sum += values[v];
			histogram_add(&h, values[v]);
		}
		qsort(values, n, sizeof(*values), compare_values);
		check_percentiles(&h, values, n);
		assert_int_equal(h.n, n);
		assert_int_equal(h.min_ns, values[0]);
		assert_int_equal(h.max_ns, values[n - 1]);
		assert_int_equal(histogram_mean(&h), sum / n);
	}
}

/* With min and max put far away, so that they don't help: half a bucket is the worst.
 * The first and last values of the buckets around each power of two. */
static void test_single_values(void **state)
{
	(void)state;
	for (unsigned bits = 0; bits < HISTOGRAM_MAX_BITS; bits++) {
		for (uint64_t add = 0; add < 4; add++) {
			uint64_t low = UINT64_C(1) << bits;
			uint64_t width = low >> HISTOGRAM_SUB_BITS;
			uint64_t value = low + width * (add / 2) + add % 2 - 1;
			struct histogram h = {0};
			uint64_t got;
			uint64_t error;

			histogram_add(&h, value);
			h.min_ns = 0;
			h.max_ns = UINT64_MAX;
			got = histogram_percentile(&h, 50);
			error = got > value ? got - value : value - got;
			if (error > 0 && (value < 2 * HISTOGRAM_SUB || 2 * error * HISTOGRAM_SUB > value))
				fail_msg("%llu became %llu", (unsigned long long)value,
					(unsigned long long)got);
		}
	}
}

/* {0, 1, 1, 7}, all of them small enough to be exact. */
static const struct {
	double percent;
	uint64_t value_ns;
} ranks[] = {
	{-5, 0},
	{0, 0},
	{0.1, 0},
	{25, 0},
	{25.1, 1},
	{50, 1},
	{75, 1},
	{75.1, 7},
	{100, 7},
	{250, 7},
};

static void test_ranks(void **state)
{
	static const uint64_t values[] = {7, 1, 0, 1};
	struct histogram h = {0};

	(void)state;
	for (size_t i = 0; i < sizeof(values) / sizeof(*values); i++)
		histogram_add(&h, values[i]);
	for (size_t i = 0; i < sizeof(ranks) / sizeof(*ranks); i++) {
		print_message("percent %f\n", ranks[i].percent);
		assert_int_equal(histogram_percentile(&h, ranks[i].percent), ranks[i].value_ns);
	}
	assert_int_equal(histogram_mean(&h), 2);
}

static void test_empty(void **state)
{
	struct histogram h = {0};
	struct histogram other = {0};

	(void)state;
	for (int percent = 0; percent <= 100; percent += 50)
		assert_int_equal(histogram_percentile(&h, percent), 0);
	assert_int_equal(histogram_mean(&h), 0);
	histogram_merge(&h, &other);
	assert_memory_equal(&h, &other, sizeof(h));
	histogram_add(&other, 0);
	assert_int_equal(other.n, 1);
	assert_int_equal(histogram_percentile(&other, 50), 0);
}

/* Both orders of a merge, and one with an empty histogram, are as good as adding one by one. */
static void test_merge(void **state)
{
	struct histogram all = {0};
	struct histogram low = {0};
	struct histogram high = {0};
	struct histogram merged = {0};
	uint64_t seed = 99;

	(void)state;
	for (int i = 0; i < 3000; i++) {
		uint64_t value = two_humps(&seed);

		histogram_add(&all, value);
		histogram_add(value < 1000000 ? &low : &high, value);
	}
	assert_true(low.n > 0 && high.n > 0);
	histogram_merge(&merged, &low);
	histogram_merge(&merged, &high);
	assert_memory_equal(&merged, &all, sizeof(all));
	histogram_merge(&high, &low);
	assert_memory_equal(&high, &all, sizeof(all));
	histogram_merge(&all, &(struct histogram){0});
	assert_memory_equal(&merged, &all, sizeof(all));
}

/* Values past the last bucket are counted there, and percentiles stay inside min..max. */
static void test_large_values(void **state)
{
	struct histogram h = {0};

	(void)state;
	histogram_add(&h, LIMIT);
	assert_int_equal(h.bucket[HISTOGRAM_BUCKETS - 1], 1);
	assert_int_equal(histogram_percentile(&h, 50), LIMIT);
	histogram_add(&h, LIMIT - 1);
	histogram_add(&h, UINT64_MAX);
	assert_int_equal(h.bucket[HISTOGRAM_BUCKETS - 1], 3);
	assert_int_equal(histogram_percentile(&h, 0), LIMIT - 1);
	assert_int_equal(h.max_ns, UINT64_MAX);
	assert_int_equal(h.sum_ns, UINT64_MAX);
}

/* A bucket at its end stays there; percentiles then go by what the buckets hold. */
static void test_full_bucket(void **state)
{
	struct histogram h = {0};
	struct histogram twice;

	(void)state;
	histogram_add(&h, 10);
	histogram_add(&h, 20);
	h.bucket[10] = UINT32_MAX - 1;
	h.n = UINT32_MAX;
	histogram_add(&h, 10);
	assert_int_equal(h.bucket[10], UINT32_MAX);
	histogram_add(&h, 10);
	assert_int_equal(h.bucket[10], UINT32_MAX);
	assert_int_equal(h.n, (uint64_t)UINT32_MAX + 2);
	twice = h;
	histogram_merge(&twice, &h);
	assert_int_equal(twice.bucket[10], UINT32_MAX);
	assert_int_equal(twice.bucket[20], 2);
	assert_int_equal(twice.n, 2 * h.n);
	assert_int_equal(histogram_percentile(&twice, 50), 10);
	assert_int_equal(histogram_percentile(&twice, 100), 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_percentiles),
		cmocka_unit_test(test_single_values),
		cmocka_unit_test(test_ranks),
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_merge),
		cmocka_unit_test(test_large_values),
		cmocka_unit_test(test_full_bucket),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
