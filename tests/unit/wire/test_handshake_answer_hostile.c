#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/wire/handshake.h"
#include "tests/support/test.h"
#include "tests/support/vectors.h"

#define HEX32   "a0a1a2a3a4a5a6a7a8a9aaabacadaeaf"
#define BEGIN   "{\"wyndrvr\":1,\"nonce\":\"" HEX32 "\","
#define TOKEN   "\"token\":\"" HEX32 "\","
#define PORTS   "\"ports\":[7000,7001,7002],"
#define WELCOME BEGIN TOKEN PORTS "\"key\":7"
#define REFUSED BEGIN "\"refused\":\"busy\""

static struct key key;

static int begin(void **state)
{
	uint8_t bytes[VECTOR_BYTES];

	(void)state;
	strcpy(key.name, "lab-1");
	vector_hex(bytes, "welcome", "key");
	memcpy(key.secret, bytes, sizeof(key.secret));
	return sodium_init() < 0;
}

static enum wire_reject parse_bytes(const void *bytes, size_t size, struct handshake_answer *a)
{
	uint8_t *copy = malloc(size ? size : 1);
	enum wire_reject got;

	assert_non_null(copy);
	memcpy(copy, bytes, size);
	got = handshake_decode_answer(copy, size, a);
	free(copy);
	return got;
}

#define PORTS_ARE(list) BEGIN TOKEN "\"key\":7,\"features\":[],\"ports\":" list "}"
#define KEY_IS(number)  BEGIN TOKEN PORTS "\"key\":" number "}"
#define CAPS_ARE(caps)  WELCOME ",\"caps\":" caps "}"

