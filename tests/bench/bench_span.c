/* How fast a span set is with 10,000 holes spread over its window, touched in random order, and how long the
 * window takes to jump. Run it without arguments; it prints one line for each measurement. */
#include "proto/measure/span.h"
#include "proto/sys/clock.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

enum { HOLES = 10000, ROUNDS = 400, WALKS = 100, JUMPS = 200 };

static const uint64_t WINDOW = UINT64_C(1) << 25;

static uint64_t next_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

static void shuffle(uint64_t *numbers, uint64_t *seed)
{
	for (size_t i = HOLES - 1; i > 0; i--) {
		size_t j = next_random(seed) % (i + 1);
		uint64_t held = numbers[i];

		numbers[i] = numbers[j];
		numbers[j] = held;
	}
}

/* Distinct numbers, one in each of HOLES equal parts of the window, in random order. */
static void spread(uint64_t *numbers, uint64_t *seed)
{
	const uint64_t part = WINDOW / HOLES;

	for (uint64_t i = 0; i < HOLES; i++)
		numbers[i] = i * part + next_random(seed) % part;
	shuffle(numbers, seed);
}

static void print_rate(const char *what, uint64_t operations, uint64_t elapsed_ns)
{
	printf("%-44s %8.1f million/s %8.2f ns\n", what, (double)operations * 1e3 / (double)elapsed_ns,
		(double)elapsed_ns / (double)operations);
}

/* Flips all numbers to `member` and back; returns how many changes the set reported. */
static uint64_t flip_all(struct span_set *set, uint64_t *numbers, bool member, uint64_t *spent_ns)
{
	static uint64_t seed = 7;
	uint64_t changes = 0;

	for (int pass = 0; pass < 2; pass++, member = !member) {
		uint64_t start_ns;

		shuffle(numbers, &seed);
		start_ns = clock_now_ns();
		for (size_t i = 0; i < HOLES; i++) {
			struct span one = {.begin = numbers[i], .end = numbers[i]};

			changes += member ? span_add(set, one) : span_remove(set, one);
		}
		*spent_ns += clock_now_ns() - start_ns;
	}
	return changes;
}

static bool bench_flip(struct span_set *set, uint64_t *numbers, bool member, const char *what)
{
	uint64_t spent_ns = 0;
	uint64_t changes = 0;

	for (int round = 0; round < ROUNDS; round++)
		changes += flip_all(set, numbers, member, &spent_ns);
	print_rate(what, 2 * (uint64_t)HOLES * ROUNDS, spent_ns);
	return changes == 2 * (uint64_t)HOLES * ROUNDS;
}

static bool bench_contains(const struct span_set *set, const uint64_t *numbers)
{
	uint64_t start_ns = clock_now_ns();
	uint64_t found = 0;

	for (int round = 0; round < ROUNDS; round++)
		for (size_t i = 0; i < HOLES; i++)
			found += span_contains(set, numbers[i]);
	print_rate("contains", (uint64_t)HOLES * ROUNDS, clock_now_ns() - start_ns);
	return found == 0;
}

static bool bench_walk(const struct span_set *set)
{
	uint64_t start_ns = clock_now_ns();
	uint64_t runs = 0;

	for (int walk = 0; walk < WALKS; walk++) {
		struct span run = {0};

		for (uint64_t from = 0; span_next(set, from, &run); from = run.end + 1)
			runs++;
	}
	print_rate("walk, one run", runs, clock_now_ns() - start_ns);
	return runs >= (uint64_t)HOLES * WALKS;
}

/* `step` numbers at a time, with the whole window full before each jump. */
static void bench_jump(struct span_set *set, uint64_t step, const char *what)
{
	uint64_t worst_ns = 0;
	uint64_t total_ns = 0;

	for (int jump = 0; jump < JUMPS; jump++) {
		uint64_t top = set->base + set->window - 1 + step;
		uint64_t start_ns;
		uint64_t took_ns;

		span_add(set, (struct span){.begin = set->base, .end = top - step});
		start_ns = clock_now_ns();
		span_add(set, (struct span){.begin = top, .end = top});
		took_ns = clock_now_ns() - start_ns;
		total_ns += took_ns;
		if (took_ns > worst_ns)
			worst_ns = took_ns;
	}
	printf("%-44s %8.2f us mean %8.2f us worst\n", what, (double)total_ns / JUMPS / 1e3,
		(double)worst_ns / 1e3);
}

int main(void)
{
	static uint64_t numbers[HOLES];
	struct span_set set;
	uint64_t seed = 1;
	bool right;

	if (span_set_init(&set, WINDOW) < 0)
		return EXIT_FAILURE;
	spread(numbers, &seed);
	right = bench_flip(&set, numbers, true, "add, remove: 10000 in an empty set");
	span_add(&set, (struct span){.begin = 0, .end = WINDOW - 1});
	right = bench_flip(&set, numbers, false, "remove, add: 10000 holes in a full set") && right;
	for (size_t i = 0; i < HOLES; i++)
		span_remove(&set, (struct span){.begin = numbers[i], .end = numbers[i]});
	right = bench_contains(&set, numbers) && right;
	right = bench_walk(&set) && right;
	bench_jump(&set, WINDOW / 2, "jump by half the window");
	bench_jump(&set, WINDOW, "jump by the whole window");
	bench_jump(&set, 16 * WINDOW, "jump by 16 windows");
	span_set_free(&set);
	if (!right)
		fprintf(stderr, "a count of changes is wrong\n");
	return right ? EXIT_SUCCESS : EXIT_FAILURE;
}
