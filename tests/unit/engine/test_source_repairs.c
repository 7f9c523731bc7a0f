/* The sending side in virtual time: what reports make it send again, and which reports it refuses.
 */
#include "tests/support/source_side.h"

/* Reports, in order, each before the step's sending: which pieces are missing, and which pieces are
 * sent again then. A step sends `send` datagrams. */
enum { STEPS = 8, SPANS = 4, AGAIN = 6 };

struct step {
	uint64_t at_ms;
	unsigned send;
	unsigned spans; /* 0: no report comes */
	struct span missing[SPANS];
	uint64_t again[AGAIN]; /* up to the first 0; piece 0 is never lost here */
};

#define OPEN(from)               \
	{                        \
		from, UINT64_MAX \
	}

static const struct {
	const char *name;
	struct step step[STEPS];
} repair_rows[] = {
	{"all arrives",
		{{0, 10, 0, {{0}}, {0}}, {100, 10, 1, {OPEN(10)}, {0}}, {200, 10, 1, {OPEN(20)}, {0}}}},
	{"a hole in one report is merely late",
		{{0, 10, 0, {{0}}, {0}}, {100, 10, 2, {{5, 5}, OPEN(10)}, {0}},
			{200, 10, 1, {OPEN(20)}, {0}}}},
	{"in two it is lost", {{0, 10, 0, {{0}}, {0}}, {100, 10, 2, {{5, 5}, OPEN(10)}, {0}},
				      {200, 10, 2, {{5, 5}, OPEN(20)}, {5}}, {300, 10, 1, {OPEN(29)}, {0}}}},
	{"what was not heard of a report ago waits",
		{{0, 10, 0, {{0}}, {0}}, {100, 10, 2, {{2, 3}, OPEN(6)}, {0}},
			{200, 10, 3, {{2, 3}, {5, 8}, OPEN(20)}, {2, 3, 5}},
			{300, 10, 2, {{6, 8}, OPEN(26)}, {6, 7, 8}}}},
	{"the tail has nothing behind it: it waits for new data",
		{{0, 10, 0, {{0}}, {0}}, {100, 0, 1, {OPEN(8)}, {0}}, {200, 0, 1, {OPEN(8)}, {0}},
			{300, 0, 1, {OPEN(8)}, {0}}}},
	{"a repair under way is not sent twice",
		{{0, 10, 0, {{0}}, {0}}, {100, 10, 2, {{5, 5}, OPEN(10)}, {0}},
			{200, 10, 2, {{5, 5}, OPEN(10)}, {5}}, {201, 10, 2, {{5, 5}, OPEN(12)}, {0}},
			{202, 10, 2, {{5, 5}, OPEN(20)}, {0}}}},
	{"a repair is lost when newer data has arrived a report before",
		{{0, 10, 0, {{0}}, {0}}, {100, 10, 2, {{5, 5}, OPEN(10)}, {0}},
			{200, 10, 2, {{5, 5}, OPEN(20)}, {5}}, {300, 10, 2, {{5, 5}, OPEN(29)}, {0}},
			{400, 10, 2, {{5, 5}, OPEN(39)}, {5}}}},
	{"or when its time is over", /* 20 ms there and back, two reports of 100 ms */
		{{0, 10, 0, {{0}}, {0}}, {100, 10, 2, {{5, 5}, OPEN(10)}, {0}},
			{200, 1, 2, {{5, 5}, OPEN(20)}, {5}}, {300, 1, 2, {{5, 5}, OPEN(20)}, {0}},
			{400, 1, 2, {{5, 5}, OPEN(20)}, {0}}, {500, 1, 2, {{5, 5}, OPEN(20)}, {5}}}},
	{"a report without room for the end",
		{{0, 40, 0, {{0}}, {0}}, {100, 10, 3, {{5, 5}, {7, 7}, OPEN(30)}, {0}},
			{200, 1, 2, {{5, 5}, {7, 7}}, {5}}, {300, 9, 1, {{7, 7}}, {7}}}},
	{"lost, but it arrives before its turn",
		{{0, 10, 0, {{0}}, {0}}, {100, 10, 2, {{4, 6}, OPEN(10)}, {0}},
			{200, 2, 2, {{4, 6}, OPEN(20)}, {4, 5}}, {300, 10, 1, {OPEN(20)}, {0}}}},
};

static void report(
	struct source *s, uint64_t sequence, const struct span *span, unsigned spans, uint64_t now_ns)
{
	struct feedback all = {.spans.count = spans};
	struct source_feedback f = {
		.sequence = sequence, .feedback = &all, .round_trip_ns = UINT64_C(20) * MS};

	memcpy(all.spans.span, span, spans * sizeof(*span));
	assert_int_equal(source_report(s, &f, now_ns), WIRE_OK);
}

/* Sends one datagram at a time and compares those that carry an old piece. */
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

static void test_repairs(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(repair_rows); i++) {
		uint64_t again = 0;
		struct source s;

		print_message("%s\n", repair_rows[i].name);
		open_source(&s, 0, DATAGRAM, SEGMENTS);
		for (unsigned n = 0; n < STEPS && (n == 0 || repair_rows[i].step[n].at_ms); n++) {
			const struct step *step = &repair_rows[i].step[n];
			uint64_t now_ns = START_NS + step->at_ms * MS;

			print_message("at %ju ms\n", (uintmax_t)step->at_ms);
			if (step->spans)
				report(&s, n, step->missing, step->spans, now_ns);
			check_step(&s, step, now_ns);
			for (unsigned a = 0; a < AGAIN && step->again[a]; a++)
				again++;
			assert_int_equal(s.count.retransmitted_packets, again);
		}
		assert_int_equal(s.count.packets, s.next_data + again);
		source_close(&s);
	}
}

