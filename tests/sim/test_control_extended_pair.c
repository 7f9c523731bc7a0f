/* Extended peers in any weather: uploads and downloads end with one record that both ends hold, whatever
 * the network does, whatever was granted, and however early they end. */
#include "proto/record/outcome.h"
#include "tests/support/extended_pair.h"

enum { UP = 1 << TEST_UP, DOWN = 1 << TEST_DOWN };

static const struct {
	const char *name;
	struct link_impair impair;
	uint64_t limit_ms; /* the tests are over after that */
} impair_rows[] = {
	{"fine", {0, 0, 5 * NS_PER_MS, 0}, 2400},
	{"no delay", {0, 0, 0, 0}, 2400},
	{"a long way", {0, 0, 300 * UINT64_C(1000000), 0}, 4000},
	{"20 % loss", {.2, 0, 5 * NS_PER_MS, 0}, 6000},
	{"50 % loss", {.5, 0, 5 * NS_PER_MS, 0}, 12000},
	{"doubles", {0, .5, 5 * NS_PER_MS, 0}, 2400},
	{"50 % loss, out of order and doubled", {.5, .5, 5 * NS_PER_MS, 400 * UINT64_C(1000000)}, 12000},
};

static const struct {
	const char *name;
	unsigned directions;
} direction_rows[] = {{"up", UP}, {"down", DOWN}, {"both at once", UP | DOWN}};

static bool latest_is_agreed(const struct side *s, enum test_direction direction)
{
	struct test_record r = latest(s, direction);

	return outcome_is_agreed(&r);
}

static void check_impaired(size_t row, unsigned directions, uint64_t seed)
{
	struct pair p;

	extended_pair_open(&p, &impair_rows[row].impair, seed);
	for (int d = 0; d < DIRECTIONS; d++)
		if (directions & 1u << d)
			assert_int_equal(start(&p, (enum test_direction)d), 0);
	run(&p, START_NS + impair_rows[row].limit_ms * MS);
	if (p.now_ns != CLOCK_NEVER)
		print_message("seed %ju is not over\n", (uintmax_t)seed);
	assert_int_equal(p.now_ns, CLOCK_NEVER);
	for (int d = 0; d < DIRECTIONS; d++) {
		bool runs = directions & 1u << d;

		if (runs)
			check_agreement(&p, (enum test_direction)d, TEST_COMPLETE);
		assert_int_equal(p.client.worker[d].begun, runs);
		assert_int_equal(p.server.worker[d].begun, runs);
	}
	assert_int_equal(p.gate.asked, p.client.control.tests_begun);
	assert_int_equal(p.gate.over, p.gate.asked);
	assert_int_equal(p.server.control.tests_begun, p.client.control.tests_begun);
	/* Duplicates made by the network are no offence. */
	assert_int_equal(p.client.refused + p.server.refused, 0);
	extended_pair_close(&p);
}

static void test_any_impairment(void **state)
{
	enum { SEEDS = 100 };

	(void)state;
	for (size_t i = 0; i < COUNT(impair_rows); i++) {
		for (size_t d = 0; d < COUNT(direction_rows); d++) {
			print_message("%s: %s\n", impair_rows[i].name, direction_rows[d].name);
			for (uint64_t seed = 0; seed < SEEDS; seed++)
				check_impaired(i, direction_rows[d].directions, seed);
		}
	}
}

static const struct link_impair fine = {.delay_ns = 5 * NS_PER_MS};

