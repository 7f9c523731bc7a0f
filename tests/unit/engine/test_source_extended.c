/* The sending side between extended peers, in virtual time: what is in a datagram, and what reports
 * that say how far transmissions have got make it send again. */
#include "tests/support/source_side.h"

#define OPEN(from)               \
	{                        \
		from, UINT64_MAX \
	}

static void open_extended(struct source *s, uint32_t datagram, uint64_t lease_ns)
{
	struct source_plan plan = {
		.order =
			{
				.channel = CHANNEL,
				.start_ns = START_NS,
				.duration_ns = UINT64_C(10) * DURATION_NS,
				.datagram_bytes = datagram,
			},
		.extended = true,
		.segments = SEGMENTS,
		.lease_ns = lease_ns,
	};

	assert_int_equal(source_open(s, &plan), 0);
}

/* Behind the header: when it left; the number that only this source can know, where a proof that it has
 * arrived is asked for; zeros. */
static void test_datagram(void **state)
{
	static const struct {
		uint32_t bytes;
		uint64_t lease_ns;
	} rows[] = {
		{WIRE_HEADER_BYTES + WIRE_STAMP_BYTES, DURATION_NS},
		{120, 0},
		{120, DURATION_NS},
		{1400, 0},
		{1400, DURATION_NS},
		{8900, DURATION_NS},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		uint64_t now_ns = START_NS + 100 * MS + 12345;
		struct source s;
		unsigned staged;

		print_message("%u bytes, lease %ju\n", rows[i].bytes, (uintmax_t)rows[i].lease_ns);
		open_extended(&s, rows[i].bytes, rows[i].lease_ns);
		staged = source_fill(&s, now_ns);
		assert_in_range(staged, 1, SEGMENTS);
		for (unsigned n = 0; n < staged; n++) {
			const uint8_t *at = s.buffer + (size_t)n * rows[i].bytes;
			struct wire_header h = staged_header(&s, n);
			struct wire_stamp stamp;

			assert_int_equal(h.sequence, n);
			assert_int_equal(wire_data_sequence(&h), n);
			wire_decode_stamp(at + WIRE_HEADER_BYTES, &stamp);
			assert_int_equal(stamp.sent_ns, now_ns);
			assert_int_equal(
				stamp.receipt, rows[i].lease_ns ? receipt_number(&s.lease.receipts, n) : 0);
			for (size_t b = WIRE_HEADER_BYTES + WIRE_STAMP_BYTES; b < rows[i].bytes; b++)
				assert_int_equal(at[b], 0);
		}
		source_close(&s);
	}
}

enum { STEPS = 8, SPANS = 3, AGAIN = 4 };

struct step {
	uint64_t at_ms;
	unsigned send;
	uint64_t next_channel, from;
	unsigned spans; /* 0: no report comes */
	struct span missing[SPANS];
	uint64_t again[AGAIN]; /* up to the first 0; piece 0 is never lost here */
};

static const struct {
	const char *name;
	struct step step[STEPS];
} repair_rows[] = {
	{"a repair waits for word of a transmission after it, and a report more",
		{{0, 10, 0, 0, 0, {{0}}, {0}}, {100, 10, 10, 0, 2, {{5, 5}, OPEN(10)}, {0}},
			{200, 10, 20, 0, 2, {{5, 5}, OPEN(20)}, {5}},
			{300, 10, 25, 0, 2, {{5, 5}, OPEN(24)}, {0}},
			{400, 10, 25, 0, 2, {{5, 5}, OPEN(24)}, {5}}}},
	{"however long that takes",
		{{0, 10, 0, 0, 0, {{0}}, {0}}, {100, 10, 10, 0, 2, {{5, 5}, OPEN(10)}, {0}},
			{200, 10, 20, 0, 2, {{5, 5}, OPEN(20)}, {5}},
			{5000, 10, 20, 0, 2, {{5, 5}, OPEN(20)}, {0}},
			{90000, 10, 20, 0, 2, {{5, 5}, OPEN(20)}, {0}}}},
	{"its own transmission is none after it",
		{{0, 10, 0, 0, 0, {{0}}, {0}}, {100, 10, 10, 0, 2, {{5, 5}, OPEN(10)}, {0}},
			{200, 10, 20, 0, 2, {{5, 5}, OPEN(20)}, {5}},
			{300, 10, 20, 0, 2, {{5, 5}, OPEN(20)}, {0}},
			{400, 10, 20, 0, 2, {{5, 5}, OPEN(20)}, {0}}}},
	{"a repair shows that the one before it is lost",
		{{0, 10, 0, 0, 0, {{0}}, {0}}, {100, 10, 10, 0, 2, {{3, 4}, OPEN(10)}, {0}},
			{200, 1, 20, 0, 2, {{3, 4}, OPEN(20)}, {3}},
			{201, 1, 20, 0, 2, {{3, 4}, OPEN(20)}, {4}},
			{300, 0, 22, 0, 2, {{3, 3}, OPEN(20)}, {0}},
			{400, 1, 22, 0, 2, {{3, 3}, OPEN(20)}, {3}}}},
	{"what a report does not speak of stays lost",
		{{0, 20, 0, 0, 0, {{0}}, {0}}, {100, 0, 20, 0, 2, {{5, 6}, OPEN(20)}, {0}},
			{200, 0, 20, 0, 2, {{5, 6}, OPEN(20)}, {0}}, {300, 3, 20, 7, 1, {OPEN(20)}, {5, 6}}}},
	{"what it says has arrived is not sent again",
		{{0, 20, 0, 0, 0, {{0}}, {0}}, {100, 0, 20, 0, 2, {{5, 6}, OPEN(20)}, {0}},
			{200, 0, 20, 0, 2, {{5, 6}, OPEN(20)}, {0}},
			{300, 3, 20, 6, 2, {{6, 6}, OPEN(20)}, {5, 6}}, {400, 3, 20, 0, 1, {OPEN(20)}, {0}}}},
	{"reports so full of holes that they show the lowest data only",
		{{0, 20, 0, 0, 0, {{0}}, {0}}, {100, 0, 20, 0, 1, {{5, 5}}, {0}},
			{200, 3, 20, 6, 1, {{8, 8}}, {8}}, {300, 3, 22, 9, 1, {{18, 18}}, {18}},
			{400, 3, 23, 19, 1, {{19, 19}}, {19}}}},
	{"lost, but it arrives before its turn",
		{{0, 20, 0, 0, 0, {{0}}, {0}}, {100, 0, 20, 0, 2, {{5, 6}, OPEN(20)}, {0}},
			{200, 0, 20, 0, 2, {{5, 6}, OPEN(20)}, {0}},
			{300, 3, 20, 5, 2, {{6, 6}, OPEN(20)}, {6}}}},
};

