/* Source and sink on paths that lose, double and reorder: every packet is accounted for, what is
 * only late is not sent again, and what is lost is repaired. */
#include "tests/support/transfer.h"

/* 2 Mbit/s are 1000 datagrams a second here. */
static const struct {
	const char *name;
	struct transfer_plan plan;
} impair_rows[] = {
	{"fine", {WAY(0, 0, 5, 0), WAY(0, 0, 5, 0), PLAN(2000, 3, 100)}},
	{"1 % loss", {WAY(.01, 0, 5, 0), WAY(.01, 0, 5, 0), PLAN(2000, 3, 100)}},
	{"20 % loss", {WAY(.2, 0, 5, 0), WAY(.2, 0, 5, 0), PLAN(2000, 3, 100)}},
	{"50 % loss", {WAY(.5, 0, 5, 0), WAY(.5, 0, 5, 0), PLAN(2000, 3, 100)}},
	{"95 % loss", {WAY(.95, 0, 5, 0), WAY(.95, 0, 5, 0), PLAN(2000, 3, 100)}},
	{"doubles", {WAY(0, .3, 5, 0), WAY(0, .3, 5, 0), PLAN(2000, 3, 100)}},
	{"out of order", {WAY(0, 0, 5, 20), WAY(0, 0, 5, 20), PLAN(2000, 3, 100)}},
	{"so late that much is repaired for nothing",
		{WAY(0, 0, 5, 400), WAY(0, 0, 5, 400), PLAN(2000, 3, 50)}},
	{"a long way", {WAY(.1, 0, 300, 0), WAY(.1, 0, 300, 0), PLAN(2000, 3, 100)}},
	{"no way at all: 0 ns", {WAY(.1, .1, 0, 0), WAY(.1, .1, 0, 0), PLAN(2000, 3, 10)}},
	{"all of it", {WAY(.2, .2, 20, 150), WAY(.3, .2, 20, 150), PLAN(2000, 3, 30)}},
	{"all of it, fast", {WAY(.2, .2, 20, 150), WAY(.3, .2, 20, 150), PLAN(40000, 2, 30)}},
	{"a sink that wakes late",
		{WAY(.2, .1, 5, 10), WAY(.2, .1, 5, 10), PLAN(2000, 3, 30), .late_ns = 80 * MS}},
	{"reports every ms", {WAY(.2, .1, 5, 10), WAY(.2, .1, 5, 10), PLAN(2000, 1, 1)}},
	{"no reports arrive", {WAY(.2, 0, 5, 10), WAY(1, 0, 5, 10), PLAN(2000, 2, 30)}},
	{"nothing arrives", {WAY(1, 0, 5, 10), WAY(0, 0, 5, 10), PLAN(2000, 2, 30)}},
};

static void test_identity(void **state)
{
	enum { SEEDS = 3 };
	uint64_t duplicates = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(impair_rows); i++) {
		for (uint64_t seed = 0; seed < SEEDS; seed++) {
			struct transfer_plan plan = impair_rows[i].plan;
			struct transfer *t;

			print_message("%s, seed %ju\n", impair_rows[i].name, (uintmax_t)seed);
			plan.seed = seed;
			t = transfer_new(&plan);
			run_out(t);
			check_counts(t);
			assert_int_equal(t->source.count.reports + t->reports_refused,
				t->down->sent - t->down->dropped + t->down->doubled - t->down->count);
			/* The pacer's rate is used, whatever the path does. */
			assert_true(t->source.count.bytes * 8 >
				    plan.rate_bps * (plan.duration_ns / MS - 30) / 1000);
			duplicates += t->sink.count.duplicates;
			transfer_free(t);
		}
	}
	assert_int_not_equal(duplicates, 0);
}

