/* The server's side of the extended conversation, one step at a time: what is asked of the listener, and
 * what is answered to questions and counters that come again. */
#include "tests/support/control_side.h"

#include "proto/record/outcome.h"
#include "proto/wire/command.h"
#include "proto/wire/result.h"

static struct mail question(struct control *c)
{
	struct mail mail;

	assert_true(control_gate_mail(c, &mail));
	assert_int_equal(mail.kind, MAIL_ASK_GRANT);
	assert_int_equal(mail.order.channel, CHANNEL);
	return mail;
}

static enum wire_reject ask_for(struct control *c, enum test_direction direction, uint32_t channel)
{
	struct test_command m = {
		.direction = direction,
		.channel = channel,
		.duration_s = 2,
		.rate_bps = 1000000,
		.datagram_bytes = DATAGRAM,
	};
	struct wire_header h = {.type = WIRE_CONTROL, .channel = channel};
	char body[WIRE_BODY_BYTES];
	size_t size = command_encode(body, &m);

	return control_input(c, &h, (const uint8_t *)body, size, START_NS);
}

/* The one packet that the server sends now, as a command's answer. */
static struct test_command answered(struct control *c)
{
	struct control_packet packet;
	struct test_command m;

	assert_int_equal(packets(c, START_NS, &packet), 1);
	assert_int_equal(packet.header.type, WIRE_CONTROL);
	assert_int_equal(command_decode((uint8_t *)packet.body, packet.size, &m), WIRE_OK);
	assert_true(m.is_answer);
	assert_int_equal(m.channel, CHANNEL);
	return m;
}

/* A server whose test runs. */
static void open_running(struct control *c, enum test_direction direction)
{
	struct mail mail;

	control_init(c, false, true, REPEAT_NS, KEY);
	assert_int_equal(ask_for(c, direction, CHANNEL), WIRE_OK);
	assert_int_equal(grant(c, START_NS), 1);
	assert_true(control_mail(c, &mail));
	assert_int_equal(mail.kind, direction == TEST_UP ? MAIL_OPEN_SINK : MAIL_START_SOURCE);
	assert_int_equal(answered(c).refusal, REFUSED_NOT);
}

static enum wire_reject give_counters(struct control *c, uint64_t bytes)
{
	const struct test_record *r = &c->test[0].record;
	struct result_message m = {
		.channel = CHANNEL,
		.has_sent = r->direction == TEST_UP,
		.sent.duration_ns = 2 * SECOND,
		.sent.count = {.packets = 50, .bytes = bytes},
		.received.count = {.packets = 45, .bytes = bytes, .unique_packets = 45},
	};
	struct wire_header h = {.type = WIRE_TEST_RESULT, .channel = CHANNEL};
	char body[WIRE_BODY_BYTES];
	size_t size;

	memcpy(m.uid, r->uid, sizeof(m.uid));
	size = result_encode(body, &m);
	return control_input(c, &h, (const uint8_t *)body, size, START_NS);
}

/* A client that repeats itself gets the listener's answer again, whatever that is by now. */
static void test_refused_then_granted(void **state)
{
	(void)state;
	for (int d = 0; d < 2; d++) {
		struct test_command m;
		struct control c;
		struct mail mail;

		print_message("%s\n", d == TEST_UP ? "up" : "down");
		control_init(&c, false, true, REPEAT_NS, KEY);
		for (unsigned i = 0; i < 3; i++) {
			assert_int_equal(ask_for(&c, (enum test_direction)d, CHANNEL), WIRE_OK);
			mail = question(&c);
			/* While the listener has not answered, neither does CONTROL. */
			assert_int_equal(ask_for(&c, (enum test_direction)d, CHANNEL), WIRE_OK);
			assert_false(control_gate_mail(&c, &mail));
			mail.kind = MAIL_GRANT;
			mail.refusal = REFUSED_BUSY;
			mail.wait_s = 3 + i;
			control_take_mail(&c, &mail, START_NS);
			m = answered(&c);
			assert_int_equal(m.direction, d);
			assert_int_equal(m.refusal, REFUSED_BUSY);
			assert_int_equal(m.wait_s, 3 + i);
			assert_no_mail(&c);
			assert_int_equal(control_due(&c, START_NS + 60 * SECOND), CLOCK_NEVER);
			assert_false(control_gate_mail(&c, &mail));
		}
		assert_int_equal(ask_for(&c, (enum test_direction)d, CHANNEL), WIRE_OK);
		assert_int_equal(grant(&c, START_NS), 1);
		m = answered(&c);
		assert_int_equal(m.refusal, REFUSED_NOT);
		assert_int_equal(m.duration_s, 2);
		assert_int_equal(m.rate_bps, 1000000);
		assert_int_equal(phase(&c), TEST_RUNNING);
		assert_int_equal(c.test[0].record.refusal, REFUSED_NOT);
		assert_true(control_mail(&c, &mail));
		assert_int_equal(c.tests_begun, 1);
	}
}

