/* The sending side in virtual time: what goes into a datagram, how fast, and what is not taken. */
#include "tests/support/source_side.h"

static void test_datagram(void **state)
{
	static const uint32_t rows[] = {WIRE_HEADER_BYTES + 18, 120, 937, WIRE_MAX_BYTES};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct source s;

		print_message("%u bytes\n", rows[i]);
		open_source(&s, 0, rows[i], SEGMENTS);
		assert_int_equal(source_fill(&s, START_NS), SEGMENTS);
		for (unsigned n = 0; n < SEGMENTS; n++) {
			struct wire_header h = staged_header(&s, n);
			json_t *body =
				json_loadb((const char *)s.buffer + (size_t)n * rows[i] + WIRE_HEADER_BYTES,
					rows[i] - WIRE_HEADER_BYTES, 0, NULL);

			assert_int_equal(h.type, WIRE_BANDWIDTH_TEST);
			assert_int_equal(h.channel, CHANNEL);
			assert_int_equal(h.sequence, n);
			assert_int_equal(h.offset, 0);
			assert_int_equal(json_object_size(body), 1);
			assert_int_equal(json_string_length(json_object_get(body, "dummy_data")),
				rows[i] - WIRE_HEADER_BYTES - 18);
			json_decref(body);
		}
		source_close(&s);
	}
}

/* The rate over one second, whenever the source is asked: when it says, at fixed intervals, with gaps. */
static void test_rate(void **state)
{
	static const struct {
		const char *name;
		uint64_t rate_bps, step_ns; /* 0: as source_due_ns says */
	} rows[] = {
		{"10 kbit/s", 10000, 0},
		{"1 Mbit/s", 1000000, 0},
		{"1 Mbit/s, looked at every us", 1000000, NS_PER_US},
		{"100 Mbit/s", 100000000, 0},
		{"100 Mbit/s, looked at every 300 us", 100000000, UINT64_C(300) * NS_PER_US},
		{"2 Gbit/s", 2000000000, 0},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		uint64_t now_ns = START_NS, wanted = rows[i].rate_bps / 8;
		unsigned looks = 0;
		struct source s;

		print_message("%s\n", rows[i].name);
		open_source(&s, rows[i].rate_bps, DATAGRAM, SEGMENTS);
		while (now_ns < START_NS + NS_PER_S) {
			uint64_t due_ns = source_due_ns(&s);

			pour(&s, UINT32_MAX, now_ns);
			assert_true(source_due_ns(&s) > now_ns);
			now_ns = rows[i].step_ns ? now_ns + rows[i].step_ns : source_due_ns(&s);
			assert_true(source_due_ns(&s) >= due_ns);
			looks++;
		}
		assert_in_range(s.count.bytes, wanted - wanted / 500 - UINT64_C(2) * DATAGRAM, wanted);
		assert_int_equal(s.count.bytes, s.count.packets * DATAGRAM);
		/* A look is worth at least half a millisecond or a datagram. */
		if (!rows[i].step_ns)
			assert_in_range(looks, 1, 2010 + (wanted < 1000000 ? s.count.packets : 0));
		source_close(&s);
	}
}

static void test_no_limit(void **state)
{
	struct source s;

	(void)state;
	open_source(&s, 0, DATAGRAM, SEGMENTS);
	for (unsigned i = 0; i < 1000; i++) {
		assert_true(source_due_ns(&s) <= START_NS + i);
		assert_int_equal(source_fill(&s, START_NS + i), SEGMENTS);
		source_sent(&s, SEGMENTS, START_NS + i);
	}
	assert_int_equal(s.count.packets, 1000 * SEGMENTS);
	source_close(&s);
}

static void test_end(void **state)
{
	uint64_t end_ns = START_NS + DURATION_NS;
	struct source s;

	(void)state;
	open_source(&s, 1, DATAGRAM, SEGMENTS);
	assert_int_equal(source_due_ns(&s), end_ns);
	source_close(&s);

	open_source(&s, 0, DATAGRAM, SEGMENTS);
	assert_false(source_finished(&s, end_ns - 1));
	assert_int_equal(source_fill(&s, end_ns - 1), SEGMENTS);
	source_sent(&s, SEGMENTS, end_ns - 1);
	assert_true(source_finished(&s, end_ns));
	assert_int_equal(s.ended, ENDED_TIME);
	assert_int_equal(source_fill(&s, end_ns), 0);
	assert_int_equal(source_fill(&s, end_ns + NS_PER_S), 0);
	source_close(&s);
	source_close(&s);
	assert_false(source_finished(&s, end_ns));
	assert_int_equal(source_due_ns(&s), CLOCK_NEVER);
}

/* Bytes of IP and UDP count; what would exceed the budget isn't sent. */
static void test_budget(void **state)
{
	enum { OVERHEAD = 28, WHOLE = DATAGRAM + OVERHEAD };
	static const struct {
		const char *name;
		uint64_t budget_bytes, packets;
		unsigned taken; /* of a batch, by the kernel */
	} rows[] = {
		{"to the byte", 20 * WHOLE, 20, SEGMENTS},
		{"a byte less", 20 * WHOLE - 1, 19, SEGMENTS},
		{"almost one more", 21 * WHOLE - 1, 20, SEGMENTS},
		{"not all taken at once", 20 * WHOLE, 20, 3},
		{"less than a batch", 2 * WHOLE, 2, SEGMENTS},
		{"nothing fits", WHOLE - 1, 0, SEGMENTS},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct source_plan plan = {
			.order = {.channel = CHANNEL,
				.start_ns = START_NS,
				.duration_ns = DURATION_NS,
				.budget_bytes = rows[i].budget_bytes,
				.datagram_bytes = DATAGRAM},
			.segments = SEGMENTS,
			.overhead_bytes = OVERHEAD,
		};
		struct source s;
		unsigned staged;

		print_message("%s\n", rows[i].name);
		assert_int_equal(source_open(&s, &plan), 0);
		while ((staged = source_fill(&s, START_NS)) > 0) {
			assert_false(source_finished(&s, START_NS));
			source_sent(&s, staged < rows[i].taken ? staged : rows[i].taken, START_NS);
		}
		assert_true(source_finished(&s, START_NS));
		assert_int_equal(s.ended, ENDED_BUDGET);
		assert_int_equal(s.count.packets, rows[i].packets);
		source_close(&s);
	}
}

/* What the kernel did not take keeps no number: the next datagrams get it. */
static void test_partly_sent(void **state)
{
	static const unsigned taken[] = {SEGMENTS, 3, 0, 0, 1, SEGMENTS};
	uint64_t next = 0;
	struct source s;

	(void)state;
	open_source(&s, 0, DATAGRAM, SEGMENTS);
	for (size_t i = 0; i < COUNT(taken); i++) {
		print_message("%u of %u\n", taken[i], SEGMENTS);
		assert_int_equal(source_fill(&s, START_NS), SEGMENTS);
		for (unsigned n = 0; n < SEGMENTS; n++) {
			struct wire_header h = staged_header(&s, n);

			assert_int_equal(h.sequence, next + n);
			assert_int_equal(wire_data_sequence(&h), next + n);
		}
		source_sent(&s, taken[i], START_NS);
		next += taken[i];
		assert_int_equal(s.next_channel, next);
		assert_int_equal(s.next_data, next);
		assert_int_equal(s.count.packets, next);
	}
	source_close(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_datagram),
		cmocka_unit_test(test_rate),
		cmocka_unit_test(test_no_limit),
		cmocka_unit_test(test_end),
		cmocka_unit_test(test_budget),
		cmocka_unit_test(test_partly_sent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
