/* The exchange between extended peers: addresses are proven by a challenge, the time that a packet was
 * held on a host is no part of the round trip. */
#include "tests/support/heartbeat_pair.h"

#define NUM UINT64_C(0x0123456789abcdef)

static void open_extended(struct pair *p, uint64_t interval_ns)
{
	struct heartbeat_plan plan = {.is_client = true, .extended = true, .interval_ns = interval_ns};

	heartbeat_init(&p->client, &plan, START_NS);
	plan.is_client = false;
	heartbeat_init(&p->server, &plan, START_NS);
}

/* How a packet meets the side that takes it. */
struct meeting {
	uint64_t received_ns, held_ns; /* from the kernel's time to ours */
	uint64_t challenge;
	bool proven;
};

static enum wire_reject meet(
	struct heartbeat *h, const struct message *m, const struct meeting *how, struct message *out)
{
	struct heartbeat_packet packet = {
		.type = m->type,
		.body = (const uint8_t *)m->body,
		.size = m->size,
		.received_ns = how->received_ns,
		.now_ns = how->received_ns + how->held_ns,
		.challenge = how->challenge,
		.proven = how->proven,
	};
	struct heartbeat_output answer;
	enum wire_reject reason = heartbeat_input(h, &packet, &answer);

	*out = (struct message){.type = answer.type, .size = answer.size};
	memcpy(out->body, answer.body, answer.size);
	return reason;
}

static struct heartbeat_packet packet_of(const struct heartbeat_output *out, uint64_t received_ns)
{
	return (struct heartbeat_packet){
		.type = out->type,
		.body = (const uint8_t *)out->body,
		.size = out->size,
		.received_ns = received_ns,
		.now_ns = received_ns,
		.challenge = 7,
		.proven = true,
	};
}

/* Time that goes by while a heartbeat is written counts on neither side, if it is stamped as it leaves. */
static void test_stamped_as_it_leaves(void **state)
{
	enum { WAY_NS = 40000 };
	static const uint64_t rows[][3] = {
		{0, 0, 0}, {9000, 0, 0}, {0, 14000, 0}, {0, 0, 11000}, {1, NS_PER_MS, 2}};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct heartbeat_plan plan = {
			.is_client = true, .extended = true, .interval_ns = INTERVAL_NS};
		struct heartbeat client, server;
		struct heartbeat_output out[3], none;
		struct heartbeat_packet packet;
		uint64_t now_ns = START_NS;

		print_message("row %zu\n", i);
		heartbeat_init(&client, &plan, START_NS);
		plan.is_client = false;
		heartbeat_init(&server, &plan, START_NS);
		heartbeat_begin(&client, now_ns, &out[0]);
		heartbeat_restamp(&client, now_ns += rows[i][0], &out[0]);
		packet = packet_of(&out[0], now_ns += WAY_NS);
		assert_int_equal(heartbeat_input(&server, &packet, &out[1]), WIRE_OK);
		heartbeat_restamp(&server, now_ns += rows[i][1], &out[1]);
		packet = packet_of(&out[1], now_ns += WAY_NS);
		assert_int_equal(heartbeat_input(&client, &packet, &out[2]), WIRE_OK);
		heartbeat_restamp(&client, now_ns += rows[i][2], &out[2]);
		packet = packet_of(&out[2], now_ns += WAY_NS);
		assert_int_equal(heartbeat_input(&server, &packet, &none), WIRE_OK);
		assert_int_equal(none.size, 0);
		assert_int_equal(summary(&client).last_ns, 2 * WAY_NS);
		assert_int_equal(summary(&server).last_ns, 2 * WAY_NS);
		assert_int_equal(summary(&client).sent, 1);
	}
}

/* The server's answer is no longer than the question: an unproven address may be anybody's. */
static void test_no_amplification(void **state)
{
	static const uint64_t held_rows[] = {0, 1, NS_PER_S, UINT64_MAX - START_NS - NS_PER_S};

	(void)state;
	for (size_t i = 0; i < COUNT(held_rows); i++) {
		struct message m0, m1;
		struct pair p;

		print_message("held for %ju ns\n", (uintmax_t)held_rows[i]);
		open_extended(&p, INTERVAL_NS);
		m0 = begin(&p.client, START_NS);
		assert_int_equal(meet(&p.server, &m0,
					 &(struct meeting){START_NS, held_rows[i], UINT64_MAX, true}, &m1),
			WIRE_OK);
		assert_int_equal(m1.type, WIRE_HEARTBEAT_1);
		assert_in_range(m1.size, 1, m0.size);
	}
}

