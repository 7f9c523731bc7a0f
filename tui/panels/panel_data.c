/* What the UPLOAD and DOWNLOAD panels say of a test that their port carries: both ends of the stream, side by
 * side. */
#include <inttypes.h>
#include <stdio.h>

#include "proto/report/metrics.h"
#include "proto/sys/clock.h"
#include "tui/panels/paint.h"
#include "tui/screen/graph.h"
#include "tui/screen/keys.h"

struct data {
	struct canvas *canvas;
	const struct scene *scene;
	const struct moment *moment;
	const struct moment_port *port;
	struct history_second second;
	enum test_direction direction;
	bool sends; /* this end, in that direction */
};

static const char *limit_text(char out[FORMAT_TEXT], uint64_t bps)
{
	if (bps == 0 || bps == OPTION_RATE_AUTO)
		snprintf(out, FORMAT_TEXT, bps ? "auto" : "max");
	else
		format_scaled(out, (double)bps, UNIT_BITS);
	return out;
}

static void invite(struct canvas *c, struct rect r, const struct scene *scene, enum port_kind kind)
{
	const struct view *v = scene->view;
	const struct port_snapshot *p = &v->snapshot.port[kind];
	unsigned set = directions_of_port(kind);
	struct canvas_line l = canvas_line(c, r, 0);
	char rate[FORMAT_TEXT];

	if (v->classic)
		set &= ~directions_not_classic(set);
	if (!set) {
		line_add(&l, STYLE_DIM, " a classic server sends no data");
		return;
	}
	if (v->state != CLIENT_UP || p->state == PORT_FAILED) {
		line_add(&l, STYLE_DIM, v->state != CLIENT_UP ? " no session" : " no test can run");
		return;
	}
	line_add(&l, STYLE_DIM, " idle;");
	for (int d = 0; d < TEST_DIRECTIONS; d++) {
		if (!(set & 1u << d))
			continue;
		line_add(&l, STYLE_KEY, " %s", keys_starter(1u << d));
		line_add(&l, STYLE_DIM, " %ss", directions_table[d].noun);
	}
	line_add(&l, STYLE_DIM, ": %s for %u s", limit_text(rate, v->rate_bps), v->duration_s);
}

/* As many packets a bit as were sent. */
static struct speed there(const struct history_second *s)
{
	return (struct speed){
		.bps = s->there_bps,
		.pps = s->speed.bps > 0 ? s->there_bps / s->speed.bps * s->speed.pps : 0,
	};
}

static void rate_row(const struct data *d, struct rect r)
{
	struct canvas_line l = canvas_line(d->canvas, r, 0);
	enum unit unit = d->scene->ui->unit;
	char text[FORMAT_TEXT];

	line_add(&l, STYLE_LABEL, d->sends ? " sending " : " receiving ");
	line_add(&l, STYLE_RATE, "%s", format_speed(text, d->second.speed, unit));
	line_add(&l, STYLE_LABEL, " of %s", limit_text(text, d->port->test.rate_bps));
	if (d->sends && d->second.there_bps >= 0)
		line_field(&l, "arrive", STYLE_VALUE, "%s", format_speed(text, there(&d->second), unit));
}

static void over_row(const struct data *d, struct rect r)
{
	struct canvas_line l = canvas_line(d->canvas, r, 0);
	char text[FORMAT_TEXT];

	line_add(&l, STYLE_LABEL,
		d->port->test.phase == TEST_AWAITING ? " over, awaiting the result" : " last test:");
	if (d->port->test.phase >= TEST_COMPLETE)
		line_add(&l, d->port->test.phase == TEST_COMPLETE ? STYLE_GOOD : STYLE_WARN, " %s",
			d->port->test.phase == TEST_COMPLETE     ? "complete"
			: d->port->test.phase == TEST_INCOMPLETE ? "incomplete"
								 : "not run");
	line_add(&l, STYLE_KEY, "  %s", keys_starter(1u << d->direction));
	line_add(&l, STYLE_DIM, " again, %s", limit_text(text, d->scene->view->rate_bps));
}

static void count(struct canvas_line *l, const char *label, uint64_t n, enum style style)
{
	char text[FORMAT_TEXT];

	line_field(l, label, style, "%s", format_count(text, n));
}

static enum style alarm_style(uint64_t n)
{
	return n ? STYLE_WARN : STYLE_VALUE;
}

