/* The pacer in virtual time: tables of moments, then what must hold over any window of time however
 * it is asked. */
#include "proto/rate/pacer.h"
#include "proto/sys/clock.h"
#include "tests/support/random.h"
#include "tests/support/test.h"

#include <stdlib.h>

enum { MAX_STEPS = 8, KBIT = 1000, MBIT = 1000 * KBIT, DATAGRAM = 1250, BATCH = 64000 };

/* A step whose rate differs from the one before sets it first, at the same moment. */
struct step {
	uint64_t at_ns; /* since the start */
	uint64_t rate_bps;
	uint64_t allowance, consume;
};

static const struct {
	const char *name;
	uint64_t min_burst;
	size_t n;
	struct step steps[MAX_STEPS];
} cases[] = {
	{"10 Mbit/s earns 1250 bytes a ms, and the bucket starts empty", DATAGRAM, 6,
		{{0, 10 * MBIT, 0, 0}, {799, 10 * MBIT, 0, 0}, {800, 10 * MBIT, 1, 1},
			{500000, 10 * MBIT, 624, 0}, {1000000, 10 * MBIT, 1249, 1249},
			{2000000, 10 * MBIT, 1250, 0}}},
	{"no rounding: 3 bit/s asked every third of a second or so", 10, 5,
		{{333333333, 3, 0, 0}, {666666666, 3, 0, 0}, {2666666666, 3, 0, 0}, {2666666667, 3, 1, 1},
			{5333333334, 3, 1, 1}}},
	{"idle time is repaid by one burst only", DATAGRAM, 4,
		{{0, 100 * MBIT, 0, 0}, {UINT64_C(3600) * NS_PER_S, 100 * MBIT, 12500, 12500},
			{UINT64_C(3600) * NS_PER_S, 100 * MBIT, 0, 0},
			{UINT64_C(7200) * NS_PER_S, 100 * MBIT, 12500, 0}}},
	{"the burst is one datagram where that is more than 1 ms", DATAGRAM, 2,
		{{UINT64_C(10) * NS_PER_S, 1 * MBIT, 1250, 1250}, {10010000000, 1 * MBIT, 1250, 0}}},
	{"a higher rate earns from its own moment on", DATAGRAM, 3,
		{{500000, 10 * MBIT, 625, 0}, {500000, 100 * MBIT, 625, 0}, {600000, 100 * MBIT, 1875, 0}}},
	{"a lower rate cuts the tokens to its burst", DATAGRAM, 3,
		{{1000000, 1000 * MBIT, 125000, 0}, {1000000, 20 * MBIT, 2500, 2500},
			{1500000, 20 * MBIT, 1250, 0}}},
	{"rate 0 lets everything leave and earns nothing for later", DATAGRAM, 5,
		{{0, 0, UINT64_MAX, UINT64_MAX}, {NS_PER_S, 0, UINT64_MAX, 1234567},
			{2 * (uint64_t)NS_PER_S, 10 * MBIT, 0, 0}, {2000400000, 10 * MBIT, 500, 0},
			{2000400000, 0, UINT64_MAX, 5}}},
	{"a clock that stands still or goes back earns nothing", DATAGRAM, 4,
		{{1000000, 10 * MBIT, 1250, 1250}, {1000000, 10 * MBIT, 0, 0}, {500000, 10 * MBIT, 0, 0},
			{1400000, 10 * MBIT, 500, 0}}},
	{"1 kbit/s for a year", DATAGRAM, 2,
		{{UINT64_C(31536000) * NS_PER_S, KBIT, 1250, 1250},
			{UINT64_C(31536001) * NS_PER_S, KBIT, 125, 0}}},
	{"100 Gbit/s for a year", BATCH, 3,
		{{UINT64_C(31536000) * NS_PER_S, 100 * UINT64_C(1000000000), 12500000, 12500000},
			{UINT64_C(31536000) * NS_PER_S + 1, 100 * UINT64_C(1000000000), 12, 12},
			{UINT64_C(31536000) * NS_PER_S + 3, 100 * UINT64_C(1000000000), 25, 0}}},
};

