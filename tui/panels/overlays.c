/* What stands above the panels: help, the dialog, and why there is no session. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "proto/sys/clock.h"
#include "tui/panels/paint.h"
#include "tui/screen/keys.h"

/* An empty box in the middle, cut to what fits; returns its inside. */
static struct rect open_box(struct canvas *c, int rows, int cols, const char *title)
{
	struct rect r;

	rows = rows + 2 < c->rows ? rows + 2 : c->rows;
	cols = cols + 4 < c->cols ? cols + 4 : c->cols;
	r = (struct rect){(c->rows - rows) / 2, (c->cols - cols) / 2, rows, cols};
	for (int row = r.row; row < r.row + r.rows; row++)
		for (int col = r.col; col < r.col + r.cols; col++)
			canvas_put(c, row, col, L' ', STYLE_BOX);
	canvas_rule(c, r, STYLE_BOX);
	canvas_rule(c, (struct rect){r.row + r.rows - 1, r.col, 1, r.cols}, STYLE_BOX);
	canvas_printf(c, r.row, r.col + 2, r.cols - 4, STYLE_BOX, " %s ", title);
	return (struct rect){r.row + 1, r.col + 2, r.rows - 2, r.cols - 4};
}

/* Text wrapped at words, starting at a row that may be above or below what is shown. Returns the rows it
 * takes. */
static int write_words(struct canvas *c, struct rect r, int row, enum style style, const char *text)
{
	int used = 0;

	while (*text) {
		int length = (int)strlen(text), cut = length < r.cols ? length : r.cols;

		while (cut > 0 && cut < length && text[cut] != ' ')
			cut--;
		if (cut == 0)
			cut = r.cols;
		if (row + used >= 0 && row + used < r.rows)
			canvas_printf(c, r.row + row + used, r.col, r.cols, style, "%.*s", cut, text);
		used++;
		text += cut + (text[cut] == ' ');
	}
	return used;
}

enum { HELP_NAME_COLS = 12, HELP_COLS = 74 };

static int help_entry(struct canvas *c, struct rect r, int row, const struct key_row *k)
{
	if (row >= 0 && row < r.rows)
		canvas_text(c, r.row + row, r.col, HELP_NAME_COLS - 1, STYLE_KEY, k->name);
	r.col += HELP_NAME_COLS;
	r.cols -= HELP_NAME_COLS;
	return write_words(c, r, row, STYLE_BOX, k->help);
}

/* All of it, starting at a row; returns the rows it takes. */
static int help_text(struct canvas *c, struct rect r, int first)
{
	int row = first;

	for (size_t i = 0; i < keys_rows; i++)
		row += help_entry(c, r, row, &keys_table[i]);
	row += write_words(c, r, row, STYLE_BOX, "A click focuses a panel, the wheel looks back and forth.");
	row += write_words(
		c, r, row, STYLE_BOX, "A mark on a graph's top row: something was lost just then.");
	return row - first;
}

/* No further than the last row. */
static void help(struct canvas *c, const struct ui *ui)
{
	struct rect r = open_box(c, (int)keys_rows + 4, HELP_COLS, "Help: Esc closes, arrows scroll");
	int hidden = help_text(c, (struct rect){.cols = r.cols}, 0) - r.rows;
	int most = hidden > 0 ? hidden : 0;

	help_text(c, r, -(ui->help_row < most ? ui->help_row : most));
}

static void terms(struct canvas *c, const struct ui_test_dialog *t)
{
	static const char *const label[] = {"Rate (auto, max, 95M)", "Duration, seconds"};
	struct rect r = open_box(c, 6, 50, "The next tests");

	for (unsigned i = 0; i < 2; i++) {
		if (i == t->field)
			canvas_put(c, r.row + (int)i, r.col, canvas_glyph(c, GLYPH_FOCUS), STYLE_KEY);
		canvas_text(c, r.row + (int)i, r.col + 2, r.cols, STYLE_BOX, label[i]);
		canvas_printf(c, r.row + (int)i, r.col + 25, r.cols - 25,
			i == t->field ? STYLE_KEY : STYLE_BOX, "%s%s", t->text[i], i == t->field ? "_" : "");
	}
	if (t->problem[0])
		write_words(c, r, 3, STYLE_BAD, t->problem);
	else
		write_words(c, r, 5, STYLE_BOX, "Enter takes them, Tab the other one, Esc leaves");
}

static const char *headline(const struct view *v)
{
	switch (v->state) {
	case CLIENT_ASKING:
		return v->was_up ? "Session lost; asking the server again" : "Asking the server";
	case CLIENT_OPENING:
		return v->was_up ? "Session lost; opening the ports again" : "Opening the ports";
	case CLIENT_UNREACHED:
		return "Server not reached";
	case CLIENT_REFUSED:
		return "The server refused";
	case CLIENT_LOST:
		return "Session lost";
	case CLIENT_FAILED:
		return "Failed on this host";
	case CLIENT_UP:
		break;
	}
	return "";
}

enum { ABSENCE_COLS = 58 };

static void absence(struct canvas *c, const struct scene *scene)
{
	const struct view *v = scene->view;
	struct rect measure = {.cols = c->cols - 4 < ABSENCE_COLS ? c->cols - 4 : ABSENCE_COLS};
	int words = write_words(c, measure, 0, STYLE_BOX, v->problem);
	struct rect r = open_box(c, words + 3, ABSENCE_COLS, headline(v));
	uint64_t wait_ns = v->retry_ns > v->now_ns ? v->retry_ns - v->now_ns : 0;

	canvas_printf(c, r.row, r.col, r.cols, STYLE_VALUE, "%s", v->server);
	write_words(c, r, 1, STYLE_BOX, v->problem);
	r.row += words;
	if (v->retry_ns)
		canvas_printf(c, r.row + 1, r.col, r.cols, STYLE_BOX,
			"Trying again in %" PRIu64 " s (try %u)", (wait_ns + NS_PER_S - 1) / NS_PER_S,
			v->tries + 1);
	else if (v->state == CLIENT_ASKING || v->state == CLIENT_OPENING)
		canvas_printf(c, r.row + 1, r.col, r.cols, STYLE_BOX, "Try %u ...", v->tries);
	canvas_text(c, r.row + 2, r.col, r.cols, STYLE_KEY, "R: now   q: quit");
}

void paint_over(struct canvas *c, const struct scene *scene)
{
	if (scene->ui->help)
		help(c, scene->ui);
	else if (scene->ui->terms.open)
		terms(c, &scene->ui->terms);
	else if (scene->view->state != CLIENT_UP && !scene->ui->frozen)
		absence(c, scene);
}
