/* How much arrives, in virtual time. */
#include "tests/support/test.h"

#include "proto/engine/load_rate.h"
#include "proto/sys/clock.h"

enum { STEPS = 4 };

static const struct {
	const char *name;
	struct {
		uint64_t ms, bytes;
		uint64_t bps; /* known then */
		bool is_news;
	} step[STEPS];
} rows[] = {
	{"nothing", {{0, 0, 0, false}, {500, 0, 0, false}, {1000, 0, 0, false}, {9000, 0, 0, false}}},
	{"a thin line: 64 kbit/s in packets of 1400 bytes",
		{{0, 1400, 0, false}, {350, 4200, 0, false}, {525, 5600, 64000, true},
			{1050, 9800, 64000, false}}},
	{"100 Mbit/s", {{0, 1400, 0, false}, {199, 2488900, 0, false}, {200, 2501400, 100000000, true},
			       {400, 5001400, 100000000, false}}},
	{"a little more, and much more", {{0, 1000, 0, false}, {200, 26000, 1000000, true},
						 {400, 57000, 1240000, false}, {600, 89000, 1280000, true}}},
	{"much less", {{0, 1000, 0, false}, {200, 101000, 4000000, true}, {400, 171000, 2800000, true},
			      {600, 241000, 2800000, false}}},
	{"nothing any more: the last is kept",
		{{0, 1000, 0, false}, {200, 26000, 1000000, true}, {400, 26000, 1000000, false},
			{9000, 26000, 1000000, false}}},
};

static void test_rates(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct load_rate r = {0};

		print_message("%s\n", rows[i].name);
		for (unsigned s = 0; s < STEPS; s++) {
			load_rate_add(&r, rows[i].step[s].bytes, START_NS + rows[i].step[s].ms * MS);
			assert_int_equal(r.bps, rows[i].step[s].bps);
			assert_int_equal(load_rate_is_news(&r), rows[i].step[s].is_news);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_rates)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
