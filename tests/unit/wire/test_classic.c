#include <float.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>

#include "proto/wire/classic.h"
#include "tests/support/test.h"

#define UID  "123e4567-e89b-42d3-a456-426614174000"
#define UID2 "00000000-0000-4000-8000-00000000000f"

struct heartbeat_row {
	enum wire_type type;
	const char *body;
	const char *client, *server;
	const char *again; /* as we write it; NULL: the body itself */
};

static const struct heartbeat_row heartbeat_rows[] = {
	{WIRE_HEARTBEAT_0, "{\"timestamp\": 12.5}", "12.5", "", NULL},
	{WIRE_HEARTBEAT_0, "{\"timestamp\": 1700000000.1234567}", "1700000000.1234567", "", NULL},
	{WIRE_HEARTBEAT_0, "{\"timestamp\":7}", "7", "", "{\"timestamp\": 7}"},
	{WIRE_HEARTBEAT_0, " {\t\"timestamp\"\r\n:\n-1.50E+08 } ", "-1.50E+08", "",
		"{\"timestamp\": -1.50E+08}"},
	{WIRE_HEARTBEAT_0, "{\"timestamp\": \"a\\u0041\\\"\\\\}\"}", "\"a\\u0041\\\"\\\\}\"", "", NULL},
	{WIRE_HEARTBEAT_0, "{\"timestamp\": 1700000000.123456789012345678901234567890123}",
		"1700000000.123456789012345678901234567890123", "", NULL},
	{WIRE_HEARTBEAT_0,
		"{\"a\": {\"timestamp\": 1}, \"b\": \"timestamp\", \"c\": \"\\\"timestamp\\\": "
		"2\", "
		"\"d\": [\"timestamp\", {}], \"timestamp\": 3, \"e\": null}",
		"3", "", "{\"timestamp\": 3}"},
	{WIRE_HEARTBEAT_1, "{\"client_timestamp\": 1.25, \"server_timestamp\": 2.5}", "1.25", "2.5", NULL},
	{WIRE_HEARTBEAT_2, "{\"client_timestamp\": \"\", \"server_timestamp\": 0}", "\"\"", "0", NULL},
	{WIRE_HEARTBEAT_2, "{\"server_timestamp\":2e1,\"held\":9,\"client_timestamp\":\"x\"}", "\"x\"", "2e1",
		"{\"client_timestamp\": \"x\", \"server_timestamp\": 2e1}"},
};

static void test_heartbeat(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(heartbeat_rows); i++) {
		const struct heartbeat_row *r = &heartbeat_rows[i];
		const char *want = r->again ? r->again : r->body;
		struct heartbeat_body m;
		char out[WIRE_BODY_BYTES];
		size_t size;

		if (heartbeat_body_decode((const uint8_t *)r->body, strlen(r->body), r->type, &m) != WIRE_OK)
			fail_msg("refused: %s", r->body);
		assert_string_equal(m.client, r->client);
		assert_string_equal(m.server, r->server);
		size = heartbeat_body_encode(out, r->type, &m);
		assert_int_equal(size, strlen(want));
		assert_memory_equal(out, want, size);
	}
}

struct command_row {
	const char *body;
	struct classic_command want;
};

static const struct command_row command_rows[] = {
	{"{\"cmd\":\"BWUP\",\"channel\":5,\"duration\":10}", {5, 10, false, ""}},
	{"{\"cmd\": \"BWUP\", \"channel\": 16777215, \"duration\": 86400}", {16777215, 86400, false, ""}},
	{"{\"cmd\": \"BWUP\", \"channel\": 1}", {1, 30, false, ""}},
	{"{\"cmd\":\"BWUP\",\"ack\":1,\"channel\":1,\"duration\":30.0}", {1, 30, false, ""}},
	{"{\"cmd\":\"BWUP\",\"channel\":1,\"duration\":1e1,\"uid\":7,\"x\":[[{}]]}", {1, 10, false, ""}},
	{"{\"cmd\":\"BWUP\",\"ack\":0,\"channel\":5,\"duration\":10,\"uid\":\"" UID "\"}",
		{5, 10, true, UID}},
	{"{\"cmd\": \"BWUP\", \"ack\": 0, \"channel\": 5, \"uid\": \"u\"}", {5, 30, true, "u"}},
	{"{\"cmd\":\"BWUP\",\"ack\":0,\"channel\":5,\"uid\":\"a\\u202eb\\u001b[m\xc2\x9b\"}",
		{5, 30, true, "a?b?[m?"}},
};

