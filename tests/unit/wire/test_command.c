/* The bodies of the conversation between extended peers: what is written is read back, and what is not
 * right in every part is refused. */
#include <stdio.h>
#include <string.h>

#include "proto/wire/command.h"
#include "proto/wire/json.h"
#include "proto/wire/result.h"
#include "tests/support/test.h"

#define UID  "12345678-1234-4234-8234-123456789abc"
#define MOST WIRE_JSON_COUNT_MAX

static const struct {
	const char *body;
	struct test_command m;
} command_rows[] = {
	{"{\"cmd\":\"BWUP\",\"channel\":1,\"duration\":1,\"rate\":0,\"length\":36}",
		{.direction = TEST_UP, .channel = 1, .duration_s = 1, .datagram_bytes = 36}},
	{"{\"cmd\":\"BWDN\",\"channel\":16777215,\"duration\":86400,\"rate\":9007199254740992,"
	 "\"length\":1400}",
		{.direction = TEST_DOWN,
			.channel = WIRE_CHANNEL_MAX,
			.duration_s = 86400,
			.rate_bps = MOST,
			.datagram_bytes = 1400}},
	{"{\"cmd\":\"BWUP\",\"ack\":0,\"channel\":7,\"duration\":9,\"rate\":5000,\"uid\":\"" UID "\"}",
		{.direction = TEST_UP,
			.is_answer = true,
			.channel = 7,
			.duration_s = 9,
			.rate_bps = 5000,
			.uid = UID}},
	{"{\"cmd\":\"BWDN\",\"ack\":0,\"channel\":7,\"duration\":9,\"rate\":0,\"uid\":\"x\"}",
		{.direction = TEST_DOWN, .is_answer = true, .channel = 7, .duration_s = 9, .uid = "x"}},
	{"{\"cmd\":\"BWDN\",\"ack\":0,\"channel\":7,\"refused\":\"busy\",\"wait\":5}",
		{.direction = TEST_DOWN,
			.is_answer = true,
			.channel = 7,
			.refusal = REFUSED_BUSY,
			.wait_s = 5}},
	{"{\"cmd\":\"BWUP\",\"ack\":0,\"channel\":7,\"refused\":\"limit\",\"wait\":4294967295}",
		{.direction = TEST_UP,
			.is_answer = true,
			.channel = 7,
			.refusal = REFUSED_LIMIT,
			.wait_s = UINT32_MAX}},
	{"{\"cmd\":\"BWUP\",\"ack\":0,\"channel\":7,\"refused\":\"auth\",\"wait\":0}",
		{.direction = TEST_UP, .is_answer = true, .channel = 7, .refusal = REFUSED_AUTH}},
	{"{\"cmd\":\"BWUP\",\"ack\":0,\"channel\":7,\"refused\":\"version\",\"wait\":0}",
		{.direction = TEST_UP, .is_answer = true, .channel = 7, .refusal = REFUSED_VERSION}},
};

static void test_commands(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(command_rows); i++) {
		const char *body = command_rows[i].body;
		char out[WIRE_BODY_BYTES];
		struct test_command m;
		size_t size;

		print_message("%s\n", body);
		memset(&m, 0x55, sizeof(m));
		assert_int_equal(command_decode((const uint8_t *)body, strlen(body), &m), WIRE_OK);
		assert_int_equal(m.direction, command_rows[i].m.direction);
		assert_int_equal(m.is_answer, command_rows[i].m.is_answer);
		assert_int_equal(m.channel, command_rows[i].m.channel);
		assert_int_equal(m.duration_s, command_rows[i].m.duration_s);
		assert_int_equal(m.rate_bps, command_rows[i].m.rate_bps);
		assert_int_equal(m.datagram_bytes, command_rows[i].m.datagram_bytes);
		assert_string_equal(m.uid, command_rows[i].m.uid);
		assert_int_equal(m.refusal, command_rows[i].m.refusal);
		assert_int_equal(m.wait_s, command_rows[i].m.wait_s);
		size = command_encode(out, &command_rows[i].m);
		assert_int_equal(size, strlen(body));
		assert_memory_equal(out, body, size);
	}
}

