#include "proto/source.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "proto/clock.h"

static const char payload_begin[] = "{\"dummy_data\": \"";
static const char payload_end[] = "\"}";

/* The classic payload: printable text in a JSON object. It never changes, so it is written once. */
static void write_payload(uint8_t *datagram, size_t size)
{
	size_t begin = sizeof payload_begin - 1, end = sizeof payload_end - 1;
	uint8_t *at = datagram + WIRE_HEADER_BYTES;
	size_t text = size - WIRE_HEADER_BYTES - begin - end;

	memcpy(at, payload_begin, begin);
	for (size_t i = 0; i < text; i++)
		at[begin + i] = (uint8_t)('A' + i % 26);
	memcpy(at + begin + text, payload_end, end);
}

/* At least one batch at a time where that is less than a millisecond of the rate, so that offload
 * is not lost; else two datagrams, so that a late wake-up costs no rate. */
static uint64_t least_burst(const struct source *s)
{
	uint64_t batch = (uint64_t)s->room * s->order.datagram_bytes;

	return s->order.rate_bps > 1000000000u ? batch : 2 * (uint64_t)s->order.datagram_bytes;
}

int source_open(struct source *s, const struct test_order *order, unsigned segments)
{
	*s = (struct source){
		.order = *order,
		.room = segments,
		.report_ns = order->start_ns,
	};
	s->buffer = malloc((size_t)segments * order->datagram_bytes);
	s->repair = calloc(SOURCE_REPAIRS, sizeof *s->repair);
	if (!s->buffer || !s->repair)
		goto out_free;
	if (span_set_init(&s->lost, SOURCE_WINDOW))
		goto out_free;
	if (span_set_init(&s->under_way, SOURCE_WINDOW))
		goto out_lost;
	for (unsigned i = 0; i < segments; i++)
		write_payload(s->buffer + (size_t)i * order->datagram_bytes, order->datagram_bytes);
	pacer_init(&s->pacer, order->rate_bps, least_burst(s), order->start_ns);
	s->active = true;
	return 0;

out_lost:
	span_set_free(&s->lost);
out_free:
	free(s->buffer);
	free(s->repair);
	return -ENOMEM;
}

void source_close(struct source *s)
{
	if (!s->active)
		return;
	span_set_free(&s->lost);
	span_set_free(&s->under_way);
	free(s->buffer);
	free(s->repair);
	s->active = false;
}

static uint64_t end_ns(const struct source *s)
{
	return s->order.start_ns + s->order.duration_ns;
}

bool source_finished(const struct source *s, uint64_t now_ns)
{
	return s->active && now_ns >= end_ns(s);
}

uint64_t source_due_ns(const struct source *s)
{
	uint64_t ready, end = end_ns(s), bytes = s->pacer.burst_bytes / 2;

	if (!s->active)
		return CLOCK_NEVER;
	/* Half a burst at a time: a wake-up for each datagram costs more than the datagram. */
	if (bytes < s->order.datagram_bytes)
		bytes = s->order.datagram_bytes;
	ready = pacer_ready_ns(&s->pacer, bytes);
	return ready < end ? ready : end;
}

/* Chooses the pieces of data that go next: lost ones first, the lowest first. */
static void choose(struct source *s, unsigned count)
{
	uint64_t from = 0, new_data = s->next_data;
	struct span run;
	unsigned i = 0;

	while (i < count && s->lost.members > 0 && span_next(&s->lost, from, &run)) {
		for (uint64_t data = run.begin; data <= run.end && i < count; data++)
			s->staged_data[i++] = data;
		from = run.end + 1;
	}
	while (i < count)
		s->staged_data[i++] = new_data++;
}

unsigned source_fill(struct source *s, uint64_t now_ns)
{
	uint64_t allowed = pacer_allowance(&s->pacer, now_ns) / s->order.datagram_bytes;
	unsigned count = allowed < s->room ? (unsigned)allowed : s->room;
	struct wire_header h = {
		.type = WIRE_BANDWIDTH_TEST,
		.channel = s->order.channel,
		.sequence = s->next_channel,
	};

	s->staged = 0;
	if (count == 0 || source_finished(s, now_ns))
		return 0;
	choose(s, count);
	for (unsigned i = 0; i < count; i++, h.sequence++) {
		h.offset = h.sequence - s->staged_data[i];
		wire_encode(s->buffer + (size_t)i * s->order.datagram_bytes, &h);
	}
	s->staged = count;
	return count;
}

