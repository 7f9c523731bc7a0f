#include "proto/engine/sink.h"

#include "proto/engine/sink_private.h"
#include "proto/sys/clock.h"
#include "proto/wire/seal.h"

static uint64_t latest(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

static uint64_t earliest(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

int sink_open(struct sink *k, const struct sink_plan *plan)
{
	int error;

	*k = (struct sink){
		.active = true,
		.extended = plan->extended,
		.may_starve = plan->may_starve,
		.order = plan->order,
		.report_interval_ns = plan->report_interval_ns,
		/* The first report tells an extended source that the sink is open and it may begin. */
		.report_due_ns = plan->extended ? plan->now_ns : plan->now_ns + plan->report_interval_ns,
		.last_data_ns = plan->now_ns,
		.reported_ns = plan->now_ns,
		.allowed_bps = plan->allowed_bps,
		.report_early_ns = CLOCK_NEVER,
		.delay_min_ns = INT64_MAX,
		.waited_min_ns = UINT64_MAX,
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

/* Follows one numbering. True when `number` had not arrived before. */
static bool arrive(struct span_set *missing, uint64_t *next, uint64_t number)
{
	if (number == *next) { /* by far the most common */
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

void sink_read_stamp(struct sink *k, const struct sink_packet *packet)
{
	struct wire_stamp stamp;

	wire_decode_stamp(packet->bytes + WIRE_HEADER_BYTES, &stamp);
	k->arrival_ns = packet->received_ns;
	if (packet->waited_ns < k->waited_min_ns)
		k->waited_min_ns = packet->waited_ns;
	k->delay_last_ns = (int64_t)(packet->received_ns - stamp.sent_ns);
	if (k->delay_last_ns < k->delay_min_ns)
		k->delay_min_ns = k->delay_last_ns;
	k->receipt_sequence = packet->header->sequence;
	k->receipt = stamp.receipt;
}

void sink_dropped(struct sink *k, uint64_t drops, unsigned weight)
{
	k->late_drops += drops;
	if (weight > k->drop_weight)
		k->drop_weight = weight;
}

/* The kernel says with each message how many it had no room for before it. So what is missing just before
 * this one was lost here, up to the number of drops; a drop may stand for several joined datagrams. */
static void blame_drops(struct sink *k, uint64_t missing)
{
	uint64_t most = k->late_drops * (k->drop_weight ? k->drop_weight : 1);

	if (k->late_drops == 0)
		return;
	k->count.host_drops += missing < most ? missing : most;
	k->late_drops = 0;
}

static void count_data(struct sink *k, const struct sink_packet *packet, uint64_t data, bool in_order)
{
	k->count.reordered += !in_order;
	k->count.retransmitted_packets += in_order && data < k->next_data;
	k->count.packets++;
	k->count.bytes += packet->size;
	k->recent_bytes += packet->size;
	if (arrive(&k->missing, &k->next_data, data))
		k->count.unique_packets++;
	else
		k->count.duplicates++;
}

/* A packet that is not the next one: it opens a hole, or fills one. */
static void note_pattern(struct sink *k, const struct sink_packet *packet)
{
	struct loss_arrival a = {
		.number = packet->header->sequence,
		.next = k->next_channel,
		.packets = k->count.packets,
		.last_ns = k->count.packets ? k->last_data_ns : packet->received_ns,
		.now_ns = packet->received_ns,
	};

	if (a.number > a.next)
		loss_pattern_hole(&k->track, &a);
	else if (span_contains(&k->missing_channel, a.number))
		loss_pattern_late(&k->track, &a);
}

void sink_pattern(struct sink *k, struct loss_pattern *out)
{
	while (!loss_pattern_read(&k->track, &k->missing_channel, k->next_channel, SINK_READ_RUNS))
		;
	loss_pattern_result(&k->track, out);
}

/* A source that knows nothing yet wants to hear of each packet, but two reports in a row would show one that
 * is overtaken as lost. */
static void hasten_report(struct sink *k, uint64_t arrival_ns)
{
	uint64_t early_ns = k->count.packets <= SINK_FIRST ? k->reported_ns + clock_ms(SINK_REPORT_MS)
							   : k->report_early_ns;

	if (k->count.packets <= SINK_FIRST || arrival_ns >= early_ns)
		k->report_due_ns = earliest(k->report_due_ns, latest(arrival_ns, early_ns));
}

enum wire_reject sink_data(struct sink *k, const struct sink_packet *packet)
{
	const struct wire_header *h = packet->header;
	uint64_t data = wire_data_sequence(h);
	bool in_order = h->sequence >= k->next_channel;

	if (h->channel != k->order.channel)
		return REJECT_CHANNEL;
	if (data >= SPAN_MAX || h->sequence >= SPAN_MAX)
		return REJECT_SEQUENCE;
	if (k->extended && packet->size < WIRE_HEADER_BYTES + WIRE_STAMP_BYTES)
		return REJECT_SHORT;
	if (k->late_drops > 0)
		blame_drops(k, in_order ? h->sequence - k->next_channel : 0);
	if (k->extended && k->count.packets == 0)
		k->order.start_ns = packet->received_ns;
	if (k->count.packets == 0)
		k->track.start_ns = packet->received_ns;
	if (h->sequence != k->next_channel)
		note_pattern(k, packet);
	k->last_data_ns = packet->received_ns;
	if (!arrive(&k->missing_channel, &k->next_channel, h->sequence)) {
		k->count.network_duplicates++;
		return WIRE_OK;
	}
	if (k->extended && in_order)
		sink_read_stamp(k, packet);
	count_data(k, packet, data, in_order);
	if (k->extended && in_order)
		hasten_report(k, packet->received_ns);
	return WIRE_OK;
}

void sink_source_done(struct sink *k, uint64_t transmissions)
{
	k->source_done = true;
	k->expected = transmissions;
}

/* When the sink may close: once it is quiet after the test's time or the source's end, or else at the latest
 * limit. Quiet doesn't count before the first packet: the source may have been told late to begin. */
static uint64_t close_ns(const struct sink *k)
{
	uint64_t end_ns = k->order.start_ns + k->order.duration_ns;
	uint64_t quiet_ns = k->last_data_ns + clock_ms(SINK_QUIET_MS);
	uint64_t close = end_ns + clock_ms(k->extended ? SINK_SILENCE_MS : SINK_LINGER_MS);

	if (k->source_done)
		return k->next_channel >= k->expected && k->missing_channel.members == 0 ? 0 : quiet_ns;
	if (k->may_starve)
		close = earliest(close,
			k->last_data_ns +
				clock_ms((k->order.until_ppm || k->order.budget_bytes) && k->count.packets
						 ? SINK_CERTAIN_MS
						 : SINK_STARVED_MS));
	if (k->count.packets > 0)
		close = earliest(close, latest(quiet_ns, end_ns + clock_ms(SINK_QUIET_MS)));
	return close;
}

uint64_t sink_due_ns(const struct sink *k)
{
	return k->active ? earliest(k->report_due_ns, close_ns(k)) : CLOCK_NEVER;
}

bool sink_finished(const struct sink *k, uint64_t now_ns)
{
	return k->active && now_ns >= close_ns(k);
}

static size_t report_bytes(unsigned spans)
{
	return WIRE_HEADER_BYTES + 4 + 16 * (size_t)spans + FEEDBACK_REPORT_BYTES + SEAL_TAG_BYTES;
}

/* At this rate so many parts, each as long as a report, take so long. */
static uint64_t cost_ns(size_t bytes, unsigned part, double rate_bps)
{
	double ns = 8.0 * (double)bytes * part * NS_PER_S / rate_bps;

	return ns < (double)CLOCK_NEVER / 2 ? (uint64_t)ns : CLOCK_NEVER / 2;
}

/* What was lost of late; what is lost now counts at once. */
static void follow_loss(struct sink *k, uint64_t now_ns)
{
	uint64_t missing = k->missing_channel.members + k->missing_channel.forgotten;
	uint64_t lost = missing > k->lossy_missing ? missing - k->lossy_missing : 0;
	bool is_over = now_ns > k->lossy_ns + clock_ms(SINK_LOSSY_WINDOW_MS);
	bool is_lossy = lost * SINK_LOSSY_PART > k->count.packets - k->lossy_packets;

	if (is_lossy || is_over)
		k->is_lossy = is_lossy;
	if (!is_over)
		return;
	k->lossy_ns = now_ns;
	k->lossy_missing = missing;
	k->lossy_packets = k->count.packets;
}

/* The longest time between two reports. It grows where the line is thin, but not with what there is to tell;
 * and a source that stops without proofs must get one in time though half of them are lost, so where much is
 * lost they may cost more. */
static uint64_t longest_interval(const struct sink *k, uint64_t now_ns)
{
	size_t bytes = report_bytes(1);
	double rate_bps = clock_bps(k->count.bytes, (double)(now_ns - k->order.start_ns));
	uint64_t thin_ns;

	if (k->opposite_bps && (double)k->opposite_bps < rate_bps)
		rate_bps = (double)k->opposite_bps;
	if (k->may_starve && k->is_lossy) {
		thin_ns = latest(cost_ns(bytes, SINK_EAGER_PART, rate_bps), clock_ms(SINK_LOSSY_MS));
		return earliest(thin_ns, earliest(k->report_interval_ns, clock_ms(SINK_LOSSY_MOST_MS)));
	}
	thin_ns = earliest(cost_ns(bytes, SINK_THIN_PART, rate_bps), clock_ms(SINK_THIN_MS));
	return latest(k->report_interval_ns, thin_ns);
}

/* How soon the next report may follow: as often as every SINK_REPORT_MS, as long as reports are a small part
 * of what arrives, and of a test the other way. */
static uint64_t shortest_interval(const struct sink *k, size_t bytes, uint64_t now_ns)
{
	bool eager = k->order.search && now_ns < k->order.start_ns + clock_ms(SINK_EAGER_MS);
	double recent_bps = clock_bps(k->recent_bytes, (double)(now_ns - k->reported_ns));
	uint64_t ns = latest(
		clock_ms(SINK_REPORT_MS), cost_ns(bytes, eager ? SINK_EAGER_PART : SINK_PART, recent_bps));

	return k->opposite_bps ? latest(ns, cost_ns(bytes, SINK_OPPOSITE_PART, (double)k->opposite_bps)) : ns;
}

/* While nothing arrives reports are repeated to get things going, ever more seldom. On a thin line packets
 * come one by one, and a report is worth most just after one has; without any it comes, too, later. */
static void plan_extended_report(struct sink *k, size_t bytes, uint64_t now_ns)
{
	uint64_t waited_ns = latest(clock_ms(SINK_REPORT_MS), now_ns - k->last_data_ns), longest_ns, early_ns;

	if (k->count.packets == 0) {
		k->report_due_ns = now_ns + earliest(waited_ns, clock_ms(SINK_AGAIN_MS));
		return;
	}
	follow_loss(k, now_ns);
	longest_ns = longest_interval(k, now_ns);
	early_ns = now_ns + earliest(shortest_interval(k, bytes, now_ns), longest_ns);
	if (longest_ns <= k->report_interval_ns) {
		k->report_early_ns = CLOCK_NEVER;
		k->report_due_ns = early_ns;
		return;
	}
	if (k->recent_bytes > 0)
		k->report_early_ns = early_ns;
	k->report_due_ns = now_ns + 2 * longest_ns;
}

/* The holes, from where the last report stopped if there were too many for one. */
static void write_spans(struct sink *k, struct feedback *f)
{
	unsigned room = k->extended ? FEEDBACK_SPANS_MAX : WIRE_SPANS_MAX;
	uint64_t from = f->from = k->report_from;
	struct wire_spans *spans = &f->spans;

	spans->count = 0;
	while (spans->count < room && span_next(&k->missing, from, &spans->span[spans->count]))
		from = spans->span[spans->count++].end + 1;
	k->report_from = 0;
	/* All that is still to come is missing too, where there is room to say so. No hole touches it: the
	 * number below next_data has arrived. */
	if (spans->count < room)
		spans->span[spans->count++] = (struct span){k->next_data, UINT64_MAX};
	else if (k->extended)
		k->report_from = from;
}

static void write_report(struct sink *k, uint64_t now_ns, struct feedback *f)
{
	const struct sink_counters *n = &k->count;

	f->has_report = true;
	f->clock_ns = now_ns;
	f->packets = n->packets;
	f->bytes = n->bytes;
	f->unique_packets = n->unique_packets;
	f->duplicates = n->duplicates;
	f->network_duplicates = n->network_duplicates;
	f->reordered = n->reordered;
	f->next_channel = k->next_channel;
	f->host_drops = n->host_drops;
	f->delay_min_ns = k->delay_min_ns == INT64_MAX ? 0 : k->delay_min_ns;
	f->delay_last_ns = k->delay_last_ns;
	f->waited_ns = k->waited_min_ns == UINT64_MAX ? 0 : k->waited_min_ns;
	f->receipt_sequence = k->receipt_sequence;
	f->receipt = k->receipt;
	f->allowed_bps = k->allowed_bps;
	f->arrival_ns = k->delay_min_ns == INT64_MAX ? 0 : k->arrival_ns;
	k->delay_min_ns = INT64_MAX;
	k->waited_min_ns = UINT64_MAX;
}

bool sink_report(struct sink *k, uint64_t now_ns, struct feedback *f)
{
	if (!k->active || now_ns < k->report_due_ns)
		return false;
	*f = (struct feedback){0};
	write_spans(k, f);
	if (k->extended)
		write_report(k, now_ns, f);
	if (k->extended)
		plan_extended_report(k, report_bytes(f->spans.count), now_ns);
	else
		k->report_due_ns = now_ns + k->report_interval_ns;
	k->reported_ns = now_ns;
	k->recent_bytes = 0;
	if (k->next_channel > SINK_SETTLED)
		loss_pattern_read(
			&k->track, &k->missing_channel, k->next_channel - SINK_SETTLED, SINK_READ_RUNS);
	k->count.reports++;
	return true;
}

/* What the source had sent after the last packet that arrived was lost here too, if there were drops. */
void sink_counters(const struct sink *k, struct sink_counters *out)
{
	*out = k->count;
	out->holes = k->missing.members;
	out->missing_packets = k->missing_channel.members + k->missing_channel.forgotten;
	if (k->source_done && k->late_drops > 0 && k->expected > k->next_channel) {
		uint64_t most = k->late_drops * (k->drop_weight ? k->drop_weight : 1);

		out->host_drops += earliest(k->expected - k->next_channel, most);
	}
}