static void test_command(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(command_rows); i++) {
		const struct command_row *r = &command_rows[i];
		struct classic_command m;

		if (classic_decode_command((const uint8_t *)r->body, strlen(r->body), &m) != WIRE_OK)
			fail_msg("refused: %s", r->body);
		if (m.channel != r->want.channel || m.duration_s != r->want.duration_s ||
			m.is_ack != r->want.is_ack || strcmp(m.uid, r->want.uid) != 0)
			fail_msg("%s: %u %u %d %s", r->body, m.channel, m.duration_s, m.is_ack, m.uid);
	}
}

static const struct command_row command_texts[] = {
	{"{\"cmd\":\"BWUP\",\"channel\":5,\"duration\":10}", {5, 10, false, UID}},
	{"{\"cmd\":\"BWUP\",\"ack\":0,\"channel\":16777215,\"duration\":86400,\"uid\":\"" UID "\"}",
		{16777215, 86400, true, UID}},
	{"{\"cmd\":\"BWUP\",\"ack\":0,\"channel\":1,\"duration\":1,\"uid\":\"a\\\"b\\\\\xc3\xa9\"}",
		{1, 1, true, "a\"b\\\xc3\xa9"}},
};

static void test_command_text(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(command_texts); i++) {
		const struct command_row *r = &command_texts[i];
		struct classic_command m;
		char out[WIRE_BODY_BYTES];
		size_t size = classic_encode_command(out, &r->want);

		assert_int_equal(size, strlen(r->body));
		assert_memory_equal(out, r->body, size);
		assert_int_equal(classic_decode_command((uint8_t *)out, size, &m), WIRE_OK);
		assert_string_equal(m.uid, r->want.is_ack ? r->want.uid : "");
	}
}

#define RESULT "{\"cmd\":\"TEST_RESULT\",\"ack\":1,\"guid\":\"" UID "\",\"uid\":\"" UID2 "\","

struct result_row {
	const char *body;
	struct classic_result want;
	const char *again; /* as we write it; NULL: the body itself */
};

static const struct result_row result_rows[] = {
	{RESULT "\"channel\":5,\"bytes_received\":125000,\"bandwidth_bps\":99999.5,"
		"\"retransmit_count\":3,\"packet_count\":130,\"duration\":10.001}",
		{.guid = UID,
			.uid = UID2,
			.channel = 5,
			.bytes_received = 125000,
			.bandwidth_bps = 99999.5,
			.retransmit_count = 3,
			.has_packet_count = true,
			.packet_count = 130,
			.duration_s = 10.001},
		NULL},
	{RESULT "\"channel\":16777215,\"bytes_received\":9007199254740992,\"bandwidth_bps\":0,"
		"\"retransmit_count\":0,\"duration\":86400}",
		{.guid = UID,
			.uid = UID2,
			.channel = 16777215,
			.bytes_received = UINT64_C(1) << 53,
			.duration_s = 86400},
		NULL},
	{RESULT "\"channel\":1,\"bytes_received\":1,\"bandwidth_bps\":1.7976931348623157e+308,"
		"\"retransmit_count\":2,\"packet_count\":3,\"duration\":0.1,\"unique_packets\":4,"
		"\"duplicates\":5,\"reordered\":6,\"socket_drops\":7}",
		{.guid = UID,
			.uid = UID2,
			.channel = 1,
			.bytes_received = 1,
			.bandwidth_bps = DBL_MAX,
			.retransmit_count = 2,
			.has_packet_count = true,
			.packet_count = 3,
			.duration_s = 0.1,
			.has_counts = true,
			.unique_packets = 4,
			.duplicates = 5,
			.reordered = 6,
			.socket_drops = 7},
		NULL},
	{"{\"cmd\": \"TEST_RESULT\", \"guid\": \"g\\\"\\\\\", \"uid\": \"u\", \"channel\": 2, "
	 "\"bytes_received\": 1e3, \"bandwidth_bps\": 8, \"retransmit_count\": 0.0, "
	 "\"packet_count\": 9.0, \"duration\": 1, \"duplicates\": 5, \"x\": {}}",
		{.guid = "g\"\\",
			.uid = "u",
			.channel = 2,
			.bytes_received = 1000,
			.bandwidth_bps = 8,
			.has_packet_count = true,
			.packet_count = 9,
			.duration_s = 1},
		"{\"cmd\":\"TEST_RESULT\",\"ack\":1,\"guid\":\"g\\\"\\\\\",\"uid\":\"u\","
		"\"channel\""
		":2,\"bytes_received\":1000,\"bandwidth_bps\":8,\"retransmit_count\":0,"
		"\"packet_count\":9,\"duration\":1}"},
	{"{\"cmd\":\"TEST_RESULT\",\"ack\":0,\"guid\":\"" UID "\"}", {.is_ack = true, .guid = UID}, NULL},
	{"{\"cmd\": \"TEST_RESULT\", \"ack\": 0, \"guid\": \"" UID "\", \"channel\": \"x\"}",
		{.is_ack = true, .guid = UID}, "{\"cmd\":\"TEST_RESULT\",\"ack\":0,\"guid\":\"" UID "\"}"},
};

