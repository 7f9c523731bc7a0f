#include "tests/support/control_side.h"

const struct test_order order = {
	.direction = TEST_UP,
	.duration_ns = 2 * UINT64_C(1000000000),
	.rate_bps = 1000000,
	.datagram_bytes = DATAGRAM,
};

enum wire_reject command(struct control *c, uint32_t channel, const char *body, uint64_t now_ns)
{
	struct wire_header h = {.type = WIRE_CONTROL, .channel = channel};

	return control_input(c, &h, (const uint8_t *)body, strlen(body), now_ns);
}

enum wire_reject result(struct control *c, uint32_t channel, const char *body, uint64_t now_ns)
{
	struct wire_header h = {.type = WIRE_TEST_RESULT, .channel = channel};

	return control_input(c, &h, (const uint8_t *)body, strlen(body), now_ns);
}

enum wire_reject ask(struct control *c, uint32_t channel, uint64_t now_ns)
{
	char body[TEXT];

	snprintf(body, sizeof(body), "{\"cmd\":\"BWUP\",\"channel\":%u,\"duration\":2}", channel);
	return command(c, channel, body, now_ns);
}

enum wire_reject acknowledge(struct control *c, uint64_t now_ns)
{
	char body[TEXT];
	uint32_t channel = c->test[0].record.channel;

	snprintf(body, sizeof(body),
		"{\"cmd\":\"BWUP\",\"ack\":0,\"channel\":%u,\"duration\":2,\"uid\":\"" UID "\"}", channel);
	return command(c, channel, body, now_ns);
}

enum wire_reject give_result(
	struct control *c, const char *guid, uint64_t bytes, const char *more, uint64_t now_ns)
{
	char body[TEXT];
	uint32_t channel = c->test[0].record.channel;

	snprintf(body, sizeof(body),
		"{\"cmd\":\"TEST_RESULT\",\"ack\":1,\"guid\":\"%s\",\"uid\":\"" UID
		"\",\"channel\":%u,\"bytes_received\":%ju,\"bandwidth_bps\":1.5,\"retransmit_"
		"count\":7,"
		"\"duration\":2.0%s}",
		guid, channel, (uintmax_t)bytes, more);
	return result(c, channel, body, now_ns);
}

enum wire_reject acknowledge_result(struct control *c, const char *guid, uint64_t now_ns)
{
	char body[TEXT];

	snprintf(body, sizeof(body), "{\"cmd\":\"TEST_RESULT\",\"ack\":0,\"guid\":\"%s\"}", guid);
	return result(c, CHANNEL, body, now_ns);
}

void work_done(struct control *c, enum mail_kind kind, uint64_t now_ns)
{
	struct mail mail = {
		.kind = kind,
		.order = {.channel = c->test[0].record.channel},
	};

	if (kind == MAIL_SOURCE_DONE) {
		mail.sent.duration_ns = order.duration_ns;
		mail.sent.count = (struct source_counters){
			.packets = 50, .bytes = 50 * DATAGRAM, .reports = 4, .heard_packets = 40};
	} else {
		mail.received.known = RECEIVED_COUNTERS;
		mail.received.count = (struct sink_counters){.packets = 45, .bytes = 45 * DATAGRAM};
	}
	control_take_mail(c, &mail, now_ns);
}

unsigned packets(struct control *c, uint64_t now_ns, struct control_packet *last)
{
	struct control_packet packet;
	unsigned n = 0;

	*last = (struct control_packet){0};
	for (; control_packet(c, now_ns, &packet); n++)
		*last = packet;
	return n;
}

bool is_ack(const struct control_packet *packet)
{
	size_t size = strlen(packet->name);

	return size >= 4 && strcmp(packet->name + size - 4, " ack") == 0;
}

unsigned grant(struct control *c, uint64_t now_ns)
{
	unsigned asked = 0;
	struct mail mail;

	while (control_gate_mail(c, &mail)) {
		if (mail.kind == MAIL_TEST_OVER)
			continue;
		assert_int_equal(mail.kind, MAIL_ASK_GRANT);
		mail.kind = MAIL_GRANT;
		control_take_mail(c, &mail, now_ns);
		asked++;
	}
	return asked;
}

void assert_mail(struct control *c, enum mail_kind kind)
{
	struct mail mail;

	assert_true(control_mail(c, &mail));
	assert_int_equal(mail.kind, kind);
	assert_int_equal(mail.order.channel, c->test[0].record.channel);
	assert_int_equal(mail.order.duration_ns, order.duration_ns);
	assert_false(control_mail(c, &mail));
}

void assert_no_mail(struct control *c)
{
	struct mail mail;

	assert_false(control_mail(c, &mail));
	assert_int_equal(grant(c, START_NS), 0);
}

void open_client(struct control *c, enum point point)
{
	struct control_packet packet;

	control_init(c, true, false, REPEAT_NS, KEY);
	assert_int_equal(control_start(c, &order, START_NS), 0);
	assert_int_equal(packets(c, START_NS, &packet), 1);
	if (point >= RUNNING) {
		assert_int_equal(acknowledge(c, START_NS), WIRE_OK);
		assert_mail(c, MAIL_START_SOURCE);
	}
	if (point >= AWAITING)
		work_done(c, MAIL_SOURCE_DONE, START_NS + 2 * SECOND);
	if (point >= COMPLETE)
		assert_int_equal(give_result(c, GUID, 45000, "", START_NS + 2 * SECOND), WIRE_OK);
	packets(c, point >= AWAITING ? START_NS + 2 * SECOND : START_NS, &packet);
}

void open_server(struct control *c, enum point point, char guid[TEST_UID_BYTES])
{
	struct control_packet packet;

	control_init(c, false, false, REPEAT_NS, KEY);
	*guid = '\0';
	if (point >= RUNNING) {
		assert_int_equal(ask(c, CHANNEL, START_NS), WIRE_OK);
		assert_int_equal(grant(c, START_NS), 1);
		assert_mail(c, MAIL_OPEN_SINK);
	}
	if (point >= AWAITING) {
		work_done(c, MAIL_SINK_DONE, START_NS + 2 * SECOND);
		memcpy(guid, c->test[0].guid, TEST_UID_BYTES);
	}
	if (point >= COMPLETE)
		assert_int_equal(acknowledge_result(c, guid, START_NS + 2 * SECOND), WIRE_OK);
	packets(c, START_NS + 2 * SECOND, &packet);
}

enum test_phase phase(const struct control *c)
{
	return c->test[0].record.phase;
}
