#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/sys/text.h"
#include "tests/support/test.h"

enum { ROOM = 64 };

struct text_row {
	const char *in;
	size_t size;
	const char *want;
};

/* The size comes from the literal, so that a row may hold NUL. */
#define ROW(in, want)                    \
	{                                \
		in, sizeof(in) - 1, want \
	}

static const struct text_row text_rows[] = {
	ROW("", ""),
	ROW("plain ~!", "plain ~!"),
	ROW("a\"b\\c", "a\"b\\c"),
	ROW("\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"),
	ROW("\xc2\xa0", "\xc2\xa0"),
	/* controls */
	ROW("a\0b", "a?b"),
	ROW("\x01\t\n\r\x1f", "?????"),
	ROW("\x1b[31m", "?[31m"),
	ROW("\x7f", "?"),
	ROW("\xc2\x80\xc2\x9b\xc2\x9f", "???"),
	/* overlong */
	ROW("\xc0\x80|", "?|"),
	ROW("\xc1\xbf|", "?|"),
	ROW("\xe0\x80\x80|", "?|"),
	ROW("\xe0\x9f\xbf|", "?|"),
	ROW("\xf0\x80\x80\x80|", "?|"),
	ROW("\xf0\x8f\xbf\xbf|", "?|"),
	/* the first that are not overlong, the last of all */
	ROW("\xc3\x80", "\xc3\x80"),
	ROW("\xe0\xa0\x80", "\xe0\xa0\x80"),
	ROW("\xf0\x90\x80\x80", "\xf0\x90\x80\x80"),
	ROW("\xf4\x8f\xbf\xbd", "\xf4\x8f\xbf\xbd"),
	/* malformed */
	ROW("\x80", "?"),
	ROW("a\xbf\x80z", "a??z"),
	ROW("\xf4\x90\x80\x80|", "?|"),
	ROW("\xf7\xbf\xbf\xbf|", "?|"),
	ROW("\xf8\x88\x80\x80\x80", "?????"),
	ROW("\xfe\xff", "??"),
	/* truncated, by the end or by what follows */
	ROW("\xc3", "?"),
	ROW("\xc3(", "?("),
	ROW("\xe2\x82", "?"),
	ROW("\xe2\x82(", "?("),
	ROW("\xe2(", "?("),
	ROW("\xe2\xc3\xa9", "?\xc3\xa9"),
	ROW("\xf0\x9f\x98", "?"),
	ROW("\xf0\x9f\x98\xe2\x82\xac", "?\xe2\x82\xac"),
	/* surrogates, noncharacters */
	ROW("\xed\x9f\xbf", "\xed\x9f\xbf"),
	ROW("\xed\xa0\x80|\xed\xbf\xbf|", "?|?|"),
	ROW("\xee\x80\x80", "\xee\x80\x80"),
	ROW("\xef\xb7\x8f\xef\xb7\x90\xef\xb7\xaf\xef\xb7\xb0", "\xef\xb7\x8f??\xef\xb7\xb0"),
	ROW("\xef\xbf\xbd\xef\xbf\xbe\xef\xbf\xbf", "\xef\xbf\xbd??"),
	ROW("\xf0\x9f\xbf\xbe\xf4\x8f\xbf\xbf", "??"),
	/* the ends of each range; what stands just outside is kept */
	ROW("\xd8\x9b\xd8\x9c\xd8\x9d", "\xd8\x9b?\xd8\x9d"),
	ROW("\xc2\xac\xc2\xad\xc2\xae", "\xc2\xac?\xc2\xae"),
	ROW("\xe2\x80\x8a\xe2\x80\x8b\xe2\x80\x8f\xe2\x80\x90", "\xe2\x80\x8a??\xe2\x80\x90"),
	ROW("\xe2\x80\xa7\xe2\x80\xa8\xe2\x80\xa9", "\xe2\x80\xa7??"),
	ROW("\xe2\x80\xaa\xe2\x80\xae\xe2\x80\xaf", "??\xe2\x80\xaf"),
	ROW("\xe2\x81\x9f\xe2\x81\xa0\xe2\x81\xa5", "\xe2\x81\x9f??"),
	ROW("\xe2\x81\xa6\xe2\x81\xa9", "??"),
	ROW("\xe2\x81\xaa\xe2\x81\xaf\xe2\x81\xb0", "??\xe2\x81\xb0"),
	ROW("\xef\xb7\xbf\xef\xb8\x80\xef\xb8\x8f\xef\xb8\x90", "\xef\xb7\xbf??\xef\xb8\x90"),
	ROW("\xef\xbb\xbe\xef\xbb\xbf\xef\xbc\x80", "\xef\xbb\xbe?\xef\xbc\x80"),
	ROW("\xef\xbf\xb8\xef\xbf\xb9\xef\xbf\xbb\xef\xbf\xbc", "\xef\xbf\xb8??\xef\xbf\xbc"),
	ROW("\xf3\x9f\xbf\xbd\xf3\xa0\x80\x80\xf3\xa0\x84\x80\xf3\xa0\xbf\xbf\xf3\xa1\x80\x80",
		"\xf3\x9f\xbf\xbd???\xf3\xa1\x80\x80"),
};

