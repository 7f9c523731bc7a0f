/* The lease in virtual time: what counts as proof that a load arrives, and until when it is good. */
#include "proto/engine/lease.h"
#include "proto/sys/clock.h"
#include "tests/support/test.h"

enum proof { RIGHT, WRONG_NUMBER, OTHER_TEST, NOT_SENT, NO_NUMBER };
enum { EVENTS = 6, SECONDS = 12 };

/* A packet leaves each millisecond; at `at_ms` comes back the receipt of the one that left at `sent_ms`. */
static const struct {
	const char *name;
	unsigned length_ms, trip_ms;
	struct {
		unsigned at_ms, sent_ms;
		enum proof proof;
	} event[EVENTS];
	unsigned ends_ms, slack_ms;
} lease_rows[] = {
	{"never any proof", 1000, 20, {{0}}, 1000, 0},
	{"one", 1000, 20, {{300, 290, RIGHT}}, 1300, 0},
	{"of the packet that has just left", 1000, 20, {{300, 300, RIGHT}}, 1300, 0},
	{"no number", 1000, 20, {{300, 290, RIGHT}, {900, 890, NO_NUMBER}}, 1300, 0},
	{"the same again", 1000, 20, {{300, 290, RIGHT}, {800, 290, RIGHT}}, 1300, 0},
	{"one of a packet before", 1000, 20, {{300, 290, RIGHT}, {800, 280, RIGHT}}, 1300, 0},
	{"a wrong number", 1000, 20, {{300, 290, RIGHT}, {800, 790, WRONG_NUMBER}}, 1300, 0},
	{"the number of another test", 1000, 20, {{300, 290, RIGHT}, {800, 790, OTHER_TEST}}, 1300, 0},
	{"of a packet that has not left", 1000, 20, {{300, 290, RIGHT}, {800, 0, NOT_SENT}}, 1300, 0},
	{"a wrong one spoils nothing", 1000, 20,
		{{300, 290, RIGHT}, {800, 790, WRONG_NUMBER}, {801, 780, RIGHT}}, 1801, 0},
	{"kept back", 1000, 20, {{900, 400, RIGHT}}, 1420, LEASE_MARK_MS},
	{"many kept back", 1000, 20,
		{{900, 301, RIGHT}, {1000, 310, RIGHT}, {1100, 320, RIGHT}, {1200, 330, RIGHT},
			{1340, 340, RIGHT}},
		1360, LEASE_MARK_MS},
	{"a long way", 1000, 400, {{800, 401, RIGHT}}, 1800, 0},
	{"a way that is too long to be true", 4000, 3600000, {{200, 190, RIGHT}, {3000, 300, RIGHT}}, 5300,
		LEASE_MARK_MS},
	{"older than is remembered", 5000, 20, {{4900, 100, RIGHT}}, 5000, 0},
};

static void prove(struct lease *l, uint64_t channel, enum proof proof, uint64_t trip_ns, uint64_t now_ns)
{
	struct lease_proof p = {.channel = channel, .round_trip_ns = trip_ns};
	struct lease other;

	lease_init(&other, NS_PER_S);
	if (proof == NOT_SENT)
		p.channel = l->next_channel;
	p.receipt = lease_receipt(proof == OTHER_TEST ? &other : l, p.channel);
	if (proof == WRONG_NUMBER)
		p.receipt ^= 2;
	if (proof == NO_NUMBER)
		p.receipt = 0;
	lease_prove(l, &p, now_ns);
}

static unsigned run_lease(struct lease *l, size_t row)
{
	unsigned event = 0;

	for (unsigned ms = 0; ms < SECONDS * 1000; ms++) {
		uint64_t now_ns = START_NS + ms * MS;

		if (now_ns >= lease_ends_ns(l))
			return ms;
		lease_sent(l, ms, 1, now_ns);
		if (event < EVENTS && ms > 0 && lease_rows[row].event[event].at_ms == ms) {
			prove(l, lease_rows[row].event[event].sent_ms, lease_rows[row].event[event].proof,
				lease_rows[row].trip_ms * MS, now_ns);
			event++;
		}
	}
	return UINT32_MAX;
}