static void check_step(struct source *s, const struct step *step, uint64_t now_ns)
{
	unsigned again = 0;

	for (unsigned i = 0; i < step->send; i++) {
		struct wire_header h;

		assert_int_not_equal(source_fill(s, now_ns), 0);
		h = staged_header(s, 0);
		assert_int_equal(h.sequence, s->next_channel);
		if (again < AGAIN && step->again[again])
			assert_int_equal(wire_data_sequence(&h), step->again[again++]);
		else
			assert_int_equal(wire_data_sequence(&h), s->next_data);
		source_sent(s, 1, now_ns);
	}
	assert_true(again == AGAIN || step->again[again] == 0);
}

static void report_step(struct source *s, uint64_t sequence, const struct step *step, uint64_t now_ns)
{
	struct feedback f = {
		.spans.count = step->spans,
		.has_report = true,
		.from = step->from,
		.next_channel = step->next_channel,
	};
	struct source_feedback with = {
		.sequence = sequence, .feedback = &f, .round_trip_ns = UINT64_C(20) * MS};

	memcpy(f.spans.span, step->missing, sizeof(step->missing));
	assert_int_equal(source_report(s, &with, now_ns), WIRE_OK);
}

static void test_repairs(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(repair_rows); i++) {
		struct source s;

		print_message("%s\n", repair_rows[i].name);
		open_extended(&s, DATAGRAM, 0);
		for (unsigned n = 0; n < STEPS && (n == 0 || repair_rows[i].step[n].at_ms); n++) {
			const struct step *step = &repair_rows[i].step[n];
			uint64_t now_ns = START_NS + step->at_ms * MS;

			print_message("at %ju ms\n", (uintmax_t)step->at_ms);
			if (step->spans)
				report_step(&s, n, step, now_ns);
			check_step(&s, step, now_ns);
		}
		source_close(&s);
	}
}

/* 20 pieces in 20 transmissions have left, one report is seen. */
static const struct {
	const char *name;
	uint64_t sequence, next_channel, from, unique;
	struct span span;
	enum wire_reject reason;
} report_rows[] = {
	{"all", 1, 20, 0, 20, OPEN(20), WIRE_OK},
	{"a transmission too much", 1, 21, 0, 20, OPEN(20), REJECT_SEQUENCE},
	{"all transmissions there may be", 1, UINT64_MAX, 0, 20, OPEN(20), REJECT_SEQUENCE},
	{"a piece too much", 1, 20, 0, 20, OPEN(21), REJECT_SEQUENCE},
	{"the same again", 0, 20, 0, 20, OPEN(20), REJECT_SEQUENCE},
	{"from beyond the spans", 1, 20, UINT64_MAX, 7, OPEN(20), WIRE_OK},
	{"from the end", 1, 20, 20, 7, OPEN(20), WIRE_OK},
};

static void test_reports(void **state)
{
	static const struct step first = {.spans = 1, .missing = {OPEN(10)}, .next_channel = 10};

	(void)state;
	for (size_t i = 0; i < COUNT(report_rows); i++) {
		struct feedback f = {
			.spans = {.count = 1, .span = {report_rows[i].span}},
			.has_report = true,
			.from = report_rows[i].from,
			.unique_packets = report_rows[i].unique,
			.next_channel = report_rows[i].next_channel,
		};
		struct source_feedback with = {.sequence = report_rows[i].sequence, .feedback = &f};
		bool is_ok = report_rows[i].reason == WIRE_OK;
		struct source s;

		print_message("%s\n", report_rows[i].name);
		open_extended(&s, DATAGRAM, 0);
		pour(&s, 20, START_NS);
		report_step(&s, 0, &first, START_NS + 100 * MS);
		assert_int_equal(source_report(&s, &with, START_NS + 200 * MS), report_rows[i].reason);
		assert_int_equal(s.count.reports, 1 + is_ok);
		assert_int_equal(s.count.heard_packets, is_ok ? report_rows[i].unique : 0);
		assert_int_equal(s.repair.heard_channel, is_ok ? 20 : 10);
		assert_int_equal(s.repair.lost.members, 0);
		source_close(&s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_datagram),
		cmocka_unit_test(test_repairs),
		cmocka_unit_test(test_reports),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
