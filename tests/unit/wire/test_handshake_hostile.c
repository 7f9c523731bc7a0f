#include <jansson.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/wire/handshake.h"
#include "tests/support/test.h"
#include "tests/support/vectors.h"

#define HEX32 "a0a1a2a3a4a5a6a7a8a9aaabacadaeaf"
#define HEX64 HEX32 HEX32
#define BEGIN "{\"wyndrvr\":1,\"nonce\":\"" HEX32 "\""
#define NAMED ",\"key\":\"lab-1\""
#define MAC   ",\"mac\":\"" HEX64 "\""

static int begin(void **state)
{
	(void)state;
	return sodium_init() < 0;
}

static struct key make_key(const char *vector)
{
	struct key key = {.name = "lab-1"};
	uint8_t bytes[VECTOR_BYTES];

	assert_int_equal(vector_hex(bytes, vector, "key"), KEY_BYTES);
	memcpy(key.secret, bytes, KEY_BYTES);
	return key;
}

static enum wire_reject parse_bytes(const void *bytes, size_t size, struct handshake_question *h)
{
	uint8_t *copy = malloc(size ? size : 1);
	enum wire_reject got;

	assert_non_null(copy);
	memcpy(copy, bytes, size);
	got = handshake_decode_question(copy, size, h);
	free(copy);
	return got;
}

/* Behind CONNECT and padded to size, unless it is too long for that; `json` lacks its last brace.
 */
static enum wire_reject parse_json(const char *json, struct handshake_question *h)
{
	char text[2 * HANDSHAKE_BYTES];
	int room = HANDSHAKE_BYTES - (int)strlen("CONNECT ,\"pad\":\"\"}") - (int)strlen(json);

	assert_true(room > 0);
	snprintf(text, sizeof(text), "CONNECT %s,\"pad\":\"%0*d\"}", json, room, 0);
	assert_int_equal(strlen(text), HANDSHAKE_BYTES);
	return parse_bytes(text, HANDSHAKE_BYTES, h);
}

#define NONCE(text)  "{\"wyndrvr\":1,\"nonce\":" text
#define COOKIE(text) BEGIN ",\"cookie\":" text
#define KEY(text)    BEGIN MAC ",\"key\":" text

static const char *const hostile_rows[] = {
	/* version */
	"{\"wyndrvr\":\"1\",\"nonce\":\"" HEX32 "\"",
	"{\"wyndrvr\":null,\"nonce\":\"" HEX32 "\"",
	"{\"wyndrvr\":true,\"nonce\":\"" HEX32 "\"",
	"{\"wyndrvr\":[1],\"nonce\":\"" HEX32 "\"",
	"{\"wyndrvr\":-1,\"nonce\":\"" HEX32 "\"",
	"{\"wyndrvr\":1.5,\"nonce\":\"" HEX32 "\"",
	"{\"wyndrvr\":1e308,\"nonce\":\"" HEX32 "\"",
	"{\"wyndrvr\":1e999,\"nonce\":\"" HEX32 "\"",
	"{\"wyndrvr\":NaN,\"nonce\":\"" HEX32 "\"",
	"{\"wyndrvr\":01,\"nonce\":\"" HEX32 "\"",
	"{\"wyndrvr\":4294967296,\"nonce\":\"" HEX32 "\"",
	"{\"wyndrvr\":4294967297,\"nonce\":\"" HEX32 "\"",
	"{\"wyndrvr\":18446744073709551617,\"nonce\":\"" HEX32 "\"",
	/* nonce */
	"{\"wyndrvr\":1",
	"{\"wyndrvr\":2",
	"{\"wyndrvr\":1,\"x\":{\"nonce\":\"" HEX32 "\"}",
	NONCE("\"\""),
	NONCE("7"),
	NONCE("null"),
	NONCE("[\"" HEX32 "\"]"),
	NONCE("\"a0a1a2a3a4a5a6a7a8a9aaabacadaea\""),
	NONCE("\"" HEX32 "a\""),
	NONCE("\"" HEX32 "00\""),
	NONCE("\"" HEX64 "\""),
	NONCE("\"g0a1a2a3a4a5a6a7a8a9aaabacadaeaf\""),
	NONCE("\"0xa1a2a3a4a5a6a7a8a9aaabacadaeaf\""),
	NONCE("\"a0:a1:a2:a3:a4:a5:a6:a7:a8:a9:aa\""),
	NONCE("\" a0a1a2a3a4a5a6a7a8a9aaabacadaea\""),
	NONCE("\"a0a1a2a3a4a5a6a7a8a9aaabacadae\\u0000\""),
	"{\"wyndrvr\":2,\"nonce\":\"a0\"",
	/* doubled, or hidden behind escapes */
	BEGIN ",\"nonce\":\"" HEX32 "\"",
	BEGIN ",\"\\u006eonce\":\"" HEX32 "\"",
	BEGIN ",\"wyndrvr\":1",
	COOKIE("\"" HEX32 "\",\"cookie\":\"" HEX32 "\""),
	BEGIN ",\"pad\":\"\"",
	/* features */
	BEGIN ",\"features\":null",
	BEGIN ",\"features\":\"bwdn\"",
	BEGIN ",\"features\":{\"bwdn\":1}",
	BEGIN ",\"features\":15",
	BEGIN ",\"features\":[\"bwdn\",7]",
	BEGIN ",\"features\":[[\"bwdn\"]]",
	BEGIN ",\"features\":[null]",
	/* cookie */
	COOKIE("\"\""),
	COOKIE("null"),
	COOKIE("0"),
	COOKIE("\"a0a1a2a3a4a5a6a7a8a9aaabacadaea\""),
	COOKIE("\"" HEX32 "0\""),
	COOKIE("\"" HEX64 "\""),
	COOKIE("\"z0a1a2a3a4a5a6a7a8a9aaabacadaeaf\""),
	/* key, mac */
	BEGIN NAMED,
	BEGIN MAC,
	KEY("\"\""),
	KEY("7"),
	KEY("null"),
	KEY("[\"lab-1\"]"),
	KEY("\"lab 1\""),
	KEY("\"lab/1\""),
	KEY("\"lab\\u001b[2J\""),
	KEY("\"lab\xe2\x80\xae"
	    "1\""),
	KEY("\"lab\\u202e1\""),
	KEY("\"lab\\\"1\""),
	KEY("\"lab-1\\u0000\""),
	KEY("\"abcdefghijklmnopqrstuvwxyz0123456\""),
	BEGIN NAMED ",\"mac\":\"" HEX32 "\"",
	BEGIN NAMED ",\"mac\":\"" HEX64 "0\"",
	BEGIN NAMED ",\"mac\":null",
	BEGIN NAMED ",\"mac\":[]",
	/* no JSON, or not all of it */
	BEGIN "}{\"a\":1",
	BEGIN "} ,{\"a\":1",
	BEGIN "]",
	BEGIN ",",
	BEGIN ",\"x\":\"\xff\"",
	BEGIN ",\"x\":\"\xc0\x80\"",
	BEGIN ",\"x\":\"\\ud800\"",
	BEGIN ",\"x\":\"\n\"",
	BEGIN ",\"x\":[[[[[[[[1]]]]]]]]",
	BEGIN ",\"x\":{\"x\":{\"x\":{\"x\":{\"x\":{\"x\":{\"x\":{\"x\":1}}}}}}}}",
};

