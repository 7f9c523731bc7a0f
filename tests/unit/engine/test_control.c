/* One side of the conversation at a time: what it sends and when, and what it makes of the answers.
 */
#include "tests/support/control_side.h"

static void test_command(void **state)
{
	struct control_packet packet;
	struct classic_command m;
	struct control c;

	(void)state;
	control_init(&c, true, false, REPEAT_NS, KEY);
	assert_int_equal(control_due(&c, START_NS), CLOCK_NEVER);
	assert_int_equal(control_start(&c, &order, START_NS), 0);
	assert_int_equal(control_start(&c, &order, START_NS), -EBUSY);
	assert_int_equal(packets(&c, START_NS, &packet), 1);
	assert_int_equal(packet.header.type, WIRE_CONTROL);
	assert_int_equal(packet.header.sequence, 0);
	assert_int_equal(packet.header.offset, 0);
	assert_false(is_ack(&packet));
	assert_int_equal(classic_decode_command((uint8_t *)packet.body, packet.size, &m), WIRE_OK);
	assert_int_equal(m.channel, packet.header.channel);
	assert_int_equal(m.duration_s, 2);
	assert_false(m.is_ack);
	assert_int_equal(packets(&c, START_NS + REPEAT_NS - 1, &packet), 0);
	assert_int_equal(packets(&c, START_NS + REPEAT_NS, &packet), 1);
	assert_int_equal(packet.header.sequence, 1);
}

/* A classic server may begin to count anew with each BWUP: whatever ucm_delay says, they don't follow on each
 * other's heels. */
static void test_repeats_to_classic_servers(void **state)
{
	static const struct {
		const char *name;
		bool is_client, extended;
		uint64_t wanted_ms, ms;
	} rows[] = {
		{"a classic server", true, false, 100, 500},
		{"... and a hasty user", true, false, 1, 500},
		{"... and a patient one", true, false, 2000, 2000},
		{"an extended server", true, true, 100, 100},
		{"a classic client", false, false, 100, 100},
		{"an extended client", false, true, 100, 100},
	};
	struct control_packet packet;
	struct control c;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		uint64_t repeat_ns =
			control_repeat_ns(rows[i].is_client, rows[i].extended, rows[i].wanted_ms * NS_PER_MS);

		print_message("%s\n", rows[i].name);
		assert_int_equal(repeat_ns, rows[i].ms * NS_PER_MS);
		if (!rows[i].is_client)
			continue;
		control_init(&c, true, rows[i].extended, repeat_ns, KEY);
		assert_int_equal(control_start(&c, &order, START_NS), 0);
		assert_int_equal(packets(&c, START_NS, &packet), 1);
		assert_int_equal(packets(&c, START_NS + repeat_ns - 1, &packet), 0);
		assert_int_equal(packets(&c, START_NS + repeat_ns, &packet), 1);
	}
}

/* What is repeated, how often, and what becomes of it when no answer ever comes. */
static void test_repeated_until_given_up(void **state)
{
	static const struct {
		const char *name;
		bool is_client;
		enum point point;
		uint64_t seconds;
		unsigned packets;
		enum test_phase end;
	} rows[] = {
		{"the command", true, ASKING, CONTROL_ASK_S, 99, TEST_FAILED},
		{"nothing, while the result is awaited", true, AWAITING, 2 + CONTROL_AWAIT_S, 0,
			TEST_INCOMPLETE},
		{"the result", false, AWAITING, 2 + CONTROL_RESULT_S, 99, TEST_INCOMPLETE},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		uint64_t end_ns = START_NS + rows[i].seconds * SECOND, now_ns = START_NS;
		struct control_packet packet;
		char guid[TEST_UID_BYTES];
		unsigned sent = 0;
		struct control c;

		print_message("%s\n", rows[i].name);
		if (rows[i].is_client)
			open_client(&c, rows[i].point);
		else
			open_server(&c, rows[i].point, guid);
		for (;;) {
			now_ns = control_due(&c, now_ns);
			assert_in_range(now_ns, START_NS, end_ns);
			if (now_ns == end_ns)
				break;
			sent += packets(&c, now_ns, &packet);
		}
		assert_int_equal(sent, rows[i].packets);
		assert_int_equal(control_due(&c, end_ns), CLOCK_NEVER);
		assert_int_equal(phase(&c), rows[i].end);
		assert_int_equal(packets(&c, end_ns + SECOND, &packet), 0);
		assert_no_mail(&c);
	}
}

