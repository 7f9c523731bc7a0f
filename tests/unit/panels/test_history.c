/* What the screen remembers of each moment of a session. */
#include "proto/engine/heartbeat.h"
#include "tests/support/test.h"
#include "tests/support/tui_past.h"

/* Counters of both directions after a tick each, and what the moment then says. */
static const struct {
	const char *name;
	struct source_counters sent[2];
	double up_bps, up_pps, there_bps;
	uint64_t up_lost;
	struct sink_counters received[2];
	double down_bps, down_pps;
	uint64_t down_lost;
} rates[] = {
	{"steady",
		{{.packets = 100, .bytes = 125000, .heard_packets = 90},
			{.packets = 300, .bytes = 375000, .heard_packets = 290}},
		10e6, 1000, 10e6, 0, {{.packets = 50, .bytes = 62500}, {.packets = 150, .bytes = 187500}},
		5e6, 500, 0},
	{"nothing new",
		{{.packets = 100, .bytes = 125000, .heard_packets = 100},
			{.packets = 100, .bytes = 125000, .heard_packets = 100}},
		0, 0, 0, 0, {{.packets = 9, .bytes = 900}, {.packets = 9, .bytes = 900}}, 0, 0, 0},
	{"losses of this moment alone",
		{{.packets = 100, .bytes = 125000, .heard_packets = 90, .lost_packets = 10},
			{.packets = 200, .bytes = 250000, .heard_packets = 183, .lost_packets = 17}},
		5e6, 500, 4.65e6, 7,
		{{.packets = 10, .bytes = 1000, .missing_packets = 4},
			{.packets = 20, .bytes = 2000, .missing_packets = 9}},
		40e3, 50, 5},
	{"what was missing comes late: no loss", {{0}, {0}}, 0, 0, -1, 0,
		{{.packets = 10, .bytes = 1000, .missing_packets = 4},
			{.packets = 14, .bytes = 1400, .missing_packets = 0}},
		16e3, 20, 0},
	{"another test counts from 0",
		{{.packets = 1000, .bytes = 1250000, .heard_packets = 990, .lost_packets = 10},
			{.packets = 20, .bytes = 25000, .heard_packets = 18, .lost_packets = 2}},
		1e6, 100, 0.9e6, 2, {{.packets = 1000, .bytes = 100000}, {.packets = 100, .bytes = 10000}},
		0.4e6, 500, 0},
	{"400 Gbit/s", {{.packets = 1, .bytes = 65000}, {.packets = 153847, .bytes = 10000055000}},
		399.9996e9, 153846.0 / 0.2, 0, 0, {{0}, {.packets = 153846, .bytes = 10000000000}}, 400e9,
		153846.0 / 0.2, 0},
};

static void test_rates(void **state)
{
	for (size_t i = 0; i < COUNT(rates); i++) {
		print_message("%s\n", rates[i].name);
		past_begin(state);
		for (int k = 0; k < 2; k++) {
			view.snapshot.port[PORT_UPLOAD].source = rates[i].sent[k];
			view.snapshot.port[PORT_DOWNLOAD].sink = rates[i].received[k];
			past_tick();
		}
		assert_int_equal(history.count, 2);
		past_near(past_last(PORT_UPLOAD)->speed.bps, rates[i].up_bps);
		past_near(past_last(PORT_UPLOAD)->speed.pps, rates[i].up_pps);
		past_near(past_last(PORT_UPLOAD)->there_bps, rates[i].there_bps);
		assert_int_equal(past_last(PORT_UPLOAD)->lost_data, rates[i].up_lost);
		past_near(past_last(PORT_DOWNLOAD)->speed.bps, rates[i].down_bps);
		past_near(past_last(PORT_DOWNLOAD)->speed.pps, rates[i].down_pps);
		assert_int_equal(past_last(PORT_DOWNLOAD)->lost_data, rates[i].down_lost);
		past_end(state);
	}
}

/* A rate is over the time between the counters, not between the looks at them. */
static void test_old_counters(void **state)
{
	struct port_snapshot *p = &view.snapshot.port[PORT_UPLOAD];

	(void)state;
	past_tick();
	p->source = (struct source_counters){.packets = 100, .bytes = 125000};
	view.now_ns += PAST_TICK_NS;
	p->taken_ns += PAST_TICK_NS / 2;
	history_add(&history, &view);
	past_near(past_last(PORT_UPLOAD)->speed.bps, 10e6);
	view.now_ns += PAST_TICK_NS;
	history_add(&history, &view);
	past_near(past_last(PORT_UPLOAD)->speed.bps, 0);
}

/* A moment each 200 ms however often it looks; after a pause it goes on at once, and makes up for nothing. */
static const struct {
	uint64_t at_ms;
	size_t count;
} looks[] = {
	{0, 1},
	{50, 1},
	{199, 1},
	{200, 2},
	{350, 2},
	{410, 3},
	{600, 4},
	{5000, 5},
	{5100, 5},
	{5200, 6},
};

