/* Every theme on every kind of terminal: nothing is invisible, and what must be told apart can be. */
#include <curses.h>

#include "tests/support/test.h"
#include "tui/screen/theme.h"

static const struct theme_terminal terminals[] = {
	{256, 65536}, {256, 256}, {16, 256}, {8, 64}, {8, STYLES}, {0, 0}};

static bool is_same(struct theme_look a, struct theme_look b)
{
	return a.foreground == b.foreground && a.background == b.background && a.attributes == b.attributes;
}

static bool is_plain(int theme, const struct theme_terminal *t)
{
	return theme == THEME_PLAIN || t->colours < 8 || t->pairs <= STYLES;
}

static void check(int theme, const struct theme_terminal *t, int style)
{
	struct theme_look look = theme_look((enum option_theme)theme, (enum style)style, t);

	assert_in_range(look.foreground + 1, 0, t->colours);
	assert_in_range(look.background + 1, 0, t->colours);
	assert_true(look.foreground < 0 || look.foreground != look.background);
	assert_int_equal(look.attributes & ~(A_BOLD | A_DIM | A_REVERSE | A_UNDERLINE), 0);
	if (is_plain(theme, t)) {
		assert_int_equal(look.foreground, -1);
		assert_int_equal(look.background, -1);
	} else if (t->colours < 256) {
		assert_true(look.foreground < 8 && look.background < 8);
	}
}

static void test_visible(void **state)
{
	(void)state;
	for (int theme = 0; theme < OPTION_THEMES; theme++)
		for (size_t t = 0; t < COUNT(terminals); t++)
			for (int style = 0; style < STYLES; style++)
				check(theme, &terminals[t], style);
}

/* Pairs whose difference tells something. */
static const struct {
	enum style a, b;
	bool plain; /* without colours too */
} pairs[] = {
	{STYLE_BAD, STYLE_TEXT, true},
	{STYLE_WARN, STYLE_TEXT, true},
	{STYLE_HEAD, STYLE_TEXT, true},
	{STYLE_BAD, STYLE_WARN, true},
	{STYLE_HEAD, STYLE_WARN, true},
	{STYLE_VALUE, STYLE_LABEL, true},
	{STYLE_FOCUS, STYLE_TITLE, true},
	{STYLE_DIM, STYLE_TEXT, true},
	{STYLE_DIM, STYLE_VALUE, true},
	{STYLE_KEY, STYLE_DIM, true},
	{STYLE_KEY, STYLE_BOX, true},
	{STYLE_LOSS, STYLE_RATE, true},
	{STYLE_LOSS, STYLE_LATENCY, true},
	{STYLE_GOOD, STYLE_BAD, true},
	{STYLE_GOOD, STYLE_WARN, true},
	{STYLE_GOOD, STYLE_TEXT, false},
	{STYLE_RATE, STYLE_LATENCY, false},
};

static void test_apart(void **state)
{
	(void)state;
	for (int theme = 0; theme < OPTION_THEMES; theme++) {
		for (size_t t = 0; t < COUNT(terminals); t++) {
			for (size_t i = 0; i < COUNT(pairs); i++) {
				if (is_plain(theme, &terminals[t]) && !pairs[i].plain)
					continue;
				print_message("%s, %d colours, row %zu\n",
					options_theme_name((enum option_theme)theme), terminals[t].colours,
					i);
				assert_false(is_same(
					theme_look((enum option_theme)theme, pairs[i].a, &terminals[t]),
					theme_look((enum option_theme)theme, pairs[i].b, &terminals[t])));
			}
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_visible),
		cmocka_unit_test(test_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
