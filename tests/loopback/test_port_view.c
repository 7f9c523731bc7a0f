/* One CONTROL port, stepped by hand, and a peer that sends what it likes on the heartbeats' channel: only a
 * question of this session is answered, only from the proven address, and not without limit; only an answer
 * that was asked for is taken. */
#include "tests/support/port_scene.h"

#include "proto/wire/server_view_body.h"

enum { FLOOD = 50, STEPS = 77, QUIET_MS = 60000 };

#define QUESTION "{\"cmd\":\"VIEW\"}"
#define PADDED   QUESTION "                "

static void give_control(struct scene *s, const char *body, size_t size)
{
	struct wire_header h = {.type = WIRE_CONTROL, .channel = KEY};

	port_scene_give(s, &s->peer->to, &s->seal, h, body, size);
}

/* What has come back of CONTROL since the last call; the last one's body in `body`, unless NULL. */
static unsigned received(struct scene *s, struct udp_socket *at, char body[WIRE_BODY_BYTES], size_t *size)
{
	struct udp_datagram d;
	struct wire_header h;
	unsigned n = 0;

	while (udp_receive(at, s->peer->batch, NULL) > 0) {
		while (udp_next(s->peer->batch, &d)) {
			assert_in_range(d.size, WIRE_HEADER_BYTES, WIRE_MAX_BYTES);
			assert_int_equal(wire_decode(d.bytes, d.size, &h), WIRE_OK);
			if (s->it->extended)
				assert_int_equal(seal_open(&s->seal, &h, d.bytes, &d.size), WIRE_OK);
			if (h.type != WIRE_CONTROL)
				continue;
			assert_int_equal(h.channel, KEY);
			n++;
			if (!body)
				continue;
			*size = d.size - WIRE_HEADER_BYTES;
			memcpy(body, d.bytes + WIRE_HEADER_BYTES, *size);
		}
	}
	return n;
}

#define BWUP "{\"cmd\":\"BWUP\",\"channel\":26970,\"duration\":2,\"rate\":0,\"length\":1000}"

static void test_who_is_answered(void **state)
{
	static const struct {
		const char *name;
		enum port_kind kind;
		bool classic, elsewhere;
		const uint8_t *secret; /* NULL: not sealed */
		enum wire_type type;
		uint32_t channel;
		const char *body;
		enum wire_reject reason;
	} rows[] = {
		{"a question", PORT_CONTROL, false, false, secret, WIRE_CONTROL, KEY, QUESTION, WIRE_OK},
		{"from elsewhere", PORT_CONTROL, false, true, secret, WIRE_CONTROL, KEY, QUESTION,
			REJECT_PEER},
		{"not sealed", PORT_CONTROL, false, false, NULL, WIRE_CONTROL, KEY, PADDED, REJECT_TAG},
		{"not sealed, too short for a seal", PORT_CONTROL, false, false, NULL, WIRE_CONTROL, KEY,
			QUESTION, REJECT_SHORT},
		{"another session's", PORT_CONTROL, false, false, other, WIRE_CONTROL, KEY, QUESTION,
			REJECT_TAG},
		{"classic", PORT_CONTROL, true, false, NULL, WIRE_CONTROL, KEY, QUESTION, REJECT_CHANNEL},
		{"another port", PORT_UPLOAD, false, false, secret, WIRE_CONTROL, KEY, QUESTION, REJECT_TYPE},
		{"another type", PORT_CONTROL, false, false, secret, WIRE_TEST_RESULT, KEY, QUESTION,
			REJECT_CHANNEL},
		{"another channel", PORT_CONTROL, false, false, secret, WIRE_CONTROL, KEY + 1, QUESTION,
			REJECT_BODY},
		{"a test", PORT_CONTROL, false, false, secret, WIRE_CONTROL, KEY, BWUP, REJECT_BODY},
		{"an answer", PORT_CONTROL, false, false, secret, WIRE_CONTROL, KEY,
			"{\"cmd\":\"VIEW\",\"ack\":0}", REJECT_BODY},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct scene *s = port_scene_open(rows[i].kind, false, !rows[i].classic);
		struct wire_header h = {.type = rows[i].type, .channel = rows[i].channel};
		bool good = rows[i].reason == WIRE_OK;
		struct seal seal;

		print_message("%s\n", rows[i].name);
		seal_init(&seal, true, rows[i].kind, rows[i].secret ? rows[i].secret : secret);
		port_scene_give(s, rows[i].elsewhere ? &s->peer->from : &s->peer->to,
			rows[i].secret ? &seal : NULL, h, rows[i].body, strlen(rows[i].body));
		assert_int_equal(received(s, &s->peer->to, NULL, NULL), good);
		assert_int_equal(received(s, &s->peer->from, NULL, NULL), 0);
		assert_int_equal(s->it->stats.sent_packets, good);
		for (int reason = REJECT_SHORT; reason < WIRE_REJECTS; reason++)
			assert_int_equal(s->it->stats.rejected[reason], reason == (int)rows[i].reason);
		assert_int_equal(s->it->control.tests_begun, 0);
		port_scene_close(s);
	}
}