/* Each half with every counter at `n`, as it is written and read. */
static void check_result(bool is_answer, bool has_sent, uint64_t n)
{
	struct result_message m = {.is_answer = is_answer,
				      .channel = WIRE_CHANNEL_MAX,
				      .uid = UID,
				      .has_sent = has_sent},
			      got;
	char out[WIRE_BODY_BYTES];
	size_t size;

	if (has_sent) {
		m.sent.duration_ns = n;
		m.sent.count = (struct source_counters){
			.packets = n, .bytes = n, .retransmitted_packets = n, .unsent_packets = n};
	} else {
		m.received.known = RECEIVED_COUNTERS;
		m.received.count = (struct sink_counters){.packets = n,
			.bytes = n,
			.unique_packets = n,
			.duplicates = n,
			.network_duplicates = n,
			.retransmitted_packets = n,
			.reordered = n,
			.host_drops = n};
	}
	size = result_encode(out, &m);
	assert_in_range(size, 1, WIRE_BODY_BYTES - 16); /* there is room for the seal */
	memset(&got, 0x55, sizeof(got));
	assert_int_equal(result_decode((const uint8_t *)out, size, &got), WIRE_OK);
	assert_int_equal(got.is_answer, is_answer);
	assert_int_equal(got.has_sent, has_sent);
	assert_int_equal(got.channel, m.channel);
	assert_string_equal(got.uid, UID);
	assert_int_equal(got.sent.duration_ns, m.sent.duration_ns);
	assert_memory_equal(&got.sent, &m.sent, sizeof(m.sent));
	assert_memory_equal(&got.received, &m.received, sizeof(m.received));
	/* Nothing less is accepted: not one byte is to spare. */
	for (size_t cut = 0; cut < size; cut++)
		assert_int_equal(result_decode((const uint8_t *)out, cut, &got), REJECT_BODY);
}

static void test_results(void **state)
{
	static const uint64_t rows[] = {0, 1, UINT32_MAX, UINT64_C(1) << 40, MOST};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		for (unsigned kind = 0; kind < 4; kind++) {
			print_message("%ju, %u\n", (uintmax_t)rows[i], kind);
			check_result(kind & 1, kind & 2, rows[i]);
		}
	}
}

#define SENT "\"sent\":{\"packets\":1,\"bytes\":2,\"retransmitted\":3,\"unsent\":4,\"duration_ns\":5}"
#define RECEIVED                                                                                          \
	"\"received\":{\"packets\":1,\"bytes\":2,\"unique\":3,\"duplicates\":4,\"network_duplicates\":5," \
	"\"retransmitted\":6,\"reordered\":7,\"host_drops\":8}"
#define RESULT(half) "{\"cmd\":\"TEST_RESULT\",\"ack\":1,\"channel\":9,\"uid\":\"u\"," half "}"

