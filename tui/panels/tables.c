/* The tables around the panels: results, the server's side, events. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "proto/record/outcome.h"
#include "proto/report/metrics.h"
#include "proto/sys/clock.h"
#include "tui/panels/paint.h"

static struct rect below_title(struct rect r)
{
	return (struct rect){r.row + 1, r.col, r.rows - 1, r.cols};
}

static const char *figure(const struct metric *m, union metric_value value, char out[METRIC_TEXT_SIZE])
{
	switch (m->type) {
	case METRIC_COUNT:
		return format_count(out, value.count);
	case METRIC_BPS:
		return format_scaled(out, (double)value.count, UNIT_BITS);
	case METRIC_SPEED:
		return format_scaled(out, value.real, UNIT_BITS);
	case METRIC_NS:
		return format_ms(out, value.count);
	default:
		return metric_format(m, value, 3, out);
	}
}

/* Figures one after another on a line, continued on the next rows of `r` as far as there are any. */
struct briefs {
	struct canvas_line *line;
	struct rect r;
	enum style style;
	const char *between;
};

static void add_brief(void *context, const struct metric *m, union metric_value value)
{
	struct briefs *b = context;
	struct canvas_line *l = b->line;
	char text[METRIC_TEXT_SIZE], phrase[METRIC_LINE_SIZE];

	if (!m->brief)
		return;
	metric_phrase(m->brief, figure(m, value, text), phrase);
	if (l->col + canvas_columns(b->between) + canvas_columns(phrase) <= l->end || b->r.rows < 2) {
		line_add(l, b->style, "%s%s", b->between, phrase);
		return;
	}
	b->r = (struct rect){b->r.row + 1, b->r.col, b->r.rows - 1, b->r.cols};
	*l = canvas_line(l->canvas, b->r, 0);
	line_add(l, b->style, " %s", phrase);
}

static void loss_cell(struct canvas_line *l, const struct test_record *t)
{
	struct loss loss = outcome_loss(t);
	char text[FORMAT_TEXT];

	line_add(l, loss.packets ? STYLE_WARN : STYLE_GOOD, " %7s",
		format_percent(text, loss.packets, t->sent.count.packets));
	if (loss.packets == 0)
		line_add(l, STYLE_LABEL, " %-8s", "lost");
	else
		line_add(l, STYLE_WARN, " %-8s",
			loss.receiver_host > loss.path ? "receiver"
			: loss.sender_host > loss.path ? "sender"
						       : "path");
}

static void result_line(struct canvas *c, struct rect r, int row, const struct scene *scene, unsigned at)
{
	const struct view_test *v = &scene->view->test[at % VIEW_TESTS];
	const struct test_record *t = &v->record;
	const struct direction *direction = &directions_table[t->direction];
	struct canvas_line l = canvas_line(c, r, row);
	struct briefs briefs = {&l, {0}, STYLE_DIM, "  "};
	char text[FORMAT_TEXT], other[FORMAT_TEXT];

	line_add(&l, STYLE_LABEL, " %2u", at + 1);
	line_add(&l, STYLE_TEXT, " ");
	line_glyph(&l, STYLE_VALUE, direction->client_sends ? GLYPH_UP : GLYPH_DOWN);
	line_add(&l, STYLE_VALUE, "%-4s", direction->name);
	if (t->phase == TEST_FAILED || !t->received.known) {
		line_add(&l, STYLE_BAD, " %s", v->limit);
		return;
	}
	line_add(&l, STYLE_RATE, " %11s",
		format_scaled(
			text, clock_bps(t->received.count.bytes, (double)t->sent.duration_ns), UNIT_BITS));
	loss_cell(&l, t);
	line_field(&l, "idle", STYLE_VALUE, "%s", format_ms(text, v->idle_ns));
	line_field(&l, "loaded", STYLE_VALUE, "%s", v->loaded_ns ? format_ms(other, v->loaded_ns) : "-");
	line_add(&l, STYLE_LABEL, " ms");
	if (t->phase != TEST_COMPLETE)
		line_add(&l, STYLE_WARN, "  ended early");
	metrics_each(metrics_test, &(struct metric_walk){t, add_brief, &briefs});
}

