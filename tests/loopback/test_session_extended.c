/* Whole sessions of extended peers on loopback, in every mode on either side: addresses are proven, tests of
 * both directions run at once and end with one record, and a peer with another secret is not heard. */
#include "proto/record/outcome.h"
#include "tests/support/session_pair.h"

static const uint8_t secret[SEAL_SECRET_BYTES] = "a secret that both sides hold";
static const uint8_t other[SEAL_SECRET_BYTES] = "a secret that only one side has";

static void share_secret(struct world *w)
{
	for (unsigned i = 0; i < w->pairs * SIDES; i++)
		w->pair[i / SIDES][i % SIDES]->secret = secret;
}

static bool all_are_up(void *context)
{
	struct world *w = context;

	world_look(w);
	for (unsigned i = 0; i < w->pairs * SIDES; i++)
		if (!session_is_up(&w->pair[i / SIDES][i % SIDES]->snapshot))
			return false;
	return true;
}

/* How many may come too late to be of use. To a client: answers to heartbeats from before its address was
 * proven. After a test, to a source that is closed: reports of a sink that still waits. */
static unsigned late(int side, int kind, int reason, bool after_test)
{
	if (reason == REJECT_SEQUENCE)
		return side == CLIENT ? 10 : 0;
	if (!after_test || reason != REJECT_CHANNEL)
		return 0;
	return kind == (side == CLIENT ? PORT_UPLOAD : PORT_DOWNLOAD) ? SINK_LINGER_MS / SINK_REPORT_MS : 0;
}

static void check_ports(const struct world *w, unsigned pair, bool after_test)
{
	for (unsigned i = 0; i < SIDES * PORT_KINDS; i++) {
		int side = (int)(i / PORT_KINDS), kind = (int)(i % PORT_KINDS);
		const struct port_snapshot *p = seen(w, pair, side, kind);

		assert_int_equal(p->state, PORT_UP);
		assert_int_equal(p->remote_port, seen(w, pair, SIDES - 1 - side, kind)->local_port);
		assert_int_equal(p->send_errors, 0);
		for (int reason = 0; reason < WIRE_REJECTS; reason++)
			if (p->rejected[reason] > late(side, kind, reason, after_test))
				fail_msg("%s of the %s refused %ju: %s", port_kind_name((enum port_kind)kind),
					side == CLIENT ? "client" : "server", (uintmax_t)p->rejected[reason],
					wire_reject_name((enum wire_reject)reason));
	}
}

/* What each port has sent besides the data of its only test, with IPv4 and UDP headers. */
static void check_side_bytes(const struct world *w, unsigned pair)
{
	for (unsigned i = 0; i < SIDES * PORT_KINDS; i++) {
		const struct port_snapshot *p = seen(w, pair, (int)(i / PORT_KINDS), (int)(i % PORT_KINDS));
		uint64_t packets = p->sent_packets - p->source.packets;

		assert_int_not_equal(packets, 0);
		assert_int_equal(p->side_bytes, p->sent_bytes - p->source.bytes + 28 * packets);
	}
}

static bool all_paths_are_known(void *context)
{
	struct world *w = context;

	world_look(w);
	for (unsigned i = 0; i < w->pairs; i++)
		if (seen(w, i, CLIENT, PORT_UPLOAD)->path_searching)
			return false;
	return true;
}

static void test_come_up_and_beat(void **state)
{
	struct world w;

	(void)state;
	world_init(&w);
	add_all_modes(&w);
	share_secret(&w);
	world_start(&w);
	w.round_trips = 3;
	assert_true(wait_until(all_are_up, &w));
	assert_true(wait_until(has_round_trips, &w));
	assert_true(wait_until(all_paths_are_known, &w));
	for (unsigned i = 0; i < w.pairs; i++) {
		name_pair(i);
		check_ports(&w, i, false);
		check_side_bytes(&w, i);
		assert_false(seen(&w, i, CLIENT, PORT_UPLOAD)->path_hole);
		assert_in_range(seen(&w, i, CLIENT, PORT_UPLOAD)->path_bytes, WIRE_MAX_BYTES, UINT16_MAX);
	}
	world_stop(&w);
}

