/* The receiving side between extended peers, in virtual time: which losses are its own host's, and
 * when it is over. */
#include "tests/support/sink_side.h"

static void open_extended(struct sink *k)
{
	struct sink_plan plan = sink_plan_of(true);

	assert_int_equal(sink_open(k, &plan), 0);
}

static uint64_t host_drops(const struct sink *k)
{
	struct sink_counters got;

	sink_counters(k, &got);
	return got.host_drops;
}

/* The kernel has dropped messages, each of up to this many datagrams; then comes a packet after a gap. */
static const struct {
	uint64_t drops;
	unsigned weight;
	uint64_t gap, blamed;
} drop_rows[] = {
	{0, 0, 0, 0},
	{0, 1, 5, 0},
	{1, 1, 1, 1},
	{1, 1, 5, 1},
	{5, 1, 3, 3},
	{3, 1, 0, 0},
	{1, 0, 4, 1},
	{2, 16, 20, 20},
	{2, 16, 32, 32},
	{2, 16, 50, 32},
	{1000000, 64, 7, 7},
};

static void test_drops(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(drop_rows); i++) {
		uint64_t next = drop_rows[i].gap + 1;
		struct sink k;

		print_message("%ju drops of %u, a gap of %ju\n", (uintmax_t)drop_rows[i].drops,
			drop_rows[i].weight, (uintmax_t)drop_rows[i].gap);
		open_extended(&k);
		arrive(&k, 0, 0, START_NS);
		sink_dropped(&k, drop_rows[i].drops, drop_rows[i].weight);
		arrive(&k, next, next, START_NS);
		assert_int_equal(host_drops(&k), drop_rows[i].blamed);
		/* They explain this gap only, not one that the path makes later. */
		arrive(&k, next + 10, next + 10, START_NS);
		assert_int_equal(host_drops(&k), drop_rows[i].blamed);
		sink_close(&k);
	}
}

static void test_drops_add_up(void **state)
{
	struct sink k;

	(void)state;
	open_extended(&k);
	arrive(&k, 0, 0, START_NS);
	sink_dropped(&k, 2, 1);
	sink_dropped(&k, 3, 1);
	arrive(&k, 11, 11, START_NS);
	assert_int_equal(host_drops(&k), 5);
	/* One that comes late has no gap before it. */
	sink_dropped(&k, 4, 1);
	arrive(&k, 5, 5, START_NS);
	assert_int_equal(host_drops(&k), 5);
	sink_dropped(&k, 1, 1);
	arrive(&k, 14, 14, START_NS);
	assert_int_equal(host_drops(&k), 6);
	sink_close(&k);
}

/* Drops with nothing behind them: the source says how much it had sent. */
static const struct {
	const char *name;
	uint64_t drops;
	unsigned weight;
	uint64_t received, expected;
	bool done;
	uint64_t blamed;
} late_rows[] = {
	{"not known how much was sent", 9, 1, 10, 20, false, 0},
	{"no drops", 0, 1, 10, 20, true, 0},
	{"fewer than are missing", 3, 1, 10, 20, true, 3},
	{"more", 30, 1, 10, 20, true, 10},
	{"of joined datagrams", 1, 8, 10, 20, true, 8},
	{"of joined datagrams, more", 1, 16, 10, 20, true, 10},
	{"all has arrived", 3, 1, 20, 20, true, 0},
	{"nothing has", 50, 1, 0, 20, true, 20},
	{"more has than was sent, it says", 3, 1, 20, 10, true, 0},
};

static void test_drops_at_the_end(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(late_rows); i++) {
		struct sink k;

		print_message("%s\n", late_rows[i].name);
		open_extended(&k);
		for (uint64_t n = 0; n < late_rows[i].received; n++)
			arrive(&k, n, n, START_NS);
		sink_dropped(&k, late_rows[i].drops, late_rows[i].weight);
		if (late_rows[i].done)
			sink_source_done(&k, late_rows[i].expected);
		assert_int_equal(host_drops(&k), late_rows[i].blamed);
		/* Asked twice, it says the same. */
		assert_int_equal(host_drops(&k), late_rows[i].blamed);
		sink_close(&k);
	}
}

