/* What reports show to be lost, in virtual time: which pieces are to be sent again, and when. */
#include <string.h>

#include "proto/engine/repair.h"
#include "proto/sys/clock.h"
#include "tests/support/test.h"

#define TRIP_NS (20 * MS)

#define OPEN(from)               \
	{                        \
		from, UINT64_MAX \
	}

enum { STEPS = 6, SPANS = 3, AGAIN = 6 };

/* A sender without a rate: what is lost leaves at once, then new data. */
struct sender {
	struct repair repair;
	uint64_t next_data, next_channel;
};

static void sender_open(struct sender *s)
{
	*s = (struct sender){0};
	assert_int_equal(repair_init(&s->repair), 0);
}

static unsigned resend(struct sender *s, unsigned most, uint64_t now_ns)
{
	uint64_t data[WIRE_SPANS_MAX];
	unsigned n = repair_choose(&s->repair, data, most);

	for (unsigned i = 0; i < n; i++)
		repair_sent(&s->repair, data[i], s->next_channel++, s->next_data, now_ns);
	return n;
}

static void send_new(struct sender *s, unsigned n)
{
	s->next_data += n;
	s->next_channel += n;
}

static uint64_t report(struct sender *s, const struct feedback *f, uint64_t now_ns)
{
	return repair_report(&s->repair, f, TRIP_NS, now_ns);
}

/* Each step: a report, what it newly shows as lost, what is to be sent again then, and new data. */
static const struct {
	const char *name;
	bool extended;
	struct step {
		uint64_t at_ms;
		uint64_t next_channel, from; /* extended */
		unsigned spans;
		struct span missing[SPANS];
		uint64_t lost;
		uint64_t again[AGAIN]; /* up to the first 0; piece 0 is never lost here */
		unsigned send;
	} step[STEPS];
} rows[] = {
	{"late is not lost", false,
		{{100, 0, 0, 2, {{5, 5}, OPEN(10)}, 0, {0}, 10}, {200, 0, 0, 1, {OPEN(20)}, 0, {0}, 0}}},
	{"missing in two reports is", false,
		{{100, 0, 0, 2, {{5, 6}, OPEN(10)}, 0, {0}, 10},
			{200, 0, 0, 2, {{5, 6}, OPEN(20)}, 2, {5, 6}, 0}}},
	{"classic: judged by newer data, a report later", false,
		{{100, 0, 0, 2, {{5, 5}, OPEN(10)}, 0, {0}, 10},
			{200, 0, 0, 2, {{5, 5}, OPEN(20)}, 1, {5}, 9},
			{210, 0, 0, 2, {{5, 5}, OPEN(29)}, 0, {0}, 0},
			{220, 0, 0, 2, {{5, 5}, OPEN(29)}, 1, {5}, 0}}},
	{"classic: or by time, a round trip and two reports", false,
		{{100, 0, 0, 2, {{5, 5}, OPEN(10)}, 0, {0}, 10},
			{200, 0, 0, 2, {{5, 5}, OPEN(20)}, 1, {5}, 0},
			{250, 0, 0, 2, {{5, 5}, OPEN(20)}, 0, {0}, 0},   /* 50 of 120 ms */
			{310, 0, 0, 2, {{5, 5}, OPEN(20)}, 0, {0}, 0},   /* 110 of 140 ms */
			{360, 0, 0, 2, {{5, 5}, OPEN(20)}, 1, {5}, 0}}}, /* 160 of 120 ms */
	{"extended: judged by a transmission after it, a report later", true,
		{{100, 10, 0, 2, {{5, 5}, OPEN(10)}, 0, {0}, 10},
			{200, 20, 0, 2, {{5, 5}, OPEN(20)}, 1, {5}, 9}, /* leaves as transmission 20 */
			{300, 21, 0, 2, {{5, 5}, OPEN(20)}, 0, {0}, 0},
			{301, 21, 0, 2, {{5, 5}, OPEN(20)}, 1, {5}, 0}}},
	{"extended: never by time", true,
		{{100, 10, 0, 2, {{5, 5}, OPEN(10)}, 0, {0}, 10},
			{200, 20, 0, 2, {{5, 5}, OPEN(20)}, 1, {5}, 0},
			{90000, 20, 0, 2, {{5, 5}, OPEN(20)}, 0, {0}, 0},
			{90001, 20, 0, 2, {{5, 5}, OPEN(20)}, 0, {0}, 0}}},
	{"around what is under way", false,
		{{100, 0, 0, 2, {{4, 4}, OPEN(10)}, 0, {0}, 10},
			{200, 0, 0, 2, {{4, 4}, OPEN(20)}, 1, {4}, 0},
			{201, 0, 0, 2, {{3, 6}, OPEN(20)}, 3, {3, 5, 6}, 0}}},
	{"the tail has nothing behind it", false,
		{{100, 0, 0, 1, {OPEN(8)}, 0, {0}, 0}, {200, 0, 0, 1, {OPEN(8)}, 0, {0}, 0},
			{300, 0, 0, 1, {OPEN(8)}, 0, {0}, 0}}},
	{"only up to what was heard of", false,
		{{100, 0, 0, 2, {{2, 3}, OPEN(6)}, 0, {0}, 0},
			{200, 0, 0, 3, {{2, 3}, {5, 8}, OPEN(10)}, 3, {2, 3, 5}, 0}}},
	{"the report does not speak of it", true,
		{{100, 10, 0, 2, {{5, 5}, OPEN(10)}, 0, {0}, 10},
			{200, 20, 6, 2, {{7, 7}, OPEN(20)}, 1, {7}, 0},
			{300, 21, 0, 2, {{5, 5}, OPEN(20)}, 1, {5}, 0}}},
	{"how far transmissions have got counts where the spans end early", true,
		{{100, 10, 0, 1, {{1, 1}}, 0, {0}, 0}, {200, 10, 2, 1, {{8, 8}}, 1, {8}, 0}}},
};

