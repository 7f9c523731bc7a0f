/* The history as a whole: when it is full, over a second, and where it was worst. */
#include "tests/support/test.h"
#include "tests/support/tui_past.h"

/* Three times as long as it has room for: all of it is there, each loss counted once, times in order. */
static void test_halving(void **state)
{
	struct port_snapshot *p = &view.snapshot.port[PORT_UPLOAD];
	uint64_t lost_now = 0, lost_data = 0;
	unsigned ticks = 3 * HISTORY_MOMENTS, heartbeats = 0;

	(void)state;
	for (unsigned i = 0; i < ticks; i++) {
		p->source.packets += 100;
		p->source.bytes += 125000;
		p->source.lost_packets += i % 10 == 0;
		if (i % 50 == 20) {
			fake_outcome(&p->latency, LATENCY_LOST);
			heartbeats++;
		}
		past_tick();
		assert_true(history.count <= HISTORY_MOMENTS);
	}
	assert_true(history.tick_ns == 4 * PAST_TICK_NS);
	assert_int_equal(history_per_second(&history), 1);
	assert_true(history.count > HISTORY_MOMENTS / 2);
	assert_true(history.moment[0].at_ns <= PAST_START_NS + 4 * PAST_TICK_NS);
	assert_true(view.now_ns - history.moment[history.count - 1].at_ns < history.tick_ns);
	for (size_t i = 0; i < history.count; i++) {
		lost_now += history.moment[i].port[PORT_UPLOAD].lost_now;
		lost_data += history.moment[i].port[PORT_UPLOAD].lost_data;
		if (i > 1)
			past_near(history.moment[i].port[PORT_UPLOAD].speed.bps, 5e6);
		assert_true(i == 0 || history.moment[i].at_ns > history.moment[i - 1].at_ns);
	}
	assert_int_equal(lost_now, heartbeats);
	/* The first is lost before there is anything to compare with; the last moments are still to be made.
	 */
	assert_in_range(lost_data, ticks / 10 - 2, ticks / 10);
}

static void test_halving_keeps_the_worst(void **state)
{
	(void)state;
	for (unsigned i = 0; i <= HISTORY_MOMENTS; i++) {
		if (i == 4000)
			fake_outcome(&view.snapshot.port[PORT_DOWNLOAD].latency, 7777);
		past_tick();
	}
	assert_int_equal(history.moment[2000].port[PORT_DOWNLOAD].worst_ns, 7777);
	assert_int_equal(history.tick_ns, 2 * PAST_TICK_NS);
	assert_int_equal(history_per_second(&history), 2);
}

static const struct {
	const char *name;
	int32_t thread[2];
	uint64_t cpu_ns[2], steps[2];
	double cpu_share, steps_s;
} seconds[] = {
	{"a quarter of a core", {7, 7}, {0, 250 * NS_PER_MS}, {100, 600}, 0.25, 500},
	{"another thread", {7, 8}, {0, 250 * NS_PER_MS}, {100, 600}, 0, 0},
	{"the same thread, another session", {7, 7}, {0, 500 * NS_PER_MS}, {100000, 30}, 0.5, 30},
};

static void test_second(void **state)
{
	for (size_t i = 0; i < COUNT(seconds); i++) {
		struct port_snapshot *p = &view.snapshot.port[PORT_CONTROL];
		struct history_second s;

		print_message("%s\n", seconds[i].name);
		past_begin(state);
		p->thread_id = seconds[i].thread[0];
		p->cpu_ns = seconds[i].cpu_ns[0];
		p->steps = seconds[i].steps[0];
		past_tick();
		p->thread_id = seconds[i].thread[1];
		p->cpu_ns = seconds[i].cpu_ns[1];
		p->steps = seconds[i].steps[1];
		for (int k = 0; k < 5; k++)
			past_tick();
		s = history_second(&history, history.count - 1, PORT_CONTROL);
		past_near(s.cpu_share, seconds[i].cpu_share);
		past_near(s.steps, seconds[i].steps_s);
		past_end(state);
	}
}

/* The mean of a second, and no more than that. */
static void test_second_speed(void **state)
{
	struct port_snapshot *p = &view.snapshot.port[PORT_UPLOAD];

	(void)state;
	for (int i = 0; i < 20; i++)
		past_tick();
	for (int i = 0; i < 3; i++) {
		p->source.packets += 100;
		p->source.bytes += 125000;
		past_tick();
	}
	past_near(history_second(&history, history.count - 1, PORT_UPLOAD).speed.bps, 3e6);
	past_near(history_second(&history, history.count - 1, PORT_UPLOAD).speed.pps, 300);
	past_near(history_second(&history, 15, PORT_UPLOAD).speed.bps, 0);
}

enum { WORST_MOMENTS = 60 };

/* What happens when, and the moment that shows the worst second. */
static const struct {
	const char *name;
	struct {
		unsigned at, lost, ns;
	} event[3];
	size_t worst;
} worsts[] = {
	{"a loss is worse than any round trip", {{10, 0, 900000}, {30, 1, 0}}, 30},
	{"without losses the slowest round trip", {{10, 0, 900}, {40, 0, 1000}}, 40},
	{"most in one second, not at one moment", {{10, 3, 0}, {20, 2, 0}, {23, 2, 0}}, 23},
	{"further apart than a second", {{10, 3, 0}, {20, 2, 0}, {26, 2, 0}}, 10},
	{"as many lost: the slower", {{10, 1, 100}, {40, 1, 200}}, 40},
	{"in the first moment", {{1, 5, 0}}, 1},
	{"nothing at all", {{0, 0, 0}}, 0},
};

static void play(size_t row, unsigned at)
{
	struct port_snapshot *p = &view.snapshot.port[PORT_UPLOAD];

	for (unsigned i = 0; i < COUNT(worsts[row].event); i++) {
		if (worsts[row].event[i].at != at)
			continue;
		p->source.lost_packets += worsts[row].event[i].lost;
		if (worsts[row].event[i].ns)
			fake_outcome(&p->latency, worsts[row].event[i].ns);
	}
}

static void test_worst(void **state)
{
	for (size_t i = 0; i < COUNT(worsts); i++) {
		print_message("%s\n", worsts[i].name);
		past_begin(state);
		for (unsigned at = 0; at < WORST_MOMENTS; at++) {
			play(i, at);
			past_tick();
		}
		assert_int_equal(history_worst(&history), worsts[i].worst);
		past_end(state);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		PAST_TEST(test_halving),
		PAST_TEST(test_halving_keeps_the_worst),
		PAST_TEST(test_second),
		PAST_TEST(test_second_speed),
		PAST_TEST(test_worst),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
