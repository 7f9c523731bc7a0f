/* Whole screens, as curses holds them, against the files in screens/. WYNDRVR_GOLDEN=write writes the files
 * instead of comparing with them: look at what has changed before you keep it. */
#include <curses.h>
#include <locale.h>
#include <stdlib.h>

#include "tests/support/test.h"
#include "tests/support/tui_scenes.h"
#include "tui/screen/screen.h"

enum { TEXT = 1024, ROWS = 64 };

struct picture {
	int rows;
	char row[ROWS][TEXT];
};

static const struct size {
	int cols, rows;
} sizes[] = {{40, 12}, {80, 24}, {120, 40}, {200, 60}};
enum { SIZES = sizeof sizes / sizeof *sizes };

/* Which sizes: a bit for each. */
enum { SMALL = 1, USUAL = 2, LARGE = 4, WIDE = 8, ALL = 15 };

static const struct {
	const char *name;
	void (*build)(struct fake *f);
	unsigned utf8, ascii;
} scenes[] = {
	{"waiting", scene_waiting, USUAL, 0},
	{"idle", scene_idle, ALL, ALL},
	{"upload", scene_upload, ALL, ALL},
	{"both", scene_both, USUAL | WIDE, 0},
	{"held_up", scene_held_up, USUAL | LARGE, 0},
	{"results", scene_results, ALL, ALL},
	{"frozen", scene_frozen, USUAL | LARGE, 0},
	{"zoomed", scene_zoomed, SMALL | USUAL | WIDE, USUAL},
	{"zoomed_control", scene_zoomed_control, USUAL, 0},
	{"help", scene_help, ALL, USUAL},
	{"help_end", scene_help_end, SMALL | USUAL, 0},
	{"terms", scene_terms, SMALL | USUAL, USUAL},
	{"not_reached", scene_not_reached, SMALL | USUAL, 0},
	{"lost", scene_lost, USUAL | LARGE, USUAL},
	{"refused", scene_refused, SMALL | USUAL, 0},
	{"port_failed", scene_port_failed, SMALL | USUAL, 0},
	{"classic", scene_classic, SMALL | USUAL | LARGE, 0},
	{"watching", scene_watching, USUAL | LARGE | WIDE, USUAL},
};
enum { SCENES = sizeof scenes / sizeof *scenes };

static FILE *null_in, *null_out;

static struct screen *open_screen(const struct size *size, bool ascii)
{
	struct screen_plan plan = {
		.terminal = "xterm-256color", .out = null_out, .in = null_in, .ascii = ascii};
	char rows[8], cols[8];
	struct screen *s;

	snprintf(rows, sizeof rows, "%d", size->rows);
	snprintf(cols, sizeof cols, "%d", size->cols);
	setenv("LINES", rows, 1);
	setenv("COLUMNS", cols, 1);
	s = screen_open(&plan);
	assert_non_null(s);
	return s;
}

/* What curses has of it, in UTF-8, blanks at the end cut. */
static void take_picture(const struct size *size, struct picture *p)
{
	p->rows = size->rows;
	for (int row = 0; row < p->rows; row++) {
		wchar_t text[TEXT / 4] = {0};
		size_t length;

		mvwinnwstr(stdscr, row, 0, text, TEXT / 4 - 1);
		length = wcstombs(p->row[row], text, TEXT);
		assert_true(length < TEXT);
		while (length > 0 && p->row[row][length - 1] == ' ')
			p->row[row][--length] = '\0';
	}
}

static void paint_picture(size_t at, const struct size *size, bool ascii, struct picture *p)
{
	static struct fake fake; /* large */
	struct screen *s = open_screen(size, ascii);
	struct canvas *c = screen_canvas(s);
	struct scene scene;

	assert_non_null(c);
	assert_int_equal(c->rows, size->rows);
	assert_int_equal(c->cols, size->cols);
	assert_int_equal(c->utf8, !ascii);
	scenes[at].build(&fake);
	scene = scene_of(&fake);
	paint(c, &scene);
	screen_show(s);
	take_picture(size, p);
	fake_close(&fake);
	screen_close(s);
}

static void write_picture(const char *name, const struct picture *p)
{
	FILE *out = fopen(name, "w");

	assert_non_null(out);
	for (int row = 0; row < p->rows; row++)
		fprintf(out, "%s\n", p->row[row]);
	assert_int_equal(fclose(out), 0);
}

/* How many rows differ from the file's. */
static int differences(const char *name, const struct picture *p)
{
	FILE *in = fopen(name, "r");
	char row[TEXT];
	int differ = 0;

	if (!in) {
		print_message("%s: not there\n", name);
		return 1;
	}
	for (int i = 0; i < p->rows; i++) {
		if (!fgets(row, sizeof row, in))
			row[0] = '\0';
		row[strcspn(row, "\n")] = '\0';
		if (strcmp(row, p->row[i]) == 0)
			continue;
		differ++;
		print_message("%s: row %d is\n|%s|\nand was to be\n|%s|\n", name, i, p->row[i], row);
	}
	differ += fgets(row, sizeof row, in) != NULL;
	fclose(in);
	return differ;
}

static int check(size_t at, const struct size *size, bool ascii)
{
	static struct picture p; /* large */
	const char *golden = getenv("WYNDRVR_GOLDEN");
	char name[256];

	snprintf(name, sizeof name, TEST_SCREENS "/%s-%dx%d-%s.txt", scenes[at].name, size->cols, size->rows,
		ascii ? "ascii" : "utf8");
	paint_picture(at, size, ascii, &p);
	if (!golden || strcmp(golden, "write") != 0)
		return differences(name, &p);
	write_picture(name, &p);
	return 0;
}

static void test_screens(void **state)
{
	int differ = 0;

	(void)state;
	for (size_t at = 0; at < SCENES; at++) {
		for (int i = 0; i < SIZES; i++) {
			if (scenes[at].utf8 & 1U << i)
				differ += check(at, &sizes[i], false);
			if (scenes[at].ascii & 1U << i)
				differ += check(at, &sizes[i], true);
		}
	}
	assert_int_equal(differ, 0);
}

/* Nothing but ASCII where a terminal knows only that. */
static void test_ascii(void **state)
{
	static struct picture p; /* large */

	(void)state;
	for (size_t at = 0; at < SCENES; at++) {
		for (int i = 0; i < SIZES; i++) {
			paint_picture(at, &sizes[i], true, &p);
			for (int row = 0; row < p.rows; row++)
				for (const char *t = p.row[row]; *t; t++)
					assert_in_range(*t, ' ', '~');
		}
	}
}

static int open_null(void **state)
{
	(void)state;
	/* A terminal's strerror is in its user's words; the files are in English. */
	if (!setlocale(LC_CTYPE, "C.UTF-8"))
		return -1;
	unsetenv("NO_COLOR");
	null_in = fopen("/dev/null", "r");
	null_out = fopen("/dev/null", "w");
	return null_in && null_out ? 0 : -1;
}

static int close_null(void **state)
{
	(void)state;
	return fclose(null_in) | fclose(null_out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_screens),
		cmocka_unit_test(test_ascii),
	};

	return cmocka_run_group_tests(tests, open_null, close_null);
}
