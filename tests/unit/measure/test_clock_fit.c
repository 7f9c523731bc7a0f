/* Two clocks and a path between them in virtual time. */
#include <math.h>
#include <stdlib.h>

#include "proto/measure/clock_fit.h"
#include "tests/support/random.h"
#include "tests/support/test.h"

/* What stands in the queues. Seconds count from the first sample, shares from the test's length. */
enum load {
	IDLE,       /* noise alone */
	UP,         /* 5..40 ms up, from a fifth on to the end */
	UP_STEADY,  /* a full buffer of 30 ms up, from the middle on */
	BOTH,       /* 5..40 ms both ways between a fifth and nine tenths */
	TURNS,      /* 5..40 ms up or down, in turns of a second */
	SATURATED,  /* 10..40 ms up from before the test to the end */
	ROUTE,      /* not a queue: the way up is 3 ms longer from the middle on */
	ROUTE_BACK, /* ... 3 ms shorter */
	CLOCK_STEP, /* not a queue: the server's clock jumps by 2 s in the middle */
};

struct path {
	const char *name;
	double up_ms, down_ms, noise_ms;
	enum load load;
	double skew_ppm;
	int64_t offset_ns;
	double rate, seconds;
	double offset_us, skew_ppm_bound; /* how close the estimates must be */
};

static const int64_t YEARS_NS = INT64_C(123456789) * NS_PER_S;

static const struct path paths[] = {
	{"nothing to correct", 5, 5, 0.05, IDLE, 0, 0, 20, 10, 10, 1},
	{"10 s, 100 ppm", 5, 5, 0.1, IDLE, 100, 7, 20, 10, 10, 1},
	{"30 s, 100 ppm, 1 ms of noise", 10, 10, 1, IDLE, 100, YEARS_NS, 20, 30, 20, 1},
	{"30 s, -100 ppm, other clock later", 10, 10, 1, IDLE, -100, -YEARS_NS, 20, 30, 20, 1},
	{"a cable, 500 ppm", 0.05, 0.05, 0.02, IDLE, 500, 1234567, 20, 10, 10, 1},
	{"50 ms, -500 ppm", 25, 25, 0.3, IDLE, -500, YEARS_NS, 20, 20, 20, 1},
	{"2 s only", 5, 5, 0.1, IDLE, 30, YEARS_NS, 20, 2, 20, 20},
	{"one a second, 30 s", 5, 5, 0.1, IDLE, 100, YEARS_NS, 1, 30, 100, 4},
	{"one a second, 2 minutes", 5, 5, 0.1, IDLE, 100, YEARS_NS, 1, 120, 20, 0.3},
	{"one a second, 2 minutes, 1 ms of noise", 5, 5, 1, IDLE, 100, YEARS_NS, 1, 120, 100, 2},
	{"30 minutes: the window slides", 5, 5, 0.2, IDLE, 40, YEARS_NS, 20, 1800, 20, 0.1},
	{"load up", 5, 5, 0.1, UP, 100, YEARS_NS, 20, 30, 20, 1},
	{"load up, short, much faster clock", 5, 5, 0.1, UP, 500, YEARS_NS, 20, 10, 50, 2},
	{"a full buffer up", 5, 5, 0.1, UP_STEADY, -100, YEARS_NS, 20, 30, 20, 1},
	{"load both ways", 5, 5, 0.1, BOTH, 100, YEARS_NS, 20, 30, 20, 1},
	{"load in turns", 5, 5, 0.1, TURNS, 100, YEARS_NS, 20, 30, 20, 1},
	{"load from before to the end", 5, 5, 0.1, SATURATED, 100, YEARS_NS, 20, 30, 5200, 1},
	{"a longer route", 5, 5, 0.1, ROUTE, 100, YEARS_NS, 20, 30, 20, 1},
	{"a shorter route", 5, 5, 0.1, ROUTE_BACK, 100, YEARS_NS, 20, 30, 20, 1},
	{"a clock that jumps", 5, 5, 0.1, CLOCK_STEP, 100, YEARS_NS, 20, 30, 20, 1},
	{"2 ms up, 18 ms down", 2, 18, 0.1, IDLE, 100, YEARS_NS, 20, 30, 8020, 1},
	{"20 ms up, 1 ms down, load", 20, 1, 0.5, BOTH, -50, YEARS_NS, 20, 30, 9600, 2},
	{"60 a second", 5, 5, 1, IDLE, 100, YEARS_NS, 60, 10, 20, 2},
};

