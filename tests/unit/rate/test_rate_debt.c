/* A rate that is kept although time is missed now and then: in virtual time, with a pacer. */
#include "proto/rate/pacer.h"
#include "proto/rate/rate_debt.h"
#include "proto/sys/clock.h"
#include "tests/support/test.h"

enum { DATAGRAM = 1400, START_S = 7 };

/* A source that is woken every `step_us`, but for a stall of `stall_ms` in each `period_ms`. */
static const struct row {
	const char *name;
	uint64_t rate_bps;
	unsigned step_us, period_ms, stall_ms;
	double least, most; /* of the rate, over any whole second after the first */
} rows[] = {
	{"never late", 95000000, 50, 1000, 0, 0.999, 1.001},
	{"a little late, often", 95000000, 50, 100, 4, 0.995, 1.006},
	{"a little late, often, slow", 10000000, 50, 100, 4, 0.99, 1.01},
	{"20 ms a second", 95000000, 50, 1000, 20, 0.97, 1.03},
	{"always late by more than can be made up", 95000000, 50, 100, 20, 0.8, 0.9},
	{"1 Gbit/s, late", 1000000000, 20, 50, 2, 0.995, 1.006},
};

static uint64_t run_second(
	const struct row *row, struct pacer *p, struct rate_debt *c, uint64_t *now_ns, uint64_t *sent)
{
	uint64_t before = *sent, end_ns = *now_ns + NS_PER_S;

	for (; *now_ns < end_ns; *now_ns += row->step_us * (uint64_t)NS_PER_US) {
		uint64_t rate = rate_debt_rate(c, row->rate_bps, *sent, *now_ns), bytes;

		if (*now_ns / MS % row->period_ms < row->stall_ms)
			continue;
		if (rate != p->rate_bps)
			pacer_set_rate(p, rate, 2 * DATAGRAM, *now_ns);
		bytes = pacer_allowance(p, *now_ns) / DATAGRAM * DATAGRAM;
		pacer_consume(p, bytes);
		*sent += bytes;
	}
	return *sent - before;
}

static void test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		uint64_t now_ns = START_S * (uint64_t)NS_PER_S, sent = 0;
		struct rate_debt c = {0};
		struct pacer p;

		print_message("%s\n", rows[i].name);
		pacer_init(&p, rows[i].rate_bps, 2 * DATAGRAM, now_ns);
		for (int second = 0; second < 10; second++) {
			uint64_t bytes = run_second(&rows[i], &p, &c, &now_ns, &sent);
			double share = (double)bytes * 8 / (double)rows[i].rate_bps;

			if (second > 0)
				assert_true(share >= rows[i].least && share <= rows[i].most);
		}
	}
}

/* What was missed for long is given up: after a second's stall it is 5 % faster for two seconds, not for 20.
 */
static void test_long_stall(void **state)
{
	struct rate_debt c = {0};
	uint64_t rate = 80000000, now_ns = NS_PER_S, sent = 0;

	(void)state;
	assert_int_equal(rate_debt_rate(&c, rate, 0, now_ns), rate);
	now_ns += NS_PER_S;
	assert_int_equal(rate_debt_rate(&c, rate, 0, now_ns), rate + rate / 20);
	for (int ms = 0; ms < 2100; ms++) {
		now_ns += MS;
		sent += 10500;
		rate_debt_rate(&c, rate, sent, now_ns);
	}
	assert_int_equal(rate_debt_rate(&c, rate, sent, now_ns), rate);
}

static void test_new_rate_owes_nothing(void **state)
{
	struct rate_debt c = {0};

	(void)state;
	assert_int_equal(rate_debt_rate(&c, 80000000, 0, NS_PER_S), 80000000);
	assert_int_equal(rate_debt_rate(&c, 8000000, 0, 2 * (uint64_t)NS_PER_S), 8000000);
	assert_int_equal(rate_debt_rate(&c, 0, 0, 3 * (uint64_t)NS_PER_S), 0);
	assert_int_equal(rate_debt_rate(&c, 8000000, 0, 9 * (uint64_t)NS_PER_S), 8000000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_long_stall),
		cmocka_unit_test(test_new_rate_owes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