static const char *const hostile_rows[] = {
	"",
	"{",
	"}",
	"{}",
	"[]",
	"7000,7001,7002,26970",
	" " WELCOME "}",
	WELCOME "} ",
	WELCOME "}\n",
	WELCOME "}}",
	"CONNECT " WELCOME "}",
	/* kind, version, nonce */
	"{\"wyndrvr\":1,\"nonce\":\"" HEX32 "\"}",
	"{\"nonce\":\"" HEX32 "\",\"refused\":\"busy\"}",
	"{\"wyndrvr\":1,\"refused\":\"busy\"}",
	"{\"wyndrvr\":1,\"nonce\":\"" HEX32 "0\",\"refused\":\"busy\"}",
	"{\"wyndrvr\":1,\"nonce\":7,\"refused\":\"busy\"}",
	"{\"wyndrvr\":2,\"nonce\":\"" HEX32 "\",\"cookie\":\"" HEX32 "\"}",
	"{\"wyndrvr\":2,\"nonce\":\"" HEX32 "\"," TOKEN PORTS "\"key\":7}",
	"{\"wyndrvr\":-1,\"nonce\":\"" HEX32 "\",\"refused\":\"busy\"}",
	"{\"wyndrvr\":4294967297,\"nonce\":\"" HEX32 "\",\"cookie\":\"" HEX32 "\"}",
	WELCOME ",\"refused\":\"busy\"}",
	WELCOME ",\"cookie\":\"" HEX32 "\"}",
	REFUSED ",\"cookie\":\"" HEX32 "\"}",
	/* cookie */
	BEGIN "\"cookie\":null}",
	BEGIN "\"cookie\":\"\"}",
	BEGIN "\"cookie\":\"" HEX32 "0\"}",
	BEGIN "\"cookie\":\"a\"}",
	/* token, doubled keys */
	BEGIN "\"token\":\"a0\"," PORTS "\"key\":7}",
	BEGIN "\"token\":7," PORTS "\"key\":7}",
	WELCOME ",\"token\":\"" HEX32 "\"}",
	WELCOME ",\"key\":7}",
	WELCOME ",\"caps\":{},\"caps\":{}}",
	CAPS_ARE("{\"rate\":1,\"rate\":1}"),
	/* ports */
	BEGIN TOKEN "\"key\":7}",
	PORTS_ARE("null"),
	PORTS_ARE("7000"),
	PORTS_ARE("\"7000,7001,7002\""),
	PORTS_ARE("[]"),
	PORTS_ARE("[7000,7001]"),
	PORTS_ARE("[7000,7001,7002,7003]"),
	PORTS_ARE("[7000,7001,\"7002\"]"),
	PORTS_ARE("[7000,7001,null]"),
	PORTS_ARE("[7000,7001,0]"),
	PORTS_ARE("[7000,7001,-1]"),
	PORTS_ARE("[7000,7001,65536]"),
	PORTS_ARE("[7000,7001,72538]"),
	PORTS_ARE("[7000,7001,7002.5]"),
	PORTS_ARE("[7000,7001,1e308]"),
	PORTS_ARE("[7000,7000,7002]"),
	PORTS_ARE("[7000,7001,7001]"),
	PORTS_ARE("[7000,7001,7000]"),
	PORTS_ARE("[7000,7000,7000]"),
	/* key */
	BEGIN TOKEN "\"ports\":[7000,7001,7002]}",
	KEY_IS("-1"),
	KEY_IS("16777216"),
	KEY_IS("4294967296"),
	KEY_IS("\"7\""),
	KEY_IS("null"),
	KEY_IS("7.5"),
	KEY_IS("NaN"),
	/* features, caps */
	WELCOME ",\"features\":\"bwdn\"}",
	WELCOME ",\"features\":[1]}",
	CAPS_ARE("null"),
	CAPS_ARE("[]"),
	CAPS_ARE("7"),
	CAPS_ARE("{\"rate\":-1}"),
	CAPS_ARE("{\"rate\":\"1\"}"),
	CAPS_ARE("{\"rate\":null}"),
	CAPS_ARE("{\"rate\":1.5}"),
	CAPS_ARE("{\"rate\":9007199254740993}"),
	CAPS_ARE("{\"rate\":1e308}"),
	CAPS_ARE("{\"duration\":-1}"),
	CAPS_ARE("{\"duration\":4294967296}"),
	CAPS_ARE("{\"duration\":\"60\"}"),
	CAPS_ARE("{\"tests\":4294967296}"),
	CAPS_ARE("{\"tests\":true}"),
	/* refusal */
	BEGIN "\"refused\":\"\"}",
	BEGIN "\"refused\":\"no\"}",
	BEGIN "\"refused\":\"BUSY\"}",
	BEGIN "\"refused\":\"busier\"}",
	BEGIN "\"refused\":1}",
	BEGIN "\"refused\":null}",
	REFUSED ",\"wait\":-1}",
	REFUSED ",\"wait\":4294967296}",
	REFUSED ",\"wait\":\"5\"}",
	REFUSED ",\"wait\":null}",
	REFUSED ",\"text\":7}",
	REFUSED ",\"text\":null}",
	REFUSED ",\"text\":\"\xff\"}",
	REFUSED ",\"text\":\"\\u0000\"}",
	/* mac, depth */
	REFUSED ",\"mac\":7}",
	REFUSED ",\"mac\":\"" HEX32 "\"}",
	REFUSED ",\"mac\":\"" HEX32 HEX32 "0\"}",
	REFUSED ",\"x\":[[[[[[[[1]]]]]]]]}",
};

static void test_hostile(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(hostile_rows); i++) {
		struct handshake_answer a;

		if (parse_bytes(hostile_rows[i], strlen(hostile_rows[i]), &a) != REJECT_BODY)
			fail_msg("accepted: %s", hostile_rows[i]);
	}
}

static void test_random(void **state)
{
	static const uint8_t breaking[] = "\"\\{}[]:,0a\0\xff";
	char good[VECTOR_BYTES];
	size_t size = vector_text(good, "welcome", "wire");
	uint64_t seed = 1;
	unsigned taken = 0;

	(void)state;
	for (int round = 0; round < 20000; round++) {
		uint8_t *bytes = malloc(size);
		struct handshake_answer a;

		assert_non_null(bytes);
		memcpy(bytes, good, size);
		for (int change = 0; change < 2; change++) {
			seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407;
			bytes[(seed >> 33) % size] = breaking[(seed >> 56) % (sizeof(breaking) - 1)];
		}
		if (handshake_decode_answer(bytes, size, &a) == WIRE_OK) {
			taken++;
			assert_true(a.assignment.port[0] != 0 && a.assignment.port[2] != 0);
			assert_true(a.assignment.key <= WIRE_CHANNEL_MAX);
			handshake_verify_answer(bytes, size, &a, &key);
		}
		free(bytes);
	}
	assert_in_range(taken, 100, 19000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hostile),
		cmocka_unit_test(test_random),
	};

	return cmocka_run_group_tests(tests, begin, NULL);
}