/* Other spellings of what is right. */
static void test_taken(void **state)
{
	static const char *const commands[] = {
		" {\n\"rate\" : 0.0, \"length\":1e3,\"duration\":2.0,\"channel\":5,\"cmd\":\"BWUP\" } ",
		"{\"cmd\":\"BWUP\",\"channel\":5,\"duration\":2,\"rate\":0,\"length\":1000,\"new\":{}}",
		"{\"cmd\":\"BWUP\",\"ack\":1,\"channel\":5,\"duration\":2,\"rate\":0,\"length\":1000}",
		"{\"cmd\":\"BW\\u0055P\",\"channel\":5,\"duration\":2,\"rate\":0,\"length\":1000}",
	};
	struct test_command m;
	struct result_message r;

	(void)state;
	for (size_t i = 0; i < COUNT(commands); i++) {
		print_message("%s\n", commands[i]);
		assert_int_equal(
			command_decode((const uint8_t *)commands[i], strlen(commands[i]), &m), WIRE_OK);
		assert_false(m.is_answer);
		assert_int_equal(m.channel, 5);
		assert_int_equal(m.duration_s, 2);
		assert_int_equal(m.datagram_bytes, 1000);
	}
	assert_int_equal(result_decode((const uint8_t *)RESULT(SENT), strlen(RESULT(SENT)), &r), WIRE_OK);
	assert_true(r.has_sent && r.sent.count.packets == 1 && r.sent.count.bytes == 2 &&
		    r.sent.count.retransmitted_packets == 3 && r.sent.count.unsent_packets == 4 &&
		    r.sent.duration_ns == 5);
	assert_int_equal(
		result_decode((const uint8_t *)RESULT(RECEIVED), strlen(RESULT(RECEIVED)), &r), WIRE_OK);
	assert_true(!r.has_sent && r.received.count.packets == 1 && r.received.count.bytes == 2 &&
		    r.received.count.unique_packets == 3 && r.received.count.duplicates == 4 &&
		    r.received.count.network_duplicates == 5 && r.received.count.retransmitted_packets == 6 &&
		    r.received.count.reordered == 7 && r.received.count.host_drops == 8);
}

/* What the peer calls itself is shown on terminals. */
static void test_uid_is_sanitised(void **state)
{
	static const char body[] = "{\"cmd\":\"BWUP\",\"ack\":0,\"channel\":7,\"duration\":9,\"rate\":0,"
				   "\"uid\":\"a\\u001b[2J\"}";
	struct test_command m;

	(void)state;
	assert_int_equal(command_decode((const uint8_t *)body, sizeof(body) - 1, &m), WIRE_OK);
	assert_null(strchr(m.uid, '\x1b'));
	assert_memory_equal(m.uid, "a", 1);
}

#define QUESTION(channel, duration, rate, length)                                            \
	"{\"cmd\":\"BWUP\",\"channel\":" channel ",\"duration\":" duration ",\"rate\":" rate \
	",\"length\":" length "}"
#define ANSWER(rest) "{\"cmd\":\"BWDN\",\"ack\":0,\"channel\":5," rest "}"