/* Mail that found no room stays owed: nothing is asked twice, nothing forgotten. */
static void test_full_mailbox(void **state)
{
	struct mail mail;
	struct control c;

	(void)state;
	control_init(&c, false, true, REPEAT_NS, KEY);
	assert_int_equal(ask_for(&c, TEST_DOWN, CHANNEL), WIRE_OK);
	for (unsigned i = 0; i < 5; i++) {
		mail = question(&c);
		control_mail_again(&c, &mail);
	}
	mail = question(&c);
	assert_int_equal(mail.order.direction, TEST_DOWN);
	assert_int_equal(mail.order.rate_bps, 1000000);
	assert_int_equal(mail.order.duration_ns, 2 * SECOND);
	assert_int_equal(mail.order.datagram_bytes, DATAGRAM);
	mail.kind = MAIL_GRANT;
	mail.share_bps = 5000;
	control_take_mail(&c, &mail, START_NS);

	/* The worker's box is full too. */
	for (unsigned i = 0; i < 5; i++) {
		assert_true(control_mail(&c, &mail));
		assert_int_equal(mail.kind, MAIL_START_SOURCE);
		assert_int_equal(mail.share_bps, 5000);
		control_mail_again(&c, &mail);
	}
	assert_true(control_mail(&c, &mail));
	assert_no_mail(&c);
	work_done(&c, MAIL_SOURCE_DONE, START_NS + 2 * SECOND);
	assert_int_equal(give_counters(&c, 45000), WIRE_OK);
	assert_int_equal(phase(&c), TEST_COMPLETE);
	for (unsigned i = 0; i < 5; i++) {
		assert_true(control_gate_mail(&c, &mail));
		assert_int_equal(mail.kind, MAIL_TEST_OVER);
		assert_int_equal(mail.order.channel, CHANNEL);
		control_mail_again(&c, &mail);
	}
	assert_true(control_gate_mail(&c, &mail));
	assert_false(control_gate_mail(&c, &mail));
}

/* A listener that never answers: the question is given up, and may be asked anew. */
static void test_gate_is_silent(void **state)
{
	struct control c;

	(void)state;
	control_init(&c, false, true, REPEAT_NS, KEY);
	assert_int_equal(ask_for(&c, TEST_UP, CHANNEL), WIRE_OK);
	question(&c);
	assert_int_equal(control_due(&c, START_NS), START_NS + CONTROL_ASK_S * SECOND);
	control_due(&c, START_NS + CONTROL_ASK_S * SECOND);
	assert_int_equal(phase(&c), TEST_FAILED);
	assert_int_equal(ask_for(&c, TEST_UP, CHANNEL), WIRE_OK);
	assert_int_equal(phase(&c), TEST_ASKING);
}

/* A grant for nothing, or a second one. */
static void test_stray_grants(void **state)
{
	struct control c, before;
	struct mail mail;

	(void)state;
	open_running(&c, TEST_UP);
	before = c;
	mail = (struct mail){.kind = MAIL_GRANT, .order = {.channel = CHANNEL, .rate_bps = 1}};
	control_take_mail(&c, &mail, START_NS + SECOND);
	mail.order.channel = 77;
	control_take_mail(&c, &mail, START_NS + SECOND);
	assert_memory_equal(&c, &before, sizeof(c));
}

/* The same counters again, or others: the first count, and the answer stays what it was. */
static void test_counters_again(void **state)
{
	(void)state;
	for (int d = 0; d < 2; d++) {
		struct control_packet first, again;
		struct test_record before;
		struct control c;
		struct mail mail;

		print_message("%s\n", d == TEST_UP ? "up" : "down");
		open_running(&c, (enum test_direction)d);
		/* Before the server's worker is done there is nothing to answer with. */
		for (unsigned i = 0; i < 2; i++) {
			assert_int_equal(give_counters(&c, 45000), WIRE_OK);
			assert_int_equal(packets(&c, START_NS, &first), 0);
			assert_true(control_mail(&c, &mail));
			assert_int_equal(mail.kind, d == TEST_UP ? MAIL_FINISH_SINK : MAIL_STOP_SOURCE);
			assert_int_equal(mail.sent.count.packets, d == TEST_UP ? 50 : 0);
		}
		work_done(&c, d == TEST_UP ? MAIL_SINK_DONE : MAIL_SOURCE_DONE, START_NS + 2 * SECOND);
		assert_int_equal(packets(&c, START_NS, &first), 1);
		assert_int_equal(first.header.type, WIRE_TEST_RESULT);
		before = c.test[0].record;
		assert_true(outcome_is_agreed(&before));
		assert_int_equal(before.phase, TEST_COMPLETE);
		for (unsigned i = 0; i < 3; i++) {
			assert_int_equal(give_counters(&c, i), WIRE_OK);
			assert_int_equal(packets(&c, START_NS, &again), 1);
			assert_int_equal(again.header.sequence, first.header.sequence + 1 + i);
			assert_int_equal(again.size, first.size);
			assert_memory_equal(again.body, first.body, first.size);
			assert_memory_equal(&c.test[0].record, &before, sizeof(before));
		}
		assert_no_mail(&c);
		/* The late repetition of the question, too, is answered and changes nothing. */
		assert_int_equal(ask_for(&c, (enum test_direction)d, CHANNEL), WIRE_OK);
		assert_int_equal(answered(&c).refusal, REFUSED_NOT);
		assert_memory_equal(&c.test[0].record, &before, sizeof(before));
	}
}

