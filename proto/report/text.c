#include "proto/record/outcome.h"
#include "proto/record/verdict.h"
#include "proto/report/report.h"
#include "proto/sys/clock.h"

#include <inttypes.h>
#include <string.h>

const char *report_rate(double bits_per_second, char out[32])
{
	static const char *const unit[] = {"bit/s", "kbit/s", "Mbit/s", "Gbit/s", "Tbit/s"};
	unsigned i = 0;

	while (bits_per_second >= 999.5 && i + 1 < sizeof unit / sizeof *unit) {
		bits_per_second /= 1000;
		i++;
	}
	snprintf(out, 32, "%.*f %s",
		bits_per_second < 10    ? 3
		: bits_per_second < 100 ? 2
					: 1,
		bits_per_second, unit[i]);
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
			report_rate(seconds > 0 ? (double)t->bytes * 8 / seconds : 0, rate), t->packets,
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

static double rate_of(uint64_t bytes, uint64_t duration_ns)
{
	return duration_ns ? (double)bytes * 8 / ((double)duration_ns / NS_PER_S) : 0;
}

static void text_loss(FILE *out, const struct test_record *t)
{
	struct loss loss = outcome_loss(t);

	fprintf(out, "  Lost           %" PRIu64 " packets (%.3f %%)", loss.packets,
		t->sent.count.packets ? 100.0 * (double)loss.packets / (double)t->sent.count.packets : 0);
	if (t->received.known == RECEIVED_COUNTERS && loss.packets > 0)
		fprintf(out, ": sender's host %" PRIu64 ", path %" PRIu64 ", receiver's host %" PRIu64,
			loss.sender_host, loss.path, loss.receiver_host);
	fputc('\n', out);
}

static void text_received(FILE *out, const struct test_record *t)
{
	const struct sink_counters *n = &t->received.count;
	char rate[32];

	fprintf(out, "  Received       %s, %" PRIu64 " packets, %" PRIu64 " bytes\n",
		report_rate(rate_of(n->bytes, t->sent.duration_ns), rate), n->packets, n->bytes);
	if (t->received.known == RECEIVED_COUNTERS)
		fprintf(out,
			"                 %" PRIu64 " unique, %" PRIu64 " duplicates, %" PRIu64
			" doubled by the network, %" PRIu64 " reordered\n",
			n->unique_packets, n->duplicates, n->network_duplicates, n->reordered);
}

static bool has_sent(const struct test_record *t)
{
	return t->direction == TEST_UP || outcome_is_agreed(t);
}

static void text_sent(FILE *out, const struct test_record *t)
{
	char rate[32];

	fprintf(out, "  Sent           %s, %" PRIu64 " packets, %" PRIu64 " bytes\n",
		report_rate(rate_of(t->sent.count.bytes, t->sent.duration_ns), rate), t->sent.count.packets,
		t->sent.count.bytes);
	fprintf(out, "                 %" PRIu64 " of them retransmissions\n",
		t->sent.count.retransmitted_packets);
}

static void text_terms(FILE *out, const struct test_record *t)
{
	char asked[32], granted[32];

	if (t->rate_bps != t->asked_rate_bps)
		fprintf(out, "  Rate           asked %s, granted %s\n",
			t->asked_rate_bps ? report_rate((double)t->asked_rate_bps, asked)
			: t->search       ? "auto"
					  : "max",
			report_rate((double)t->rate_bps, granted));
	fprintf(out, "  Duration       %.2f s of %.0f s asked%s\n", (double)t->sent.duration_ns / NS_PER_S,
		(double)t->asked_duration_ns / NS_PER_S, t->phase == TEST_COMPLETE ? "" : ", incomplete");
}

static void text_capacity(FILE *out, const struct test_record *t)
{
	char rate[32], sentence[VERDICT_TEXT];

	if (t->sent.capacity.bps)
		fprintf(out, "  Capacity       %s at the IP layer, +- %.2f %% (95 %%)%s\n",
			report_rate((double)t->sent.capacity.bps, rate),
			(double)t->sent.capacity.ci_ppm / 1e4,
			t->sent.capacity.limit == CAPACITY_NETWORK ? "" : ", at least");
	verdict_sentence(t, sentence);
	fprintf(out, "  Limited by     %s\n", sentence);
}

static void text_outages(FILE *out, const struct loss_pattern *p)
{
	for (unsigned i = 0; i < p->outages; i++)
		fprintf(out, "                 nothing arrived for %.0f ms at %.2f s, %" PRIu64 " lost\n",
			clock_in_ms(p->outage[i].length_ns), (double)p->outage[i].start_ns / NS_PER_S,
			p->outage[i].lost);
}

/* Only what there was. */
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
	fprintf(out, "\n=== %s Bandwidth Test Results ===\n",
		t->direction == TEST_UP ? "Upload" : "Download");
	if (t->phase == TEST_FAILED) {
		text_failed(out, t);
		return;
	}
	text_terms(out, t);
	if (has_sent(t))
		text_sent(out, t);
	if (t->received.known)
		text_received(out, t);
	else
		fprintf(out, "  Received       unknown: no report came back\n");
	if (has_sent(t) && t->received.known)
		text_loss(out, t);
	if (outcome_is_agreed(t))
		text_pattern(out, t);
	text_capacity(out, t);
	if (outcome_is_agreed(t))
		fprintf(out, "  Agreed         both ends hold the same record, %s\n", t->hash);
}