static bool same_result(const struct classic_result *a, const struct classic_result *b)
{
	return a->is_ack == b->is_ack && strcmp(a->guid, b->guid) == 0 && strcmp(a->uid, b->uid) == 0 &&
	       a->channel == b->channel && a->bytes_received == b->bytes_received &&
	       a->bandwidth_bps == b->bandwidth_bps && a->retransmit_count == b->retransmit_count &&
	       a->has_packet_count == b->has_packet_count && a->packet_count == b->packet_count &&
	       a->duration_s == b->duration_s && a->has_counts == b->has_counts &&
	       a->unique_packets == b->unique_packets && a->duplicates == b->duplicates &&
	       a->reordered == b->reordered && a->socket_drops == b->socket_drops;
}

static void test_result(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(result_rows); i++) {
		const struct result_row *r = &result_rows[i];
		const char *want = r->again ? r->again : r->body;
		struct classic_result m;
		char out[WIRE_BODY_BYTES];
		size_t size;

		if (classic_decode_result((const uint8_t *)r->body, strlen(r->body), &m) != WIRE_OK)
			fail_msg("refused: %s", r->body);
		if (!same_result(&m, &r->want))
			fail_msg("read otherwise: %s", r->body);
		size = classic_encode_result(out, &r->want);
		if (size != strlen(want) || memcmp(out, want, size) != 0)
			fail_msg("%s, not %s", out, want);
	}
}

static const double reals[] = {
	0, 1, 0.1, 1.0 / 3, 2.0 / 3 * 1e9, 1e15, 12345678901234567e1, 1e22, DBL_MIN, DBL_MAX};

/* Every number comes back bit for bit. */
static void check_reals(const char *locale)
{
	for (size_t i = 0; i < COUNT(reals); i++) {
		const struct classic_result m = {
			.guid = UID,
			.uid = UID,
			.channel = 1,
			.bandwidth_bps = reals[i],
		};
		struct classic_result again;
		char out[WIRE_BODY_BYTES];
		size_t size;

		setlocale(LC_NUMERIC, locale);
		size = classic_encode_result(out, &m);
		setlocale(LC_NUMERIC, "C");
		assert_int_equal(classic_decode_result((uint8_t *)out, size, &again), WIRE_OK);
		assert_true(again.bandwidth_bps == m.bandwidth_bps);
	}
}

static void test_reals(void **state)
{
	(void)state;
	check_reals("C");
}

/* No locale gets its comma, or its Arabic decimal point of two bytes, into a body. */
static void test_reals_in_locales(void **state)
{
	static const char *const locales[] = {"de_DE.UTF-8", "fr_FR.UTF-8", "ps_AF.UTF-8"};
	int tried = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(locales); i++) {
		if (!setlocale(LC_NUMERIC, locales[i]))
			continue;
		check_reals(locales[i]);
		tried++;
	}
	if (tried == 0)
		skip();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_heartbeat),
		cmocka_unit_test(test_command),
		cmocka_unit_test(test_command_text),
		cmocka_unit_test(test_result),
		cmocka_unit_test(test_reals),
		cmocka_unit_test(test_reals_in_locales),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