static void test_cases(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const struct step *steps = cases[i].steps;
		struct pacer p;

		print_message("%s\n", cases[i].name);
		pacer_init(&p, steps[0].rate_bps, cases[i].min_burst, START_NS);
		for (size_t s = 0; s < cases[i].n; s++) {
			uint64_t now_ns = START_NS + steps[s].at_ns;

			print_message("step %zu\n", s);
			if (steps[s].rate_bps != p.rate_bps)
				pacer_set_rate(&p, steps[s].rate_bps, cases[i].min_burst, now_ns);
			assert_int_equal(pacer_allowance(&p, now_ns), steps[s].allowance);
			pacer_consume(&p, steps[s].consume);
		}
	}
}

static void test_change_pays_old_rate(void **state)
{
	struct pacer p;

	(void)state;
	pacer_init(&p, 10 * MBIT, DATAGRAM, 0);
	pacer_set_rate(&p, 100 * MBIT, DATAGRAM, 400000);
	assert_int_equal(pacer_allowance(&p, 400000), 500);
	pacer_set_rate(&p, 0, DATAGRAM, 480000);
	pacer_set_rate(&p, 10 * MBIT, DATAGRAM, NS_PER_S);
	assert_int_equal(pacer_allowance(&p, NS_PER_S), DATAGRAM);
}

static const struct {
	uint64_t rate_bps, min_burst, burst_bytes;
} bursts[] = {
	{0, 1400, 1400},
	{1, 1400, 1400},
	{11200000, 1400, 1400},
	{11208000, 1400, 1401},
	{1000000000, 1400, 125000},
	{1000000000, 256000, 256000},
	{100000000000, 64000, 12500000},
	{UINT64_MAX, 64000, UINT64_MAX / 8 / NS_PER_S},
	{1000, UINT64_MAX, UINT64_MAX / 8 / NS_PER_S},
};

static void test_bursts(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(bursts) / sizeof(*bursts); i++) {
		struct pacer p;

		print_message("row %zu\n", i);
		pacer_init(&p, bursts[i].rate_bps, bursts[i].min_burst, 0);
		assert_int_equal(p.burst_bytes, bursts[i].burst_bytes);
		if (bursts[i].rate_bps >= 1000)
			assert_int_equal(pacer_allowance(&p, UINT64_MAX), bursts[i].burst_bytes);
	}
}

/* From an empty bucket at START_NS, with a burst of 125,000 bytes at least. */
static const struct {
	uint64_t rate_bps, bytes, ready_ns;
} readies[] = {
	{0, 1400, START_NS},
	{0, UINT64_MAX, START_NS},
	{10000000, 0, START_NS},
	{10000000, 1250, START_NS + 1000000},
	{3000000, 1, START_NS + 2667},
	{1000, 125000, START_NS + UINT64_C(1000) * NS_PER_S},
	{100000000000, 1, START_NS + 1},
	{100000000000, 1250, START_NS + 100},
	{100000000000, 12500000, START_NS + 1000000},
	{1, 2000000, START_NS + UINT64_C(16000000) * NS_PER_S},
};

/* Ready means: not a nanosecond earlier, and certainly at that time. */
static void test_ready(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(readies) / sizeof(*readies); i++) {
		uint64_t ready_ns = readies[i].ready_ns;
		struct pacer p;

		print_message("row %zu\n", i);
		pacer_init(&p, readies[i].rate_bps, 2000000, START_NS);
		assert_int_equal(pacer_ready_ns(&p, readies[i].bytes), ready_ns);
		if (ready_ns > START_NS)
			assert_true(pacer_allowance(&p, ready_ns - 1) < readies[i].bytes);
		assert_true(pacer_allowance(&p, ready_ns) >= readies[i].bytes);
		assert_true(pacer_ready_ns(&p, readies[i].bytes) <= ready_ns);
	}
}

static void test_ready_never_wraps(void **state)
{
	struct pacer p;

	(void)state;
	pacer_init(&p, 1, UINT64_MAX, UINT64_MAX / 2);
	assert_int_equal(pacer_ready_ns(&p, p.burst_bytes), UINT64_MAX);
}

/* --- any window of time --- */

struct departure {
	uint64_t at_ns, bytes;
};

struct flow {
	uint64_t rate_bps, datagram, min_burst;
	uint64_t seconds; /* of a window; the flow lasts three of them */
	uint64_t late_ns; /* how late a sender may wake up, at most */
};

enum { MAX_DEPARTURES = 700000 };

