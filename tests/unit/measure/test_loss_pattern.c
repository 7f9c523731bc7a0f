/* Losses by rule and by chance from a seed, through the set of spans that a sink keeps. */
#include <stdlib.h>

#include "proto/measure/loss_pattern.h"
#include "tests/support/random.h"
#include "tests/support/test.h"

enum {
	GUARD = 2000, /* how many packets late a late one may be */
	READ_RUNS = 700,
	READ_PACKETS = 1000,
};

struct line {
	const char *name;
	uint64_t packets;
	double rate; /* packets a second */
	/* What the line does. */
	struct {
		double chance;
		uint64_t every;
		bool survivors;      /* every Nth of those that chance let through */
		double into, out;    /* Gilbert's chances to get into a burst and out of it */
		uint64_t silence_ms; /* nothing gets through, from the middle on */
		double late;
		uint64_t late_by; /* packets */
		double doubled;
	} does;
	/* What must be found. */
	struct {
		uint64_t period;
		double share[2], mean[2];
		unsigned outages;
		uint64_t outage_ms[2];
		uint64_t extent[2]; /* highest */
		double extent_mean[2];
	} finds;
};

static const struct line lines[] = {
	{"nothing lost", 100000, 1e5, {.chance = 0}, {.period = 0}},
	{"1 % by chance", 300000, 1e5, {.chance = 0.01}, {.mean = {1, 1.03}}},
	{"5 % by chance", 300000, 1e5, {.chance = 0.05}, {.mean = {1.03, 1.08}}},
	{"20 % by chance", 300000, 1e5, {.chance = 0.2}, {.mean = {1.23, 1.27}}},
	{"50 % by chance", 300000, 1e5, {.chance = 0.5}, {.mean = {1.97, 2.03}}},
	{"50 % by chance, few", 300, 1e5, {.chance = 0.5}, {.mean = {1.5, 2.5}}},
	{"20 % by chance, few", 300, 1e5, {.chance = 0.2}, {.mean = {1.05, 1.5}}},
	{"every 2nd", 10000, 1e5, {.every = 2}, {.period = 2, .share = {0.99, 1}, .mean = {1, 1}}},
	{"every 3rd", 10000, 1e5, {.every = 3}, {.period = 3, .share = {0.99, 1}, .mean = {1, 1}}},
	{"every 10th", 10000, 1e5, {.every = 10}, {.period = 10, .share = {0.99, 1}, .mean = {1, 1}}},
	{"every 10th, few", 200, 1e5, {.every = 10}, {.period = 10, .share = {0.99, 1}, .mean = {1, 1}}},
	{"every 1000th", 1000000, 1e5, {.every = 1000}, {.period = 1000, .share = {0.99, 1}, .mean = {1, 1}}},
	{"every 100000th", 1000000, 1e5, {.every = 100000},
		{.period = 100000, .share = {0.99, 1}, .mean = {1, 1}}},
	{"every 10th, 1 % by chance", 100000, 1e5, {.chance = 0.01, .every = 10},
		{.period = 10, .share = {0.85, 0.95}, .mean = {1, 1.05}}},
	{"every 10th, 1 % by chance, late ones", 100000, 1e5,
		{.chance = 0.01, .every = 10, .late = 0.01, .late_by = 5},
		{.period = 10,
			.share = {0.85, 0.95},
			.mean = {1, 1.05},
			.extent = {5, 9},
			.extent_mean = {4, 5}}},
	{"every 10th that 1 % left over", 100000, 1e5, {.chance = 0.01, .every = 10, .survivors = true},
		{.period = 10, .share = {0.7, 0.9}, .mean = {1, 1.05}}},
	{"every 100th, 1 % by chance", 300000, 1e5, {.chance = 0.01, .every = 100},
		{.period = 100, .share = {0.4, 0.6}, .mean = {1, 1.05}}},
	{"every 5th, 10 % by chance", 100000, 1e5, {.chance = 0.1, .every = 5},
		{.period = 5, .share = {0.5, 0.8}, .mean = {1, 1.3}}},
	{"every 2nd, 5 % by chance", 100000, 1e5, {.chance = 0.05, .every = 2},
		{.period = 2, .share = {0.8, 1}, .mean = {1, 1.2}}},
	{"bursts of 10", 1000000, 1e6, {.into = 0.001, .out = 0.1}, {.mean = {9, 11}}},
	{"bursts of 1000", 4000000, 1e6, {.into = 0.0001, .out = 0.001}, {.mean = {850, 1150}}},
	{"300 ms of silence", 100000, 1e5, {.silence_ms = 300},
		{.mean = {29999, 30001}, .outages = 1, .outage_ms = {300, 301}}},
	{"300 ms of silence, 1 % by chance", 100000, 1e5, {.silence_ms = 300, .chance = 0.01},
		{.mean = {30, 60}, .outages = 1, .outage_ms = {300, 301}}},
	{"10 ms of silence", 100000, 1e5, {.silence_ms = 10}, {.mean = {999, 1001}}},
	{"20 packets a second, 10 % by chance", 2000, 20, {.chance = 0.1},
		{.mean = {1.05, 1.2}, .outages = 8, .outage_ms = {150, 400}}},
	{"late by 5", 100000, 1e5, {.late = 0.001, .late_by = 5},
		{.extent = {5, 6}, .extent_mean = {4.9, 5}}},
	{"late by 1", 100000, 1e5, {.late = 0.1, .late_by = 1}, {.extent = {1, 1}, .extent_mean = {1, 1}}},
	{"late by 300, 5 % by chance", 100000, 1e5, {.chance = 0.05, .late = 0.001, .late_by = 300},
		{.mean = {1.03, 1.08}, .extent = {285, 300}, .extent_mean = {270, 292}}},
	{"late by 1500, further than holes are known", 200000, 1e5,
		{.chance = 0.3, .late = 0.001, .late_by = 1500},
		{.mean = {1.38, 1.48}, .extent = {1499, 1502}, .extent_mean = {1480, 1500}}},
	{"doubled", 100000, 1e5, {.chance = 0.01, .doubled = 0.05}, {.mean = {1, 1.03}}},
};