static void test_hostile(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(hostile_rows); i++) {
		struct handshake_question h;

		if (parse_json(hostile_rows[i], &h) != REJECT_BODY)
			fail_msg("accepted: %s", hostile_rows[i]);
	}
}

static void test_random(void **state)
{
	static const uint8_t breaking[] = "\"\\{}[]:,0a\0\xff";
	struct key key = make_key("hello_key");
	char good[VECTOR_BYTES];
	uint64_t seed = 1;
	unsigned taken = 0;

	(void)state;
	vector_text(good, "hello_key", "wire");
	for (int round = 0; round < 20000; round++) {
		uint8_t *bytes = malloc(HANDSHAKE_BYTES);
		struct handshake_question h;

		assert_non_null(bytes);
		memcpy(bytes, good, HANDSHAKE_BYTES);
		for (int change = 0; change < 2; change++) {
			seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407;
			bytes[(seed >> 33) % HANDSHAKE_BYTES] =
				breaking[(seed >> 56) % (sizeof(breaking) - 1)];
		}
		if (handshake_decode_question(bytes, HANDSHAKE_BYTES, &h) == WIRE_OK) {
			taken++;
			handshake_verify_question(bytes, HANDSHAKE_BYTES, &h, &key);
			assert_true(h.key[0] == '\0' || key_is_name(h.key));
		}
		free(bytes);
	}
	assert_in_range(taken, 100, 19000);
}

static int allocations_left;

static void *allocate_some(size_t size)
{
	return allocations_left-- > 0 ? malloc(size) : NULL;
}

static void test_no_memory(void **state)
{
	char good[VECTOR_BYTES];
	struct handshake_question h;
	int refused = 0;

	(void)state;
	vector_text(good, "hello_key", "wire");
	json_set_alloc_funcs(allocate_some, free);
	for (allocations_left = 0; parse_bytes(good, HANDSHAKE_BYTES, &h) != WIRE_OK;
		allocations_left = refused) {
		refused++;
		assert_in_range(refused, 1, 1000);
	}
	json_set_alloc_funcs(malloc, free);
	assert_int_not_equal(refused, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hostile),
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_no_memory),
	};

	return cmocka_run_group_tests(tests, begin, NULL);
}
