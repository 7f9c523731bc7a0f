/* The pool of ports in virtual time. */
#include <stdlib.h>

#include "proto/sys/clock.h"
#include "server/portpool.h"
#include "tests/support/test.h"

#define KEPT_NS ((uint64_t)PORTPOOL_KEPT_BACK_S * NS_PER_S)

enum { RANGES = 3, PORTS = 1 << 16 };

static const struct {
	unsigned count;
	struct port_range range[RANGES];
	unsigned size;
} range_rows[] = {
	{1, {{7000, 7000}}, 1},
	{1, {{7000, 7002}}, 3},
	{2, {{7000, 7009}, {6000, 6004}}, 15},
	{3, {{1, 1}, {65535, 65535}, {7000, 7100}}, 103},
	{1, {{1, 65535}}, 65535},
};

static bool in_ranges(size_t row, unsigned port)
{
	for (unsigned i = 0; i < range_rows[row].count; i++)
		if (port >= range_rows[row].range[i].first && port <= range_rows[row].range[i].last)
			return true;
	return false;
}

/* Ports in use or kept back: those that can't be drawn now. */
static unsigned count_used(struct portpool *pool, uint64_t now_ns)
{
	uint16_t *drawn = calloc(portpool_size(pool), sizeof *drawn);
	unsigned n = 0;
	uint16_t port;

	assert_non_null(drawn);
	while ((port = portpool_take(pool, now_ns)) != 0)
		drawn[n++] = port;
	for (unsigned i = 0; i < n; i++)
		portpool_give_back(pool, drawn[i]);
	free(drawn);
	return portpool_size(pool) - n;
}

/* Every port of the ranges once, then none. */
static void test_all_are_drawn(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(range_rows); i++) {
		struct portpool *pool = portpool_new(range_rows[i].range, range_rows[i].count);
		uint8_t *drawn = calloc(PORTS, 1);

		print_message("%u ports\n", range_rows[i].size);
		assert_non_null(pool);
		assert_non_null(drawn);
		assert_int_equal(portpool_size(pool), range_rows[i].size);
		for (unsigned n = 0; n < range_rows[i].size; n++) {
			uint16_t port = portpool_take(pool, START_NS);

			assert_true(in_ranges(i, port));
			assert_false(drawn[port]++);
			if (range_rows[i].size < 1000 || n % 4096 == 0)
				assert_int_equal(count_used(pool, START_NS), n + 1);
		}
		assert_int_equal(portpool_take(pool, START_NS), 0);
		assert_int_equal(portpool_take(pool, START_NS + 10 * KEPT_NS), 0);
		assert_int_equal(portpool_size(pool), range_rows[i].size);
		free(drawn);
		portpool_free(pool);
	}
	portpool_free(NULL);
}

/* A port that came back is drawn again once it was kept back long enough, and counts as used until then. */
static void test_kept_back(void **state)
{
	static const struct {
		uint64_t after_ns;
		bool is_free;
	} rows[] = {{0, false}, {1, false}, {KEPT_NS - 1, false}, {KEPT_NS, true}, {1000 * KEPT_NS, true}};
	static const struct port_range range = {7000, 7001};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		uint64_t now_ns = START_NS + rows[i].after_ns;
		struct portpool *pool = portpool_new(&range, 1);
		uint16_t port;

		print_message("after %ju ns\n", (uintmax_t)rows[i].after_ns);
		assert_non_null(pool);
		port = portpool_take(pool, START_NS);
		assert_int_not_equal(portpool_take(pool, START_NS), 0);
		portpool_return(pool, port, START_NS);
		assert_int_equal(count_used(pool, now_ns), 2 - rows[i].is_free);
		assert_int_equal(portpool_take(pool, now_ns), rows[i].is_free ? port : 0);
		assert_int_equal(count_used(pool, now_ns), 2);
		portpool_free(pool);
	}
}

/* Which port comes next can't be told from those before. */
static void test_drawn_at_random(void **state)
{
	static const struct port_range range = {10000, 59999};
	struct portpool *pool = portpool_new(&range, 1);
	unsigned ascents = 0, near = 0, last = 0;

	(void)state;
	assert_non_null(pool);
	for (unsigned i = 0; i < 2000; i++) {
		unsigned port = portpool_take(pool, START_NS);

		ascents += port > last;
		near += (unsigned)abs((int)port - (int)last) < 10;
		last = port;
	}
	/* Ten standard deviations and more. */
	assert_in_range(ascents, 860, 1140);
	assert_in_range(near, 0, 20);
	portpool_free(pool);
}

/* Takes and returns by chance over a day, beside an array that knows each port's state. */
static void test_against_a_model(void **state)
{
	enum { FIRST = 7000, SIZE = 50, STEPS = 50000 };
	static const struct port_range ranges[] = {{FIRST, FIRST + 19}, {FIRST + 20, FIRST + SIZE - 1}};
	uint64_t free_ns[SIZE] = {0}; /* CLOCK_NEVER: in use */
	struct portpool *pool = portpool_new(ranges, 2);
	uint64_t now_ns = START_NS;
	unsigned refused = 0;

	(void)state;
	assert_non_null(pool);
	srand(4711);
	for (unsigned step = 0; step < STEPS; step++) {
		unsigned used = 0, any = (unsigned)rand() % SIZE;
		uint16_t port;

		now_ns += (uint64_t)(rand() % 1000) * NS_PER_MS;
		for (unsigned i = 0; i < SIZE; i++)
			used += free_ns[i] > now_ns;
		assert_int_equal(count_used(pool, now_ns), used);
		if (rand() % 2 && free_ns[any] == CLOCK_NEVER) {
			portpool_return(pool, (uint16_t)(FIRST + any), now_ns);
			free_ns[any] = now_ns + KEPT_NS;
			continue;
		}
		port = portpool_take(pool, now_ns);
		assert_int_equal(port == 0, used == SIZE);
		refused += port == 0;
		if (port == 0)
			continue;
		assert_in_range(port, FIRST, FIRST + SIZE - 1);
		assert_true(free_ns[port - FIRST] <= now_ns);
		free_ns[port - FIRST] = CLOCK_NEVER;
	}
	assert_in_range(refused, 1, STEPS - SIZE);
	portpool_free(pool);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_are_drawn),
		cmocka_unit_test(test_kept_back),
		cmocka_unit_test(test_drawn_at_random),
		cmocka_unit_test(test_against_a_model),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
