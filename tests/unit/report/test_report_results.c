/* How the JSON document shows tests: complete, incomplete, of servers that tell less; and their
 * sums. */
#include "proto/record/outcome.h"
#include "tests/support/report_document.h"

static void test_complete(void **state)
{
	static const struct value_row rows[] = {
		{"end.tests.0.direction", "\"up\""},
		{"end.tests.0.channel", "4711"},
		{"end.tests.0.duration_s", "10.0"},
		{"end.tests.0.complete", "true"},
		{"end.tests.0.sent", "{\"packets\":1000,\"bytes\":1000000,\"bits_per_second\":800000.0}"},
		{"end.tests.0.received.packets", "950"},
		{"end.tests.0.received.bytes", "950000"},
		{"end.tests.0.received.bits_per_second", "760000.0"},
		/* 28 bytes more for each of 950. */
		{"end.tests.0.received.ip_bits_per_second", "781280.0"},
		{"end.tests.0.received.unique_packets", "920"},
		{"end.tests.0.received.duplicates", "30"},
		{"end.tests.0.received.reordered", "5"},
		{"end.tests.0.retransmitted_packets", "70"},
		{"end.tests.0.loss", "{\"packets\":50,\"percent\":5.0,\"sender_host\":0,\"path\":48,"
				     "\"receiver_host\":2,\"bursts\":null,\"longest_burst\":null,\"period\":"
				     "null,\"outages\":null,\"reorder_extent\":null}"},
		{"end.sum_sent.bytes", "1000000"},
		{"end.sum_sent.bits_per_second", "800000.0"},
		{"end.sum_sent.packets", "1000"},
		{"end.sum_sent.lost_packets", "50"},
		{"end.sum_sent.lost_percent", "5.0"},
		{"end.sum_received.bytes", "950000"},
		{"end.sum_received.bits_per_second", "760000.0"},
		{"end.sum_received.packets", "950"},
		{"end.sum_received.lost_packets", "50"},
		{"end.sum_received.lost_percent", "5.0"},
	};
	struct test_record t = complete;
	struct options options;
	struct report r;
	json_t *root;

	(void)state;
	open_report(&r, &options, "192.0.2.1:6711");
	add_test(&r, &complete);
	check_values(&r, rows, COUNT(rows));
	report_free(&r);

	/* IPv6 has 48 bytes of headers, whatever the server is called. */
	open_report(&r, &options, "[2001:db8::1]:6711");
	add_test(&r, &complete);
	t.overhead_bytes = 48;
	add_test(&r, &t);
	t.overhead_bytes = 0;
	add_test(&r, &t);
	root = document(&r);
	check(root, "end.tests.0.received.ip_bits_per_second", "781280.0");
	check(root, "end.tests.1.received.ip_bits_per_second", "796480.0");
	check(root, "end.tests.2.received.ip_bits_per_second", "null");
	json_decref(root);
	report_free(&r);
}

/* Tests that ended in other ways: what is not known is null, and nothing is divided by zero. */
static const struct value_row unknown[] = {
	{"end.tests.0.complete", "false"},
	{"end.tests.0.sent.packets", "1000"},
	{"end.tests.0.received", "null"},
	{"end.tests.0.loss", "null"},
	{"end.sum_sent", "null"},
	{"end.sum_received", "null"},
};
static const struct value_row from_report[] = {
	{"end.tests.0.complete", "false"},
	{"end.tests.0.received.packets", "950"},
	{"end.tests.0.received.unique_packets", "920"},
	{"end.tests.0.received.duplicates", "null"},
	{"end.tests.0.received.reordered", "null"},
	{"end.tests.0.loss.packets", "50"},
	{"end.sum_received.packets", "950"},
};
static const struct value_row classic[] = {
	{"end.tests.0.complete", "true"},
	{"end.tests.0.received.packets", "950"},
	{"end.tests.0.received.unique_packets", "null"},
	{"end.tests.0.received.duplicates", "null"},
	{"end.tests.0.received.reordered", "null"},
};
static const struct value_row nothing[] = {
	{"end.tests.0.duration_s", "0.0"},
	{"end.tests.0.sent", "{\"packets\":0,\"bytes\":0,\"bits_per_second\":null}"},
	{"end.tests.0.received.bits_per_second", "null"},
	{"end.tests.0.received.ip_bits_per_second", "null"},
	{"end.tests.0.loss", "{\"packets\":0,\"percent\":0.0,\"sender_host\":0,\"path\":0,"
			     "\"receiver_host\":0,\"bursts\":null,\"longest_burst\":null,\"period\":null,"
			     "\"outages\":null,\"reorder_extent\":null}"},
	{"end.sum_sent.bits_per_second", "null"},
	{"end.sum_received.lost_percent", "0.0"},
};
static const struct {
	const char *name;
	enum test_phase phase;
	enum received_known known;
	bool is_empty;
	const struct value_row *rows;
	size_t n;
} incomplete_cases[] = {
	{"no report came", TEST_INCOMPLETE, RECEIVED_NOTHING, false, unknown, COUNT(unknown)},
	{"still running", TEST_RUNNING, RECEIVED_NOTHING, false, unknown, COUNT(unknown)},
	{"from the last report", TEST_INCOMPLETE, RECEIVED_TOTALS, false, from_report, COUNT(from_report)},
	{"a server that doesn't count", TEST_COMPLETE, RECEIVED_TOTALS, false, classic, COUNT(classic)},
	{"nothing was sent", TEST_COMPLETE, RECEIVED_COUNTERS, true, nothing, COUNT(nothing)},
};