static void start_both(struct world *w)
{
	for (unsigned i = 0; i < w->pairs * 2; i++) {
		struct test_order order = {
			.direction = i % 2 ? TEST_DOWN : TEST_UP,
			.duration_ns = NS_PER_S,
			.rate_bps = RATE_BPS,
			.datagram_bytes = 937,
		};

		assert_true(session_start_test(&w->pair[i / 2][CLIENT]->session, &order));
	}
}

/* Each pair's two tests, on both sides, and the workers are idle. */
static bool both_are_over(void *context)
{
	struct world *w = context;

	world_look(w);
	for (unsigned i = 0; i < w->pairs * SIDES; i++) {
		const struct session_snapshot *n = &w->pair[i / SIDES][i % SIDES]->snapshot;

		if (n->tests < 2)
			return false;
		for (unsigned t = 0; t < n->tests; t++)
			if (n->test[t].phase < TEST_COMPLETE)
				return false;
		for (int kind = 0; kind < PORT_KINDS; kind++)
			if (n->port[kind].source_active || n->port[kind].sink_active)
				return false;
	}
	return true;
}

static bool both_run(void *context)
{
	struct world *w = context;

	world_look(w);
	for (unsigned i = 0; i < w->pairs; i++)
		if (seen(w, i, SERVER, PORT_UPLOAD)->sink.packets == 0 ||
			seen(w, i, CLIENT, PORT_DOWNLOAD)->sink.packets == 0)
			return false;
	return true;
}

static struct test_record test_in(const struct side *s, enum test_direction direction)
{
	const struct session_snapshot *n = &s->snapshot;

	for (unsigned t = 0; t < n->tests; t++)
		if (n->test[t].direction == direction)
			return n->test[t];
	fail_msg("no test in direction %d", direction);
	return (struct test_record){0};
}

/* Both sides hold the same record, and it adds up. */
static void check_agreement(
	const struct world *w, unsigned pair, enum test_direction direction, enum test_phase phase)
{
	struct test_record c = test_in(w->pair[pair][CLIENT], direction);
	struct test_record s = test_in(w->pair[pair][SERVER], direction);

	assert_int_equal(c.phase, phase);
	assert_int_equal(s.phase, phase);
	assert_true(outcome_is_agreed(&c) && outcome_is_agreed(&s));
	assert_string_equal(c.hash, s.hash);
	assert_string_equal(c.uid, s.uid);
	assert_int_equal(c.channel, s.channel);
	assert_int_equal(c.overhead_bytes, 28);
	assert_int_equal(s.overhead_bytes, 28);
	assert_int_equal(c.sent.count.packets, s.sent.count.packets);
	assert_int_equal(c.sent.count.retransmitted_packets, s.sent.count.retransmitted_packets);
	assert_int_equal(c.received.count.packets, s.received.count.packets);
	assert_int_equal(c.received.count.unique_packets, s.received.count.unique_packets);
	assert_int_equal(c.sent.duration_ns, s.sent.duration_ns);
	assert_true(c.sent.duration_ns <= NS_PER_S);
	assert_in_range(c.sent.count.packets, 1, RATE_BPS / 8 / 937 + 3);
	assert_int_equal(c.sent.count.bytes, c.sent.count.packets * 937);
	assert_int_equal(c.received.count.bytes, c.received.count.packets * 937);
	assert_int_equal(
		c.received.count.packets, c.received.count.unique_packets + c.received.count.duplicates);
	assert_true(c.received.count.packets <= c.sent.count.packets);
}

static void test_both_at_once(void **state)
{
	struct world w;

	(void)state;
	world_init(&w);
	add_all_modes(&w);
	share_secret(&w);
	world_start(&w);
	assert_true(wait_until(all_are_up, &w));
	start_both(&w);
	assert_true(wait_until(both_are_over, &w));
	for (unsigned i = 0; i < w.pairs; i++) {
		name_pair(i);
		for (int d = TEST_UP; d <= TEST_DOWN; d++) {
			struct test_record c = test_in(w.pair[i][CLIENT], (enum test_direction)d);

			check_agreement(&w, i, (enum test_direction)d, TEST_COMPLETE);
			/* Loopback with large buffers loses nothing and doubles nothing. */
			assert_int_equal(c.received.count.unique_packets, c.sent.count.packets);
			assert_int_equal(c.sent.count.retransmitted_packets, 0);
		}
		check_ports(&w, i, true);
		check_side_bytes(&w, i);
	}
	world_stop(&w);
}

