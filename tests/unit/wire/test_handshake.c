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

static void test_vector_first(void **state)
{
	struct handshake_question h = {.version = HANDSHAKE_VERSION, .features = FEATURES_OURS};
	uint8_t out[HANDSHAKE_BYTES], bytes[VECTOR_BYTES];
	char want[VECTOR_BYTES];
	struct handshake_question got;

	(void)state;
	vector_hex(bytes, "hello", "nonce");
	memcpy(h.nonce, bytes, sizeof(h.nonce));
	handshake_encode_question(out, &h, NULL);
	assert_int_equal(vector_text(want, "hello", "wire"), HANDSHAKE_BYTES);
	assert_memory_equal(out, want, HANDSHAKE_BYTES);
	assert_int_equal(parse_bytes(out, HANDSHAKE_BYTES, &got), WIRE_OK);
	assert_memory_equal(got.nonce, h.nonce, sizeof(h.nonce));
	assert_int_equal(got.version, HANDSHAKE_VERSION);
	assert_int_equal(got.features, FEATURES_OURS);
	assert_false(got.has_cookie || got.has_mac);
	assert_string_equal(got.key, "");
}

static void test_vector_second(void **state)
{
	struct handshake_question h = {
		.version = HANDSHAKE_VERSION, .features = FEATURES_OURS, .has_cookie = true};
	struct key key = make_key("hello_key"), other = key;
	uint8_t out[HANDSHAKE_BYTES], bytes[VECTOR_BYTES];
	char want[VECTOR_BYTES];
	struct handshake_question got;

	(void)state;
	vector_hex(bytes, "hello_key", "nonce");
	memcpy(h.nonce, bytes, sizeof(h.nonce));
	vector_hex(bytes, "hello_key", "cookie");
	memcpy(h.cookie, bytes, sizeof(h.cookie));
	handshake_encode_question(out, &h, &key);
	assert_int_equal(vector_text(want, "hello_key", "wire"), HANDSHAKE_BYTES);
	assert_memory_equal(out, want, HANDSHAKE_BYTES);
	assert_int_equal(parse_bytes(out, HANDSHAKE_BYTES, &got), WIRE_OK);
	assert_true(got.has_cookie && got.has_mac);
	assert_memory_equal(got.cookie, h.cookie, sizeof(h.cookie));
	assert_string_equal(got.key, "lab-1");
	vector_hex(bytes, "hello_key", "mac");
	assert_memory_equal(got.mac, bytes, sizeof(got.mac));
	assert_true(handshake_verify_question(out, HANDSHAKE_BYTES, &got, &key));
	other.secret[KEY_BYTES - 1] ^= 1;
	assert_false(handshake_verify_question(out, HANDSHAKE_BYTES, &got, &other));
}

/* Whatever is in it, the question has its fixed size. */
static void test_longest(void **state)
{
	struct handshake_question h = {.version = UINT32_MAX, .features = UINT32_MAX, .has_cookie = true};
	struct key key = make_key("hello_key");
	uint8_t out[HANDSHAKE_BYTES];
	struct handshake_question got;

	(void)state;
	strcpy(key.name, "abcdefghijklmnopqrstuvwxyz012345");
	handshake_encode_question(out, &h, &key);
	assert_int_equal(handshake_kind(out, HANDSHAKE_BYTES), HANDSHAKE_EXTENDED);
	assert_int_equal(parse_bytes(out, HANDSHAKE_BYTES, &got), WIRE_OK);
	assert_string_equal(got.key, key.name);
	assert_int_equal(got.version, UINT32_MAX);
	assert_int_equal(got.features, FEATURES_OURS);
	assert_true(handshake_verify_question(out, HANDSHAKE_BYTES, &got, &key));
}

struct kind_row {
	const char *text;
	size_t size; /* padded with '0'; 0: as long as the text */
	enum handshake_kind want;
};

