/* The queue of tests: when a direction is free for another one. */
#include "tests/support/test.h"
#include "tui/client/test_queue.h"

static const struct {
	const char *name;
	bool classic;
	unsigned started, seen; /* tests, the last of them in that phase */
	enum test_phase phase;
	enum test_direction direction;
	bool up_is_free, down_is_free;
} rows[] = {
	{"none", false, 0, 0, TEST_NONE, TEST_UP, true, true},
	{"not seen yet", false, 1, 0, TEST_NONE, TEST_UP, false, false},
	{"asked for", false, 1, 1, TEST_ASKING, TEST_UP, false, true},
	{"running", false, 1, 1, TEST_RUNNING, TEST_DOWN, true, false},
	{"awaiting counters", false, 1, 1, TEST_AWAITING, TEST_UP, true, true},
	{"complete", false, 2, 2, TEST_COMPLETE, TEST_UP, true, true},
	{"classic, running", true, 1, 1, TEST_RUNNING, TEST_UP, false, true},
	{"classic, awaiting the result", true, 1, 1, TEST_AWAITING, TEST_UP, false, true},
	{"classic, complete", true, 1, 1, TEST_COMPLETE, TEST_UP, true, true},
	{"classic, without a result", true, 1, 1, TEST_INCOMPLETE, TEST_UP, true, true},
};

static void test_is_free(void **state)
{
	static struct options options;
	static struct client client; /* large */
	static struct report report;
	struct test_queue queue;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct session_snapshot *s = &client.snapshot;

		print_message("%s\n", rows[i].name);
		client.classic = rows[i].classic;
		s->tests = rows[i].seen;
		for (unsigned n = 0; n < rows[i].seen; n++)
			s->test[n] = (struct test_record){
				.id = n + 1,
				.direction = rows[i].direction,
				.phase = n + 1 < rows[i].seen ? TEST_COMPLETE : rows[i].phase,
			};
		test_queue_init(&queue, &options, &client, &report);
		queue.started = rows[i].started;
		assert_int_equal(test_queue_is_free(&queue, TEST_UP), rows[i].up_is_free);
		assert_int_equal(test_queue_is_free(&queue, TEST_DOWN), rows[i].down_is_free);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_is_free),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
