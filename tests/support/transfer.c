#include "tests/support/transfer.h"

struct transfer *transfer_new(const struct transfer_plan *plan)
{
	struct source_plan source = {
		.order =
			{
				.channel = CHANNEL,
				.start_ns = START_NS,
				.duration_ns = plan->duration_ns,
				.rate_bps = plan->rate_bps,
				.datagram_bytes = DATAGRAM,
				.search = plan->search,
				.until_ppm = plan->until_ppm,
			},
		.segments = SEGMENTS,
		.extended = plan->extended,
		.waits = plan->waits,
		.lease_ns = plan->lease_ns,
		.overhead_bytes = OVERHEAD,
	};
	struct sink_plan sink = {
		.order = source.order,
		.extended = plan->extended,
		.report_interval_ns = plan->interval_ns,
		.now_ns = START_NS,
	};
	struct transfer *t = calloc(1, sizeof(*t));

	assert_non_null(t);
	t->plan = *plan;
	t->now_ns = START_NS;
	t->random = plan->seed;
	t->up = link_new(&plan->up, plan->seed * 2 + 1);
	t->down = link_new(&plan->down, plan->seed * 2 + 2);
	assert_int_equal(source_open(&t->source, &source), 0);
	assert_int_equal(sink_open(&t->sink, &sink), 0);
	return t;
}

void transfer_free(struct transfer *t)
{
	source_close(&t->source);
	sink_close(&t->sink);
	link_free(t->up);
	link_free(t->down);
	free(t);
}

static void deliver_data(struct transfer *t)
{
	const struct link_datagram *d;
	struct wire_header h;

	while ((d = link_receive(t->up, t->now_ns))) {
		struct sink_packet packet = {
			.header = &h, .bytes = d->bytes, .size = d->size, .received_ns = t->now_ns};

		assert_int_equal(wire_decode(d->bytes, d->size, &h), WIRE_OK);
		assert_int_equal(sink_data(&t->sink, &packet), WIRE_OK);
		assert_true(wire_data_sequence(&h) < PIECES);
		t->arrived[wire_data_sequence(&h)] = 1;
	}
}

static void deliver_reports(struct transfer *t)
{
	uint64_t round_trip_ns = t->plan.up.delay_ns + t->plan.up.jitter_ns + t->plan.down.delay_ns +
				 t->plan.down.jitter_ns + 10 * MS;
	const struct link_datagram *d;

	while ((d = link_receive(t->down, t->now_ns))) {
		struct wire_header h;
		struct feedback report;
		struct source_feedback f = {
			.feedback = &report,
			.round_trip_ns = round_trip_ns,
			.last_trip_ns = t->plan.up.delay_ns + t->plan.down.delay_ns,
		};

		assert_int_equal(wire_decode(d->bytes, d->size, &h), WIRE_OK);
		assert_int_equal(feedback_decode(d->bytes + WIRE_HEADER_BYTES, d->size - WIRE_HEADER_BYTES,
					 t->plan.extended, &report),
			WIRE_OK);
		f.sequence = h.sequence;
		t->reports_refused += source_report(&t->source, &f, t->now_ns) != WIRE_OK;
	}
}

/* Through the bottleneck's queue, where there is one, and on to the link. */
static void send_up(struct transfer *t, const uint8_t *datagram)
{
	uint64_t leaves_ns = t->now_ns;

	if (t->plan.bottleneck_bps) {
		if (t->queue_ends_ns < t->now_ns)
			t->queue_ends_ns = t->now_ns;
		if (t->queue_ends_ns - t->now_ns > 50 * MS) {
			t->up->sent++;
			t->up->dropped++;
			return;
		}
		t->queue_ends_ns += DATAGRAM * UINT64_C(8) * NS_PER_S / t->plan.bottleneck_bps;
		leaves_ns = t->queue_ends_ns;
	}
	link_send(t->up, datagram, DATAGRAM, leaves_ns);
}