/* HEARTBEAT_2 must return the challenge of the address that it comes from. */
static void test_challenge(void **state)
{
	static const struct {
		const char *name;
		uint64_t given, expected;
		enum wire_reject reason;
	} rows[] = {
		{"the right one", NUM, NUM, WIRE_OK},
		{"zero", 0, 0, WIRE_OK},
		{"all ones", UINT64_MAX, UINT64_MAX, WIRE_OK},
		{"another address's", NUM, ~NUM, REJECT_BODY},
		{"one bit", NUM, NUM ^ 1, REJECT_BODY},
		{"the highest bit", NUM, NUM ^ UINT64_C(1) << 63, REJECT_BODY},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		bool is_ok = rows[i].reason == WIRE_OK;
		struct message m0, m1, m2, none;
		struct pair p;

		print_message("%s\n", rows[i].name);
		open_extended(&p, INTERVAL_NS);
		m0 = begin(&p.client, START_NS);
		assert_int_equal(
			meet(&p.server, &m0, &(struct meeting){START_NS, 0, rows[i].given, true}, &m1),
			WIRE_OK);
		assert_int_equal(
			meet(&p.client, &m1, &(struct meeting){.received_ns = START_NS + 10}, &m2), WIRE_OK);
		assert_int_equal(m2.type, WIRE_HEARTBEAT_2);
		assert_int_equal(meet(&p.server, &m2,
					 &(struct meeting){START_NS + 20, 0, rows[i].expected, false}, &none),
			rows[i].reason);
		assert_int_equal(none.size, 0);
		assert_int_equal(summary(&p.server).n, is_ok);
	}
}

#define TWO(server) \
	"{\"client_timestamp\": 1, \"server_timestamp\": " server ", \"held_ns\": 0, \"proven\": 0}"
#define HEX "0123456789abcdef"

/* Forged HEARTBEAT_2, to a server that has sent a stamp at 5000 s with the challenge NUM. */
static void test_forged(void **state)
{
	static const struct {
		const char *name, *body;
		enum wire_reject reason;
	} rows[] = {
		{"whole", TWO("\"5000.000000000-" HEX "\""), WIRE_OK},
		{"a classic stamp", TWO("5000.000000000"), REJECT_BODY},
		{"without a challenge", TWO("\"5000.000000000\""), REJECT_BODY},
		{"an empty challenge", TWO("\"5000.000000000-\""), REJECT_BODY},
		{"a shorter one", TWO("\"5000.000000000-123456789abcdef\""), REJECT_BODY},
		{"a longer one", TWO("\"5000.000000000-" HEX "0\""), REJECT_BODY},
		{"two of them", TWO("\"5000.000000000-" HEX "-" HEX "\""), REJECT_BODY},
		{"capitals", TWO("\"5000.000000000-0123456789ABCDEF\""), REJECT_BODY},
		{"nothing but a dash", TWO("\"-\""), REJECT_BODY},
		{"no time", TWO("\"-" HEX "\""), REJECT_BODY},
		{"a time that is none", TWO("\"x-" HEX "\""), REJECT_BODY},
		{"another time", TWO("\"5001.000000000-" HEX "\""), REJECT_SEQUENCE},
		{"an empty text", TWO("\"\""), REJECT_BODY},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct message m0, m1, none, m2 = text(WIRE_HEARTBEAT_2, rows[i].body);
		struct pair p;

		print_message("%s\n", rows[i].name);
		open_extended(&p, INTERVAL_NS);
		m0 = begin(&p.client, START_NS);
		assert_int_equal(
			meet(&p.server, &m0, &(struct meeting){START_NS, 0, NUM, true}, &m1), WIRE_OK);
		assert_int_equal(meet(&p.server, &m2, &(struct meeting){START_NS + 20, 0, NUM, true}, &none),
			rows[i].reason);
		assert_int_equal(summary(&p.server).n, rows[i].reason == WIRE_OK);
	}
}

