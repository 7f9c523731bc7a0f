/* The grid of characters: clipping, text of any bytes, lines word by word, what is written to a file. */
#include <locale.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/test.h"
#include "tui/screen/canvas.h"

/* The whole of it as UTF-8; the caller frees. */
static char *written(const struct canvas *c)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	canvas_write(c, out);
	assert_int_equal(fclose(out), 0);
	return text;
}

static void assert_written(const struct canvas *c, const char *expected)
{
	char *text = written(c);

	assert_string_equal(text, expected);
	free(text);
}

static struct canvas make(int rows, int cols, bool utf8)
{
	struct canvas c = {.utf8 = utf8};

	assert_int_equal(canvas_resize(&c, rows, cols), 0);
	return c;
}

static const struct {
	const char *name, *text;
	int width;
	bool utf8;
	int used;
	const char *written;
} texts[] = {
	{"plain", "abc", 8, true, 3, "abc\n"},
	{"nothing", "", 8, true, 0, "\n"},
	{"cut at the width", "abcdef", 4, true, 4, "abcd\n"},
	{"no width", "abc", 0, true, 0, "\n"},
	{"a negative width", "abc", -3, true, 0, "\n"},
	{"two bytes", "\xc3\xa9t\xc3\xa9", 8, true, 3, "\xc3\xa9t\xc3\xa9\n"},
	{"three bytes", "\xe2\x86\x92", 8, true, 1, "\xe2\x86\x92\n"},
	{"four bytes", "\xf0\x9d\x90\x80z", 8, true, 2, "\xf0\x9d\x90\x80z\n"},
	{"a wide character has no room", "\xe4\xb8\xad!", 8, true, 2, "?!\n"},
	{"a combining one has no column", "e\xcc\x81", 8, true, 2, "e?\n"},
	{"not ASCII where there is only that", "\xc3\xa9t", 8, false, 2, "?t\n"},
	{"a lone continuation byte", "\x80x", 8, true, 2, "?x\n"},
	{"a start without its end", "\xe2\x86", 8, true, 2, "??\n"},
	{"a start, then a letter", "\xc3z", 8, true, 2, "?z\n"},
	{"control characters", "a\033[31m\n", 8, true, 7, "a?[31m?\n"},
	{"rubout", "\x7f", 8, true, 1, "?\n"},
	{"a control character of the upper half", "\xc2\x9b", 8, true, 1, "?\n"},
};

static void test_text(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		struct canvas c = make(1, 8, texts[i].utf8);

		print_message("%s\n", texts[i].name);
		assert_int_equal(
			canvas_text(&c, 0, 0, texts[i].width, STYLE_TEXT, texts[i].text), texts[i].used);
		assert_written(&c, texts[i].written);
		canvas_free(&c);
	}
}

static void test_columns(void **state)
{
	(void)state;
	assert_int_equal(canvas_columns(""), 0);
	assert_int_equal(canvas_columns("abc"), 3);
	assert_int_equal(canvas_columns("\xc3\xa9\xe2\x86\x92\xf0\x9d\x90\x80"), 3);
}

static const struct {
	int row, col;
	const char *written;
} places[] = {
	{0, 0, "abc\n\n"},
	{1, 2, "\n  ab\n"},
	{0, -2, "c\n\n"},
	{-1, 0, "\n\n"},
	{2, 0, "\n\n"},
	{0, 4, "\n\n"},
	{1 << 30, 1 << 30, "\n\n"},
	{-(1 << 30), -(1 << 30), "\n\n"},
};

static void test_clipping(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(places); i++) {
		struct canvas c = make(2, 4, true);

		print_message("%d,%d\n", places[i].row, places[i].col);
		canvas_text(&c, places[i].row, places[i].col, 3, STYLE_TEXT, "abc");
		assert_written(&c, places[i].written);
		canvas_free(&c);
	}
}

static void test_rule_and_clear(void **state)
{
	struct canvas c = make(3, 4, false);

	(void)state;
	canvas_rule(&c, (struct rect){1, 0, 2, 4}, STYLE_DIM);
	canvas_clear(&c, (struct rect){1, 1, 1, 2});
	assert_written(&c, "\n-  -\n\n");
	canvas_rule(&c, (struct rect){-1, -5, 9, 90}, STYLE_DIM);
	canvas_clear(&c, (struct rect){-5, -5, 90, 90});
	assert_written(&c, "\n\n\n");
	canvas_free(&c);
}