/* A copy that ends where the heap block ends, so that a tool sees reads behind it. */
static size_t sanitise_copy(char *out, size_t room, const char *in, size_t size)
{
	char *copy = malloc(size ? size : 1);
	size_t got;

	assert_non_null(copy);
	memcpy(copy, in, size);
	got = text_sanitise(out, room, copy, size);
	free(copy);
	return got;
}

static void test_classes(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(text_rows) / sizeof(*text_rows); i++) {
		const struct text_row *r = &text_rows[i];
		char out[ROOM];
		size_t got = sanitise_copy(out, sizeof(out), r->in, r->size);

		if (got != strlen(r->want) || strcmp(out, r->want) != 0)
			fail_msg("row %zu: \"%s\", not \"%s\"", i, out, r->want);
	}
}

struct cut_row {
	const char *in;
	size_t room;
	const char *want;
};

static const struct cut_row cut_rows[] = {
	{"abc", 1, ""},
	{"abc", 3, "ab"},
	{"abc", 4, "abc"},
	{"a\xc3\xa9", 3, "a"},
	{"a\xc3\xa9", 4, "a\xc3\xa9"},
	{"a\xc3\xa9z", 3, "a"}, /* nothing smaller slips in behind the cut */
	{"\xe2\x82\xac", 3, ""},
	{"\xe2\x82\xac", 4, "\xe2\x82\xac"},
	{"\xf0\x9f\x98\x80", 4, ""},
	{"\xf0\x9f\x98\x80", 5, "\xf0\x9f\x98\x80"},
	{"\xe2\x80\xae\xe2\x80\xae", 2, "?"},
	{"\xe2\x80\xae\xe2\x80\xae", 3, "??"},
};

static void test_cut(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cut_rows) / sizeof(*cut_rows); i++) {
		const struct cut_row *r = &cut_rows[i];
		char out[ROOM];
		size_t got;

		memset(out, 'x', sizeof(out));
		got = sanitise_copy(out, r->room, r->in, strlen(r->in));
		if (got != strlen(r->want) || strcmp(out, r->want) != 0 || out[r->room] != 'x')
			fail_msg("row %zu: \"%s\", not \"%s\"", i, out, r->want);
	}
}

static void test_no_room(void **state)
{
	char out = 'x';

	(void)state;
	assert_int_equal(text_sanitise(&out, 0, "abc", 3), 0);
	assert_int_equal(out, 'x');
	assert_int_equal(text_sanitise(&out, 1, "", 0), 0);
	assert_int_equal(out, '\0');
}

/* Whatever comes in, a second pass leaves the result alone. */
static void test_stable(void **state)
{
	uint32_t seed = 1;

	(void)state;
	for (int round = 0; round < 20000; round++) {
		char in[ROOM / 2];
		char once[ROOM];
		char twice[ROOM];
		size_t size;

		for (size_t i = 0; i < sizeof(in); i++) {
			seed = seed * 1664525 + 1013904223;
			in[i] = (char)(seed >> 24);
		}
		size = sanitise_copy(once, 1 + seed % sizeof(once), in, sizeof(in));
		assert_int_equal(sanitise_copy(twice, sizeof(twice), once, size), size);
		assert_string_equal(once, twice);
	}
}

static void test_scale(void **state)
{
	static const struct {
		double value, scaled;
		const char *prefix;
	} rows[] = {
		{0, 0, ""},
		{999.4, 999.4, ""},
		{999.5, .9995, "k"},
		{1000, 1, "k"},
		{999499, 999.499, "k"},
		{3.2e9, 3.2, "G"},
		{5e15, 5000, "T"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct text_scaled s = text_scale(rows[i].value);

		assert_true(s.value > rows[i].scaled - 1e-6 && s.value < rows[i].scaled + 1e-6);
		assert_string_equal(s.prefix, rows[i].prefix);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_classes),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_no_room),
		cmocka_unit_test(test_stable),
		cmocka_unit_test(test_scale),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
