#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/wire/feedback.h"
#include "proto/wire/seal.h"
#include "tests/support/test.h"
#include "tests/support/vectors.h"

enum { VECTOR_SPANS = 3 };

static enum wire_reject read_bytes(const uint8_t *body, size_t size, bool extended, struct feedback *f)
{
	uint8_t *copy = malloc(size ? size : 1);
	enum wire_reject got;

	assert_non_null(copy);
	memcpy(copy, body, size);
	got = feedback_decode(copy, size, extended, f);
	free(copy);
	return got;
}

static void read_spans(const char *name, struct wire_spans *spans)
{
	char text[VECTOR_BYTES];
	char *at = text;

	vector_text(text, name, "spans");
	for (spans->count = 0; *at; spans->count++) {
		spans->span[spans->count].begin = strtoull(at, &at, 10);
		spans->span[spans->count].end = strtoull(at + 1, &at, 10);
	}
	assert_int_equal(spans->count, VECTOR_SPANS);
}

static struct feedback example(void)
{
	static const char name[] = "feedback";
	struct feedback f = {
		.has_report = true,
		.from = vector_number(name, "from"),
		.clock_ns = vector_number(name, "clock_ns"),
		.packets = vector_number(name, "packets"),
		.bytes = vector_number(name, "bytes"),
		.unique_packets = vector_number(name, "unique_packets"),
		.duplicates = vector_number(name, "duplicates"),
		.network_duplicates = vector_number(name, "network_duplicates"),
		.reordered = vector_number(name, "reordered"),
		.next_channel = vector_number(name, "next_channel"),
		.host_drops = vector_number(name, "host_drops"),
		.delay_min_ns = (int64_t)vector_number(name, "delay_min_ns"),
		.delay_last_ns = (int64_t)vector_number(name, "delay_last_ns"),
		.receipt_sequence = vector_number(name, "receipt_sequence"),
		.receipt = vector_number(name, "receipt"),
		.allowed_bps = vector_number(name, "allowed_bps"),
		.arrival_ns = vector_number(name, "arrival_ns"),
		.waited_ns = vector_number(name, "waited_ns"),
	};

	read_spans(name, &f.spans);
	return f;
}

static void assert_report_equal(const struct feedback *a, const struct feedback *b)
{
	assert_true(a->from == b->from && a->clock_ns == b->clock_ns);
	assert_true(a->packets == b->packets && a->bytes == b->bytes);
	assert_true(a->unique_packets == b->unique_packets && a->duplicates == b->duplicates);
	assert_true(a->network_duplicates == b->network_duplicates && a->reordered == b->reordered);
	assert_true(a->next_channel == b->next_channel && a->host_drops == b->host_drops);
	assert_true(a->delay_min_ns == b->delay_min_ns && a->delay_last_ns == b->delay_last_ns);
	assert_true(a->receipt_sequence == b->receipt_sequence && a->receipt == b->receipt);
	assert_true(a->allowed_bps == b->allowed_bps && a->arrival_ns == b->arrival_ns);
	assert_true(a->waited_ns == b->waited_ns);
}

static void test_vector_spans(void **state)
{
	struct feedback f = {.has_report = false}, got;
	uint8_t want[VECTOR_BYTES], out[WIRE_MAX_BYTES];
	size_t size = vector_hex(want, "spans", "wire");

	(void)state;
	read_spans("spans", &f.spans);
	assert_int_equal(feedback_encode(out, &f), size);
	assert_memory_equal(out, want, size);
	assert_int_equal(read_bytes(want, size, false, &got), WIRE_OK);
	assert_false(got.has_report);
	assert_int_equal(got.spans.count, f.spans.count);
	assert_memory_equal(got.spans.span, f.spans.span, sizeof(f.spans.span[0]) * VECTOR_SPANS);
	assert_int_equal(read_bytes(want, size, true, &got), REJECT_SHORT);
}