/* Without a result the last report says what has arrived. */
static void test_awaited_in_vain(void **state)
{
	static const struct {
		const char *name;
		uint64_t reports, packets;
	} rows[] = {{"no report", 0, 0}, {"some", 4, 40}};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct test_record *r;
		struct control c;

		print_message("%s\n", rows[i].name);
		open_client(&c, AWAITING);
		c.test[0].record.sent.count.reports = rows[i].reports;
		c.test[0].record.sent.count.heard_packets = rows[i].packets;
		control_due(&c, START_NS + 60 * SECOND);
		r = &c.test[0].record;
		assert_int_equal(r->phase, TEST_INCOMPLETE);
		assert_int_equal(r->received.known, rows[i].reports > 0 ? RECEIVED_TOTALS : RECEIVED_NOTHING);
		assert_false(r->received.known == RECEIVED_COUNTERS);
		assert_int_equal(r->received.count.packets, rows[i].packets);
		assert_int_equal(r->received.count.bytes, rows[i].packets * DATAGRAM);
		assert_int_equal(r->sent.count.packets, 50);
	}
}

/* A source may end at its budget; the server doesn't know, and answers when the whole time is up. */
static void test_result_after_an_early_end(void **state)
{
	uint64_t end_ns = START_NS + order.duration_ns + CONTROL_AWAIT_S * SECOND;
	struct control c;

	(void)state;
	for (int came = 0; came <= 1; came++) {
		open_client(&c, RUNNING);
		work_done(&c, MAIL_SOURCE_DONE, START_NS + 10 * MS);
		assert_int_equal(control_due(&c, START_NS + 10 * MS), end_ns);
		if (came)
			assert_int_equal(give_result(&c, GUID, 45000, "", end_ns - 1), WIRE_OK);
		control_due(&c, end_ns);
		assert_int_equal(phase(&c), came ? TEST_COMPLETE : TEST_INCOMPLETE);
	}
}

static void test_result_of_many_servers(void **state)
{
	static const struct {
		const char *name, *more;
		uint64_t packets, unique;
		bool counts_known;
	} rows[] = {
		{"older: it doesn't count packets", "", 45, 0, false},
		{"classic", ",\"packet_count\":46", 46, 0, false},
		{"ours",
			",\"packet_count\":46,\"unique_packets\":40,\"duplicates\":6,\"reordered\":"
			"5,"
			"\"socket_drops\":4",
			46, 40, true},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct test_record *r;
		struct control c;

		print_message("%s\n", rows[i].name);
		open_client(&c, AWAITING);
		assert_int_equal(give_result(&c, GUID, 45999, rows[i].more, START_NS + 3 * SECOND), WIRE_OK);
		r = &c.test[0].record;
		assert_int_equal(r->phase, TEST_COMPLETE);
		assert_true(r->received.known);
		assert_int_equal(r->received.known == RECEIVED_COUNTERS, rows[i].counts_known);
		assert_int_equal(r->received.count.bytes, 45999);
		assert_int_equal(r->received.count.packets, rows[i].packets);
		assert_int_equal(r->received.count.unique_packets, rows[i].unique);
		assert_int_equal(r->received.count.duplicates, rows[i].counts_known ? 6 : 0);
		assert_int_equal(r->received.count.reordered, rows[i].counts_known ? 5 : 0);
		assert_int_equal(r->received.count.host_drops, rows[i].counts_known ? 4 : 0);
		assert_int_equal(r->received.count.retransmitted_packets, 7);
		assert_string_equal(r->uid, UID);
	}
}

/* The result comes while data is still being sent: it is acknowledged, the source is told to stop,
 * and the record is closed when its counters are there. */
