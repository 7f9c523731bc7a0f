#include "proto/sys/text.h"
#include "proto/record/outcome.h"
#include "proto/record/verdict.h"
#include "proto/report/metrics.h"
#include "proto/report/report.h"
#include "proto/sys/clock.h"

#include <inttypes.h>
#include <string.h>

const char *report_rate(double bits_per_second, char out[32])
{
	struct text_scaled s = text_scale(bits_per_second);

	snprintf(out, 32, "%.*f %sbit/s", s.value < 10 ? 3 : s.value < 100 ? 2 : 1, s.value, s.prefix);
	return out;
}

static void traffic_heading(FILE *out, const struct report_traffic *t, const char *what, bool resent)
{
	if (t->active)
		fprintf(out, " %-13s %10s %8s", what, "packets", "lost");
	if (t->active && resent)
		fprintf(out, " %8s", "resent");
}

void report_text_heading(FILE *out, const struct report_interval *i)
{
	fprintf(out, "%-13s", "  seconds");
	traffic_heading(out, &i->sent, "sending", true);
	traffic_heading(out, &i->received, "receiving", false);
	fprintf(out, "  round trip, ms: control   upload download\n");
}

static void traffic_line(FILE *out, const struct report_traffic *t, double seconds, bool resent)
{
	char rate[32];

	if (t->active)
		fprintf(out, " %-13s %10" PRIu64 " %8" PRIu64,
			report_rate(clock_bps(t->bytes, seconds * NS_PER_S), rate), t->packets,
			t->lost_packets);
	if (t->active && resent)
		fprintf(out, " %8" PRIu64, t->retransmitted_packets);
}

void report_text_interval(FILE *out, const struct report_interval *i)
{
	double seconds = i->end_s - i->start_s;

	fprintf(out, "%6.1f-%-6.1f", i->start_s, i->end_s);
	traffic_line(out, &i->sent, seconds, true);
	traffic_line(out, &i->received, seconds, false);
	fprintf(out, "%*s", 16, "");
	for (int kind = 0; kind < PORT_KINDS; kind++) {
		if (i->latency_ns[kind])
			fprintf(out, " %8.2f", clock_in_ms(i->latency_ns[kind]));
		else
			fprintf(out, " %8s", "-");
	}
	fputc('\n', out);
}

/* The figures of one line of the table; "" where none is known. */
static const char *figures(const struct test_record *t, enum metric_line line, char out[METRIC_LINE_SIZE])
{
	struct metric_line_plan plan = {.table = metrics_test, .record = t, .line = line};

	return metrics_line(&plan, out);
}

static void text_line(FILE *out, const char *heading, const char *line)
{
	if (line[0])
		fprintf(out, "  %-14s %s\n", heading, line);
}

static void text_sent(FILE *out, const struct test_record *t)
{
	char speed[METRIC_LINE_SIZE], line[METRIC_LINE_SIZE];

	if (!*figures(t, LINE_SENT, line))
		return;
	figures(t, LINE_SENT_SPEED, speed);
	fprintf(out, "  %-14s %s%s%s\n", "Sent", speed, speed[0] ? ", " : "", line);
	text_line(out, "", figures(t, LINE_RESENT, line));
}

static void text_received(FILE *out, const struct test_record *t)
{
	char speed[METRIC_LINE_SIZE], line[METRIC_LINE_SIZE];

	if (!*figures(t, LINE_RECEIVED, line)) {
		fprintf(out, "  Received       unknown: no report came back\n");
		return;
	}
	figures(t, LINE_RECEIVED_SPEED, speed);
	fprintf(out, "  %-14s %s%s%s\n", "Received", speed, speed[0] ? ", " : "", line);
	if ((t->received.known == RECEIVED_COUNTERS))
		text_line(out, "", figures(t, LINE_ARRIVALS, line));
}

static void text_loss(FILE *out, const struct test_record *t)
{
	char line[METRIC_LINE_SIZE], where[METRIC_LINE_SIZE] = "";

	if (!*figures(t, LINE_LOST, line))
		return;
	if (outcome_loss(t).packets > 0)
		figures(t, LINE_LOST_WHERE, where);
	fprintf(out, "  %-14s %s%s%s\n", "Lost", line, where[0] ? ": " : "", where);
}

