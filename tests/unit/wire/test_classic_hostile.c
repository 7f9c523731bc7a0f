#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/wire/classic.h"
#include "proto/wire/heartbeat_body.h"
#include "tests/support/test.h"

#define UID  "123e4567-e89b-42d3-a456-426614174000"
#define UID2 "00000000-0000-4000-8000-00000000000f"

enum kind { HB0, HB1, CMD, RES, KINDS };

/* Parses a copy that ends where the heap block ends, so that a tool sees reads behind it. */
static enum wire_reject parse_bytes(enum kind kind, const char *body, size_t size)
{
	uint8_t *copy = malloc(size ? size : 1);
	enum wire_reject got = WIRE_REJECTS;
	struct heartbeat_body heartbeat;
	struct classic_command command;
	struct classic_result result;

	assert_non_null(copy);
	memcpy(copy, body, size);
	if (kind == HB0)
		got = heartbeat_body_decode(copy, size, WIRE_HEARTBEAT_0, &heartbeat);
	else if (kind == HB1)
		got = heartbeat_body_decode(copy, size, WIRE_HEARTBEAT_1, &heartbeat);
	else if (kind == CMD)
		got = classic_decode_command(copy, size, &command);
	else
		got = classic_decode_result(copy, size, &result);
	free(copy);
	return got;
}

#define RESULT "{\"cmd\":\"TEST_RESULT\",\"ack\":1,\"guid\":\"" UID "\",\"uid\":\"" UID2 "\","

struct hostile_row {
	enum kind kind;
	const char *body;
};

#define B       "{\"cmd\":\"BWUP\","
#define C       "\"channel\":5"
#define A       B C ",\"ack\":0,\"uid\":"
#define R1      RESULT C ","
#define R2      "\"bandwidth_bps\":1,\"retransmit_count\":1,\"duration\":1"
#define LONG_45 "\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\""

