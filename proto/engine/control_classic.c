/* The conversation with a classic peer: only uploads; the server repeats its result. */
#include <string.h>

#include "proto/engine/control_private.h"

uint64_t control_repeat_ns(bool is_client, bool extended, uint64_t wanted_ns)
{
	bool may_be_sooner = !is_client || extended || wanted_ns > clock_ms(CONTROL_CLASSIC_MS);

	return may_be_sooner ? wanted_ns : clock_ms(CONTROL_CLASSIC_MS);
}

static void server_command(struct control *c, const struct classic_command *m, uint64_t now_ns)
{
	struct control_test *t = control_find(c, m->channel);
	struct test_order order = {
		.direction = TEST_UP,
		.channel = m->channel,
		.start_ns = now_ns,
		.duration_ns = clock_s(m->duration_s),
		.datagram_bytes = WIRE_MAX_BYTES, /* not said; the sink counts what arrives */
	};

	if (t && t->record.phase != TEST_FAILED) {
		t->owes_answer = t->record.phase != TEST_ASKING;
		t->answers_result = false;
		return;
	}
	/* While a test runs or the slots are full the client is not answered, and asks again. */
	if (!t && !control_is_busy(c, TEST_UP))
		t = control_begin(c, &order, TEST_ASKING);
	if (!t)
		return;
	t->record.phase = TEST_ASKING;
	t->give_up_ns = now_ns + clock_s(CONTROL_ASK_S);
	control_owe_mail(t, MAIL_ASK_GRANT);
}

static void client_acknowledged(struct control_test *t, const struct classic_command *m, uint64_t now_ns)
{
	if (t->record.phase != TEST_ASKING)
		return; /* a repeated answer */
	t->record.phase = TEST_RUNNING;
	t->record.start_ns = now_ns;
	memcpy(t->record.uid, m->uid, sizeof t->record.uid);
	control_owe_mail(t, MAIL_START_SOURCE);
}

static enum wire_reject input_command(
	struct control *c, uint32_t channel, const uint8_t *body, size_t size, uint64_t now_ns)
{
	struct classic_command m;
	enum wire_reject reason = classic_decode_command(body, size, &m);
	struct control_test *t = control_find(c, channel);

	if (reason)
		return reason;
	if (m.is_ack != c->is_client)
		return REJECT_TYPE;
	if (m.channel != channel || (c->is_client && !t))
		return REJECT_CHANNEL;
	if (c->is_client)
		client_acknowledged(t, &m, now_ns);
	else
		server_command(c, &m, now_ns);
	return WIRE_OK;
}

/* What the peer's result says that it received. */
static void take_counters(struct test_record *r, const struct classic_result *m)
{
	r->received.known = m->has_counts ? RECEIVED_COUNTERS : RECEIVED_TOTALS;
	r->received.count = (struct sink_counters){
		.packets = m->has_packet_count ? m->packet_count : m->bytes_received / r->datagram_bytes,
		.bytes = m->bytes_received,
		.unique_packets = m->unique_packets,
		.duplicates = m->duplicates,
		.retransmitted_packets = m->retransmit_count,
		.reordered = m->reordered,
		.host_drops = m->socket_drops,
	};
}

static enum wire_reject client_result(
	struct control *c, struct control_test *t, const struct classic_result *m, uint64_t now_ns)
{
	if (t->record.phase == TEST_ASKING)
		return REJECT_CHANNEL;
	t->owes_answer = true;
	t->answers_result = true;
	t->record.result_ns = now_ns;
	memcpy(t->guid, m->guid, sizeof t->guid);
	if (t->theirs_known || t->record.phase >= TEST_COMPLETE)
		return WIRE_OK; /* repeated; only the acknowledgement is owed */
	t->theirs_known = true;
	take_counters(&t->record, m);
	if (t->record.phase == TEST_AWAITING)
		control_end(c, t, TEST_COMPLETE);
	else /* nobody listens any more; the record is closed when our own counters are there */
		control_owe_mail(t, MAIL_STOP_SOURCE);
	return WIRE_OK;
}