struct scene {
	const struct path *path;
	uint64_t start_ns; /* on the client's clock, which is the true time */
	uint64_t random;
	uint64_t up_ns, down_ns; /* true delays of the last exchange */
};

static double chance(struct scene *s)
{
	return (double)(random_next(&s->random) >> 11) * 0x1p-53;
}

static double share_of(const struct scene *s, uint64_t now_ns)
{
	return (double)(now_ns - s->start_ns) / (s->path->seconds * NS_PER_S);
}

static int64_t true_offset(const struct scene *s, uint64_t now_ns)
{
	const struct path *p = s->path;
	double drift_ns = (double)(int64_t)(now_ns - s->start_ns) * p->skew_ppm * 1e-6;
	bool jumped = p->load == CLOCK_STEP && share_of(s, now_ns) >= 0.5;

	return p->offset_ns + (int64_t)drift_ns + (jumped ? 2 * (int64_t)NS_PER_S : 0);
}

static uint64_t server_clock(const struct scene *s, uint64_t now_ns)
{
	return now_ns + (uint64_t)true_offset(s, now_ns);
}

static double queue_ms(struct scene *s, bool up, uint64_t now_ns)
{
	double share = share_of(s, now_ns), queue = 5 + 35 * chance(s);
	bool odd_second = (now_ns - s->start_ns) / NS_PER_S % 2 == 1;

	switch (s->path->load) {
	case UP:
		return up && share > 0.2 ? queue : 0;
	case UP_STEADY:
		return up && share > 0.5 ? 30 : 0;
	case BOTH:
		return share > 0.2 && share < 0.9 ? queue : 0;
	case TURNS:
		return up == odd_second ? queue : 0;
	case SATURATED:
		return up ? 5 + queue : 0;
	case ROUTE:
		return up && share > 0.5 ? 3 : 0;
	case ROUTE_BACK:
		return up && share <= 0.5 ? 3 : 0;
	default:
		return 0;
	}
}

static uint64_t delay_ns(struct scene *s, bool up, uint64_t now_ns)
{
	double base_ms = up ? s->path->up_ms : s->path->down_ms;
	double noise_ms = -log(1 - chance(s)) * s->path->noise_ms;

	return (uint64_t)((base_ms + noise_ms + queue_ms(s, up, now_ns)) * NS_PER_MS);
}

static struct clock_fit_exchange exchange_at(struct scene *s, uint64_t now_ns)
{
	struct clock_fit_exchange x = {.client_sent_ns = now_ns};
	uint64_t at_ns = now_ns;

	at_ns += s->up_ns = delay_ns(s, true, now_ns);
	x.server_received_ns = server_clock(s, at_ns);
	at_ns += (uint64_t)(chance(s) * NS_PER_MS);
	x.server_sent_ns = server_clock(s, at_ns);
	at_ns += s->down_ns = delay_ns(s, false, at_ns);
	x.client_received_ns = at_ns;
	return x;
}

static double difference(uint64_t a, uint64_t b)
{
	return (double)(int64_t)(a - b);
}

/* An honest error: the truth is inside, of every second, and the delays' too. */
static void check_second(
	const struct scene *s, struct clock_fit *o, uint64_t now_ns, const struct clock_fit_delay *d)
{
	struct clock_fit_estimate e;

	assert_true(clock_fit_estimate(o, now_ns, &e));
	if (fabs(difference((uint64_t)e.offset_ns, (uint64_t)true_offset(s, now_ns))) >
		(double)e.offset_err_ns)
		fail_msg("offset %g us off, said to be %g",
			difference((uint64_t)e.offset_ns, (uint64_t)true_offset(s, now_ns)) / 1000,
			(double)e.offset_err_ns / 1000);
	if (fabs(difference(d->up_ns, s->up_ns)) > (double)d->err_ns ||
		fabs(difference(d->down_ns, s->down_ns)) > (double)d->err_ns)
		fail_msg("delays %g and %g us off, said to be %g", difference(d->up_ns, s->up_ns) / 1000,
			difference(d->down_ns, s->down_ns) / 1000, (double)d->err_ns / 1000);
}

