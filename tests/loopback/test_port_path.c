/* One UPLOAD port, stepped by hand, and a peer that sends what it likes about the path's largest datagram:
 * only a question of this session is answered, only to the proven address, with as many bytes, and not
 * without limit; only an answer that was asked for is taken. */
#include "tests/support/port_scene.h"

enum { FLOOD = 200, HEARD = 64, HOLE_BYTES = 1000, SEALED = WIRE_HEADER_BYTES + SEAL_TAG_BYTES };

/* A question, or an answer to it, that is `bytes` long as a datagram. */
static void give_sized(struct scene *s, uint32_t number, size_t bytes)
{
	struct wire_header h = {.type = WIRE_DATA, .channel = KEY};
	char body[WIRE_MAX_BYTES] = {0};

	wire_encode_question((uint8_t *)body, number);
	port_scene_give(s, &s->peer->to, &s->seal, h, body, bytes - SEALED);
}

/* What the port has sent about the path since the last call. */
struct heard {
	unsigned n;
	size_t bytes[HEARD];
	uint32_t number[HEARD];
};

static struct heard hear(struct scene *s, struct udp_socket *at)
{
	struct heard heard = {0};
	struct udp_datagram d;
	struct wire_header h;

	while (udp_receive(at, s->peer->batch, NULL) > 0) {
		while (udp_next(s->peer->batch, &d)) {
			size_t bytes = d.size;

			assert_int_equal(wire_decode(d.bytes, d.size, &h), WIRE_OK);
			if (s->it->extended)
				assert_int_equal(seal_open(&s->seal, &h, d.bytes, &d.size), WIRE_OK);
			if (h.type != WIRE_DATA)
				continue;
			assert_int_equal(h.channel, KEY);
			assert_in_range(heard.n, 0, HEARD - 1);
			heard.bytes[heard.n] = bytes;
			heard.number[heard.n++] = wire_decode_question(d.bytes + WIRE_HEADER_BYTES);
		}
	}
	return heard;
}

static void test_who_is_answered(void **state)
{
	static const struct {
		const char *name;
		enum port_kind kind;
		bool classic, elsewhere;
		const uint8_t *secret; /* NULL: not sealed */
		uint32_t channel;
		size_t size; /* of the body */
		enum wire_reject reason;
	} rows[] = {
		{"a question", PORT_UPLOAD, false, false, secret, KEY, 1364, WIRE_OK},
		{"a small one", PORT_UPLOAD, false, false, secret, KEY, WIRE_QUESTION_BYTES, WIRE_OK},
		{"without a number", PORT_UPLOAD, false, false, secret, KEY, WIRE_QUESTION_BYTES - 1,
			REJECT_SHORT},
		{"from elsewhere", PORT_UPLOAD, false, true, secret, KEY, 1364, REJECT_PEER},
		{"not sealed", PORT_UPLOAD, false, false, NULL, KEY, 1364, REJECT_TAG},
		{"another session's", PORT_UPLOAD, false, false, other, KEY, 1364, REJECT_TAG},
		{"another channel", PORT_UPLOAD, false, false, secret, KEY + 1, 1364, REJECT_CHANNEL},
		{"classic", PORT_UPLOAD, true, false, NULL, KEY, 1364, REJECT_TYPE},
		{"another port", PORT_CONTROL, false, false, secret, KEY, 1364, REJECT_TYPE},
		{"the third port", PORT_DOWNLOAD, false, false, secret, KEY, 1364, REJECT_TYPE},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct scene *s = port_scene_open(rows[i].kind, false, !rows[i].classic);
		struct wire_header h = {.type = WIRE_DATA, .channel = rows[i].channel};
		bool good = rows[i].reason == WIRE_OK;
		char body[WIRE_MAX_BYTES] = {0, 0, 1, 2};
		struct heard heard;
		struct seal seal;

		print_message("%s\n", rows[i].name);
		seal_init(&seal, true, rows[i].kind, rows[i].secret ? rows[i].secret : secret);
		port_scene_give(s, rows[i].elsewhere ? &s->peer->from : &s->peer->to,
			rows[i].secret ? &seal : NULL, h, body, rows[i].size);
		heard = hear(s, &s->peer->to);
		assert_int_equal(heard.n, good);
		assert_int_equal(heard.bytes[0], good ? rows[i].size + SEALED : 0);
		assert_int_equal(heard.number[0], good ? 258 : 0);
		assert_int_equal(hear(s, &s->peer->from).n, 0);
		assert_int_equal(s->it->stats.sent_packets, good);
		for (int reason = REJECT_SHORT; reason < WIRE_REJECTS; reason++)
			assert_int_equal(s->it->stats.rejected[reason], reason == (int)rows[i].reason);
		port_scene_close(s);
	}
}

/* As many as a search has, in the time that it takes; the others are no fault of the peer. */
static void test_flood(void **state)
{
	struct scene *s = port_scene_open(PORT_UPLOAD, false, true);
	uint64_t begin_ns = clock_now_ns(), windows;
	unsigned answered = 0;

	(void)state;
	for (unsigned i = 0; i < FLOOD; i++) {
		give_sized(s, i, WIRE_MAX_BYTES);
		answered += hear(s, &s->peer->to).n;
	}
	print_message("figure: %u questions about the path: %u answered\n", FLOOD, answered);
	windows = (clock_now_ns() - begin_ns) / (clock_ms(PATH_MTU_ENDS_MS));
	assert_in_range(answered, PATH_MTU_QUESTIONS, PATH_MTU_QUESTIONS * (1 + windows));
	assert_int_equal(s->it->stats.sent_packets, answered);
	port_scene_close(s);
}

