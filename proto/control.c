#include "proto/control.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>

#include "proto/clock.h"

static uint64_t seconds(uint64_t s)
{
	return s * NS_PER_S;
}

void control_init(struct control *c, bool is_client, uint64_t repeat_ns, uint32_t key)
{
	*c = (struct control){.is_client = is_client, .repeat_ns = repeat_ns, .key = key};
}

static bool is_over(const struct control_test *t)
{
	return t->record.phase >= TEST_COMPLETE || t->record.phase == TEST_NONE;
}

static struct control_test *find(struct control *c, uint32_t channel)
{
	for (unsigned i = 0; i < CONTROL_TESTS; i++)
		if (c->test[i].record.phase != TEST_NONE && c->test[i].record.channel == channel)
			return &c->test[i];
	return NULL;
}

static bool is_running(const struct control *c, enum test_direction direction)
{
	for (unsigned i = 0; i < CONTROL_TESTS; i++) {
		const struct test_record *r = &c->test[i].record;

		if (r->direction == direction && (r->phase == TEST_ASKING || r->phase == TEST_RUNNING))
			return true;
	}
	return false;
}

/* A slot for a new test: the oldest one's. NULL while that one isn't over. */
static struct control_test *begin(struct control *c, const struct test_order *order, enum test_phase phase)
{
	struct control_test *t = &c->test[c->tests_begun % CONTROL_TESTS];

	if (!is_over(t))
		return NULL;
	*t = (struct control_test){
		.record = {
			.id = ++c->tests_begun,
			.direction = order->direction,
			.phase = phase,
			.channel = order->channel,
			.datagram_bytes = order->datagram_bytes,
			.rate_bps = order->rate_bps,
			.start_ns = order->start_ns,
			.duration_ns = order->duration_ns,
		},
	};
	return t;
}

/* 1..2^24-1, not the heartbeats' and not used before in this session. */
static uint32_t new_channel(struct control *c)
{
	uint32_t channel;

	do
		channel = 1 + randombytes_uniform(WIRE_CHANNEL_MAX);
	while (channel == c->key || find(c, channel));
	return channel;
}

int control_start(struct control *c, const struct test_order *order, uint64_t now_ns)
{
	struct test_order own = *order;
	struct control_test *t;

	own.channel = new_channel(c);
	own.start_ns = now_ns;
	t = is_running(c, order->direction) ? NULL : begin(c, &own, TEST_ASKING);
	if (!t)
		return -EBUSY;
	t->send_ns = now_ns;
	t->give_up_ns = now_ns + seconds(CONTROL_ASK_S);
	return 0;
}

void control_stop(struct control *c, uint64_t now_ns)
{
	for (unsigned i = 0; i < CONTROL_TESTS; i++) {
		struct control_test *t = &c->test[i];

		if (t->record.phase == TEST_ASKING) {
			t->record.phase = TEST_FAILED;
			t->record.duration_ns = now_ns - t->record.start_ns;
		} else if (t->record.phase == TEST_RUNNING) {
			t->owes_stop = true;
		}
	}
}

static void server_command(
	struct control *c, const struct message_command *m, struct control_test *t, uint64_t now_ns)
{
	struct test_order order = {
		.direction = TEST_UP,
		.channel = m->channel,
		.start_ns = now_ns,
		.duration_ns = seconds(m->duration_s),
	};

	if (!t) {
		/* While a test runs or the slots are full the client is not answered, and asks again. */
		t = is_running(c, TEST_UP) ? NULL : begin(c, &order, TEST_RUNNING);
		if (!t)
			return;
		message_new_uid(t->record.uid);
		t->owes_begin = true;
	}
	t->owes_ack = true;
}

static void client_acknowledged(
	const struct message_command *m, struct control_test *t, uint64_t now_ns)
{
	if (t->record.phase != TEST_ASKING)
		return; /* a repeated answer */
	t->record.phase = TEST_RUNNING;
	t->record.start_ns = now_ns;
	memcpy(t->record.uid, m->uid, sizeof t->record.uid);
	t->owes_begin = true;
}

enum wire_reject control_command(
	struct control *c, uint32_t channel, const uint8_t *body, size_t size, uint64_t now_ns)
{
	struct message_command m;
	enum wire_reject reason = message_parse_command(body, size, &m);
	struct control_test *t;