static const char *const hostile_commands[] = {
	"",
	"{",
	"[]",
	"null",
	"\"BWUP\"",
	"{}",
	"BWUP",
	QUESTION("5", "2", "0", "1000") "x",
	"{\"channel\":5,\"duration\":2,\"rate\":0,\"length\":1000}",
	"{\"cmd\":\"bwup\",\"channel\":5,\"duration\":2,\"rate\":0,\"length\":1000}",
	"{\"cmd\":\"BWBOTH\",\"channel\":5,\"duration\":2,\"rate\":0,\"length\":1000}",
	"{\"cmd\":\"BWUP\\u0000\",\"channel\":5,\"duration\":2,\"rate\":0,\"length\":1000}",
	"{\"cmd\":7,\"channel\":5,\"duration\":2,\"rate\":0,\"length\":1000}",
	"{\"cmd\":\"BWUP\",\"cmd\":\"BWUP\",\"channel\":5,\"duration\":2,\"rate\":0,\"length\":1000}",
	"{\"cmd\":\"BWUP\",\"channel\":5,\"channel\":5,\"duration\":2,\"rate\":0,\"length\":1000}",
	"{\"cmd\":\"BWUP\",\"duration\":2,\"rate\":0,\"length\":1000}",
	"{\"cmd\":\"BWUP\",\"channel\":5,\"rate\":0,\"length\":1000}",
	"{\"cmd\":\"BWUP\",\"channel\":5,\"duration\":2,\"length\":1000}",
	"{\"cmd\":\"BWUP\",\"channel\":5,\"duration\":2,\"rate\":0}",
	"{\"cmd\":\"BWUP\",\"ack\":2,\"channel\":5,\"duration\":2,\"rate\":0,\"length\":1000}",
	"{\"cmd\":\"BWUP\",\"ack\":null,\"channel\":5,\"duration\":2,\"rate\":0,\"length\":1000}",
	"{\"cmd\":\"BWUP\",\"ack\":\"0\",\"channel\":5,\"duration\":2,\"rate\":0,\"length\":1000}",
	QUESTION("0", "2", "0", "1000"),
	QUESTION("-1", "2", "0", "1000"),
	QUESTION("16777216", "2", "0", "1000"),
	QUESTION("5.5", "2", "0", "1000"),
	QUESTION("\"5\"", "2", "0", "1000"),
	QUESTION("null", "2", "0", "1000"),
	QUESTION("true", "2", "0", "1000"),
	QUESTION("[5]", "2", "0", "1000"),
	QUESTION("5", "0", "0", "1000"),
	QUESTION("5", "-2", "0", "1000"),
	QUESTION("5", "86401", "0", "1000"),
	QUESTION("5", "2.5", "0", "1000"),
	QUESTION("5", "\"2\"", "0", "1000"),
	QUESTION("5", "1e300", "0", "1000"),
	QUESTION("5", "2", "-1", "1000"),
	QUESTION("5", "2", "9007199254740993", "1000"),
	QUESTION("5", "2", "9007199254740994.0", "1000"),
	QUESTION("5", "2", "0.5", "1000"),
	QUESTION("5", "2", "99999999999999999999", "1000"),
	QUESTION("5", "2", "\"max\"", "1000"),
	/* A packet without room for its header and its stamp is not one. */
	QUESTION("5", "2", "0", "0"),
	QUESTION("5", "2", "0", "1"),
	QUESTION("5", "2", "0", "19"),
	QUESTION("5", "2", "0", "20"),
	QUESTION("5", "2", "0", "35"),
	QUESTION("5", "2", "0", "-1"),
	QUESTION("5", "2", "0", "1401"),
	QUESTION("5", "2", "0", "{}"),
	ANSWER("\"duration\":2,\"rate\":0"),
	ANSWER("\"duration\":2,\"rate\":0,\"uid\":\"\""),
	ANSWER("\"duration\":2,\"rate\":0,\"uid\":7"),
	ANSWER("\"duration\":2,\"rate\":0,\"uid\":\"" UID "d\""),
	ANSWER("\"duration\":0,\"rate\":0,\"uid\":\"u\""),
	ANSWER("\"rate\":0,\"uid\":\"u\""),
	ANSWER("\"refused\":\"busy\""),
	ANSWER("\"refused\":\"busy\",\"wait\":-1"),
	ANSWER("\"refused\":\"busy\",\"wait\":4294967296"),
	ANSWER("\"refused\":\"busy\",\"wait\":\"5\""),
	ANSWER("\"refused\":\"never\",\"wait\":5"),
	ANSWER("\"refused\":\"\",\"wait\":5"),
	ANSWER("\"refused\":\"Busy\",\"wait\":5"),
	ANSWER("\"refused\":null,\"wait\":5"),
	ANSWER("\"refused\":1,\"wait\":5"),
	ANSWER("\"refused\":\"busy\",\"refused\":\"busy\",\"wait\":5"),
	"{\"cmd\":\"BWDN\",\"ack\":0,\"channel\":0,\"refused\":\"busy\",\"wait\":5}",
	"{\"cmd\":\"BWDN\",\"channel\":5,\"refused\":\"busy\",\"wait\":5}",
};

