#include "proto/engine/source.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

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

/* The lowest limit of the user, this host and the receiver; lower still until data is proven to arrive. */
static uint64_t ceiling(const struct source *s)
{
	uint64_t rate = pacer_lower(pacer_lower(s->order.rate_bps, s->share_bps), s->allowed_bps);

	return lease_is_proven(&s->lease) ? rate : pacer_lower(rate, SOURCE_UNPROVEN_BPS);
}

/* The rate in force; 0: as fast as possible. */
static uint64_t rate_in_force(const struct source *s)
{
	return s->order.search ? s->searched_bps
			       : pacer_lower(ceiling(s), receiver_limit_rate_bps(&s->receiver_limit));
}

/* At least one batch at a time where that is less than a millisecond of the rate, so that offload is not
 * lost; else two datagrams, or what a sender that is woken late has to make up for, so that it costs no rate.
 */
static uint64_t least_burst(const struct source *s, uint64_t rate_bps)
{
	unsigned datagrams = rate_bps > 1000000000u ? s->room : 2;
	uint64_t bytes = (uint64_t)datagrams * s->order.datagram_bytes, late_bytes;

	if (!s->order.search || rate_bps > 1000000000u)
		return bytes;
	late_bytes = (uint64_t)((double)rate_bps / 8 * (double)capacity_burst_ns(&s->capacity) / NS_PER_S);
	return late_bytes > bytes ? late_bytes : bytes;
}

/* Applies limits that may have changed. */
static void update_rate(struct source *s, uint64_t now_ns)
{
	uint64_t rate;

	if (s->order.search) {
		s->capacity.plan.ceiling_bps = ceiling(s);
		s->searched_bps = capacity_rate_bps(&s->capacity, now_ns);
	}
	rate = rate_in_force(s);
	if (!s->order.search)
		rate = rate_debt_rate(&s->rate_debt, rate, s->count.bytes, now_ns);
	if (rate != s->pacer.rate_bps)
		pacer_set_rate(&s->pacer, rate, least_burst(s, rate), now_ns);
}

void source_set_share(struct source *s, uint64_t share_bps, uint64_t now_ns)
{
	s->share_bps = share_bps;
	update_rate(s, now_ns);
}

/* Datagrams that the budget has room for. */
static uint64_t affordable(const struct source *s)
{
	uint64_t datagram_bytes = s->order.datagram_bytes + s->overhead_bytes;
	uint64_t most = s->order.budget_bytes / datagram_bytes;

	if (s->order.budget_bytes == 0)
		return UINT64_MAX;
	return most > s->count.packets ? most - s->count.packets : 0;
}

static void keep_to_budget(struct source *s)
{
	if (!s->ended && affordable(s) == 0)
		s->ended = ENDED_BUDGET;
}

static void start(struct source *s, uint64_t now_ns)
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
	rate = rate_in_force(s);
	s->order.start_ns = now_ns;
	lease_start(&s->lease, now_ns);
	pacer_init(&s->pacer, rate, least_burst(s, rate), now_ns);
	keep_to_budget(s);
}

int source_open(struct source *s, const struct source_plan *plan)
{
	*s = (struct source){
		.extended = plan->extended,
		.order = plan->order,
		.room = plan->segments,
		.share_bps = plan->share_bps,
		.allowed_bps = plan->allowed_bps,
		.overhead_bytes = plan->overhead_bytes,
		.ramps = plan->ramps,
	};
	/* Without the receiver's reports there is nothing to search by. */
	s->order.search = s->order.search && s->extended;
	s->buffer = malloc((size_t)s->room * s->order.datagram_bytes);
	if (s->extended)
		s->bucket = calloc(1, sizeof *s->bucket);
	if (!s->buffer || (s->extended && !s->bucket))
		goto out_free;
	if (s->bucket)
		s->bucket->overhead_bytes = s->overhead_bytes;
	if (repair_init(&s->repair))
		goto out_free;
	write_payloads(s);
	lease_init(&s->lease, plan->lease_ns);
	s->wait_ends_ns = plan->order.start_ns + clock_s(SOURCE_WAIT_S);
	s->order.start_ns = 0;
	if (!plan->waits)
		start(s, plan->order.start_ns);
	s->active = true;
	return 0;

out_free:
	free(s->buffer);
	free(s->bucket);
	return -ENOMEM;
}

void source_close(struct source *s)
{
	if (!s->active)
		return;
	repair_free(&s->repair);
	free(s->buffer);
	free(s->bucket);
	s->active = false;
}

static uint64_t end_ns(const struct source *s)
{
	return clock_earlier(s->order.start_ns + s->order.duration_ns, lease_ends_ns(&s->lease));
}

bool source_finished(const struct source *s, uint64_t now_ns)
{
	return s->active && (s->ended || now_ns >= (s->order.start_ns ? end_ns(s) : s->wait_ends_ns));
}

/* Half a burst at a time: a wake-up for each datagram costs more than the datagram. */
static uint64_t ready_ns(const struct source *s)
{
	uint64_t bytes = s->pacer.burst_bytes / 2;

	return pacer_ready_ns(&s->pacer, bytes > s->order.datagram_bytes ? bytes : s->order.datagram_bytes);
}

uint64_t source_due_ns(const struct source *s)
{
	if (!s->active)
		return CLOCK_NEVER;
	return s->order.start_ns ? clock_earlier(ready_ns(s), end_ns(s)) : s->wait_ends_ns;
}

/* Chooses the pieces of data that go next: lost ones first, the lowest first. */
static void choose(struct source *s, unsigned count)
{
	uint64_t new_data = s->next_data;

	for (unsigned i = repair_choose(&s->repair, s->staged_data, count); i < count; i++)
		s->staged_data[i] = new_data++;
}

