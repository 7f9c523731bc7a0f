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

/* Writes it, compares it with the vector, and reads it back. */
static struct handshake_answer check_vector(
	const char *name, struct handshake_answer *a, const struct key *with)
{
	uint8_t out[HANDSHAKE_BYTES], nonce[VECTOR_BYTES];
	char want[VECTOR_BYTES];
	size_t size = vector_text(want, name, "wire");
	struct handshake_answer got;

	vector_hex(nonce, name, "nonce");
	memcpy(a->nonce, nonce, sizeof(a->nonce));
	assert_int_equal(handshake_encode_answer(out, a, with), size);
	assert_memory_equal(out, want, size);
	assert_int_equal(parse_bytes(out, size, &got), WIRE_OK);
	assert_int_equal(got.kind, a->kind);
	assert_memory_equal(got.nonce, a->nonce, sizeof(a->nonce));
	assert_int_equal(got.has_mac, with != NULL);
	assert_int_equal(handshake_verify_answer(out, size, &got, &key), with != NULL);
	return got;
}

static void test_vector_cookie(void **state)
{
	struct handshake_answer a = {.kind = ANSWER_COOKIE}, got;
	uint8_t bytes[VECTOR_BYTES];

	(void)state;
	vector_hex(bytes, "cookie", "cookie");
	memcpy(a.cookie, bytes, sizeof(a.cookie));
	got = check_vector("cookie", &a, NULL);
	assert_memory_equal(got.cookie, a.cookie, sizeof(a.cookie));
}

static void test_vector_welcome(void **state)
{
	struct handshake_answer a = {
		.kind = ANSWER_WELCOME,
		.assignment = {.port = {7000, 7001, 7002}, .key = 26970},
		.features = FEATURE_BWDN | FEATURE_REPORTS | FEATURE_RESULT,
		.cap_rate_bps = 2500000,
		.cap_duration_s = 60,
		.cap_tests = 1,
	};
	struct handshake_answer got;
	uint8_t bytes[VECTOR_BYTES];

	(void)state;
	vector_hex(bytes, "welcome", "token");
	memcpy(a.token, bytes, sizeof(a.token));
	got = check_vector("welcome", &a, &key);
	assert_memory_equal(got.token, a.token, sizeof(a.token));
	assert_memory_equal(got.assignment.port, a.assignment.port, sizeof(a.assignment.port));
	assert_int_equal(got.assignment.key, a.assignment.key);
	assert_int_equal(got.features, a.features);
	assert_int_equal(got.cap_rate_bps, a.cap_rate_bps);
	assert_int_equal(got.cap_duration_s, a.cap_duration_s);
	assert_int_equal(got.cap_tests, a.cap_tests);
	vector_hex(bytes, "welcome", "mac");
	assert_memory_equal(got.mac, bytes, sizeof(got.mac));
}

static void test_vector_refusal(void **state)
{
	struct handshake_answer a = {.kind = ANSWER_REFUSED, .refusal = REFUSED_BUSY, .wait_s = 30};
	struct handshake_answer got;
	char text[VECTOR_BYTES];

	(void)state;
	vector_text(text, "refusal", "text");
	strcpy(a.text, text);
	got = check_vector("refusal", &a, NULL);
	assert_int_equal(got.refusal, REFUSED_BUSY);
	assert_int_equal(got.wait_s, 30);
	assert_string_equal(got.text, text);
}

static void test_refusal_names(void **state)
{
	(void)state;
	assert_string_equal(refusal_name(REFUSED_BUSY), "busy");
	assert_string_equal(refusal_name(REFUSED_AUTH), "auth");
	assert_string_equal(refusal_name(REFUSED_VERSION), "version");
	assert_string_equal(refusal_name(REFUSED_LIMIT), "limit");
	assert_string_equal(refusal_name(REFUSALS), "unknown");
	for (enum refusal r = REFUSED_BUSY; r < REFUSALS; r++) {
		struct handshake_answer a = {.kind = ANSWER_REFUSED, .refusal = r}, got;
		uint8_t out[HANDSHAKE_BYTES];

		assert_int_equal(parse_bytes(out, handshake_encode_answer(out, &a, &key), &got), WIRE_OK);
		assert_int_equal(got.refusal, r);
	}
}