static enum wire_reject input_result(
	struct control *c, uint32_t channel, const uint8_t *body, size_t size, uint64_t now_ns)
{
	struct classic_result m;
	enum wire_reject reason = classic_decode_result(body, size, &m);
	struct control_test *t = control_find(c, channel);

	if (reason)
		return reason;
	if (m.is_ack == c->is_client)
		return REJECT_TYPE;
	if (!t)
		return REJECT_CHANNEL;
	if (c->is_client)
		return client_result(c, t, &m, now_ns);
	if (strcmp(m.guid, t->guid) != 0) /* empty before there is a result */
		return REJECT_BODY;
	if (t->record.phase == TEST_AWAITING)
		control_end(c, t, TEST_COMPLETE);
	return WIRE_OK;
}

enum wire_reject control_classic_input(
	struct control *c, const struct wire_header *h, const uint8_t *body, size_t size, uint64_t now_ns)
{
	if (h->type == WIRE_TEST_RESULT)
		return input_result(c, h->channel, body, size, now_ns);
	return input_command(c, h->channel, body, size, now_ns);
}

void control_classic_worker_done(struct control *c, struct control_test *t, uint64_t now_ns)
{
	if (!c->is_client) {
		classic_new_uid(t->guid);
		t->give_up_ns = now_ns + clock_s(CONTROL_RESULT_S);
	} else if (t->theirs_known) {
		control_end(c, t, TEST_COMPLETE);
	} else if (t->stopped) {
		control_give_up(c, t); /* the result would only come when the whole time is up */
	} else {
		/* Its result comes when the whole time is up, however early the source was done. */
		uint64_t end_ns = t->record.start_ns + t->record.granted_duration_ns;

		t->give_up_ns = (now_ns > end_ns ? now_ns : end_ns) + clock_s(CONTROL_AWAIT_S);
	}
}

static void write_command(struct control *c, const struct control_test *t, struct control_packet *out)
{
	struct classic_command m = {
		.channel = t->record.channel,
		.duration_s = (uint32_t)(t->record.granted_duration_ns / NS_PER_S),
		.is_ack = !c->is_client,
	};

	memcpy(m.uid, t->record.uid, sizeof m.uid);
	out->header.type = WIRE_CONTROL;
	out->name = m.is_ack ? "BWUP ack" : "BWUP";
	out->size = classic_encode_command(out->body, &m);
}

static void write_result(struct control *c, const struct control_test *t, struct control_packet *out)
{
	const struct sink_counters *n = &t->record.received.count;
	double seconds_taken = (double)t->record.sent.duration_ns / NS_PER_S;
	struct classic_result m = {
		.is_ack = c->is_client,
		.channel = t->record.channel,
		.bytes_received = n->bytes,
		.bandwidth_bps = clock_bps(n->bytes, (double)t->record.sent.duration_ns),
		.retransmit_count = n->retransmitted_packets,
		.has_packet_count = true,
		.packet_count = n->packets,
		.duration_s = seconds_taken,
		.has_counts = true,
		.unique_packets = n->unique_packets,
		.duplicates = n->duplicates,
		.reordered = n->reordered,
		.socket_drops = n->host_drops,
	};

	memcpy(m.guid, t->guid, sizeof m.guid);
	memcpy(m.uid, t->record.uid, sizeof m.uid);
	out->header.type = WIRE_TEST_RESULT;
	out->name = m.is_ack ? "TEST_RESULT ack" : "UCM";
	out->size = classic_encode_result(out->body, &m);
}

void control_classic_write(struct control *c, struct control_test *t, struct control_packet *out)
{
	bool is_result = t->owes_answer ? t->answers_result : !c->is_client;

	if (is_result)
		write_result(c, t, out);
	else
		write_command(c, t, out);
}
