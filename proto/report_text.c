#include "proto/clock.h"
#include "proto/report.h"

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
	snprintf(out, 32, "%.*f %s", bits_per_second < 10 ? 3 : bits_per_second < 100 ? 2 : 1,
		bits_per_second, unit[i]);
	return out;
}

static double ms(uint64_t ns)
{
	return (double)ns / NS_PER_MS;
}

void report_text_heading(FILE *out, bool has_traffic)
{
	if (has_traffic)
		fprintf(out, "%-13s %-14s %10s %8s %8s  ", "  seconds", "sending", "packets", "lost",
			"resent");
	else
		fprintf(out, "%-13s ", "  seconds");
	fprintf(out, "round trip, ms: control   upload download\n");
}

void report_text_interval(FILE *out, const struct report_interval *i)
{
	double seconds = i->end_s - i->start_s;
	char rate[32];

	fprintf(out, "%6.1f-%-6.1f ", i->start_s, i->end_s);
	if (i->has_traffic)
		fprintf(out, "%-14s %10" PRIu64 " %8" PRIu64 " %8" PRIu64 "  ",
			report_rate(seconds > 0 ? (double)i->bytes * 8 / seconds : 0, rate), i->packets,
			i->lost_packets, i->retransmitted_packets);
	fprintf(out, "%*s", 14, "");
	for (int kind = 0; kind < PORT_KINDS; kind++) {
		if (i->latency_ns[kind])
			fprintf(out, " %8.2f", ms(i->latency_ns[kind]));
		else
			fprintf(out, " %8s", "-");
	}
	fputc('\n', out);
}

static double rate_of(uint64_t bytes, uint64_t duration_ns)
{
	return duration_ns ? (double)bytes * 8 / ((double)duration_ns / NS_PER_S) : 0;
}

static void text_received(FILE *out, const struct test_record *t)
{
	uint64_t lost = report_lost(t);
	char rate[32];

	fprintf(out, "  Received       %s, %" PRIu64 " packets, %" PRIu64 " bytes\n",
		report_rate(rate_of(t->received.bytes, t->duration_ns), rate), t->received.packets,
		t->received.bytes);
	if (t->counts_known)
		fprintf(out,
			"                 %" PRIu64 " unique, %" PRIu64 " duplicates, %" PRIu64
			" reordered; %" PRIu64 " dropped by the receiver's socket\n",
			t->received.unique_packets, t->received.duplicates, t->received.reordered,
			t->received.socket_drops);
	fprintf(out, "  Lost           %" PRIu64 " packets (%.3f %%)\n", lost,
		t->sent.packets ? 100.0 * (double)lost / (double)t->sent.packets : 0);
}

static void text_test(FILE *out, const struct test_record *t)
{
	char rate[32];

	fprintf(out, "\n=== Upload Bandwidth Test Results ===\n");
	if (t->phase == TEST_FAILED) {
		fprintf(out, "  Not started: the server did not acknowledge the command\n");
		return;
	}
	fprintf(out, "  Duration       %.2f s%s\n", (double)t->duration_ns / NS_PER_S,
		t->phase == TEST_COMPLETE ? "" : ", incomplete");
	fprintf(out, "  Sent           %s, %" PRIu64 " packets, %" PRIu64 " bytes\n",
		report_rate(rate_of(t->sent.bytes, t->duration_ns), rate), t->sent.packets, t->sent.bytes);
	fprintf(out, "                 %" PRIu64 " of them retransmissions\n",
		t->sent.retransmitted_packets);
	if (t->received_known)
		text_received(out, t);
	else
		fprintf(out, "  Received       unknown: no report came back\n");
}

static void text_latency(FILE *out, const struct session_snapshot *end)
{
	fprintf(out, "\n=== Latency (round trip, ms) ===\n  %-9s %8s %6s %8s %8s %8s %8s %8s %8s %8s\n",
		"port", "n", "lost", "min", "mean", "p50", "p90", "p99", "max", "jitter");
	for (int kind = 0; kind < PORT_KINDS; kind++) {
		const struct latency_summary *l = &end->port[kind].latency;

		fprintf(out, "  %-9s %8" PRIu64 " %6" PRIu64, port_kind_name((enum port_kind)kind), l->n,
			l->lost);
		if (l->n > 0)
			fprintf(out, " %8.3f %8.3f %8.3f %8.3f %8.3f %8.3f %8.3f\n", ms(l->min_ns),
				ms(l->mean_ns), ms(l->p50_ns), ms(l->p90_ns), ms(l->p99_ns),
				ms(l->max_ns), ms(l->jitter_ns));
		else
			fprintf(out, "        -        -        -        -        -        -        -\n");
	}
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
	for (unsigned i = 0; i < r->end.tests; i++)
		text_test(out, &r->end.test[i]);
	if (r->end.tests > 0)
		text_sockets(out, &r->end.port[PORT_UPLOAD]);
	if (r->connected)
		text_latency(out, &r->end);
	for (unsigned i = 0; i < r->warnings; i++)
		fprintf(out, "Warning: %s\n", r->warning[i]);
}