/* The answer tells what the three ports have published. */
static void test_answer(void **state)
{
	struct scene *s = port_scene_open(PORT_CONTROL, false, true);
	char body[WIRE_BODY_BYTES];
	struct server_view view;
	size_t size = 0;

	(void)state;
	for (unsigned kind = 0; kind < PORT_KINDS; kind++) {
		s->port[kind].published.steps = STEPS + kind;
		s->port[kind].published.state = PORT_UP;
	}
	s->port[PORT_UPLOAD].published.rejected[REJECT_TAG] = 3;
	s->port[PORT_UPLOAD].published.sink_active = true;
	give_control(s, QUESTION, strlen(QUESTION));
	assert_int_equal(received(s, &s->peer->to, body, &size), 1);
	assert_int_equal(server_view_body_decode((const uint8_t *)body, size, &view), WIRE_OK);
	assert_in_range(view.clock_ns, 1, clock_now_ns());
	for (unsigned kind = 0; kind < PORT_KINDS; kind++) {
		const struct server_view_port *p = &view.port[kind];

		assert_int_equal(p->state, PORT_UP);
		assert_int_equal(p->receive_buffer_bytes, s->port[kind].stats.receive_buffer_bytes);
		/* The port that was stepped may have published something newer. */
		if (kind != PORT_CONTROL)
			assert_int_equal(p->steps, STEPS + kind);
		assert_int_equal(p->rejected, kind == PORT_UPLOAD ? 3 : 0);
		assert_int_equal(p->sink_active, kind == PORT_UPLOAD);
		assert_false(p->source_active);
	}
	port_scene_close(s);
}

/* As many as the elapsed seconds allow; the others are not held against the peer. */
static void test_flood(void **state)
{
	struct scene *s = port_scene_open(PORT_CONTROL, false, true);
	uint64_t begin_ns = clock_now_ns(), seconds;
	unsigned answered;

	(void)state;
	for (unsigned i = 0; i < FLOOD; i++)
		give_control(s, QUESTION, strlen(QUESTION));
	seconds = (clock_now_ns() - begin_ns) / NS_PER_S;
	answered = received(s, &s->peer->to, NULL, NULL);
	assert_in_range(answered, SERVER_VIEW_ANSWERS, SERVER_VIEW_ANSWERS * (1 + seconds));
	assert_int_equal(s->it->stats.received_packets, FLOOD);
	assert_int_equal(s->it->stats.sent_packets, answered);
	for (int reason = REJECT_SHORT; reason < WIRE_REJECTS; reason++)
		assert_int_equal(s->it->stats.rejected[reason], 0);
	port_scene_close(s);
}

static void switch_watch(struct scene *s, bool on)
{
	struct mail mail = {.kind = MAIL_VIEW_SERVER, .on = on};

	assert_true(mailbox_post(&s->it->mailbox, &mail));
	port_step(s->it);
}

/* A port that doesn't ask sends no question, and takes no answer. */
static void test_who_asks(void **state)
{
	static const struct {
		const char *name;
		bool is_client, extended, up, on;
		bool asks;
	} rows[] = {
		{"a client that watches", true, true, true, true, true},
		{"switched off", true, true, true, false, false},
		{"not proven", true, true, false, true, false},
		{"classic", true, false, true, true, false},
		{"a server", false, true, true, true, false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct scene *s = port_scene_open(PORT_CONTROL, rows[i].is_client, rows[i].extended);
		uint64_t begin_ns, due_ns;
		char body[WIRE_BODY_BYTES];
		size_t size = 0;

		print_message("%s\n", rows[i].name);
		if (!rows[i].up)
			s->it->stats.state = PORT_WAITING;
		/* Nothing else is due for a long time. */
		s->options.client_block_ms = s->options.server_block_ms = QUIET_MS;
		s->it->heartbeat.next_ns = CLOCK_NEVER;
		begin_ns = clock_now_ns();
		switch_watch(s, rows[i].on);
		due_ns = port_step(s->it);
		if (rows[i].asks)
			assert_int_equal(due_ns, s->it->watch.ask_ns);
		else
			assert_true(due_ns >= begin_ns + clock_ms(QUIET_MS));
		assert_int_equal(received(s, &s->peer->to, body, &size), rows[i].asks);
		if (rows[i].asks)
			assert_int_equal(
				server_view_body_decode_question((const uint8_t *)body, size), WIRE_OK);
		assert_int_equal(s->it->watch.open, rows[i].asks);
		port_scene_close(s);
	}
}

static bool has_published(void *context)
{
	struct scene *s = context;
	struct server_view view;

	port_step(s->it);
	port_read_peer(s->it, &view);
	return view.taken_ns != 0;
}

static void test_takes_what_it_asked_for(void **state)
{
	struct scene *s = port_scene_open(PORT_CONTROL, true, true);
	struct server_view view = {.clock_ns = 5, .port[PORT_UPLOAD] = {.steps = STEPS}};
	uint64_t begin_ns = clock_now_ns();
	char body[WIRE_BODY_BYTES];
	size_t size = server_view_body_encode(body, &view);

	(void)state;
	give_control(s, body, size);
	assert_int_equal(s->it->stats.rejected[REJECT_CHANNEL], 1);
	switch_watch(s, true);
	assert_int_equal(received(s, &s->peer->to, NULL, NULL), 1);
	give_control(s, QUESTION, strlen(QUESTION));
	assert_int_equal(s->it->stats.rejected[REJECT_BODY], 1);
	assert_int_equal(s->it->watch.latest.taken_ns, 0);
	give_control(s, body, size);
	assert_int_equal(s->it->stats.rejected[REJECT_CHANNEL], 1);
	assert_true(wait_until(has_published, s));
	port_read_peer(s->it, &view);
	assert_in_range(view.taken_ns, begin_ns, clock_now_ns());
	assert_int_equal(view.clock_ns, 5);
	assert_int_equal(view.port[PORT_UPLOAD].steps, STEPS);
	port_scene_close(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_who_is_answered),
		cmocka_unit_test(test_answer),
		cmocka_unit_test(test_flood),
		cmocka_unit_test(test_who_asks),
		cmocka_unit_test(test_takes_what_it_asked_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