static void test_incomplete(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(incomplete_cases); i++) {
		struct test_record t = complete;
		struct options options;
		struct report r;

		print_message("- %s\n", incomplete_cases[i].name);
		if (incomplete_cases[i].is_empty)
			t = (struct test_record){.id = 1};
		t.phase = incomplete_cases[i].phase;
		t.received.known = incomplete_cases[i].known;
		open_report(&r, &options, "192.0.2.1:6711");
		add_test(&r, &t);
		check_values(&r, incomplete_cases[i].rows, incomplete_cases[i].n);
		report_free(&r);
	}
}

/* Several tests add up; one without a result is left out of the sums. */
static void test_sums(void **state)
{
	static const struct value_row rows[] = {
		{"end.sum_sent.packets", "2000"},
		{"end.sum_sent.bits_per_second", "800000.0"},
		{"end.sum_received.bytes", "1900000"},
		{"end.sum_received.bits_per_second", "760000.0"},
		{"end.sum_received.lost_packets", "100"},
		{"end.sum_received.lost_percent", "5.0"},
	};
	struct test_record without = complete;
	struct options options;
	struct report r;
	json_t *root;

	(void)state;
	open_report(&r, &options, "192.0.2.1:6711");
	without.phase = TEST_FAILED;
	without.received.known = RECEIVED_NOTHING;
	add_test(&r, &complete);
	add_test(&r, &without);
	add_test(&r, &complete);
	check_values(&r, rows, COUNT(rows));
	root = document(&r);
	assert_int_equal(json_array_size(at(root, "end.tests")), 3);
	json_decref(root);
	report_free(&r);
}

static void test_lost(void **state)
{
	static const struct {
		uint64_t sent, arrived, lost;
	} rows[] = {{0, 0, 0}, {10, 10, 0}, {10, 7, 3}, {10, 0, 10}, {10, 12, 0}};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct test_record t = {.sent.count = {.packets = rows[i].sent},
			.received.count = {.packets = rows[i].arrived}};

		print_message("%ju of %ju\n", (uintmax_t)rows[i].arrived, (uintmax_t)rows[i].sent);
		assert_int_equal(outcome_loss(&t).packets, rows[i].lost);
	}
}

/* A screen may run for days: the latest tests are kept, and all are counted. */
static void test_many(void **state)
{
	struct options options;
	struct report r;

	(void)state;
	open_report(&r, &options, "192.0.2.1:6711");
	for (uint32_t id = 1; id <= REPORT_TESTS + 6; id++) {
		struct test_record t = complete;

		t.id = id;
		report_add_test(&r, &t);
	}
	assert_int_equal(r.tests, REPORT_TESTS);
	assert_int_equal(r.tests_ever, REPORT_TESTS + 6);
	for (unsigned i = 0; i < REPORT_TESTS; i++)
		assert_int_equal(r.test[i].id, 7 + i);
	report_free(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_complete),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_incomplete),
		cmocka_unit_test(test_sums),
		cmocka_unit_test(test_lost),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