static void test_early_result(void **state)
{
	struct control_packet packet;
	struct control c;

	(void)state;
	open_client(&c, RUNNING);
	assert_int_equal(give_result(&c, GUID, 45000, "", START_NS + SECOND), WIRE_OK);
	assert_int_equal(packets(&c, START_NS + SECOND, &packet), 1);
	assert_true(is_ack(&packet));
	assert_mail(&c, MAIL_STOP_SOURCE);
	assert_int_equal(give_result(&c, GUID, 45000, "", START_NS + SECOND + REPEAT_NS), WIRE_OK);
	assert_no_mail(&c);
	assert_int_equal(phase(&c), TEST_RUNNING);
	work_done(&c, MAIL_SOURCE_DONE, START_NS + SECOND + REPEAT_NS);
	assert_int_equal(phase(&c), TEST_COMPLETE);
	assert_int_equal(c.test[0].record.received.count.bytes, 45000);
	assert_int_equal(c.test[0].record.sent.count.packets, 50);
	assert_int_equal(control_due(&c, START_NS + 2 * SECOND), CLOCK_NEVER);
}

/* A second test while one runs is not answered; once the first one's data is over, it is. */
static void test_busy(void **state)
{
	struct control_packet packet;
	char guid[TEST_UID_BYTES];
	struct mail mail;
	struct control c;

	(void)state;
	open_server(&c, RUNNING, guid);
	assert_int_equal(ask(&c, CHANNEL + 1, START_NS + SECOND), WIRE_OK);
	assert_int_equal(packets(&c, START_NS + SECOND, &packet), 0);
	assert_no_mail(&c);
	work_done(&c, MAIL_SINK_DONE, START_NS + 2 * SECOND);
	assert_int_equal(ask(&c, CHANNEL + 1, START_NS + 2 * SECOND), WIRE_OK);
	assert_int_equal(grant(&c, START_NS + 2 * SECOND), 1);
	assert_true(control_mail(&c, &mail));
	assert_int_equal(mail.kind, MAIL_OPEN_SINK);
	assert_int_equal(mail.order.channel, CHANNEL + 1);
	assert_int_equal(mail.order.start_ns, START_NS + 2 * SECOND);
	/* The result of the first, the acknowledgement of the second. */
	assert_int_equal(packets(&c, START_NS + 2 * SECOND, &packet), 2);
	assert_int_equal(packet.header.channel, CHANNEL + 1);
}

/* Results that nobody acknowledges keep their slots until they are given up. */
static void test_no_slot_is_free(void **state)
{
	uint64_t now_ns = START_NS;
	struct control c;
	struct mail mail;

	(void)state;
	control_init(&c, false, false, REPEAT_NS, KEY);
	for (unsigned i = 0; i < CONTROL_TESTS; i++, now_ns += SECOND / 10) {
		struct mail done = {.kind = MAIL_SINK_DONE, .order = {.channel = CHANNEL + i}};

		assert_int_equal(ask(&c, CHANNEL + i, now_ns), WIRE_OK);
		assert_int_equal(grant(&c, now_ns), 1);
		assert_true(control_mail(&c, &mail));
		control_take_mail(&c, &done, now_ns);
	}
	assert_int_equal(ask(&c, CHANNEL - 1, now_ns), WIRE_OK);
	assert_int_equal(grant(&c, now_ns), 0);
	assert_false(control_mail(&c, &mail));
	now_ns = START_NS + CONTROL_RESULT_S * SECOND;
	control_due(&c, now_ns);
	/* Nor before the listener knows that it has ended. */
	assert_int_equal(ask(&c, CHANNEL - 1, now_ns), WIRE_OK);
	assert_int_equal(grant(&c, now_ns), 0);
	assert_int_equal(ask(&c, CHANNEL - 1, now_ns), WIRE_OK);
	assert_int_equal(grant(&c, now_ns), 1);
	assert_true(control_mail(&c, &mail));
	assert_int_equal(mail.order.channel, CHANNEL - 1);
	assert_int_equal(c.test[0].record.id, CONTROL_TESTS + 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_command),
		cmocka_unit_test(test_repeats_to_classic_servers),
		cmocka_unit_test(test_repeated_until_given_up),
		cmocka_unit_test(test_awaited_in_vain),
		cmocka_unit_test(test_result_after_an_early_end),
		cmocka_unit_test(test_result_of_many_servers),
		cmocka_unit_test(test_early_result),
		cmocka_unit_test(test_busy),
		cmocka_unit_test(test_no_slot_is_free),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