/* Nothing is lost, but all is out of order, by less than a report interval. */
static const struct {
	const char *name;
	struct transfer_plan plan;
} late_rows[] = {
	{"in order", {WAY(0, 0, 5, 0), WAY(0, 0, 5, 0), PLAN(2000, 4, 100)}},
	{"20 of 100 ms", {WAY(0, 0, 5, 20), WAY(0, 0, 5, 20), PLAN(2000, 4, 100)}},
	{"99 of 100 ms", {WAY(0, 0, 5, 99), WAY(0, 0, 5, 99), PLAN(2000, 4, 100)}},
	{"all of 100 ms", {WAY(0, 0, 5, 100), WAY(0, 0, 5, 0), PLAN(2000, 4, 100)}},
	{"all of 100 ms, and doubled", {WAY(0, .5, 5, 100), WAY(0, .5, 5, 0), PLAN(2000, 4, 100)}},
	{"4 of 5 ms on a long way", {WAY(0, 0, 500, 4), WAY(0, 0, 500, 0), PLAN(2000, 4, 5)}},
	{"reports out of order", {WAY(0, 0, 5, 9), WAY(0, .5, 5, 200), PLAN(2000, 4, 10)}},
	{"reports lost", {WAY(0, 0, 5, 99), WAY(.7, 0, 5, 99), PLAN(2000, 4, 100)}},
	{"reports late", {WAY(0, 0, 5, 99), WAY(0, 0, 5, 0), PLAN(2000, 4, 100), .late_ns = 95 * MS}},
	{"very many", {WAY(0, 0, 5, 99), WAY(0, 0, 5, 0), PLAN(40000, 2, 100)}},
};

static void test_reordering_alone_repairs_nothing(void **state)
{
	enum { SEEDS = 3 };

	(void)state;
	for (size_t i = 0; i < COUNT(late_rows); i++) {
		for (uint64_t seed = 0; seed < SEEDS; seed++) {
			struct transfer_plan plan = late_rows[i].plan;
			struct transfer *t;

			print_message("%s, seed %ju\n", late_rows[i].name, (uintmax_t)seed);
			plan.seed = seed;
			t = transfer_new(&plan);
			run_out(t);
			check_counts(t);
			assert_int_equal(t->source.count.retransmitted_packets, 0);
			assert_int_equal(t->source.count.lost_packets, 0);
			assert_int_equal(t->sink.count.unique_packets, t->source.count.packets);
			assert_int_equal(t->sink.count.reordered > 0, plan.up.jitter_ns > 0);
			assert_in_range(t->source.count.reports, 1, t->report_sequence);
			transfer_free(t);
		}
	}
}

/* All that was sent for the first time `settled_ms` before the end has arrived at the end. */
static const struct {
	const char *name;
	struct transfer_plan plan;
	uint64_t settled_ms;
} repair_rows[] = {
	{"1 %", {WAY(.01, 0, 5, 0), WAY(0, 0, 5, 0), PLAN(2000, 5, 30)}, 600},
	{"20 %", {WAY(.2, 0, 5, 0), WAY(.2, 0, 5, 0), PLAN(2000, 5, 30)}, 1000},
	{"20 %, out of order and doubled", {WAY(.2, .2, 10, 25), WAY(.2, .2, 10, 25), PLAN(2000, 5, 30)},
		1500},
	{"50 %", {WAY(.5, 0, 5, 0), WAY(.5, 0, 5, 0), PLAN(2000, 5, 30)}, 3000},
	{"50 %, a long way, slow", {WAY(.5, 0, 100, 0), WAY(0, 0, 100, 0), PLAN(400, 12, 30)}, 6000},
};

static void test_holes_are_repaired(void **state)
{
	enum { SEEDS = 3 };

	(void)state;
	for (size_t i = 0; i < COUNT(repair_rows); i++) {
		for (uint64_t seed = 0; seed < SEEDS; seed++) {
			struct transfer_plan plan = repair_rows[i].plan;
			struct transfer *t;
			uint64_t settled;

			print_message("%s, seed %ju\n", repair_rows[i].name, (uintmax_t)seed);
			plan.seed = seed;
			t = transfer_new(&plan);
			run_until(t, end_ns(t) - repair_rows[i].settled_ms * MS);
			settled = t->source.next_data;
			run_out(t);
			check_counts(t);
			assert_true(t->first_hole >= settled);
			for (uint64_t piece = 0; piece < settled; piece++)
				assert_true(t->arrived[piece]);
			transfer_free(t);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_identity),
		cmocka_unit_test(test_reordering_alone_repairs_nothing),
		cmocka_unit_test(test_holes_are_repaired),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
