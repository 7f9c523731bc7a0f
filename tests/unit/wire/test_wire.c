#include <stdio.h>
#include <string.h>

#include "proto/wire/wire.h"
#include "tests/support/test.h"

enum { BYTES_MAX = 2048, ALL_SPANS_BYTES = 4 + 16 * WIRE_SPANS_MAX };

static uint32_t nibble(char c)
{
	static const char digits[] = "0123456789abcdef";

	return (uint32_t)(strchr(digits, c) - digits);
}

/* Spaces between the bytes are skipped. */
static size_t from_hex(uint8_t out[BYTES_MAX], const char *hex)
{
	size_t size = 0;

	for (; *hex; hex++) {
		if (*hex == ' ')
			continue;
		out[size++] = (uint8_t)(nibble(hex[0]) << 4 | nibble(hex[1]));
		hex++;
	}
	return size;
}

struct header_row {
	const char *hex;
	struct wire_header header;
};

static const struct header_row header_rows[] = {
	{"00 000000 0000000000000000 0000000000000000", {WIRE_HEARTBEAT_0, 0, 0, 0}},
	{"01 00695a 0000000000000001 0000000000000000", {WIRE_HEARTBEAT_1, 26970, 1, 0}},
	{"02 ea6000 00000000000000ff 0000000000000000", {WIRE_HEARTBEAT_2, 0xea6000, 255, 0}},
	{"03 123456 0000000100000000 0000000000000000", {WIRE_FLOW_CONTROL, 0x123456, UINT64_C(1) << 32, 0}},
	{"04 000001 0102030405060708 1112131415161718",
		{WIRE_BANDWIDTH_TEST, 1, 0x0102030405060708, 0x1112131415161718}},
	{"05 ffffff ffffffffffffffff fffffffffffffffe",
		{WIRE_DATA, WIRE_CHANNEL_MAX, UINT64_MAX, UINT64_MAX - 1}},
	{"06 800000 8000000000000000 7fffffffffffffff",
		{WIRE_CONTROL, 0x800000, UINT64_C(1) << 63, UINT64_MAX >> 1}},
	{"07 00ff00 00000000deadbeef 00000000cafebabe", {WIRE_TEST_RESULT, 0xff00, 0xdeadbeef, 0xcafebabe}},
};

static void test_header(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(header_rows) / sizeof(*header_rows); i++) {
		const struct header_row *r = &header_rows[i];
		struct wire_header got;
		uint8_t want[BYTES_MAX];
		uint8_t out[WIRE_HEADER_BYTES];

		assert_int_equal(from_hex(want, r->hex), WIRE_HEADER_BYTES);
		wire_encode(out, &r->header);
		if (memcmp(out, want, sizeof(out)) != 0)
			fail_msg("encode %s", r->hex);
		assert_int_equal(wire_decode(want, sizeof(out), &got), WIRE_OK);
		if (got.type != r->header.type || got.channel != r->header.channel ||
			got.sequence != r->header.sequence || got.offset != r->header.offset)
			fail_msg("decode %s", r->hex);
	}
}

static void test_header_refused(void **state)
{
	uint8_t bytes[WIRE_HEADER_BYTES + 1] = {0};
	struct wire_header h;

	(void)state;
	assert_int_equal(wire_decode(NULL, 0, &h), REJECT_SHORT);
	for (size_t size = 0; size < WIRE_HEADER_BYTES; size++)
		assert_int_equal(wire_decode(bytes, size, &h), REJECT_SHORT);
	assert_int_equal(wire_decode(bytes, sizeof(bytes), &h), WIRE_OK);
	for (unsigned int type = 0; type <= UINT8_MAX; type++) {
		bytes[0] = (uint8_t)type;
		assert_int_equal(
			wire_decode(bytes, sizeof(bytes), &h), type < WIRE_TYPES ? WIRE_OK : REJECT_TYPE);
	}
}

struct data_row {
	uint64_t sequence, offset, want;
};

static const struct data_row data_rows[] = {
	{0, 0, 0},
	{10, 3, 7},
	{5, UINT64_MAX, 6},
	{0, 1, UINT64_MAX},
	{UINT64_MAX, UINT64_MAX, 0},
};

