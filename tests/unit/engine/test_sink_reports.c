/* The receiving side in virtual time: what it reports and when, and when it is over. */
#include "tests/support/sink_side.h"

enum { REPORT_SPANS = 4 };

static const struct {
	const char *name;
	unsigned n;
	struct arrival arrival[ARRIVALS];
	unsigned spans;
	struct span span[REPORT_SPANS];
} report_rows[] = {
	{"nothing has arrived", 0, {{0}}, 1, {{0, UINT64_MAX}}},
	{"all has", 3, {{0, 0}, {1, 1}, {2, 2}}, 1, {{3, UINT64_MAX}}},
	{"the first is missing", 1, {{1, 1}}, 2, {{0, 0}, {2, UINT64_MAX}}},
	{"two holes", 3, {{0, 0}, {3, 3}, {5, 5}}, 3, {{1, 2}, {4, 4}, {6, UINT64_MAX}}},
	{"one of them closed", 4, {{0, 0}, {3, 3}, {5, 5}, {6, 4}}, 2, {{1, 2}, {6, UINT64_MAX}}},
	{"a hole split", 3, {{0, 0}, {4, 4}, {5, 2}}, 3, {{1, 1}, {3, 3}, {5, UINT64_MAX}}},
};

static void test_reports(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(report_rows); i++) {
		struct feedback f;
		struct sink k;

		print_message("%s\n", report_rows[i].name);
		open_sink(&k);
		for (unsigned a = 0; a < report_rows[i].n; a++)
			arrive(&k, report_rows[i].arrival[a].sequence, report_rows[i].arrival[a].data,
				START_NS);
		assert_true(sink_report(&k, START_NS + INTERVAL_NS, &f));
		assert_int_equal(f.spans.count, report_rows[i].spans);
		for (unsigned s = 0; s < f.spans.count; s++) {
			assert_int_equal(f.spans.span[s].begin, report_rows[i].span[s].begin);
			assert_int_equal(f.spans.span[s].end, report_rows[i].span[s].end);
		}
		assert_int_equal(k.count.reports, 1);
		sink_close(&k);
	}
}

/* Every second piece is missing: `holes` of them, the lowest first, as far as there is room; what
 * is still to come is named only where room is left. */
static void test_report_of_many_holes(void **state)
{
	static const struct {
		unsigned holes, spans;
		bool open_ended;
	} rows[] = {
		{WIRE_SPANS_MAX - 2, WIRE_SPANS_MAX - 1, true},
		{WIRE_SPANS_MAX - 1, WIRE_SPANS_MAX, true},
		{WIRE_SPANS_MAX, WIRE_SPANS_MAX, false},
		{WIRE_SPANS_MAX + 1, WIRE_SPANS_MAX, false},
		{100 * WIRE_SPANS_MAX, WIRE_SPANS_MAX, false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		uint8_t body[WIRE_MAX_BYTES];
		struct feedback f;
		struct wire_spans decoded;
		const struct span *last;
		struct sink k;
		size_t size;

		print_message("%u holes\n", rows[i].holes);
		open_sink(&k);
		for (unsigned hole = 0; hole < rows[i].holes; hole++)
			arrive(&k, 2 * hole + 1, 2 * hole + 1, START_NS);
		assert_true(sink_report(&k, START_NS + INTERVAL_NS, &f));
		assert_int_equal(f.spans.count, rows[i].spans);
		for (unsigned s = 0; s < f.spans.count - rows[i].open_ended; s++) {
			assert_int_equal(f.spans.span[s].begin, 2 * s);
			assert_int_equal(f.spans.span[s].end, 2 * s);
		}
		last = &f.spans.span[f.spans.count - 1];
		assert_int_equal(last->end == UINT64_MAX, rows[i].open_ended);
		if (rows[i].open_ended)
			assert_int_equal(last->begin, k.next_data);
		size = wire_encode_spans(body, &f.spans);
		assert_in_range(size, 0, WIRE_MAX_BYTES - WIRE_HEADER_BYTES);
		assert_int_equal(wire_decode_spans(body, size, &decoded, NULL), WIRE_OK);
		sink_close(&k);
	}
}

/* A sink that is looked at late skips reports; two are never less than an interval apart, which is
 * what the source's judgement of losses rests on. */
static void test_report_times(void **state)
{
	static const struct {
		uint64_t at_ms; /* since the start */
		bool report;
	} rows[] = {{0, false}, {99, false}, {100, true}, {100, false}, {199, false}, {200, true},
		{290, false}, {390, true}, {400, false}, {489, false}, {490, true}, {900, true}, {999, false},
		{1000, true}};
	struct feedback f;
	struct sink k;

	(void)state;
	open_sink(&k);
	assert_int_equal(sink_due_ns(&k), START_NS + INTERVAL_NS);
	for (size_t i = 0; i < COUNT(rows); i++) {
		uint64_t now_ns = START_NS + rows[i].at_ms * NS_PER_MS;

		print_message("at %ju ms\n", (uintmax_t)rows[i].at_ms);
		assert_int_equal(sink_report(&k, now_ns, &f), rows[i].report);
		if (rows[i].report)
			assert_int_equal(sink_due_ns(&k), now_ns + INTERVAL_NS);
	}
	sink_close(&k);
}

/* When the last data arrived, and when the test is over: the times are relative to the end. */
static const struct {
	const char *name;
	int64_t data_ms;
	uint64_t over_ms;
} end_rows[] = {
	{"never any data: it may still begin", -2000, 2000},
	{"data long before the end", -500, 200},
	{"data up to the end", 0, 200},
	{"data a little later", 150, 350},
	{"just before it goes quiet", 199, 399},
	{"data up to the last moment", 1799, 1999},
	{"data that doesn't end", 1900, 2000},
};

static void test_end(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(end_rows); i++) {
		uint64_t over_ns = END_NS + end_rows[i].over_ms * NS_PER_MS;
		uint64_t data_ns = (uint64_t)((int64_t)END_NS + end_rows[i].data_ms * NS_PER_MS);
		struct feedback f;
		struct sink k;

		print_message("%s\n", end_rows[i].name);
		open_sink(&k);
		if (data_ns > START_NS)
			assert_int_equal(arrive(&k, 0, 0, data_ns), WIRE_OK);
		while (sink_report(&k, sink_due_ns(&k), &f))
			assert_false(sink_finished(&k, over_ns - 1));
		assert_int_equal(sink_due_ns(&k), over_ns);
		assert_true(sink_finished(&k, over_ns));
		sink_close(&k);
		assert_false(sink_finished(&k, over_ns));
		assert_int_equal(sink_due_ns(&k), CLOCK_NEVER);
		assert_false(sink_report(&k, over_ns, &f));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reports),
		cmocka_unit_test(test_report_of_many_holes),
		cmocka_unit_test(test_report_times),
		cmocka_unit_test(test_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
