/* Extended source and sink on paths that lose, double and reorder: every packet is accounted for,
 * what is only late is not sent again, what is lost is repaired, in as many reports as it takes. */
#include "tests/support/transfer.h"

#define UPLOAD   .extended = true
#define DOWNLOAD .extended = true, .waits = true, .lease_ns = 900 * MS

enum { SEEDS = 3 };

/* 2 Mbit/s are 1000 datagrams a second here. */
static const struct {
	const char *name;
	struct transfer_plan plan;
	bool whole; /* the source is not stopped early */
} impair_rows[] = {
	{"fine", {WAY(0, 0, 5, 0), WAY(0, 0, 5, 0), PLAN(2000, 3, 100), UPLOAD}, true},
	{"fine, down", {WAY(0, 0, 5, 0), WAY(0, 0, 5, 0), PLAN(2000, 3, 100), DOWNLOAD}, true},
	{"20 %", {WAY(.2, 0, 5, 0), WAY(.2, 0, 5, 0), PLAN(2000, 3, 100), UPLOAD}, true},
	{"20 %, down", {WAY(.2, 0, 5, 0), WAY(.2, 0, 5, 0), PLAN(2000, 3, 100), DOWNLOAD}, true},
	{"50 %", {WAY(.5, 0, 5, 0), WAY(.5, 0, 5, 0), PLAN(2000, 3, 100), UPLOAD}, true},
	{"50 %, down", {WAY(.5, 0, 5, 0), WAY(.5, 0, 5, 0), PLAN(2000, 3, 50), DOWNLOAD}, true},
	{"95 %", {WAY(.95, 0, 5, 0), WAY(.95, 0, 5, 0), PLAN(2000, 3, 100), UPLOAD}, true},
	{"doubles", {WAY(0, .3, 5, 0), WAY(0, .3, 5, 0), PLAN(2000, 3, 100), UPLOAD}, true},
	{"so late that much is repaired for nothing",
		{WAY(0, 0, 5, 400), WAY(0, 0, 5, 400), PLAN(2000, 3, 50), UPLOAD}, true},
	{"a long way, down", {WAY(.1, 0, 300, 0), WAY(.1, 0, 300, 0), PLAN(2000, 3, 100), DOWNLOAD}, true},
	{"no way at all: 0 ns", {WAY(.1, .1, 0, 0), WAY(.1, .1, 0, 0), PLAN(2000, 3, 10), UPLOAD}, true},
	{"all of it, fast", {WAY(.2, .2, 20, 150), WAY(.3, .2, 20, 150), PLAN(40000, 2, 30), UPLOAD}, true},
	{"all of it, down", {WAY(.2, .2, 20, 150), WAY(.3, .2, 20, 150), PLAN(8000, 3, 100), DOWNLOAD}, true},
	{"no reports arrive", {WAY(.2, 0, 5, 10), WAY(1, 0, 5, 10), PLAN(2000, 2, 30), UPLOAD}, true},
	{"no reports arrive, down", {WAY(.2, 0, 5, 10), WAY(1, 0, 5, 10), PLAN(2000, 2, 30), DOWNLOAD},
		false},
	{"nothing arrives, down", {WAY(1, 0, 5, 10), WAY(0, 0, 5, 10), PLAN(2000, 2, 30), DOWNLOAD}, false},
};

static void test_identity(void **state)
{
	uint64_t duplicates = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(impair_rows); i++) {
		for (uint64_t seed = 0; seed < SEEDS; seed++) {
			struct transfer_plan plan = impair_rows[i].plan;
			struct transfer *t;
			uint64_t whole;

			print_message("%s, seed %ju\n", impair_rows[i].name, (uintmax_t)seed);
			plan.seed = seed;
			t = transfer_new(&plan);
			run_until(t, START_NS + 500 * MS);
			run_out(t);
			check_counts(t);
			assert_int_equal(t->source.count.reports + t->reports_refused,
				t->down->sent - t->down->dropped + t->down->doubled - t->down->count);
			whole = plan.rate_bps * (plan.duration_ns / MS - 30) / 1000;
			assert_int_equal(t->source.count.bytes * 8 > whole, impair_rows[i].whole);
			duplicates += t->sink.count.duplicates;
			transfer_free(t);
		}
	}
	assert_int_not_equal(duplicates, 0);
}

