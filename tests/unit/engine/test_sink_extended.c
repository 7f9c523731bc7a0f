/* The receiving side between extended peers, in virtual time: what its reports say, and when they
 * come. */
#include "tests/support/sink_side.h"

#include "proto/wire/seal.h"

enum { REPORT_BYTES = WIRE_HEADER_BYTES + 4 + FEEDBACK_REPORT_BYTES + SEAL_TAG_BYTES };

static void open_extended(struct sink *k)
{
	struct sink_plan plan = sink_plan_of(true);

	plan.allowed_bps = 77;
	assert_int_equal(sink_open(k, &plan), 0);
}

/* The first one says that the sink is open, and is repeated until data comes, ever more seldom. */
static void test_first_report(void **state)
{
	static const uint64_t at_ms[] = {0, 10, 20, 40, 80, 160, 320, 640, 1040, 1440, 1840};
	struct feedback f;
	struct sink k;

	(void)state;
	open_extended(&k);
	for (size_t i = 0; i < COUNT(at_ms); i++) {
		uint64_t ms = at_ms[i];

		assert_int_equal(sink_due_ns(&k), START_NS + ms * MS);
		assert_true(sink_report(&k, START_NS + ms * MS, &f));
		assert_true(f.has_report);
		assert_int_equal(f.clock_ns, START_NS + ms * MS);
		assert_int_equal(f.spans.count, 1);
		assert_int_equal(f.spans.span[0].begin, 0);
		assert_int_equal(f.spans.span[0].end, UINT64_MAX);
		assert_int_equal(f.next_channel, 0);
		assert_int_equal(f.receipt, 0);
		assert_int_equal(f.delay_min_ns, 0);
		assert_int_equal(f.arrival_ns, 0);
		assert_int_equal(f.allowed_bps, 77);
		assert_false(sink_report(&k, START_NS + ms * MS, &f));
	}
	sink_close(&k);
}

/* One datagram per interval, for two seconds: how far apart are the reports? */
static const struct {
	const char *name;
	unsigned every_us, least_ms, most_ms;
} interval_rows[] = {
	{"2 a second", 500000, 100, 400}, /* with the packet; and once more before the next one */
	{"50 a second", 20000, 100, 100},
	{"300 a second", 3333, 65, 73},
	{"1000 a second", 1000, 19, 23},
	{"1900 a second", 526, 10, 13},
	{"10000 a second", 100, 10, 11},
	{"1000000 a second", 1, 10, 10},
};

static void test_interval(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(interval_rows); i++) {
		uint64_t sequence = 0, reported_ns = 0, report_bytes = 0, end_ns = START_NS;
		struct feedback f;
		struct sink k;

		print_message("%s\n", interval_rows[i].name);
		open_extended(&k);
		for (; end_ns < END_NS; end_ns += interval_rows[i].every_us * UINT64_C(1000)) {
			arrive(&k, sequence, sequence, end_ns);
			sequence++;
			while (k.report_due_ns < end_ns + interval_rows[i].every_us * UINT64_C(1000)) {
				uint64_t now_ns = k.report_due_ns;

				assert_true(sink_report(&k, now_ns, &f));
				report_bytes += REPORT_BYTES + 16 * (uint64_t)f.spans.count;
				/* The first ones don't know yet what will come. */
				if (reported_ns > START_NS + 200 * MS)
					assert_in_range(now_ns - reported_ns, interval_rows[i].least_ms * MS,
						interval_rows[i].most_ms * MS);
				reported_ns = now_ns;
			}
		}
		assert_int_not_equal(report_bytes, 0);
		if (interval_rows[i].most_ms < INTERVAL_NS / MS)
			assert_in_range(report_bytes, 0, k.count.bytes / 99 + 1000);
		sink_close(&k);
	}
}

/* A classic sink keeps its pace whatever arrives, and says no more than the spans. */
static void test_classic_says_no_more(void **state)
{
	struct feedback f;
	struct sink k;

	(void)state;
	open_sink(&k);
	assert_false(sink_report(&k, START_NS, &f));
	for (unsigned i = 0; i < 100000; i++)
		arrive(&k, i, i, START_NS + i);
	assert_int_equal(sink_due_ns(&k), START_NS + INTERVAL_NS);
	assert_true(sink_report(&k, START_NS + INTERVAL_NS, &f));
	assert_false(f.has_report);
	assert_int_equal(sink_due_ns(&k), START_NS + 2 * INTERVAL_NS);
	sink_close(&k);
}

/* Every second piece is missing. Report after report names the next ones, and begins anew when all
 * are named; the holes up to `closed` are closed after the first report. */
static const struct {
	unsigned holes, closed, reports;
} partial_rows[] = {
	{0, 0, 1},
	{FEEDBACK_SPANS_MAX - 1, 0, 1},
	{FEEDBACK_SPANS_MAX, 0, 2}, /* the second one says only what is to come */
	{FEEDBACK_SPANS_MAX + 1, 0, 2},
	{2 * FEEDBACK_SPANS_MAX - 1, 0, 2},
	{2 * FEEDBACK_SPANS_MAX, 0, 3},
	{1000, 0, 16},
	{1000, 500, 9},
	{1000, 1000, 2},
};