/* Sends whole datagrams as soon as they may leave, or a little late. */
static size_t run_flow(const struct flow *flow, struct departure *departures)
{
	uint64_t end_ns = START_NS + 3 * flow->seconds * NS_PER_S;
	uint64_t now_ns = START_NS;
	uint64_t seed = 42;
	struct pacer p;
	size_t n = 0;

	pacer_init(&p, flow->rate_bps, flow->min_burst, START_NS);
	while (now_ns <= end_ns && n < MAX_DEPARTURES) {
		uint64_t whole = pacer_allowance(&p, now_ns) / flow->datagram;

		if (whole > 0) {
			pacer_consume(&p, whole * flow->datagram);
			departures[n].at_ns = now_ns;
			departures[n++].bytes = whole * flow->datagram;
		}
		now_ns = pacer_ready_ns(&p, flow->datagram);
		if (flow->late_ns > 0)
			now_ns += random_next(&seed) % flow->late_ns;
	}
	assert_true(n < MAX_DEPARTURES);
	return n;
}

/* Windows that begin at a departure, with it, carry the most; those that begin right after one
 * carry the least. */
static void check_windows(const struct flow *flow, const struct departure *departures, size_t n)
{
	uint64_t length_ns = flow->seconds * NS_PER_S;
	uint64_t earned_bits = flow->rate_bps * flow->seconds;
	uint64_t burst_bits = flow->rate_bps / 1000;
	uint64_t bits = 0;
	size_t after = 0;

	if (burst_bits < 8 * flow->min_burst)
		burst_bits = 8 * flow->min_burst;
	for (size_t i = 0; i < n; i++) {
		uint64_t end_ns = departures[i].at_ns + length_ns;

		for (; after < n && departures[after].at_ns <= end_ns; after++)
			bits += 8 * departures[after].bytes;
		assert_true(bits <= earned_bits + burst_bits);
		bits -= 8 * departures[i].bytes;
		if (after < n && flow->late_ns == 0)
			assert_true(bits + 8 * flow->datagram >= earned_bits);
	}
}

static const struct flow flows[] = {
	{.rate_bps = KBIT, .datagram = 1400, .min_burst = 1400, .seconds = 100},
	{.rate_bps = 64 * KBIT, .datagram = 1400, .min_burst = 1400, .seconds = 1},
	{.rate_bps = MBIT, .datagram = 1400, .min_burst = 1400, .seconds = 1},
	{.rate_bps = 7654321, .datagram = 1327, .min_burst = 1327, .seconds = 1},
	{.rate_bps = 12345678, .datagram = 1400, .min_burst = 1400, .seconds = 1},
	{.rate_bps = 12345678, .datagram = 1400, .min_burst = 2800, .seconds = 1, .late_ns = 90000},
	{.rate_bps = 100 * MBIT, .datagram = 1400, .min_burst = 1400, .seconds = 1},
	{.rate_bps = 99999989, .datagram = 60, .min_burst = 1400, .seconds = 1},
	{.rate_bps = 100 * MBIT, .datagram = 1400, .min_burst = 1400, .seconds = 1, .late_ns = 400000},
	{.rate_bps = 2000 * (uint64_t)MBIT, .datagram = 1400, .min_burst = 64000, .seconds = 1},
	{.rate_bps = 100000 * (uint64_t)MBIT, .datagram = 64000, .min_burst = 64000, .seconds = 1},
	{.rate_bps = 100000 * (uint64_t)MBIT,
		.datagram = 64000,
		.min_burst = 64000,
		.seconds = 1,
		.late_ns = 5000000},
};

static void test_flows(void **state)
{
	struct departure *departures = calloc(MAX_DEPARTURES, sizeof(*departures));

	(void)state;
	assert_non_null(departures);
	for (size_t i = 0; i < sizeof(flows) / sizeof(*flows); i++) {
		size_t n = run_flow(&flows[i], departures);

		print_message("flow %zu: %zu departures\n", i, n);
		assert_true(n > 10);
		check_windows(&flows[i], departures, n);
	}
	free(departures);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),
		cmocka_unit_test(test_change_pays_old_rate),
		cmocka_unit_test(test_bursts),
		cmocka_unit_test(test_ready),
		cmocka_unit_test(test_ready_never_wraps),
		cmocka_unit_test(test_flows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
