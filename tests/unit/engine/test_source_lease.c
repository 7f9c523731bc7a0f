/* A source that feeds a client, in virtual time: it waits for a report, stays slow until its data
 * is proven to arrive, and stops when no new proof comes. */
#include "tests/support/source_side.h"

enum { LEASE_MS = 1000, TRIP_MS = 20 };

static const struct feedback hello = {
	.spans = {.count = 1, .span = {{0, UINT64_MAX}}},
	.has_report = true,
};

static enum wire_reject tell(struct source *s, const struct feedback *f, uint64_t trip_ms, uint64_t now_ns)
{
	struct source_feedback with = {
		.sequence = s->next_report, .feedback = f, .round_trip_ns = trip_ms * MS};

	return source_report(s, &with, now_ns);
}

static void prove(struct source *s, uint64_t now_ns)
{
	struct feedback f = hello;

	f.receipt_sequence = s->next_channel - 1;
	f.receipt = receipt_number(&s->lease.receipts, f.receipt_sequence);
	assert_int_equal(tell(s, &f, TRIP_MS, now_ns), WIRE_OK);
}

static void test_waits_for_the_first_report(void **state)
{
	uint64_t patience_ns = clock_s(SOURCE_WAIT_S);
	uint64_t begin_ns = START_NS + UINT64_C(3) * NS_PER_S;
	struct source s;

	(void)state;
	open_download(&s, 0, 0);
	assert_int_equal(source_due_ns(&s), START_NS + patience_ns);
	assert_int_equal(source_fill(&s, START_NS), 0);
	assert_int_equal(source_fill(&s, START_NS + patience_ns - 1), 0);
	assert_false(source_finished(&s, START_NS + patience_ns - 1));
	assert_true(source_finished(&s, START_NS + patience_ns));
	assert_int_equal(source_fill(&s, START_NS + patience_ns), 0);
	source_close(&s);

	open_download(&s, 0, 0);
	assert_int_equal(tell(&s, &hello, TRIP_MS, begin_ns), WIRE_OK);
	assert_true(source_due_ns(&s) <= begin_ns);
	assert_int_equal(source_fill(&s, begin_ns), SEGMENTS);
	assert_false(source_finished(&s, begin_ns + DURATION_NS - 1));
	assert_true(source_finished(&s, begin_ns + DURATION_NS));
	source_close(&s);
}

/* What is refused begins nothing. */
static void test_refused_reports_begin_nothing(void **state)
{
	static const struct {
		const char *name;
		struct feedback f;
	} rows[] = {
		{"no spans", {.has_report = true}},
		{"data that was not sent",
			{.has_report = true, .spans = {.count = 1, .span = {{1, UINT64_MAX}}}}},
		{"a transmission that was not sent",
			{.has_report = true,
				.next_channel = 1,
				.spans = {.count = 1, .span = {{0, UINT64_MAX}}}}},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct source s;

		print_message("%s\n", rows[i].name);
		open_download(&s, 0, 0);
		assert_int_not_equal(tell(&s, &rows[i].f, TRIP_MS, START_NS), WIRE_OK);
		assert_int_equal(source_fill(&s, START_NS + MS), 0);
		assert_true(source_finished(&s, START_NS + SOURCE_WAIT_S * (uint64_t)NS_PER_S));
		source_close(&s);
	}
}

/* Mbit/s; 0: as fast as it can. */
static const struct {
	unsigned asked, share, allowed;
	bool leased;
	unsigned unproven, proven;
} rate_rows[] = {
	{0, 0, 0, true, 10, 0},
	{1, 0, 0, true, 1, 1},
	{10, 0, 0, true, 10, 10},
	{100, 0, 0, true, 10, 100},
	{0, 50, 0, true, 10, 50},
	{0, 5, 0, true, 5, 5},
	{0, 0, 70, true, 10, 70},
	{0, 0, 7, true, 7, 7},
	{0, 50, 20, true, 10, 20},
	{0, 20, 50, true, 10, 20},
	{30, 50, 40, true, 10, 30},
	{0, 0, 0, false, 0, 0},
	{100, 0, 0, false, 100, 100},
	{100, 60, 80, false, 60, 60},
};

