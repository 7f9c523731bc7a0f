#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proto/wire/keys.h"
#include "tests/support/test.h"

#define H1     "0123456789abcdef"
#define H2     "fedcba9876543210"
#define HEX_A  H1 H1 H1 H1
#define HEX_B  "FEDCBA9876543210" H2 H2 H2
#define NAME32 "abcdefghijklmnopqrstuvwxyzABCDEF"

static char folder[64], path[128];

static int begin(void **state)
{
	(void)state;
	strcpy(folder, "/tmp/test_keys_XXXXXX");
	if (sodium_init() < 0 || !mkdtemp(folder))
		return -1;
	snprintf(path, sizeof(path), "%s/keys", folder);
	return 0;
}

static int end(void **state)
{
	(void)state;
	unlink(path);
	return rmdir(folder);
}

static void write_file(const char *text, size_t size, mode_t mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, size), size);
	assert_int_equal(fchmod(fd, mode), 0);
	assert_int_equal(close(fd), 0);
}

static int load(struct keys **keys, const char *text, char error[KEYS_ERROR])
{
	write_file(text, strlen(text), 0600);
	*keys = NULL;
	error[0] = '\0';
	return keys_load(keys, path, error);
}

struct bad_row {
	const char *text;
	const char *want; /* behind the path */
};

#define NO_NAME "no name; allowed: 1..32 of A-Z a-z 0-9 . _ -"
#define NO_KEY  "no key behind the name; allowed: 64 hexadecimal digits"
#define WORD    "an unknown word behind the key; allowed: rate=N, duration=S"
#define RATE    "rate: not 1k..1000G bits/s"
#define SECONDS "duration: not 1..86400 seconds"

static const struct bad_row bad_rows[] = {
	{"", ": no key in it"},
	{"\n# " HEX_A "\n", ": no key in it"},
	{HEX_A, ":1: " NO_NAME},
	{HEX_A " a", ":1: " NO_NAME},
	{NAME32 "g " HEX_A, ":1: " NO_NAME},
	{"a/b " HEX_A, ":1: " NO_NAME},
	{"\"a\" " HEX_A, ":1: " NO_NAME},
	{"\xc3\xa4 " HEX_A, ":1: " NO_NAME},
	{"\xef\xbb\xbf"
	 "a " HEX_A,
		":1: " NO_NAME},
	{"a\x1b[2J " HEX_A, ":1: " NO_NAME},
	{"a" HEX_A, ":1: " NO_NAME},
	{"a", ":1: " NO_KEY},
	{"a " H1 H1 H1, ":1: " NO_KEY},
	{"a " H1 H1 H1 "0123456789abcde", ":1: " NO_KEY},
	{"a " HEX_A "0", ":1: " NO_KEY},
	{"a " HEX_A "00", ":1: " NO_KEY},
	{"a " H1 H1 H1 "0123456789abcdeg", ":1: " NO_KEY},
	{"a 0x" H1 H1 H1 "0123456789abcd", ":1: " NO_KEY},
	{"a " H1 H1 H1 "01234567:9abcdef", ":1: " NO_KEY},
	{"a " H1 " " H1 H1 H1, ":1: " NO_KEY},
	{"a=" HEX_A, ":1: " NO_NAME},
	{"a a " HEX_A, ":1: " NO_KEY},
	{"a " HEX_A "\nb", ":2: " NO_KEY},
	{"a " HEX_A "\n# x\n\nb " HEX_B " x", ":4: " WORD},
	{"a " HEX_A "\nb " HEX_B "\na " HEX_B, ":3: a name that is there already; allowed: once"},
	{"a " HEX_A " " HEX_B, ":1: " WORD},
	{"a " HEX_A " # lab", ":1: " WORD},
	{"a " HEX_A " rate", ":1: " WORD},
	{"a " HEX_A " Rate=1M", ":1: " WORD},
	{"a " HEX_A " rate =1M", ":1: " WORD},
	{"a " HEX_A " rate=", ":1: " RATE},
	{"a " HEX_A " rate=0", ":1: " RATE},
	{"a " HEX_A " rate=999", ":1: " RATE},
	{"a " HEX_A " rate=-1M", ":1: " RATE},
	{"a " HEX_A " rate=+1M", ":1: " RATE},
	{"a " HEX_A " rate=1m", ":1: " RATE},
	{"a " HEX_A " rate=1MM", ":1: " RATE},
	{"a " HEX_A " rate=1.M", ":1: " RATE},
	{"a " HEX_A " rate=.5M", ":1: " RATE},
	{"a " HEX_A " rate=1e6", ":1: " RATE},
	{"a " HEX_A " rate=max", ":1: " RATE},
	{"a " HEX_A " rate=1000.1G", ":1: " RATE},
	{"a " HEX_A " rate=1001G", ":1: " RATE},
	{"a " HEX_A " rate=9999999999999G", ":1: " RATE},
	{"a " HEX_A " rate=18446744074G", ":1: " RATE}, /* 290 Mbit/s in 64 bits */
	{"a " HEX_A " rate=99999999999999", ":1: " RATE},
	{"a " HEX_A " rate=18446744073709551617", ":1: " RATE},
	{"a " HEX_A " rate=1.1234567890G", ":1: " RATE},
	{"a " HEX_A " rate=1M rate=1M", ":1: rate: there already; allowed: once"},
	{"a " HEX_A " duration=", ":1: " SECONDS},
	{"a " HEX_A " duration=0", ":1: " SECONDS},
	{"a " HEX_A " duration=86401", ":1: " SECONDS},
	{"a " HEX_A " duration=4294967297", ":1: " SECONDS},
	{"a " HEX_A " duration=99999999999999999999", ":1: " SECONDS},
	{"a " HEX_A " duration=1.5", ":1: " SECONDS},
	{"a " HEX_A " duration=-1", ":1: " SECONDS},
	{"a " HEX_A " duration=10s", ":1: " SECONDS},
	{"a " HEX_A " duration=1 duration=1", ":1: duration: there already; allowed: once"},
};

