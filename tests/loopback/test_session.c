/* Whole sessions on loopback, in every mode on either side: they come up, beat, carry a test each,
 * and stop without a trace. */
#include "tests/support/session_pair.h"

static void check_port(const struct world *w, unsigned pair, int side, int kind)
{
	const struct port_snapshot *p = seen(w, pair, side, kind);
	const struct port_snapshot *other = seen(w, pair, SIDES - 1 - side, kind);
	uint64_t now_ns = clock_now_ns();

	assert_int_equal(p->state, PORT_UP);
	assert_int_equal(p->error, 0);
	assert_int_equal(p->remote_port, other->local_port);
	assert_true(
		p->last_heard_ns <= now_ns && p->last_heard_ns > now_ns - WAIT_LIMIT_MS * UINT64_C(1000000));
	assert_true(p->latency.n <= p->latency.sent && p->latency.sent <= p->sent_packets);
	assert_true(p->latency.min_ns <= p->latency.p50_ns && p->latency.p50_ns <= p->latency.max_ns);
	assert_true(p->sent_bytes > p->sent_packets * WIRE_HEADER_BYTES);
	assert_true(p->received_bytes > p->received_packets * WIRE_HEADER_BYTES);
	assert_int_equal(p->send_errors, 0);
	for (int reason = 0; reason < WIRE_REJECTS; reason++)
		if (p->rejected[reason])
			fail_msg("%s of the %s refused %ju: %s", port_kind_name((enum port_kind)kind),
				side == CLIENT ? "client" : "server", (uintmax_t)p->rejected[reason],
				wire_reject_name((enum wire_reject)reason));
}

static void test_come_up_and_beat(void **state)
{
	struct world w;

	(void)state;
	world_init(&w);
	add_all_modes(&w);
	world_start(&w);
	w.round_trips = 3;
	assert_true(wait_until(has_round_trips, &w));
	for (unsigned i = 0; i < w.pairs; i++) {
		name_pair(i);
		for (int side = 0; side < SIDES; side++) {
			size_t mode = side == CLIENT ? i / COUNT(modes) : i % COUNT(modes);
			const struct side *s = w.pair[i][side];

			assert_int_equal(s->runner.threads, modes[mode].threads);
			assert_true(session_is_up(&s->snapshot));
			assert_true(session_heard_ns(&s->snapshot) > s->session.opened_ns);
			assert_int_equal(seen(&w, i, side, 0)->thread_id == seen(&w, i, side, 1)->thread_id,
				modes[mode].port == PARALLEL_SINGLE);
			for (int kind = 0; kind < PORT_KINDS; kind++)
				check_port(&w, i, side, kind);
		}
	}
	world_stop(&w);
}

/* What holds for a test that both sides know to be complete. */
static void check_test(const struct world *w, unsigned pair)
{
	struct test_record c = latest_test(w->pair[pair][CLIENT]);
	struct test_record s = latest_test(w->pair[pair][SERVER]);

	assert_int_equal(c.phase, TEST_COMPLETE);
	assert_int_equal(s.phase, TEST_COMPLETE);
	assert_int_equal(c.id, 1);
	assert_int_equal(s.id, 1);
	assert_int_equal(c.channel, s.channel);
	assert_string_equal(c.uid, s.uid);
	assert_true(c.received.known == RECEIVED_COUNTERS);
	assert_int_equal(c.received.count.packets, s.received.count.packets);
	assert_int_equal(c.received.count.bytes, s.received.count.bytes);
	assert_int_equal(c.received.count.unique_packets, s.received.count.unique_packets);
	assert_int_equal(c.received.count.duplicates, s.received.count.duplicates);
	assert_int_equal(
		s.received.count.packets, s.received.count.unique_packets + s.received.count.duplicates);
	assert_int_equal(s.received.count.bytes, s.received.count.packets * 937);
	assert_int_equal(c.sent.count.bytes, c.sent.count.packets * 937);
	assert_true(s.received.count.packets <= c.sent.count.packets);
	assert_in_range(c.sent.count.packets, 1, RATE_BPS / 8 / 937 + 2);
	assert_true(c.sent.duration_ns <= NS_PER_S);
	assert_false(seen(w, pair, CLIENT, PORT_UPLOAD)->source_active);
	assert_false(seen(w, pair, SERVER, PORT_UPLOAD)->sink_active);
}