/* A new size begins blank; one that can't be had leaves all as it was. */
static void test_resize(void **state)
{
	struct canvas c = make(1, 3, true);

	(void)state;
	canvas_text(&c, 0, 0, 3, STYLE_VALUE, "abc");
	assert_int_equal(canvas_resize(&c, 2, 2), 0);
	assert_written(&c, "\n\n");
	canvas_text(&c, 1, 0, 2, STYLE_VALUE, "xy");
	assert_written(&c, "\nxy\n");
	canvas_free(&c);
	assert_null(c.cell);
}

static const struct {
	enum style style, grey;
} greys[] = {
	{STYLE_TEXT, STYLE_DIM},
	{STYLE_VALUE, STYLE_DIM},
	{STYLE_GOOD, STYLE_DIM},
	{STYLE_BAD, STYLE_DIM},
	{STYLE_RATE, STYLE_DIM},
	{STYLE_LOSS, STYLE_DIM},
	{STYLE_HEAD, STYLE_HEAD},
	{STYLE_BOX, STYLE_BOX},
	{STYLE_KEY, STYLE_KEY},
};

static void test_grey(void **state)
{
	struct canvas c = make(1, 1, true);

	(void)state;
	for (size_t i = 0; i < COUNT(greys); i++) {
		c.grey = false;
		canvas_put(&c, 0, 0, L'x', greys[i].style);
		assert_int_equal(c.cell[0].style, greys[i].style);
		c.grey = true;
		canvas_put(&c, 0, 0, L'x', greys[i].style);
		assert_int_equal(c.cell[0].style, greys[i].grey);
	}
	canvas_free(&c);
}

static void test_glyphs(void **state)
{
	struct canvas utf8 = {.utf8 = true}, ascii = {.utf8 = false};

	(void)state;
	for (int g = 0; g < GLYPHS; g++) {
		assert_in_range(canvas_glyph(&ascii, (enum glyph)g), L'!', L'~');
		assert_true(canvas_glyph(&utf8, (enum glyph)g) > 0x7f);
		assert_int_equal(wcwidth(canvas_glyph(&utf8, (enum glyph)g)), 1);
	}
}

/* What has no room is left out entirely, and so is all that follows. */
static const struct {
	const char *name;
	int cols;
	const char *written;
} lines[] = {
	{"all", 22, "one two 3 \xe2\x86\x92 \xc3\xa9t\xc3\xa9\n"},
	{"just all", 15, "one two 3 \xe2\x86\x92 \xc3\xa9t\xc3\xa9\n"},
	{"not the last", 14, "one two 3 \xe2\x86\x92\n"},
	{"not the sign", 10, "one two 3\n"},
	{"a label without its value is no use", 8, "one\n"},
	{"the second does not fit, a short third would", 5, "one\n"},
	{"nothing", 2, "\n"},
};

static void test_lines(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(lines); i++) {
		struct canvas c = make(1, 24, true);
		struct canvas_line l = canvas_line(&c, (struct rect){0, 0, 1, lines[i].cols}, 0);

		print_message("%s\n", lines[i].name);
		line_add(&l, STYLE_TEXT, "one");
		line_field(&l, "two", STYLE_VALUE, "%d", 3);
		line_add(&l, STYLE_TEXT, " ");
		line_glyph(&l, STYLE_DIM, GLYPH_TO);
		line_add(&l, STYLE_TEXT, " \xc3\xa9t\xc3\xa9");
		assert_written(&c, lines[i].written);
		canvas_free(&c);
	}
}

/* A row outside the rectangle is not written. */
static void test_line_below(void **state)
{
	struct canvas c = make(3, 4, true);
	struct canvas_line l = canvas_line(&c, (struct rect){0, 0, 2, 4}, 2);

	(void)state;
	line_add(&l, STYLE_TEXT, "x");
	line_glyph(&l, STYLE_TEXT, GLYPH_TO);
	assert_written(&c, "\n\n\n");
	l = canvas_line(&c, (struct rect){0, 1, 2, 2}, 1);
	line_add(&l, STYLE_TEXT, "x");
	assert_written(&c, "\n x\n\n");
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
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_columns),
		cmocka_unit_test(test_clipping),
		cmocka_unit_test(test_rule_and_clear),
		cmocka_unit_test(test_resize),
		cmocka_unit_test(test_grey),
		cmocka_unit_test(test_glyphs),
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_line_below),
	};

	return cmocka_run_group_tests(tests, set_locale, NULL);
}
