/* What a heartbeat may say, and what is refused: doubled, late, forged, malformed. */
#include "tests/support/heartbeat_pair.h"

static void test_doubled(void **state)
{
	struct message m0, m1, m1_again, m2, none;
	struct pair p;

	(void)state;
	heartbeat_pair_open(&p, 0);
	m0 = begin(&p.client, START_NS);
	assert_int_equal(heartbeat_give(&p.server, &m0, START_NS + 10000, &m1), WIRE_OK);
	assert_int_equal(heartbeat_give(&p.server, &m0, START_NS + 20000, &m1_again), WIRE_OK);
	assert_int_equal(heartbeat_give(&p.client, &m1, START_NS + 30000, &m2), WIRE_OK);
	assert_int_equal(heartbeat_give(&p.client, &m1, START_NS + 30001, &none), REJECT_SEQUENCE);
	assert_int_equal(heartbeat_give(&p.client, &m1_again, START_NS + 30002, &none), REJECT_SEQUENCE);
	assert_int_equal(heartbeat_give(&p.server, &m2, START_NS + 40000, &none), WIRE_OK);
	assert_int_equal(heartbeat_give(&p.server, &m2, START_NS + 40001, &none), REJECT_SEQUENCE);
	assert_int_equal(summary(&p.client).n, 1);
	assert_int_equal(summary(&p.client).last_ns, 30000);
	assert_int_equal(summary(&p.server).n, 1);
	assert_int_equal(summary(&p.server).last_ns, 30000);
}

/* Out of order, each answer is matched with its own stamp. */
static void test_reordered(void **state)
{
	enum { TRIES = 5 };
	struct message m1[TRIES], m2;
	struct pair p;

	(void)state;
	heartbeat_pair_open(&p, 0);
	for (unsigned i = 0; i < TRIES; i++) {
		struct message m0 = begin(&p.client, START_NS + i * INTERVAL_NS);

		assert_int_equal(heartbeat_give(&p.server, &m0, START_NS + i * INTERVAL_NS, &m1[i]), WIRE_OK);
	}
	for (unsigned i = TRIES; i-- > 0;) {
		assert_int_equal(
			heartbeat_give(&p.client, &m1[i], START_NS + TRIES * INTERVAL_NS, &m2), WIRE_OK);
		assert_int_equal(p.client.last_ns, (TRIES - i) * INTERVAL_NS);
	}
	assert_int_equal(summary(&p.client).n, TRIES);
	assert_int_equal(summary(&p.client).max_ns, TRIES * INTERVAL_NS);
}

/* What peers do with our stamp on its way through a JSON number. Ours is 5000 s. */
static const struct {
	const char *name, *client;
	enum wire_reject reason;
} stamp_rows[] = {
	{"as sent", "5000.000000000", WIRE_OK},
	{"shortened", "5000.0", WIRE_OK},
	{"as an integer", "5000", WIRE_OK},
	{"with an exponent", "5e3", WIRE_OK},
	{"rounded up by a double", "5000.0000000009095", WIRE_OK},
	{"999 ns off", "5000.000000999", WIRE_OK},
	{"1 us off", "5000.000001", REJECT_SEQUENCE},
	{"forged", "5001.000000000", REJECT_SEQUENCE},
	{"zero, as an empty slot has", "0", REJECT_SEQUENCE},
	{"zero with a fraction", "0.000000000", REJECT_SEQUENCE},
	{"the wall clock's", "1750000000.123456789", REJECT_SEQUENCE},
	{"negative", "-5000.000000000", REJECT_BODY},
	{"too large", "1e300", REJECT_BODY},
	{"text", "\"5000 seconds\"", REJECT_BODY},
};

static void test_stamps(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(stamp_rows); i++) {
		bool is_ok = stamp_rows[i].reason == WIRE_OK;
		struct message m1, m2;
		char body[256];
		struct pair p;

		print_message("%s\n", stamp_rows[i].name);
		heartbeat_pair_open(&p, 0);
		begin(&p.client, START_NS);
		snprintf(body, sizeof(body), "{\"client_timestamp\": %s, \"server_timestamp\": 77}",
			stamp_rows[i].client);
		m1 = text(WIRE_HEARTBEAT_1, body);
		assert_int_equal(heartbeat_give(&p.client, &m1, START_NS + 5000, &m2), stamp_rows[i].reason);
		assert_int_equal(m2.size > 0, is_ok);
		assert_int_equal(summary(&p.client).n, is_ok);
		if (is_ok)
			assert_int_equal(summary(&p.client).last_ns, 5000);
	}
}

