/* The dialog for the next tests' terms, key by key. */
#include <curses.h>
#include <string.h>

#include "tests/support/test.h"
#include "tui/panels/test_dialog.h"

enum { ESCAPE = 27, RUBOUT = 127 };

static struct view view;       /* large */
static struct options options; /* large */

static int begin(void **state)
{
	(void)state;
	view.rate_bps = 0;
	view.duration_s = 30;
	options = (struct options){.rate_bps = 0, .duration_s = 30};
	return 0;
}

/* Current values are shown in a form that is accepted as it is. */
static const struct {
	uint64_t rate_bps;
	const char *text;
} rates[] = {
	{0, "max"},
	{1000, "1k"},
	{1500, "1500"},
	{1234567, "1234567"},
	{2500000, "2500k"},
	{20000000, "20M"},
	{UINT64_C(400000000000), "400G"},
	{UINT64_C(1000000000000), "1000G"},
};

static void test_open(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rates); i++) {
		struct ui_test_dialog t = {.problem = "old", .field = 1};

		view.rate_bps = rates[i].rate_bps;
		view.duration_s = 86400;
		test_dialog_open(&t, &view);
		assert_true(t.open);
		assert_int_equal(t.field, 0);
		assert_string_equal(t.problem, "");
		assert_string_equal(t.text[0], rates[i].text);
		assert_string_equal(t.text[1], "86400");
		assert_true(test_dialog_take(&t, &options));
		assert_false(t.open);
		assert_true(options.rate_bps == rates[i].rate_bps);
		assert_int_equal(options.duration_s, 86400);
	}
}

enum { MOST_KEYS = 32 };

static const struct {
	const char *name;
	int key[MOST_KEYS];
	const char *rate, *duration;
	unsigned field;
	bool open;
} typed[] = {
	{"the first key replaces", {'9', '5', 'M'}, "95M", "30", 0, true},
	{"the first rubout does not", {KEY_BACKSPACE}, "ma", "30", 0, true},
	{"all kinds of rubout, and one too many", {RUBOUT, '\b', KEY_BACKSPACE, RUBOUT, '7'}, "7", "30", 0,
		true},
	{"Tab goes to the other one, and round", {'1', 'G', '\t', '5', '\t', '2'}, "2", "5", 0, true},
	{"arrows too", {KEY_DOWN, '6', '0', KEY_UP, KEY_BTAB}, "max", "60", 1, true},
	{"back again, the first key replaces again", {'1', 'k', '\t', '\t', RUBOUT}, "1", "30", 0, true},
	{"Esc leaves", {'9', ESCAPE}, "9", "30", 0, false},
	{"what is no character is nothing", {' ', KEY_F(3), KEY_LEFT, -1, 200, 0x3b1}, "max", "30", 0, true},
	{"no more than there is room for",
		{'1', '2', '3', '4', '5', '6', '7', '8', '9', '0', '1', '2', '3', '4', '5', '6', '7', '8',
			'9', '0', '1', '2', '3', '4', '5'},
		"12345678901234567890123", "30", 0, true},
};

static void test_typing(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(typed); i++) {
		struct ui_test_dialog t;

		print_message("%s\n", typed[i].name);
		test_dialog_open(&t, &view);
		for (int k = 0; k < MOST_KEYS && typed[i].key[k]; k++)
			test_dialog_key(&t, typed[i].key[k]);
		assert_string_equal(t.text[0], typed[i].rate);
		assert_string_equal(t.text[1], typed[i].duration);
		assert_int_equal(t.field, typed[i].field);
		assert_int_equal(t.open, typed[i].open);
	}
}

static const struct {
	const char *rate, *duration;
	uint64_t rate_bps;
	uint32_t duration_s;
	unsigned field;      /* the bad one */
	const char *allowed; /* in the problem; NULL: none */
} taken[] = {
	{"max", "1", 0, 1, 0, NULL},
	{"95M", "86400", 95000000, 86400, 0, NULL},
	{"1.5G", "10", 1500000000, 10, 0, NULL},
	{"9X", "10", 0, 30, 0, "max, or 1k..1000G bits/s"},
	{"1", "10", 0, 30, 0, "max, or 1k..1000G bits/s"},
	{"2000G", "10", 0, 30, 0, "max, or 1k..1000G bits/s"},
	{"", "10", 0, 30, 0, "max, or 1k..1000G bits/s"},
	{"-5M", "10", 0, 30, 0, "max, or 1k..1000G bits/s"},
	{"!!!!!!!!!!!!!!!!!!!!!!!", "10", 0, 30, 0, "max, or 1k..1000G bits/s"},
	{"95M", "0", 0, 30, 1, "1..86400 s"},
	{"95M", "86401", 0, 30, 1, "1..86400 s"},
	{"95M", "2.5", 0, 30, 1, "1..86400 s"},
	{"95M", "", 0, 30, 1, "1..86400 s"},
	{"95M", "99999999999999999999999", 0, 30, 1, "1..86400 s"},
};

/* Both or neither are taken; the problem names what is allowed, and is gone with the next key. */
static void test_take(void **state)
{
	for (size_t i = 0; i < COUNT(taken); i++) {
		struct ui_test_dialog t;
		bool good = !taken[i].allowed;

		print_message("%s for %s\n", taken[i].rate, taken[i].duration);
		begin(state);
		test_dialog_open(&t, &view);
		snprintf(t.text[0], UI_FIELD, "%s", taken[i].rate);
		snprintf(t.text[1], UI_FIELD, "%s", taken[i].duration);
		assert_int_equal(test_dialog_take(&t, &options), good);
		assert_int_equal(t.open, !good);
		assert_int_equal(t.field, taken[i].field);
		assert_true(options.rate_bps == taken[i].rate_bps);
		assert_int_equal(options.duration_s, taken[i].duration_s);
		if (good)
			continue;
		assert_non_null(strstr(t.problem, taken[i].allowed));
		test_dialog_key(&t, RUBOUT);
		assert_string_equal(t.problem, "");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_open, begin),
		cmocka_unit_test_setup(test_typing, begin),
		cmocka_unit_test_setup(test_take, begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
