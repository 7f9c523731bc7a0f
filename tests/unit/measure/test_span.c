/* Span sets: tables for the edges, then random operations against a model that keeps one byte for
 * each number. */
#include "proto/measure/span.h"
#include "tests/support/random.h"
#include "tests/support/test.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TOP (SPAN_MAX - 4 * (uint64_t)SPAN_CHUNK + 1) /* base of the last window of four chunks */

enum { MAX_STEPS = 6, MAX_RUNS = 4, WINDOW = 4 * SPAN_CHUNK };

enum verb { END, ADD, REMOVE, ANEW };

struct step {
	enum verb verb;
	uint64_t begin, end;
	uint64_t changed;
};

/* Steps from an empty set with a window of four chunks, and what is there afterwards. */
static const struct edge {
	const char *name;
	struct step steps[MAX_STEPS];
	uint64_t base, forgotten;
	size_t n_runs;
	struct span runs[MAX_RUNS];
} edges[] = {
	{"nothing", {{0}}, 0, 0, 0, {{0}}},
	{"number 0, twice", {{ADD, 0, 0, 1}, {ADD, 0, 0, 0}}, 0, 0, 1, {{0, 0}}},
	{"remove what is not there",
		{{REMOVE, 5, 5, 0}, {ADD, 4, 4, 1}, {REMOVE, 5, 5, 0}, {REMOVE, 5, 9, 0}}, 0, 0, 1, {{4, 4}}},
	{"a run across a word border", {{ADD, 63, 63, 1}, {ADD, 64, 64, 1}, {ADD, 127, 128, 2}}, 0, 0, 2,
		{{63, 64}, {127, 128}}},
	{"a whole word", {{ADD, 64, 127, 64}, {ADD, 60, 130, 7}, {REMOVE, 64, 127, 64}}, 0, 0, 2,
		{{60, 63}, {128, 130}}},
	{"a run across a chunk border", {{ADD, 4095, 4095, 1}, {ADD, 4096, 4096, 1}}, 0, 0, 1,
		{{4095, 4096}}},
	{"exactly one chunk", {{ADD, 4096, 8191, 4096}, {ADD, 4096, 8191, 0}}, 0, 0, 1, {{4096, 8191}}},
	{"a run across full chunks", {{ADD, 4000, 12300, 8301}}, 0, 0, 1, {{4000, 12300}}},
	{"a hole in full chunks, filled again",
		{{ADD, 0, 16383, 16384}, {REMOVE, 8191, 8191, 1}, {ADD, 8191, 8191, 1}}, 0, 0, 1,
		{{0, 16383}}},
	{"a hole across a chunk border", {{ADD, 0, 16383, 16384}, {REMOVE, 8191, 8192, 2}}, 0, 0, 2,
		{{0, 8190}, {8193, 16383}}},
	{"almost a chunk", {{ADD, 0, 4094, 4095}, {ADD, 8193, 12287, 4095}}, 0, 0, 2,
		{{0, 4094}, {8193, 12287}}},
	{"emptied whole", {{ADD, 10, 20, 11}, {REMOVE, 0, 4095, 11}, {ADD, 15, 15, 1}}, 0, 0, 1, {{15, 15}}},
	{"filled whole", {{ADD, 10, 20, 11}, {ADD, 0, 4095, 4085}, {REMOVE, 15, 15, 1}}, 0, 0, 2,
		{{0, 14}, {16, 4095}}},
	{"remove all, open-ended", {{ADD, 100, 9000, 8901}, {REMOVE, 0, UINT64_MAX, 8901}}, 0, 0, 0, {{0}}},
	{"remove an open end", {{ADD, 100, 9000, 8901}, {REMOVE, 200, UINT64_MAX, 8801}}, 0, 0, 1,
		{{100, 199}}},
	{"remove outside the window, and backwards",
		{{ADD, 20480, 20480, 1}, {REMOVE, 0, 8191, 0}, {REMOVE, 24576, UINT64_MAX, 0},
			{REMOVE, 20481, 20479, 0}},
		8192, 0, 1, {{20480, 20480}}},
	{"remove right above it", {{ADD, 0, 0, 1}, {REMOVE, 16384, 16384, 0}}, 0, 0, 1, {{0, 0}}},
	{"remove from below the window into it", {{ADD, 8192, 24575, 16384}, {REMOVE, 0, 8192, 1}}, 8192, 0,
		1, {{8193, 24575}}},
	{"the window's last number", {{ADD, 0, 0, 1}, {ADD, 16383, 16383, 1}}, 0, 0, 2,
		{{0, 0}, {16383, 16383}}},
	{"the next number slides it", {{ADD, 4000, 4100, 101}, {ADD, 16384, 16384, 1}}, 4096, 96, 2,
		{{4096, 4100}, {16384, 16384}}},
	{"memory is used again after a slide",
		{{ADD, 5, 9, 5}, {ADD, 16384, 16384, 1}, {REMOVE, 16384, 16384, 1}, {ADD, 16390, 16390, 1}},
		4096, 5, 1, {{16390, 16390}}},
	{"a run across the ring's end", {{ADD, 8192, 20479, 12288}, {ADD, 20480, 20480, 1}}, 8192, 0, 1,
		{{8192, 20480}}},
	{"below the window is left out",
		{{ADD, 20480, 20480, 1}, {ADD, 0, 8191, 0}, {ADD, 8191, 8191, 0}, {ADD, 8000, 8200, 9}}, 8192,
		0, 2, {{8192, 8200}, {20480, 20480}}},
	{"a span longer than the window", {{ADD, 10, 19, 10}, {ADD, 0, 40960, 12289}}, 28672, 10, 1,
		{{28672, 40960}}},
	{"a jump by exactly the window", {{ADD, 0, 16383, 16384}, {ADD, 32767, 32767, 1}}, 16384, 16384, 1,
		{{32767, 32767}}},
	{"a jump by a chunk less", {{ADD, 0, 16383, 16384}, {ADD, 28671, 28671, 1}}, 12288, 12288, 2,
		{{12288, 16383}, {28671, 28671}}},
	{"a jump to the last number", {{ADD, 1, 2, 2}, {ADD, SPAN_MAX, SPAN_MAX, 1}, {ADD, 0, 9, 0}}, TOP, 2,
		1, {{SPAN_MAX, SPAN_MAX}}},
	{"everything there is", {{ADD, 0, SPAN_MAX, 16384}, {REMOVE, SPAN_MAX, UINT64_MAX, 1}}, TOP, 0, 1,
		{{TOP, SPAN_MAX - 1}}},
	{"anew from the chunk of a number on",
		{{ADD, 0, 0, 1}, {ADD, 16384, 16384, 1}, {ANEW, 5000, 0, 0}, {ADD, 4095, 4096, 1}}, 4096, 0,
		1, {{4096, 4096}}},
	{"anew from the last number on, and from 0",
		{{ANEW, SPAN_MAX, 0, 0}, {ADD, SPAN_MAX, SPAN_MAX, 1}, {ANEW, 0, 0, 0}, {ADD, 0, 1, 2}}, 0, 0,
		1, {{0, 1}}},
};

