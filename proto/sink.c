#include "proto/sink.h"

#include "proto/clock.h"

int sink_open(struct sink *k, const struct test_order *order, uint64_t report_interval_ns)
{
	int error;

	*k = (struct sink){
		.active = true,
		.order = *order,
		.report_interval_ns = report_interval_ns,
		.report_due_ns = order->start_ns + report_interval_ns,
		.last_data_ns = order->start_ns,
	};
	error = span_set_init(&k->missing, SINK_WINDOW);
	if (error)
		return error;
	error = span_set_init(&k->missing_channel, SINK_WINDOW);
	if (error)
		span_set_free(&k->missing);
	return error;
}

void sink_close(struct sink *k)
{
	if (!k->active)
		return;
	span_set_free(&k->missing);
	span_set_free(&k->missing_channel);
	k->active = false;
}

/* Follows one numbering. Whether `number` had not arrived before. */
static bool arrive(struct span_set *missing, uint64_t *next, uint64_t number)
{
	if (number == *next) { /* by far the most */
		*next = number + 1;
		return true;
	}
	if (number > *next) {
		span_add(missing, (struct span){*next, number - 1});
		*next = number + 1;
		return true;
	}
	return span_remove(missing, (struct span){number, number}) > 0;
}

enum wire_reject sink_data(struct sink *k, const struct wire_header *h, size_t size, uint64_t now_ns)
{
	uint64_t data = wire_data_sequence(h);
	bool in_order = h->sequence >= k->next_channel;

	if (h->channel != k->order.channel)
		return REJECT_CHANNEL;
	if (data >= SPAN_MAX || h->sequence >= SPAN_MAX)
		return REJECT_SEQUENCE;
	k->last_data_ns = now_ns;
	if (!arrive(&k->missing_channel, &k->next_channel, h->sequence)) {
		k->count.network_duplicates++;
		return WIRE_OK;
	}
	k->count.reordered += !in_order;
	k->count.retransmitted_packets += in_order && data < k->next_data;
	k->count.packets++;
	k->count.bytes += size;
	if (arrive(&k->missing, &k->next_data, data))
		k->count.unique_packets++;
	else
		k->count.duplicates++;
	return WIRE_OK;
}

static uint64_t end_ns(const struct sink *k)
{
	return k->order.start_ns + k->order.duration_ns;
}

/* When the sink may close: quiet after the test's time, or at the latest. */
static uint64_t close_ns(const struct sink *k)
{
	uint64_t quiet = k->last_data_ns + (uint64_t)SINK_QUIET_MS * NS_PER_MS;
	uint64_t first = end_ns(k) + (uint64_t)SINK_QUIET_MS * NS_PER_MS;
	uint64_t latest = end_ns(k) + (uint64_t)SINK_LINGER_MS * NS_PER_MS;

	if (quiet < first)
		quiet = first;
	return quiet < latest ? quiet : latest;
}

uint64_t sink_due_ns(const struct sink *k)
{
	uint64_t close = close_ns(k);

	if (!k->active)
		return CLOCK_NEVER;
	return k->report_due_ns < close ? k->report_due_ns : close;
}

bool sink_finished(const struct sink *k, uint64_t now_ns)
{
	return k->active && now_ns >= close_ns(k);
}

bool sink_report(struct sink *k, uint64_t now_ns, struct wire_spans *spans)
{
	uint64_t from = 0;

	if (!k->active || now_ns < k->report_due_ns)
		return false;
	/* Never less than an interval after this one, however late it is: the source takes a piece for
	 * lost when the network has had a whole interval to put things right. */
	k->report_due_ns = now_ns + k->report_interval_ns;
	spans->count = 0;
	while (spans->count < WIRE_SPANS_MAX && span_next(&k->missing, from, &spans->span[spans->count]))
		from = spans->span[spans->count++].end + 1;
	/* All that is still to come is missing too, where there is room to say so. A hole that
	 * reaches up to it can't be: the number below next_data has arrived. */
	if (spans->count < WIRE_SPANS_MAX)
		spans->span[spans->count++] = (struct span){k->next_data, UINT64_MAX};
	k->count.reports++;
	return true;
}

void sink_counters(const struct sink *k, struct sink_counters *out)
{
	*out = k->count;
	out->holes = k->missing.members;
	out->socket_drops = k->socket_drops - k->drops_before;
}