static void test_data_sequence(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(data_rows) / sizeof(*data_rows); i++) {
		const struct data_row *r = &data_rows[i];
		struct wire_header h = {.sequence = r->sequence, .offset = r->offset};

		assert_true(wire_data_sequence(&h) == r->want);
	}
}

enum { ROW_SPANS = 3 };

struct spans_row {
	const char *hex;
	enum wire_reject want;
	uint32_t count;
	size_t used;
	struct span span[ROW_SPANS];
};

#define N_0    "0000000000000000 "
#define N_1    "0000000000000001 "
#define N_2    "0000000000000002 "
#define N_3    "0000000000000003 "
#define N_MAX  "ffffffffffffffff "
#define N_LESS "fffffffffffffffe "

static const struct spans_row spans_rows[] = {
	{"00000000", WIRE_OK, 0, 4, {{0, 0}}},
	{"00000000 ff", WIRE_OK, 0, 4, {{0, 0}}},
	{"00000001 " N_0 N_0, WIRE_OK, 1, 20, {{0, 0}}},
	{"00000001 " N_0 N_MAX, WIRE_OK, 1, 20, {{0, UINT64_MAX}}},
	{"00000001 " N_MAX N_MAX, WIRE_OK, 1, 20, {{UINT64_MAX, UINT64_MAX}}},
	{"00000001 0102030405060708 1112131415161718 0102", WIRE_OK, 1, 20,
		{{0x0102030405060708, 0x1112131415161718}}},
	{"00000003 " N_0 N_0 N_2 N_2 "0000000000000100 " N_MAX, WIRE_OK, 3, 52,
		{{0, 0}, {2, 2}, {256, UINT64_MAX}}},
	{"00000002 " N_0 N_LESS N_MAX N_MAX, REJECT_SEQUENCE, 0, 0, {{0, 0}}}, /* touch */
	{"00000002 " N_0 N_1 N_2 N_3, REJECT_SEQUENCE, 0, 0, {{0, 0}}},        /* touch */
	{"00000002 " N_0 N_2 N_2 N_3, REJECT_SEQUENCE, 0, 0, {{0, 0}}},        /* overlap */
	{"00000002 " N_0 N_3 N_1 N_2, REJECT_SEQUENCE, 0, 0, {{0, 0}}},        /* inside */
	{"00000002 " N_1 N_1 N_1 N_1, REJECT_SEQUENCE, 0, 0, {{0, 0}}},        /* the same */
	{"00000002 " N_3 N_3 N_0 N_1, REJECT_SEQUENCE, 0, 0, {{0, 0}}},        /* descend */
	{"00000002 " N_0 N_MAX N_0 N_0, REJECT_SEQUENCE, 0, 0, {{0, 0}}},      /* wraps */
	{"00000001 " N_1 N_0, REJECT_SEQUENCE, 0, 0, {{0, 0}}},                /* empty */
	{"00000001 " N_MAX N_0, REJECT_SEQUENCE, 0, 0, {{0, 0}}},              /* empty */
	{"", REJECT_SHORT, 0, 0, {{0, 0}}},
	{"000000", REJECT_SHORT, 0, 0, {{0, 0}}},
	{"00000001", REJECT_SHORT, 0, 0, {{0, 0}}},
	{"00000001 " N_0 "00000000000000", REJECT_SHORT, 0, 0, {{0, 0}}},
	{"00000002 " N_0 N_0 N_2, REJECT_SHORT, 0, 0, {{0, 0}}},
	{"10000000 " N_0 N_0, REJECT_SHORT, 0, 0, {{0, 0}}}, /* 16 * count wraps in 32 bits */
	{"ffffffff " N_0 N_0, REJECT_SHORT, 0, 0, {{0, 0}}},
};