static void test_upload(void **state)
{
	struct world w;

	(void)state;
	world_init(&w);
	add_all_modes(&w);
	world_start(&w);
	w.round_trips = 1;
	assert_true(wait_until(has_round_trips, &w));
	start_tests(&w);
	assert_true(wait_until(all_tests_over, &w));
	for (unsigned i = 0; i < w.pairs; i++) {
		struct test_record c = latest_test(w.pair[i][CLIENT]);

		name_pair(i);
		check_test(&w, i);
		/* Loopback with large buffers loses nothing and doubles nothing. */
		assert_int_equal(c.received.count.packets, c.sent.count.packets);
		assert_int_equal(c.received.count.duplicates, 0);
		assert_int_equal(c.sent.count.retransmitted_packets, 0);
		assert_true(c.sent.count.reports > 0);
		for (int kind = 0; kind < PORT_KINDS; kind++)
			check_port(&w, i, SERVER, kind);
	}
	world_stop(&w);
}

/* Each side loses 20 % of its datagrams and holds the others back for 5 ms. */
static void test_bad_weather(void **state)
{
	struct world w;
	unsigned lost = 0;

	(void)state;
	world_init(&w);
	add_all_modes(&w);
	for (unsigned i = 0; i < w.pairs * SIDES; i++) {
		struct options *o = &w.pair[i / SIDES][i % SIDES]->options;

		o->test_drop_rate = .2;
		o->test_delay_ms = 5;
	}
	world_start(&w);
	w.round_trips = 2;
	assert_true(wait_until(has_round_trips, &w));
	start_tests(&w);
	assert_true(wait_until(all_tests_over, &w));
	for (unsigned i = 0; i < w.pairs; i++) {
		struct test_record c = latest_test(w.pair[i][CLIENT]);

		name_pair(i);
		check_test(&w, i);
		lost += c.received.count.packets < c.sent.count.packets;
		assert_true(seen(&w, i, CLIENT, PORT_CONTROL)->latency.min_ns >= 10 * UINT64_C(1000000));
	}
	assert_true(lost > 0);
	world_stop(&w);
}

/* The user stops the tests. The clients don't wait for what classic servers say once the full time is up:
 * they keep what the last report showed. The servers end with what arrived. */
static void test_stopped_by_the_user(void **state)
{
	struct world w;

	(void)state;
	world_init(&w);
	add_all_modes(&w);
	world_start(&w);
	w.round_trips = 1;
	assert_true(wait_until(has_round_trips, &w));
	start_tests(&w);
	assert_true(wait_until(all_tests_run, &w));
	for (unsigned i = 0; i < w.pairs; i++)
		assert_true(session_stop_test(&w.pair[i][CLIENT]->session));
	assert_true(wait_until(all_tests_over, &w));
	for (unsigned i = 0; i < w.pairs; i++) {
		struct test_record c = latest_test(w.pair[i][CLIENT]);
		struct test_record s = latest_test(w.pair[i][SERVER]);

		name_pair(i);
		assert_int_equal(c.phase, TEST_INCOMPLETE);
		assert_int_equal(s.phase, TEST_COMPLETE);
		assert_int_equal(c.channel, s.channel);
		assert_string_equal(c.uid, s.uid);
		assert_true(c.sent.duration_ns < NS_PER_S);
		assert_int_equal(
			c.received.known, c.sent.count.reports > 0 ? RECEIVED_TOTALS : RECEIVED_NOTHING);
		assert_false(c.received.known == RECEIVED_COUNTERS);
		assert_int_equal(c.received.count.packets, c.sent.count.heard_packets);
		assert_true(c.received.count.packets <= s.received.count.unique_packets);
		assert_int_equal(s.received.count.packets, c.sent.count.packets);
		assert_int_equal(s.received.count.bytes, s.received.count.packets * 937);
	}
	world_stop(&w);
}

/* In the middle of everything. */
static void test_stopped_in_a_test(void **state)
{
	struct world w;

	(void)state;
	world_init(&w);
	add_all_modes(&w);
	world_start(&w);
	w.round_trips = 1;
	assert_true(wait_until(has_round_trips, &w));
	start_tests(&w);
	assert_true(wait_until(all_tests_run, &w));
	world_stop(&w);
}

/* Started and stopped at once, before anything has happened. */
static void test_stopped_at_once(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 10; i++) {
		struct world w;

		world_init(&w);
		add_all_modes(&w);
		world_start(&w);
		world_stop(&w);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_come_up_and_beat),
		cmocka_unit_test(test_upload),
		cmocka_unit_test(test_bad_weather),
		cmocka_unit_test(test_stopped_by_the_user),
		cmocka_unit_test(test_stopped_in_a_test),
		cmocka_unit_test(test_stopped_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
