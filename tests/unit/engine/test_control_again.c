/* One side of the conversation: what comes a second time changes nothing, what doesn't belong is
 * refused. */
#include "tests/support/control_side.h"

/* A repeated command changes nothing and is acknowledged with the same uid, at any time. */
static void test_server_is_asked_again(void **state)
{
	static const enum point rows[] = {RUNNING, AWAITING, COMPLETE};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct control_packet packet;
		struct classic_command m;
		struct test_record before;
		char guid[TEST_UID_BYTES];
		struct control c;

		print_message("point %d\n", rows[i]);
		open_server(&c, rows[i], guid);
		before = c.test[0].record;
		assert_int_equal(ask(&c, CHANNEL, START_NS + 2 * SECOND), WIRE_OK);
		assert_int_equal(ask(&c, CHANNEL, START_NS + 2 * SECOND), WIRE_OK);
		assert_int_equal(packets(&c, START_NS + 2 * SECOND, &packet), 1);
		assert_int_equal(packet.header.type, WIRE_CONTROL);
		assert_true(is_ack(&packet));
		assert_int_equal(classic_decode_command((uint8_t *)packet.body, packet.size, &m), WIRE_OK);
		assert_true(m.is_ack);
		assert_string_equal(m.uid, before.uid);
		assert_int_equal(m.duration_s, 2);
		assert_no_mail(&c);
		assert_memory_equal(&c.test[0].record, &before, sizeof(before));
		assert_int_equal(c.tests_begun, 1);
	}
}

static void test_client_is_answered_again(void **state)
{
	static const enum point rows[] = {RUNNING, AWAITING, COMPLETE};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct control_packet packet;
		struct test_record before;
		struct control c;

		print_message("point %d\n", rows[i]);
		open_client(&c, rows[i]);
		before = c.test[0].record;
		assert_int_equal(acknowledge(&c, START_NS + 2 * SECOND), WIRE_OK);
		assert_int_equal(packets(&c, START_NS + 2 * SECOND, &packet), 0);
		assert_no_mail(&c);
		assert_memory_equal(&c.test[0].record, &before, sizeof(before));
	}
}

/* Each repeated result is acknowledged with its own guid; the first one counts. */
static void test_client_is_given_the_result_again(void **state)
{
	static const char *const guids[] = {GUID, GUID, "another-guid", GUID};
	struct test_record before;
	struct control c;

	(void)state;
	open_client(&c, COMPLETE);
	before = c.test[0].record;
	for (size_t i = 0; i < COUNT(guids); i++) {
		uint64_t now_ns = START_NS + 3 * SECOND + i;
		struct control_packet packet;
		struct classic_result m;

		print_message("%zu: %s\n", i, guids[i]);
		assert_int_equal(give_result(&c, guids[i], 999, "", now_ns), WIRE_OK);
		assert_int_equal(packets(&c, now_ns, &packet), 1);
		assert_int_equal(packet.header.type, WIRE_TEST_RESULT);
		assert_int_equal(packet.header.channel, before.channel);
		assert_true(is_ack(&packet));
		assert_int_equal(classic_decode_result((uint8_t *)packet.body, packet.size, &m), WIRE_OK);
		assert_true(m.is_ack);
		assert_string_equal(m.guid, guids[i]);
		before.result_ns = now_ns;
		assert_memory_equal(&c.test[0].record, &before, sizeof(before));
	}
}

static void test_server_is_acknowledged_again(void **state)
{
	struct control_packet packet;
	char guid[TEST_UID_BYTES];
	struct control c;

	(void)state;
	open_server(&c, AWAITING, guid);
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(acknowledge_result(&c, guid, START_NS + 3 * SECOND), WIRE_OK);
		assert_int_equal(phase(&c), TEST_COMPLETE);
		assert_int_equal(packets(&c, START_NS + 4 * SECOND, &packet), 0);
	}
	/* After it had been given up, that stands. */
	open_server(&c, AWAITING, guid);
	control_due(&c, START_NS + 60 * SECOND);
	assert_int_equal(acknowledge_result(&c, guid, START_NS + 60 * SECOND), WIRE_OK);
	assert_int_equal(phase(&c), TEST_INCOMPLETE);
}

/* To a server with a test on CHANNEL whose result is out; to a client in the middle of its test. */
#define RESULT(ack, channel)                                                            \
	"{\"cmd\":\"TEST_RESULT\",\"ack\":" ack ",\"guid\":\"" GUID "\",\"uid\":\"" UID \
	"\",\"channel\":" channel                                                       \
	",\"bytes_received\":1,\"bandwidth_bps\":1,\"retransmit_count\":0,\"duration\":1}"

