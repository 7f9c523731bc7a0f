/* The table of directions: what peers, scripts and people have known them by, and what holds for each row. */
#include <ctype.h>
#include <string.h>

#include "proto/config/table.h"
#include "proto/wire/command.h"
#include "tests/support/test.h"
#include "tui/screen/keys.h"

enum { UP = 1 << TEST_UP, DOWN = 1 << TEST_DOWN };

/* Neither may change: peers know the one, documents and agreed records the other. */
static const struct {
	enum test_direction direction;
	const char *command, *name, *title;
	enum port_kind port;
	bool client_sends, classic;
} known[] = {
	{TEST_UP, "BWUP", "up", "Upload", PORT_UPLOAD, true, true},
	{TEST_DOWN, "BWDN", "down", "Download", PORT_DOWNLOAD, false, false},
};

static void test_known(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(known); i++) {
		const struct direction *d = &directions_table[known[i].direction];

		print_message("%s\n", known[i].name);
		assert_string_equal(d->command, known[i].command);
		assert_string_equal(d->name, known[i].name);
		assert_string_equal(d->title, known[i].title);
		assert_int_equal(d->port, known[i].port);
		assert_int_equal(d->client_sends, known[i].client_sends);
		assert_int_equal(d->classic, known[i].classic);
	}
}

/* One word in its forms: "An upload", "Upload", "upload"; "BWUP ack", "BWUP". */
static void test_words(void **state)
{
	(void)state;
	for (int i = 0; i < TEST_DIRECTIONS; i++) {
		const struct direction *d = &directions_table[i];
		const char *space = strrchr(d->one, ' ');
		size_t command = strlen(d->command);

		print_message("%s\n", d->name);
		assert_true(strlen(d->name) > 0 && strlen(d->name) <= 4); /* a column of the results */
		assert_int_equal(d->title[0], toupper((unsigned char)d->noun[0]));
		assert_string_equal(d->title + 1, d->noun + 1);
		assert_non_null(space);
		assert_string_equal(space + 1, d->noun);
		assert_memory_equal(d->answer, d->command, command);
		assert_string_equal(d->answer + command, " ack");
		for (int other = 0; other < i; other++) {
			assert_string_not_equal(d->name, directions_table[other].name);
			assert_string_not_equal(d->noun, directions_table[other].noun);
		}
	}
}

/* A question for a test in each direction reaches the peer as that. */
static void test_commands(void **state)
{
	(void)state;
	for (int i = 0; i < TEST_DIRECTIONS; i++) {
		struct test_command m = {
			.direction = (enum test_direction)i,
			.channel = 5,
			.duration_s = 2,
			.datagram_bytes = 1000,
		};
		struct test_command got;
		char body[WIRE_BODY_BYTES];
		size_t size = command_encode(body, &m);

		print_message("%s\n", directions_table[i].command);
		assert_int_equal(command_decode((const uint8_t *)body, size, &got), WIRE_OK);
		assert_int_equal(got.direction, i);
	}
}

static const struct {
	unsigned set, not_classic;
	enum test_direction first;
} sets[] = {
	{0, 0, TEST_UP},
	{UP, 0, TEST_UP},
	{DOWN, DOWN, TEST_DOWN},
	{UP | DOWN, DOWN, TEST_UP},
};

static void test_sets(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(sets); i++) {
		print_message("set %u\n", sets[i].set);
		assert_int_equal(directions_not_classic(sets[i].set), sets[i].not_classic);
		assert_int_equal(directions_first(sets[i].set), sets[i].first);
	}
	assert_int_equal(directions_of_port(PORT_UPLOAD) & DOWN, 0);
	assert_int_equal(directions_of_port(PORT_UPLOAD) & UP, UP);
	assert_int_equal(directions_of_port(PORT_DOWNLOAD) & UP, 0);
	assert_int_equal(directions_of_port(PORT_DOWNLOAD) & DOWN, DOWN);
}

/* The flag that begins tests in a set of directions; NULL: there is none. */
static const char *flag_of(unsigned set)
{
	for (size_t i = 0; i < options_rows; i++)
		if (options_table[i].type == OPTION_TEST && (unsigned)options_table[i].min == set)
			return options_table[i].name;
	return NULL;
}

/* Each set that has a flag has a key too, and each direction alone has both. */
static void test_flags_and_keys(void **state)
{
	(void)state;
	for (unsigned set = 1; set < 1u << TEST_DIRECTIONS; set++) {
		bool alone = (set & (set - 1)) == 0;

		print_message("set %u\n", set);
		assert_true(!alone || flag_of(set));
		assert_int_equal(*keys_starter(set) != '\0', flag_of(set) != NULL);
	}
	assert_string_equal(flag_of(UP), "bwup");
	assert_string_equal(flag_of(DOWN), "bwdown");
	assert_string_equal(flag_of(UP | DOWN), "bwboth");
	assert_string_equal(keys_starter(UP), "u");
	assert_string_equal(keys_starter(DOWN), "d");
	assert_string_equal(keys_starter(UP | DOWN), "b");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_known),
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_commands),
		cmocka_unit_test(test_sets),
		cmocka_unit_test(test_flags_and_keys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