static void send_data(struct transfer *t)
{
	unsigned staged;

	while ((staged = source_fill(&t->source, t->now_ns)) > 0) {
		/* Now and then the kernel takes fewer than it was offered. */
		unsigned taken = staged - (unsigned)(random_next(&t->random) % 8 == 0 && staged > 1);

		for (unsigned i = 0; i < taken; i++)
			send_up(t, t->source.buffer + (size_t)i * DATAGRAM);
		source_sent(&t->source, taken, t->now_ns);
	}
}

static uint64_t sink_step_ns(const struct transfer *t)
{
	return t->sink.report_due_ns + t->sink_late_ns;
}

static void send_report(struct transfer *t)
{
	uint8_t bytes[WIRE_HEADER_BYTES + WIRE_MAX_BYTES];
	struct wire_header h = {.type = WIRE_FLOW_CONTROL, .channel = CHANNEL};
	uint8_t *body = bytes + WIRE_HEADER_BYTES;
	struct feedback *f = &t->last_report;
	const struct span *last;
	size_t size;

	if (t->now_ns < sink_step_ns(t))
		return;
	if (sink_report(&t->sink, t->now_ns, f)) {
		h.sequence = t->report_sequence++;
		wire_encode(bytes, &h);
		size = WIRE_HEADER_BYTES + feedback_encode(body, f);
		assert_in_range(size, WIRE_HEADER_BYTES, WIRE_MAX_BYTES);
		link_send(t->down, bytes, size, t->now_ns);
		last = &f->spans.span[f->spans.count - 1];
		t->truncated += last->end != UINT64_MAX;
		if (f->from == 0)
			t->first_hole = f->spans.span[0].begin;
	}
	if (t->plan.late_ns)
		t->sink_late_ns = random_next(&t->random) % t->plan.late_ns;
}

void run_until(struct transfer *t, uint64_t end_ns)
{
	for (;;) {
		uint64_t next_ns = clock_earlier(link_due_ns(t->up), link_due_ns(t->down));

		next_ns = clock_earlier(next_ns, sink_step_ns(t));
		if (!source_finished(&t->source, t->now_ns))
			next_ns = clock_earlier(next_ns, source_due_ns(&t->source));
		if (next_ns > t->now_ns)
			t->now_ns = next_ns;
		if (t->now_ns >= end_ns) {
			t->now_ns = end_ns;
			return;
		}
		deliver_data(t);
		deliver_reports(t);
		send_data(t);
		send_report(t);
	}
}

uint64_t end_ns(const struct transfer *t)
{
	uint64_t start_ns = t->source.order.start_ns;

	return (start_ns ? start_ns : START_NS) + t->plan.duration_ns;
}

void run_out(struct transfer *t)
{
	run_until(t, end_ns(t) + t->plan.up.delay_ns + t->plan.up.jitter_ns + 1);
	assert_int_equal(t->up->count, 0);
}

void check_counts(const struct transfer *t)
{
	const struct source_counters *sent = &t->source.count;
	struct sink_counters got;
	uint64_t pieces = 0;

	sink_counters(&t->sink, &got);
	for (uint64_t i = 0; i < t->source.next_data; i++)
		pieces += t->arrived[i];
	assert_int_equal(sent->packets, t->up->sent);
	assert_int_equal(sent->bytes, sent->packets * DATAGRAM);
	assert_int_equal(sent->packets, t->source.next_data + sent->retransmitted_packets);
	assert_int_equal(got.packets, got.unique_packets + got.duplicates);
	assert_int_equal(got.bytes, got.packets * DATAGRAM);
	assert_int_equal(got.unique_packets, pieces);
	assert_int_equal(got.unique_packets + got.holes, t->sink.next_data);
	assert_int_equal(got.packets + got.missing_packets, t->sink.next_channel);
	assert_int_equal(got.network_duplicates, t->up->doubled);
	assert_int_equal(sent->packets, got.unique_packets + got.duplicates + t->up->dropped);
	assert_true(t->sink.next_data <= t->source.next_data);
	assert_in_range(sent->packets * DATAGRAM * 8, 0,
		t->plan.rate_bps * (t->plan.duration_ns / MS) / 1000 + t->plan.rate_bps / 1000 +
			UINT64_C(2) * DATAGRAM * 8);
	for (uint64_t i = 0; i < t->first_hole; i++)
		assert_true(t->arrived[i]);
}