/* The peer's stamp goes back as it came, whatever its form. */
static void test_peers_stamp_is_given_back(void **state)
{
	static const char *const rows[] = {
		"1", "1750000000.25", "1e9", "-7.5", "\"opaque: any text\"", "12345678901234567890.125"};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct message m0, m1, m2;
		char body[256], wanted[256];
		struct pair p;

		print_message("%s\n", rows[i]);
		heartbeat_pair_open(&p, 0);
		snprintf(body, sizeof(body), "{\"timestamp\": %s}", rows[i]);
		m0 = text(WIRE_HEARTBEAT_0, body);
		assert_int_equal(heartbeat_give(&p.server, &m0, START_NS, &m1), WIRE_OK);
		snprintf(wanted, sizeof(wanted),
			"{\"client_timestamp\": %s, \"server_timestamp\": 5000.000000000}", rows[i]);
		assert_int_equal(m1.size, strlen(wanted));
		assert_memory_equal(m1.body, wanted, m1.size);

		begin(&p.client, START_NS);
		snprintf(body, sizeof(body),
			"{\"client_timestamp\": 5000.000000000, \"server_timestamp\": %s}", rows[i]);
		m1 = text(WIRE_HEARTBEAT_1, body);
		assert_int_equal(heartbeat_give(&p.client, &m1, START_NS, &m2), WIRE_OK);
		assert_int_equal(m2.size, strlen(body));
		assert_memory_equal(m2.body, body, m2.size);
	}
}

static const struct {
	const char *name;
	bool at_client;
	enum wire_type type;
	const char *body;
	enum wire_reject reason;
} refused_rows[] = {
	{"a client gets HEARTBEAT_0", true, WIRE_HEARTBEAT_0, "{\"timestamp\": 1}", REJECT_TYPE},
	{"a client gets HEARTBEAT_2", true, WIRE_HEARTBEAT_2,
		"{\"client_timestamp\": 5000, \"server_timestamp\": 1}", REJECT_TYPE},
	{"a server gets HEARTBEAT_1", false, WIRE_HEARTBEAT_1,
		"{\"client_timestamp\": 1, \"server_timestamp\": 5000}", REJECT_TYPE},
	{"nothing", false, WIRE_HEARTBEAT_0, "", REJECT_BODY},
	{"no JSON", false, WIRE_HEARTBEAT_0, "timestamp: 1", REJECT_BODY},
	{"no stamp", false, WIRE_HEARTBEAT_0, "{}", REJECT_BODY},
	{"a stamp that is null", false, WIRE_HEARTBEAT_0, "{\"timestamp\": null}", REJECT_BODY},
	{"one stamp of two", true, WIRE_HEARTBEAT_1, "{\"client_timestamp\": 5000}", REJECT_BODY},
	{"HEARTBEAT_2 that was not asked for", false, WIRE_HEARTBEAT_2,
		"{\"client_timestamp\": 1, \"server_timestamp\": 5000}", REJECT_SEQUENCE},
	{"the client's stamp in the server's place", false, WIRE_HEARTBEAT_2,
		"{\"client_timestamp\": 5000, \"server_timestamp\": 1}", REJECT_SEQUENCE},
};

static void test_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(refused_rows); i++) {
		struct message m = text(refused_rows[i].type, refused_rows[i].body), none;
		struct heartbeat *h;
		struct pair p;

		print_message("%s\n", refused_rows[i].name);
		heartbeat_pair_open(&p, 0);
		begin(&p.client, START_NS);
		h = refused_rows[i].at_client ? &p.client : &p.server;
		assert_int_equal(heartbeat_give(h, &m, START_NS + 1, &none), refused_rows[i].reason);
		assert_int_equal(none.size, 0);
		assert_int_equal(summary(h).n, 0);
		assert_int_equal(summary(&p.server).sent, 0);
	}
}

/* An answer can't be older than its question: a kernel time from before a clock was set does not count. */
static void test_received_before_sent(void **state)
{
	struct message m0, m1, m2;
	struct pair p;

	(void)state;
	heartbeat_pair_open(&p, 0);
	m0 = begin(&p.client, START_NS);
	assert_int_equal(heartbeat_give(&p.server, &m0, START_NS, &m1), WIRE_OK);
	assert_int_equal(heartbeat_give(&p.client, &m1, START_NS - 1, &m2), REJECT_SEQUENCE);
	assert_int_equal(summary(&p.client).n, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_doubled),
		cmocka_unit_test(test_reordered),
		cmocka_unit_test(test_stamps),
		cmocka_unit_test(test_peers_stamp_is_given_back),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_received_before_sent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