/* Each side takes off what the other says to have held; nonsense is not believed. */
static void test_held_time(void **state)
{
	enum { UP_NS = 3000000, DOWN_NS = 2000000 };
	static const struct {
		const char *name;
		uint64_t server_ns, client_ns;
	} rows[] = {
		{"not at all", 0, 0},
		{"a little", 1000, 2000},
		{"for longer than the way", UINT64_C(40) * NS_PER_MS, UINT64_C(70) * NS_PER_MS},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct meeting how = {START_NS + UP_NS, rows[i].server_ns, NUM, true};
		struct message m0, m1, m2, none;
		struct pair p;

		print_message("%s\n", rows[i].name);
		open_extended(&p, INTERVAL_NS);
		m0 = begin(&p.client, START_NS);
		assert_int_equal(meet(&p.server, &m0, &how, &m1), WIRE_OK);
		how.received_ns += how.held_ns + DOWN_NS;
		how.held_ns = rows[i].client_ns;
		assert_int_equal(meet(&p.client, &m1, &how, &m2), WIRE_OK);
		how.received_ns += how.held_ns + UP_NS;
		how.held_ns = 0;
		assert_int_equal(meet(&p.server, &m2, &how, &none), WIRE_OK);
		assert_int_equal(summary(&p.client).last_ns, UP_NS + DOWN_NS);
		assert_int_equal(summary(&p.server).last_ns, UP_NS + DOWN_NS);
	}
}

/* A packet can't be held for longer than it was away. */
static void test_impossible_held_time(void **state)
{
	static const char body[] = "{\"client_timestamp\": 5000.000000000, \"server_timestamp\": \"1-" HEX
				   "\", \"held_ns\": %ju, \"proven\": 1}";
	static const struct {
		uint64_t held_ns, round_trip_ns;
	} rows[] = {{0, 5000}, {4999, 1}, {5000, 5000}, {5001, 5000}, {UINT64_C(1) << 53, 5000}};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct message m1, m2;
		char given[256];
		struct pair p;

		print_message("%ju\n", (uintmax_t)rows[i].held_ns);
		open_extended(&p, INTERVAL_NS);
		begin(&p.client, START_NS);
		snprintf(given, sizeof(given), body, (uintmax_t)rows[i].held_ns);
		m1 = text(WIRE_HEARTBEAT_1, given);
		assert_int_equal(meet(&p.client, &m1, &(struct meeting){.received_ns = START_NS + 5000}, &m2),
			WIRE_OK);
		assert_int_equal(summary(&p.client).last_ns, rows[i].round_trip_ns);
	}
}

/* Until the server knows the address, exchanges introduce it and count nowhere at the client. */
static void test_unproven_counts_not(void **state)
{
	static const uint64_t step_ns = (1 + HEARTBEAT_AGAIN_MS) * (uint64_t)NS_PER_MS;
	uint64_t now_ns = START_NS;
	struct message m0, m1, m2, none;
	struct pair p;

	(void)state;
	open_extended(&p, UINT64_C(1000) * MS);
	for (unsigned i = 0; i < 3; i++, now_ns += step_ns) {
		print_message("introduction %u\n", i);
		m0 = begin(&p.client, now_ns);
		assert_int_equal(
			meet(&p.server, &m0, &(struct meeting){now_ns, 0, NUM, false}, &m1), WIRE_OK);
		assert_int_equal(
			meet(&p.client, &m1, &(struct meeting){.received_ns = now_ns + MS}, &m2), WIRE_OK);
		assert_int_equal(m2.type, WIRE_HEARTBEAT_2);
		assert_false(p.client.proven);
		assert_int_equal(summary(&p.client).n, 0);
		assert_int_equal(summary(&p.client).sent, 0);
		/* The next is due soon. */
		assert_int_equal(heartbeat_due_ns(&p.client), now_ns + step_ns);
		/* A second answer to the same question introduces nobody. */
		assert_int_equal(meet(&p.client, &m1, &(struct meeting){.received_ns = now_ns + MS}, &none),
			REJECT_SEQUENCE);
		assert_int_equal(none.size, 0);
		assert_int_equal(
			meet(&p.server, &m2, &(struct meeting){now_ns + MS, 0, NUM, false}, &none), WIRE_OK);
	}
	m0 = begin(&p.client, now_ns);
	assert_int_equal(meet(&p.server, &m0, &(struct meeting){now_ns, 0, NUM, true}, &m1), WIRE_OK);
	assert_int_equal(meet(&p.client, &m1, &(struct meeting){.received_ns = now_ns + MS}, &m2), WIRE_OK);
	assert_true(p.client.proven);
	assert_int_equal(summary(&p.client).n, 1);
	assert_int_equal(summary(&p.client).sent, 1);
	heartbeat_expire(&p.client, now_ns + 2 * LOST_NS);
	assert_int_equal(summary(&p.client).lost, 0);
}