/* The receiver's calls, as a sink makes them. */
struct receiver {
	struct span_set missing;
	struct loss_track watch;
	uint64_t next, packets, last_ns;
	uint64_t late;
};

static void receive(struct receiver *r, uint64_t number, uint64_t now_ns)
{
	struct loss_arrival a = {number, r->next, r->packets, r->last_ns, now_ns};

	r->last_ns = now_ns;
	if (number > r->next) {
		span_add(&r->missing, (struct span){r->next, number - 1});
		loss_pattern_hole(&r->watch, &a);
	} else if (number < r->next) {
		if (!span_remove(&r->missing, (struct span){number, number}))
			return;
		loss_pattern_late(&r->watch, &a);
		r->late++;
	}
	r->packets++;
	if (number >= r->next)
		r->next = number + 1;
}

enum fate { ARRIVES, LOST, LATE };

struct dice {
	uint64_t random, survivors;
	bool in_burst;
};

static enum fate decide(const struct line *l, struct dice *d, uint64_t number)
{
	double from_middle_ms = ((double)number - (double)l->packets / 2) / l->rate * 1000;

	if (l->does.into > 0)
		d->in_burst = d->in_burst ? !random_chance(&d->random, l->does.out)
					  : random_chance(&d->random, l->does.into);
	if (d->in_burst || random_chance(&d->random, l->does.chance) ||
		(from_middle_ms >= 0 && from_middle_ms < (double)l->does.silence_ms))
		return LOST;
	d->survivors++;
	if (l->does.every && (l->does.survivors ? d->survivors : number) % l->does.every == 1)
		return LOST;
	return random_chance(&d->random, l->does.late) ? LATE : ARRIVES;
}

static void send_all(const struct line *l, struct receiver *r, uint8_t *fate)
{
	struct dice dice = {.random = 1};

	for (uint64_t i = 0; i < l->packets; i++) {
		uint64_t now_ns = START_NS + (uint64_t)((double)i / l->rate * NS_PER_S), by = l->does.late_by;

		/* The ends arrive: nobody could know what is missing there. */
		fate[i] = (uint8_t)(i + 1 + by < l->packets ? decide(l, &dice, i) : ARRIVES);
		if (fate[i] == ARRIVES)
			receive(r, i, now_ns);
		if (fate[i] == ARRIVES && random_chance(&dice.random, l->does.doubled))
			receive(r, i, now_ns);
		if (by && i >= by && fate[i - by] == LATE)
			receive(r, i - by, now_ns);
		if (i % READ_PACKETS == 0 && r->next > GUARD)
			loss_pattern_read(&r->watch, &r->missing, r->next - GUARD, READ_RUNS);
	}
	while (!loss_pattern_read(&r->watch, &r->missing, r->next, READ_RUNS))
		;
}

static const uint64_t bucket_end[LOSS_BURSTS] = {1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1023, UINT64_MAX};

/* The bursts, counted one packet after the other. */
static void check_bursts(const struct line *l, const uint8_t *fate, const struct loss_pattern *p)
{
	uint64_t burst[LOSS_BURSTS] = {0}, bursts = 0, lost = 0, longest = 0, length = 0;

	for (uint64_t i = 0; i < l->packets; i++) {
		unsigned bucket = 0;

		length = fate[i] == LOST ? length + 1 : 0;
		if (length == 0 || fate[i + 1] == LOST)
			continue;
		while (length > bucket_end[bucket])
			bucket++;
		burst[bucket]++;
		bursts++;
		lost += length;
		longest = length > longest ? length : longest;
	}
	for (unsigned i = 0; i < LOSS_BURSTS; i++)
		assert_int_equal(p->burst[i], burst[i]);
	assert_int_equal(p->bursts, bursts);
	assert_int_equal(p->lost, lost);
	assert_int_equal(p->longest, longest);
	assert_int_equal(p->unread, 0);
}

