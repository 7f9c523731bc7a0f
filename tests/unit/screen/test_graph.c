/* Graphs cell by cell. In the pictures a blank is a cell that was not drawn. */
#include <locale.h>
#include <math.h>

#include "tests/support/test.h"
#include "tui/screen/graph.h"

enum { MOST = 8, ROWS = 3 };

static struct canvas make(int rows, int cols, bool utf8)
{
	struct canvas c = {.utf8 = utf8};

	assert_int_equal(canvas_resize(&c, rows, cols), 0);
	return c;
}

static void assert_row(const struct canvas *c, int row, const wchar_t *expected)
{
	for (int col = 0; col < c->cols; col++) {
		if (c->cell[row * c->cols + col].ch != expected[col])
			print_message("row %d, column %d: %lc\n", row, col,
				(wint_t)c->cell[row * c->cols + col].ch);
		assert_int_equal(c->cell[row * c->cols + col].ch, expected[col]);
	}
}

static const struct {
	const char *name;
	bool utf8;
	int rows, cols;
	unsigned count;
	struct graph_sample sample[MOST];
	double top;
	const wchar_t *row[ROWS];
} graphs[] = {
	{"ASCII: thirds of a cell", false, 1, 4, 4, {{1, 0}, {2, 0}, {3, 0}, {0, 0}}, 3, {L".:# "}},
	{"two rows", false, 2, 4, 4, {{1, 0}, {3, 0}, {4, 0}, {6, 0}}, 6, {L"  .#", L".###"}},
	{"anything above nothing is seen", false, 1, 3, 3, {{0.001F, 0}, {0, 0}, {-1, 0}}, 100, {L".  "}},
	{"above the top is cut", false, 2, 1, 1, {{99, 0}}, 3, {L"#", L"#"}},
	{"the newest is at the right", false, 1, 4, 2, {{3, 0}, {1, 0}}, 3, {L"  #."}},
	{"the oldest are left out", false, 1, 2, 4, {{3, 0}, {3, 0}, {1, 0}, {2, 0}}, 3, {L".:"}},
	{"no sample", false, 1, 2, 0, {{0, 0}}, 1, {L"  "}},
	{"a loss is on the top row", false, 3, 3, 3, {{1, 0}, {-1, 1}, {9, 1}}, 9, {L" xx", L"  #", L". #"}},
	{"braille: quarters of a cell, two in each", true, 1, 3, 6,
		{{1, 0}, {2, 0}, {3, 0}, {4, 0}, {0, 0}, {1, 0}}, 4, {L"\x28e0\x28fe\x2880"}},
	{"braille: two rows", true, 2, 1, 2, {{5, 0}, {8, 0}}, 8, {L"\x28f8", L"\x28ff"}},
	{"braille: an odd number leaves the left half free", true, 1, 2, 3, {{4, 0}, {4, 0}, {4, 0}}, 4,
		{L"\x28b8\x28ff"}},
	{"braille: one loss of two marks the cell", true, 2, 2, 4, {{1, 0}, {1, 1}, {8, 0}, {8, 0}}, 8,
		{L"×\x28ff", L"\x28c0\x28ff"}},
	{"braille: nothing known is nothing drawn", true, 1, 2, 4, {{-1, 0}, {-1, 0}, {0, 0}, {0, 0}}, 1,
		{L"  "}},
};

static void test_graphs(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(graphs); i++) {
		struct canvas c = make(graphs[i].rows, graphs[i].cols, graphs[i].utf8);
		struct graph g = {.sample = graphs[i].sample,
			.count = graphs[i].count,
			.top = graphs[i].top,
			.style = STYLE_RATE};

		print_message("%s\n", graphs[i].name);
		graph_draw(&c, (struct rect){0, 0, c.rows, c.cols}, &g);
		for (int row = 0; row < c.rows; row++)
			assert_row(&c, row, graphs[i].row[row]);
		canvas_free(&c);
	}
}

/* What a cell says is also in its style. */
static void test_styles(void **state)
{
	static const struct graph_sample sample[] = {{9, false}, {9, true}};
	struct canvas c = make(2, 2, false);

	(void)state;
	graph_draw(&c, (struct rect){0, 0, 2, 2}, &(struct graph){sample, 2, 9, STYLE_LATENCY});
	assert_int_equal(c.cell[0].style, STYLE_LATENCY);
	assert_int_equal(c.cell[1].style, STYLE_LOSS);
	assert_int_equal(c.cell[3].style, STYLE_LATENCY);
	canvas_free(&c);
}