/* A port that doesn't ask sends nothing that a peer might not know. */
static void test_who_asks(void **state)
{
	static const struct {
		const char *name;
		enum port_kind kind;
		bool is_client, extended, up, told, set;
		bool asks;
	} rows[] = {
		{"a client's UPLOAD port", PORT_UPLOAD, true, true, true, true, false, true},
		{"not proven", PORT_UPLOAD, true, true, false, true, false, false},
		{"an older server", PORT_UPLOAD, true, true, true, false, false, false},
		{"a given size", PORT_UPLOAD, true, true, true, true, true, false},
		{"another port", PORT_CONTROL, true, true, true, true, false, false},
		{"the third port", PORT_DOWNLOAD, true, true, true, true, false, false},
		{"a server", PORT_UPLOAD, false, true, true, true, false, false},
		{"classic", PORT_UPLOAD, true, false, true, true, false, false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct scene *s = port_scene_open_as(&(struct scene_plan){
			.kind = rows[i].kind,
			.is_client = rows[i].is_client,
			.extended = rows[i].extended,
			.asks_path = rows[i].told,
			.packet_length = rows[i].set ? 1000 : 0,
		});
		struct heard heard;

		print_message("%s\n", rows[i].name);
		if (!rows[i].up)
			s->it->stats.state = PORT_WAITING;
		port_step(s->it);
		heard = hear(s, &s->peer->to);
		assert_int_equal(heard.n, rows[i].asks);
		assert_int_equal(heard.bytes[0], rows[i].asks ? WIRE_MAX_BYTES : 0);
		assert_int_equal(s->it->path.active, rows[i].asks);
		port_scene_close(s);
	}
}

static uint64_t refused(const struct scene *s)
{
	return s->it->stats.rejected[REJECT_BODY] + s->it->stats.rejected[REJECT_SEQUENCE];
}

static struct port_snapshot look(struct scene *s)
{
	struct port_snapshot seen;

	s->it->publish_ns = 0; /* now, not milliseconds later */
	s->it->dirty = true;
	port_step(s->it);
	port_read(s->it, &seen, NULL);
	return seen;
}

static void test_takes_what_it_asked_for(void **state)
{
	struct scene *s = port_scene_open(PORT_UPLOAD, true, true);
	struct port_snapshot seen;

	(void)state;
	s->it->stats.state = PORT_WAITING;
	give_sized(s, 0, WIRE_MAX_BYTES);
	assert_int_equal(refused(s), 1);
	s->it->stats.state = PORT_UP;
	port_step(s->it);
	assert_true(s->it->path.active);
	assert_int_equal(hear(s, &s->peer->to).n, 1);
	give_sized(s, 0, WIRE_MAX_BYTES - 1);
	give_sized(s, PATH_MTU_QUESTIONS, WIRE_MAX_BYTES);
	assert_int_equal(refused(s), 3);
	assert_int_equal(s->it->path.found_bytes, 0);
	give_sized(s, 0, WIRE_MAX_BYTES);
	assert_int_equal(refused(s), 3);
	assert_int_equal(s->it->path.found_bytes, WIRE_MAX_BYTES);
	assert_false(s->it->path.active);
	give_sized(s, 0, WIRE_MAX_BYTES);
	assert_int_equal(refused(s), 4);
	seen = look(s);
	assert_false(seen.path_searching || seen.path_hole);
	assert_in_range(seen.path_bytes, WIRE_MAX_BYTES, UINT16_MAX);
	port_scene_close(s);
}

static bool search_is_over(void *context)
{
	struct scene *s = context;
	struct heard heard;

	port_step(s->it);
	heard = hear(s, &s->peer->to);
	for (unsigned i = 0; i < heard.n; i++)
		if (heard.bytes[i] <= HOLE_BYTES)
			give_sized(s, heard.number[i], heard.bytes[i]);
	return !s->it->path.active;
}

/* A peer that answers only what is small: that is what a test may send, and the port says why. */
static void test_hole(void **state)
{
	struct scene *s = port_scene_open(PORT_UPLOAD, true, true);
	struct port_snapshot seen = look(s);

	(void)state;
	assert_true(seen.path_searching);
	assert_false(seen.path_hole);
	assert_true(wait_until(search_is_over, s));
	seen = look(s);
	assert_false(seen.path_searching);
	assert_true(seen.path_hole);
	/* On a busy host there may be too little time for the last bytes. */
	assert_in_range(seen.path_bytes, PATH_MTU_FLOOR_BYTES, HOLE_BYTES);
	port_scene_close(s);
}

/* Nobody answers: what the kernel says is as good as before. */
static bool gives_up(void *context)
{
	struct scene *s = context;

	port_step(s->it);
	return !s->it->path.active;
}

static void test_silence(void **state)
{
	struct scene *s = port_scene_open(PORT_UPLOAD, true, true);
	struct port_snapshot seen;

	(void)state;
	port_step(s->it);
	assert_true(s->it->path.active);
	assert_true(wait_until(gives_up, s));
	seen = look(s);
	assert_false(seen.path_searching || seen.path_hole);
	assert_int_equal(seen.path_bytes, udp_path_bytes(&s->it->socket));
	port_scene_close(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_who_is_answered),
		cmocka_unit_test(test_flood),
		cmocka_unit_test(test_who_asks),
		cmocka_unit_test(test_takes_what_it_asked_for),
		cmocka_unit_test(test_hole),
		cmocka_unit_test(test_silence),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