static void test_vector_feedback(void **state)
{
	struct feedback f = example(), got = {0};
	uint8_t want[VECTOR_BYTES], out[WIRE_MAX_BYTES];
	size_t size = vector_hex(want, "feedback", "wire");

	(void)state;
	assert_int_equal(size, 4 + 16 * VECTOR_SPANS + FEEDBACK_REPORT_BYTES);
	assert_int_equal(feedback_encode(out, &f), size);
	assert_memory_equal(out, want, size);
	assert_int_equal(read_bytes(want, size, true, &got), WIRE_OK);
	assert_true(got.has_report);
	assert_int_equal(got.spans.count, VECTOR_SPANS);
	assert_memory_equal(got.spans.span, f.spans.span, sizeof(f.spans.span[0]) * VECTOR_SPANS);
	assert_report_equal(&got, &f);
	/* A classic reader takes no notice of the report. */
	assert_int_equal(read_bytes(want, size, false, &got), WIRE_OK);
	assert_false(got.has_report);
}

/* As many spans as fit, with everything at its largest: the whole packet is within the limit. */
static void test_greatest(void **state)
{
	struct feedback f = example(), got;
	uint8_t out[WIRE_MAX_BYTES];
	size_t size;

	(void)state;
	f.spans.count = FEEDBACK_SPANS_MAX;
	for (uint32_t i = 0; i < FEEDBACK_SPANS_MAX; i++)
		f.spans.span[i] = (struct span){.begin = i * 10, .end = i * 10 + 5};
	f.spans.span[FEEDBACK_SPANS_MAX - 1].end = UINT64_MAX;
	f.from = f.clock_ns = f.packets = f.bytes = f.unique_packets = UINT64_MAX;
	f.network_duplicates = f.reordered = f.next_channel = f.host_drops = UINT64_MAX;
	f.receipt_sequence = f.receipt = f.allowed_bps = f.arrival_ns = UINT64_MAX;
	f.duplicates = 0;
	f.delay_min_ns = -(INT64_C(1) << 62);
	f.delay_last_ns = INT64_C(1) << 62;
	size = feedback_encode(out, &f);
	assert_int_equal(WIRE_HEADER_BYTES + size + SEAL_TAG_BYTES, FEEDBACK_DATAGRAM_BYTES);
	assert_int_equal(read_bytes(out, size, true, &got), WIRE_OK);
	assert_int_equal(got.spans.count, FEEDBACK_SPANS_MAX);
	assert_report_equal(&got, &f);
}

static void test_cut(void **state)
{
	uint8_t bytes[VECTOR_BYTES];
	size_t whole = vector_hex(bytes, "feedback", "wire");
	size_t spans = whole - FEEDBACK_REPORT_BYTES;

	(void)state;
	for (size_t size = 0; size < whole; size++) {
		struct feedback got = {.has_report = true};

		assert_int_equal(read_bytes(bytes, size, true, &got), REJECT_SHORT);
		assert_false(got.has_report);
		assert_int_equal(read_bytes(bytes, size, false, &got), size < spans ? REJECT_SHORT : WIRE_OK);
	}
}

enum { REPORT_AT = 4 + 16 * VECTOR_SPANS, NO_CHANGE = -1 };

/* Bytes are written over the example's, as many as the hex has; `more` bytes follow it. */
struct report_row {
	const char *what;
	int at;
	const char *hex;
	size_t more;
	enum wire_reject want;
};

#define PACKETS_AT    (8 + 2 * 8)
#define UNIQUE_AT     (8 + 4 * 8)
#define DUPLICATES_AT (8 + 5 * 8)
#define MINIMUM_AT    (8 + 10 * 8)
#define LAST_AT       (8 + 11 * 8)