static void text_terms(FILE *out, const struct test_record *t)
{
	const char *early = t->phase != TEST_COMPLETE       ? ", incomplete"
			    : t->sent.ended == ENDED_BUDGET ? ", ended at its budget"
							    : "";
	char asked[32], granted[32];

	if (t->rate_bps != t->asked_rate_bps)
		fprintf(out, "  Rate           asked %s, granted %s\n",
			t->asked_rate_bps ? report_rate((double)t->asked_rate_bps, asked)
			: t->search       ? "auto"
					  : "max",
			report_rate((double)t->rate_bps, granted));
	fprintf(out, "  Duration       %.2f s of %.0f s asked%s\n", (double)t->sent.duration_ns / NS_PER_S,
		(double)t->asked_duration_ns / NS_PER_S, early);
}

static void text_capacity(FILE *out, const struct test_record *t)
{
	char line[METRIC_LINE_SIZE], sentence[VERDICT_TEXT], range[VERDICT_RANGE];

	if (*figures(t, LINE_CAPACITY, line))
		fprintf(out, "  %-14s %s%s\n", "Capacity", line, verdict_is_least(t) ? ", at least" : "");
	if (*verdict_range(&t->sent.capacity, range))
		fprintf(out, "  %-14s %s for 80 %% of the time\n", "", range);
	verdict_sentence(t, sentence);
	text_line(out, "Limited by", sentence);
}

static void text_outages(FILE *out, const struct loss_pattern *p)
{
	for (unsigned i = 0; i < p->outages; i++)
		fprintf(out, "                 nothing arrived for %.0f ms at %.2f s, %" PRIu64 " lost\n",
			clock_in_ms(p->outage[i].length_ns), (double)p->outage[i].start_ns / NS_PER_S,
			p->outage[i].lost);
}

/* Only what occurred. */
static void text_pattern(FILE *out, const struct test_record *t)
{
	const struct loss_pattern *p = &t->received.pattern;

	if (p->bursts)
		fprintf(out,
			"                 in %" PRIu64 " bursts, the longest %" PRIu64 ", %" PRIu64
			" of one\n",
			p->bursts, p->longest, p->burst[0]);
	if (p->period)
		fprintf(out, "                 one every %" PRIu64 " packets (%.0f %% of the bursts)\n",
			p->period, 100 * p->period_share);
	text_outages(out, p);
	if (p->late)
		fprintf(out, "  Reordered      %" PRIu64 " late, by up to %" PRIu64 " packets\n", p->late,
			p->extent_max);
}

static void text_failed(FILE *out, const struct test_record *t)
{
	if (t->refusal)
		fprintf(out, "  Refused (%s): try again in %" PRIu32 " s\n", refusal_name(t->refusal),
			t->wait_s);
	else
		fprintf(out, "  Not started: the server did not acknowledge the command\n");
}

static void text_test(FILE *out, const struct test_record *t)
{
	char line[METRIC_LINE_SIZE];

	fprintf(out, "\n=== %s Bandwidth Test Results ===\n", directions_table[t->direction].title);
	if (t->phase == TEST_FAILED) {
		text_failed(out, t);
		return;
	}
	text_terms(out, t);
	text_sent(out, t);
	text_received(out, t);
	text_loss(out, t);
	if (outcome_is_agreed(t))
		text_pattern(out, t);
	text_capacity(out, t);
	text_line(out, "Agreed", figures(t, LINE_AGREED, line));
}

static void latency_heading(FILE *out)
{
	const struct metric_group *g = metrics_latency;

	fprintf(out, "\n=== Latency (round trip, ms) ===\n  %-9s %-6s", "port", "");
	for (const struct metric *m = g->row; m < g->row + g->rows; m++)
		if (m->width)
			fprintf(out, " %*s", m->width, m->label);
	fputc('\n', out);
}

/* The figures of a part of the delays, each in its column. */
static void columns(FILE *out, const struct metric_group *g, const void *part)
{
	char text[METRIC_TEXT_SIZE];

	for (const struct metric *m = g->row; m < g->row + g->rows; m++)
		if (m->width)
			fprintf(out, " %*s", m->width,
				metric_is_known(m, part) ? metric_format(m, metric_get(m, part), 3, text)
							 : "-");
}

static void latency_row(FILE *out, const char *port, const char *when, const struct latency_part *l)
{
	fprintf(out, "  %-9s %-6s", port, when);
	columns(out, metrics_latency, l);
	fputc('\n', out);
}

