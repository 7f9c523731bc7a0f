/* Every size from 1x1 to 250x70, with every wish: what must hold, and what some sizes must show. */
#include <stdio.h>
#include <string.h>

#include "tests/support/test.h"
#include "tui/screen/layout.h"

enum { ROWS = 70, COLS = 250, PARTS = PORT_KINDS + 5, WISHES = 4 * PORT_KINDS };

static struct layout_wish wish(int i)
{
	return (struct layout_wish){
		.focus = (enum port_kind)(i % PORT_KINDS),
		.zoomed = i / PORT_KINDS & 1,
		.server = i / PORT_KINDS & 2,
	};
}

static void parts(const struct layout *l, struct rect out[PARTS])
{
	memcpy(out, l->panel, sizeof l->panel);
	out[PORT_KINDS] = l->head;
	out[PORT_KINDS + 1] = l->help;
	out[PORT_KINDS + 2] = l->results;
	out[PORT_KINDS + 3] = l->server;
	out[PORT_KINDS + 4] = l->log;
}

static void check_places(const struct layout *l, int rows, int cols)
{
	uint8_t taken[ROWS][COLS] = {0};
	struct rect part[PARTS];

	parts(l, part);
	for (int i = 0; i < PARTS; i++) {
		const struct rect *r = &part[i];

		assert_true(r->rows >= 0);
		if (r->rows == 0)
			continue;
		assert_true(r->row >= 0 && r->col >= 0 && r->cols > 0);
		assert_true(r->row + r->rows <= rows && r->col + r->cols <= cols);
		for (int row = r->row; row < r->row + r->rows; row++) {
			assert_null(memchr(&taken[row][r->col], 1, (size_t)r->cols));
			memset(&taken[row][r->col], 1, (size_t)r->cols);
		}
	}
}

static void check_parts(const struct layout *l, int rows, int cols, const struct layout_wish *w)
{
	assert_int_equal(l->head.rows, 1);
	assert_int_equal(l->head.cols, cols);
	if (rows < LAYOUT_ROWS_MIN || cols < LAYOUT_COLS_MIN) {
		assert_int_equal(l->help.rows, 0);
		return;
	}
	assert_int_equal(l->help.rows, 1);
	assert_int_equal(l->help.row, rows - 1);
	assert_true(l->panel[w->focus].rows >= 3);
	for (int kind = 0; kind < PORT_KINDS; kind++)
		assert_true(l->panel[kind].rows == 0 || l->panel[kind].rows >= 3);
	assert_true(l->results.rows == 0 || l->results.rows >= 3);
	assert_true(l->server.rows == 0 || l->server.rows >= 4);
	if (!w->server)
		assert_int_equal(l->server.rows, 0);
}

/* Every row between head and help belongs to some part. */
static void check_whole(const struct layout *l, int rows)
{
	struct rect part[PARTS];
	int sum = 0;

	parts(l, part);
	for (int i = 0; i < PARTS; i++)
		sum += part[i].col == 0 ? part[i].rows : 0;
	assert_int_equal(sum, rows);
}

static void check(int rows, int cols, int i)
{
	struct layout_wish w = wish(i);
	struct layout l = layout_make(rows, cols, &w);

	check_places(&l, rows, cols);
	check_parts(&l, rows, cols, &w);
	if (rows >= LAYOUT_ROWS_MIN && cols >= LAYOUT_COLS_MIN)
		check_whole(&l, rows);
}

static void test_all_sizes(void **state)
{
	(void)state;
	for (int rows = 1; rows <= ROWS; rows++)
		for (int cols = 1; cols <= COLS; cols++)
			for (int i = 0; i < WISHES; i++)
				check(rows, cols, i);
}

