/* The conversation about a search, and about a budget: the server learns that the rate is to be found, and
 * how much may be sent; a test that ends early because of either is whole. */
#include "tests/support/extended_pair.h"

static const struct link_impair fine = {.delay_ns = 5 * NS_PER_MS};

static const struct {
	const char *name;
	bool search;
	uint32_t until_ppm;
	uint64_t early_ms, stop_ms; /* over so long before the end; stopped then (0: not) */
	enum test_phase phase;
	enum test_ended ended;
	uint64_t budget_bytes;
} rows[] = {
	{"no search", false, 0, 0, 0, TEST_COMPLETE, ENDED_TIME, 0},
	{"the whole time", true, 0, 0, 0, TEST_COMPLETE, ENDED_TIME, 0},
	{"certain early", true, 10000, 1500, 0, TEST_COMPLETE, ENDED_CERTAIN, 0},
	{"at its budget", false, 0, 1500, 0, TEST_COMPLETE, ENDED_BUDGET, 15000000},
	{"at its budget, searching", true, 0, 1500, 0, TEST_COMPLETE, ENDED_BUDGET, UINT32_MAX},
	{"below its budget", true, 0, 0, 0, TEST_COMPLETE, ENDED_TIME, 15000000},
	{"stopped below its budget", false, 0, 0, 1000, TEST_INCOMPLETE, ENDED_TIME, 15000000},
	{"never certain", true, 10000, 0, 0, TEST_COMPLETE, ENDED_TIME, 0},
	{"stopped before it is certain", true, 10000, 0, 1000, TEST_INCOMPLETE, ENDED_TIME, 0},
	{"stopped, no search", false, 0, 0, 1000, TEST_INCOMPLETE, ENDED_TIME, 0},
};

static void check_record(const struct test_record *r, size_t i)
{
	assert_int_equal(r->search, rows[i].search);
	assert_int_equal(r->until_ppm, rows[i].until_ppm);
	assert_int_equal(r->budget_bytes, rows[i].budget_bytes);
	assert_int_equal(r->sent.capacity.bps, rows[i].search ? RATE_BPS : 0);
	assert_int_equal(r->sent.ended, rows[i].ended);
	if (rows[i].early_ms)
		assert_in_range(r->sent.duration_ns, 1, SECONDS * SECOND - rows[i].early_ms * MS);
	/* Either end knows what both hosts did, and how packets were lost. */
	assert_true(r->sent.load.known && r->received.load.known);
	assert_int_equal(r->sent.load.cpu_permille, 500);
	assert_int_equal(r->received.load.cpu_permille, 700);
	assert_int_equal(r->received.pattern.bursts, 3);
}

static void check_row(size_t i, enum test_direction d)
{
	struct test_order order = {
		.direction = d,
		.duration_ns = SECONDS * SECOND,
		.rate_bps = RATE_BPS,
		.datagram_bytes = DATAGRAM,
		.search = rows[i].search,
		.until_ppm = rows[i].until_ppm,
		.budget_bytes = rows[i].budget_bytes,
	};
	struct test_record client, server;
	struct pair p;

	extended_pair_open(&p, &fine, i);
	p.client.worker[d].early_ns = p.server.worker[d].early_ns = rows[i].early_ms * MS;
	assert_int_equal(control_start(&p.client.control, &order, p.now_ns), 0);
	assert_false(control_is_loaded(&p.client.control));
	run(&p, START_NS + 100 * MS);
	assert_true(control_is_loaded(&p.client.control) && control_is_loaded(&p.server.control));
	if (rows[i].stop_ms) {
		run(&p, START_NS + rows[i].stop_ms * MS);
		control_stop(&p.client.control, p.now_ns);
	}
	run(&p, START_NS + 30 * SECOND);
	assert_int_equal(p.now_ns, CLOCK_NEVER);
	assert_false(control_is_loaded(&p.client.control) || control_is_loaded(&p.server.control));
	assert_int_equal(p.server.worker[d].order.search, rows[i].search);
	assert_int_equal(p.server.worker[d].order.until_ppm, rows[i].until_ppm);
	assert_int_equal(p.server.worker[d].order.budget_bytes, rows[i].budget_bytes);
	check_agreement(&p, d, rows[i].phase);
	client = latest(&p.client, d);
	server = latest(&p.server, d);
	check_record(&client, i);
	check_record(&server, i);
	extended_pair_close(&p);
}

static void test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows) * DIRECTIONS; i++) {
		enum test_direction d = i % DIRECTIONS ? TEST_DOWN : TEST_UP;

		print_message("%s, %s\n", rows[i / DIRECTIONS].name, d == TEST_UP ? "up" : "down");
		check_row(i / DIRECTIONS, d);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