/* False: there is only one. */
static bool drop_clause(char *text)
{
	char *comma = strrchr(text, ','), *semicolon = strrchr(text, ';');
	char *cut = !comma || (semicolon && semicolon > comma) ? semicolon : comma;

	if (cut)
		*cut = '\0';
	return cut != NULL;
}

enum { FIELD_COLUMNS = sizeof(" capacity ") - 1 };

/* As many of its clauses as leave room for so many columns. */
static void add_sentence(struct canvas_line *l, const char *sentence, int columns)
{
	char text[VERDICT_TEXT];

	snprintf(text, sizeof text, "%s", sentence);
	while (l->col + 1 + canvas_columns(text) + columns > l->end && drop_clause(text))
		;
	line_add(l, STYLE_VALUE, " %s", text);
}

static void capacity_text(const struct test_record *t, char out[METRIC_LINE_SIZE])
{
	const struct path_capacity *c = &t->sent.capacity;
	char rate[FORMAT_TEXT];

	out[0] = '\0';
	if (c->bps)
		snprintf(out, METRIC_LINE_SIZE, "%s%s +- %.1f %%", verdict_is_least(t) ? "at least " : "",
			format_scaled(rate, (double)c->bps, UNIT_BITS), (double)c->ci_ppm / 1e4);
}

/* The verdict on the last test, and on the path under load. */
static void verdict(struct canvas *c, struct rect r, const struct scene *scene)
{
	const struct view *v = scene->view;
	const struct view_test *last = &v->test[(v->tests_over - 1) % VIEW_TESTS];
	struct canvas_line l = canvas_line(c, r, 0);
	struct briefs briefs = {&l, r, STYLE_LABEL, ", "};
	struct metric_load load = {&v->snapshot, &last->record};
	char grade = verdict_grade(&v->snapshot), capacity[METRIC_LINE_SIZE], range[VERDICT_RANGE];

	capacity_text(&last->record, capacity);
	line_add(&l, STYLE_LABEL, " limited by:");
	add_sentence(&l, last->limit, capacity[0] ? canvas_columns(capacity) + FIELD_COLUMNS : 0);
	if (capacity[0])
		line_field(&l, "capacity", STYLE_RATE, "%s", capacity);
	if (*verdict_range(&last->record.sent.capacity, range))
		line_add(&l, STYLE_RATE, ", %s", range);
	if (grade == '-')
		return;
	line_field(&l, "grade under load", grade <= 'B' ? STYLE_GOOD : STYLE_WARN, "%c", grade);
	metrics_each(metrics_load, &(struct metric_walk){&load, add_brief, &briefs});
}

void paint_results(struct canvas *c, struct rect r, const struct scene *scene)
{
	const struct view *v = scene->view;
	struct rect rows = below_title(r);
	unsigned shown;
	bool tell;

	if (r.rows == 0)
		return;
	paint_title(c, r, STYLE_TITLE, "RESULTS");
	if (v->tests_over == 0) {
		canvas_text(c, rows.row, rows.col, rows.cols, STYLE_DIM, " none yet");
		return;
	}
	tell = rows.rows > 1;
	rows.rows -= tell;
	shown = v->tests_over < (unsigned)rows.rows ? v->tests_over : (unsigned)rows.rows;
	shown = shown < VIEW_TESTS ? shown : VIEW_TESTS;
	if (tell)
		verdict(c,
			(struct rect){rows.row + (int)shown, rows.col, rows.rows + 1 - (int)shown, rows.cols},
			scene);
	for (unsigned i = 0; i < shown; i++)
		result_line(c, rows, (int)i, scene, v->tests_over - shown + i);
}