static void check_wire(const struct feedback *f)
{
	uint8_t body[WIRE_MAX_BYTES];
	struct feedback read;
	size_t size = feedback_encode(body, f);

	assert_in_range(size, 0, WIRE_MAX_BYTES - WIRE_HEADER_BYTES - SEAL_TAG_BYTES);
	assert_int_equal(feedback_decode(body, size, true, &read), WIRE_OK);
	assert_int_equal(read.from, f->from);
	assert_int_equal(read.spans.count, f->spans.count);
}

static void test_partial_reports(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(partial_rows); i++) {
		unsigned named = 0, reports = 0;
		struct feedback f;
		struct sink k;

		print_message("%u holes, %u closed\n", partial_rows[i].holes, partial_rows[i].closed);
		open_extended(&k);
		for (unsigned hole = 0; hole < partial_rows[i].holes; hole++)
			arrive(&k, 2 * hole + 1, 2 * hole + 1, START_NS);
		do {
			assert_true(sink_report(&k, k.report_due_ns, &f));
			check_wire(&f);
			assert_int_equal(f.from, named ? 2 * (named - 1) + 1 : 0);
			if (reports++ == 1 && named < partial_rows[i].closed)
				named = partial_rows[i].closed;
			for (unsigned s = 0; s < f.spans.count; s++, named++) {
				if (f.spans.span[s].end == UINT64_MAX)
					break;
				assert_int_equal(f.spans.span[s].begin, 2 * named);
				assert_int_equal(f.spans.span[s].end, 2 * named);
			}
			if (reports == 1)
				for (unsigned hole = 0; hole < partial_rows[i].closed; hole++)
					arrive(&k, 5000 + hole, 2 * hole, START_NS);
		} while (f.spans.span[f.spans.count - 1].end != UINT64_MAX);
		assert_int_equal(f.spans.span[f.spans.count - 1].begin, k.next_data);
		assert_int_equal(named, partial_rows[i].holes);
		assert_int_equal(reports, partial_rows[i].reports);
		assert_true(sink_report(&k, k.report_due_ns, &f));
		assert_int_equal(f.from, 0);
		sink_close(&k);
	}
}

/* Counts, delays and the receipt: what the sink of another clock makes of these packets. */
static void test_what_a_report_says(void **state)
{
	static const struct {
		uint64_t sequence, data;
		int64_t delay_us;
	} rows[] = {
		{0, 0, 700},
		{2, 2, 300},
		{1, 1, -900},
		{2, 2, -900},
		{5, 3, 500},
		{6, 3, 600},
	};
	struct feedback f;
	struct sink k;

	(void)state;
	open_extended(&k);
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct wire_header h = {.type = WIRE_BANDWIDTH_TEST,
			.channel = CHANNEL,
			.sequence = rows[i].sequence,
			.offset = rows[i].sequence - rows[i].data};
		uint64_t now_ns = START_NS + i;
		uint64_t sent_ns = now_ns - (uint64_t)(rows[i].delay_us * 1000);

		assert_int_equal(take(&k, &h, sent_ns, 100 + rows[i].sequence, now_ns), WIRE_OK);
	}
	assert_true(sink_report(&k, START_NS + MS, &f));
	assert_int_equal(f.packets, 5);
	assert_int_equal(f.bytes, 5 * DATAGRAM);
	assert_int_equal(f.unique_packets, 4);
	assert_int_equal(f.duplicates, 1);
	assert_int_equal(f.network_duplicates, 1);
	assert_int_equal(f.reordered, 1);
	assert_int_equal(f.next_channel, 7);
	/* Of the packets in order: the late one has been overtaken, its double says nothing new. */
	assert_int_equal(f.delay_min_ns, 300000);
	assert_int_equal(f.delay_last_ns, 600000);
	assert_int_equal(f.arrival_ns, START_NS + 5);
	assert_int_equal(f.receipt_sequence, 6);
	assert_int_equal(f.receipt, 106);
	assert_true(sink_report(&k, k.report_due_ns, &f));
	assert_int_equal(f.delay_min_ns, 0);
	assert_int_equal(f.delay_last_ns, 600000);
	assert_int_equal(f.arrival_ns, 0);
	assert_int_equal(f.receipt_sequence, 6);
	sink_close(&k);
}

/* The time of arrival is that of the highest packet, and is only there when it is news. */
static void test_arrival_is_news(void **state)
{
	static const struct {
		const char *name;
		uint64_t sequence; /* that arrives before the report */
		bool is_news;
	} rows[] = {
		{"the first", 0, true},
		{"the next", 1, true},
		{"a double", 1, false},
		{"behind a hole", 5, true},
		{"one that fills it", 3, false},
		{"the next again", 6, true},
	};
	struct sink k;

	(void)state;
	open_extended(&k);
	for (size_t i = 0; i < COUNT(rows); i++) {
		uint64_t now_ns = START_NS + i * 1200 * MS;
		struct feedback f;

		print_message("%s\n", rows[i].name);
		arrive(&k, rows[i].sequence, rows[i].sequence, now_ns);
		assert_true(sink_report(&k, now_ns + 500 * MS, &f));
		assert_int_equal(f.arrival_ns, rows[i].is_news ? now_ns : 0);
		assert_true(sink_report(&k, now_ns + 1000 * MS, &f));
		assert_int_equal(f.arrival_ns, 0);
	}
	sink_close(&k);
}