static void check_end(const struct scene *s, struct clock_fit *o, uint64_t now_ns)
{
	const struct path *p = s->path;
	struct clock_fit_estimate e;
	double off_us;

	assert_true(clock_fit_estimate(o, now_ns, &e));
	off_us = difference((uint64_t)e.offset_ns, (uint64_t)true_offset(s, now_ns)) / 1000;
	print_message("  offset %.1f us off, said %.1f; skew %.3f ppm off, said %.3f\n", off_us,
		(double)e.offset_err_ns / 1000, e.skew_ppm - p->skew_ppm, e.skew_err_ppm);
	assert_true(fabs(off_us) <= p->offset_us);
	assert_true(fabs(e.skew_ppm - p->skew_ppm) <= p->skew_ppm_bound);
	assert_true((double)e.rtt_min_ns >= (p->up_ms + p->down_ms) * NS_PER_MS * 0.998);
}

static void run_path(const struct path *p, uint64_t seed)
{
	struct scene s = {.path = p, .start_ns = 2 * (uint64_t)YEARS_NS, .random = seed};
	uint64_t count = (uint64_t)(p->rate * p->seconds), now_ns = s.start_ns;
	static struct clock_fit o;

	o = (struct clock_fit){0};
	for (uint64_t i = 0; i < count; i++) {
		struct clock_fit_exchange x;
		struct clock_fit_delay d;

		now_ns = s.start_ns + (uint64_t)((double)i * NS_PER_S / p->rate);
		x = exchange_at(&s, now_ns);
		assert_true(clock_fit_sample(&o, &x, &d));
		if (i > 0 && i % (uint64_t)p->rate == 0)
			check_second(&s, &o, x.client_received_ns, &d);
	}
	check_end(&s, &o, now_ns);
}

static void test_paths(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(paths) / sizeof(*paths); i++) {
		print_message("%s\n", paths[i].name);
		for (uint64_t seed = 1; seed <= 3; seed++)
			run_path(&paths[i], seed);
	}
}

/* Times of an exchange after a good one, which was {1000, 5000, 5100, 1300}. */
static const struct {
	const char *name;
	struct clock_fit_exchange exchange;
	bool taken;
} exchanges[] = {
	{"a later one", {2000, 6000, 6100, 2300}, true},
	{"an earlier one, of another port", {900, 4900, 5000, 1200}, true},
	{"the same again", {1000, 5000, 5100, 1300}, true},
	{"no way at all", {2000, 6000, 6300, 2300}, true},
	{"received before it was sent", {2000, 6000, 6100, 1999}, false},
	{"answered before it was received", {2000, 6000, 5999, 2300}, false},
	{"held for longer than it was away", {2000, 6000, 6400, 2300}, false},
	{"the server's clock wraps", {2000, UINT64_MAX - 9, 10, 2300}, false},
	{"the server's clock is absurd", {2000, UINT64_C(3) << 62, UINT64_C(3) << 62, 2300}, false},
	{"the client's clock is absurd", {UINT64_C(1) << 61, 6000, 6100, (UINT64_C(1) << 61) + 300}, false},
	{"on the way for 100 years", {2000, 6000, 6100, UINT64_C(100) << 55}, false},
	{"a year later",
		{UINT64_C(1) << 55, (UINT64_C(1) << 55) + 4000, (UINT64_C(1) << 55) + 4100,
			(UINT64_C(1) << 55) + 300},
		true},
};

static void test_exchanges(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(exchanges) / sizeof(*exchanges); i++) {
		const struct clock_fit_exchange good = {1000, 5000, 5100, 1300};
		static struct clock_fit o;
		struct clock_fit_delay delay;
		struct clock_fit_estimate estimate;

		print_message("%s\n", exchanges[i].name);
		o = (struct clock_fit){0};
		assert_false(clock_fit_estimate(&o, 1000, &estimate));
		assert_true(clock_fit_sample(&o, &good, &delay));
		assert_int_equal(clock_fit_sample(&o, &exchanges[i].exchange, &delay), exchanges[i].taken);
		assert_int_equal(o.samples, exchanges[i].taken ? 2 : 1);
		assert_true(clock_fit_estimate(&o, 1000, &estimate));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_paths),
		cmocka_unit_test(test_exchanges),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