static const struct kind_row kind_rows[] = {
	{"CONNECT", 0, HANDSHAKE_CLASSIC},
	{"CONNECT\n", 0, HANDSHAKE_CLASSIC},
	{"CONNECT\r\n", 0, HANDSHAKE_CLASSIC},
	{"", 0, HANDSHAKE_NONE},
	{"C", 0, HANDSHAKE_NONE},
	{"CONNEC", 0, HANDSHAKE_NONE},
	{"connect", 0, HANDSHAKE_NONE},
	{"CONNECX", 0, HANDSHAKE_NONE},
	{"CONNECT\r", 0, HANDSHAKE_NONE},
	{"CONNECT\n\n", 0, HANDSHAKE_NONE},
	{"CONNECT\n\r", 0, HANDSHAKE_NONE},
	{"CONNECT ", 0, HANDSHAKE_NONE},
	{"CONNECTED", 0, HANDSHAKE_NONE},
	{"CONNECT\r\n\n", 0, HANDSHAKE_NONE},
	{"7000,7001,7002,26970", 0, HANDSHAKE_NONE},
	{"CONNECT {\"wyndrvr\":1}", 0, HANDSHAKE_NONE},
	{"CONNECT {\"wyndrvr\":", HANDSHAKE_BYTES, HANDSHAKE_EXTENDED},
	{"CONNECT {\"wyndrvr\":", HANDSHAKE_BYTES - 1, HANDSHAKE_NONE},
	{"CONNECT {\"wyndrvr\":", HANDSHAKE_BYTES + 1, HANDSHAKE_NONE},
	{"CONNECT {\"wyndrvr\" :", HANDSHAKE_BYTES, HANDSHAKE_NONE},
	{"CONNECT {}", HANDSHAKE_BYTES, HANDSHAKE_NONE},
	{"CONNECT  {\"wyndrvr\":", HANDSHAKE_BYTES, HANDSHAKE_NONE},
	{"CONNECT", HANDSHAKE_BYTES, HANDSHAKE_NONE},
	{"", HANDSHAKE_BYTES, HANDSHAKE_NONE},
};

static void test_kinds(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(kind_rows); i++) {
		const struct kind_row *r = &kind_rows[i];
		size_t size = r->size ? r->size : strlen(r->text);
		uint8_t *bytes = malloc(size ? size : 1);

		assert_non_null(bytes);
		memset(bytes, '0', size);
		memcpy(bytes, r->text, strlen(r->text));
		if (handshake_kind(bytes, size) != r->want)
			fail_msg("row %zu, %zu bytes: %s", i, size, r->text);
		free(bytes);
	}
}

struct good_row {
	const char *json;
	uint32_t version, features;
	bool has_cookie;
	const char *key;
};

#define LATER "{\"wyndrvr\":2,\"nonce\":\"" HEX32 "\""

static const struct good_row good_rows[] = {
	{BEGIN, 1, 0, false, ""},
	{BEGIN ",\"features\":[]", 1, 0, false, ""},
	{BEGIN ",\"features\":[\"bwdn\"]", 1, FEATURE_BWDN, false, ""},
	{BEGIN ",\"features\":[\"single_port\",\"teleport\",\"\",\"bwdn\",\"bwdn\"]", 1,
		FEATURE_BWDN | FEATURE_SINGLE_PORT, false, ""},
	{BEGIN ",\"cookie\":\"" HEX32 "\"", 1, 0, true, ""},
	{BEGIN ",\"cookie\":\"A0A1A2A3A4A5A6A7A8A9AAABACADAEAF\"", 1, 0, true, ""},
	{BEGIN NAMED MAC, 1, 0, false, "lab-1"},
	{BEGIN MAC NAMED, 1, 0, false, "lab-1"},
	{BEGIN ",\"future\":{\"a\":[1,2,{\"b\":null}]}", 1, 0, false, ""},
	{"{\"wyndrvr\": 1.0 , \"nonce\": \"" HEX32 "\"", 1, 0, false, ""},
	/* another version: only the nonce must be as we know it */
	{LATER ",\"features\":{\"bwdn\":2},\"cookie\":7", 2, 0, false, ""},
	{LATER ",\"features\":[\"bwdn\"],\"key\":[1]", 2, FEATURE_BWDN, false, ""},
	{LATER ",\"cookie\":\"" HEX32 "\"" NAMED, 2, 0, true, "lab-1"},
	{"{\"wyndrvr\":0,\"nonce\":\"" HEX32 "\"", 0, 0, false, ""},
	{"{\"wyndrvr\":4294967295,\"nonce\":\"" HEX32 "\"", UINT32_MAX, 0, false, ""},
};

static void test_good(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(good_rows); i++) {
		const struct good_row *r = &good_rows[i];
		struct handshake_question h;

		if (parse_json(r->json, &h) != WIRE_OK)
			fail_msg("refused: %s", r->json);
		if (h.version != r->version || h.features != r->features || h.has_cookie != r->has_cookie ||
			strcmp(h.key, r->key) != 0 || h.nonce[0] != 0xa0 || h.nonce[15] != 0xaf)
			fail_msg("row %zu: %s", i, r->json);
	}
}