static void test_when_it_ends(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(lease_rows); i++) {
		struct lease l;

		print_message("%s\n", lease_rows[i].name);
		lease_init(&l, lease_rows[i].length_ms * MS);
		lease_start(&l, START_NS);
		assert_in_range(run_lease(&l, i), lease_rows[i].ends_ms,
			lease_rows[i].ends_ms + lease_rows[i].slack_ms);
	}
}

/* Whether anything has ever arrived: a correct receipt says so for good, even one that comes too late to move
 * the end; others don't. */
static void test_what_is_proven(void **state)
{
	static const struct {
		const char *name;
		enum proof proof;
		bool is_proven;
	} rows[] = {
		{"right", RIGHT, true},
		{"wrong number", WRONG_NUMBER, false},
		{"number of another test", OTHER_TEST, false},
		{"not sent", NOT_SENT, false},
		{"no number", NO_NUMBER, false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct lease l;

		print_message("%s\n", rows[i].name);
		lease_init(&l, 1000 * MS);
		lease_start(&l, START_NS);
		lease_sent(&l, 0, 8, START_NS);
		assert_false(lease_is_proven(&l));
		prove(&l, 7, rows[i].proof, 20 * MS, START_NS + 5000 * MS);
		assert_int_equal(lease_is_proven(&l), rows[i].is_proven);
	}
}

/* An end that has passed is not final: a packet that left and arrived later moves it. */
static void test_a_new_proof_after_the_end(void **state)
{
	struct lease l;

	(void)state;
	lease_init(&l, 1000 * MS);
	lease_start(&l, START_NS);
	lease_sent(&l, 0, 1, START_NS);
	assert_int_equal(lease_ends_ns(&l), START_NS + 1000 * MS);
	lease_sent(&l, 1, 1, START_NS + 3000 * MS);
	prove(&l, 1, RIGHT, 20 * MS, START_NS + 3010 * MS);
	assert_int_equal(lease_ends_ns(&l), START_NS + 4010 * MS);
	/* An older one doesn't move it back. */
	lease_sent(&l, 2, 1, START_NS + 3020 * MS);
	prove(&l, 0, RIGHT, 20 * MS, START_NS + 3030 * MS);
	assert_int_equal(lease_ends_ns(&l), START_NS + 4010 * MS);
}

/* What had not been handed to the network yet when it is "given back" proves nothing, however batches fall.
 */
static void test_batches(void **state)
{
	static const struct {
		unsigned sent;
		uint64_t channel;
		bool is_proven;
	} rows[] = {{0, 0, false}, {1, 0, true}, {1, 1, false}, {64, 63, true}, {64, 64, false}};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct lease l;

		print_message("%ju of %u\n", (uintmax_t)rows[i].channel, rows[i].sent);
		lease_init(&l, 1000 * MS);
		lease_start(&l, START_NS);
		lease_sent(&l, 0, rows[i].sent, START_NS + MS);
		assert_int_equal(l.marks, rows[i].sent > 0);
		prove(&l, rows[i].channel, RIGHT, 20 * MS, START_NS + 2 * MS);
		assert_int_equal(lease_is_proven(&l), rows[i].is_proven);
	}
}

static void test_no_lease(void **state)
{
	struct lease_proof proof = {.channel = 0, .receipt = 4711, .round_trip_ns = 20 * MS};
	struct lease l;

	(void)state;
	lease_init(&l, 0);
	lease_start(&l, START_NS);
	assert_true(lease_is_proven(&l));
	assert_int_equal(lease_receipt(&l, 0), 0);
	lease_sent(&l, 0, 8, START_NS);
	lease_prove(&l, &proof, START_NS + 10 * MS);
	assert_int_equal(l.marks, 0);
	assert_int_equal(l.proven_channel, 0);
	assert_int_equal(lease_ends_ns(&l), CLOCK_NEVER);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_when_it_ends),
		cmocka_unit_test(test_what_is_proven),
		cmocka_unit_test(test_a_new_proof_after_the_end),
		cmocka_unit_test(test_batches),
		cmocka_unit_test(test_no_lease),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