/* No piece of the file, least of all of a key, that is 8 characters long. */
static void assert_tells_nothing(size_t row, const char *text, const char *error)
{
	static const char digits[] = "0123456789abcdefABCDEF";

	for (const char *at = text; strlen(at) >= 8; at++) {
		char piece[9];

		memcpy(piece, at, 8);
		piece[8] = '\0';
		if (strspn(piece, digits) == 8 && strstr(error, piece))
			fail_msg("row %zu tells %s", row, error);
	}
}

static void test_bad(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(bad_rows); i++) {
		const struct bad_row *r = &bad_rows[i];
		char error[KEYS_ERROR], want[KEYS_ERROR];
		struct keys *keys;

		snprintf(want, sizeof(want), "%s%s", path, r->want);
		if (load(&keys, r->text, error) != -EINVAL || strcmp(error, want) != 0 || keys)
			fail_msg("row %zu: \"%s\" instead of \"%s\"", i, error, want);
		assert_tells_nothing(i, r->text, error);
	}
}

static void test_nul(void **state)
{
	static const char text[] = "a " HEX_A "\0\n";
	char error[KEYS_ERROR];
	struct keys *keys;

	(void)state;
	write_file(text, sizeof(text) - 1, 0600);
	assert_int_equal(keys_load(&keys, path, error), -EINVAL);
	assert_non_null(strstr(error, ":1: a NUL byte; allowed: text"));
}

struct length_row {
	size_t length;
	bool is_comment;
	int want;
};

static const struct length_row length_rows[] = {
	{KEYS_LINE - 1, false, 0},
	{KEYS_LINE, false, -EINVAL},
	{KEYS_LINE - 1, true, 0},
	{KEYS_LINE, true, -EINVAL},
	{100000, true, -EINVAL},
};

static void test_long_lines(void **state)
{
	static const char good[] = "a " HEX_A;

	(void)state;
	for (size_t i = 0; i < COUNT(length_rows); i++) {
		const struct length_row *r = &length_rows[i];
		char *text = malloc(r->length + sizeof(good) + 1);
		char error[KEYS_ERROR] = "";
		struct keys *keys = NULL;

		assert_non_null(text);
		memset(text, ' ', r->length);
		if (r->is_comment)
			text[0] = '#';
		else
			memcpy(text, good, strlen(good));
		sprintf(text + r->length, "\n%s", r->is_comment ? good : "");
		if (load(&keys, text, error) != r->want)
			fail_msg("row %zu: %s", i, error);
		assert_int_equal(r->want != 0, strstr(error, ":1: too long") != NULL);
		keys_free(keys);
		free(text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_nul),
		cmocka_unit_test(test_long_lines),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
