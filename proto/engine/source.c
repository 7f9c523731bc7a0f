#include "proto/engine/source.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "proto/engine/source_private.h"
#include "proto/sys/bytes.h"
#include "proto/sys/clock.h"

static const char payload_begin[] = "{\"dummy_data\": \"";
static const char payload_end[] = "\"}";

/* The classic payload: printable text in a JSON object. It never changes, so it is written once. */
static void write_classic_payload(uint8_t *at, size_t size)
{
	size_t begin = sizeof payload_begin - 1, end = sizeof payload_end - 1;
	size_t text = size - begin - end;

	memcpy(at, payload_begin, begin);
	for (size_t i = 0; i < text; i++)
		at[begin + i] = (uint8_t)('A' + i % 26);
	memcpy(at + begin + text, payload_end, end);
}

static void write_payloads(struct source *s)
{
	size_t size = s->order.datagram_bytes - WIRE_HEADER_BYTES;

	for (unsigned i = 0; i < s->room; i++) {
		uint8_t *at = s->buffer + (size_t)i * s->order.datagram_bytes + WIRE_HEADER_BYTES;

		if (s->extended)
			memset(at, 0, size);
		else
			write_classic_payload(at, size);
	}
}

/* What neither the user nor either host wants exceeded. */
static uint64_t ceiling(const struct source *s)
{
	uint64_t rate = pacer_lower(pacer_lower(s->order.rate_bps, s->share_bps), s->allowed_bps);

	return s->lease_ns && s->proven_channel == 0 ? pacer_lower(rate, SOURCE_UNPROVEN_BPS) : rate;
}

uint64_t source_rate(const struct source *s)
{
	return s->order.search ? s->searched_bps
			       : pacer_lower(ceiling(s), receiver_limit_rate_bps(&s->receiver_limit));
}

/* At least one batch at a time where that is less than a millisecond of the rate, so that offload
 * is not lost; else two datagrams, so that a late wake-up costs no rate. */
static uint64_t least_burst(const struct source *s, uint64_t rate_bps)
{
	unsigned datagrams = rate_bps > 1000000000u ? s->room : 2;

	return (uint64_t)datagrams * s->order.datagram_bytes;
}

void source_update_rate(struct source *s, uint64_t now_ns)
{
	uint64_t rate;

	if (s->order.search) {
		s->capacity.plan.ceiling_bps = ceiling(s);
		s->searched_bps = capacity_rate_bps(&s->capacity, now_ns);
	}
	rate = source_rate(s);
	if (!s->order.search)
		rate = rate_debt_rate(&s->rate_debt, rate, s->count.bytes, now_ns);
	if (rate != s->pacer.rate_bps)
		pacer_set_rate(&s->pacer, rate, least_burst(s, rate), now_ns);
}

void source_set_share(struct source *s, uint64_t share_bps, uint64_t now_ns)
{
	s->share_bps = share_bps;
	source_update_rate(s, now_ns);
}

void source_start(struct source *s, uint64_t now_ns)
{
	struct capacity_plan plan = {
		.ceiling_bps = ceiling(s),
		.datagram_bytes = s->order.datagram_bytes,
		.overhead_bytes = s->overhead_bytes,
	};
	uint64_t rate;

	capacity_init(&s->capacity, &plan, now_ns);
	if (s->ramps && s->extended && s->order.rate_bps == 0)
		receiver_limit_ramp(&s->receiver_limit);
	s->searched_bps = capacity_rate_bps(&s->capacity, now_ns);
	rate = source_rate(s);
	s->order.start_ns = s->report_ns = s->proven_ns = now_ns;
	pacer_init(&s->pacer, rate, least_burst(s, rate), now_ns);
}

int source_open(struct source *s, const struct source_plan *plan)
{
	*s = (struct source){
		.extended = plan->extended,
		.order = plan->order,
		.room = plan->segments,
		.lease_ns = plan->lease_ns,
		.share_bps = plan->share_bps,
		.allowed_bps = plan->allowed_bps,
		.overhead_bytes = plan->overhead_bytes,
		.ramps = plan->ramps,
	};
	/* Without reports of the receiver's there is nothing to search by. */
	s->order.search = s->order.search && s->extended;
	s->buffer = malloc((size_t)s->room * s->order.datagram_bytes);
	s->repair = calloc(SOURCE_REPAIRS, sizeof *s->repair);
	if (s->extended)
		s->bucket = calloc(1, sizeof *s->bucket);
	if (!s->buffer || !s->repair || (s->extended && !s->bucket))
		goto out_free;
	if (s->bucket)
		s->bucket->overhead_bytes = s->overhead_bytes;
	if (span_set_init(&s->lost, SOURCE_WINDOW))
		goto out_free;
	if (span_set_init(&s->under_way, SOURCE_WINDOW))
		goto out_lost;
	write_payloads(s);
	receipt_init(&s->receipts);
	s->wait_ends_ns = plan->order.start_ns + clock_s(SOURCE_WAIT_S);
	s->order.start_ns = 0;
	if (!plan->waits)
		source_start(s, plan->order.start_ns);
	s->active = true;
	return 0;

out_lost:
	span_set_free(&s->lost);
out_free:
	free(s->buffer);
	free(s->repair);
	free(s->bucket);
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
	free(s->bucket);
	s->active = false;
}

