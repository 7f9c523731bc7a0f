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

struct good_row {
	const char *text;
	const char *name;
	uint8_t first, last; /* bytes of the key */
	uint64_t rate_bps;
	uint32_t duration_s;
};

static const struct good_row good_rows[] = {
	{"a " HEX_A, "a", 0x01, 0xef, 0, 0},
	{"a " HEX_A "\n", "a", 0x01, 0xef, 0, 0},
	{"a " HEX_A "\r\n", "a", 0x01, 0xef, 0, 0},
	{"\t a \t " HEX_B " \t\n", "a", 0xfe, 0x10, 0, 0},
	{"# of the lab\n\n  # " HEX_B "\n \t\nlab-1 " HEX_A "\n#", "lab-1", 0x01, 0xef, 0, 0},
	{NAME32 " " HEX_B "\n", NAME32, 0xfe, 0x10, 0, 0},
	{"._- " HEX_B "\n", "._-", 0xfe, 0x10, 0, 0},
	{"a " HEX_A " rate=1000\n", "a", 0x01, 0xef, 1000, 0},
	{"a " HEX_A " rate=20M duration=60\n", "a", 0x01, 0xef, 20000000, 60},
	{"a " HEX_A " duration=1 rate=2.5k\n", "a", 0x01, 0xef, 2500, 1},
	{"a " HEX_A " rate=1K\n", "a", 0x01, 0xef, 1000, 0},
	{"a " HEX_A " rate=0.000001G\n", "a", 0x01, 0xef, 1000, 0},
	{"a " HEX_A " rate=1.123456789G\n", "a", 0x01, 0xef, 1123456789, 0},
	{"a " HEX_A " rate=1000G duration=86400\n", "a", 0x01, 0xef, 1000000000000, 86400},
	{"a " HEX_A " rate=1000000000000\n", "a", 0x01, 0xef, 1000000000000, 0},
};

static void test_good(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(good_rows); i++) {
		const struct good_row *r = &good_rows[i];
		char error[KEYS_ERROR];
		struct keys *keys;
		const struct key *key;

		if (load(&keys, r->text, error) != 0)
			fail_msg("row %zu: %s", i, error);
		key = keys_first(keys);
		if (key != keys_find(keys, r->name) || strcmp(key->name, r->name) != 0 ||
			key->secret[0] != r->first || key->secret[KEY_BYTES - 1] != r->last ||
			key->rate_bps != r->rate_bps || key->duration_s != r->duration_s)
			fail_msg("row %zu: another key", i);
		keys_free(keys);
	}
}

static void test_many(void **state)
{
	static char text[(KEYS_MAX + 1) * 100];
	char error[KEYS_ERROR];
	struct keys *keys;
	size_t used = 0;

	(void)state;
	for (int i = 0; i < KEYS_MAX; i++)
		used += (size_t)sprintf(text + used, "key%d " HEX_A " duration=%d\n", i, i + 1);
	assert_int_equal(load(&keys, text, error), 0);
	assert_string_equal(keys_first(keys)->name, "key0");
	for (uint32_t i = 0; i < KEYS_MAX; i++) {
		char name[KEY_NAME];

		snprintf(name, sizeof(name), "key%u", i);
		assert_string_equal(keys_find(keys, name)->name, name);
		assert_int_equal(keys_find(keys, name)->duration_s, i + 1);
	}
	keys_free(keys);
	sprintf(text + used, "key%d " HEX_A "\n", KEYS_MAX);
	assert_int_equal(load(&keys, text, error), -EINVAL);
	assert_non_null(strstr(error, ":257: too many keys; allowed: 256"));
}

static const char *const stranger_names[] = {"", "a", "lab", "lab-", "lab-11", "Lab-1", "lab-1 ", "lab 1",
	"lab-1\n", NAME32, (NAME32 NAME32), "\xff"};

static void test_find(void **state)
{
	char error[KEYS_ERROR];
	struct keys *keys;

	(void)state;
	assert_int_equal(load(&keys, "lab-1 " HEX_A "\nlab-2 " HEX_B "\n", error), 0);
	assert_ptr_equal(keys_find(keys, "lab-1"), keys_first(keys));
	assert_int_equal(keys_find(keys, "lab-2")->secret[0], 0xfe);
	for (size_t i = 0; i < COUNT(stranger_names); i++)
		if (keys_find(keys, stranger_names[i]))
			fail_msg("found \"%s\"", stranger_names[i]);
	keys_free(keys);
}