static const char *const hostile_results[] = {
	"",
	"{}",
	"[]",
	RESULT(SENT) "x",
	RESULT("\"sent\":{}"),
	RESULT("\"sent\":[]"),
	RESULT("\"sent\":null"),
	RESULT("\"sent\":7"),
	RESULT("\"received\":{}"),
	RESULT("\"half\":{}"),
	RESULT(SENT "," SENT),
	RESULT("\"sent\":{}," RECEIVED),
	RESULT("\"sent\":{\"packets\":1,\"bytes\":2,\"retransmitted\":3,\"unsent\":4}"),
	RESULT("\"sent\":{\"packets\":1,\"bytes\":2,\"retransmitted\":3,\"duration_ns\":4}"),
	RESULT("\"sent\":{\"packets\":1,\"packets\":1,\"bytes\":2,\"retransmitted\":3,\"unsent\":4,"
	       "\"duration_ns\":5}"),
	RESULT("\"sent\":{\"packets\":-1,\"bytes\":2,\"retransmitted\":3,\"unsent\":4,\"duration_ns\":5}"),
	RESULT("\"sent\":{\"packets\":\"1\",\"bytes\":2,\"retransmitted\":3,\"unsent\":4,"
	       "\"duration_ns\":5}"),
	RESULT("\"sent\":{\"packets\":9007199254740993,\"bytes\":2,\"retransmitted\":3,\"unsent\":4,"
	       "\"duration_ns\":5}"),
	RESULT("\"sent\":{\"packets\":1,\"bytes\":2,\"retransmitted\":3,\"unsent\":4,"
	       "\"duration_ns\":9007199254740993}"),
	RESULT("\"received\":{\"packets\":1,\"bytes\":2,\"unique\":3,\"duplicates\":4,"
	       "\"network_duplicates\":5,\"retransmitted\":6,\"reordered\":7}"),
	RESULT("\"received\":{\"packets\":1,\"bytes\":2,\"unique\":3,\"duplicates\":4,"
	       "\"network_duplicates\":5,\"retransmitted\":6,\"reordered\":7,\"host_drops\":true}"),
	"{\"cmd\":\"TEST_RESULT\",\"ack\":1,\"channel\":0,\"uid\":\"u\"," SENT "}",
	"{\"cmd\":\"TEST_RESULT\",\"ack\":1,\"channel\":16777216,\"uid\":\"u\"," SENT "}",
	"{\"cmd\":\"TEST_RESULT\",\"ack\":1,\"uid\":\"u\"," SENT "}",
	"{\"cmd\":\"TEST_RESULT\",\"ack\":2,\"channel\":9,\"uid\":\"u\"," SENT "}",
	"{\"cmd\":\"TEST_RESULT\",\"ack\":1,\"channel\":9,\"uid\":\"\"," SENT "}",
	"{\"cmd\":\"TEST_RESULT\",\"ack\":1,\"channel\":9,\"uid\":\"" UID "d\"," SENT "}",
	"{\"cmd\":\"TEST_RESULT\",\"ack\":1,\"channel\":9," SENT "}",
	"{\"cmd\":\"BWUP\",\"ack\":1,\"channel\":9,\"uid\":\"u\"," SENT "}",
	"{\"ack\":1,\"channel\":9,\"uid\":\"u\"," SENT "}",
};

static void test_hostile(void **state)
{
	struct test_command m;
	struct result_message r;

	(void)state;
	for (size_t i = 0; i < COUNT(hostile_commands); i++) {
		const char *body = hostile_commands[i];

		if (command_decode((const uint8_t *)body, strlen(body), &m) != REJECT_BODY)
			fail_msg("taken: %s", body);
	}
	for (size_t i = 0; i < COUNT(hostile_results); i++) {
		const char *body = hostile_results[i];

		if (result_decode((const uint8_t *)body, strlen(body), &r) != REJECT_BODY)
			fail_msg("taken: %s", body);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_commands),
		cmocka_unit_test(test_results),
		cmocka_unit_test(test_taken),
		cmocka_unit_test(test_uid_is_sanitised),
		cmocka_unit_test(test_hostile),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