static uint64_t end_ns(const struct source *s)
{
	uint64_t end = s->order.start_ns + s->order.duration_ns;
	uint64_t lease_ends = s->lease_ns ? s->proven_ns + s->lease_ns : CLOCK_NEVER;

	return end < lease_ends ? end : lease_ends;
}

bool source_finished(const struct source *s, uint64_t now_ns)
{
	return s->active && (s->certain || now_ns >= (s->order.start_ns ? end_ns(s) : s->wait_ends_ns));
}

uint64_t source_due_ns(const struct source *s)
{
	uint64_t ready, end, bytes = s->pacer.burst_bytes / 2;

	if (!s->active)
		return CLOCK_NEVER;
	if (s->order.start_ns == 0)
		return s->wait_ends_ns;
	/* Half a burst at a time: a wake-up for each datagram costs more than the datagram. */
	if (bytes < s->order.datagram_bytes)
		bytes = s->order.datagram_bytes;
	ready = pacer_ready_ns(&s->pacer, bytes);
	end = end_ns(s);
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

static void stage(struct source *s, unsigned count, uint64_t now_ns)
{
	struct wire_header h = {
		.type = WIRE_BANDWIDTH_TEST,
		.channel = s->order.channel,
		.sequence = s->next_channel,
	};

	for (unsigned i = 0; i < count; i++, h.sequence++) {
		uint8_t *at = s->buffer + (size_t)i * s->order.datagram_bytes;

		h.offset = h.sequence - s->staged_data[i];
		wire_encode(at, &h);
		if (s->extended) {
			bytes_put(at + WIRE_HEADER_BYTES, now_ns, 8);
			if (s->lease_ns) /* else nobody asks for a proof */
				bytes_put(at + WIRE_HEADER_BYTES + 8,
					receipt_number(&s->receipts, h.sequence), 8);
		}
	}
	s->staged = count;
}

unsigned source_fill(struct source *s, uint64_t now_ns)
{
	uint64_t allowed;
	unsigned count;

	s->staged = 0;
	if (!s->active || s->order.start_ns == 0 || source_finished(s, now_ns))
		return 0;
	if (s->order.search || s->pacer.rate_bps)
		source_update_rate(s, now_ns);
	allowed = pacer_allowance(&s->pacer, now_ns) / s->order.datagram_bytes;
	count = allowed < s->room ? (unsigned)allowed : s->room;
	if (count == 0)
		return 0;
	choose(s, count);
	stage(s, count, now_ns);
	return count;
}

struct path_capacity source_capacity(const struct source *s)
{
	struct capacity_result r;

	if (!s->order.search || s->order.start_ns == 0)
		return (struct path_capacity){0};
	r = capacity_result(&s->capacity);
	return (struct path_capacity){
		.bps = (uint64_t)r.bps,
		.ci_ppm = (uint32_t)(r.percent * 10000),
		.limit = r.limit,
		.certain = s->certain,
	};
}

struct bucket_result source_bucket(const struct source *s)
{
	struct path_capacity c = source_capacity(s);

	return s->bucket ? bucket_find(s->bucket, c.limit == CAPACITY_NETWORK ? c.bps : 0)
			 : (struct bucket_result){0};
}

void source_forget_repair(struct source *s)
{
	span_remove(&s->under_way, s->repair[s->first_repair].span);
	s->first_repair = (s->first_repair + 1) % SOURCE_REPAIRS;
	s->repairs--;
}

static void note_repair(struct source *s, uint64_t data, uint64_t channel, uint64_t now_ns)
{
	struct repair *last =
		&s->repair[(s->first_repair + s->repairs + SOURCE_REPAIRS - 1) % SOURCE_REPAIRS];

	span_remove(&s->lost, (struct span){data, data});
	span_add(&s->under_way, (struct span){data, data});
	s->count.retransmitted_packets++;
	if (s->repairs > 0 && last->span.end + 1 == data && last->sent_ns == now_ns) {
		last->span.end = data;
		last->channel = channel;
		return;
	}
	if (s->repairs == SOURCE_REPAIRS)
		source_forget_repair(s);
	s->repair[(s->first_repair + s->repairs++) % SOURCE_REPAIRS] = (struct repair){
		.span = {data, data},
		.channel = channel,
		.next_data = s->next_data,
		.sent_ns = now_ns,
	};
}

static void note_time(struct source *s, uint64_t now_ns)
{
	const struct mark *last = &s->mark[(s->marks + SOURCE_MARKS - 1) % SOURCE_MARKS];

	if (s->marks == 0 || now_ns - last->sent_ns >= clock_ms(SOURCE_MARK_MS))
		s->mark[s->marks++ % SOURCE_MARKS] = (struct mark){s->next_channel, now_ns};
}

void source_sent(struct source *s, unsigned count, uint64_t now_ns)
{
	unsigned i = 0;

	if (count > 0 && s->lease_ns)
		note_time(s, now_ns);
	/* Repairs come first in a batch; the rest is new data, in order. */
	for (; i < count && s->staged_data[i] < s->next_data; i++)
		note_repair(s, s->staged_data[i], s->next_channel + i, now_ns);
	s->next_data += count - i;
	s->next_channel += count;
	s->count.packets += count;
	s->count.bytes += (uint64_t)count * s->order.datagram_bytes;
	pacer_consume(&s->pacer, (uint64_t)count * s->order.datagram_bytes);
	s->staged = 0;
}
