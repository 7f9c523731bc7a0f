/* What the three panels have in common: title, round trips, graphs. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "proto/report/metrics.h"
#include "proto/sys/clock.h"
#include "tui/panels/paint.h"
#include "tui/screen/graph.h"

enum {
	PANEL_GRAPH_COLS = 66, /* a panel as wide as this has its graphs beside the figures */
	PANEL_TEXT_COLS = 44,
	PANEL_SPARK_COLS = 10, /* of a narrow panel */
	PANEL_SAMPLES = 512,
	PANEL_FIGURE_ROWS = 7, /* what a panel shows apart from the table of delays */
};

static const char *state_name(const struct moment_port *p)
{
	return p->state == PORT_UP ? "up" : p->state == PORT_WAITING ? "waiting" : "FAILED";
}

static void title(struct canvas *c, struct rect r, const struct scene *scene, enum port_kind kind)
{
	static const struct moment_port none;
	const struct moment *m = paint_moment(scene);
	const struct moment_port *p = m ? &m->port[kind] : &none;
	struct history_second s = history_second(scene->history, scene->at, kind);
	bool focus = scene->ui->focus == kind;
	struct canvas_line l;
	char text[48];

	snprintf(text, sizeof text, "%s", port_kind_name(kind));
	canvas_rule(c, r, STYLE_DIM);
	l = canvas_line(c, r, 0);
	canvas_put(c, l.row, l.col, focus ? canvas_glyph(c, GLYPH_FOCUS) : canvas_glyph(c, GLYPH_RULE),
		focus ? STYLE_FOCUS : STYLE_DIM);
	l.col++;
	line_add(&l, p->state == PORT_FAILED ? STYLE_BAD : focus ? STYLE_FOCUS : STYLE_TITLE, " %s ", text);
	line_add(&l,
		p->state == PORT_UP       ? STYLE_GOOD
		: p->state == PORT_FAILED ? STYLE_BAD
					  : STYLE_WARN,
		"%s ", m ? state_name(p) : "-");
	if (p->state == PORT_FAILED)
		line_add(&l, STYLE_BAD, "%s ", strerror(p->error));
	if (!m || !p->local_port)
		return;
	l.col++;
	line_add(&l, STYLE_LABEL, " %u", p->local_port);
	line_glyph(&l, STYLE_DIM, GLYPH_TO);
	line_add(&l, STYLE_LABEL, "%u ", p->remote_port);
	l.col++;
	line_add(&l, STYLE_LABEL, " thread %" PRId32 " ", p->thread_id);
	line_add(&l, s.cpu_share > 0.9 ? STYLE_WARN : STYLE_LABEL, "cpu %.*f %% ",
		s.cpu_share < 0.095 ? 1 : 0, 100 * s.cpu_share);
	line_add(&l, STYLE_LABEL, "%s steps/s ", format_count(text, (uint64_t)s.steps));
}

static void latency_line(struct canvas *c, struct rect r, const struct moment_port *p)
{
	struct canvas_line l = canvas_line(c, r, 0);
	char text[FORMAT_TEXT];

	line_add(&l, STYLE_LABEL, " rtt ");
	if (!p || p->n == 0) {
		line_add(&l, STYLE_DIM, "no round trip yet");
		return;
	}
	line_add(&l, STYLE_VALUE, "%s", format_ms(text, p->last_ns));
	line_field(&l, "p50", STYLE_VALUE, "%s", format_ms(text, p->p50_ns));
	line_field(&l, "p99", STYLE_VALUE, "%s", format_ms(text, p->p99_ns));
	line_add(&l, STYLE_LABEL, " ms");
	line_field(&l, "lost", p->lost ? STYLE_BAD : STYLE_VALUE, "%" PRIu64, p->lost);
	line_add(&l, STYLE_LABEL, " of %" PRIu64, p->n + p->lost);
	line_field(&l, "jitter", STYLE_VALUE, "%s", format_ms(text, p->jitter_ns));
	line_add(&l, STYLE_LABEL, " ms");
}

