/* Impairment: the queue in virtual time, then a socket that has it. */
#include "tests/support/udp_pair.h"

#include "proto/net/impair.h"

#define DELAY_NS (UINT64_C(40) * NS_PER_MS)

static void hold(struct impair *w, uint32_t number, size_t size, uint64_t now_ns)
{
	uint8_t bytes[2048];

	fill_datagram(bytes, size, number);
	impair_hold(w, NULL, bytes, size, now_ns);
}

/* The next one has that number; 0: there is none. Then the first one left is due at `next_ns`. */
static void release(struct impair *w, uint64_t now_ns, uint32_t number)
{
	const struct impair_datagram *d;
	uint64_t next_ns;

	d = impair_release(w, now_ns, &next_ns);
	assert_int_equal(d != NULL, number != 0);
	if (d)
		assert_int_equal(d->bytes[0] | d->bytes[1] << 8, number);
}

static uint64_t next_ns(struct impair *w, uint64_t now_ns)
{
	uint64_t next;

	assert_null(impair_release(w, now_ns, &next));
	return next;
}

static void test_queue(void **state)
{
	struct impair *w = impair_new(0, DELAY_NS);

	(void)state;
	assert_non_null(w);
	assert_true(impair_delays(w));
	assert_int_equal(next_ns(w, START_NS), CLOCK_NEVER);
	for (uint32_t turn = 0; turn < 2000; turn++) {
		uint64_t now_ns = START_NS + turn * DELAY_NS;

		for (uint32_t i = 1; i <= 3; i++)
			hold(w, i, 100, now_ns + i);
		assert_int_equal(next_ns(w, now_ns + DELAY_NS), now_ns + DELAY_NS + 1);
		release(w, now_ns + DELAY_NS + 2, 1);
		release(w, now_ns + DELAY_NS + 2, 2);
		release(w, now_ns + DELAY_NS + 2, 0);
		assert_int_equal(next_ns(w, now_ns + DELAY_NS + 2), now_ns + DELAY_NS + 3);
		release(w, now_ns + 10 * DELAY_NS, 3);
		assert_int_equal(next_ns(w, now_ns + 10 * DELAY_NS), CLOCK_NEVER);
	}
	impair_free(w);
	impair_free(NULL);
}

/* A full queue and what is too large for it: dropped, the others stay whole. */
static void test_no_room(void **state)
{
	enum { MORE = 10000 };
	struct impair *w = impair_new(0, DELAY_NS);
	const struct impair_datagram *d;
	uint32_t released = 0;
	uint64_t next;

	(void)state;
	assert_non_null(w);
	hold(w, 9, sizeof(d->bytes) + 1, START_NS);
	assert_int_equal(next_ns(w, START_NS), CLOCK_NEVER);
	for (uint32_t i = 1; i <= MORE; i++)
		hold(w, i, sizeof(d->bytes), START_NS);
	while ((d = impair_release(w, START_NS + DELAY_NS, &next))) {
		released++;
		assert_int_equal(d->bytes[0] | d->bytes[1] << 8, released);
		assert_int_equal(d->size, sizeof(d->bytes));
		assert_int_equal(d->to.size, 0);
	}
	assert_in_range(released, 1000, MORE - 1);
	impair_free(w);
}

static void test_chance(void **state)
{
	enum { DRAWS = 20000 };
	/* Bounds of ten times the standard deviation: chance is not seeded. */
	static const struct {
		double rate;
		unsigned least, most;
	} rows[] = {{0, 0, 0}, {1, DRAWS, DRAWS}, {.5, 9290, 10710}, {.2, 3430, 4570}, {.001, 0, 65}};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct impair *w = impair_new(rows[i].rate, 0);
		unsigned drops = 0;

		print_message("drop rate %g\n", rows[i].rate);
		assert_non_null(w);
		assert_false(impair_delays(w));
		for (unsigned n = 0; n < DRAWS; n++)
			drops += impair_drops(w);
		assert_in_range(drops, rows[i].least, rows[i].most);
		impair_free(w);
	}
}

static void test_fine_weather_costs_nothing(void **state)
{
	struct udp_pair *p = udp_pair_open(AF_INET);

	(void)state;
	assert_int_equal(udp_set_impair(&p->from, 0, 0), 0);
	assert_null(p->from.impair);
	assert_int_equal(udp_flush(&p->from, UINT64_MAX - 1), CLOCK_NEVER);
	udp_pair_close(p);
}

/* What is dropped counts as sent, one by one or many at a time. */
static void test_socket_drops(void **state)
{
	enum { MANY = 2000 };
	static const struct {
		double rate;
		unsigned least, most;
	} rows[] = {{1, 0, 0}, {.3, 1195, 1620}};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct udp_pair *p = udp_pair_open(AF_INET);

		print_message("drop rate %g\n", rows[i].rate);
		assert_int_equal(udp_set_impair(&p->from, rows[i].rate, 0), 0);
		send_many(p, 200, MANY);
		for (uint32_t n = 0; n < 10; n++)
			send_one(p, 200, n);
		/* The last one always gets through, and says that no more will come. */
		udp_close(&p->from);
		assert_int_equal(udp_open(&p->from, &p->from_address), 0);
		send_one(p, 200, MANY);
		p->wanted = 1;
		assert_true(wait_until(has_wanted, p));
		while (p->inbox[p->count - 1].number != MANY && receive_some(p))
			continue;
		assert_int_equal(p->inbox[p->count - 1].number, MANY);
		assert_in_range(p->count - 1, rows[i].least, rows[i].most);
		for (unsigned n = 1; n < p->count && p->inbox[n].number > 10; n++)
			assert_true(p->inbox[n].number > p->inbox[n - 1].number);
		udp_pair_close(p);
	}
}

/* Held back until it is due, then sent to whom it was for, in order. */
static void test_socket_delays(void **state)
{
	enum { MANY = 20 };

	(void)state;
	for (int connected = 0; connected < 2; connected++) {
		struct udp_pair *p = udp_pair_open(AF_INET);
		uint64_t before_ns, after_ns, due_ns;

		print_message("%s\n", connected ? "connected" : "not connected");
		if (connected)
			assert_int_equal(udp_connect(&p->from, &p->to_address), 0);
		/* An hour: nothing is due by itself while the test runs. */
		assert_int_equal(udp_set_impair(&p->from, 0, UINT64_C(3600) * NS_PER_S), 0);
		before_ns = clock_now_ns() + UINT64_C(3600) * NS_PER_S;
		send_many(p, 100, MANY);
		after_ns = clock_now_ns() + UINT64_C(3600) * NS_PER_S;
		due_ns = udp_flush(&p->from, clock_now_ns());
		assert_in_range(due_ns, before_ns, after_ns);
		assert_int_equal(udp_receive(&p->to, p->batch, NULL), 0);
		due_ns = udp_flush(&p->from, due_ns);
		assert_in_range(due_ns, before_ns, after_ns);
		assert_int_equal(udp_flush(&p->from, after_ns), CLOCK_NEVER);
		receive_all(p, MANY);
		check_inbox(p, 100);
		udp_pair_close(p);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_queue),
		cmocka_unit_test(test_no_room),
		cmocka_unit_test(test_chance),
		cmocka_unit_test(test_fine_weather_costs_nothing),
		cmocka_unit_test(test_socket_drops),
		cmocka_unit_test(test_socket_delays),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