static const struct {
	double value, top;
} tops[] = {
	{0, 1},
	{-3, 1},
	{NAN, 1},
	{INFINITY, 1},
	{1, 1},
	{1.1, 1.5},
	{1.51, 2},
	{2, 2},
	{2.01, 3},
	{3.01, 5},
	{5, 5},
	{5.1, 7.5},
	{9.99, 10},
	{10, 10},
	{10.5, 15},
	{0.3, 0.3},
	{0.05, 0.05},
	{0.0011, 0.0015},
	{999, 1000},
	{1000, 1000},
	{4e11, 5e11},
};

static void test_top(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(tops); i++) {
		print_message("%g\n", tops[i].value);
		assert_true(fabs(graph_top(tops[i].value) - tops[i].top) < 1e-9 * tops[i].top);
	}
}

/* Over twelve decades: never below the value, never more than 1.7 times as high. */
static void test_top_bounds(void **state)
{
	(void)state;
	for (double value = 1e-6; value < 1e12; value *= 1.07) {
		double top = graph_top(value);

		assert_true(top >= value * 0.999999);
		assert_true(top <= value * 1.6666667);
	}
}

static void test_samples(void **state)
{
	struct canvas utf8 = {.utf8 = true}, ascii = {.utf8 = false};

	(void)state;
	assert_int_equal(graph_samples(&utf8, 7), 14);
	assert_int_equal(graph_samples(&ascii, 7), 7);
	assert_int_equal(graph_samples(&utf8, 0), 0);
	assert_int_equal(graph_samples(&utf8, -4), 0);
}

static const struct {
	double part;
	const wchar_t *row;
} bars[] = {
	{-1, L"...."},
	{0, L"...."},
	{0.12, L"...."},
	{0.13, L"#..."},
	{0.5, L"##.."},
	{0.99, L"####"},
	{1, L"####"},
	{7, L"####"},
};

static void test_bar(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(bars); i++) {
		struct canvas c = make(1, 4, false);

		print_message("%g\n", bars[i].part);
		graph_bar(&c, (struct rect){0, 0, 1, 4}, bars[i].part, STYLE_RATE);
		assert_row(&c, 0, bars[i].row);
		canvas_free(&c);
	}
}

static const struct {
	const char *name;
	bool utf8;
	int cols;
	unsigned count;
	uint8_t value[MOST];
	const wchar_t *row;
} strips[] = {
	{"a cell each", false, 4, 4, {0, 1, 128, 255}, L" .+@"},
	{"the least is seen, and only all is full", true, 3, 3, {1, 224, 255}, L"▁██"},
	{"the darkest of those that share a cell", false, 2, 4, {0, 255, 0, 0}, L"@ "},
	{"one value over several cells", false, 6, 2, {255, 0}, L"@@@   "},
	{"uneven", false, 3, 8, {0, 0, 255, 0, 0, 0, 0, 1}, L" @."},
	{"a single one", false, 1, 8, {0, 0, 0, 0, 0, 0, 0, 255}, L"@"},
};

static void test_strip(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(strips); i++) {
		struct canvas c = make(1, strips[i].cols, strips[i].utf8);

		print_message("%s\n", strips[i].name);
		graph_strip(&c, (struct rect){0, 0, 1, c.cols}, strips[i].value, strips[i].count);
		assert_row(&c, 0, strips[i].row);
		canvas_free(&c);
	}
}

static void test_axis(void **state)
{
	struct canvas c = make(3, 6, false);

	(void)state;
	graph_axis(&c, (struct rect){0, 0, 3, 6}, "20 ms");
	assert_row(&c, 0, L"20 ms|");
	assert_row(&c, 1, L"     |");
	assert_row(&c, 2, L"    0|");
	canvas_clear(&c, (struct rect){0, 0, 3, 6});
	graph_axis(&c, (struct rect){1, 1, 1, 5}, "2 ms");
	assert_row(&c, 0, L"      ");
	assert_row(&c, 1, L" 2 ms|");
	assert_row(&c, 2, L"      ");
	canvas_free(&c);
}

static int set_locale(void **state)
{
	(void)state;
	return setlocale(LC_CTYPE, "C.UTF-8") ? 0 : -1;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_graphs),
		cmocka_unit_test(test_styles),
		cmocka_unit_test(test_top),
		cmocka_unit_test(test_top_bounds),
		cmocka_unit_test(test_samples),
		cmocka_unit_test(test_bar),
		cmocka_unit_test(test_strip),
		cmocka_unit_test(test_axis),
	};

	return cmocka_run_group_tests(tests, set_locale, NULL);
}