/* Each side loses 20 % of its datagrams and holds the others back for 5 ms. A download may starve on the way,
 * but both agree on what there was. */
static void test_bad_weather(void **state)
{
	uint64_t lost = 0, retransmitted = 0;
	struct world w;

	(void)state;
	world_init(&w);
	add_all_modes(&w);
	share_secret(&w);
	for (unsigned i = 0; i < w.pairs * SIDES; i++) {
		struct options *o = &w.pair[i / SIDES][i % SIDES]->options;

		o->test_drop_rate = .2;
		o->test_delay_ms = 5;
	}
	world_start(&w);
	assert_true(wait_until(all_are_up, &w));
	start_both(&w);
	assert_true(wait_until(both_are_over, &w));
	for (unsigned i = 0; i < w.pairs; i++) {
		struct test_record down = test_in(w.pair[i][CLIENT], TEST_DOWN);

		name_pair(i);
		check_agreement(&w, i, TEST_UP, TEST_COMPLETE);
		check_agreement(&w, i, TEST_DOWN, down.phase);
		assert_int_not_equal(down.phase, TEST_FAILED);
		lost += down.sent.count.packets - down.received.count.packets;
		retransmitted += down.sent.count.retransmitted_packets;
	}
	assert_true(lost > 0);
	assert_true(retransmitted > 0);
	world_stop(&w);
}

static void test_stopped_by_the_user(void **state)
{
	struct world w;

	(void)state;
	world_init(&w);
	add_all_modes(&w);
	share_secret(&w);
	world_start(&w);
	assert_true(wait_until(all_are_up, &w));
	start_both(&w);
	assert_true(wait_until(both_run, &w));
	for (unsigned i = 0; i < w.pairs; i++)
		assert_true(session_stop_test(&w.pair[i][CLIENT]->session));
	assert_true(wait_until(both_are_over, &w));
	for (unsigned i = 0; i < w.pairs; i++) {
		name_pair(i);
		for (int d = TEST_UP; d <= TEST_DOWN; d++) {
			struct test_record c = test_in(w.pair[i][CLIENT], (enum test_direction)d);

			check_agreement(&w, i, (enum test_direction)d, TEST_INCOMPLETE);
			assert_true(c.sent.duration_ns < c.granted_duration_ns);
		}
	}
	world_stop(&w);
}

/* The server has refused this many on each of its ports, or the client on each of its own. */
static bool all_refuse(void *context)
{
	struct world *w = context;

	world_look(w);
	for (unsigned i = 0; i < w->pairs * PORT_KINDS; i++)
		if (seen(w, i / PORT_KINDS, SERVER, (int)(i % PORT_KINDS))->received_packets < 5)
			return false;
	return true;
}

static void test_different_secrets(void **state)
{
	static const struct {
		const char *name;
		const uint8_t *client, *server;
		enum wire_reject reason;
	} rows[] = {
		{"different ones", other, secret, REJECT_TAG},
		{"a classic client, an extended server", NULL, secret, REJECT_TAG},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct world w;
		struct side **pair;

		print_message("%s\n", rows[i].name);
		world_init(&w);
		pair = world_add(&w);
		pair[CLIENT]->secret = rows[i].client;
		pair[SERVER]->secret = rows[i].server;
		world_start(&w);
		assert_true(wait_until(all_refuse, &w));
		world_look(&w);
		for (int side = 0; side < SIDES; side++) {
			assert_false(session_is_up(&pair[side]->snapshot));
			assert_int_equal(session_heard_ns(&pair[side]->snapshot), 0);
		}
		for (int kind = 0; kind < PORT_KINDS; kind++) {
			const struct port_snapshot *s = seen(&w, 0, SERVER, kind);

			assert_int_equal(s->state, PORT_WAITING);
			assert_int_equal(s->rejected[rows[i].reason], s->received_packets);
			assert_int_equal(s->sent_packets, 0);
			assert_int_equal(s->remote_port, 0);
			assert_int_equal(seen(&w, 0, CLIENT, kind)->received_packets, 0);
		}
		world_stop(&w);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_come_up_and_beat),
		cmocka_unit_test(test_both_at_once),
		cmocka_unit_test(test_bad_weather),
		cmocka_unit_test(test_stopped_by_the_user),
		cmocka_unit_test(test_different_secrets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