/* No answer is longer than the question, whatever is in it. */
static void test_longest(void **state)
{
	struct handshake_answer a = {
		.assignment = {.port = {65535, 65534, 65533}, .key = WIRE_CHANNEL_MAX},
		.features = UINT32_MAX,
		.cap_rate_bps = UINT64_C(1) << 53,
		.cap_duration_s = UINT32_MAX,
		.cap_tests = UINT32_MAX,
		.refusal = REFUSED_VERSION,
		.wait_s = UINT32_MAX,
	};

	(void)state;
	memset(a.text, '"', sizeof(a.text) - 1);
	for (a.kind = ANSWER_COOKIE; a.kind <= ANSWER_REFUSED; a.kind++) {
		uint8_t out[HANDSHAKE_BYTES];
		size_t size = handshake_encode_answer(out, &a, &key);
		struct handshake_answer got;

		assert_in_range(size, 100, HANDSHAKE_BYTES);
		assert_int_equal(parse_bytes(out, size, &got), WIRE_OK);
		assert_int_equal(got.kind, a.kind);
		assert_true(handshake_verify_answer(out, size, &got, &key));
		if (a.kind == ANSWER_REFUSED)
			assert_string_equal(got.text, a.text);
		if (a.kind == ANSWER_WELCOME)
			assert_true(got.cap_rate_bps == a.cap_rate_bps && got.cap_tests == UINT32_MAX &&
				    got.cap_duration_s == UINT32_MAX);
	}
}

static const char *const good_rows[] = {
	WELCOME "}",
	WELCOME ",\"features\":[],\"caps\":{}}",
	WELCOME ",\"features\":[\"future\"],\"caps\":{\"rate\":1000.0,\"future\":[1]}}",
	BEGIN TOKEN "\"ports\":[1,2,65535],\"key\":0}",
	BEGIN TOKEN "\"ports\":[6711,6711,6711],\"key\":0,\"features\":[\"single_port\"]}",
	WELCOME ",\"features\":[\"single_port\"]}",
	WELCOME ",\"future\":{\"token\":1,\"refused\":2}}",
	BEGIN "\"cookie\":\"" HEX32 "\"}",
	REFUSED "}",
	REFUSED ",\"wait\":4294967295,\"text\":\"\"}",
	"{\"wyndrvr\":2,\"nonce\":\"" HEX32 "\",\"refused\":\"version\"}",
};

static void test_good(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(good_rows); i++) {
		struct handshake_answer a;

		if (parse_bytes(good_rows[i], strlen(good_rows[i]), &a) != WIRE_OK)
			fail_msg("refused: %s", good_rows[i]);
	}
}

struct text_row {
	const char *json; /* as it comes */
	const char *want;
};

#define TEN   "0123456789"
#define FIFTY TEN TEN TEN TEN TEN
#define CUT   FIFTY TEN TEN TEN TEN "01234"

static const struct text_row text_rows[] = {
	{"all sessions are taken", "all sessions are taken"},
	{"a\\u001b[2J", "a?[2J"},
	{"a\\nb\\tc\\u007f", "a?b?c?"},
	{"a\xe2\x80\xae"
	 "b\\u202ec",
		"a?b?c"},
	{"\\u2066\\u200b\\ufeff\xf3\xa0\x80\x81", "????"},
	{"\xc3\xa4\xf0\x9f\x98\x80", "\xc3\xa4\xf0\x9f\x98\x80"},
	{"\\\"\\\\", "\"\\"},
	{FIFTY FIFTY FIFTY, CUT},
	{FIFTY TEN TEN TEN TEN "0123\xc3\xa4"
			       "5",
		FIFTY TEN TEN TEN TEN "0123"},
};

static void test_text(void **state)
{
	(void)state;
	assert_int_equal(strlen(CUT), HANDSHAKE_TEXT - 1);
	for (size_t i = 0; i < COUNT(text_rows); i++) {
		const struct text_row *r = &text_rows[i];
		char json[HANDSHAKE_BYTES];
		struct handshake_answer a;

		snprintf(json, sizeof(json), REFUSED ",\"text\":\"%s\"}", r->json);
		if (parse_bytes(json, strlen(json), &a) != WIRE_OK || strcmp(a.text, r->want) != 0)
			fail_msg("row %zu: %s", i, a.text);
	}
}

/* Our own text is as clean as we would have it. */
static void test_text_written(void **state)
{
	struct handshake_answer a = {.kind = ANSWER_REFUSED, .refusal = REFUSED_AUTH}, got;
	uint8_t out[HANDSHAKE_BYTES];

	(void)state;
	strcpy(a.text, "\xff\x1b\n\"\\");
	assert_int_equal(parse_bytes(out, handshake_encode_answer(out, &a, NULL), &got), WIRE_OK);
	assert_string_equal(got.text, "???\"\\");
	memset(a.text, 'x', sizeof(a.text));
	assert_int_equal(parse_bytes(out, handshake_encode_answer(out, &a, NULL), &got), WIRE_OK);
	assert_int_equal(strlen(got.text), HANDSHAKE_TEXT - 1);
}