/* Nor do earlier tries that failed: they were lost because the server was not listening yet. */
static void test_tries_in_vain_count_not(void **state)
{
	struct message old, m0, m1, late, m2;
	uint64_t now_ns;
	struct pair p;

	(void)state;
	open_extended(&p, INTERVAL_NS);
	old = begin(&p.client, START_NS);
	for (unsigned i = 1; i < 2 * HEARTBEAT_PENDING; i++)
		begin(&p.client, START_NS + i * INTERVAL_NS);
	heartbeat_expire(&p.client, START_NS + LOST_NS + 20 * INTERVAL_NS);
	assert_true(summary(&p.client).lost > 0);
	now_ns = START_NS + 2 * LOST_NS;
	m0 = begin(&p.client, now_ns);
	assert_int_equal(meet(&p.server, &old, &(struct meeting){now_ns, 0, NUM, true}, &late), WIRE_OK);
	assert_int_equal(meet(&p.server, &m0, &(struct meeting){now_ns, 0, NUM, true}, &m1), WIRE_OK);
	assert_int_equal(meet(&p.client, &m1, &(struct meeting){.received_ns = now_ns + MS}, &m2), WIRE_OK);
	assert_int_equal(summary(&p.client).n, 1);
	assert_int_equal(summary(&p.client).sent, 1);
	assert_int_equal(summary(&p.client).lost, 0);
	heartbeat_expire(&p.client, now_ns + 2 * LOST_NS);
	assert_int_equal(summary(&p.client).lost, 0);
	assert_int_equal(
		meet(&p.client, &late, &(struct meeting){.received_ns = now_ns + MS}, &m2), REJECT_SEQUENCE);
	/* From now on they do. */
	begin(&p.client, now_ns + 3 * LOST_NS);
	heartbeat_expire(&p.client, now_ns + 5 * LOST_NS);
	assert_int_equal(summary(&p.client).sent, 2);
	assert_int_equal(summary(&p.client).lost, 1);
}

/* Unanswered and unproven: every 100 ms, or the interval where that is shorter. */
static void test_beat_until_proven(void **state)
{
	static const struct {
		uint64_t interval_ms, first_ms;
	} rows[] = {{1000, HEARTBEAT_PROVE_MS}, {100, 100}, {20, 20}};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		uint64_t now_ns = START_NS;
		struct message m0, m1, m2;
		struct pair p;

		print_message("%ju ms\n", (uintmax_t)rows[i].interval_ms);
		open_extended(&p, rows[i].interval_ms * MS);
		for (unsigned n = 0; n < 5; n++, now_ns += rows[i].first_ms * MS) {
			assert_int_equal(heartbeat_due_ns(&p.client), now_ns);
			begin(&p.client, now_ns);
		}
		m0 = begin(&p.client, now_ns);
		assert_int_equal(meet(&p.server, &m0, &(struct meeting){now_ns, 0, NUM, true}, &m1), WIRE_OK);
		assert_int_equal(
			meet(&p.client, &m1, &(struct meeting){.received_ns = now_ns + 1}, &m2), WIRE_OK);
		now_ns += rows[i].first_ms * MS;
		begin(&p.client, now_ns);
		assert_int_equal(heartbeat_due_ns(&p.client), now_ns + rows[i].interval_ms * MS);
	}
}

/* Under load the beat is faster, at once, and slower again afterwards. What the three ports send for it is a
 * fortieth of what arrives, if that makes it faster than once a second; and never a tenth, if that takes no
 * more than two seconds. */