void paint_rejected(struct canvas *c, struct rect r, const struct moment_port *p)
{
	struct canvas_line l = canvas_line(c, r, 0);
	char reasons[METRIC_LINE_SIZE];

	if (!*metrics_rejected_text(p->rejected, reasons))
		return;
	line_add(&l, STYLE_LABEL, " rejected:");
	line_add(&l, STYLE_WARN, " %s", reasons);
}

/* What a graph shows of a stretch of time: the worst round trip, the mean speed. */
struct stretch {
	float round_trip_ms, bps, pps;
	bool lost, data_lost, up;
};

static struct stretch look(const struct history *h, size_t first, size_t end, enum port_kind kind)
{
	struct stretch s = {.round_trip_ms = -1};
	double bps = 0, pps = 0;

	for (size_t i = first; i < end; i++) {
		const struct moment_port *p = &h->moment[i].port[kind];
		float ms = (float)p->worst_ns / (float)NS_PER_MS;

		if (p->worst_ns && ms > s.round_trip_ms)
			s.round_trip_ms = ms;
		s.lost = s.lost || p->lost_now;
		s.data_lost = s.data_lost || p->lost_data;
		bps += p->speed.bps;
		pps += p->speed.pps;
		s.up = p->state == PORT_UP && h->moment[i].state == CLIENT_UP;
	}
	if (end > first) {
		s.bps = (float)(bps / (double)(end - first));
		s.pps = (float)(pps / (double)(end - first));
	}
	return s;
}

/* Stretches of equal length, the last one ending with the moment shown. They begin at multiples of their
 * length, so that a graph moves and does not flicker. Returns how many. */
static unsigned stretches(
	const struct scene *scene, enum port_kind kind, unsigned room, struct stretch out[PANEL_SAMPLES])
{
	const struct history *h = scene->history;
	size_t each =
		(size_t)(ui_scale_s(scene->ui->scale) * NS_PER_S / (double)(h->tick_ns ? h->tick_ns : 1));
	size_t last, first;
	unsigned n = 0;

	if (each == 0)
		each = 1;
	if (h->count == 0)
		return 0;
	last = scene->at / each;
	first = last + 1 > room ? last + 1 - room : 0;
	for (size_t k = first; k <= last; k++) {
		size_t end = (k + 1) * each;

		out[n++] = look(h, k * each, end < scene->at + 1 ? end : scene->at + 1, kind);
	}
	return n;
}

static unsigned sample_room(const struct canvas *c, int cols)
{
	unsigned room = graph_samples(c, cols);

	return room < PANEL_SAMPLES ? room : PANEL_SAMPLES;
}

static struct rect cut_axis(struct rect *r)
{
	struct rect axis = {r->row, r->col, r->rows, GRAPH_AXIS_COLS};

	r->col += GRAPH_AXIS_COLS;
	r->cols -= GRAPH_AXIS_COLS;
	return axis;
}

/* Graphs over the time up to the scene's moment. */
static void draw_latency_graph(
	struct canvas *c, struct rect r, const struct scene *scene, enum port_kind kind)
{
	struct graph_sample sample[PANEL_SAMPLES];
	struct stretch stretch[PANEL_SAMPLES];
	struct graph g = {.sample = sample, .style = STYLE_LATENCY};
	char text[FORMAT_TEXT];
	struct rect axis = {0};
	double most = 0;
	float held = -1;

	if (r.cols > 2 * GRAPH_AXIS_COLS)
		axis = cut_axis(&r);
	g.count = stretches(scene, kind, sample_room(c, r.cols), stretch);
	for (unsigned i = 0; i < g.count; i++) {
		/* Between two heartbeats the last one holds, while there are any. */
		if (stretch[i].round_trip_ms >= 0 || !stretch[i].up)
			held = stretch[i].round_trip_ms;
		sample[i] = (struct graph_sample){held, stretch[i].lost};
		most = held > most ? held : most;
	}
	g.top = graph_top(most);
	snprintf(text, sizeof text, "%g ms", g.top);
	if (axis.cols)
		graph_axis(c, axis, most > 0 ? text : "ms");
	graph_draw(c, r, &g);
}