#define UP_RESULT(ack, uid, half) \
	"{\"cmd\":\"TEST_RESULT\",\"ack\":" ack ",\"channel\":4711,\"uid\":\"" uid "\"," half "}"
#define SENT "\"sent\":{\"packets\":1,\"bytes\":1,\"retransmitted\":0,\"unsent\":0,\"duration_ns\":1}"

/* To a server whose upload runs on CHANNEL. */
static void test_refused(void **state)
{
	static const struct {
		const char *name;
		enum wire_type type;
		uint32_t channel;
		const char *body;
		enum wire_reject reason;
	} rows[] = {
		{"no JSON", WIRE_CONTROL, 5, "BWDN", REJECT_BODY},
		{"a classic command", WIRE_CONTROL, 5, "{\"cmd\":\"BWUP\",\"channel\":5,\"duration\":2}",
			REJECT_BODY},
		{"two channels", WIRE_CONTROL, 5,
			"{\"cmd\":\"BWUP\",\"channel\":6,\"duration\":2,\"rate\":0,\"length\":1000}",
			REJECT_CHANNEL},
		{"the heartbeats' channel", WIRE_CONTROL, KEY,
			"{\"cmd\":\"BWUP\",\"channel\":26970,\"duration\":2,\"rate\":0,\"length\":1000}",
			REJECT_CHANNEL},
		{"another direction", WIRE_CONTROL, CHANNEL,
			"{\"cmd\":\"BWDN\",\"channel\":4711,\"duration\":2,\"rate\":0,\"length\":1000}",
			REJECT_CHANNEL},
		{"an answer", WIRE_CONTROL, CHANNEL,
			"{\"cmd\":\"BWUP\",\"ack\":0,\"channel\":4711,\"duration\":2,\"rate\":0,\"uid\":"
			"\"" UID "\"}",
			REJECT_TYPE},
		{"an answer's counters", WIRE_TEST_RESULT, CHANNEL, UP_RESULT("0", UID, SENT), REJECT_TYPE},
		{"another test's counters", WIRE_TEST_RESULT, CHANNEL, UP_RESULT("1", UID, SENT),
			REJECT_BODY},
		{"counters of no test", WIRE_TEST_RESULT, 5, UP_RESULT("1", UID, SENT), REJECT_CHANNEL},
		{"neither half", WIRE_TEST_RESULT, CHANNEL, UP_RESULT("1", UID, "\"sen\":{}"), REJECT_BODY},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct control c, before;
		struct control_packet packet;

		print_message("%s\n", rows[i].name);
		open_running(&c, TEST_UP);
		before = c;
		assert_int_equal(rows[i].type == WIRE_CONTROL
					 ? command(&c, rows[i].channel, rows[i].body, START_NS)
					 : result(&c, rows[i].channel, rows[i].body, START_NS),
			rows[i].reason);
		assert_memory_equal(&c, &before, sizeof(c));
		assert_int_equal(packets(&c, START_NS, &packet), 0);
		assert_no_mail(&c);
	}
}

/* The server's own half, given back to it. */
static void test_wrong_half(void **state)
{
	struct result_message m = {.channel = CHANNEL, .has_sent = false};
	struct wire_header h = {.type = WIRE_TEST_RESULT, .channel = CHANNEL};
	char body[WIRE_BODY_BYTES];
	struct control c;
	size_t size;

	(void)state;
	open_running(&c, TEST_UP);
	memcpy(m.uid, c.test[0].record.uid, sizeof(m.uid));
	size = result_encode(body, &m);
	assert_int_equal(control_input(&c, &h, (const uint8_t *)body, size, START_NS), REJECT_BODY);
	m.has_sent = true;
	size = result_encode(body, &m);
	assert_int_equal(control_input(&c, &h, (const uint8_t *)body, size, START_NS), WIRE_OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refused_then_granted),
		cmocka_unit_test(test_full_mailbox),
		cmocka_unit_test(test_gate_is_silent),
		cmocka_unit_test(test_stray_grants),
		cmocka_unit_test(test_counters_again),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_wrong_half),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