static void latency_row(FILE *out, const char *port, const char *when, const struct latency_part *l)
{
	fprintf(out, "  %-9s %-6s %7" PRIu64 " %5" PRIu64, port, when, l->n, l->lost);
	if (l->n > 0)
		fprintf(out, " %7.3f %7.3f %7.3f %7.3f %7.3f %7.3f %7.3f\n", clock_in_ms(l->min_ns),
			clock_in_ms(l->mean_ns), clock_in_ms(l->p50_ns), clock_in_ms(l->p95_ns),
			clock_in_ms(l->p99_ns), clock_in_ms(l->max_ns), clock_in_ms(l->jitter_ns));
	else
		fprintf(out, "       -       -       -       -       -       -       -\n");
}

static void text_latency(FILE *out, const struct session_snapshot *end)
{
	fprintf(out, "\n=== Latency (round trip, ms) ===\n  %-9s %-6s %7s %5s %7s %7s %7s %7s %7s %7s %7s\n",
		"port", "", "n", "lost", "min", "mean", "p50", "p95", "p99", "max", "jitter");
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
	struct verdict_queue q;
	static const char *const queues[] = {"", "; CONTROL queues with the data (one queue)",
		"; CONTROL does not queue with the data (queues per flow)"};
	char grade = verdict_grade(end);

	if (grade == '-')
		return;
	fprintf(out,
		"  Under load     grade %c: %.1f ms more at the 95th percentile; %" PRIu32
		" round trips a minute%s\n",
		grade, clock_in_ms(verdict_added_ns(end)), verdict_responsiveness(end),
		queues[verdict_queues(end)]);
	if (r->tests == 0)
		return;
	q = verdict_standing_queue(end, &r->test[r->tests - 1]);
	fprintf(out, "  Queue          %.2f ms stood in it, %" PRIu64 " bytes\n", clock_in_ms(q.ns), q.bytes);
}

static void owd_row(FILE *out, const char *port, const char *when, const struct owd_part *way)
{
	if (way[TEST_UP].n == 0)
		return;
	fprintf(out, "  %-9s %-6s", port, when);
	for (int d = TEST_UP; d <= TEST_DOWN; d++)
		fprintf(out, "  %7.3f %7.3f %7.3f", clock_in_ms(way[d].p50_ns), clock_in_ms(way[d].p95_ns),
			clock_in_ms(way[d].p99_ns));
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
	fprintf(out, "  Socket buffers %u KiB to receive, %u KiB to send; offload: %s\n",
		p->receive_buffer_bytes >> 10, p->send_buffer_bytes >> 10,
		p->send_offload && p->receive_offload ? "both ways"
		: p->send_offload                     ? "sending"
		: p->receive_offload                  ? "receiving"
						      : "none");
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
	}
	for (unsigned i = 0; i < r->warnings; i++)
		fprintf(out, "Warning: %s\n", r->warning[i]);
}