static void forget_repair(struct source *s)
{
	span_remove(&s->under_way, s->repair[s->first_repair].span);
	s->first_repair = (s->first_repair + 1) % SOURCE_REPAIRS;
	s->repairs--;
}

static void note_repair(struct source *s, uint64_t data, uint64_t now_ns)
{
	struct repair *last = &s->repair[(s->first_repair + s->repairs + SOURCE_REPAIRS - 1) % SOURCE_REPAIRS];

	span_remove(&s->lost, (struct span){data, data});
	span_add(&s->under_way, (struct span){data, data});
	s->count.retransmitted_packets++;
	if (s->repairs > 0 && last->span.end + 1 == data && last->sent_ns == now_ns) {
		last->span.end = data;
		return;
	}
	if (s->repairs == SOURCE_REPAIRS)
		forget_repair(s);
	s->repair[(s->first_repair + s->repairs++) % SOURCE_REPAIRS] = (struct repair){
		.span = {data, data},
		.next_data = s->next_data,
		.sent_ns = now_ns,
	};
}

void source_sent(struct source *s, unsigned count, uint64_t now_ns)
{
	unsigned i = 0;

	/* Repairs come first in a batch; the rest is new data, in order. */
	while (i < count && s->staged_data[i] < s->next_data)
		note_repair(s, s->staged_data[i++], now_ns);
	s->next_data += count - i;
	s->next_channel += count;
	s->count.packets += count;
	s->count.bytes += (uint64_t)count * s->order.datagram_bytes;
	pacer_consume(&s->pacer, (uint64_t)count * s->order.datagram_bytes);
	s->staged = 0;
}

/* Retransmissions whose time to arrive is over are no longer under way: still missing, they are lost
 * again. */
static void judge_repairs(struct source *s, uint64_t now_ns, uint64_t round_trip_ns)
{
	uint64_t patience_ns = round_trip_ns + 2 * s->report_interval_ns;

	while (s->repairs > 0) {
		const struct repair *r = &s->repair[s->first_repair];

		if (r->next_data >= s->heard_data && now_ns - r->sent_ns < patience_ns)
			break;
		forget_repair(s);
	}
}

/* Marks as lost what is missing in `span` and not under way. */
static void lose(struct source *s, struct span span)
{
	uint64_t from = span.begin;
	struct span busy;

	while (from <= span.end) {
		uint64_t end = span.end;

		if (!span_next(&s->under_way, from, &busy) || busy.begin > span.end)
			busy = (struct span){span.end + 1, span.end};
		end = busy.begin - 1;
		if (busy.begin > from)
			s->count.lost_packets += span_add(&s->lost, (struct span){from, end});
		from = busy.begin > span.end ? span.end + 1 : busy.end + 1;
	}
}

/* Data sequences that the report shows as arrived, where it ends: one above them. */
static uint64_t heard(const struct wire_spans *spans)
{
	const struct span *last = &spans->span[spans->count - 1];

	return last->end == UINT64_MAX ? last->begin : last->end + 1;
}

static uint64_t count_heard(const struct wire_spans *spans)
{
	uint64_t arrived = 0, from = 0;

	for (unsigned i = 0; i < spans->count; i++) {
		arrived += spans->span[i].begin - from;
		from = spans->span[i].end + 1;
	}
	return arrived;
}

enum wire_reject source_report(struct source *s, const struct source_feedback *f, uint64_t now_ns)
{
	const struct wire_spans *spans = f->spans;
	uint64_t judged = s->heard_data, from = 0;

	if (spans->count == 0)
		return REJECT_BODY;
	if (f->sequence < s->next_report || heard(spans) > s->next_data)
		return REJECT_SEQUENCE;
	s->next_report = f->sequence + 1;
	s->report_interval_ns = now_ns - s->report_ns;
	s->report_ns = now_ns;
	s->count.reports++;
	s->count.heard_packets = count_heard(spans);
	judge_repairs(s, now_ns, f->round_trip_ns);
	for (unsigned i = 0; i < spans->count; i++) {
		struct span missing = spans->span[i];

		/* Between the spans all has arrived, so it needn't be sent again. */
		if (missing.begin > from)
			span_remove(&s->lost, (struct span){from, missing.begin - 1});
		if (missing.begin >= judged)
			break;
		from = missing.end + 1;
		if (missing.end >= judged)
			missing.end = judged - 1;
		lose(s, missing);
	}
	if (heard(spans) > s->heard_data)
		s->heard_data = heard(spans);
	return WIRE_OK;
}
