#include <stdio.h>
#include <string.h>

#include "proto/wire/heartbeat_body.h"
#include "tests/support/test.h"

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

struct write_row {
	uint64_t ns;
	const char *want;
};

static const struct write_row write_rows[] = {
	{0, "0.000000000"},
	{1, "0.000000001"},
	{999999999, "0.999999999"},
	{1000000000, "1.000000000"},
	{1700000000123456789, "1700000000.123456789"},
	{UINT64_C(1) << 63, "9223372036.854775808"},
};

static void test_write(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(write_rows); i++) {
		char out[HEARTBEAT_BODY_STAMP];
		uint64_t ns = 7;

		heartbeat_body_write_stamp(out, write_rows[i].ns);
		assert_string_equal(out, write_rows[i].want);
		assert_true(heartbeat_body_read_stamp(out, &ns));
		assert_true(ns == write_rows[i].ns);
	}
}

/* Every nanosecond counts: no two neighbours are confused, however late it is. */
static void test_write_exact(void **state)
{
	uint64_t seed = 1;

	(void)state;
	for (int round = 0; round < 50000; round++) {
		char out[HEARTBEAT_BODY_STAMP];
		uint64_t ns;

		seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407;
		heartbeat_body_write_stamp(out, seed >> 1);
		assert_true(heartbeat_body_read_stamp(out, &ns));
		assert_true(ns == seed >> 1);
	}
}

struct read_row {
	const char *text;
	uint64_t ns;
};

static const struct read_row read_rows[] = {
	{"0", 0},
	{"0.0", 0},
	{"0e5", 0},
	{"0.000e400", 0},
	{"5", 5000000000},
	{"100", 100000000000},
	{"0.5", 500000000},
	{"0.05", 50000000},
	{"1700000000.1234567", 1700000000123456700},
	{"1.7000000001234567e9", 1700000000123456700},
	{"1.7E+9", 1700000000000000000},
	{"1e-9", 1},
	{"15E-10", 2},
	{"0.15e-8", 2},
	{"1e-0", 1000000000},
	{"0.0000000004999", 0},
	{"0.0000000005", 1},
	{"0.00000000049999999999999999999999999999", 0},
	{"0.00000000005", 0},
	{"0.0000000014999999", 1},
	{"1e-10", 0},
	{"1e-99999999999999999999", 0},
	{"0.9999999995", 1000000000},
	{"9223372036.854775808", UINT64_C(1) << 63},
	{"9223372036.8547758084", UINT64_C(1) << 63},
	{"0.00000000009223372036854775808e20", UINT64_C(1) << 63},
	{"0.00000000000000000000000000000000000000001e41", 1000000000},
};

static void test_read(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(read_rows); i++) {
		uint64_t ns = 7;

		if (!heartbeat_body_read_stamp(read_rows[i].text, &ns) || ns != read_rows[i].ns)
			fail_msg("%s: %llu", read_rows[i].text, (unsigned long long)ns);
	}
}

static const char *const refused_stamps[] = {
	"",
	" 1",
	"1 ",
	"-1",
	"-0.5",
	"+1",
	".5",
	"1.",
	"1.e5",
	"1e",
	"1e+",
	"1e5.0",
	"01",
	"00.5",
	"0x10",
	"1,5",
	"1.5.5",
	"NaN",
	"nan",
	"inf",
	"\"1\"",
	"null",
	"9223372036.854775809",
	"9223372036.8547758085",
	"9223372037",
	"18446744073.709551616",
	"18446744073.709551617",
	"99999999999999999999",
	"1e10",
	"1e308",
	"1e99999999999999999999",
	"0.10000000000000000000000000000000000000000000000",
};

static void test_read_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(refused_stamps); i++) {
		uint64_t ns = 7;

		if (heartbeat_body_read_stamp(refused_stamps[i], &ns) || ns != 7)
			fail_msg("accepted: %s", refused_stamps[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_heartbeat),
		cmocka_unit_test(test_write),
		cmocka_unit_test(test_write_exact),
		cmocka_unit_test(test_read),
		cmocka_unit_test(test_read_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