	if (reason)
		return reason;
	if (m.channel != channel || channel == c->key)
		return REJECT_CHANNEL;
	if (m.is_ack != c->is_client)
		return REJECT_TYPE;
	t = find(c, channel);
	if (c->is_client && !t)
		return REJECT_CHANNEL;
	if (c->is_client)
		client_acknowledged(&m, t, now_ns);
	else
		server_command(c, &m, t, now_ns);
	return WIRE_OK;
}

/* What the peer's result says that it received. */
static void take_result(struct test_record *r, const struct message_result *m)
{
	r->received_known = true;
	r->counts_known = m->has_counts;
	r->received = (struct sink_counters){
		.packets = m->has_packet_count ? m->packet_count : m->bytes_received / r->datagram_bytes,
		.bytes = m->bytes_received,
		.unique_packets = m->unique_packets,
		.duplicates = m->duplicates,
		.retransmitted_packets = m->retransmit_count,
		.reordered = m->reordered,
		.socket_drops = m->socket_drops,
	};
}

static void client_result(struct control_test *t, const struct message_result *m, uint64_t now_ns)
{
	t->owes_ack = true;
	t->last_result_ns = now_ns;
	t->result = *m;
	if (t->has_result || is_over(t))
		return; /* repeated; only the acknowledgement is owed */
	t->has_result = true;
	if (t->record.phase == TEST_AWAITING) {
		take_result(&t->record, m);
		t->record.phase = TEST_COMPLETE;
	} else if (t->record.phase == TEST_RUNNING) {
		/* Nobody listens any more; the record is closed when our own counters are there. */
		t->owes_stop = true;
	}
}

enum wire_reject control_result(
	struct control *c, uint32_t channel, const uint8_t *body, size_t size, uint64_t now_ns)
{
	struct message_result m;
	enum wire_reject reason = message_parse_result(body, size, &m);
	struct control_test *t = find(c, channel);

	if (reason)
		return reason;
	if (m.is_ack == c->is_client)
		return REJECT_TYPE;
	if (!t || (c->is_client && t->record.phase == TEST_ASKING))
		return REJECT_CHANNEL;
	if (c->is_client) {
		client_result(t, &m, now_ns);
		return WIRE_OK;
	}
	if (strcmp(m.guid, t->result.guid) != 0) /* empty before there is a result */
		return REJECT_BODY;
	if (t->record.phase == TEST_AWAITING)
		t->record.phase = TEST_COMPLETE;
	return WIRE_OK;
}

static void server_prepare_result(struct control_test *t)
{
	const struct test_record *r = &t->record;
	double seconds_taken = (double)r->duration_ns / NS_PER_S;

	t->result = (struct message_result){
		.channel = r->channel,
		.bytes_received = r->received.bytes,
		.bandwidth_bps = seconds_taken > 0 ? (double)r->received.bytes * 8 / seconds_taken : 0,
		.retransmit_count = r->received.retransmitted_packets,
		.has_packet_count = true,
		.packet_count = r->received.packets,
		.duration_s = seconds_taken,
		.has_counts = true,
		.unique_packets = r->received.unique_packets,
		.duplicates = r->received.duplicates,
		.reordered = r->received.reordered,
		.socket_drops = r->received.socket_drops,
	};
	message_new_uid(t->result.guid);
	memcpy(t->result.uid, r->uid, sizeof t->result.uid);
}

void control_done(struct control *c, const struct mail *mail, uint64_t now_ns)
{
	struct control_test *t = find(c, mail->order.channel);

	if (!t || t->record.phase != TEST_RUNNING)
		return;
	t->record.duration_ns = mail->duration_ns;
	t->record.phase = TEST_AWAITING;
	t->send_ns = now_ns;
	if (mail->kind == MAIL_SINK_DONE) {
		t->record.received = mail->received;
		t->record.received_known = t->record.counts_known = true;
		t->give_up_ns = now_ns + seconds(CONTROL_RESULT_S);
		server_prepare_result(t);
		return;
	}
	t->record.sent = mail->sent;
	t->give_up_ns = now_ns + seconds(CONTROL_AWAIT_S);
	if (t->has_result) {
		take_result(&t->record, &t->result);
		t->record.phase = TEST_COMPLETE;
	}
}

