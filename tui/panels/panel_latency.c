/* A tall panel's table of delays: round trips and each direction, without load and with it. */
#include "tui/panels/paint.h"

struct row {
	const char *name;
	uint64_t n, p50_ns, p95_ns, p99_ns;
};

static struct row round_trip(const struct latency_part *l)
{
	return (struct row){"round trip", l->n, l->p50_ns, l->p95_ns, l->p99_ns};
}

static struct row one_way(const char *name, const struct owd_part *w)
{
	return (struct row){name, w->n, w->p50_ns, w->p95_ns, w->p99_ns};
}

static void paint_row(struct canvas *c, struct rect r, const char *when, const struct row *row)
{
	struct canvas_line l = canvas_line(c, r, 0);
	char p50[FORMAT_TEXT], p95[FORMAT_TEXT], p99[FORMAT_TEXT];

	line_add(&l, STYLE_LABEL, " %-7s%-11s", when, row->name);
	if (row->n > 0)
		line_add(&l, STYLE_VALUE, "%8s%8s%8s", format_ms(p50, row->p50_ns),
			format_ms(p95, row->p95_ns), format_ms(p99, row->p99_ns));
	else
		line_add(&l, STYLE_DIM, "%8s%8s%8s", "-", "-", "-");
}

void paint_latency_table(struct canvas *c, struct rect r, const struct latency_summary *l)
{
	const struct row rows[LATENCY_TABLE_ROWS - 1] = {
		round_trip(&l->idle),
		one_way("up", &l->owd.idle[TEST_UP]),
		one_way("down", &l->owd.idle[TEST_DOWN]),
		round_trip(&l->loaded),
		one_way("up", &l->owd.loaded[TEST_UP]),
		one_way("down", &l->owd.loaded[TEST_DOWN]),
	};
	struct canvas_line head = canvas_line(c, r, 0);

	line_add(&head, STYLE_LABEL, " %-18s%8s%8s%8s", "ms", "p50", "p95", "p99");
	for (int i = 0; i < LATENCY_TABLE_ROWS - 1; i++) {
		r.row++;
		r.rows--;
		paint_row(c, r, i == 0 ? "idle" : i == 3 ? "loaded" : "", &rows[i]);
	}
}