static void test_sizes(void **state)
{
	char text[2 * HANDSHAKE_BYTES], good[VECTOR_BYTES];
	struct handshake_question h;

	(void)state;
	vector_text(good, "hello", "wire");
	memset(text, ' ', sizeof(text));
	memcpy(text, good, HANDSHAKE_BYTES);
	for (size_t size = 0; size < sizeof(text); size++)
		assert_int_equal(
			parse_bytes(text, size, &h), size == HANDSHAKE_BYTES ? WIRE_OK : REJECT_BODY);
	/* Nothing follows the object, be it blanks. */
	text[HANDSHAKE_BYTES - 2] = '}';
	text[HANDSHAKE_BYTES - 3] = '"';
	text[HANDSHAKE_BYTES - 1] = ' ';
	assert_int_equal(parse_bytes(text, HANDSHAKE_BYTES, &h), REJECT_BODY);
	text[HANDSHAKE_BYTES - 1] = '\0';
	assert_int_equal(parse_bytes(text, HANDSHAKE_BYTES, &h), REJECT_BODY);
	/* Opened, never closed. */
	memset(text + 30, '[', sizeof(text) - 30);
	text[HANDSHAKE_BYTES - 1] = '}';
	assert_int_equal(parse_bytes(text, HANDSHAKE_BYTES, &h), REJECT_BODY);
}

/* Every bit of a question counts, but for its padding. */
static void test_flipped(void **state)
{
	struct key key = make_key("hello_key");
	char text[VECTOR_BYTES];
	size_t pad;

	(void)state;
	vector_text(text, "hello_key", "wire");
	pad = (size_t)(strstr(text, ",\"pad\"") - text);
	for (size_t bit = 0; bit < 8 * HANDSHAKE_BYTES; bit++) {
		struct handshake_question h;
		bool ok;

		text[bit / 8] ^= (char)(1 << bit % 8);
		ok = handshake_decode_question((const uint8_t *)text, HANDSHAKE_BYTES, &h) == WIRE_OK &&
		     handshake_verify_question((const uint8_t *)text, HANDSHAKE_BYTES, &h, &key);
		/* The digits of the mac itself may be written in capitals. */
		if (ok && bit / 8 < pad && !(bit % 8 == 5 && bit / 8 > pad - 66))
			fail_msg("bit %zu of byte %zu", bit % 8, bit / 8);
		text[bit / 8] ^= (char)(1 << bit % 8);
	}
}

struct appended_row {
	const char *text; /* stands behind the mac */
	bool want;
};

static const struct appended_row appended_rows[] = {
	{"", true},
	{",\"x\":1", false},
	{",\"features\":[\"bwdn\"]", false},
	{",\"cookie\":\"" HEX32 "\"", false},
	{" ", false},
};

/* What isn't under the mac can't be slipped in, so neither can a mac that isn't where it should be.
 */
static void test_appended(void **state)
{
	struct key key = make_key("hello_key");
	uint8_t mac[crypto_generichash_BYTES];
	char hex[2 * sizeof(mac) + 1];
	static const char json[] = BEGIN NAMED;

	(void)state;
	crypto_generichash(
		mac, sizeof(mac), (const uint8_t *)json, strlen(json), key.secret, sizeof(key.secret));
	sodium_bin2hex(hex, sizeof(hex), mac, sizeof(mac));
	for (size_t i = 0; i < COUNT(appended_rows); i++) {
		const struct appended_row *r = &appended_rows[i];
		char text[2 * HANDSHAKE_BYTES];
		int used = snprintf(text, sizeof(text), "CONNECT %s,\"mac\":\"%s\"%s", json, hex, r->text);
		struct handshake_question h;

		snprintf(text + used, sizeof(text) - (size_t)used, ",\"pad\":\"%0*d\"}",
			HANDSHAKE_BYTES - used - (int)strlen(",\"pad\":\"\"}"), 0);
		assert_int_equal(handshake_decode_question((uint8_t *)text, HANDSHAKE_BYTES, &h), WIRE_OK);
		if (handshake_verify_question((uint8_t *)text, HANDSHAKE_BYTES, &h, &key) != r->want)
			fail_msg("row %zu: %s", i, r->text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vector_first),
		cmocka_unit_test(test_vector_second),
		cmocka_unit_test(test_longest),
		cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_flipped),
		cmocka_unit_test(test_appended),
	};

	return cmocka_run_group_tests(tests, begin, NULL);
}