static const struct {
	const char *name;
	bool at_client;
	enum wire_type type;
	uint32_t channel; /* 0: the client's test */
	const char *body;
	enum wire_reject reason;
} refused_rows[] = {
	{"no JSON", false, WIRE_CONTROL, 5, "BWUP", REJECT_BODY},
	{"an unknown command", false, WIRE_CONTROL, 5, "{\"cmd\":\"BWXX\",\"channel\":5}", REJECT_BODY},
	{"a result in CONTROL", false, WIRE_CONTROL, CHANNEL, RESULT("0", "4711"), REJECT_BODY},
	{"two channels", false, WIRE_CONTROL, 5, "{\"cmd\":\"BWUP\",\"channel\":6}", REJECT_CHANNEL},
	{"the heartbeats' channel", false, WIRE_CONTROL, KEY, "{\"cmd\":\"BWUP\",\"channel\":26970}",
		REJECT_CHANNEL},
	{"an answer to a server", false, WIRE_CONTROL, CHANNEL,
		"{\"cmd\":\"BWUP\",\"ack\":0,\"channel\":4711,\"uid\":\"" UID "\"}", REJECT_TYPE},
	{"a result to a server", false, WIRE_TEST_RESULT, CHANNEL, RESULT("1", "4711"), REJECT_TYPE},
	{"another guid", false, WIRE_TEST_RESULT, CHANNEL, RESULT("0", "4711"), REJECT_BODY},
	{"the result of no test", false, WIRE_TEST_RESULT, 5, RESULT("0", "5"), REJECT_CHANNEL},
	{"a command to a client", true, WIRE_CONTROL, 5, "{\"cmd\":\"BWUP\",\"channel\":5}", REJECT_TYPE},
	{"an answer to no command", true, WIRE_CONTROL, 5,
		"{\"cmd\":\"BWUP\",\"ack\":0,\"channel\":5,\"uid\":\"" UID "\"}", REJECT_CHANNEL},
	{"an acknowledgement to a client", true, WIRE_TEST_RESULT, 0, RESULT("0", "5"), REJECT_TYPE},
	{"a result of no test", true, WIRE_TEST_RESULT, 5, RESULT("1", "5"), REJECT_CHANNEL},
};

static void test_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(refused_rows); i++) {
		uint32_t channel = refused_rows[i].channel;
		struct control c, before;
		struct control_packet packet;
		char guid[TEST_UID_BYTES];
		enum wire_reject reason;

		print_message("%s\n", refused_rows[i].name);
		if (refused_rows[i].at_client)
			open_client(&c, RUNNING);
		else
			open_server(&c, AWAITING, guid);
		if (channel == 0)
			channel = c.test[0].record.channel;
		before = c;
		if (refused_rows[i].type == WIRE_CONTROL)
			reason = command(&c, channel, refused_rows[i].body, START_NS + 2 * SECOND);
		else
			reason = result(&c, channel, refused_rows[i].body, START_NS + 2 * SECOND);
		assert_int_equal(reason, refused_rows[i].reason);
		assert_memory_equal(&c, &before, sizeof(c));
		assert_int_equal(packets(&c, START_NS + 2 * SECOND, &packet), 0);
		assert_no_mail(&c);
	}
}

/* A result can't come before the command was acknowledged. */
static void test_result_out_of_the_blue(void **state)
{
	struct control_packet packet;
	struct control c;

	(void)state;
	open_client(&c, ASKING);
	assert_int_equal(give_result(&c, GUID, 1, "", START_NS + 1), REJECT_CHANNEL);
	assert_int_equal(phase(&c), TEST_ASKING);
	assert_int_equal(packets(&c, START_NS + 1, &packet), 0);
}

/* Work that ends without a test to belong to. */
static void test_done_with_nothing(void **state)
{
	struct mail mail = {.kind = MAIL_SINK_DONE, .order = {.channel = 77}};
	char guid[TEST_UID_BYTES];
	struct control c;

	(void)state;
	open_server(&c, COMPLETE, guid);
	control_take_mail(&c, &mail, START_NS + 3 * SECOND);
	mail.order.channel = CHANNEL;
	control_take_mail(&c, &mail, START_NS + 3 * SECOND);
	assert_int_equal(phase(&c), TEST_COMPLETE);
	assert_int_equal(control_due(&c, START_NS + 3 * SECOND), CLOCK_NEVER);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_server_is_asked_again),
		cmocka_unit_test(test_client_is_answered_again),
		cmocka_unit_test(test_client_is_given_the_result_again),
		cmocka_unit_test(test_server_is_acknowledged_again),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_result_out_of_the_blue),
		cmocka_unit_test(test_done_with_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