/* A packet a millisecond arrives from `first_ms` to `last_ms`, but for the one `lost_ms` after the
 * first; at `done_ms` the source says that it has sent those and `tail` more. 0: not at all. */
static const struct {
	const char *name;
	unsigned duration_ms;
	bool may_starve;
	unsigned first_ms, last_ms, lost_ms, done_ms, tail;
	unsigned over_ms;
} close_rows[] = {
	{"all has arrived", 2000, false, 1, 2000, 0, 2010, 0, 2010},
	{"a download, all has arrived", 2000, true, 1, 2000, 0, 2010, 0, 2010},
	{"it says so before the last has arrived", 2000, false, 1, 2000, 0, 1950, 50, 2000},
	{"ended early, all has arrived", 2000, false, 1, 500, 0, 510, 0, 510},
	{"one is missing", 2000, false, 1, 2000, 7, 2010, 0, 2200},
	{"the tail is missing", 2000, false, 1, 1990, 0, 2010, 10, 2190},
	{"ended early, one is missing", 2000, false, 1, 500, 7, 510, 0, 700},
	{"it says so after the line went quiet", 2000, false, 1, 1500, 7, 2010, 500, 2010},
	{"it had nothing to send", 2000, false, 0, 0, 0, 1000, 0, 1000},
	{"nothing has arrived", 2000, false, 0, 0, 0, 2010, 500, 2010},
	{"it never says so", 2000, false, 1, 2000, 0, 0, 0, 2201},
	{"it never says so, and data is late", 2000, false, 1, 2150, 0, 0, 0, 2350},
	{"the line breaks", 2000, false, 1, 700, 0, 0, 0, 2201},
	{"the line breaks, a long upload", 20000, false, 1, 700, 0, 0, 0, 20201},
	{"stopped: a long download", 20000, true, 1, 700, 0, 0, 0, 3700},
	{"it begins late", 2000, false, 5000, 7000, 0, 0, 0, 7200},
	{"it begins very late", 2000, false, 13990, 15990, 0, 0, 0, 16190},
	{"it begins late, and says when it is done", 2000, false, 5000, 7000, 0, 7001, 0, 7001},
	{"a download begins late", 2000, true, 2990, 4990, 0, 0, 0, 5190},
	{"it never begins", 2000, false, 0, 0, 0, 0, 0, 14000},
	{"a download never begins", 2000, true, 0, 0, 0, 0, 0, 3000},
};

static unsigned run_close(struct sink *k, size_t row)
{
	unsigned first = close_rows[row].first_ms, last = close_rows[row].last_ms;
	uint64_t sent = first ? last - first + 1 : 0;

	for (unsigned ms = 0; ms < 30000; ms++) {
		uint64_t now_ns = START_NS + ms * MS;
		struct feedback f;

		if (first && ms >= first && ms <= last &&
			(!close_rows[row].lost_ms || ms != first + close_rows[row].lost_ms))
			arrive(k, ms - first, ms - first, now_ns);
		if (ms > 0 && ms == close_rows[row].done_ms) {
			uint64_t left = ms < last ? ms - first + 1 : sent;

			sink_source_done(k, left + close_rows[row].tail);
		}
		if (sink_finished(k, now_ns)) {
			assert_true(sink_due_ns(k) <= now_ns);
			return ms;
		}
		sink_report(k, now_ns, &f);
		assert_true(sink_due_ns(k) > now_ns);
	}
	return UINT32_MAX;
}

static void test_close(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(close_rows); i++) {
		struct sink_plan plan = sink_plan_of(true);
		struct sink k;

		print_message("%s\n", close_rows[i].name);
		plan.order.duration_ns = close_rows[i].duration_ms * MS;
		plan.may_starve = close_rows[i].may_starve;
		assert_int_equal(sink_open(&k, &plan), 0);
		assert_int_equal(run_close(&k, i), close_rows[i].over_ms);
		sink_close(&k);
		assert_false(sink_finished(&k, CLOCK_NEVER - 1));
		assert_int_equal(sink_due_ns(&k), CLOCK_NEVER);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_drops),
		cmocka_unit_test(test_drops_add_up),
		cmocka_unit_test(test_drops_at_the_end),
		cmocka_unit_test(test_close),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
