/* The three-way exchange in virtual time: when it is made, what it measures, what counts as lost.
 */
#include "tests/support/heartbeat_pair.h"

static void test_both_sides_measure(void **state)
{
	static const struct {
		uint64_t up_ns, down_ns;
	} rows[] = {{1, 1}, {40000, 160000}, {NS_PER_MS, 0}, {0, 2 * NS_PER_MS}, {0, 0},
		{UINT64_C(1400) * NS_PER_MS, UINT64_C(1500) * NS_PER_MS}};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		uint64_t round_trip_ns = rows[i].up_ns + rows[i].down_ns;
		struct latency_summary l[2];
		struct pair p;

		print_message(
			"up %ju ns, down %ju ns\n", (uintmax_t)rows[i].up_ns, (uintmax_t)rows[i].down_ns);
		heartbeat_pair_open(&p, 0);
		exchange(&p, START_NS, rows[i].up_ns, rows[i].down_ns);
		l[0] = summary(&p.client);
		l[1] = summary(&p.server);
		for (int side = 0; side < 2; side++) {
			assert_int_equal(l[side].n, 1);
			assert_int_equal(l[side].sent, 1);
			assert_int_equal(l[side].lost, 0);
			assert_int_equal(l[side].last_ns, round_trip_ns);
			assert_int_equal(l[side].min_ns, round_trip_ns);
			assert_int_equal(l[side].mean_ns, round_trip_ns);
			assert_int_equal(l[side].max_ns, round_trip_ns);
			assert_int_equal(l[side].jitter_ns, 0);
		}
	}
}

/* RFC 3550, 6.4.1, by hand: a step of 16 us in the round trip adds 1 us, and 15/16 of it remain. */
static void test_jitter(void **state)
{
	static const struct {
		uint64_t down_ns, jitter_ns;
	} rows[] = {{100000, 0}, {116000, 1000}, {100000, 1938}, {100000, 1817}, {100000, 1704}};
	struct pair p;

	(void)state;
	heartbeat_pair_open(&p, 0);
	for (size_t i = 0; i < COUNT(rows); i++) {
		print_message("round trip %zu\n", i);
		exchange(&p, START_NS + i * UINT64_C(250) * NS_PER_MS, 0, rows[i].down_ns);
		assert_in_range(p.client.jitter_ns, rows[i].jitter_ns - (i > 0), rows[i].jitter_ns + 1);
	}
}

static void test_beat(void **state)
{
	/* When the client is stepped, and when the next heartbeat is due after that: each 250 ms
	 * until the first answer, then by the interval, without making up for beats missed. */
	static const struct {
		uint64_t interval_ms, step_ms, next_ms;
		bool answered;
	} rows[] = {
		{1000, 0, 250, false},
		{1000, 250, 500, false},
		{1000, 500, 750, true},
		{1000, 750, 1750, true},
		{1000, 1760, 2750, true},
		{1000, 2750, 3750, true},
		{1000, 4800, 5800, true},
	};
	struct heartbeat_plan plan = {.interval_ns = rows[0].interval_ms * NS_PER_MS};
	struct heartbeat server, client;

	(void)state;
	heartbeat_init(&server, &plan, START_NS);
	plan.is_client = true;
	heartbeat_init(&client, &plan, START_NS);
	assert_int_equal(heartbeat_due_ns(&client), START_NS);
	for (size_t i = 0; i < COUNT(rows); i++) {
		uint64_t now_ns = START_NS + rows[i].step_ms * NS_PER_MS;
		struct message m0 = begin(&client, now_ns), m1, m2;

		print_message("step at %ju ms\n", (uintmax_t)rows[i].step_ms);
		assert_int_equal(heartbeat_due_ns(&client), START_NS + rows[i].next_ms * NS_PER_MS);
		if (!rows[i].answered)
			continue;
		assert_int_equal(heartbeat_give(&server, &m0, now_ns, &m1), WIRE_OK);
		assert_int_equal(heartbeat_give(&client, &m1, now_ns + 1, &m2), WIRE_OK);
	}
	assert_int_equal(heartbeat_due_ns(&server), CLOCK_NEVER);
}

static void test_short_interval_is_kept_before_the_first_answer(void **state)
{
	static const struct heartbeat_plan plan = {.is_client = true, .interval_ns = INTERVAL_NS};
	struct heartbeat client;

	(void)state;
	heartbeat_init(&client, &plan, START_NS);
	begin(&client, START_NS);
	assert_int_equal(heartbeat_due_ns(&client), START_NS + INTERVAL_NS);
}

/* All are sent, and answered or lost. */
static bool is_finished(struct heartbeat *h)
{
	struct latency_summary l = summary(h);

	return heartbeat_due_ns(h) == CLOCK_NEVER && l.n + l.lost >= l.sent;
}