/* What arrives ends with the path: so does what is sent, within the lease. */
static void test_a_download_stops_with_its_path(void **state)
{
	static const struct {
		const char *name;
		double up, down;
	} rows[] = {{"data", 1, 0}, {"reports", 0, 1}, {"both", 1, 1}};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct transfer_plan plan = {WAY(0, 0, 5, 0), WAY(0, 0, 5, 0), PLAN(20000, 5, 100), DOWNLOAD};
		struct transfer *t = transfer_new(&plan);
		uint64_t packets;

		print_message("%s\n", rows[i].name);
		run_until(t, START_NS + 2000 * MS);
		assert_false(source_finished(&t->source, t->now_ns));
		t->up->impair.drop = rows[i].up;
		t->down->impair.drop = rows[i].down;
		run_until(t, START_NS + 2700 * MS);
		assert_false(source_finished(&t->source, t->now_ns));
		run_until(t, START_NS + 2000 * MS + plan.lease_ns + 20 * MS);
		assert_true(source_finished(&t->source, t->now_ns));
		packets = t->source.count.packets;
		run_out(t);
		check_counts(t);
		assert_int_equal(t->source.count.packets, packets);
		transfer_free(t);
	}
}

/* Nothing is lost, but all is out of order, by less than the shortest time between two reports. */
static const struct {
	const char *name;
	struct transfer_plan plan;
} late_rows[] = {
	{"in order", {WAY(0, 0, 5, 0), WAY(0, 0, 5, 0), PLAN(2000, 4, 100), UPLOAD}},
	{"5 ms", {WAY(0, 0, 5, 5), WAY(0, 0, 5, 5), PLAN(2000, 4, 100), UPLOAD}},
	{"9 ms", {WAY(0, 0, 5, 9), WAY(0, 0, 5, 9), PLAN(2000, 4, 100), UPLOAD}},
	{"all of 10 ms, and doubled", {WAY(0, .5, 5, 10), WAY(0, .5, 5, 0), PLAN(2000, 4, 100), UPLOAD}},
	{"9 ms on a long way, down", {WAY(0, 0, 300, 9), WAY(0, 0, 300, 0), PLAN(2000, 4, 100), DOWNLOAD}},
	{"reports out of order", {WAY(0, 0, 5, 9), WAY(0, .5, 5, 200), PLAN(20000, 4, 100), UPLOAD}},
	{"reports lost", {WAY(0, 0, 5, 9), WAY(.7, 0, 5, 99), PLAN(20000, 4, 100), UPLOAD}},
	{"reports late", {WAY(0, 0, 5, 9), WAY(0, 0, 5, 0), PLAN(2000, 4, 100), UPLOAD, .late_ns = 95 * MS}},
	{"very many", {WAY(0, 0, 5, 9), WAY(0, 0, 5, 0), PLAN(40000, 2, 100), UPLOAD}},
	{"very many, down", {WAY(0, 0, 5, 9), WAY(0, 0, 5, 9), PLAN(40000, 2, 100), DOWNLOAD}},
};

