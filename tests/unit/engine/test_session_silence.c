/* The silence that ends a server's session follows the interval of its client's heartbeats, in virtual time:
 * a session must not end because of its client's own settings. */
#include "proto/engine/session.h"
#include "tests/support/heartbeat_pair.h"

static struct session session = {.silence_ns = SESSION_SILENCE_S * (uint64_t)NS_PER_S};

static uint64_t silence_ns(const struct heartbeat *server)
{
	static struct session_snapshot snapshot;

	snapshot.port[PORT_DOWNLOAD].peer_interval_ns = server->peer_interval_ns;
	return session_silence_ns(&session, &snapshot);
}

static void beat(struct heartbeat *server, uint64_t now_ns)
{
	struct message m0 = text(WIRE_HEARTBEAT_0, "{\"timestamp\": 1}"), m1;

	assert_int_equal(heartbeat_give(server, &m0, now_ns, &m1), WIRE_OK);
}

/* A classic client only shows its interval. From the first beat on, the next one still finds the session. */
static void test_classic_client(void **state)
{
	static const struct {
		uint64_t interval_ms, silence_ms; /* once the interval is known */
	} rows[] = {{100, 15000}, {1000, 15000}, {3000, 15000}, {5000, 20000}, {6000, 24000}, {14000, 56000},
		{20000, 80000}, {50000, 200000}};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct heartbeat_plan plan = {.interval_ns = INTERVAL_NS};
		uint64_t interval_ns = rows[i].interval_ms * NS_PER_MS, now_ns = START_NS;
		struct heartbeat server;

		print_message("every %ju ms\n", (uintmax_t)rows[i].interval_ms);
		heartbeat_init(&server, &plan, START_NS);
		for (unsigned n = 0; n < 50; n++, now_ns += interval_ns) {
			beat(&server, now_ns);
			assert_true(silence_ns(&server) > interval_ns);
			if (n % 5 == 4) /* the network has doubled it */
				beat(&server, now_ns);
			if (n > 0) /* one may be lost */
				assert_true(silence_ns(&server) > 2 * interval_ns);
		}
		for (unsigned n = 0; n < 50; n++, now_ns += interval_ns)
			beat(&server, now_ns);
		assert_in_range(silence_ns(&server), rows[i].silence_ms * NS_PER_MS,
			rows[i].silence_ms * NS_PER_MS + NS_PER_MS);
	}
}

/* A client that comes back after a day is not believed to beat once a day. */
static void test_longest_interval(void **state)
{
	struct heartbeat_plan plan = {.interval_ns = INTERVAL_NS};
	struct heartbeat server;

	(void)state;
	heartbeat_init(&server, &plan, START_NS);
	beat(&server, START_NS);
	beat(&server, START_NS + UINT64_C(86400) * NS_PER_S);
	assert_int_equal(
		silence_ns(&server), SESSION_SILENCE_BEATS * HEARTBEAT_LONGEST_S * UINT64_C(1000000000));
}

/* An extended client says what its interval is, so that it counts before the first one has passed; beats that
 * are hurried by a test say nothing of it. */
static void test_extended_client(void **state)
{
	static const struct {
		uint64_t interval_ms, silence_ms;
	} rows[] = {{1, 15000}, {1000, 15000}, {5000, 20000}, {60000, 240000}, {3600000, 14400000}};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct heartbeat_plan plan = {
			.is_client = true, .extended = true, .interval_ns = rows[i].interval_ms * NS_PER_MS};
		struct heartbeat client, server;
		struct message m0, m1;

		print_message("every %ju ms\n", (uintmax_t)rows[i].interval_ms);
		heartbeat_init(&client, &plan, START_NS);
		plan = (struct heartbeat_plan){.extended = true, .interval_ns = NS_PER_S};
		heartbeat_init(&server, &plan, START_NS);
		assert_int_equal(silence_ns(&server), session.silence_ns);
		heartbeat_hurry(&client, 100000000, START_NS);
		m0 = begin(&client, START_NS);
		assert_int_equal(heartbeat_give(&server, &m0, START_NS, &m1), WIRE_OK);
		assert_int_equal(silence_ns(&server), rows[i].silence_ms * NS_PER_MS);
	}
}

/* What is no interval is no heartbeat. */
static void test_bad_interval(void **state)
{
	static const char *const rows[] = {
		"{\"timestamp\": 1, \"interval_ms\": 0}",
		"{\"timestamp\": 1, \"interval_ms\": 3600001}",
		"{\"timestamp\": 1, \"interval_ms\": -5}",
		"{\"timestamp\": 1, \"interval_ms\": \"5\"}",
		"{\"timestamp\": 1, \"interval_ms\": null}",
	};
	struct heartbeat_plan plan = {.extended = true, .interval_ns = NS_PER_S};
	struct heartbeat server;
	struct message m0, m1;

	(void)state;
	heartbeat_init(&server, &plan, START_NS);
	for (size_t i = 0; i < COUNT(rows); i++) {
		print_message("%s\n", rows[i]);
		m0 = text(WIRE_HEARTBEAT_0, rows[i]);
		assert_int_equal(heartbeat_give(&server, &m0, START_NS, &m1), REJECT_BODY);
		assert_int_equal(silence_ns(&server), session.silence_ns);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_classic_client),
		cmocka_unit_test(test_longest_interval),
		cmocka_unit_test(test_extended_client),
		cmocka_unit_test(test_bad_interval),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