static const struct hostile_row hostile_rows[] = {
	/* no object, or more than one */
	{CMD, ""},
	{CMD, " "},
	{CMD, "{"},
	{CMD, "{}"},
	{CMD, "[]"},
	{CMD, "null"},
	{CMD, "\"BWUP\""},
	{CMD, "\""},
	{CMD, "\"\\"},
	{CMD, "[" B C "}]"},
	{CMD, B C "} x"},
	{CMD, B C "}{}"},
	{CMD, B C ",}"},
	{CMD, "{'cmd':'BWUP'," C "}"},
	{CMD, "\xef\xbb\xbf" B C "}"},
	{CMD, B C ",\"x\":\"\xff\"}"},
	{CMD, B C ",\"x\":\"\xc0\x80\"}"},
	{CMD, B C ",\"x\":\"\\u0000\"}"},
	{CMD, B C ",\"x\":\"\\ud800\"}"},
	{CMD, B C ",\"x\":\"\n\"}"},
	{CMD, B C ",\"x\":[[[[[[[[1]]]]]]]]}"},
	/* the name, the kind */
	{CMD, "{" C "}"},
	{CMD, "{\"cmd\":7," C "}"},
	{CMD, "{\"cmd\":null," C "}"},
	{CMD, "{\"cmd\":\"\"," C "}"},
	{CMD, "{\"cmd\":\"bwup\"," C "}"},
	{CMD, "{\"cmd\":\"BWUPX\"," C "}"},
	{CMD, "{\"cmd\":\"BWUP\",\"cmd\":\"BWUP\"," C "}"},
	{CMD, "{\"cmd\":\"TEST_RESULT\"," C "}"},
	{CMD, B C ",\"ack\":2}"},
	{CMD, B C ",\"ack\":-1}"},
	{CMD, B C ",\"ack\":false,\"uid\":\"u\"}"},
	{CMD, B C ",\"ack\":0.0,\"uid\":\"u\"}"},
	{CMD, B C ",\"ack\":\"0\",\"uid\":\"u\"}"},
	{CMD, B C ",\"ack\":null}"},
	/* channel */
	{CMD, "{\"cmd\":\"BWUP\"}"},
	{CMD, B "\"channel\":0}"},
	{CMD, B "\"channel\":-1}"},
	{CMD, B "\"channel\":16777216}"},
	{CMD, B "\"channel\":4294967297}"},
	{CMD, B "\"channel\":18446744073709551616}"},
	{CMD, B "\"channel\":18446744073709551617}"},
	{CMD, B "\"channel\":5.0}"},
	{CMD, B "\"channel\":\"5\"}"},
	{CMD, B "\"channel\":true}"},
	{CMD, B "\"channel\":null}"},
	{CMD, B "\"channel\":[5]}"},
	{CMD, B "\"channel\":NaN}"},
	{CMD, B "\"channel\":05}"},
	{CMD, B "\"channel\":+5}"},
	{CMD, B C "," C "}"},
	{CMD, B C ",\"\\u0063hannel\":5}"},
	/* duration */
	{CMD, B C ",\"duration\":0}"},
	{CMD, B C ",\"duration\":-1}"},
	{CMD, B C ",\"duration\":86401}"},
	{CMD, B C ",\"duration\":4294967326}"},
	{CMD, B C ",\"duration\":10.5}"},
	{CMD, B C ",\"duration\":-10.0}"},
	{CMD, B C ",\"duration\":1e308}"},
	{CMD, B C ",\"duration\":1e999}"},
	{CMD, B C ",\"duration\":NaN}"},
	{CMD, B C ",\"duration\":Infinity}"},
	{CMD, B C ",\"duration\":\"10\"}"},
	{CMD, B C ",\"duration\":null}"},
	/* uid */
	{CMD, B C ",\"ack\":0}"},
	{CMD, A "\"\"}"},
	{CMD, A "7}"},
	{CMD, A "null}"},
	{CMD, A "[\"u\"]}"},
	{CMD, A "\"" UID "0\"}"},
	{CMD, A "\"\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80"
		"\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\x30\"}"},
	/* result */
	{RES, ""},
	{RES, "{\"cmd\":\"TEST_RESULT\",\"ack\":0}"},
	{RES, "{\"cmd\":\"TEST_RESULT\",\"ack\":0,\"guid\":\"\"}"},
	{RES, "{\"cmd\":\"TEST_RESULT\",\"ack\":0,\"guid\":\"" UID "0\"}"},
	{RES, "{\"cmd\":\"TEST_RESULT\",\"ack\":0,\"guid\":0}"},
	{RES, "{\"cmd\":\"TEST_RESULT\",\"ack\":1,\"guid\":\"" UID "\"}"},
	{RES, "{\"cmd\":\"BWUP\",\"ack\":0,\"guid\":\"" UID "\"}"},
	{RES, RESULT "\"bytes_received\":1," R2 "}"},
	{RES, R1 R2 "}"},
	{RES, R1 "\"bytes_received\":-1," R2 "}"},
	{RES, R1 "\"bytes_received\":1.5," R2 "}"},
	{RES, R1 "\"bytes_received\":9007199254740993," R2 "}"},
	{RES, R1 "\"bytes_received\":9007199254740994.0," R2 "}"},
	{RES, R1 "\"bytes_received\":1e308," R2 "}"},
	{RES, R1 "\"bytes_received\":18446744073709551616," R2 "}"},
	{RES, R1 "\"bytes_received\":\"1\"," R2 "}"},
	{RES, R1 "\"bytes_received\":NaN," R2 "}"},
	{RES, R1 "\"bytes_received\":1,\"bandwidth_bps\":-0.5,\"retransmit_count\":1,\"duration\":"
		 "1}"},
	{RES, R1 "\"bytes_received\":1,\"bandwidth_bps\":NaN,\"retransmit_count\":1,\"duration\":"
		 "1}"},
	{RES, R1 "\"bytes_received\":1,\"bandwidth_bps\":1e309,\"retransmit_count\":1,\"duration\":"
		 "1}"},
	{RES, R1 "\"bytes_received\":1,\"bandwidth_bps\":null,\"retransmit_count\":1,\"duration\":"
		 "1}"},
	{RES, R1 "\"bytes_received\":1,\"bandwidth_bps\":1,\"duration\":1}"},
	{RES, R1 "\"bytes_received\":1,\"bandwidth_bps\":1,\"retransmit_count\":1}"},
	{RES, R1 "\"bytes_received\":1,\"bandwidth_bps\":1,\"retransmit_count\":1,\"duration\":-1}"},
	{RES, R1 "\"bytes_received\":1,\"packet_count\":-1," R2 "}"},
	{RES, R1 "\"bytes_received\":1,\"packet_count\":null," R2 "}"},
	{RES, R1 "\"bytes_received\":1,\"unique_packets\":1," R2 "}"},
	{RES, R1 "\"bytes_received\":1,\"unique_packets\":1,\"duplicates\":1,\"reordered\":1,"
		 "\"socket_drops\":\"1\"," R2 "}"},
	/* heartbeats */
	{HB0, ""},
	{HB0, "{}"},
	{HB0, "[1]"},
	{HB0, "{\"timestamp\": null}"},
	{HB0, "{\"timestamp\": true}"},
	{HB0, "{\"timestamp\": [1]}"},
	{HB0, "{\"timestamp\": {}}"},
	{HB0, "{\"timestamp\": NaN}"},
	{HB0, "{\"timestamp\": 1e999}"},
	{HB0, "{\"timestamp\": 1"},
	{HB0, "{\"timestamp\": \"}"},
	{HB0, "{\"timestamp\": 1}}"},
	{HB0, "{\"timestamp\": 1, \"timestamp\": 1}"},
	{HB0, "{\"timestamp\": 1, \"\\u0074imestamp\": 2}"},
	{HB0, "{\"x\": {\"timestamp\": 1}}"},
	{HB0, "{\"x\": \"timestamp\"}"},
	{HB0, "{\"timestamp\": " LONG_45 "}"},
	{HB0, "{\"timestamp\": 0.1234567890123456789012345678901234567890123}"},
	{HB0, "{\"client_timestamp\": 1, \"server_timestamp\": 2}"},
	{HB1, "{\"timestamp\": 1}"},
	{HB1, "{\"client_timestamp\": 1}"},
	{HB1, "{\"server_timestamp\": 1}"},
	{HB1, "{\"client_timestamp\": 1, \"server_timestamp\": null}"},
	{HB1, "{\"client_timestamp\": 1, \"server_timestamp\": " LONG_45 "}"},
};