static void test_spans(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(spans_rows) / sizeof(*spans_rows); i++) {
		const struct spans_row *r = &spans_rows[i];
		struct wire_spans got;
		uint8_t bytes[BYTES_MAX];
		uint8_t again[ALL_SPANS_BYTES];
		size_t size = from_hex(bytes, r->hex);
		size_t used = 0;

		if (wire_decode_spans(bytes, size, &got, &used) != r->want || got.count != r->count ||
			used != r->used || memcmp(got.span, r->span, r->count * sizeof(struct span)) != 0)
			fail_msg("decode %s", r->hex);
		assert_int_equal(wire_decode_spans(bytes, size, &got, NULL), r->want);
		if (r->want == WIRE_OK &&
			(wire_encode_spans(again, &got) != r->used || memcmp(again, bytes, r->used) != 0))
			fail_msg("encode %s", r->hex);
	}
}

static void test_spans_most(void **state)
{
	struct wire_spans all = {.count = WIRE_SPANS_MAX};
	struct wire_spans got;
	uint8_t bytes[BYTES_MAX] = {0};
	size_t used = 0;

	(void)state;
	for (uint32_t i = 0; i < WIRE_SPANS_MAX; i++)
		all.span[i] = (struct span){.begin = i * 1000, .end = i * 1000 + 998};
	all.span[WIRE_SPANS_MAX - 1].end = UINT64_MAX;
	assert_int_equal(wire_encode_spans(bytes, &all), ALL_SPANS_BYTES);
	assert_int_equal(WIRE_HEADER_BYTES + ALL_SPANS_BYTES, WIRE_MAX_BYTES);
	assert_int_equal(wire_decode_spans(bytes, ALL_SPANS_BYTES, &got, &used), WIRE_OK);
	assert_int_equal(used, ALL_SPANS_BYTES);
	assert_int_equal(got.count, WIRE_SPANS_MAX);
	assert_memory_equal(got.span, all.span, sizeof(all.span));
	for (size_t size = 0; size < ALL_SPANS_BYTES; size++)
		assert_int_equal(wire_decode_spans(bytes, size, &got, &used), REJECT_SHORT);

	bytes[3] = WIRE_SPANS_MAX + 1;
	assert_int_equal(wire_decode_spans(bytes, sizeof(bytes), &got, &used), REJECT_SHORT);
	assert_int_equal(got.count, 0);
}

static void test_reject_names(void **state)
{
	(void)state;
	assert_string_equal(wire_reject_name(WIRE_OK), "ok");
	assert_string_equal(wire_reject_name(REJECT_SHORT), "short");
	assert_string_equal(wire_reject_name(REJECT_BODY), "body");
	assert_string_equal(wire_reject_name(WIRE_REJECTS), "unknown");
	for (unsigned int i = 0; i < WIRE_REJECTS; i++)
		for (unsigned int j = 0; j < i; j++)
			assert_string_not_equal(
				wire_reject_name((enum wire_reject)i), wire_reject_name((enum wire_reject)j));
}

static void test_stamp(void **state)
{
	static const uint8_t want[WIRE_STAMP_BYTES] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};
	const struct wire_stamp stamp = {.sent_ns = 0x0102030405060708, .receipt = 0x090a0b0c0d0e0f10};
	uint8_t bytes[WIRE_STAMP_BYTES];
	struct wire_stamp got;

	(void)state;
	wire_encode_stamp(bytes, &stamp);
	assert_memory_equal(bytes, want, sizeof bytes);
	wire_decode_stamp(want, &got);
	assert_int_equal(got.sent_ns, stamp.sent_ns);
	assert_int_equal(got.receipt, stamp.receipt);
}

static void test_question(void **state)
{
	static const uint8_t want[WIRE_QUESTION_BYTES] = {0xfe, 2, 3, 4};
	uint8_t bytes[WIRE_QUESTION_BYTES];

	(void)state;
	wire_encode_question(bytes, 0xfe020304);
	assert_memory_equal(bytes, want, sizeof bytes);
	assert_int_equal(wire_decode_question(want), 0xfe020304);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_header),
		cmocka_unit_test(test_header_refused),
		cmocka_unit_test(test_data_sequence),
		cmocka_unit_test(test_spans),
		cmocka_unit_test(test_spans_most),
		cmocka_unit_test(test_reject_names),
		cmocka_unit_test(test_stamp),
		cmocka_unit_test(test_question),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