static void draw_speed_graph(struct canvas *c, struct rect r, const struct scene *scene, enum port_kind kind)
{
	struct graph_sample sample[PANEL_SAMPLES];
	struct stretch stretch[PANEL_SAMPLES];
	struct graph g = {.sample = sample, .style = STYLE_RATE};
	enum unit unit = scene->ui->unit;
	char text[FORMAT_TEXT];
	struct rect axis = {0};
	double most = 0;

	if (r.cols > 2 * GRAPH_AXIS_COLS)
		axis = cut_axis(&r);
	g.count = stretches(scene, kind, sample_room(c, r.cols), stretch);
	for (unsigned i = 0; i < g.count; i++) {
		double value = format_value((struct speed){stretch[i].bps, stretch[i].pps}, unit);

		sample[i] = (struct graph_sample){(float)value, stretch[i].data_lost};
		most = value > most ? value : most;
	}
	g.top = graph_top(most);
	if (axis.cols)
		graph_axis(c, axis, format_axis(text, most > 0 ? g.top : 0, unit));
	graph_draw(c, r, &g);
}

static void graphs(struct canvas *c, struct rect r, const struct scene *scene, enum port_kind kind)
{
	const struct moment *m = paint_moment(scene);
	struct rect upper = r, lower = r;

	/* Before the first test there is no speed to show. */
	if (!m || m->port[kind].test.id == 0 || kind == PORT_CONTROL) {
		draw_latency_graph(c, r, scene, kind);
		return;
	}
	lower.rows = r.rows < 3 ? 1 : r.rows * 2 / 5;
	upper.rows = r.rows - lower.rows;
	lower.row += upper.rows;
	draw_speed_graph(c, upper, scene, kind);
	draw_latency_graph(c, lower, scene, kind);
}

void paint_panel(struct canvas *c, struct rect r, const struct scene *scene, enum port_kind kind)
{
	const struct moment *m = paint_moment(scene);
	struct rect text = {r.row + 1, r.col, r.rows - 1, r.cols}, graph = text, spark;

	title(c, r, scene, kind);
	if (r.cols >= PANEL_GRAPH_COLS) {
		text.cols = r.cols * 2 / 5 > PANEL_TEXT_COLS ? r.cols * 2 / 5 : PANEL_TEXT_COLS;
		text.cols = text.cols > 64 ? 64 : text.cols;
		graph.col += text.cols;
		graph.cols -= text.cols;
		graphs(c, graph, scene, kind);
		text.cols--; /* a blank before the scale */
	} else if (r.cols >= 4 * PANEL_SPARK_COLS) {
		text.cols -= PANEL_SPARK_COLS;
		spark = (struct rect){text.row, text.col + text.cols + 1, 1, PANEL_SPARK_COLS - 1};
		draw_latency_graph(c, spark, scene, kind);
	}
	latency_line(c, text, m ? &m->port[kind] : NULL);
	text.cols = r.cols >= PANEL_GRAPH_COLS ? text.cols : r.cols;
	text.row++;
	text.rows--;
	if (text.rows >= PANEL_FIGURE_ROWS + LATENCY_TABLE_ROWS) {
		text.rows -= LATENCY_TABLE_ROWS;
		paint_latency_table(c,
			(struct rect){text.row + text.rows, text.col, LATENCY_TABLE_ROWS, text.cols},
			&scene->view->snapshot.port[kind].latency);
	}
	if (kind == PORT_CONTROL)
		paint_conversation(c, text, scene);
	else
		paint_data(c, text, scene, kind);
}
