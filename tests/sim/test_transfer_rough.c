/* Source and sink on paths that fail: more holes than a report has room for, outages, made-up
 * reports. */
#include "tests/support/transfer.h"

/* More holes than a report has room for: repair goes on from below, and when the path recovers, all of it is
 * done before the end. */
static const struct {
	const char *name;
	struct transfer_plan plan;
	uint64_t clear_ms, check_ms;
} truncated_rows[] = {
	{"50 %, 10000 a second", {WAY(.5, 0, 5, 0), WAY(0, 0, 5, 0), PLAN(20000, 5, 10)}, 2000, 500},
	{"50 %, 20000 a second, and reports lost too",
		{WAY(.5, 0, 5, 0), WAY(.5, 0, 5, 0), PLAN(40000, 6, 10)}, 1500, 500},
	{"20 %, out of order and doubled", {WAY(.2, .2, 5, 8), WAY(.2, .2, 5, 8), PLAN(20000, 4, 10)}, 1500,
		250},
	{"50 %, a long way", {WAY(.5, 0, 100, 0), WAY(0, 0, 100, 0), PLAN(4000, 20, 50)}, 4000, 2000},
	{"90 %", {WAY(.9, 0, 5, 0), WAY(0, 0, 5, 0), PLAN(20000, 6, 10)}, 3000, 1500},
};

static void test_truncated_reports(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(truncated_rows); i++) {
		const struct transfer_plan *plan = &truncated_rows[i].plan;
		struct transfer *t = transfer_new(plan);
		uint64_t clear_ns = START_NS + truncated_rows[i].clear_ms * MS;
		uint64_t before = 0, waiting;

		print_message("%s\n", truncated_rows[i].name);
		for (uint64_t at = START_NS; at < clear_ns; at += truncated_rows[i].check_ms * MS) {
			run_until(t, at + truncated_rows[i].check_ms * MS);
			assert_true(t->first_hole > before);
			before = t->first_hole;
		}
		assert_int_not_equal(t->truncated, 0);
		t->up->impair.drop = 0;
		waiting = t->source.next_data;
		run_until(t, end_ns(t));
		assert_true(t->first_hole > waiting);
		assert_int_equal(t->last_report.spans.span[t->last_report.spans.count - 1].end, UINT64_MAX);
		run_out(t);
		check_counts(t);
		transfer_free(t);
	}
}

/* The path fails for a while, one way or both. */
static const struct {
	const char *name;
	struct transfer_plan plan;
	double up, down;
} outage_rows[] = {
	{"data", {WAY(0, 0, 5, 0), WAY(0, 0, 5, 0), PLAN(20000, 4, 30)}, 1, 0},
	{"reports", {WAY(0, 0, 5, 0), WAY(0, 0, 5, 0), PLAN(20000, 4, 30)}, 0, 1},
	{"both", {WAY(0, 0, 5, 0), WAY(0, 0, 5, 0), PLAN(20000, 4, 30)}, 1, 1},
	{"both, in bad weather", {WAY(.1, .1, 5, 20), WAY(.1, .1, 5, 20), PLAN(2000, 6, 30)}, 1, 1},
};

static void test_outage(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(outage_rows); i++) {
		struct transfer *t = transfer_new(&outage_rows[i].plan);
		uint64_t waiting;

		print_message("%s\n", outage_rows[i].name);
		run_until(t, START_NS + 500 * MS);
		t->up->impair.drop = outage_rows[i].up;
		t->down->impair.drop = outage_rows[i].down;
		run_until(t, START_NS + 1500 * MS);
		t->up->impair.drop = outage_rows[i].plan.up.drop;
		t->down->impair.drop = outage_rows[i].plan.down.drop;
		waiting = t->source.next_data;
		run_until(t, end_ns(t));
		assert_true(t->first_hole > waiting);
		run_out(t);
		check_counts(t);
		transfer_free(t);
	}
}

/* A peer that answers with reports made up by chance: some are taken, and none makes the source
 * send what it never had, lose count, or exceed its rate. */
static struct span random_span(uint64_t *random, uint64_t from, uint64_t next_data)
{
	uint64_t begin = from + random_next(random) % (next_data / 16 + 2);

	return (struct span){begin, begin + random_next(random) % (next_data / 16 + 2)};
}

static void make_up(uint64_t *random, uint64_t next_data, struct wire_spans *spans)
{
	uint64_t most = random_chance(random, .2) ? WIRE_SPANS_MAX : 8;
	uint64_t from = 0;

	spans->count = (uint32_t)(1 + random_next(random) % most);
	for (unsigned i = 0; i < spans->count; i++) {
		spans->span[i] = random_span(random, from, next_data);
		from = spans->span[i].end + 2;
	}
	if (random_chance(random, .5))
		spans->span[spans->count - 1].end = UINT64_MAX;
}

static void test_hostile_reports(void **state)
{
	enum { REPORTS = 6000 };
	struct transfer_plan plan = {WAY(0, 0, 1, 0), WAY(1, 0, 1, 0), PLAN(20000, 20, 1000), .seed = 7};
	struct transfer *t = transfer_new(&plan);
	uint64_t taken = 0, sequence = 0, seen = 0;

	(void)state;
	for (unsigned i = 0; i < REPORTS; i++) {
		struct feedback report = {0};
		struct wire_spans *spans = &report.spans;
		struct source_feedback f = {.feedback = &report};
		uint64_t next_data = t->source.next_data, heard;
		enum wire_reject reason;
		bool possible;

		make_up(&t->random, next_data, spans);
		f.sequence = random_chance(&t->random, .9) ? sequence : sequence / 2;
		f.round_trip_ns = random_next(&t->random) % (10 * MS);
		heard = spans->span[spans->count - 1].end == UINT64_MAX
				? spans->span[spans->count - 1].begin
				: spans->span[spans->count - 1].end + 1;
		possible = f.sequence >= seen && heard <= next_data;
		reason = source_report(&t->source, &f, t->now_ns);
		assert_int_equal(reason, possible ? WIRE_OK : REJECT_SEQUENCE);
		if (possible) {
			seen = f.sequence + 1;
			sequence = seen + random_next(&t->random) % 3;
		}
		taken += possible;
		assert_true(!span_next(&t->source.repair.lost, next_data, &spans->span[0]));
		assert_true(t->source.repair.heard_data <= next_data);
		run_until(t, t->now_ns + MS);
	}
	assert_in_range(taken, REPORTS / 10, REPORTS * 9 / 10);
	run_out(t);
	check_counts(t);
	transfer_free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_truncated_reports),
		cmocka_unit_test(test_outage),
		cmocka_unit_test(test_hostile_reports),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
