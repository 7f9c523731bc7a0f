#include "server/session_log.h"

#include <inttypes.h>

#include "proto/record/outcome.h"
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

static void result_line(const struct client *c, const struct test_record *r)
{
	const char *what = r->direction == TEST_UP ? "Upload" : "Download";
	const struct sink_counters *n = &r->received.count;
	double seconds = (double)r->sent.duration_ns / NS_PER_S;
	struct loss loss = outcome_loss(r);

	if (r->received.known)
		log_line("%s test from %s: %.3f Mbit/s, %" PRIu64 " packets, %" PRIu64 " unique, %" PRIu64
			 " duplicates, %" PRIu64 " reordered",
			what, c->name, seconds > 0 ? (double)n->bytes * 8 / seconds / 1e6 : 0, n->packets,
			n->unique_packets, n->duplicates, n->reordered);
	if (outcome_is_agreed(r))
		log_line("%s test from %s: sent %" PRIu64 ", lost %" PRIu64 " (sender's host %" PRIu64
			 ", path %" PRIu64 ", receiver's host %" PRIu64 "), result %s",
			what, c->name, r->sent.count.packets, loss.packets, loss.sender_host, loss.path,
			loss.receiver_host, r->hash);
}

static void test_line(const struct client *c, const struct test_record *r)
{
	const char *what = r->direction == TEST_UP ? "Upload" : "Download";

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

		if (r.phase != TEST_RUNNING && r.phase != TEST_AWAITING)
			continue;
		if (r.direction == TEST_UP && r.phase == TEST_RUNNING) {
			r.received.count = snapshot->port[PORT_UPLOAD].sink;
			r.received.known = RECEIVED_TOTALS;
			r.sent.duration_ns = snapshot->taken_ns - r.start_ns;
		}
		log_line("%s test from %s: cut short", r.direction == TEST_UP ? "Upload" : "Download",
			c->name);
		result_line(c, &r);
	}
}

void session_log_summary(const struct client *c, const struct session_snapshot *snapshot)
{
	for (int kind = 0; kind < PORT_KINDS; kind++) {
		const struct latency_summary *l = &snapshot->port[kind].latency;

		log_line("Latency summary %s %-9s: n %" PRIu64 ", lost %" PRIu64
			 ", min %.2f, mean %.2f, p50 %.2f, p99 %.2f, max %.2f, jitter %.2f ms",
			c->name, port_kind_name((enum port_kind)kind), l->n, l->lost, clock_in_ms(l->min_ns),
			clock_in_ms(l->mean_ns), clock_in_ms(l->p50_ns), clock_in_ms(l->p99_ns),
			clock_in_ms(l->max_ns), clock_in_ms(l->jitter_ns));
	}
}
