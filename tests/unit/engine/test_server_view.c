/* When the client asks and how often the server answers, in virtual time. */
#include "proto/engine/server_view.h"
#include "proto/sys/clock.h"
#include "tests/support/test.h"

static void test_asks_while_on(void **state)
{
	/* Switched at the beginning of each step of 100 ms; '.': left as it is. 'a': asks in that step. */
	static const struct {
		const char *name, *switched, *asks;
	} rows[] = {
		{"never on", "............", "            "},
		{"on", "1...........", "a    a    a "},
		{"off", "1......0....", "a    a      "},
		{"off at once", "10..........", "a           "},
		{"on twice", "11.1........", "a    a    a "},
		{"off and on, between two", "1.01........", "a    a    a "},
		{"again and again", "101010101010", "a     a     "},
		{"off and on, later", "10......1...", "a       a   "},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct server_view_dialog w = {0};

		print_message("%s\n", rows[i].name);
		for (unsigned step = 0; rows[i].switched[step]; step++) {
			uint64_t now_ns = START_NS + step * 100 * MS;
			bool due;

			if (rows[i].switched[step] != '.')
				server_view_set(&w, rows[i].switched[step] == '1');
			due = server_view_due_ns(&w) <= now_ns;
			assert_int_equal(due, rows[i].asks[step] == 'a');
			assert_int_equal(server_view_ask(&w, now_ns), due);
			/* Nothing is left that would keep a loop spinning. */
			assert_true(server_view_due_ns(&w) > now_ns);
			if (!w.on)
				assert_int_equal(server_view_due_ns(&w), CLOCK_NEVER);
		}
	}
}

/* Only as many answers as questions, and never an older view after a newer one. */
static void test_takes_answers(void **state)
{
	static const struct {
		const char *name;
		unsigned asked;
		uint64_t clock_ns[3]; /* of the answers; 0: no more */
		enum wire_reject reason[3];
		uint64_t latest_ns; /* the clock of what is shown */
	} rows[] = {
		{"nothing asked", 0, {9}, {REJECT_CHANNEL}, 0},
		{"one", 1, {9}, {WIRE_OK}, 9},
		{"two for one question", 1, {9, 10}, {WIRE_OK, REJECT_CHANNEL}, 9},
		{"two", 2, {9, 10}, {WIRE_OK, WIRE_OK}, 10},
		{"overtaken", 2, {10, 9}, {WIRE_OK, WIRE_OK}, 10},
		{"one lost", 3, {9, 11}, {WIRE_OK, WIRE_OK}, 11},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct server_view_dialog w = {0};

		print_message("%s\n", rows[i].name);
		server_view_set(&w, true);
		for (unsigned n = 0; n < rows[i].asked; n++)
			assert_true(server_view_ask(&w, START_NS + n * SERVER_VIEW_ASK_MS * MS));
		/* Answers to what was asked before are not held against the server. */
		server_view_set(&w, false);
		for (size_t n = 0; n < COUNT(rows[i].clock_ns) && rows[i].clock_ns[n]; n++) {
			struct server_view v = {.taken_ns = START_NS + n, .clock_ns = rows[i].clock_ns[n]};

			assert_int_equal(server_view_take(&w, &v), rows[i].reason[n]);
		}
		assert_int_equal(w.latest.clock_ns, rows[i].latest_ns);
		assert_int_equal(w.latest.taken_ns != 0, rows[i].latest_ns != 0);
	}
}

/* However questions come, no second sees more than four answers, and an honest client gets all of its. */
static void test_answers_are_limited(void **state)
{
	static const struct {
		const char *name;
		uint64_t between_ms; /* questions */
		unsigned questions, answered;
	} rows[] = {
		{"all at once", 0, 1000, 4},
		{"a flood of ten seconds", 1, 10000, 40},
		{"just too fast", 249, 41, 33},
		{"four a second", 250, 40, 40},
		{"an honest client", SERVER_VIEW_ASK_MS, 40, 40},
	};
	uint64_t times_ns[SERVER_VIEW_ANSWERS] = {0};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct server_view_dialog w = {0};
		unsigned answered = 0;

		for (unsigned n = 0; n < rows[i].questions; n++) {
			uint64_t now_ns = START_NS + n * rows[i].between_ms * MS;
			uint64_t *fourth_last = &times_ns[answered % SERVER_VIEW_ANSWERS];

			if (!server_view_answer(&w, now_ns))
				continue;
			if (answered++ >= SERVER_VIEW_ANSWERS)
				assert_true(now_ns >= *fourth_last + NS_PER_S);
			*fourth_last = now_ns;
		}
		print_message("%s: %u\n", rows[i].name, answered);
		assert_int_equal(answered, rows[i].answered);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_asks_while_on),
		cmocka_unit_test(test_takes_answers),
		cmocka_unit_test(test_answers_are_limited),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
