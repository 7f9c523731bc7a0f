#include "tui/panels/test_dialog.h"

#include <curses.h>
#include <inttypes.h>
#include <string.h>

enum { KEY_ESCAPE = 27, KEY_RUBOUT = 127 };

void test_dialog_open(struct ui_test_dialog *t, const struct view *v)
{
	static const char *const prefix[] = {"", "k", "M", "G"};
	uint64_t rate = v->rate_bps;
	unsigned i = 0;

	*t = (struct ui_test_dialog){.open = true, .fresh = true};
	if (rate == 0 || rate == OPTION_RATE_AUTO) {
		snprintf(t->text[0], UI_FIELD, rate ? "auto" : "max");
	} else {
		for (; rate % 1000 == 0 && i < 3; i++)
			rate /= 1000;
		snprintf(t->text[0], UI_FIELD, "%" PRIu64 "%s", rate, prefix[i]);
	}
	snprintf(t->text[1], UI_FIELD, "%" PRIu32, v->duration_s);
}

void test_dialog_key(struct ui_test_dialog *t, int key)
{
	char *text = t->text[t->field];
	size_t length = strlen(text);

	t->problem[0] = '\0';
	if (key == KEY_ESCAPE) {
		t->open = false;
	} else if (key == '\t' || key == KEY_BTAB || key == KEY_UP || key == KEY_DOWN) {
		t->field = !t->field;
		t->fresh = true;
	} else if (key == KEY_BACKSPACE || key == KEY_RUBOUT || key == '\b') {
		if (length > 0)
			text[length - 1] = '\0';
		t->fresh = false;
	} else if (key > ' ' && key < KEY_RUBOUT) {
		if (t->fresh)
			length = 0;
		t->fresh = false;
		if (length + 1 < UI_FIELD) {
			text[length] = (char)key;
			text[length + 1] = '\0';
		}
	}
}

bool test_dialog_take(struct ui_test_dialog *t, struct options *o)
{
	static const char *const name[] = {"rate", "duration"};
	char error[OPTIONS_ERROR];
	struct options changed = *o;

	for (unsigned i = 0; i < 2; i++) {
		if (options_set(&changed, name[i], t->text[i], error)) {
			snprintf(t->problem, sizeof t->problem, "%.*s", UI_PROBLEM - 1, error);
			t->field = i;
			return false;
		}
	}
	*o = changed;
	t->open = false;
	return true;
}
