#include "server/diary.h"

#include <inttypes.h>

#include "proto/clock.h"

static double milliseconds(uint64_t ns)
{
	return (double)ns / NS_PER_MS;
}

void diary_latency(struct client *c, const struct session_snapshot *snapshot, struct log_limit *limit)
{
	for (int kind = 0; kind < PORT_KINDS; kind++) {
		const struct latency_summary *l = &snapshot->port[kind].latency;

		if (l->n == c->logged.round_trips[kind])
			continue;
		c->logged.round_trips[kind] = l->n;
		if (log_allowed(limit, snapshot->taken_ns))
			log_line("Server latency on %-9s to %s: %.2f ms", port_kind_name((enum port_kind)kind),
				c->name, milliseconds(l->last_ns));
	}
}

static void test_line(const struct client *c, const struct test_record *r)
{
	const struct sink_counters *n = &r->received;
	double seconds = (double)r->duration_ns / NS_PER_S;

	if (r->phase == TEST_RUNNING) {
		log_line("Upload test from %s: channel %" PRIu32 ", %.0f s", c->name, r->channel, seconds);
		return;
	}
	if (r->phase == TEST_INCOMPLETE)
		log_line("Upload test from %s: the result was not acknowledged", c->name);
	log_line("Upload test from %s: %.3f Mbit/s, %" PRIu64 " packets, %" PRIu64 " unique, %" PRIu64
		 " duplicates, %" PRIu64 " reordered, %" PRIu64 " socket drops",
		c->name, seconds > 0 ? (double)n->bytes * 8 / seconds / 1e6 : 0, n->packets,
		n->unique_packets, n->duplicates, n->reordered, n->socket_drops);
}

void diary_tests(struct client *c, const struct session_snapshot *snapshot)
{
	for (unsigned i = 0; i < snapshot->tests; i++) {
		const struct test_record *r = &snapshot->test[i];
		bool is_new = r->id > c->logged.test;

		if (!is_new && (r->id < c->logged.test || r->phase == c->logged.phase))
			continue;
		if (r->phase == TEST_AWAITING)
			continue;
		c->logged.test = r->id;
		c->logged.phase = r->phase;
		test_line(c, r);
	}
}

void diary_summary(const struct client *c, const struct session_snapshot *snapshot)
{
	for (int kind = 0; kind < PORT_KINDS; kind++) {
		const struct latency_summary *l = &snapshot->port[kind].latency;

		log_line("Latency summary %s %-9s: n %" PRIu64 ", lost %" PRIu64
			 ", min %.2f, mean %.2f, p50 %.2f, p99 %.2f, max %.2f, jitter %.2f ms",
			c->name, port_kind_name((enum port_kind)kind), l->n, l->lost,
			milliseconds(l->min_ns), milliseconds(l->mean_ns), milliseconds(l->p50_ns),
			milliseconds(l->p99_ns), milliseconds(l->max_ns), milliseconds(l->jitter_ns));
	}
}