static void test_hurry(void **state)
{
	static const struct {
		const char *name;
		uint64_t interval_ms, rate_kbps, at_ms; /* the last beat was at 0 */
		uint64_t next_ms, after_ms;             /* the next one, and the one behind it */
	} rows[] = {
		{"no load, or none known", 1000, 0, 10, 1000, 2000},
		{"a load", 1000, 100000, 10, 60, 110},
		{"a great load", 1000, 100000000, 10, 60, 110},
		{"shortly before the next", 1000, 100000, 980, 1000, 1050},
		{"the interval is shorter", 20, 100000, 10, 20, 40},
		{"as long as the interval", 50, 100000, 0, 50, 100},
		{"just enough for the fastest", 1000, 8320, 10, 60, 110},
		{"half of it", 1000, 4160, 10, 110, 210},
		{"2 Mbit/s", 1000, 2000, 10, 218, 426},
		{"500 kbit/s", 1000, 500, 10, 842, 1674},
		{"280 kbit/s", 1000, 280, 10, 1000, 2000},
		{"64 kbit/s: slower than without load", 1000, 64, 10, 1000, 2625},
		{"1 kbit/s", 1000, 1, 10, 1000, 3000},
		{"an interval too short for the line", 20, 260, 10, 20, 420},
		{"a long interval", 60000, 64, 10, 1635, 3260},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct message m0, m1, m2;
		struct pair p;

		print_message("%s\n", rows[i].name);
		open_extended(&p, rows[i].interval_ms * MS);
		p.client.proven = true;
		m0 = begin(&p.client, START_NS);
		assert_int_equal(
			meet(&p.server, &m0, &(struct meeting){START_NS, 0, NUM, true}, &m1), WIRE_OK);
		assert_int_equal(
			meet(&p.client, &m1, &(struct meeting){.received_ns = START_NS + 1}, &m2), WIRE_OK);
		p.client.next_ns = START_NS + rows[i].interval_ms * MS;
		heartbeat_hurry(&p.client, rows[i].rate_kbps * 1000, START_NS + rows[i].at_ms * MS);
		assert_int_equal(heartbeat_due_ns(&p.client), START_NS + rows[i].next_ms * MS);
		/* Saying it again changes nothing. */
		heartbeat_hurry(&p.client, rows[i].rate_kbps * 1000, START_NS + rows[i].next_ms * MS);
		begin(&p.client, START_NS + rows[i].next_ms * MS);
		assert_int_equal(heartbeat_due_ns(&p.client), START_NS + rows[i].after_ms * MS);
		heartbeat_hurry(&p.client, 0, START_NS + rows[i].after_ms * MS);
		begin(&p.client, START_NS + rows[i].after_ms * MS);
		assert_int_equal(heartbeat_due_ns(&p.client),
			START_NS + (rows[i].after_ms + rows[i].interval_ms) * MS);
	}
}

/* A port that misses its peer lets it know of its address, however seldom it beats otherwise. */
static void test_seek(void **state)
{
	static const struct {
		const char *name;
		uint64_t interval_ms, rate_kbps;
		uint64_t next_ms, after_ms; /* the last beat was at 0, the peer is missed from 10 on */
	} rows[] = {
		{"no load known", 1000, 0, 260, 510},
		{"a thin line", 1000, 64, 260, 510},
		{"a thick one", 1000, 100000, 60, 110},
		{"a short interval", 20, 100000, 20, 40},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct message m0, m1, m2;
		struct pair p;

		print_message("%s\n", rows[i].name);
		open_extended(&p, rows[i].interval_ms * MS);
		p.client.proven = true;
		m0 = begin(&p.client, START_NS);
		assert_int_equal(
			meet(&p.server, &m0, &(struct meeting){START_NS, 0, NUM, true}, &m1), WIRE_OK);
		assert_int_equal(
			meet(&p.client, &m1, &(struct meeting){.received_ns = START_NS + 1}, &m2), WIRE_OK);
		p.client.next_ns = START_NS + rows[i].interval_ms * MS;
		heartbeat_hurry(&p.client, rows[i].rate_kbps * 1000, START_NS + 10 * MS);
		heartbeat_seek(&p.client, START_NS + 10 * MS);
		assert_int_equal(heartbeat_due_ns(&p.client), START_NS + rows[i].next_ms * MS);
		begin(&p.client, START_NS + rows[i].next_ms * MS);
		assert_int_equal(heartbeat_due_ns(&p.client), START_NS + rows[i].after_ms * MS);
		/* It is heard again. */
		heartbeat_hurry(&p.client, 0, START_NS + rows[i].after_ms * MS);
		begin(&p.client, START_NS + rows[i].after_ms * MS);
		assert_int_equal(heartbeat_due_ns(&p.client),
			START_NS + (rows[i].after_ms + rows[i].interval_ms) * MS);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stamped_as_it_leaves),
		cmocka_unit_test(test_no_amplification),
		cmocka_unit_test(test_challenge),
		cmocka_unit_test(test_forged),
		cmocka_unit_test(test_held_time),
		cmocka_unit_test(test_impossible_held_time),
		cmocka_unit_test(test_unproven_counts_not),
		cmocka_unit_test(test_tries_in_vain_count_not),
		cmocka_unit_test(test_beat_until_proven),
		cmocka_unit_test(test_hurry),
		cmocka_unit_test(test_seek),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