/* A batch may hold repairs and new data; what is not taken of either is sent later. */
static void test_repairs_partly_sent(void **state)
{
	static const uint64_t first[] = {3, 4, 7, 20, 21, 22, 23, 24}, second[] = {7, 20, 21, 22};
	static const struct span missing[] = {{3, 4}, {7, 7}, OPEN(20)};
	struct source s;

	(void)state;
	open_source(&s, 0, DATAGRAM, SEGMENTS);
	pour(&s, 20, START_NS);
	report(&s, 0, missing, 3, START_NS + 100 * MS);
	report(&s, 1, missing, 3, START_NS + 200 * MS);
	assert_int_equal(s.count.lost_packets, 3);
	assert_int_equal(source_fill(&s, START_NS + 200 * MS), SEGMENTS);
	assert_memory_equal(s.staged_data, first, sizeof(first));
	source_sent(&s, 2, START_NS + 200 * MS);
	assert_int_equal(s.count.retransmitted_packets, 2);
	assert_int_equal(source_fill(&s, START_NS + 200 * MS), SEGMENTS);
	assert_memory_equal(s.staged_data, second, sizeof(second));
	source_sent(&s, 3, START_NS + 200 * MS);
	assert_int_equal(s.count.retransmitted_packets, 3);
	assert_int_equal(s.next_data, 22);
	source_close(&s);
}

/* 20 pieces are sent, two reports seen: 3 and 4 are missing, all up to 10 have been heard. */
static const struct {
	const char *name;
	uint64_t sequence;
	unsigned spans;
	struct span span[SPANS];
	enum wire_reject reason;
	uint64_t heard; /* packets that it shows as arrived */
} report_rows[] = {
	{"no spans at all", 9, 0, {{0}}, REJECT_BODY, 8},
	{"the same again", 1, 2, {{3, 4}, OPEN(10)}, REJECT_SEQUENCE, 8},
	{"an older one", 0, 1, {OPEN(0)}, REJECT_SEQUENCE, 8},
	{"one more than was sent", 9, 1, {OPEN(21)}, REJECT_SEQUENCE, 8},
	{"all there ever will be", 9, 1, {{UINT64_MAX, UINT64_MAX}}, REJECT_SEQUENCE, 8},
	{"a hole in what was not sent", 9, 2, {{3, 4}, {15, 25}}, REJECT_SEQUENCE, 8},
	{"a hole far away", 9, 1, {{5, UINT64_MAX - 1}}, REJECT_SEQUENCE, 8},
	{"nothing has arrived, it says now", 9, 1, {OPEN(0)}, WIRE_OK, 0},
	{"all that was sent", 9, 1, {OPEN(20)}, WIRE_OK, 20},
	{"after a gap", 1000, 2, {{3, 4}, OPEN(12)}, WIRE_OK, 10},
	{"no room for the end", 9, 2, {{3, 4}, {8, 9}}, WIRE_OK, 6},
	{"the next one", 2, 1, {OPEN(12)}, WIRE_OK, 12},
};

static void test_reports(void **state)
{
	static const struct span missing[] = {{3, 4}, OPEN(10)};

	(void)state;
	for (size_t i = 0; i < COUNT(report_rows); i++) {
		struct feedback all = {.spans.count = report_rows[i].spans};
		struct source_feedback f = {.sequence = report_rows[i].sequence, .feedback = &all};
		bool is_ok = report_rows[i].reason == WIRE_OK;
		struct source s;

		print_message("%s\n", report_rows[i].name);
		open_source(&s, 0, DATAGRAM, SEGMENTS);
		pour(&s, 20, START_NS);
		report(&s, 0, missing, 2, START_NS + 100 * MS);
		report(&s, 1, missing, 2, START_NS + 200 * MS);
		memcpy(all.spans.span, report_rows[i].span, sizeof(report_rows[i].span));
		assert_int_equal(source_report(&s, &f, START_NS + 300 * MS), report_rows[i].reason);
		assert_int_equal(s.count.reports, 2 + is_ok);
		assert_int_equal(s.count.heard_packets, report_rows[i].heard);
		assert_in_range(s.repair.heard_data, 10, 20);
		assert_false(span_contains(&s.repair.lost, s.repair.heard_data));
		source_close(&s);
	}
}

/* More repairs under way than there is room to remember, each a run of its own. */
static void test_many_repairs(void **state)
{
	enum { HOLES = REPAIR_RUNS + 100 };
	uint64_t sequence = 0;
	struct source s;

	(void)state;
	open_source(&s, 0, DATAGRAM, SEGMENTS);
	pour(&s, 2 * HOLES + 2, START_NS);
	report(&s, sequence++, (const struct span[]){{0, 0}, OPEN(2 * HOLES + 1)}, 2, START_NS + 100 * MS);
	for (unsigned hole = 0; hole < HOLES;) {
		struct span missing[WIRE_SPANS_MAX];
		unsigned n = 0;

		for (; n < WIRE_SPANS_MAX && hole < HOLES; n++, hole++)
			missing[n] = (struct span){2 * hole, 2 * hole};
		report(&s, sequence++, missing, n, START_NS + 101 * MS);
		assert_int_equal(pour(&s, n, START_NS + 101 * MS), n);
	}
	assert_int_equal(s.count.retransmitted_packets, HOLES);
	assert_int_equal(s.repair.runs, REPAIR_RUNS);
	assert_int_equal(s.repair.under_way.members, REPAIR_RUNS);
	assert_int_equal(s.next_data, 2 * HOLES + 2);
	source_close(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_repairs),
		cmocka_unit_test(test_repairs_partly_sent),
		cmocka_unit_test(test_reports),
		cmocka_unit_test(test_many_repairs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
