/* The table of keys, and what the help line makes of it. */
#include <curses.h>
#include <string.h>

#include "proto/sys/clock.h"
#include "tests/support/test.h"
#include "tests/support/tui_fake.h"
#include "tui/panels/paint.h"
#include "tui/screen/keys.h"

enum { NAME_COLS = 11, LINE = 256 };

static void test_no_key_twice(void **state)
{
	(void)state;
	for (size_t i = 0; i < keys_rows; i++)
		for (int k = 0; k < KEYS_EACH && keys_table[i].key[k]; k++)
			assert_int_equal(keys_action(keys_table[i].key[k]), keys_table[i].action);
}

static void test_every_action(void **state)
{
	unsigned rows[ACTIONS] = {0};

	(void)state;
	for (size_t i = 0; i < keys_rows; i++) {
		const struct key_row *k = &keys_table[i];

		rows[k->action]++;
		assert_true(k->key[0] != 0);
		assert_true(k->name && k->name[0]);
		assert_true(strlen(k->name) <= NAME_COLS);
		assert_true(k->help && strlen(k->help) > 5);
		/* In the help line with a word and a situation, or with neither. */
		assert_int_equal(k->brief != NULL, k->when != 0);
	}
	assert_int_equal(rows[ACTION_NONE], 0);
	for (int action = 1; action < ACTIONS; action++) {
		print_message("action %d\n", action);
		assert_int_equal(rows[action], 1);
	}
}

/* A key that is a letter is named by it. */
static void test_names(void **state)
{
	(void)state;
	for (size_t i = 0; i < keys_rows; i++) {
		for (int k = 0; k < KEYS_EACH; k++) {
			int key = keys_table[i].key[k];

			if ((key >= 'a' && key <= 'z') || (key >= 'A' && key <= 'Z'))
				assert_non_null(strchr(keys_table[i].name, key));
		}
	}
}

static const struct {
	int key;
	enum action action;
} keys[] = {
	{'u', ACTION_UPLOAD},
	{'R', ACTION_RETRY},
	{'r', ACTION_TERMS},
	{'\t', ACTION_NEXT_PANEL},
	{KEY_BTAB, ACTION_PREVIOUS_PANEL},
	{27, ACTION_LIVE},
	{KEY_F(1), ACTION_HELP},
	{'U', ACTION_NONE},
	{0, ACTION_NONE},
	{-1, ACTION_NONE},
	{KEY_RESIZE, ACTION_NONE},
};

static void test_actions(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(keys); i++)
		assert_int_equal(keys_action(keys[i].key), keys[i].action);
}

/* The help line as text. */
static void help_line(struct fake *f, int cols, char out[LINE])
{
	struct canvas c = {.utf8 = false};
	struct scene scene = {.view = &f->view, .history = &f->history, .ui = &f->ui};
	int length = cols;

	assert_true(cols < LINE);
	assert_int_equal(canvas_resize(&c, 1, cols), 0);
	paint_help_line(&c, (struct rect){0, 0, 1, cols}, &scene);
	for (int i = 0; i < cols; i++)
		out[i] = (char)c.cell[i].ch;
	while (length > 0 && out[length - 1] == ' ')
		length--;
	out[length] = '\0';
	canvas_free(&c);
}

static const struct {
	const char *name;
	enum client_state state;
	enum test_phase phase;
	bool frozen;
	int cols;
	unsigned situation;
	const char *line;
} situations[] = {
	{"live", CLIENT_UP, TEST_COMPLETE, false, 80, WHILE_LIVE,
		" u upload d download b both ? help q quit r rate Enter zoom Space freeze"},
	{"live, narrow", CLIENT_UP, TEST_NONE, false, 40, WHILE_LIVE, " u upload d download b both ? help"},
	{"asked", CLIENT_UP, TEST_ASKING, false, 80, WHILE_TESTING,
		" s stop ? help q quit Enter zoom Space freeze x unit"},
	{"running", CLIENT_UP, TEST_RUNNING, false, 80, WHILE_TESTING,
		" s stop ? help q quit Enter zoom Space freeze x unit"},
	{"frozen", CLIENT_UP, TEST_RUNNING, true, 80, WHILE_FROZEN,
		" Left back Right forth w worst G live ? help q quit Enter zoom"},
	{"frozen without a session", CLIENT_LOST, TEST_NONE, true, 80, WHILE_FROZEN,
		" Left back Right forth w worst G live ? help q quit Enter zoom"},
	{"asking", CLIENT_ASKING, TEST_NONE, false, 80, WHILE_GONE, " R ask again ? help q quit"},
	{"lost while a test ran", CLIENT_LOST, TEST_RUNNING, false, 80, WHILE_GONE,
		" R ask again ? help q quit"},
	{"nothing but whole words", CLIENT_UNREACHED, TEST_NONE, false, 19, WHILE_GONE,
		" R ask again ? help"},
	{"no room at all", CLIENT_UNREACHED, TEST_NONE, false, 5, WHILE_GONE, ""},
};

static void test_help_line(void **state)
{
	static struct fake f; /* large */
	char line[LINE];

	(void)state;
	for (size_t i = 0; i < COUNT(situations); i++) {
		print_message("%s\n", situations[i].name);
		fake_open(&f);
		f.view.state = situations[i].state;
		f.view.snapshot.test[0].phase = situations[i].phase;
		f.view.snapshot.tests = 1;
		f.ui.frozen = situations[i].frozen;
		assert_int_equal(ui_situation(&f.ui, &f.view), situations[i].situation);
		help_line(&f, situations[i].cols, line);
		assert_string_equal(line, situations[i].line);
	}
}

/* A notice takes its place until its time is over. */
static void test_notice(void **state)
{
	static struct fake f; /* large */
	char line[LINE];

	(void)state;
	fake_open(&f);
	f.view.state = CLIENT_ASKING;
	snprintf(f.ui.notice, sizeof f.ui.notice, "Theme: dark");
	f.ui.notice_ns = f.view.now_ns + 1;
	help_line(&f, 80, line);
	assert_string_equal(line, " Theme: dark");
	f.view.now_ns++;
	help_line(&f, 80, line);
	assert_string_equal(line, " R ask again ? help q quit");
}

/* Which moment is shown: the newest, or the one looked at, also after the history was thinned out. */
static void test_moment(void **state)
{
	static struct fake f; /* large */

	(void)state;
	fake_open(&f);
	assert_int_equal(ui_moment(&f.ui, &f.history), 0);
	ui_look_at(&f.ui, &f.history, 5);
	assert_false(f.ui.frozen);
	fake_up(&f);
	fake_run(&f, 100);
	assert_int_equal(ui_moment(&f.ui, &f.history), f.history.count - 1);
	for (size_t at = 0; at < f.history.count; at++) {
		ui_look_at(&f.ui, &f.history, at);
		assert_true(f.ui.frozen);
		assert_int_equal(ui_moment(&f.ui, &f.history), at);
	}
	ui_look_at(&f.ui, &f.history, 1 << 20);
	assert_int_equal(ui_moment(&f.ui, &f.history), f.history.count - 1);
	ui_look_at(&f.ui, &f.history, 20);
	fake_run(&f, 2 * HISTORY_MOMENTS);
	assert_in_range(ui_moment(&f.ui, &f.history), 9, 10);
	f.ui.at_ns = 0;
	assert_int_equal(ui_moment(&f.ui, &f.history), 0);
	fake_close(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_key_twice),
		cmocka_unit_test(test_every_action),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_actions),
		cmocka_unit_test(test_help_line),
		cmocka_unit_test(test_notice),
		cmocka_unit_test(test_moment),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
