/* The search over paths that are drawn at random: a few hundred here, thousands by hand, all in virtual time.
 *
 *   WILD_PATHS=1000 WILD_SEED=7 tests/sim/test_wild     so many of each kind, from that seed on
 *   WILD_KIND=jitter WILD_SEED=12 WILD_PATHS=1 WILD_SHOW=1 tests/sim/test_wild     one path again, in full
 *
 * What is asked of a kind is what the search reaches, less a margin: it holds for other seeds too. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/wild.h"

static double number(const char *name, double otherwise)
{
	const char *text = getenv(name);

	return text ? strtod(text, NULL) : otherwise;
}

struct tally {
	unsigned runs, within, covered, wide, lossy, queued, far;
	double worst, sum_percent;
	float error[10000];
};

static void show(const struct wild_run *r, uint64_t seed)
{
	const struct scene *s = &r->scene;
	const struct scene_outcome *o = &r->outcome;

	print_message("%s %ju: %.3f Mbit/s, rtt %.0f, buffer %.1f ms, bucket %.0f kB, jitter %d %.1f ms, "
		      "loss %.3f/%.3f, "
		      "late %.1f, pause %.1f/%.1f, course %d %.1f..%.1f %.1fs: %+.2f %% +- %.2f, limit %d, "
		      "lost %.2f %%, "
		      "queue %.1f ms, carried %.2f\n",
		s->name, (uintmax_t)seed, s->rate[0].bps / 1e6, s->rtt_ms,
		s->queue_bytes * 8e3 / s->rate[0].bps, s->bucket_bytes / 1e3, (int)s->jitter, s->jitter_ms,
		s->loss_before, s->loss, s->late_ms, s->sender_pause_ms, s->receiver_pause_ms, (int)s->course,
		s->low, s->high, s->period_s, 100 * r->error, o->percent, (int)o->limit, 100 * o->loss,
		o->queue_ms, o->mean_bps / r->truth_bps);
}

/* Shares in percent of the runs of a kind: within the limit at least, covered by the interval at least, and
 * more than three times the interval away at most. */
static const struct {
	unsigned within, covered, far;
} asked[WILD_KINDS] = {
	[WILD_CLEAN] = {100, 100, 0},
	[WILD_JITTER] = {87, 87, 6},
	[WILD_BURSTS] = {90, 90, 6},
	[WILD_SHALLOW] = {95, 95, 2},
	[WILD_POLICER] = {85, 80, 8},
	[WILD_LOSS] = {90, 90, 6},
	[WILD_REORDER] = {95, 95, 2},
	[WILD_LONG] = {95, 95, 2},
	[WILD_VARYING] = {50, 65, 25},
	[WILD_SLOW] = {95, 95, 2},
	[WILD_BUSY] = {70, 65, 20},
	[WILD_PAUSED] = {79, 79, 9},
};

static int by_size(const void *a, const void *b)
{
	float x = *(const float *)a, y = *(const float *)b;

	return (x > y) - (x < y);
}

static void take(struct tally *t, enum wild_kind kind, const struct wild_run *r)
{
	struct wild_limits l = wild_limits(kind, &r->scene);
	double off = 100 * fabs(r->error);

	t->error[t->runs++ % COUNT(t->error)] = (float)off;
	t->within += fabs(r->error) <= l.error;
	t->covered += off <= r->outcome.percent;
	t->far += off > 3 * r->outcome.percent;
	t->lossy += r->outcome.loss > l.loss;
	t->queued += r->outcome.queue_ms > l.queue_ms;
	t->sum_percent += r->outcome.percent;
	if (off > t->worst)
		t->worst = off;
}

static void print_tally(enum wild_kind kind, const struct tally *t)
{
	print_message("%-8s %4u  %5.1f %%  %6.2f %6.1f   %5.1f %%  %4.1f  %5.1f  %5.1f  %5.1f\n",
		wild_name(kind), t->runs, 100.0 * t->within / t->runs, (double)t->error[t->runs / 2],
		t->worst, 100.0 * t->covered / t->runs, 100.0 * t->far / t->runs, t->sum_percent / t->runs,
		100.0 * t->lossy / t->runs, 100.0 * t->queued / t->runs);
}

static void check_kind(enum wild_kind kind)
{
	unsigned paths = (unsigned)number("WILD_PATHS", 24), first = (unsigned)number("WILD_SEED", 1);
	double seconds = number("WILD_SECONDS", 6);
	static struct tally t;

	memset(&t, 0, sizeof t);
	for (unsigned i = 0; i < paths; i++) {
		struct wild_run r = wild_run(kind, first + i, seconds);

		take(&t, kind, &r);
		if (getenv("WILD_SHOW"))
			show(&r, first + i);
	}
	qsort(t.error, t.runs, sizeof *t.error, by_size);
	print_tally(kind, &t);
	assert_true(100 * t.within >= asked[kind].within * t.runs);
	assert_true(100 * t.covered >= asked[kind].covered * t.runs);
	assert_true(100 * t.far <= asked[kind].far * t.runs);
}

static void test_drawn(void **state)
{
	const char *only = getenv("WILD_KIND");

	(void)state;
	print_message("kind     runs  within  median  worst   covered  3x  interval  lossy  queued\n");
	for (unsigned k = 0; k < WILD_KINDS; k++) {
		enum wild_kind kind = (enum wild_kind)k;

		if (!only || strcmp(only, wild_name(kind)) == 0)
			check_kind(kind);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_drawn)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