static void assert_between(double value, const double bounds[2])
{
	if (value < bounds[0] || value > bounds[1])
		fail_msg("%g is not in %g..%g", value, bounds[0], bounds[1]);
}

static void check_found(const struct line *l, const struct loss_pattern *p)
{
	print_message("  %llu lost in %llu bursts, period %llu of %.3f, %u outages, extent %llu, %.1f\n",
		(unsigned long long)p->lost, (unsigned long long)p->bursts, (unsigned long long)p->period,
		p->period_share, p->outages, (unsigned long long)p->extent_max, p->extent_mean);
	assert_int_equal(p->period, l->finds.period);
	assert_between(p->period_share, l->finds.share);
	assert_between(p->mean, l->finds.mean);
	assert_int_equal(p->outages, l->finds.outages);
	for (unsigned i = 0; i < p->outages; i++) {
		assert_in_range(
			p->outage[i].length_ns / NS_PER_MS, l->finds.outage_ms[0], l->finds.outage_ms[1]);
		assert_true(p->outage[i].lost >= LOSS_OUTAGE_PACKETS);
		assert_true(i == 0 || p->outage[i].length_ns <= p->outage[i - 1].length_ns);
	}
	assert_in_range(p->extent_max, l->finds.extent[0], l->finds.extent[1]);
	assert_between(p->extent_mean, l->finds.extent_mean);
}

static void test_lines(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		const struct line *l = &lines[i];
		uint8_t *fate = calloc(l->packets + 1, 1);
		static struct receiver r;
		struct loss_pattern pattern;

		print_message("%s\n", l->name);
		r = (struct receiver){.watch.start_ns = START_NS, .last_ns = START_NS};
		assert_non_null(fate);
		assert_int_equal(span_set_init(&r.missing, 1 << 23), 0);
		send_all(l, &r, fate);
		loss_pattern_result(&r.watch, &pattern);
		check_bursts(l, fate, &pattern);
		check_found(l, &pattern);
		assert_int_equal(pattern.late, r.late);
		span_set_free(&r.missing);
		free(fate);
	}
}

/* Late packets, one by one, with what RFC 4737 says of each; the hole was opened a second ago. */
static void test_late_times(void **state)
{
	static struct receiver r;
	struct loss_pattern p;

	(void)state;
	r = (struct receiver){.watch.start_ns = START_NS, .last_ns = START_NS};
	assert_int_equal(span_set_init(&r.missing, 1 << 14), 0);
	receive(&r, 0, START_NS);
	receive(&r, 5, START_NS + 30 * NS_PER_MS); /* an outage, for now: 1..4 */
	loss_pattern_result(&r.watch, &p);
	assert_int_equal(p.outages, 1);
	assert_int_equal(p.outage[0].start_ns, 0);
	assert_int_equal(p.outage[0].lost, 4);
	receive(&r, 1, START_NS + 31 * NS_PER_MS); /* extent 1 */
	receive(&r, 3, START_NS + 32 * NS_PER_MS); /* 2 */
	receive(&r, 2, START_NS + 34 * NS_PER_MS); /* 3: 5 was the first to overtake it */
	loss_pattern_result(&r.watch, &p);
	assert_int_equal(p.outage[0].lost, 1);
	receive(&r, 4, START_NS + 35 * NS_PER_MS); /* 4 */
	assert_true(loss_pattern_read(&r.watch, &r.missing, r.next, 1));
	loss_pattern_result(&r.watch, &p);
	assert_int_equal(p.outages, 0);
	assert_int_equal(p.bursts, 0);
	assert_int_equal(p.late, 4);
	assert_int_equal(p.extent_max, 4);
	assert_true(p.extent_mean == 2.5);
	assert_int_equal(p.late_max_ns, 5 * NS_PER_MS);
	span_set_free(&r.missing);
}

/* A window that slides over what has not been read: this is reported, not guessed. */
static void test_unread(void **state)
{
	static struct receiver r;
	struct loss_pattern p;

	(void)state;
	r = (struct receiver){.watch.start_ns = START_NS, .last_ns = START_NS};
	assert_int_equal(span_set_init(&r.missing, 2 * SPAN_CHUNK), 0);
	for (uint64_t i = 0; i < 4 * SPAN_CHUNK; i += 2)
		receive(&r, i, START_NS + i);
	assert_false(loss_pattern_read(&r.watch, &r.missing, r.next, 10));
	assert_true(loss_pattern_read(&r.watch, &r.missing, r.next, 3 * SPAN_CHUNK));
	loss_pattern_result(&r.watch, &p);
	assert_int_equal(p.unread, r.missing.base);
	assert_int_equal(p.bursts, r.missing.members);
	assert_int_equal(p.period, 2);
	span_set_free(&r.missing);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_late_times),
		cmocka_unit_test(test_unread),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