/* An empty set again, its window where it slides to when numbers from the chunk of `base` on are added. */
static void begin_anew(struct span_set *set, uint64_t base)
{
	uint64_t window = set->window, last = base - base % SPAN_CHUNK + window - 1;

	if (last > SPAN_MAX)
		last = SPAN_MAX;
	span_set_free(set);
	assert_int_equal(span_set_init(set, window), 0);
	span_add(set, (struct span){last, last});
	span_remove(set, (struct span){last, last});
}

static uint64_t take_step(struct span_set *set, const struct step *step)
{
	struct span span = {.begin = step->begin, .end = step->end};

	if (step->verb == ADD)
		return span_add(set, span);
	if (step->verb == REMOVE)
		return span_remove(set, span);
	begin_anew(set, step->begin);
	return 0;
}

static void check_runs(const struct span_set *set, const struct span *expected, size_t n_runs)
{
	struct span run = {0};
	uint64_t members = 0;
	uint64_t from = 0;

	for (size_t i = 0; i < n_runs; i++, from = run.end + 1) {
		assert_true(span_next(set, from, &run));
		assert_int_equal(run.begin, expected[i].begin);
		assert_int_equal(run.end, expected[i].end);
		assert_true(span_contains(set, run.begin));
		assert_true(span_contains(set, run.end));
		assert_false(span_contains(set, run.begin - 1));
		assert_false(span_contains(set, run.end + 1));
		members += run.end - run.begin + 1;
	}
	assert_false(span_next(set, from, &run));
	assert_int_equal(set->members, members);
}