static void stage(struct source *s, unsigned count, uint64_t now_ns)
{
	struct wire_header h = {
		.type = WIRE_BANDWIDTH_TEST,
		.channel = s->order.channel,
		.sequence = s->next_channel,
	};
	struct wire_stamp stamp = {.sent_ns = now_ns};

	for (unsigned i = 0; i < count; i++, h.sequence++) {
		uint8_t *at = s->buffer + (size_t)i * s->order.datagram_bytes;

		h.offset = h.sequence - s->staged_data[i];
		wire_encode(at, &h);
		if (s->extended) {
			stamp.receipt = lease_receipt(&s->lease, h.sequence);
			wire_encode_stamp(at + WIRE_HEADER_BYTES, &stamp);
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
	if (now_ns > ready_ns(s))
		capacity_note_lateness(&s->capacity, now_ns - ready_ns(s));
	if (s->order.search || s->pacer.rate_bps)
		update_rate(s, now_ns);
	allowed = pacer_allowance(&s->pacer, now_ns) / s->order.datagram_bytes;
	allowed = allowed < affordable(s) ? allowed : affordable(s);
	count = allowed < s->room ? (unsigned)allowed : s->room;
	if (count == 0)
		return 0;
	choose(s, count);
	stage(s, count, now_ns);
	return count;
}

struct path_capacity source_capacity(const struct source *s)
{
	const struct capacity *c = &s->capacity;
	struct capacity_result r;

	if (!s->order.search || s->order.start_ns == 0)
		return (struct path_capacity){0};
	r = capacity_result(c);
	return (struct path_capacity){
		.bps = (uint64_t)r.bps,
		.ci_ppm = (uint32_t)(r.percent * 10000),
		.limit = r.limit,
		.p10_bps = (uint64_t)capacity_percentile_bps(c, 10),
		.p50_bps = (uint64_t)capacity_percentile_bps(c, 50),
		.p90_bps = (uint64_t)capacity_percentile_bps(c, 90),
	};
}

struct bucket_result source_bucket(const struct source *s)
{
	struct path_capacity c = source_capacity(s);

	return s->bucket ? bucket_find(s->bucket, c.limit == CAPACITY_NETWORK ? c.bps : 0)
			 : (struct bucket_result){0};
}

void source_sent(struct source *s, unsigned count, uint64_t now_ns)
{
	unsigned i = 0;

	lease_sent(&s->lease, s->next_channel, count, now_ns);
	/* Repairs come first in a batch; the rest is new data, in order. */
	for (; i < count && s->staged_data[i] < s->next_data; i++)
		repair_sent(&s->repair, s->staged_data[i], s->next_channel + i, s->next_data, now_ns);
	s->next_data += count - i;
	s->next_channel += count;
	s->count.packets += count;
	s->count.retransmitted_packets = s->repair.packets;
	s->count.bytes += (uint64_t)count * s->order.datagram_bytes;
	pacer_consume(&s->pacer, (uint64_t)count * s->order.datagram_bytes);
	s->staged = 0;
	keep_to_budget(s);
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

/* A report without news would say that the path had no delay. */
static void steer(struct source *s, const struct source_feedback *feedback, uint64_t now_ns)
{
	const struct feedback *f = feedback->feedback;
	struct path_sample sample = {
		.packets = f->packets,
		.bytes = f->bytes,
		.next_channel = f->next_channel,
		.host_drops = f->host_drops,
		.arrival_ns = f->arrival_ns,
		.delay_last_ns = f->delay_last_ns,
		.delay_min_ns = f->delay_min_ns,
		.round_trip_ns = feedback->last_trip_ns,
		.sent_packets = s->next_channel,
		.waited_ns = f->waited_ns,
		.clock_ns = f->clock_ns,
	};

	if (f->arrival_ns == 0)
		return;
	if (s->bucket)
		bucket_add(s->bucket, &sample);
	if (!s->order.search) {
		receiver_limit_report(&s->receiver_limit, &sample, now_ns);
		return;
	}
	capacity_report(&s->capacity, &sample, now_ns);
	if (s->order.until_ppm && !s->ended && capacity_is_certain(&s->capacity, s->order.until_ppm / 1e4))
		s->ended = ENDED_CERTAIN;
}

static void read_report(struct source *s, const struct source_feedback *feedback, uint64_t now_ns)
{
	const struct feedback *f = feedback->feedback;
	struct lease_proof proof = {
		.channel = f->receipt_sequence,
		.receipt = f->receipt,
		.round_trip_ns = feedback->round_trip_ns,
	};

	s->count.heard_packets = f->unique_packets;
	lease_prove(&s->lease, &proof, now_ns);
	s->allowed_bps = f->allowed_bps;
	steer(s, feedback, now_ns);
	update_rate(s, now_ns);
}

enum wire_reject source_report(struct source *s, const struct source_feedback *f, uint64_t now_ns)
{
	const struct feedback *report = f->feedback;

	if (report->spans.count == 0)
		return REJECT_BODY;
	if (f->sequence < s->next_report || repair_shown(&report->spans) > s->next_data ||
		(report->has_report && report->next_channel > s->next_channel))
		return REJECT_SEQUENCE;
	s->next_report = f->sequence + 1;
	s->count.reports++;
	if (s->order.start_ns == 0)
		start(s, now_ns);
	s->count.lost_packets += repair_report(&s->repair, report, f->round_trip_ns, now_ns);
	if (report->has_report)
		read_report(s, f, now_ns);
	else
		s->count.heard_packets = count_heard(&report->spans);
	return WIRE_OK;
}