static void test_sizes(void **state)
{
	char text[2 * HANDSHAKE_BYTES], good[VECTOR_BYTES];
	size_t whole = vector_text(good, "welcome", "wire");
	struct handshake_answer a;

	(void)state;
	for (size_t size = 0; size < whole; size++)
		assert_int_equal(parse_bytes(good, size, &a), REJECT_BODY);
	for (int pad = 400; pad < 500; pad++) {
		int size = snprintf(text, sizeof(text), REFUSED ",\"x\":\"%0*d\"}", pad, 0);

		assert_int_equal(
			parse_bytes(text, (size_t)size, &a), size <= HANDSHAKE_BYTES ? WIRE_OK : REJECT_BODY);
	}
}

static void test_flipped(void **state)
{
	char text[VECTOR_BYTES];
	size_t size = vector_text(text, "welcome", "wire");

	(void)state;
	for (size_t bit = 0; bit < 8 * size; bit++) {
		struct handshake_answer a;
		bool ok;

		text[bit / 8] ^= (char)(1 << bit % 8);
		ok = handshake_decode_answer((const uint8_t *)text, size, &a) == WIRE_OK &&
		     handshake_verify_answer((const uint8_t *)text, size, &a, &key);
		/* The digits of the mac itself may be written in capitals. */
		if (ok && !(bit % 8 == 5 && bit / 8 > size - 67))
			fail_msg("bit %zu of byte %zu", bit % 8, bit / 8);
		text[bit / 8] ^= (char)(1 << bit % 8);
	}
}

struct verify_row {
	const char *what;
	const char *format; /* the mac of `covered` goes where %s is */
	const char *covered;
	bool want;
};

static const struct verify_row verify_rows[] = {
	{"as it should be", REFUSED ",\"mac\":\"%s\"}", REFUSED, true},
	{"padded", REFUSED ",\"mac\":\"%s\",\"pad\":\"x\"}", REFUSED, true},
	{"a field behind it", REFUSED ",\"mac\":\"%s\",\"wait\":9}", REFUSED, false},
	{"two fields behind it", REFUSED ",\"mac\":\"%s\",\"pad\":\"\",\"wait\":9}", REFUSED, false},
	{"padding that is no text", REFUSED ",\"mac\":\"%s\",\"pad\":1}", REFUSED, false},
	{"an escape", REFUSED ",\"m\\u0061c\":\"%s\"}", REFUSED, false},
	{"blanks", REFUSED ", \"mac\":\"%s\"}", REFUSED, false},
	{"a blank in the place of its comma", REFUSED ", \"mac\":\"%s\"}", REFUSED ",", false},
	{"one deeper", REFUSED ",\"x\":{\"a\":1,\"mac\":\"%s\"}}", REFUSED, false},
	{"first of all", "{\"mac\":\"%s\",\"wyndrvr\":1,\"nonce\":\"" HEX32 "\"}", "", false},
	{"over too little", REFUSED ",\"mac\":\"%s\"}", BEGIN, false},
	{"over its comma", REFUSED ",\"mac\":\"%s\"}", REFUSED ",", false},
};

static void test_verify(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(verify_rows); i++) {
		const struct verify_row *r = &verify_rows[i];
		const char *mark = strstr(r->format, "%s");
		char text[HANDSHAKE_BYTES], hex[2 * HANDSHAKE_MAC + 1];
		uint8_t mac[HANDSHAKE_MAC];
		struct handshake_answer a;

		crypto_generichash(mac, sizeof(mac), (const uint8_t *)r->covered, strlen(r->covered),
			key.secret, sizeof(key.secret));
		sodium_bin2hex(hex, sizeof(hex), mac, sizeof(mac));
		snprintf(text, sizeof(text), "%.*s%s%s", (int)(mark - r->format), r->format, hex, mark + 2);
		handshake_decode_answer((const uint8_t *)text, strlen(text), &a);
		if (handshake_verify_answer((const uint8_t *)text, strlen(text), &a, &key) != r->want)
			fail_msg("%s: %s", r->what, text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vector_cookie),
		cmocka_unit_test(test_vector_welcome),
		cmocka_unit_test(test_vector_refusal),
		cmocka_unit_test(test_refusal_names),
		cmocka_unit_test(test_longest),
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_text_written),
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_flipped),
		cmocka_unit_test(test_verify),
	};

	return cmocka_run_group_tests(tests, begin, NULL);
}
