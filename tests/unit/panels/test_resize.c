/* A busy screen that changes its size all the time, at random but from a seed: it neither crashes nor draws
 * where it must not. For the sanitizers above all. */
#include <curses.h>
#include <locale.h>
#include <stdlib.h>

#include "tests/support/random.h"
#include "tests/support/test.h"
#include "tests/support/tui_scenes.h"
#include "tui/screen/screen.h"

enum { RESIZES = 1000, RESIZES_OF_CURSES = 200, ROWS_MOST = 80, COLS_MOST = 250, SPARE = 0xfffd };

static struct fake fake; /* large */
static uint64_t seed;

static int pick(int least, int most)
{
	return least + (int)(random_next(&seed) % (uint64_t)(most - least + 1));
}

static int begin(void **state)
{
	struct view_test *v = fake.view.test;

	(void)state;
	if (!setlocale(LC_CTYPE, "C.UTF-8"))
		return -1;
	seed = 20260705;
	scene_watching(&fake);
	/* Words of all lengths where they come from elsewhere. */
	for (unsigned i = 0; i < VIEW_TESTS; i++, v++) {
		v->record = (struct test_record){.direction = i % 2 ? TEST_UP : TEST_DOWN,
			.phase = i % 3 ? TEST_COMPLETE : TEST_INCOMPLETE,
			.sent.duration_ns = NS_PER_S,
			.received.known = i % 4 ? RECEIVED_TOTALS : RECEIVED_NOTHING,
			.sent.count = {.packets = UINT64_C(1) << 2 * i, .bytes = UINT64_C(1) << 2 * i},
			.received.count = {.packets = UINT64_C(1) << i, .bytes = UINT64_C(1) << 2 * i}};
		memset(v->limit, 'l', i * 3);
	}
	fake.view.tests_over = 77;
	for (unsigned i = 0; i < VIEW_EVENTS; i++)
		memset(fake.view.event[i].text, 'e', i * 119 / VIEW_EVENTS + 1);
	fake.view.events = 1000;
	memset(fake.view.problem, 'p', sizeof fake.view.problem - 1);
	return 0;
}

static int end(void **state)
{
	(void)state;
	fake_close(&fake);
	return 0;
}

static void shake(void)
{
	static const enum client_state states[] = {CLIENT_UP, CLIENT_UP, CLIENT_LOST, CLIENT_ASKING};
	struct ui *ui = &fake.ui;

	ui->focus = (enum port_kind)pick(0, PORT_KINDS - 1);
	ui->unit = (enum unit)pick(0, UNITS - 1);
	ui->scale = (unsigned)pick(0, UI_SCALES - 1);
	ui->zoomed = pick(0, 3) == 0;
	ui->help = pick(0, 3) == 0;
	ui->help_row = pick(0, 120);
	ui->frozen = false;
	if (pick(0, 2) == 0)
		ui_look_at(ui, &fake.history, (size_t)pick(0, (int)fake.history.count));
	ui->terms = (struct ui_test_dialog){0};
	if (pick(0, 3) == 0)
		test_dialog_open(&ui->terms, &fake.view);
	if (pick(0, 1) == 0)
		memset(ui->terms.problem, 'x', (size_t)pick(0, UI_PROBLEM - 1));
	fake.view.watching = pick(0, 1);
	fake.view.classic = pick(0, 3) == 0;
	fake.view.state = states[pick(0, 3)];
}

static void test_resizes(void **state)
{
	struct canvas c = {0};

	(void)state;
	for (int i = 0; i < RESIZES; i++) {
		struct scene scene;

		shake();
		scene = scene_of(&fake);
		c.utf8 = pick(0, 1);
		assert_int_equal(canvas_resize(&c, pick(1, ROWS_MOST), pick(1, COLS_MOST)), 0);
		paint(&c, &scene);
		for (int k = 0; k < c.rows * c.cols; k++)
			assert_true(c.cell[k].ch >= L' ' && c.cell[k].style < STYLES);
	}
	canvas_free(&c);
}

/* A part draws in its rectangle alone. */
static void paint_part(int part, struct canvas *c, struct rect r, const struct scene *scene)
{
	static void (*const parts[])(struct canvas *, struct rect, const struct scene *) = {
		paint_head, paint_results, paint_server, paint_log, paint_help_line};

	if (part < PORT_KINDS)
		paint_panel(c, r, scene, (enum port_kind)part);
	else
		parts[part - PORT_KINDS](c, r, scene);
}

static bool is_inside(struct rect r, int row, int col)
{
	return row >= r.row && row < r.row + r.rows && col >= r.col && col < r.col + r.cols;
}

static struct rect random_rect(int part, const struct canvas *c)
{
	struct rect r = {.rows = part < PORT_KINDS ? pick(3, c->rows) : pick(1, c->rows),
		.cols = pick(LAYOUT_COLS_MIN, c->cols)};

	if (part == PORT_KINDS || part == PORT_KINDS + 4)
		r.rows = 1;
	r.row = pick(0, c->rows - r.rows);
	r.col = pick(0, c->cols - r.cols);
	return r;
}

static void test_inside(void **state)
{
	struct canvas c = {.utf8 = true};

	(void)state;
	assert_int_equal(canvas_resize(&c, 40, 160), 0);
	for (int i = 0; i < RESIZES; i++) {
		int part = i % (PORT_KINDS + 5);
		struct rect r = random_rect(part, &c);
		struct scene scene;

		shake();
		scene = scene_of(&fake);
		for (int k = 0; k < c.rows * c.cols; k++)
			c.cell[k].ch = SPARE;
		paint_part(part, &c, r, &scene);
		for (int k = 0; k < c.rows * c.cols; k++) {
			if (is_inside(r, k / c.cols, k % c.cols) || c.cell[k].ch == SPARE)
				continue;
			print_message("part %d of %dx%d at %d,%d wrote at %d,%d\n", part, r.cols, r.rows,
				r.row, r.col, k / c.cols, k % c.cols);
			fail();
		}
	}
	canvas_free(&c);
}

/* The same through curses, which must keep up. */
static void test_curses(void **state)
{
	FILE *in = fopen("/dev/null", "r"), *out = fopen("/dev/null", "w");
	struct screen *s;

	(void)state;
	assert_true(in && out);
	s = screen_open(&(struct screen_plan){.terminal = "xterm-256color", .in = in, .out = out});
	assert_non_null(s);
	for (int i = 0; i < RESIZES_OF_CURSES; i++) {
		int rows = pick(1, ROWS_MOST), cols = pick(1, COLS_MOST);
		struct scene scene;
		struct canvas *c;
		wchar_t row[COLS_MOST + 1];

		shake();
		screen_set_theme(s, (enum option_theme)pick(0, OPTION_THEMES - 1));
		scene = scene_of(&fake);
		assert_int_equal(resizeterm(rows, cols), OK);
		c = screen_canvas(s);
		assert_non_null(c);
		assert_int_equal(c->rows, rows);
		assert_int_equal(c->cols, cols);
		paint(c, &scene);
		screen_show(s);
		for (int k = 0; k < rows; k++) {
			mvwinnwstr(stdscr, k, 0, row, COLS_MOST);
			for (int col = 0; col < cols; col++)
				assert_int_equal(row[col], c->cell[k * cols + col].ch);
		}
	}
	screen_close(s);
	fclose(in);
	fclose(out);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_resizes),
		TEST(test_inside),
		TEST(test_curses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
