/* What the CONTROL panel says: the conversation about tests. */
#include <inttypes.h>

#include "proto/record/outcome.h"
#include "proto/report/metrics.h"
#include "proto/sys/clock.h"
#include "tui/panels/paint.h"
#include "tui/screen/keys.h"

static const struct test_record *latest(const struct scene *scene, uint32_t id)
{
	const struct session_snapshot *s = &scene->view->snapshot;

	for (unsigned i = 0; i < s->tests; i++)
		if (s->test[i].id == id)
			return &s->test[i];
	return NULL;
}

static void step(struct canvas_line *l)
{
	line_add(l, STYLE_DIM, " ");
	line_glyph(l, STYLE_DIM, GLYPH_TO);
	line_add(l, STYLE_DIM, " ");
}

/* The keys that start tests. */
static void invite(struct canvas_line *l, bool classic)
{
	line_add(l, STYLE_DIM, " no test yet;");
	for (size_t i = 0; i < keys_rows; i++) {
		unsigned tests = keys_tests(keys_table[i].action);

		if (tests && !(classic && directions_not_classic(tests)))
			line_add(l, STYLE_KEY, " %s", keys_table[i].name);
	}
	line_add(l, STYLE_DIM, classic ? " starts one" : " start one");
}

/* The stages of a test; those it has passed are bright. */
static void stages(struct canvas_line *l, const struct moment_test *t)
{
	bool refused = t->phase == TEST_FAILED;
	enum style asked = t->phase == TEST_ASKING ? STYLE_WARN : STYLE_VALUE;

	line_add(l, asked, " %s sent", directions_table[t->direction].command);
	if (t->commands > 1)
		line_add(l, STYLE_WARN, " %ux", t->commands);
	step(l);
	line_add(l,
		refused                  ? STYLE_BAD
		: t->phase > TEST_ASKING ? STYLE_VALUE
					 : STYLE_DIM,
		refused ? "refused" : "ack");
	if (refused)
		return;
	step(l);
	line_add(l,
		t->phase == TEST_RUNNING  ? STYLE_RATE
		: t->phase > TEST_RUNNING ? STYLE_VALUE
					  : STYLE_DIM,
		"data");
	step(l);
	line_add(l,
		t->phase == TEST_COMPLETE     ? STYLE_GOOD
		: t->phase == TEST_INCOMPLETE ? STYLE_WARN
					      : STYLE_DIM,
		t->phase == TEST_INCOMPLETE ? "early end" : "result");
}

static void counts(struct canvas_line *l, const struct moment_port *p)
{
	uint64_t rejected = metrics_rejected(p->rejected);
	char text[FORMAT_TEXT];

	line_field(l, "packets sent", STYLE_VALUE, "%s", format_count(text, p->sent_packets));
	line_field(l, "here", STYLE_VALUE, "%s", format_count(text, p->received_packets));
	line_field(l, "rejected", rejected ? STYLE_WARN : STYLE_VALUE, "%s", format_count(text, rejected));
}

/* Where the clocks allow the directions to be told apart. */
static void one_way(struct canvas_line *l, const struct owd_summary *o)
{
	char text[FORMAT_TEXT];

	if (!o->known)
		return;
	line_field(l, "one way up", STYLE_VALUE, "%s", format_ms(text, o->up_ns));
	line_field(l, "down", STYLE_VALUE, "%s", format_ms(text, o->down_ns));
	line_field(l, "+-", STYLE_VALUE, "%s ms", format_ms(text, o->offset_err_ns));
}

/* `phase` is that of the moment shown. */
static void agreed(struct canvas_line *l, const struct test_record *r, enum test_phase phase)
{
	if (r && phase == TEST_COMPLETE && outcome_is_agreed(r))
		line_add(l, STYLE_LABEL, " both ends agree: %s", r->hash);
	else if (r && r->uid[0])
		line_add(l, STYLE_LABEL, " uid %.13s", r->uid);
}

void paint_conversation(struct canvas *c, struct rect r, const struct scene *scene)
{
	const struct moment *m = paint_moment(scene);
	const struct moment_port *p;
	const struct test_record *record;
	struct canvas_line first = canvas_line(c, r, 0), second = canvas_line(c, r, 1);
	struct canvas_line third = canvas_line(c, r, 2), fourth = canvas_line(c, r, 3);

	if (!m)
		return;
	p = &m->port[PORT_CONTROL];
	paint_rejected(c, (struct rect){r.row + 4, r.col, r.rows - 4, r.cols}, p);
	one_way(&fourth, &scene->view->snapshot.port[PORT_CONTROL].latency.owd);
	if (p->test.id == 0) {
		invite(&first, scene->view->classic);
		counts(&second, p);
		return;
	}
	record = latest(scene, p->test.id);
	stages(&first, &p->test);
	counts(&second, p);
	agreed(&third, record, p->test.phase);
}