static void test_edges(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(edges) / sizeof(*edges); i++) {
		const struct edge *edge = &edges[i];
		struct span_set set;

		print_message("%s\n", edge->name);
		assert_int_equal(span_set_init(&set, WINDOW), 0);
		for (size_t s = 0; s < MAX_STEPS && edge->steps[s].verb != END; s++)
			assert_int_equal(take_step(&set, &edge->steps[s]), edge->steps[s].changed);
		assert_int_equal(set.base, edge->base);
		assert_int_equal(set.forgotten, edge->forgotten);
		check_runs(&set, edge->runs, edge->n_runs);
		span_set_free(&set);
	}
}

/* {10..20, 4090..12299} in a window that starts at 0. */
static const struct {
	uint64_t from;
	bool found;
	struct span run;
} nexts[] = {
	{0, true, {10, 20}},
	{10, true, {10, 20}},
	{15, true, {15, 20}},
	{20, true, {20, 20}},
	{21, true, {4090, 12299}},
	{4095, true, {4095, 12299}},
	{4096, true, {4096, 12299}},
	{8000, true, {8000, 12299}},
	{12299, true, {12299, 12299}},
	{12300, false, {0}},
	{16383, false, {0}},
	{16384, false, {0}},
	{UINT64_MAX, false, {0}},
};

static void test_next(void **state)
{
	struct span_set set;

	(void)state;
	assert_int_equal(span_set_init(&set, WINDOW), 0);
	span_add(&set, (struct span){10, 20});
	span_add(&set, (struct span){4090, 12299});
	for (size_t i = 0; i < sizeof(nexts) / sizeof(*nexts); i++) {
		struct span run = {0};

		print_message("from %llu\n", (unsigned long long)nexts[i].from);
		assert_int_equal(span_next(&set, nexts[i].from, &run), nexts[i].found);
		assert_int_equal(run.begin, nexts[i].run.begin);
		assert_int_equal(run.end, nexts[i].run.end);
	}
	span_set_free(&set);
}

static const struct {
	uint64_t asked;
	int error;
	uint64_t window;
} windows[] = {
	{0, 0, 8192},
	{8192, 0, 8192},
	{8193, 0, 16384},
	{1 << 25, 0, 1 << 25},
	{SPAN_MAX + 1, -ENOMEM, 0},
	{UINT64_MAX, -ENOMEM, 0},
};

static void test_windows(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(windows) / sizeof(*windows); i++) {
		struct span_set set;

		print_message("window %llu\n", (unsigned long long)windows[i].asked);
		assert_int_equal(span_set_init(&set, windows[i].asked), windows[i].error);
		assert_int_equal(set.window, windows[i].window);
		span_set_free(&set);
	}
}

/* One byte for each number. */
struct model {
	uint64_t origin; /* number of bytes[0] */
	uint64_t size;
	uint64_t base, window, members, forgotten; /* base relative to the origin */
	uint8_t *bytes;
};

static uint64_t model_set(struct model *model, struct span span, uint8_t member)
{
	uint64_t changed = 0;

	for (uint64_t i = span.begin; i <= span.end; i++) {
		if (i < model->base || i >= model->base + model->window)
			continue;
		changed += model->bytes[i] != member;
		model->bytes[i] = member;
	}
	model->members += member ? changed : -changed;
	return changed;
}

static uint64_t model_add(struct model *model, struct span span)
{
	while (span.end >= model->base + model->window) {
		struct span chunk = {model->base, model->base + SPAN_CHUNK - 1};

		model->forgotten += model_set(model, chunk, 0);
		model->base += SPAN_CHUNK;
	}
	return model_set(model, span, 1);
}

static bool model_next(const struct model *model, uint64_t from, struct span *run)
{
	uint64_t i = from;

	while (i < model->size && !model->bytes[i])
		i++;
	if (i == model->size)
		return false;
	run->begin = i;
	while (i < model->size && model->bytes[i])
		i++;
	run->end = i - 1;
	return true;
}

