#include "tui/client/interval.h"

static uint64_t grown(uint64_t now, uint64_t before)
{
	return now > before ? now - before : 0;
}

static struct report_traffic sent_traffic(const struct port_snapshot *now, const struct port_snapshot *before)
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

static struct report_traffic received_traffic(
	const struct port_snapshot *now, const struct port_snapshot *before)
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

struct report_interval interval_between(
	const struct session_snapshot *before, const struct session_snapshot *now)
{
	struct report_interval i = {
		.sent = sent_traffic(&now->port[PORT_UPLOAD], &before->port[PORT_UPLOAD]),
		.received = received_traffic(&now->port[PORT_DOWNLOAD], &before->port[PORT_DOWNLOAD]),
	};

	for (int kind = 0; kind < PORT_KINDS; kind++)
		if (now->port[kind].latency.n != before->port[kind].latency.n)
			i.latency_ns[kind] = now->port[kind].latency.last_ns;
	return i;
}