/* No answer came. An upload without a result shows at least what the last report said. */
static void give_up(struct control *c, struct control_test *t)
{
	struct test_record *r = &t->record;

	if (r->phase == TEST_ASKING) {
		r->phase = TEST_FAILED;
		return;
	}
	r->phase = TEST_INCOMPLETE;
	if (c->is_client && r->direction == TEST_UP) {
		r->received_known = r->sent.reports > 0;
		r->received = (struct sink_counters){
			.packets = r->sent.heard_packets,
			.bytes = r->sent.heard_packets * r->datagram_bytes,
			.unique_packets = r->sent.heard_packets,
		};
	}
}

/* Whether this side has something that it repeats until it is acknowledged. */
static bool repeats(const struct control *c, const struct control_test *t)
{
	return t->record.phase == (c->is_client ? TEST_ASKING : TEST_AWAITING);
}

uint64_t control_due(struct control *c, uint64_t now_ns)
{
	uint64_t due_ns = CLOCK_NEVER;

	for (unsigned i = 0; i < CONTROL_TESTS; i++) {
		struct control_test *t = &c->test[i];

		if (is_over(t) || t->record.phase == TEST_RUNNING)
			continue;
		if (now_ns >= t->give_up_ns) {
			give_up(c, t);
			continue;
		}
		if (t->give_up_ns < due_ns)
			due_ns = t->give_up_ns;
		if (repeats(c, t) && t->send_ns < due_ns)
			due_ns = t->send_ns;
	}
	return due_ns;
}

static size_t write_command(struct control_packet *out, const struct control_test *t, bool is_ack)
{
	struct message_command m = {
		.channel = t->record.channel,
		.duration_s = (uint32_t)(t->record.duration_ns / NS_PER_S),
		.is_ack = is_ack,
	};

	memcpy(m.uid, t->record.uid, sizeof m.uid);
	out->header.type = WIRE_CONTROL;
	return message_format_command(out->body, &m);
}

static size_t write_result(struct control_packet *out, const struct control_test *t, bool is_ack)
{
	struct message_result m = t->result;

	m.is_ack = is_ack;
	out->header.type = WIRE_TEST_RESULT;
	return message_format_result(out->body, &m);
}

static bool test_packet(struct control *c, struct control_test *t, uint64_t now_ns, struct control_packet *out)
{
	bool is_result;

	if (t->record.phase == TEST_NONE)
		return false;
	out->is_ack = t->owes_ack;
	if (!t->owes_ack && !(repeats(c, t) && now_ns >= t->send_ns))
		return false;
	/* The client acknowledges results and repeats commands; the server the other way round. */
	is_result = c->is_client == t->owes_ack;
	if (!t->owes_ack)
		t->send_ns = now_ns + c->repeat_ns;
	t->owes_ack = false;
	out->size = is_result ? write_result(out, t, out->is_ack) : write_command(out, t, out->is_ack);
	out->header.channel = t->record.channel;
	out->header.sequence = t->sequence++;
	return true;
}

bool control_packet(struct control *c, uint64_t now_ns, struct control_packet *out)
{
	*out = (struct control_packet){0};
	for (unsigned i = 0; i < CONTROL_TESTS; i++)
		if (test_packet(c, &c->test[i], now_ns, out))
			return true;
	return false;
}

bool control_mail(struct control *c, struct mail *out)
{
	for (unsigned i = 0; i < CONTROL_TESTS; i++) {
		struct control_test *t = &c->test[i];

		if (!t->owes_begin && !t->owes_stop)
			continue;
		/* It hears of the beginning first, even when the end is known already. */
		*out = (struct mail){
			.kind = !t->owes_begin ? MAIL_STOP_SOURCE
				: c->is_client ? MAIL_START_SOURCE
					       : MAIL_OPEN_SINK,
			.order = {
				.direction = t->record.direction,
				.channel = t->record.channel,
				.start_ns = t->record.start_ns,
				.duration_ns = t->record.duration_ns,
				.rate_bps = t->record.rate_bps,
				.datagram_bytes = t->record.datagram_bytes,
			},
		};
		t->owes_stop = t->owes_stop && t->owes_begin;
		t->owes_begin = false;
		return true;
	}
	return false;
}

unsigned control_records(const struct control *c, struct test_record out[CONTROL_TESTS])
{
	unsigned n = c->tests_begun < CONTROL_TESTS ? c->tests_begun : CONTROL_TESTS;

	for (unsigned i = 0; i < n; i++)
		out[i] = c->test[(c->tests_begun - n + i) % CONTROL_TESTS].record;
	return n;
}
