#include "tui/client/interval.h"

static uint64_t grown(uint64_t now, uint64_t before)
{
	return now > before ? now - before : 0;
}

struct report_traffic interval_sent(const struct port_snapshot *before, const struct port_snapshot *now)
{
	static const struct source_counters none;
	const struct source_counters *a = &now->source, *b = &before->source;

	if (a->packets < b->packets) /* another test has begun */
		b = &none;
	return (struct report_traffic){
		.active = now->source_active || before->source_active || a->packets > b->packets,
		.packets = a->packets - b->packets,
		.bytes = a->bytes - b->bytes,
		.lost_packets = grown(a->lost_packets, b->lost_packets),
		.retransmitted_packets = grown(a->retransmitted_packets, b->retransmitted_packets),
	};
}

struct report_traffic interval_received(const struct port_snapshot *before, const struct port_snapshot *now)
{
	static const struct sink_counters none;
	const struct sink_counters *a = &now->sink, *b = &before->sink;

	if (a->packets < b->packets)
		b = &none;
	return (struct report_traffic){
		.active = now->sink_active || before->sink_active || a->packets > b->packets,
		.packets = a->packets - b->packets,
		.bytes = a->bytes - b->bytes,
		.lost_packets = grown(a->missing_packets, b->missing_packets),
		.retransmitted_packets = grown(a->retransmitted_packets, b->retransmitted_packets),
	};
}

static void add(struct report_traffic *sum, struct report_traffic t)
{
	sum->active = sum->active || t.active;
	sum->packets += t.packets;
	sum->bytes += t.bytes;
	sum->lost_packets += t.lost_packets;
	sum->retransmitted_packets += t.retransmitted_packets;
}

struct report_interval interval_between(
	const struct session_snapshot *before, const struct session_snapshot *now)
{
	struct report_interval i = {0};

	for (int kind = 0; kind < PORT_KINDS; kind++) {
		const struct port_snapshot *a = &before->port[kind], *b = &now->port[kind];

		add(&i.sent, interval_sent(a, b));
		add(&i.received, interval_received(a, b));
		if (b->latency.n != a->latency.n)
			i.latency_ns[kind] = b->latency.last_ns;
	}
	return i;
}