/* What leaves in 400 ms fits the rate. */
static void check_rate(struct source *s, uint64_t rate_bps, uint64_t from_ns)
{
	uint64_t before = s->count.bytes, wanted = rate_bps / 8 * 2 / 5;

	assert_int_equal(s->pacer.rate_bps, rate_bps);
	if (rate_bps == 0) {
		assert_int_equal(pour(s, 100000, from_ns), 100000);
		return;
	}
	for (uint64_t now_ns = from_ns; now_ns < from_ns + 400 * MS; now_ns += MS / 5)
		pour(s, UINT32_MAX, now_ns);
	assert_in_range(s->count.bytes - before, wanted - wanted / 100 - UINT64_C(2) * DATAGRAM,
		wanted + rate_bps / 8 / 1000 + UINT64_C(2) * DATAGRAM);
}

static void test_rate(void **state)
{
	const uint64_t mbit = 1000000;

	(void)state;
	for (size_t i = 0; i < COUNT(rate_rows); i++) {
		struct feedback f = hello;
		struct source s;

		print_message("asked %u, share %u, allowed %u, leased %d\n", rate_rows[i].asked,
			rate_rows[i].share, rate_rows[i].allowed, rate_rows[i].leased);
		open_download(&s, rate_rows[i].asked * mbit, rate_rows[i].leased ? LEASE_MS * MS : 0);
		source_set_share(&s, rate_rows[i].share * mbit, START_NS);
		f.allowed_bps = rate_rows[i].allowed * mbit;
		assert_int_equal(tell(&s, &f, TRIP_MS, START_NS), WIRE_OK);
		check_rate(&s, rate_rows[i].unproven * mbit, START_NS);
		f.receipt_sequence = s.next_channel - 1;
		f.receipt = receipt_number(&s.lease.receipts, f.receipt_sequence);
		assert_int_equal(tell(&s, &f, TRIP_MS, START_NS + 400 * MS), WIRE_OK);
		check_rate(&s, rate_rows[i].proven * mbit, START_NS + 400 * MS);
		source_close(&s);
	}
}

/* Limits come and go while the test runs. */
static void test_limits_change(void **state)
{
	struct feedback f = hello;
	struct source s;

	(void)state;
	open_download(&s, 0, 0);
	assert_int_equal(tell(&s, &f, TRIP_MS, START_NS), WIRE_OK);
	assert_int_equal(s.pacer.rate_bps, 0);
	source_set_share(&s, 40000000, START_NS + MS);
	check_rate(&s, 40000000, START_NS + MS);
	f.allowed_bps = 8000000;
	assert_int_equal(tell(&s, &f, TRIP_MS, START_NS + 500 * MS), WIRE_OK);
	check_rate(&s, 8000000, START_NS + 500 * MS);
	f.allowed_bps = 0;
	assert_int_equal(tell(&s, &f, TRIP_MS, START_NS + 1000 * MS), WIRE_OK);
	check_rate(&s, 40000000, START_NS + 1000 * MS);
	source_set_share(&s, 0, START_NS + 1500 * MS);
	check_rate(&s, 0, START_NS + 1500 * MS);
	source_close(&s);
}

/* Which receipts prove anything is a matter of test_lease.c. */
enum proof { RIGHT, NO_NUMBER, NO_REPORT, OLD_REPORT };
enum { EVENTS = 6, SECONDS = 12 };

