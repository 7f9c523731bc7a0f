#include "tui/panels/paint.h"

#include <stdio.h>

#include "proto/sys/clock.h"
#include "tui/screen/keys.h"

const struct moment *paint_moment(const struct scene *scene)
{
	return scene->history->count ? &scene->history->moment[scene->at] : NULL;
}

struct canvas_line paint_title(struct canvas *c, struct rect r, enum style style, const char *title)
{
	struct canvas_line l = canvas_line(c, r, 0);

	if (r.rows == 0)
		return l;
	canvas_rule(c, r, STYLE_DIM);
	line_add(&l, style, " %s ", title);
	return l;
}

static void head_session(struct canvas_line *l, const struct view *v)
{
	char text[FORMAT_TEXT];

	if (!v->was_up)
		return;
	line_add(l, STYLE_HEAD, " %s%s %s", v->classic ? "classic" : "extended", v->keyed ? "+key" : "",
		v->threads ? "THREAD" : "SINGLE");
	line_add(l, STYLE_HEAD, "  %s", format_clock(text, v->now_ns - v->opened_ns));
	if (v->classic)
		line_add(l, STYLE_HEAD, "  uploads only");
	else if (v->cap_rate_bps)
		line_add(l, STYLE_HEAD, "  limit %s, %u s",
			format_scaled(text, (double)v->cap_rate_bps, UNIT_BITS), v->cap_duration_s);
	else
		line_add(l, STYLE_HEAD, "  limit %u s", v->cap_duration_s);
}

void paint_head(struct canvas *c, struct rect r, const struct scene *scene)
{
	static const char *const state[] = {
		[CLIENT_ASKING] = "ASKING",
		[CLIENT_OPENING] = "OPENING",
		[CLIENT_UP] = "LIVE",
		[CLIENT_UNREACHED] = "NOT REACHED",
		[CLIENT_REFUSED] = "REFUSED",
		[CLIENT_LOST] = "LOST",
		[CLIENT_FAILED] = "FAILED",
	};
	const struct view *v = scene->view;
	const struct moment *m = paint_moment(scene);
	struct rect left = r;
	struct canvas_line l;
	char text[48], ago[FORMAT_TEXT];
	int width;

	for (int col = r.col; col < r.col + r.cols; col++)
		canvas_put(c, r.row, col, L' ', STYLE_HEAD);
	if (scene->ui->frozen && m)
		width = snprintf(
			text, sizeof text, " FROZEN %s ago ", format_clock(ago, v->now_ns - m->at_ns));
	else
		width = snprintf(text, sizeof text, " %s ",
			v->was_up && (v->state == CLIENT_ASKING || v->state == CLIENT_OPENING)
				? "RECONNECTING"
				: state[v->state]);
	left.cols -= width;
	l = canvas_line(c, left, 0);
	line_add(&l, STYLE_HEAD, " wyndrvr");
	line_add(&l, STYLE_HEAD, " %s", v->server);
	head_session(&l, v);
	canvas_text(c, r.row, r.col + r.cols - width, width,
		scene->ui->frozen                                         ? STYLE_WARN
		: v->state == CLIENT_UP                                   ? STYLE_GOOD
		: v->state == CLIENT_ASKING || v->state == CLIENT_OPENING ? STYLE_WARN
									  : STYLE_BAD,
		text);
}

void paint_help_line(struct canvas *c, struct rect r, const struct scene *scene)
{
	unsigned now = ui_situation(scene->ui, scene->view);
	struct canvas_line l = canvas_line(c, r, 0);

	if (scene->ui->notice[0] && scene->view->now_ns < scene->ui->notice_ns) {
		line_add(&l, STYLE_VALUE, " %s", scene->ui->notice);
		return;
	}
	for (size_t i = 0; i < keys_rows; i++) {
		const struct key_row *k = &keys_table[i];
		char text[32];
		int length = 0;

		if (!k->brief || !(k->when & now))
			continue;
		while (k->name[length] && k->name[length] != ' ')
			length++;
		snprintf(text, sizeof text, "%.*s", length, k->name);
		if (l.col + length + (int)sizeof " " + (int)snprintf(NULL, 0, "%s", k->brief) > l.end)
			break;
		line_add(&l, STYLE_KEY, " %s", text);
		line_add(&l, STYLE_DIM, " %s", k->brief);
	}
}

static void too_small(struct canvas *c)
{
	canvas_printf(c, 0, 0, c->cols, STYLE_TEXT, "%dx%d is too small,", c->cols, c->rows);
	canvas_printf(c, 1, 0, c->cols, STYLE_TEXT, "%dx%d is the least", LAYOUT_COLS_MIN, LAYOUT_ROWS_MIN);
}

struct layout paint(struct canvas *c, const struct scene *scene)
{
	struct layout_wish wish = {
		.focus = scene->ui->focus,
		.zoomed = scene->ui->zoomed,
		.server = scene->view->watching,
	};
	struct layout l = layout_make(c->rows, c->cols, &wish);

	canvas_clear(c, (struct rect){0, 0, c->rows, c->cols});
	if (c->rows < LAYOUT_ROWS_MIN || c->cols < LAYOUT_COLS_MIN) {
		too_small(c);
		return l;
	}
	c->grey = scene->view->was_up && scene->view->state != CLIENT_UP && !scene->ui->frozen;
	for (int kind = 0; kind < PORT_KINDS; kind++)
		if (l.panel[kind].rows)
			paint_panel(c, l.panel[kind], scene, (enum port_kind)kind);
	c->grey = false;
	paint_head(c, l.head, scene);
	paint_results(c, l.results, scene);
	paint_server(c, l.server, scene);
	paint_log(c, l.log, scene);
	paint_help_line(c, l.help, scene);
	paint_over(c, scene);
	return l;
}