static const struct report_row report_rows[] = {
	{"as it is", NO_CHANGE, "", 0, WIRE_OK},
	{"bytes behind", NO_CHANGE, "", 50, WIRE_OK},
	{"a later version", 0, "0002", 0, WIRE_OK},
	{"a far later version", 0, "ffff", 0, WIRE_OK},
	{"a later, longer version", 0, "00020098", 16, WIRE_OK},
	{"longer than the datagram", 0, "00020098", 15, REJECT_SHORT},
	{"longer than the datagram", 0, "0001ffff", 100, REJECT_SHORT},
	{"version 0", 0, "0000", 0, REJECT_BODY},
	{"no length", 2, "0000", 0, REJECT_BODY},
	{"length 1", 2, "0001", 0, REJECT_BODY},
	{"one byte less", 2, "0087", 0, REJECT_BODY},
	{"one byte more", 2, "0089", 1, WIRE_OK},
	{"what is kept free", 4, "ffffffff", 0, WIRE_OK},
	{"no news", 128, "0000000000000000", 0, WIRE_OK},
	{"an arrival at the latest time", 128, "ffffffffffffffff", 0, WIRE_OK},
	{"no packets, but unique ones", PACKETS_AT, "0000000000000000", 0, REJECT_BODY},
	{"one packet less than its parts", PACKETS_AT, "0000000000000010", 0, REJECT_BODY},
	{"more unique than packets", UNIQUE_AT, "0000000000000012", 0, REJECT_BODY},
	{"unique at its most", UNIQUE_AT, "ffffffffffffffff", 0, REJECT_BODY},
	{"a sum that wraps", DUPLICATES_AT, "fffffffffffffff2", 0, REJECT_BODY},
	{"a delay at its most", MINIMUM_AT, "7fffffffffffffff", 0, REJECT_BODY},
	{"a delay at its least", MINIMUM_AT, "8000000000000000", 0, REJECT_BODY},
	{"a delay at its most", LAST_AT, "4000000000000001", 0, REJECT_BODY},
	{"a delay at its least", LAST_AT, "bfffffffffffffff", 0, REJECT_BODY},
	{"a long delay", LAST_AT, "4000000000000000", 0, WIRE_OK},
	{"a delay far below 0", LAST_AT, "c000000000000000", 0, WIRE_OK},
};

static void test_reports(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(report_rows); i++) {
		const struct report_row *r = &report_rows[i];
		uint8_t bytes[VECTOR_BYTES] = {0};
		size_t size = vector_hex(bytes, "feedback", "wire") + r->more;
		struct feedback got;
		enum wire_reject reject;

		for (size_t n = 0; n < strlen(r->hex) / 2; n++) {
			const char pair[] = {r->hex[2 * n], r->hex[2 * n + 1], '\0'};

			bytes[REPORT_AT + (size_t)r->at + n] = (uint8_t)strtoul(pair, NULL, 16);
		}
		reject = read_bytes(bytes, size, true, &got);
		if (reject != r->want || got.has_report != (r->want == WIRE_OK))
			fail_msg("row %zu, %s: %s", i, r->what, wire_reject_name(reject));
		if (read_bytes(bytes, size, false, &got) != WIRE_OK || got.has_report)
			fail_msg("row %zu, %s: not ignored", i, r->what);
	}
}

/* Bad spans are refused whatever stands behind them. */
static void test_bad_spans(void **state)
{
	uint8_t bytes[VECTOR_BYTES];
	size_t size = vector_hex(bytes, "feedback", "wire");
	struct feedback got;

	(void)state;
	bytes[4 + 7] = 10; /* the first span begins behind its end */
	assert_int_equal(read_bytes(bytes, size, true, &got), REJECT_SEQUENCE);
	assert_false(got.has_report);
	bytes[0] = 0xff;
	assert_int_equal(read_bytes(bytes, size, true, &got), REJECT_SHORT);
}

/* Whatever arrives is refused or makes sense. */
static void test_random(void **state)
{
	uint8_t good[VECTOR_BYTES], bytes[VECTOR_BYTES];
	size_t size = vector_hex(good, "feedback", "wire");
	uint64_t seed = 1;
	unsigned taken = 0;

	(void)state;
	for (int round = 0; round < 20000; round++) {
		struct feedback got;

		memcpy(bytes, good, size);
		for (int change = 0; change < 3; change++) {
			seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407;
			bytes[(seed >> 33) % size] = (uint8_t)(seed >> 56);
		}
		if (read_bytes(bytes, size, true, &got) != WIRE_OK)
			continue;
		taken++;
		assert_true(got.has_report && got.unique_packets + got.duplicates <= got.packets);
	}
	assert_in_range(taken, 1000, 19000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vector_spans),
		cmocka_unit_test(test_vector_feedback),
		cmocka_unit_test(test_greatest),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_reports),
		cmocka_unit_test(test_bad_spans),
		cmocka_unit_test(test_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