/* A count of 3: tries lost before the first answer are not counted against it, those after it are.
 */
static void test_limit(void **state)
{
	static const struct {
		const char *answered; /* '+' and '-' for each try, in order */
		unsigned sent, n;
	} rows[] = {{"+++", 3, 3}, {"+--", 3, 1}, {"++-", 3, 2}, {"--+", 3, 1}, {"-----+", 6, 1}};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		uint64_t now_ns = START_NS;
		struct pair p;

		print_message("%s\n", rows[i].answered);
		heartbeat_pair_open(&p, 3);
		for (const char *a = rows[i].answered; *a; a++) {
			assert_int_not_equal(heartbeat_due_ns(&p.client), CLOCK_NEVER);
			assert_false(is_finished(&p.client));
			now_ns = heartbeat_due_ns(&p.client);
			if (*a == '+')
				exchange(&p, now_ns, 0, 1);
			else
				begin(&p.client, now_ns);
		}
		assert_int_equal(heartbeat_due_ns(&p.client), CLOCK_NEVER);
		assert_int_equal(is_finished(&p.client), rows[i].n == rows[i].sent);
		heartbeat_expire(&p.client, now_ns + LOST_NS + 1);
		assert_true(is_finished(&p.client));
		assert_int_equal(summary(&p.client).sent, rows[i].sent);
		assert_int_equal(summary(&p.client).n, rows[i].n);
		assert_int_equal(summary(&p.client).lost, rows[i].sent - rows[i].n);
	}
}

static void test_lost_after_three_seconds(void **state)
{
	struct message m0, m1, m2;
	struct pair p;

	(void)state;
	heartbeat_pair_open(&p, 0);
	m0 = begin(&p.client, START_NS);
	assert_int_equal(heartbeat_give(&p.server, &m0, START_NS, &m1), WIRE_OK);
	heartbeat_expire(&p.client, START_NS + LOST_NS);
	assert_int_equal(summary(&p.client).lost, 0);
	heartbeat_expire(&p.client, START_NS + LOST_NS + 1);
	heartbeat_expire(&p.client, START_NS + 2 * LOST_NS);
	assert_int_equal(summary(&p.client).lost, 1);

	/* Its answer comes too late to count a second time. */
	assert_int_equal(heartbeat_give(&p.client, &m1, START_NS + LOST_NS + 2, &m2), REJECT_SEQUENCE);
	assert_int_equal(m2.size, 0);
	assert_int_equal(summary(&p.client).n, 0);
}

static void test_more_unanswered_than_there_is_room_for(void **state)
{
	enum { MORE = 10 };
	struct pair p;

	(void)state;
	heartbeat_pair_open(&p, 0);
	for (unsigned i = 0; i < HEARTBEAT_PENDING + MORE; i++)
		begin(&p.client, START_NS + i * INTERVAL_NS);
	assert_int_equal(summary(&p.client).sent, HEARTBEAT_PENDING + MORE);
	assert_int_equal(summary(&p.client).lost, MORE);
	heartbeat_expire(&p.client, START_NS + 10 * LOST_NS);
	assert_int_equal(summary(&p.client).lost, HEARTBEAT_PENDING + MORE);
}

static void test_summary_follows(void **state)
{
	struct latency_summary l = {0};
	uint64_t now_ns = START_NS;
	struct pair p;

	(void)state;
	heartbeat_pair_open(&p, 0);
	for (unsigned i = 1; i <= 100; i++) {
		now_ns = heartbeat_due_ns(&p.client);
		exchange(&p, now_ns, 0, i * UINT64_C(10000));
		heartbeat_summary(&p.client, now_ns, &l);
		assert_int_equal(l.n, i);
		assert_int_equal(l.max_ns, i * UINT64_C(10000));
	}
	assert_int_equal(l.min_ns, 10000);
	assert_int_equal(l.mean_ns, 505000);
	/* Within the histogram's 1/64. */
	assert_in_range(l.p50_ns, 492000, 508000);
	assert_in_range(l.p90_ns, 885000, 915000);
	assert_in_range(l.p99_ns, 974000, 1000000);
	begin(&p.client, heartbeat_due_ns(&p.client));
	heartbeat_expire(&p.client, now_ns + 2 * LOST_NS);
	heartbeat_summary(&p.client, now_ns, &l);
	assert_int_equal(l.lost, 1);
	assert_int_equal(l.sent, 101);
	assert_int_equal(l.n, 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_both_sides_measure),
		cmocka_unit_test(test_jitter),
		cmocka_unit_test(test_beat),
		cmocka_unit_test(test_short_interval_is_kept_before_the_first_answer),
		cmocka_unit_test(test_limit),
		cmocka_unit_test(test_lost_after_three_seconds),
		cmocka_unit_test(test_more_unanswered_than_there_is_room_for),
		cmocka_unit_test(test_summary_follows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