/* At that time comes a report with a receipt of a packet that left at `sent_ms`. */
static const struct {
	const char *name;
	unsigned lease_ms, trip_ms;
	struct {
		unsigned at_ms, sent_ms;
		enum proof proof;
	} event[EVENTS];
	unsigned ends_ms, slack_ms;
} lease_rows[] = {
	{"never any proof", 1000, 20, {{0}}, 1000, 0},
	{"reports without", 1000, 20, {{300, 290, NO_NUMBER}, {900, 890, NO_NUMBER}}, 1000, 0},
	{"one", 1000, 20, {{300, 290, RIGHT}}, 1300, 0},
	{"one in time, one too late", 1000, 20, {{300, 290, RIGHT}, {1301, 1290, RIGHT}}, 1300, 0},
	{"one after the other", 1000, 20, {{300, 290, RIGHT}, {1299, 1290, RIGHT}, {2200, 2190, RIGHT}}, 3200,
		0},
	{"spans alone", 1000, 20, {{300, 290, RIGHT}, {800, 790, NO_REPORT}}, 1300, 0},
	{"in an old report", 1000, 20, {{300, 290, RIGHT}, {800, 790, OLD_REPORT}}, 1300, 0},
	{"kept back", 1000, 20, {{900, 400, RIGHT}}, 1420, 25},
	{"a long way", 1000, 400, {{800, 401, RIGHT}}, 1800, 0},
	{"a lease longer than the test", 11000, 20, {{5000, 4990, RIGHT}}, 10000, 0},
};

static void report_event(
	struct source *s, size_t row, unsigned event, const uint64_t *channel_at, uint64_t now_ns)
{
	enum proof proof = lease_rows[row].event[event].proof;
	struct feedback f = hello;
	struct source_feedback with = {
		.sequence = s->next_report, .feedback = &f, .round_trip_ns = lease_rows[row].trip_ms * MS};

	f.receipt_sequence = channel_at[lease_rows[row].event[event].sent_ms];
	f.receipt = proof == NO_NUMBER ? 0 : receipt_number(&s->lease.receipts, f.receipt_sequence);
	if (proof == OLD_REPORT)
		with.sequence = 0;
	f.has_report = proof != NO_REPORT;
	assert_int_equal(source_report(s, &with, now_ns), proof == OLD_REPORT ? REJECT_SEQUENCE : WIRE_OK);
}

static unsigned run_lease(struct source *s, size_t row)
{
	static uint64_t channel_at[SECONDS * 1000];
	unsigned event = 0;

	for (unsigned ms = 0; ms < SECONDS * 1000; ms++) {
		uint64_t now_ns = START_NS + ms * MS;

		if (source_finished(s, now_ns)) {
			assert_true(source_due_ns(s) <= now_ns);
			assert_int_equal(source_fill(s, now_ns), 0);
			return ms;
		}
		assert_int_equal(pour(s, 1, now_ns), ms > 0);
		channel_at[ms] = s->next_channel - 1;
		if (event < EVENTS && ms > 0 && lease_rows[row].event[event].at_ms == ms)
			report_event(s, row, event++, channel_at, now_ns);
	}
	return UINT32_MAX;
}

static void test_lease(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(lease_rows); i++) {
		struct source s;

		print_message("%s\n", lease_rows[i].name);
		open_download(&s, 1250000, lease_rows[i].lease_ms * MS);
		assert_int_equal(tell(&s, &hello, 20, START_NS), WIRE_OK);
		assert_in_range(run_lease(&s, i), lease_rows[i].ends_ms,
			lease_rows[i].ends_ms + lease_rows[i].slack_ms);
		source_close(&s);
	}
}

/* The limit before the proof never comes back: one correct receipt is enough. */
static void test_proven_for_good(void **state)
{
	struct source s;

	(void)state;
	open_download(&s, 0, UINT64_C(10) * LEASE_MS * MS);
	assert_int_equal(tell(&s, &hello, TRIP_MS, START_NS), WIRE_OK);
	pour(&s, 1, START_NS + MS);
	prove(&s, START_NS + 2 * MS);
	assert_int_equal(s.pacer.rate_bps, 0);
	assert_int_equal(tell(&s, &hello, TRIP_MS, START_NS + 3000 * MS), WIRE_OK);
	assert_int_equal(s.pacer.rate_bps, 0);
	source_close(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_waits_for_the_first_report),
		cmocka_unit_test(test_refused_reports_begin_nothing),
		cmocka_unit_test(test_rate),
		cmocka_unit_test(test_limits_change),
		cmocka_unit_test(test_lease),
		cmocka_unit_test(test_proven_for_good),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