static void text_latency(FILE *out, const struct session_snapshot *end)
{
	latency_heading(out);
	for (int kind = 0; kind < PORT_KINDS; kind++) {
		const struct latency_summary *l = &end->port[kind].latency;
		const char *port = port_kind_name((enum port_kind)kind);

		latency_row(out, port, "idle", &l->idle);
		if (l->loaded.n + l->loaded.lost > 0)
			latency_row(out, port, "loaded", &l->loaded);
	}
}

static void text_load(FILE *out, const struct report *r)
{
	const struct session_snapshot *end = &r->end;
	struct metric_load load = {end, r->tests ? &r->test[r->tests - 1] : NULL};
	struct metric_line_plan queue = {metrics_load, &load, LINE_QUEUE, 2};
	static const char *const queues[] = {"", "; CONTROL queues with the data (one queue)",
		"; CONTROL does not queue with the data (queues per flow)"};
	char grade = verdict_grade(end), line[METRIC_LINE_SIZE];

	if (grade == '-')
		return;
	fprintf(out,
		"  Under load     grade %c: %.1f ms more at the 95th percentile; %" PRIu32
		" round trips a minute%s\n",
		grade, clock_in_ms(verdict_added_ns(end)), verdict_responsiveness(end),
		queues[verdict_queues(end)]);
	text_line(out, "Queue", metrics_line(&queue, line));
}

static void owd_row(FILE *out, const char *port, const char *when, const struct owd_part *way)
{
	if (way[TEST_UP].n == 0)
		return;
	fprintf(out, "  %-9s %-6s", port, when);
	for (int d = TEST_UP; d <= TEST_DOWN; d++) {
		fputc(' ', out);
		columns(out, metrics_one_way, &way[d]);
	}
	fputc('\n', out);
}

static void text_oneway(FILE *out, const struct session_snapshot *end)
{
	const struct owd_summary *c = &end->port[PORT_CONTROL].latency.owd;

	if (!c->known)
		return;
	fprintf(out, "\n=== One way (ms, each +- %.3f) ===\n  %-9s %-6s  %7s %7s %7s  %7s %7s %7s\n",
		clock_in_ms(c->offset_err_ns), "port", "", "up: p50", "p95", "p99", "dn: p50", "p95", "p99");
	for (int kind = 0; kind < PORT_KINDS; kind++) {
		const struct owd_summary *o = &end->port[kind].latency.owd;
		const char *port = port_kind_name((enum port_kind)kind);

		owd_row(out, port, "idle", o->idle);
		owd_row(out, port, "loaded", o->loaded);
	}
	fprintf(out, "  Clocks         the server's is %.3f ms ahead, and faster by %.2f ppm\n",
		(double)c->offset_ns / NS_PER_MS, c->skew_ppm);
}

static void text_sockets(FILE *out, const struct port_snapshot *p)
{
	struct metric_line_plan plan = {.table = metrics_port, .record = p, .line = LINE_BUFFERS};
	char line[METRIC_LINE_SIZE];

	fprintf(out, "  Socket buffers %s; offload: %s\n", metrics_line(&plan, line),
		p->send_offload && p->receive_offload ? "both ways"
		: p->send_offload                     ? "sending"
		: p->receive_offload                  ? "receiving"
						      : "none");
}

/* One line, where any port has refused datagrams. */
static void text_rejected(FILE *out, const struct session_snapshot *end)
{
	char reasons[METRIC_LINE_SIZE];
	bool any = false;

	for (int kind = 0; kind < PORT_KINDS; kind++) {
		if (!*metrics_rejected_text(end->port[kind].rejected, reasons))
			continue;
		fprintf(out, "%s%s: %s", any ? "; " : "  Refused here   ",
			port_kind_name((enum port_kind)kind), reasons);
		any = true;
	}
	if (any)
		fputc('\n', out);
}

void report_text_end(FILE *out, const struct report *r)
{
	for (unsigned i = 0; i < r->tests; i++)
		text_test(out, &r->test[i]);
	if (r->tests > 0)
		text_sockets(out, &r->end.port[PORT_UPLOAD]);
	if (r->connected) {
		text_latency(out, &r->end);
		text_load(out, r);
		text_oneway(out, &r->end);
		text_rejected(out, &r->end);
	}
	for (unsigned i = 0; i < r->warnings; i++)
		fprintf(out, "Warning: %s\n", r->warning[i]);
}