static void test_hostile(void **state)
{
	(void)state;
	assert_int_equal(strlen(LONG_45), 45);
	for (size_t i = 0; i < COUNT(hostile_rows); i++) {
		const struct hostile_row *r = &hostile_rows[i];

		if (parse_bytes(r->kind, r->body, strlen(r->body)) != REJECT_BODY)
			fail_msg("accepted as %d: %s", (int)r->kind, r->body);
	}
}

static const char *const good[KINDS] = {
	[HB0] = "{\"timestamp\": 1}",
	[HB1] = "{\"client_timestamp\": 1, \"server_timestamp\": \"2\"}",
	[CMD] = "{\"cmd\":\"BWUP\",\"ack\":0,\"channel\":5,\"duration\":9.0,\"uid\":\"" UID "\"}",
	[RES] = R1 "\"bytes_received\":1,\"packet_count\":2," R2 "}",
};

/* Cut anywhere, with a NUL anywhere, nested at any depth, or padded beyond a datagram. */
static void test_broken(void **state)
{
	(void)state;
	for (enum kind kind = HB0; kind < KINDS; kind++) {
		size_t size = strlen(good[kind]);
		char body[WIRE_BODY_BYTES + 1];

		assert_int_equal(parse_bytes(kind, good[kind], size), WIRE_OK);
		for (size_t at = 0; at < size; at++) {
			assert_int_equal(parse_bytes(kind, good[kind], at), REJECT_BODY);
			memcpy(body, good[kind], size);
			body[at] = '\0';
			assert_int_equal(parse_bytes(kind, body, size), REJECT_BODY);
		}
		memset(body, ' ', sizeof(body));
		memcpy(body, good[kind], size);
		assert_int_equal(parse_bytes(kind, body, WIRE_BODY_BYTES), WIRE_OK);
		assert_int_equal(parse_bytes(kind, body, WIRE_BODY_BYTES + 1), REJECT_BODY);
		body[size] = '\0';
		assert_int_equal(parse_bytes(kind, body, size + 1), REJECT_BODY);
		for (size_t depth = 1; depth <= 1000; depth++) {
			memset(body, '[', depth);
			assert_int_equal(parse_bytes(kind, body, depth), REJECT_BODY);
		}
	}
}

static void test_huge_text(void **state)
{
	char body[WIRE_BODY_BYTES];
	int size = snprintf(
		body, sizeof(body), "{\"cmd\":\"BWUP\",\"ack\":0,\"channel\":5,\"uid\":\"%0*d\"}", 1300, 0);

	(void)state;
	assert_int_equal(parse_bytes(CMD, body, (size_t)size), REJECT_BODY);
	size = snprintf(body, sizeof(body), "{\"timestamp\":\"%0*d\"}", 1300, 0);
	assert_int_equal(parse_bytes(HB0, body, (size_t)size), REJECT_BODY);
	size = snprintf(body, sizeof(body), "{\"timestamp\":0.%0*d}", 1300, 0);
	assert_int_equal(parse_bytes(HB0, body, (size_t)size), REJECT_BODY);
}

/* Brackets inside text are no nesting. */
static void test_depth_in_text(void **state)
{
	static const char body[] = "{\"x\":\"[[[[[[[[[[[[\\\"[[\",\"timestamp\":1}";

	(void)state;
	assert_int_equal(parse_bytes(HB0, body, sizeof(body) - 1), WIRE_OK);
}

static int allocations_left;

static void *allocate_some(size_t size)
{
	return allocations_left-- > 0 ? malloc(size) : NULL;
}

static void test_no_memory(void **state)
{
	(void)state;
	json_set_alloc_funcs(allocate_some, free);
	for (enum kind kind = HB0; kind < KINDS; kind++) {
		int refused = 0;

		for (allocations_left = 0; parse_bytes(kind, good[kind], strlen(good[kind])) != WIRE_OK;
			allocations_left = refused) {
			refused++;
			assert_in_range(refused, 1, 1000);
		}
		assert_int_not_equal(refused, 0);
	}
	json_set_alloc_funcs(malloc, free);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hostile),
		cmocka_unit_test(test_broken),
		cmocka_unit_test(test_huge_text),
		cmocka_unit_test(test_depth_in_text),
		cmocka_unit_test(test_no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