static void test_pace(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(looks); i++) {
		print_message("%u ms\n", (unsigned)looks[i].at_ms);
		view.now_ns = PAST_START_NS + looks[i].at_ms * NS_PER_MS;
		history_add(&history, &view);
		assert_int_equal(history.count, looks[i].count);
	}
}

static void test_before_the_session(void **state)
{
	(void)state;
	view.was_up = false;
	past_tick();
	past_tick();
	assert_int_equal(history.count, 0);
	past_near(history_second(&history, 0, PORT_UPLOAD).speed.bps, 0);
	assert_int_equal(history_worst(&history), 0);
	view.was_up = true;
	past_tick();
	assert_int_equal(history.count, 1);
}

static void test_round_trips(void **state)
{
	struct latency_summary *l = &view.snapshot.port[PORT_CONTROL].latency;

	(void)state;
	past_tick();
	fake_outcome(l, 300);
	fake_outcome(l, 900);
	fake_outcome(l, 500);
	past_tick();
	assert_int_equal(past_last(PORT_CONTROL)->worst_ns, 900);
	assert_int_equal(past_last(PORT_CONTROL)->n, 3);
	assert_int_equal(past_last(PORT_UPLOAD)->worst_ns, 0);
	past_tick();
	assert_int_equal(past_last(PORT_CONTROL)->worst_ns, 0);
	/* More than the ring holds: the latest are read, and none twice. */
	fake_outcome(l, 999999);
	for (unsigned i = 0; i < LATENCY_RECENT; i++)
		fake_outcome(l, 70 + i);
	past_tick();
	assert_int_equal(past_last(PORT_CONTROL)->worst_ns, 70 + LATENCY_RECENT - 1);
	/* Another session counts from 0. */
	*l = (struct latency_summary){0};
	fake_outcome(l, 44);
	past_tick();
	assert_int_equal(past_last(PORT_CONTROL)->worst_ns, 44);
}

/* Sent at one moment, known to be lost only when its time is up and the screen looks: the mark is where it
 * was sent, or at the neighbouring moment. */
static void test_lost_heartbeats(void **state)
{
	static const unsigned sent_at[] = {17, 40, 41, 90};
	unsigned wait = (unsigned)(clock_ms(HEARTBEAT_LOST_MS) / PAST_TICK_NS);
	unsigned next = 0, marks = 0;

	(void)state;
	for (unsigned i = 0; i < 120; i++) {
		if (next < COUNT(sent_at) && i == sent_at[next] + wait) {
			fake_outcome(&view.snapshot.port[PORT_UPLOAD].latency, LATENCY_LOST);
			next++;
		}
		past_tick();
	}
	for (size_t i = 0; i < COUNT(sent_at); i++)
		assert_true(history.moment[sent_at[i]].port[PORT_UPLOAD].lost_now +
				    history.moment[sent_at[i] - 1].port[PORT_UPLOAD].lost_now >
			    0);
	for (size_t i = 0; i < history.count; i++)
		marks += history.moment[i].port[PORT_UPLOAD].lost_now;
	assert_int_equal(marks, COUNT(sent_at));
}

/* One that was sent before the first moment is marked there. */
static void test_lost_early(void **state)
{
	(void)state;
	past_tick();
	fake_outcome(&view.snapshot.port[PORT_CONTROL].latency, LATENCY_LOST);
	past_tick();
	assert_int_equal(history.moment[0].port[PORT_CONTROL].lost_now, 1);
}

/* The latest test of each port. */
static void test_tests(void **state)
{
	(void)state;
	view.snapshot.test[0] =
		(struct test_record){.id = 1, .direction = TEST_UP, .phase = TEST_COMPLETE, .rate_bps = 5};
	view.snapshot.test[1] = (struct test_record){.id = 2, .direction = TEST_UP, .phase = TEST_RUNNING};
	view.snapshot.tests = 2;
	past_tick();
	assert_int_equal(past_last(PORT_CONTROL)->test.id, 2);
	assert_int_equal(past_last(PORT_UPLOAD)->test.id, 2);
	assert_int_equal(past_last(PORT_UPLOAD)->test.phase, TEST_RUNNING);
	assert_int_equal(past_last(PORT_DOWNLOAD)->test.id, 0);
	view.snapshot.test[2] = (struct test_record){.id = 3, .direction = TEST_DOWN, .phase = TEST_ASKING};
	view.snapshot.tests = 3;
	past_tick();
	assert_int_equal(past_last(PORT_CONTROL)->test.id, 3);
	assert_int_equal(past_last(PORT_UPLOAD)->test.id, 2);
	assert_int_equal(past_last(PORT_DOWNLOAD)->test.id, 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		PAST_TEST(test_rates),
		PAST_TEST(test_old_counters),
		PAST_TEST(test_pace),
		PAST_TEST(test_before_the_session),
		PAST_TEST(test_round_trips),
		PAST_TEST(test_lost_heartbeats),
		PAST_TEST(test_lost_early),
		PAST_TEST(test_tests),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