/* A source that searches needs reports to begin with, even where they cost more than a hundredth. */
static void test_eager(void **state)
{
	static const struct {
		const char *name;
		bool search;
		uint64_t least_ms, most_ms;             /* between reports of the first 500 ms */
		uint64_t later_least_ms, later_most_ms; /* and of the next */
	} rows[] = {
		{"search", true, SINK_REPORT_MS, SINK_REPORT_MS, 65, 100},
		{"none", false, 40, 100, 65, 100},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct sink_plan plan = sink_plan_of(true);
		uint64_t last_ns = START_NS;
		unsigned early = 0, later = 0;
		struct sink k;

		print_message("%s\n", rows[i].name);
		plan.order.search = rows[i].search;
		assert_int_equal(sink_open(&k, &plan), 0);
		for (uint64_t n = 0; n < 300; n++) { /* every 3.33 ms, as in interval_rows */
			uint64_t now_ns = START_NS + n * 3333 * NS_PER_US;
			struct feedback f;

			arrive(&k, n, n, now_ns);
			while (k.report_due_ns < now_ns + 3333 * NS_PER_US) {
				uint64_t at_ns = last_ns - START_NS, gap_ms;

				assert_true(sink_report(&k, k.report_due_ns, &f));
				gap_ms = (f.clock_ns - last_ns) / MS;
				last_ns = f.clock_ns;
				if (at_ns > 100 * MS && at_ns < SINK_EAGER_MS * MS) {
					assert_in_range(gap_ms, rows[i].least_ms, rows[i].most_ms);
					early++;
				} else if (at_ns > (SINK_EAGER_MS + 150) * MS) {
					assert_in_range(
						gap_ms, rows[i].later_least_ms, rows[i].later_most_ms);
					later++;
				}
			}
		}
		assert_true(early > 0 && later > 0);
		sink_close(&k);
	}
}

/* The clocks of the two hosts have nothing to do with each other. */
static void test_clocks_apart(void **state)
{
	static const uint64_t rows[] = {0, 1, START_NS - 5, START_NS + 5, UINT64_C(1) << 61};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct wire_header h = {.type = WIRE_BANDWIDTH_TEST, .channel = CHANNEL};
		struct feedback f;
		struct sink k;

		print_message("sent at %ju\n", (uintmax_t)rows[i]);
		open_extended(&k);
		assert_int_equal(take(&k, &h, rows[i], 1, START_NS), WIRE_OK);
		assert_true(sink_report(&k, START_NS, &f));
		assert_true(f.delay_min_ns == (int64_t)START_NS - (int64_t)rows[i]);
		check_wire(&f);
		sink_close(&k);
	}
}

static void test_too_short_for_its_stamp(void **state)
{
	static const struct {
		size_t size;
		bool extended;
		enum wire_reject reason;
	} rows[] = {
		{WIRE_HEADER_BYTES, true, REJECT_SHORT},
		{WIRE_HEADER_BYTES + WIRE_STAMP_BYTES - 1, true, REJECT_SHORT},
		{WIRE_HEADER_BYTES + WIRE_STAMP_BYTES, true, WIRE_OK},
		{WIRE_HEADER_BYTES, false, WIRE_OK},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct wire_header h = {.type = WIRE_BANDWIDTH_TEST, .channel = CHANNEL};
		uint8_t *bytes = calloc(1, rows[i].size);
		struct sink_packet packet = {
			.header = &h, .bytes = bytes, .size = rows[i].size, .received_ns = START_NS};
		struct sink_plan plan = sink_plan_of(rows[i].extended);
		struct sink k;

		print_message("%zu bytes\n", rows[i].size);
		assert_non_null(bytes);
		assert_int_equal(sink_open(&k, &plan), 0);
		assert_int_equal(sink_data(&k, &packet), rows[i].reason);
		assert_int_equal(k.count.packets, rows[i].reason == WIRE_OK);
		assert_int_equal(k.next_channel, rows[i].reason == WIRE_OK);
		sink_close(&k);
		free(bytes);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_first_report),
		cmocka_unit_test(test_interval),
		cmocka_unit_test(test_classic_says_no_more),
		cmocka_unit_test(test_partial_reports),
		cmocka_unit_test(test_what_a_report_says),
		cmocka_unit_test(test_arrival_is_news),
		cmocka_unit_test(test_eager),
		cmocka_unit_test(test_clocks_apart),
		cmocka_unit_test(test_too_short_for_its_stamp),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