/* Sent there or here, arrived here or there. */
static void counts_row(const struct data *d, struct rect r)
{
	struct canvas_line l = canvas_line(d->canvas, r, 0);
	const struct source_counters *s = &d->port->source;
	const struct sink_counters *k = &d->port->sink;

	if (d->sends) {
		count(&l, "sent", s->packets, STYLE_VALUE);
		count(&l, "there", s->heard_packets, STYLE_VALUE);
		count(&l, "lost", s->lost_packets, alarm_style(s->lost_packets));
		count(&l, "resent", s->retransmitted_packets, alarm_style(s->retransmitted_packets));
	} else {
		count(&l, "sent", k->packets + k->missing_packets, STYLE_VALUE);
		count(&l, "here", k->packets, STYLE_VALUE);
		count(&l, "lost", k->missing_packets, alarm_style(k->missing_packets));
		count(&l, "resent", k->retransmitted_packets, alarm_style(k->retransmitted_packets));
		count(&l, "dup", k->duplicates, alarm_style(k->duplicates));
		count(&l, "reordered", k->reordered, alarm_style(k->reordered));
	}
}

static uint64_t holes(const struct data *d)
{
	return d->sends ? d->port->source.lost_packets : d->port->sink.holes;
}

static void flow_row(const struct data *d, struct rect r)
{
	struct canvas_line l = canvas_line(d->canvas, r, 0);
	const struct moment_port *p = d->port;
	struct rect strip;
	char text[FORMAT_TEXT];

	count(&l, "reports", d->sends ? p->source.reports : p->sink.reports, STYLE_VALUE);
	if (p->active && p->report_ns && d->moment->at_ns > p->report_ns)
		line_add(&l, STYLE_LABEL, " %s ago", format_time(text, d->moment->at_ns - p->report_ns));
	line_add(&l, STYLE_LABEL, p->holes.end ? " holes" : " no holes");
	strip = (struct rect){l.row, l.col + 1, 1, l.end - l.col - 2};
	if (p->holes.end && strip.cols >= 6 && r.rows > 0)
		graph_strip(d->canvas, strip, p->holes.cell, HOLE_CELLS);
}

static void progress_row(const struct data *d, struct rect r)
{
	const struct moment_test *t = &d->port->test;
	uint64_t at = d->moment->at_ns, gone = at > t->start_ns ? at - t->start_ns : 0;
	double part = t->duration_ns ? (double)gone / (double)t->duration_ns : 0;
	char text[FORMAT_TEXT];
	int width;

	if (gone > t->duration_ns)
		gone = t->duration_ns;
	width = snprintf(text, sizeof text, " %.0f s left", (double)(t->duration_ns - gone) / NS_PER_S);
	if (r.rows == 0 || r.cols < 2 * width)
		return;
	graph_bar(d->canvas, (struct rect){r.row, r.col + 1, 1, r.cols - width - 2}, part, STYLE_RATE);
	canvas_text(d->canvas, r.row, r.col + r.cols - width - 1, width, STYLE_VALUE, text);
}

/* Where there is room: the hosts' share in what went wrong. */
static void host_row(const struct data *d, struct rect r)
{
	struct canvas_line l = canvas_line(d->canvas, r, 0);
	const struct moment_port *p = d->port;
	uint64_t rejected = metrics_rejected(p->rejected);

	count(&l, "dropped in this host", p->socket_drops, alarm_style(p->socket_drops));
	count(&l, "send errors", d->sends ? p->source.send_errors : 0,
		alarm_style(d->sends ? p->source.send_errors : 0));
	count(&l, "rejected", rejected, alarm_style(rejected));
}

static void holes_row(const struct data *d, struct rect r)
{
	struct canvas_line l = canvas_line(d->canvas, r, 0);
	const struct hole_strip *s = &d->port->holes;

	count(&l, d->sends ? "lost so far" : "pieces missing", holes(d), alarm_style(holes(d)));
	if (s->end)
		line_add(&l, STYLE_LABEL, " between %" PRIu64 " and %" PRIu64, s->first, s->end);
}

static void rejected_row(const struct data *d, struct rect r)
{
	paint_rejected(d->canvas, r, d->port);
}

void paint_data(struct canvas *c, struct rect r, const struct scene *scene, enum port_kind kind)
{
	/* By importance: a low panel shows the first of them. The bar comes last. */
	static void (*const row[])(const struct data *d, struct rect r) = {
		counts_row, flow_row, host_row, holes_row, rejected_row};
	struct data d = {
		.canvas = c,
		.scene = scene,
		.moment = paint_moment(scene),
	};
	bool bar;

	if (!d.moment || d.moment->port[kind].test.id == 0) {
		invite(c, r, scene, kind);
		return;
	}
	d.port = &d.moment->port[kind];
	d.direction = d.port->test.direction;
	d.sends = directions_table[d.direction].client_sends;
	d.second = history_second(scene->history, scene->at, kind);
	bar = d.port->test.phase == TEST_RUNNING && r.rows > 1;
	if (d.port->test.phase <= TEST_RUNNING)
		rate_row(&d, r);
	else
		over_row(&d, r);
	if (bar)
		progress_row(&d, (struct rect){r.row + --r.rows, r.col, 1, r.cols});
	for (unsigned i = 0; i < sizeof row / sizeof *row; i++) {
		r.row++;
		r.rows--;
		row[i](&d, r);
	}
}
