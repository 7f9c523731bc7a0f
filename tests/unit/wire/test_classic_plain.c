#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/wire/classic.h"
#include "tests/support/test.h"

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

/* Every nanosecond counts: no neighbour is mixed up, however late it is. */
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
		cmocka_unit_test(test_write),
		cmocka_unit_test(test_write_exact),
		cmocka_unit_test(test_read),
		cmocka_unit_test(test_read_refused),
		cmocka_unit_test(test_uid),
		cmocka_unit_test(test_assignment),
		cmocka_unit_test(test_assignment_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
