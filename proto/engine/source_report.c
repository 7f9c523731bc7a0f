/* What a report does: it shows what is lost, proves that the load arrives, and sets limits. */
#include "proto/engine/source_private.h"
#include "proto/sys/clock.h"

/* Whether a retransmission has had its time to arrive. */
static bool is_judged(const struct source *s, const struct repair *r, bool extended, uint64_t patience_ns)
{
	if (extended)
		return r->channel < s->heard_channel;
	return r->next_data < s->heard_data || s->report_ns - r->sent_ns >= patience_ns;
}

/* Retransmissions that are judged are no longer under way: still missing, they are lost again. */
static void judge_repairs(struct source *s, bool extended, uint64_t round_trip_ns)
{
	uint64_t patience_ns = round_trip_ns + 2 * s->report_interval_ns;

	while (s->repairs > 0 && is_judged(s, &s->repair[s->first_repair], extended, patience_ns))
		source_forget_repair(s);
}

/* Marks as lost what is missing in `span` and not under way. */
static void lose(struct source *s, struct span span)
{
	uint64_t from = span.begin;
	struct span busy;

	while (from <= span.end) {
		if (!span_next(&s->under_way, from, &busy) || busy.begin > span.end)
			busy = (struct span){span.end + 1, span.end};
		if (busy.begin > from)
			s->count.lost_packets += span_add(&s->lost, (struct span){from, busy.begin - 1});
		from = busy.begin > span.end ? span.end + 1 : busy.end + 1;
	}
}

/* One above the highest data sequence that the spans show as arrived. */
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

static void read_spans(struct source *s, const struct wire_spans *spans, uint64_t from)
{
	uint64_t judged = s->heard_data;

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
}

/* The latest time at which a packet may have left; 0: longer ago than is known. */
static uint64_t left_ns(const struct source *s, uint64_t channel)
{
	uint64_t oldest = s->marks > SOURCE_MARKS ? s->marks - SOURCE_MARKS : 0;

	for (uint64_t i = s->marks; i > oldest; i--) {
		const struct mark *m = &s->mark[(i - 1) % SOURCE_MARKS];

		if (m->channel <= channel)
			return m->sent_ns + clock_ms(SOURCE_MARK_MS);
	}
	return 0;
}

/* The peer has received this packet, not more: so the proof is as old as the packet, but for its
 * way and the report's. */
static void take_proof(struct source *s, const struct source_feedback *f, uint64_t now_ns)
{
	const struct feedback *report = f->feedback;
	uint64_t trip_ns = clock_ms(SOURCE_TRIP_MS), until_ns;

	if (!report->receipt || report->receipt_sequence < s->proven_channel ||
		report->receipt_sequence >= s->next_channel ||
		report->receipt != receipt_number(&s->receipts, report->receipt_sequence))
		return;
	s->proven_channel = report->receipt_sequence + 1;
	if (f->round_trip_ns < trip_ns)
		trip_ns = f->round_trip_ns;
	until_ns = left_ns(s, report->receipt_sequence) + trip_ns;
	if (until_ns > now_ns)
		until_ns = now_ns;
	if (until_ns > s->proven_ns)
		s->proven_ns = until_ns;
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
	if (s->order.until_ppm)
		s->certain = capacity_is_certain(&s->capacity, s->order.until_ppm / 1e4);
}

static void read_report(struct source *s, const struct source_feedback *feedback, uint64_t now_ns)
{
	const struct feedback *f = feedback->feedback;

	s->count.heard_packets = f->unique_packets;
	if (f->next_channel > s->heard_channel)
		s->heard_channel = f->next_channel;
	/* A report full of holes shows the lowest data only. But no piece's first transmission has a
	 * number above its own plus all retransmissions, so what is below this left before. */
	if (s->heard_channel > s->heard_data + s->count.retransmitted_packets)
		s->heard_data = s->heard_channel - s->count.retransmitted_packets;
	if (s->lease_ns)
		take_proof(s, feedback, now_ns);
	s->allowed_bps = f->allowed_bps;
	steer(s, feedback, now_ns);
	source_update_rate(s, now_ns);
}

enum wire_reject source_report(struct source *s, const struct source_feedback *f, uint64_t now_ns)
{
	const struct feedback *report = f->feedback;

	if (report->spans.count == 0)
		return REJECT_BODY;
	if (f->sequence < s->next_report || heard(&report->spans) > s->next_data ||
		(report->has_report && report->next_channel > s->next_channel))
		return REJECT_SEQUENCE;
	s->next_report = f->sequence + 1;
	s->count.reports++;
	if (s->order.start_ns == 0)
		source_start(s, now_ns);
	s->report_interval_ns = now_ns - s->report_ns;
	s->report_ns = now_ns;
	judge_repairs(s, report->has_report, f->round_trip_ns);
	read_spans(s, &report->spans, report->has_report ? report->from : 0);
	if (report->has_report)
		read_report(s, f, now_ns);
	else
		s->count.heard_packets = count_heard(&report->spans);
	return WIRE_OK;
}