/* What the server grants is what both ends do, and both know what was asked for. */
static void test_granted_terms(void **state)
{
	static const struct {
		const char *name;
		uint64_t rate_bps, duration_ns;
	} rows[] = {
		{"as asked for", RATE_BPS, SECONDS * UINT64_C(1000000000)},
		{"a lower rate", 5000, SECONDS * UINT64_C(1000000000)},
		{"a shorter time", RATE_BPS, UINT64_C(1000000000)},
		{"both", 5000, UINT64_C(1000000000)},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows) * DIRECTIONS; i++) {
		enum test_direction d = i % DIRECTIONS ? TEST_DOWN : TEST_UP;
		uint64_t rate_bps = rows[i / DIRECTIONS].rate_bps;
		uint64_t duration_ns = rows[i / DIRECTIONS].duration_ns;
		struct test_record r[2];
		struct pair p;

		print_message("%s, %s\n", rows[i / DIRECTIONS].name, d == TEST_UP ? "up" : "down");
		extended_pair_open(&p, &fine, i);
		p.gate.rate_bps = rate_bps;
		p.gate.duration_ns = duration_ns;
		assert_int_equal(start(&p, d), 0);
		run(&p, START_NS + 20 * SECOND);
		assert_int_equal(p.now_ns, CLOCK_NEVER);
		check_agreement(&p, d, TEST_COMPLETE);
		r[0] = latest(&p.client, d);
		r[1] = latest(&p.server, d);
		for (unsigned side = 0; side < 2; side++) {
			assert_int_equal(r[side].asked_rate_bps, RATE_BPS);
			assert_int_equal(r[side].asked_duration_ns, SECONDS * SECOND);
			assert_int_equal(r[side].rate_bps, rate_bps);
			assert_int_equal(r[side].granted_duration_ns, duration_ns);
			assert_int_equal(r[side].sent.duration_ns, duration_ns);
		}
		assert_int_equal(p.client.worker[d].order.rate_bps, rate_bps);
		assert_int_equal(p.server.worker[d].order.rate_bps, rate_bps);
		assert_int_equal(p.client.worker[d].order.datagram_bytes, DATAGRAM);
		assert_int_equal(p.server.worker[d].order.datagram_bytes, DATAGRAM);
		assert_int_equal(p.client.worker[d].order.duration_ns, duration_ns);
		assert_int_equal(p.server.worker[d].order.duration_ns, duration_ns);
		extended_pair_close(&p);
	}
}

/* The client is told why not and how long to wait; a later test may be granted. */
static void test_refused_and_asked_again(void **state)
{
	enum { FIRST = 3, WAIT_S = 7 };

	(void)state;
	for (int d = 0; d < DIRECTIONS; d++) {
		struct pair p;

		print_message("%s\n", d == TEST_UP ? "up" : "down");
		extended_pair_open(&p, &fine, 1);
		p.gate.refusals = FIRST;
		p.gate.wait_s = WAIT_S;
		for (unsigned i = 0; i < FIRST; i++) {
			struct test_record r;

			p.now_ns = START_NS + i * 10 * SECOND;
			assert_int_equal(start(&p, (enum test_direction)d), 0);
			run(&p, p.now_ns + 9 * SECOND);
			assert_int_equal(p.now_ns, CLOCK_NEVER);
			r = latest(&p.client, (enum test_direction)d);
			assert_int_equal(r.phase, TEST_FAILED);
			assert_int_equal(r.refusal, REFUSED_BUSY);
			assert_int_equal(r.wait_s, WAIT_S);
			assert_false(outcome_is_agreed(&r));
			assert_int_equal(latest(&p.server, (enum test_direction)d).phase, TEST_FAILED);
			assert_int_equal(p.server.worker[d].begun + p.client.worker[d].begun, 0);
			assert_int_equal(p.gate.over, 0);
		}
		p.now_ns = START_NS + 100 * SECOND;
		assert_int_equal(start(&p, (enum test_direction)d), 0);
		run(&p, p.now_ns + 20 * SECOND);
		assert_int_equal(p.now_ns, CLOCK_NEVER);
		check_agreement(&p, (enum test_direction)d, TEST_COMPLETE);
		assert_int_equal(latest(&p.client, (enum test_direction)d).refusal, REFUSED_NOT);
		extended_pair_close(&p);
	}
}