static void take_step(struct sender *s, const struct step *step, bool extended)
{
	uint64_t again[AGAIN] = {0}, now_ns = START_NS + step->at_ms * MS;
	struct feedback f = {
		.spans.count = step->spans,
		.has_report = extended,
		.from = step->from,
		.next_channel = step->next_channel,
	};
	unsigned n = 0;

	memcpy(f.spans.span, step->missing, sizeof step->missing);
	assert_int_equal(report(s, &f, now_ns), step->lost);
	while (n < AGAIN && step->again[n])
		n++;
	assert_int_equal(repair_choose(&s->repair, again, AGAIN), n);
	assert_memory_equal(again, step->again, sizeof again);
	assert_int_equal(resend(s, AGAIN, now_ns), n);
	assert_int_equal(s->repair.lost.members, 0);
	assert_int_equal(s->next_channel, s->next_data + s->repair.packets);
	send_new(s, step->send);
}

static void test_steps(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct sender s;

		print_message("%s\n", rows[i].name);
		sender_open(&s);
		send_new(&s, 10);
		for (unsigned n = 0; n < STEPS && rows[i].step[n].at_ms; n++) {
			print_message("at %ju ms\n", (uintmax_t)rows[i].step[n].at_ms);
			take_step(&s, &rows[i].step[n], rows[i].extended);
		}
		repair_free(&s.repair);
	}
}

/* Pieces that were chosen and have not left stay lost; what has arrived meanwhile is not sent. */
static void test_chosen_and_not_sent(void **state)
{
	static const struct feedback lost = {
		.spans = {.count = 3, .span = {{3, 4}, {7, 7}, OPEN(10)}},
	};
	static const struct feedback less = {
		.spans = {.count = 2, .span = {{7, 7}, OPEN(10)}},
	};
	static const uint64_t all[] = {3, 4, 7}, rest[] = {4, 7};
	uint64_t data[4];
	struct sender s;

	(void)state;
	sender_open(&s);
	send_new(&s, 10);
	assert_int_equal(report(&s, &lost, START_NS), 0);
	assert_int_equal(report(&s, &lost, START_NS + MS), 3);
	assert_int_equal(repair_choose(&s.repair, data, 0), 0);
	assert_int_equal(repair_choose(&s.repair, data, 2), 2);
	assert_int_equal(repair_choose(&s.repair, data, 4), 3);
	assert_memory_equal(data, all, sizeof all);
	assert_int_equal(resend(&s, 1, START_NS + MS), 1);
	assert_int_equal(repair_choose(&s.repair, data, 4), 2);
	assert_memory_equal(data, rest, sizeof rest);
	assert_int_equal(report(&s, &less, START_NS + 2 * MS), 0);
	assert_int_equal(repair_choose(&s.repair, data, 4), 1);
	assert_int_equal(data[0], 7);
	repair_free(&s.repair);
}

