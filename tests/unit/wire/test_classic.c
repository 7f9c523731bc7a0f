#include <float.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/wire/classic.h"
#include "tests/support/test.h"

#define UID  "123e4567-e89b-42d3-a456-426614174000"
#define UID2 "00000000-0000-4000-8000-00000000000f"

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

/* No locale puts its comma, or its two-byte Arabic decimal point, into a body. */
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

static void test_uid(void **state)
{
	static const char shape[] = "xxxxxxxx-xxxx-4xxx-vxxx-xxxxxxxxxxxx";
	char last[TEST_UID_BYTES] = "";

	(void)state;
	for (int round = 0; round < 1000; round++) {
		char uid[TEST_UID_BYTES];

		classic_new_uid(uid);
		assert_int_equal(strlen(uid), sizeof(shape) - 1);
		for (size_t i = 0; i < sizeof(shape) - 1; i++) {
			if (shape[i] == 'x')
				assert_non_null(strchr("0123456789abcdef", uid[i]));
			else if (shape[i] == 'v')
				assert_non_null(strchr("89ab", uid[i]));
			else
				assert_int_equal(uid[i], shape[i]);
		}
		assert_string_not_equal(uid, last);
		memcpy(last, uid, sizeof(uid));
	}
}

struct assignment_row {
	const char *text;
	size_t size;
	struct classic_assignment want;
};

#define ROW(text, ...)                              \
	{                                           \
		text, sizeof(text) - 1, __VA_ARGS__ \
	}

static const struct assignment_row assignment_rows[] = {
	ROW("7000,7001,7002,26970", {{7000, 7001, 7002}, 26970}),
	ROW("1,65535,2,0", {{1, 65535, 2}, 0}),
	ROW("1,2,3,16777215", {{1, 2, 3}, 16777215}),
	ROW("7000,7001,7002,60000\n", {{7000, 7001, 7002}, 60000}),
	ROW("7000,7001,7002,1\r\n", {{7000, 7001, 7002}, 1}),
};

static enum wire_reject parse_copy(const char *text, size_t size, struct classic_assignment *m)
{
	uint8_t *copy = malloc(size ? size : 1);
	enum wire_reject got;

	assert_non_null(copy);
	memcpy(copy, text, size);
	got = classic_decode_assignment(copy, size, m);
	free(copy);
	return got;
}

static void test_assignment(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(assignment_rows); i++) {
		const struct assignment_row *r = &assignment_rows[i];
		struct classic_assignment m;
		char out[WIRE_BODY_BYTES];
		size_t size;

		if (parse_copy(r->text, r->size, &m) != WIRE_OK)
			fail_msg("refused: %s", r->text);
		assert_memory_equal(m.port, r->want.port, sizeof(m.port));
		assert_int_equal(m.key, r->want.key);
		size = classic_encode_assignment(out, &m);
		assert_int_equal(size, strcspn(r->text, "\r\n"));
		assert_memory_equal(out, r->text, size);
	}
}

static const struct assignment_row refused_assignments[] = {
	ROW("", {{0}, 0}),
	ROW("7000", {{0}, 0}),
	ROW("7000,7001,7002", {{0}, 0}),
	ROW("7000,7001,7002,", {{0}, 0}),
	ROW("7000,7001,7002,1,", {{0}, 0}),
	ROW("7000,7001,7002,1,2", {{0}, 0}),
	ROW(",7001,7002,1", {{0}, 0}),
	ROW("7000,,7002,1", {{0}, 0}),
	ROW("0,7001,7002,1", {{0}, 0}),
	ROW("7000,7001,65536,1", {{0}, 0}),
	ROW("4294968296,7001,7002,1", {{0}, 0}),
	ROW("7000,7001,7002,16777216", {{0}, 0}),
	ROW("7000,7001,7002,4294967296", {{0}, 0}),
	ROW("7000,7001,7002,18446744073709551617", {{0}, 0}),
	ROW("7000,7000,7002,1", {{0}, 0}),
	ROW("7000,7001,7000,1", {{0}, 0}),
	ROW("7000,7001,7001,1", {{0}, 0}),
	ROW("-7000,7001,7002,1", {{0}, 0}),
	ROW("+7000,7001,7002,1", {{0}, 0}),
	ROW("7000,7001,7002,-1", {{0}, 0}),
	ROW(" 7000,7001,7002,1", {{0}, 0}),
	ROW("7000, 7001, 7002, 1", {{0}, 0}),
	ROW("7000,7001,7002,1 ", {{0}, 0}),
	ROW("7000,7001,7002,1\r", {{0}, 0}),
	ROW("7000,7001,7002,1\n\n", {{0}, 0}),
	ROW("7000,7001,7002,1\n\r", {{0}, 0}),
	ROW("7000,7001,7002,1\0", {{0}, 0}),
	ROW("7000,7001,7002,1.0", {{0}, 0}),
	ROW("0x10,7001,7002,1", {{0}, 0}),
	ROW("7000;7001;7002;1", {{0}, 0}),
	ROW("CONNECT", {{0}, 0}),
};

static void test_assignment_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(refused_assignments); i++) {
		const struct assignment_row *r = &refused_assignments[i];
		struct classic_assignment m;

		if (parse_copy(r->text, r->size, &m) != REJECT_BODY)
			fail_msg("accepted: %s", r->text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_command),
		cmocka_unit_test(test_command_text),
		cmocka_unit_test(test_result),
		cmocka_unit_test(test_reals),
		cmocka_unit_test(test_reals_in_locales),
		cmocka_unit_test(test_uid),
		cmocka_unit_test(test_assignment),
		cmocka_unit_test(test_assignment_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