static void compare_all(const struct span_set *set, const struct model *model, bool numbers)
{
	struct span real = {0};
	struct span expected = {0};
	uint64_t from = 0;

	for (; model_next(model, from, &expected); from = expected.end + 1) {
		assert_true(span_next(set, model->origin + from, &real));
		assert_int_equal(real.begin, model->origin + expected.begin);
		assert_int_equal(real.end, model->origin + expected.end);
	}
	assert_false(span_next(set, model->origin + from, &real));
	for (uint64_t i = 0; numbers && i < model->size; i++)
		if (span_contains(set, model->origin + i) != (model->bytes[i] != 0))
			fail_msg("number %llu", (unsigned long long)i);
}

/* A single number, a short span, a long one or whole chunks; now and then above the window, so that
 * it slides, rarely by more than its size. */
static struct span random_span(const struct model *model, uint64_t *seed)
{
	const uint64_t lengths[] = {1, 1, 1, 1, 100, 100, 6000, model->window / 2};
	uint64_t dice = random_next(seed) % 64;
	uint64_t reach = model->window;
	struct span span;

	if (dice < 8)
		reach += SPAN_CHUNK;
	if (dice == 0)
		reach *= 3;
	span.begin = model->base + random_next(seed) % reach;
	if (dice > 60 && span.begin > SPAN_CHUNK)
		span.begin -= SPAN_CHUNK;
	span.end = span.begin + random_next(seed) % lengths[random_next(seed) % 8];
	if (random_next(seed) % 8 == 0) {
		span.begin &= ~(uint64_t)(SPAN_CHUNK - 1);
		span.end |= SPAN_CHUNK - 1;
	}
	return span;
}

static void model_reset(struct model *model, uint64_t base)
{
	memset(model->bytes, 0, model->size);
	model->base = base;
	model->members = 0;
	model->forgotten = 0;
}

static void random_step(struct span_set *set, struct model *model, uint64_t *seed)
{
	struct span span = random_span(model, seed);
	struct span real;

	if (span.end >= model->size) {
		model_reset(model, random_next(seed) % 4 * SPAN_CHUNK);
		begin_anew(set, model->origin + model->base + random_next(seed) % SPAN_CHUNK);
		return;
	}
	real = (struct span){model->origin + span.begin, model->origin + span.end};
	if (random_next(seed) % 2) {
		assert_int_equal(span_add(set, real), model_add(model, span));
		return;
	}
	if (random_next(seed) % 16 == 0) {
		real.end = UINT64_MAX;
		span.end = model->size - 1;
	}
	assert_int_equal(span_remove(set, real), model_set(model, span, 0));
}

static const struct {
	uint64_t window, origin, seed;
	int steps;
} runs[] = {
	{8192, 0, 1, 6016},
	{8192, SPAN_MAX - (16 * 8192 - 1), 2, 6016},
	{16384, (UINT64_C(1) << 32) - 4 * 8192, 3, 4032},
	{65536, 0, 4, 2048},
	{65536, UINT64_C(1) << 62, 5, 2048},
	{262144, 12 * 4096, 6, 640},
};

static void test_model(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(runs) / sizeof(*runs); i++) {
		struct model model = {.window = runs[i].window, .origin = runs[i].origin};
		uint64_t seed = runs[i].seed;
		struct span_set set;

		print_message("window %llu, seed %llu\n", (unsigned long long)runs[i].window,
			(unsigned long long)seed);
		model.size = 16 * model.window;
		model.bytes = calloc(model.size, 1);
		assert_non_null(model.bytes);
		assert_int_equal(span_set_init(&set, model.window), 0);
		begin_anew(&set, model.origin);
		for (int step = 0; step < runs[i].steps; step++) {
			random_step(&set, &model, &seed);
			assert_int_equal(set.base, model.origin + model.base);
			assert_int_equal(set.members, model.members);
			assert_int_equal(set.forgotten, model.forgotten);
			if (step % 16 == 15)
				compare_all(&set, &model, step % 64 == 63);
		}
		span_set_free(&set);
		free(model.bytes);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_edges),
		cmocka_unit_test(test_next),
		cmocka_unit_test(test_windows),
		cmocka_unit_test(test_model),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