struct mode_row {
	mode_t mode;
	int want;
};

static const struct mode_row mode_rows[] = {
	{0600, 0},
	{0400, 0},
	{0700, 0},
	{0640, -EACCES},
	{0620, -EACCES},
	{0610, -EACCES},
	{0604, -EACCES},
	{0602, -EACCES},
	{0601, -EACCES},
	{0644, -EACCES},
	{0666, -EACCES},
};

static void test_rights(void **state)
{
	static const char text[] = "a " HEX_A;

	(void)state;
	for (size_t i = 0; i < COUNT(mode_rows); i++) {
		char error[KEYS_ERROR] = "";
		struct keys *keys = NULL;

		write_file(text, strlen(text), mode_rows[i].mode);
		if (keys_load(&keys, path, error) != mode_rows[i].want)
			fail_msg("mode %o: %s", mode_rows[i].mode, error);
		assert_int_equal(keys != NULL, mode_rows[i].want == 0);
		assert_int_equal(strstr(error, "chmod 600") != NULL, mode_rows[i].want != 0);
		keys_free(keys);
		unlink(path);
	}
}

/* Only root can give a file away. */
static void test_owner(void **state)
{
	static const char text[] = "a " HEX_A;
	char error[KEYS_ERROR];
	struct keys *keys;

	(void)state;
	if (geteuid() != 0)
		skip();
	write_file(text, strlen(text), 0600);
	assert_int_equal(chown(path, 12345, 0), 0);
	assert_int_equal(keys_load(&keys, path, error), -EACCES);
	assert_non_null(strstr(error, ": belongs to somebody else"));
	assert_int_equal(chown(path, 0, 12345), 0);
	assert_int_equal(keys_load(&keys, path, error), 0);
	keys_free(keys);
}

static void test_no_file(void **state)
{
	char error[KEYS_ERROR];
	char longer[2 * KEYS_ERROR];
	struct keys *keys;

	(void)state;
	unlink(path);
	assert_int_equal(keys_load(&keys, path, error), -ENOENT);
	assert_non_null(strstr(error, ": No such file or directory"));
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(keys_load(&keys, path, error), -EINVAL);
	assert_non_null(strstr(error, ": not a regular file"));
	assert_int_equal(chmod(folder, 0700), 0);
	assert_int_equal(keys_load(&keys, folder, error), -EINVAL);
	unlink(path);
	memset(longer, 'x', sizeof(longer));
	longer[sizeof(longer) - 1] = '\0';
	assert_int_equal(keys_load(&keys, longer, error), -ENAMETOOLONG);
	assert_non_null(strstr(error, "xxx: File name too long"));
}

static void test_generate(void **state)
{
	char line[KEYS_LINE], other[KEYS_LINE], error[KEYS_ERROR];
	struct keys *keys;
	size_t size = keys_generate(line, sizeof(line), "lab-1");

	(void)state;
	assert_int_equal(size, strlen("lab-1 ") + 64 + 1);
	assert_int_equal(size, strlen(line));
	assert_int_equal(line[size - 1], '\n');
	assert_int_equal(load(&keys, line, error), 0);
	assert_string_equal(keys_first(keys)->name, "lab-1");
	keys_free(keys);
	assert_int_equal(keys_generate(other, sizeof(other), "lab-1"), size);
	assert_string_not_equal(line, other);
	assert_int_equal(keys_generate(line, sizeof(line), NAME32), 32 + 1 + 64 + 1);
	assert_int_equal(keys_generate(line, KEYS_LINE - 1, "a"), 0);
	assert_int_equal(keys_generate(line, sizeof(line), ""), 0);
	assert_int_equal(keys_generate(line, sizeof(line), "a b"), 0);
	assert_int_equal(keys_generate(line, sizeof(line), NAME32 "g"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_find),
		cmocka_unit_test(test_rights),
		cmocka_unit_test(test_owner),
		cmocka_unit_test(test_no_file),
		cmocka_unit_test(test_generate),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
