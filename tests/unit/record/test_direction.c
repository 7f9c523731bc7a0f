/* The table of directions: what peers, scripts and people have known them by, and what holds for each row. */
#include <ctype.h>
#include <string.h>

#include "proto/wire/command.h"
#include "tests/support/test.h"

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_known),
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_commands),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