static void test_reordering_alone_repairs_nothing(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(late_rows); i++) {
		for (uint64_t seed = 0; seed < SEEDS; seed++) {
			struct transfer_plan plan = late_rows[i].plan;
			struct transfer *t;

			print_message("%s, seed %ju\n", late_rows[i].name, (uintmax_t)seed);
			plan.seed = seed;
			t = transfer_new(&plan);
			run_until(t, START_NS + 1000 * MS);
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
	{"1 %", {WAY(.01, 0, 5, 0), WAY(0, 0, 5, 0), PLAN(2000, 5, 30), UPLOAD}, 300},
	{"20 %", {WAY(.2, 0, 5, 0), WAY(.2, 0, 5, 0), PLAN(2000, 5, 30), UPLOAD}, 1000},
	{"20 %, down", {WAY(.2, 0, 5, 0), WAY(.2, 0, 5, 0), PLAN(2000, 5, 30), DOWNLOAD}, 1000},
	{"20 %, out of order and doubled",
		{WAY(.2, .2, 10, 25), WAY(.2, .2, 10, 25), PLAN(2000, 5, 30), UPLOAD}, 1500},
	{"50 %", {WAY(.5, 0, 5, 0), WAY(.5, 0, 5, 0), PLAN(2000, 5, 30), UPLOAD}, 3000},
	{"50 %, down", {WAY(.5, 0, 5, 0), WAY(.5, 0, 5, 0), PLAN(2000, 5, 30), DOWNLOAD}, 3000},
	{"50 %, a long way, slow", {WAY(.5, 0, 100, 0), WAY(0, 0, 100, 0), PLAN(400, 12, 30), UPLOAD}, 6000},
};

static void test_holes_are_repaired(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(repair_rows); i++) {
		for (uint64_t seed = 0; seed < SEEDS; seed++) {
			struct transfer_plan plan = repair_rows[i].plan;
			struct transfer *t;
			uint64_t settled;

			print_message("%s, seed %ju\n", repair_rows[i].name, (uintmax_t)seed);
			plan.seed = seed;
			t = transfer_new(&plan);
			run_until(t, START_NS + 1000 * MS);
			run_until(t, end_ns(t) - repair_rows[i].settled_ms * MS);
			settled = t->source.next_data;
			run_out(t);
			check_counts(t);
			assert_int_not_equal(settled, 0);
			for (uint64_t piece = 0; piece < settled; piece++)
				assert_true(t->arrived[piece]);
			transfer_free(t);
		}
	}
}

/* More holes than a report has room for: the next one goes on where it stopped, and when the path recovers,
 * all of it is done before the end. */
static const struct {
	const char *name;
	struct transfer_plan plan;
	uint64_t clear_ms, check_ms;
} truncated_rows[] = {
	{"50 %, 10000 a second", {WAY(.5, 0, 5, 0), WAY(0, 0, 5, 0), PLAN(20000, 5, 10), UPLOAD}, 2000, 500},
	{"50 %, 20000 a second, and reports lost too",
		{WAY(.5, 0, 5, 0), WAY(.5, 0, 5, 0), PLAN(40000, 6, 10), UPLOAD}, 1500, 500},
	{"50 %, and reports lost too, down",
		{WAY(.5, 0, 5, 0), WAY(.5, 0, 5, 0), PLAN(8000, 6, 50), DOWNLOAD}, 2000, 500},
	{"20 %, out of order and doubled", {WAY(.2, .2, 5, 8), WAY(.2, .2, 5, 8), PLAN(20000, 4, 10), UPLOAD},
		1500, 250},
	{"10 %, as seldom as reports come", {WAY(.1, 0, 5, 0), WAY(0, 0, 5, 0), PLAN(20000, 5, 100), UPLOAD},
		2000, 500},
	{"50 %, a long way", {WAY(.5, 0, 100, 0), WAY(0, 0, 100, 0), PLAN(4000, 20, 50), UPLOAD}, 4000, 2000},
	{"90 %", {WAY(.9, 0, 5, 0), WAY(0, 0, 5, 0), PLAN(20000, 6, 10), UPLOAD}, 3000, 1500},
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
			assert_true(t->source.count.retransmitted_packets > before + 100);
			before = t->source.count.retransmitted_packets;
		}
		assert_int_not_equal(t->truncated, 0);
		t->up->impair.drop = 0;
		waiting = t->source.next_data;
		run_until(t, end_ns(t));
		assert_true(t->first_hole > waiting);
		run_out(t);
		check_counts(t);
		transfer_free(t);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_identity),
		cmocka_unit_test(test_a_download_stops_with_its_path),
		cmocka_unit_test(test_reordering_alone_repairs_nothing),
		cmocka_unit_test(test_holes_are_repaired),
		cmocka_unit_test(test_truncated_reports),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