/* The user stops the test: both ends agree on what there was, and that it was not all. */
static void test_stopped(void **state)
{
	static const struct {
		const char *name;
		uint64_t stop_ms;
		enum test_phase phase; /* TEST_FAILED: of the client; the server goes on alone */
	} rows[] = {
		{"before it is answered", 7, TEST_FAILED},
		{"in the turn that brings the answer", 10, TEST_INCOMPLETE},
		{"in the middle", 1000, TEST_INCOMPLETE},
		{"a moment before the end", 1950, TEST_INCOMPLETE},
		{"after the end", 5000, TEST_COMPLETE},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows) * DIRECTIONS; i++) {
		enum test_direction d = i % DIRECTIONS ? TEST_DOWN : TEST_UP;
		uint64_t stop_ns = START_NS + rows[i / DIRECTIONS].stop_ms * MS;
		enum test_phase phase = rows[i / DIRECTIONS].phase;
		struct pair p;

		print_message("%s, %s\n", rows[i / DIRECTIONS].name, d == TEST_UP ? "up" : "down");
		extended_pair_open(&p, &fine, 1);
		assert_int_equal(start(&p, d), 0);
		run(&p, stop_ns);
		p.now_ns = stop_ns;
		side_receive(&p.client, p.server.out, p.now_ns);
		control_stop(&p.client.control, p.now_ns);
		run(&p, START_NS + 30 * SECOND);
		assert_int_equal(p.now_ns, CLOCK_NEVER);
		if (phase == TEST_FAILED) {
			assert_int_equal(latest(&p.client, d).phase, TEST_FAILED);
			assert_int_equal(latest(&p.server, d).phase, TEST_INCOMPLETE);
			assert_false(latest_is_agreed(&p.server, d));
			assert_int_equal(p.client.worker[d].begun, 0);
		} else {
			check_agreement(&p, d, phase);
			assert_int_equal(latest(&p.client, d).granted_duration_ns, SECONDS * SECOND);
		}
		assert_int_equal(p.gate.over, 1);
		extended_pair_close(&p);
	}
}

/* The path fails for good: each side ends by itself, and nothing is agreed on. */
static void test_silence(void **state)
{
	static const struct {
		const char *name;
		uint64_t fails_ms;
		enum test_phase client, server;
	} rows[] = {
		{"before the question", 0, TEST_FAILED, TEST_NONE},
		{"before the answer", 6, TEST_FAILED, TEST_INCOMPLETE},
		{"while data is sent", 1000, TEST_INCOMPLETE, TEST_INCOMPLETE},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows) * DIRECTIONS; i++) {
		enum test_direction d = i % DIRECTIONS ? TEST_DOWN : TEST_UP;
		struct pair p;

		print_message("%s, %s\n", rows[i / DIRECTIONS].name, d == TEST_UP ? "up" : "down");
		extended_pair_open(&p, &fine, 1);
		assert_int_equal(start(&p, d), 0);
		run(&p, START_NS + rows[i / DIRECTIONS].fails_ms * MS);
		p.client.out->impair.drop = p.server.out->impair.drop = 1;
		while (link_receive(p.client.out, CLOCK_NEVER - 1) ||
			link_receive(p.server.out, CLOCK_NEVER - 1))
			continue; /* nor does what is under way arrive */
		run(&p, START_NS + 30 * SECOND);
		assert_int_equal(p.now_ns, CLOCK_NEVER);
		assert_int_equal(latest(&p.client, d).phase, rows[i / DIRECTIONS].client);
		assert_int_equal(latest(&p.server, d).phase, rows[i / DIRECTIONS].server);
		assert_false(latest_is_agreed(&p.client, d) || latest_is_agreed(&p.server, d));
		assert_int_equal(p.gate.over, p.gate.asked);
		extended_pair_close(&p);
	}
}

static void test_one_after_the_other(void **state)
{
	enum { TESTS = 3 * CONTROL_TESTS + 1 };
	static const struct link_impair impair = {.3, .2, 5 * NS_PER_MS, 50 * NS_PER_MS};
	char hash[2][sizeof(((struct test_record *)NULL)->hash)] = {"", ""};
	struct pair p;

	(void)state;
	extended_pair_open(&p, &impair, 99);
	for (unsigned i = 0; i < TESTS; i++) {
		enum test_direction d = i % 3 == 0 ? TEST_UP : TEST_DOWN;
		struct test_record r;

		print_message("test %u\n", i);
		p.now_ns = START_NS + i * 60 * SECOND;
		assert_int_equal(start(&p, d), 0);
		assert_int_equal(start(&p, d), -EBUSY);
		run(&p, p.now_ns + 59 * SECOND);
		assert_int_equal(p.now_ns, CLOCK_NEVER);
		check_agreement(&p, d, TEST_COMPLETE);
		r = latest(&p.client, d);
		assert_int_equal(r.id, i + 1);
		assert_int_equal(latest(&p.server, d).id, i + 1);
		assert_string_not_equal(r.hash, hash[d]); /* the same counters, but another test */
		memcpy(hash[d], r.hash, sizeof(r.hash));
	}
	extended_pair_close(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_any_impairment),
		cmocka_unit_test(test_granted_terms),
		cmocka_unit_test(test_refused_and_asked_again),
		cmocka_unit_test(test_stopped),
		cmocka_unit_test(test_silence),
		cmocka_unit_test(test_one_after_the_other),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
