#include "server/session_log.h"

#include <inttypes.h>
#include <stdio.h>

#include "proto/record/outcome.h"
#include "proto/report/metrics.h"
#include "proto/sys/clock.h"

void session_log_latency(struct client *c, const struct session_snapshot *snapshot, struct log_limit *limit)
{
	for (int kind = 0; kind < PORT_KINDS; kind++) {
		const struct latency_summary *l = &snapshot->port[kind].latency;

		if (l->n == c->logged.round_trips[kind])
			continue;
		c->logged.round_trips[kind] = l->n;
		if (log_allowed(limit, snapshot->taken_ns))
			log_line("Server latency on %-9s to %s: %.2f ms",
				port_kind_name((enum port_kind)kind), c->name, clock_in_ms(l->last_ns));
	}
}

/* In Mbit/s whatever the rate, so that lines can be compared and added up. */
static void result_line(const struct client *c, const struct test_record *r)
{
	const char *what = directions_table[r->direction].title;
	struct metric_line_plan plan = {.table = metrics_test, .record = r, .line = LINE_LOG};
	char line[METRIC_LINE_SIZE];

	if (r->received.known >= RECEIVED_TOTALS)
		log_line("%s test from %s: %.3f Mbit/s, %s", what, c->name,
			clock_bps(r->received.count.bytes, (double)r->sent.duration_ns) / 1e6,
			metrics_line(&plan, line));
	plan.line = LINE_LOST_WHERE;
	if (outcome_is_agreed(r))
		log_line("%s test from %s: sent %" PRIu64 ", lost %" PRIu64 " (%s), result %s", what, c->name,
			r->sent.count.packets, outcome_loss(r).packets, metrics_line(&plan, line), r->hash);
}

static void test_line(const struct client *c, const struct test_record *r)
{
	const char *what = directions_table[r->direction].title;

	if (r->phase == TEST_RUNNING)
		log_line("%s test from %s: channel %" PRIu32 ", %.0f s", what, c->name, r->channel,
			(double)r->sent.duration_ns / NS_PER_S);
	else if (r->phase == TEST_FAILED)
		log_line("%s test from %s: not granted", what, c->name);
	else if (r->phase == TEST_INCOMPLETE)
		log_line("%s test from %s: the result was not acknowledged", what, c->name);
	if (r->phase >= TEST_COMPLETE)
		result_line(c, r);
}

void session_log_tests(struct client *c, const struct session_snapshot *snapshot)
{
	for (unsigned i = 0; i < snapshot->tests; i++) {
		const struct test_record *r = &snapshot->test[i];
		struct logged_test *logged = &c->logged.test[r->id % SNAPSHOT_TESTS];

		if (logged->id == r->id && logged->phase == r->phase)
			continue;
		if (r->phase == TEST_ASKING || r->phase == TEST_AWAITING)
			continue;
		*logged = (struct logged_test){r->id, r->phase};
		test_line(c, r);
	}
}

void session_log_unfinished(const struct client *c, const struct session_snapshot *snapshot)
{
	for (unsigned i = 0; i < snapshot->tests; i++) {
		struct test_record r = snapshot->test[i];
		const struct direction *direction = &directions_table[r.direction];

		if (r.phase != TEST_RUNNING && r.phase != TEST_AWAITING)
			continue;
		if (direction->client_sends && r.phase == TEST_RUNNING) {
			r.received.count = snapshot->port[direction->port].sink;
			r.received.known = RECEIVED_COUNTERS;
			r.sent.duration_ns = snapshot->taken_ns - r.start_ns;
		}
		log_line("%s test from %s: cut short", direction->title, c->name);
		result_line(c, &r);
	}
}

/* All round trips of a port. */
static struct latency_part whole(const struct latency_summary *l)
{
	return (struct latency_part){
		.n = l->n,
		.lost = l->lost,
		.min_ns = l->min_ns,
		.mean_ns = l->mean_ns,
		.p50_ns = l->p50_ns,
		.p90_ns = l->p90_ns,
		.p99_ns = l->p99_ns,
		.max_ns = l->max_ns,
		.jitter_ns = l->jitter_ns,
	};
}

static void latency_figures(const struct latency_summary *l, char out[METRIC_LINE_SIZE])
{
	const struct metric_group *g = metrics_latency;
	struct latency_part part = whole(l);
	char figure[METRIC_TEXT_SIZE];
	size_t used = 0;

	for (const struct metric *m = g->row; m < g->row + g->rows; m++)
		if (m->lines & LINE_LOG && used < METRIC_LINE_SIZE)
			used += (size_t)snprintf(out + used, METRIC_LINE_SIZE - used, "%s%s %s",
				used ? ", " : "", m->label,
				metric_format(m, metric_get(m, &part), 2, figure));
}

void session_log_summary(const struct client *c, const struct session_snapshot *snapshot)
{
	char latency[METRIC_LINE_SIZE], reasons[METRIC_LINE_SIZE];

	for (int kind = 0; kind < PORT_KINDS; kind++) {
		const struct port_snapshot *p = &snapshot->port[kind];

		latency_figures(&p->latency, latency);
		metrics_rejected_text(p->rejected, reasons);
		log_line("Latency summary %s %-9s: %s ms%s%s", c->name, port_kind_name((enum port_kind)kind),
			latency, reasons[0] ? ", refused: " : "", reasons);
	}
}