static void server_line(struct canvas *c, struct rect r, const struct scene *scene, int kind)
{
	const struct server_view_port *p = &scene->view->snapshot.peer.port[kind];
	struct canvas_line l = canvas_line(c, r, kind);
	char text[FORMAT_TEXT];

	line_add(&l, STYLE_LABEL, " %-8s", port_kind_name((enum port_kind)kind));
	line_add(&l, STYLE_LABEL, " thread %" PRId32, p->thread_id);
	line_field(&l, "rtt", STYLE_VALUE, "%s", format_ms(text, p->latency_last_ns));
	line_field(&l, "p50", STYLE_VALUE, "%s", format_ms(text, p->latency_p50_ns));
	line_field(&l, "ms, got", STYLE_VALUE, "%s", format_count(text, p->received_packets));
	line_field(&l, "sent", STYLE_VALUE, "%s", format_count(text, p->sent_packets));
	line_field(&l, "dropped", p->socket_drops ? STYLE_WARN : STYLE_VALUE, "%s",
		format_count(text, p->socket_drops));
	line_field(&l, "steps", STYLE_VALUE, "%s", format_count(text, p->steps));
	line_add(&l, STYLE_LABEL, " cpu %.2f s", (double)p->cpu_ns / NS_PER_S);
}

void paint_server(struct canvas *c, struct rect r, const struct scene *scene)
{
	const struct view *v = scene->view;
	struct canvas_line l;
	char text[FORMAT_TEXT];

	if (r.rows == 0)
		return;
	l = paint_title(c, r, STYLE_TITLE, "SERVER'S SIDE");
	r = below_title(r);
	if (v->snapshot.peer.taken_ns == 0) {
		canvas_text(c, r.row, r.col, r.cols, STYLE_DIM, " asked, no answer yet");
		return;
	}
	line_add(&l, STYLE_DIM, "%s ago ", format_time(text, v->now_ns - v->snapshot.peer.taken_ns));
	for (int kind = 0; kind < PORT_KINDS && kind < r.rows; kind++)
		server_line(c, r, scene, kind);
}

/* Text that was cut shows it. */
static void event_text(struct canvas *c, struct rect r, const struct view_event *e)
{
	static const enum style style[] = {
		[EVENT_NOTE] = STYLE_TEXT,
		[EVENT_GOOD] = STYLE_GOOD,
		[EVENT_WARNING] = STYLE_WARN,
		[EVENT_ERROR] = STYLE_BAD,
	};

	canvas_text(c, r.row, r.col, r.cols, style[e->kind], e->text);
	if (r.cols > 0 && canvas_columns(e->text) > r.cols)
		canvas_put(c, r.row, r.col + r.cols - 1, canvas_glyph(c, GLYPH_MORE), STYLE_DIM);
}

void paint_log(struct canvas *c, struct rect r, const struct scene *scene)
{
	const struct view *v = scene->view;
	unsigned known = v->events < VIEW_EVENTS ? v->events : VIEW_EVENTS, shown;
	char text[FORMAT_TEXT];

	if (r.rows == 0)
		return;
	if (r.rows > 1) {
		paint_title(c, r, STYLE_TITLE, "EVENTS");
		r = below_title(r);
	}
	shown = known < (unsigned)r.rows ? known : (unsigned)r.rows;
	for (unsigned i = 0; i < shown; i++) {
		const struct view_event *e = &v->event[(v->events - shown + i) % VIEW_EVENTS];
		uint64_t ago = v->now_ns > e->at_ns ? v->now_ns - e->at_ns : 0;
		int col = r.col + canvas_printf(c, r.row + (int)i, r.col, r.cols, STYLE_DIM, " -%-6s ",
					  format_clock(text, ago));

		event_text(c, (struct rect){r.row + (int)i, col, 1, r.col + r.cols - col}, e);
	}
}