/* Rows of each part. */
static const struct {
	const char *name;
	int rows, cols;
	struct layout_wish wish;
	int control, upload, download, results, server, log;
} sizes[] = {
	{"80x24 is complete", 24, 80, {PORT_UPLOAD, false, false}, 4, 6, 6, 3, 0, 3},
	{"and with the server's side", 24, 80, {PORT_UPLOAD, false, true}, 4, 6, 6, 0, 4, 2},
	{"low: the three panels", 12, 80, {PORT_UPLOAD, false, false}, 3, 3, 3, 0, 0, 1},
	{"just so", 11, 80, {PORT_UPLOAD, false, false}, 3, 3, 3, 0, 0, 0},
	{"lower: the one with the focus", 10, 80, {PORT_DOWNLOAD, false, false}, 0, 0, 8, 0, 0, 0},
	{"the least", 5, 30, {PORT_CONTROL, false, false}, 3, 0, 0, 0, 0, 0},
	{"zoomed and low", 12, 80, {PORT_CONTROL, true, true}, 10, 0, 0, 0, 0, 0},
	{"zoomed", 24, 80, {PORT_DOWNLOAD, true, false}, 0, 0, 18, 4, 0, 0},
	{"zoomed and high", 40, 80, {PORT_UPLOAD, true, false}, 0, 30, 0, 4, 0, 4},
	{"zoomed stays alone on a wide one", 40, 200, {PORT_UPLOAD, true, false}, 0, 30, 0, 4, 0, 4},
	{"wide", 42, 200, {PORT_UPLOAD, false, false}, 10, 15, 15, 16, 0, 24},
	{"wide, with the server's side", 42, 200, {PORT_UPLOAD, false, true}, 10, 15, 15, 14, 4, 22},
	{"wide, with no room for results", 11, 200, {PORT_UPLOAD, false, true}, 3, 3, 3, 0, 4, 5},
	{"wide but low", 10, 200, {PORT_UPLOAD, false, false}, 0, 8, 0, 0, 0, 0},
};

static void test_sizes(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(sizes); i++) {
		struct layout l = layout_make(sizes[i].rows, sizes[i].cols, &sizes[i].wish);

		print_message("%s\n", sizes[i].name);
		assert_int_equal(l.panel[PORT_CONTROL].rows, sizes[i].control);
		assert_int_equal(l.panel[PORT_UPLOAD].rows, sizes[i].upload);
		assert_int_equal(l.panel[PORT_DOWNLOAD].rows, sizes[i].download);
		assert_int_equal(l.results.rows, sizes[i].results);
		assert_int_equal(l.server.rows, sizes[i].server);
		assert_int_equal(l.log.rows, sizes[i].log);
	}
}

/* From 150 columns on, results and events are right of the panels. */
static void test_wide(void **state)
{
	static const struct layout_wish w = {.focus = PORT_UPLOAD};
	struct layout narrow = layout_make(40, LAYOUT_WIDE_COLS - 1, &w);
	struct layout wide = layout_make(40, LAYOUT_WIDE_COLS, &w);

	(void)state;
	assert_int_equal(narrow.results.col, 0);
	assert_true(narrow.results.row > narrow.panel[PORT_DOWNLOAD].row);
	assert_true(wide.results.col > wide.panel[PORT_CONTROL].cols);
	assert_int_equal(wide.log.col, wide.results.col);
	assert_int_equal(wide.results.row, wide.panel[PORT_CONTROL].row);
	assert_int_equal(wide.results.col + wide.results.cols, LAYOUT_WIDE_COLS);
}

static void test_panel_at(void **state)
{
	static const struct layout_wish w = {.focus = PORT_UPLOAD};
	struct layout l = layout_make(24, 80, &w);

	(void)state;
	assert_int_equal(layout_panel_at(&l, 0, 0), PORT_KINDS);
	assert_int_equal(layout_panel_at(&l, 23, 5), PORT_KINDS);
	assert_int_equal(layout_panel_at(&l, l.results.row, 0), PORT_KINDS);
	assert_int_equal(layout_panel_at(&l, 5, 80), PORT_KINDS);
	assert_int_equal(layout_panel_at(&l, -1, -1), PORT_KINDS);
	for (int kind = 0; kind < PORT_KINDS; kind++) {
		const struct rect *r = &l.panel[kind];

		assert_int_equal(layout_panel_at(&l, r->row, 0), kind);
		assert_int_equal(layout_panel_at(&l, r->row + r->rows - 1, 79), kind);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_sizes),
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_wide),
		cmocka_unit_test(test_panel_at),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