/* Neighbours that leave at the same time are one run; a gap or another time begins a new one. */
static void test_runs(void **state)
{
	static const struct {
		const char *name;
		struct {
			uint64_t data, at_ms;
		} sent[3];
		unsigned runs;
	} run_rows[] = {
		{"neighbours", {{3, 1}, {4, 1}, {5, 1}}, 1},
		{"a gap", {{3, 1}, {4, 1}, {6, 1}}, 2},
		{"another time", {{3, 1}, {4, 2}, {5, 2}}, 2},
		{"backwards", {{5, 1}, {4, 1}, {3, 1}}, 3},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(run_rows); i++) {
		struct repair r;

		print_message("%s\n", run_rows[i].name);
		assert_int_equal(repair_init(&r), 0);
		for (unsigned n = 0; n < 3; n++)
			repair_sent(&r, run_rows[i].sent[n].data, 10 + n, 10,
				START_NS + run_rows[i].sent[n].at_ms * MS);
		assert_int_equal(r.runs, run_rows[i].runs);
		assert_int_equal(r.under_way.members, 3);
		assert_int_equal(r.packets, 3);
		assert_int_equal(r.run[r.runs - 1].channel, 12);
		repair_free(&r);
	}
}

/* More repairs under way than there is room to remember, each a run of its own. */
static void test_many_runs(void **state)
{
	enum { HOLES = REPAIR_RUNS + 100 };
	struct feedback f = {.spans = {.count = 2, .span = {{0, 0}, OPEN(2 * HOLES + 1)}}};
	struct sender s;

	(void)state;
	sender_open(&s);
	send_new(&s, 2 * HOLES + 2);
	assert_int_equal(report(&s, &f, START_NS + 100 * MS), 0);
	for (unsigned hole = 0; hole < HOLES;) {
		unsigned n = 0;

		for (; n < WIRE_SPANS_MAX && hole < HOLES; n++, hole++)
			f.spans.span[n] = (struct span){2 * hole, 2 * hole};
		f.spans.count = n;
		assert_int_equal(report(&s, &f, START_NS + 101 * MS), n);
		assert_int_equal(resend(&s, n, START_NS + 101 * MS), n);
	}
	assert_int_equal(s.repair.packets, HOLES);
	assert_int_equal(s.repair.runs, REPAIR_RUNS);
	assert_int_equal(s.repair.under_way.members, REPAIR_RUNS);
	repair_free(&s.repair);
}

static void test_shown(void **state)
{
	static const struct {
		const char *name;
		struct wire_spans spans;
		uint64_t shown;
	} shown_rows[] = {
		{"nothing", {1, {OPEN(0)}}, 0},
		{"all so far", {1, {OPEN(20)}}, 20},
		{"with a hole", {2, {{3, 4}, OPEN(20)}}, 20},
		{"no room for the end", {2, {{3, 4}, {8, 9}}}, 10},
		{"nearly all there is", {1, {{5, UINT64_MAX - 1}}}, UINT64_MAX},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(shown_rows); i++) {
		print_message("%s\n", shown_rows[i].name);
		assert_int_equal(repair_shown(&shown_rows[i].spans), shown_rows[i].shown);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_steps),
		cmocka_unit_test(test_chosen_and_not_sent),
		cmocka_unit_test(test_runs),
		cmocka_unit_test(test_many_runs),
		cmocka_unit_test(test_shown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
