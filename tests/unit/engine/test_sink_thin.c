/* What reports cost on thin lines, and beside a test the other way, in virtual time: seldom enough to be a
 * small part, often enough for a source that needs them. */
#include "tests/support/sink_side.h"

#include "proto/wire/seal.h"

enum { REPORT_BYTES = WIRE_HEADER_BYTES + 4 + FEEDBACK_REPORT_BYTES + SEAL_TAG_BYTES, SECONDS = 6 };

struct line {
	const char *name;
	uint64_t kbps;          /* what arrives */
	uint64_t opposite_kbps; /* of a test the other way; 0: none */
	bool search, starves;
	unsigned lose_every;        /* of the packets one, from the beginning ...; 0: none */
	uint64_t lost_ms;           /* ... to here */
	uint64_t least_ms, most_ms; /* between two reports, once what arrives is known */
	double most_part; /* that all of them are of what arrives, or of the other way's where that is less */
};

static const struct line lines[] = {
	{"64 kbit/s", 64, 0, .search = true, .least_ms = 230, .most_ms = 240, .most_part = .12},
	{"64 kbit/s, down", 64, 0, .search = true, .starves = true, .least_ms = 230, .most_ms = 240,
		.most_part = .12},
	{"64 kbit/s, both ways", 64, 64, .search = true, .least_ms = 230, .most_ms = 240, .most_part = .12},
	{"280 kbit/s", 280, 0, .search = true, .least_ms = 130, .most_ms = 140, .most_part = .06},
	{"1 Mbit/s", 1000, 0, .search = true, .least_ms = 100, .most_ms = 100, .most_part = .025},
	{"2 Mbit/s", 2000, 0, .search = true, .least_ms = 70, .most_ms = 83, .most_part = .02},
	{"20 Mbit/s", 20000, 0, .search = true, .least_ms = 10, .most_ms = 10, .most_part = .01},
	{"50 Mbit/s beside 5", 50000, 5000, .search = true, .least_ms = 15, .most_ms = 16, .most_part = .022},
	{"50 Mbit/s beside 1", 50000, 1000, .search = true, .least_ms = 75, .most_ms = 80, .most_part = .025},
	{"2 Mbit/s beside 64 kbit/s", 2000, 64, .search = true, .least_ms = 200, .most_ms = 204,
		.most_part = .15},
	{"280 kbit/s, a tenth lost, down", 280, 0, .search = true, .starves = true, .lose_every = 10,
		.lost_ms = 9000, .least_ms = 50, .most_ms = 100, .most_part = .2},
	{"280 kbit/s, half lost at first, down", 280, 0, .search = true, .starves = true, .lose_every = 2,
		.lost_ms = 500, .least_ms = 130, .most_ms = 140, .most_part = .1},
};

static void open_line(struct sink *k, const struct line *line)
{
	struct sink_plan plan = sink_plan_of(true);

	plan.order.search = line->search;
	plan.order.duration_ns = clock_s(SECONDS);
	plan.may_starve = line->starves;
	assert_int_equal(sink_open(k, &plan), 0);
	k->opposite_bps = line->opposite_kbps * 1000;
}

/* All reports that are due before the next packet. Returns their bytes. */
static uint64_t report_until(struct sink *k, const struct line *line, uint64_t end_ns)
{
	uint64_t bytes = 0;

	while (k->report_due_ns < end_ns) {
		uint64_t now_ns = k->report_due_ns, gap_ns = now_ns - k->reported_ns;
		struct feedback f;

		/* Until then the rate, or what was lost, is news. */
		if (k->reported_ns > START_NS + clock_s(3))
			assert_in_range(gap_ns, line->least_ms * MS, line->most_ms * MS + MS);
		assert_true(sink_report(k, now_ns, &f));
		bytes += REPORT_BYTES + 16 * (uint64_t)f.spans.count;
	}
	return bytes;
}

static void test_cost(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(lines); i++) {
		const struct line *line = &lines[i];
		uint64_t gap_ns = DATAGRAM * UINT64_C(8000000) / line->kbps, now_ns = START_NS, bytes = 0;
		uint64_t kbps = line->kbps;
		struct sink k;

		print_message("%s\n", line->name);
		if (line->opposite_kbps && line->opposite_kbps < kbps)
			kbps = line->opposite_kbps;
		open_line(&k, line);
		for (uint64_t n = 0; now_ns < START_NS + clock_s(SECONDS); n++, now_ns += gap_ns) {
			bool lost = line->lose_every && n % line->lose_every == 1 &&
				    now_ns < START_NS + line->lost_ms * MS;

			if (!lost)
				arrive(&k, n, n, now_ns);
			bytes += report_until(&k, line, now_ns + gap_ns);
		}
		assert_in_range(bytes, 1, (uint64_t)(line->most_part * (double)kbps * 1000 / 8 * SECONDS));
		sink_close(&k);
	}
}

/* Packets of a train, and when each is reported, in ms. */
static void test_first_packets(void **state)
{
	static const struct {
		const char *name;
		uint64_t at_ms[6];
		uint64_t report_ms[6];
		unsigned reports;
	} rows[] = {
		{"64 kbit/s", {100, 275, 450, 625, 800, 975}, {100, 275, 450, 625, 975}, 5},
		{"280 kbit/s", {100, 140, 180, 220, 260, 300}, {100, 140, 180, 220}, 4},
		{"4 Mbit/s", {100, 103, 106, 109, 112, 115}, {100, 110}, 2},
		{"all at once", {100, 100, 100, 100, 100, 100}, {100}, 1},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct line line = {.search = true};
		unsigned reports = 0;
		struct feedback f;
		struct sink k;

		print_message("%s\n", rows[i].name);
		open_line(&k, &line);
		while (k.report_due_ns < START_NS + 100 * MS)
			assert_true(sink_report(&k, k.report_due_ns, &f));
		for (unsigned n = 0; n < 6; n++) {
			uint64_t next_ns =
				START_NS + (n < 5 ? rows[i].at_ms[n + 1] : rows[i].at_ms[n] + 1) * MS;

			arrive(&k, n, n, START_NS + rows[i].at_ms[n] * MS);
			for (; k.report_due_ns < next_ns; reports++) {
				assert_in_range(reports, 0, rows[i].reports - 1);
				assert_int_equal(k.report_due_ns, START_NS + rows[i].report_ms[reports] * MS);
				assert_true(sink_report(&k, k.report_due_ns, &f));
			}
		}
		assert_int_equal(reports, rows[i].reports);
		sink_close(&k);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cost),
		cmocka_unit_test(test_first_packets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
