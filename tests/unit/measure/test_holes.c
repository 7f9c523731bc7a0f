/* The strip that shows where holes are. */
#include "proto/measure/holes.h"
#include "tests/support/test.h"

static const struct row {
	const char *name;
	struct span missing[3];
	unsigned count;
	uint64_t end;
	uint64_t first, last;          /* of the strip */
	unsigned from, to;             /* cells that are dark, both belong to it; others are not looked at */
	unsigned light_from, light_to; /* cells that are empty */
	unsigned darkness;             /* of the dark ones */
} rows[] = {
	{"a hole at the beginning of the strip", {{100, 109}}, 1, 580, 100, 580, 0, 0, 1, 47, 255},
	{"half of one cell", {{0, 4}}, 1, 480, 0, 480, 0, 0, 1, 47, 128},
	{"all is missing", {{0, 479}}, 1, 480, 0, 480, 0, 47, 48, 47, 255},
	{"two holes, the second at the end", {{0, 9}, {470, 479}}, 2, 480, 0, 480, 47, 47, 1, 46, 255},
	{"the least is seen", {{0, 0}, {4700000, 4700000}}, 2, 4800000, 0, 4800000, 47, 47, 1, 46, 1},
	{"fewer numbers than cells", {{7, 7}, {9, 9}}, 2, 10, 7, 10, 0, 15, 16, 31, 255},
	{"a number alone", {{7, 7}}, 1, 8, 7, 8, 0, 47, 48, 47, 255},
	{"beyond the end is not missing", {{0, 9}, {600, 700}}, 2, 480, 0, 480, 0, 0, 1, 47, 255},
};

static void test_rows(void **state)
{
	(void)state;
	for (unsigned r = 0; r < sizeof rows / sizeof *rows; r++) {
		const struct row *row = &rows[r];
		struct hole_strip strip;
		struct span_set set;

		print_message("%s\n", row->name);
		assert_int_equal(span_set_init(&set, 1 << 25), 0);
		for (unsigned i = 0; i < row->count; i++)
			span_add(&set, row->missing[i]);
		holes_draw(&strip, &set, row->end);
		assert_int_equal(strip.first, row->first);
		assert_int_equal(strip.end, row->last);
		for (unsigned i = row->from; i <= row->to; i++)
			assert_int_equal(strip.cell[i], row->darkness);
		for (unsigned i = row->light_from; i <= row->light_to; i++)
			assert_int_equal(strip.cell[i], 0);
		span_set_free(&set);
	}
}

static void test_nothing_is_missing(void **state)
{
	struct hole_strip strip = {.first = 1, .end = 2, .cell = {3}};
	struct span_set set;

	(void)state;
	assert_int_equal(span_set_init(&set, 1 << 14), 0);
	holes_draw(&strip, &set, 1000);
	assert_int_equal(strip.first + strip.end + strip.cell[0], 0);
	span_set_free(&set);
}

/* However many holes there are, the work is bounded: the strip then ends early. */
static void test_many(void **state)
{
	struct hole_strip strip;
	struct span_set set;

	(void)state;
	assert_int_equal(span_set_init(&set, 1 << 20), 0);
	for (uint64_t n = 0; n < 100000; n += 2)
		span_add(&set, (struct span){n, n});
	holes_draw(&strip, &set, 100000);
	assert_int_equal(strip.end, 2 * HOLES_RUNS - 1);
	for (unsigned i = 0; i < HOLE_CELLS; i++)
		assert_in_range(strip.cell[i], 100, 160);
	span_set_free(&set);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_nothing_is_missing),
		cmocka_unit_test(test_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
