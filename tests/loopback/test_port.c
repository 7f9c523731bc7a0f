/* One port, stepped by hand, and sockets beside it that send what they like: who is heard, what is
 * refused and counted, and that nothing of that is ever answered. */
#include "tests/support/udp_pair.h"

#include "proto/config/table.h"
#include "proto/engine/port.h"

enum { KEY = 26970, OTHER_KEY = 5 };

struct scene {
	struct options options;
	struct udp_batch *batch;
	struct port port[PORT_KINDS]; /* of one session; one of them is stepped */
	struct port *it;
	struct udp_pair *peer; /* `to` receives what the port sends; `from` is at another address */
	uint64_t wanted;       /* datagrams that the port has to receive */
};

static struct scene *scene_open(enum port_kind kind, bool is_client)
{
	struct scene *s = calloc(1, sizeof(*s));
	struct port_plan plan = {.kind = kind, .is_client = is_client, .key = KEY};

	assert_non_null(s);
	options_defaults(&s->options);
	s->batch = udp_batch_new();
	assert_non_null(s->batch);
	s->peer = udp_pair_open(AF_INET);
	s->it = &s->port[kind];
	plan.options = &s->options;
	plan.local = loopback(AF_INET);
	plan.peer = is_client ? s->peer->to_address : loopback(AF_INET);
	assert_int_equal(port_open(s->it, &plan), 0);
	s->it->batch = s->batch;
	s->it->sibling = s->port;
	/* Their mailboxes only. */
	for (int other = 0; other < PORT_KINDS; other++)
		if (other != (int)kind)
			mailbox_init(&s->port[other].mailbox);
	return s;
}

static void scene_close(struct scene *s)
{
	port_close(s->it);
	for (int other = 0; other < PORT_KINDS; other++)
		if (&s->port[other] != s->it)
			mailbox_free(&s->port[other].mailbox);
	udp_pair_close(s->peer);
	udp_batch_free(s->batch);
	free(s);
}

static bool port_has_received(void *context)
{
	struct scene *s = context;

	port_step(s->it);
	return s->it->stats.received_packets >= s->wanted;
}

/* Sends one datagram to the port and lets it look. */
static void give(struct scene *s, struct udp_socket *from, const void *bytes, size_t size)
{
	struct address to;

	assert_int_equal(udp_local_address(&s->it->socket, &to), 0);
	assert_int_equal(udp_send(from, &to, bytes, size), 0);
	s->wanted = s->it->stats.received_packets + 1;
	assert_true(wait_until(port_has_received, s));
}

static void give_packet(
	struct scene *s, struct udp_socket *from, enum wire_type type, uint32_t channel, const char *body)
{
	struct wire_header h = {.type = type, .channel = channel};
	uint8_t bytes[WIRE_MAX_BYTES];
	size_t size = strlen(body);

	wire_encode(bytes, &h);
	memcpy(bytes + WIRE_HEADER_BYTES, body, size);
	give(s, from, bytes, WIRE_HEADER_BYTES + size);
}

/* What the peer has been sent since the last call; the last one's type in *type. */
static unsigned answers(struct scene *s, enum wire_type *type)
{
	struct udp_datagram d;
	struct wire_header h;
	unsigned n = 0;

	while (udp_receive(&s->peer->to, s->peer->batch, NULL) > 0) {
		for (; udp_next(s->peer->batch, &d); n++) {
			assert_int_equal(wire_decode(d.bytes, d.size, &h), WIRE_OK);
			*type = h.type;
		}
	}
	return n;
}

static const struct {
	const char *name;
	enum port_kind kind;
	enum wire_type type;
	uint32_t channel;
	const char *body;
	enum wire_reject reason;
} refused_rows[] = {
	{"a type of the other direction", PORT_CONTROL, WIRE_HEARTBEAT_1, KEY,
		"{\"client_timestamp\":1,\"server_timestamp\":2}", REJECT_TYPE},
	{"an unused type", PORT_CONTROL, WIRE_DATA, KEY, "", REJECT_TYPE},
	{"another key", PORT_CONTROL, WIRE_HEARTBEAT_0, OTHER_KEY, "{\"timestamp\":1}", REJECT_CHANNEL},
	{"a heartbeat of nothing", PORT_UPLOAD, WIRE_HEARTBEAT_0, KEY, "", REJECT_BODY},
	{"HEARTBEAT_2 with a foreign stamp", PORT_UPLOAD, WIRE_HEARTBEAT_2, KEY,
		"{\"client_timestamp\":1,\"server_timestamp\":2}", REJECT_SEQUENCE},
	{"a command on another port", PORT_UPLOAD, WIRE_CONTROL, 9,
		"{\"cmd\":\"BWUP\",\"channel\":9,\"duration\":2}", REJECT_TYPE},
	{"a result on another port", PORT_DOWNLOAD, WIRE_TEST_RESULT, 9, "{}", REJECT_TYPE},
	{"no command", PORT_CONTROL, WIRE_CONTROL, 9, "{}", REJECT_BODY},
	{"a result of nothing", PORT_CONTROL, WIRE_TEST_RESULT, 9,
		"{\"cmd\":\"TEST_RESULT\",\"ack\":0,\"guid\":\"9\"}", REJECT_CHANNEL},
	{"data without a test", PORT_UPLOAD, WIRE_BANDWIDTH_TEST, 9, "data", REJECT_CHANNEL},
	{"a report without a test", PORT_UPLOAD, WIRE_FLOW_CONTROL, 9, "", REJECT_CHANNEL},
};

static void test_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(refused_rows); i++) {
		struct scene *s = scene_open(refused_rows[i].kind, false);
		struct port_snapshot n;
		enum wire_type type;

		print_message("%s\n", refused_rows[i].name);
		give_packet(s, &s->peer->to, WIRE_HEARTBEAT_0, KEY, "{\"timestamp\":1}");
		assert_int_equal(answers(s, &type), 1);
		assert_int_equal(type, WIRE_HEARTBEAT_1);
		give_packet(
			s, &s->peer->to, refused_rows[i].type, refused_rows[i].channel, refused_rows[i].body);
		assert_int_equal(answers(s, &type), 0);
		n = s->it->stats;
		assert_int_equal(n.received_packets, 2);
		assert_int_equal(n.sent_packets, 1);
		for (int reason = 0; reason < WIRE_REJECTS; reason++)
			assert_int_equal(n.rejected[reason], reason == (int)refused_rows[i].reason);
		scene_close(s);
	}
}

static void test_malformed(void **state)
{
	static const struct {
		const char *name;
		size_t size;
		uint8_t type;
		enum wire_reject reason;
	} rows[] = {
		{"nothing", 0, 0, REJECT_SHORT},
		{"one byte", 1, WIRE_HEARTBEAT_0, REJECT_SHORT},
		{"a header but for one byte", WIRE_HEADER_BYTES - 1, WIRE_HEARTBEAT_0, REJECT_SHORT},
		{"no such type", 100, WIRE_TYPES, REJECT_TYPE},
		{"type 255", 100, 255, REJECT_TYPE},
		{"too long", WIRE_MAX_BYTES + 1, WIRE_BANDWIDTH_TEST, REJECT_LONG},
		{"much too long", 60000, WIRE_HEARTBEAT_0, REJECT_LONG},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct scene *s = scene_open(PORT_CONTROL, false);
		uint8_t *bytes = calloc(1, 60000);
		enum wire_type type;

		print_message("%s\n", rows[i].name);
		assert_non_null(bytes);
		bytes[0] = rows[i].type;
		give(s, &s->peer->to, bytes, rows[i].size);
		assert_int_equal(s->it->stats.rejected[rows[i].reason], 1);
		assert_int_equal(s->it->heard_ns, 0);
		assert_int_equal(s->it->stats.state, PORT_WAITING);
		assert_int_equal(answers(s, &type), 0);
		free(bytes);
		scene_close(s);
	}
}

/* The server learns its peer's address by a heartbeat with the key, and follows it to another port
 * of the same host; any other host stays a stranger. */
static void test_learns_the_peer(void **state)
{
	static const char beat[] = "{\"timestamp\":1}";
	struct scene *s = scene_open(PORT_CONTROL, false);
	struct address host = loopback(AF_INET);
	struct udp_socket stranger;
	enum wire_type type;

	(void)state;
	host.v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1);
	assert_int_equal(udp_open(&stranger, &host), 0);

	give_packet(s, &s->peer->to, WIRE_CONTROL, 9, "{\"cmd\":\"BWUP\",\"channel\":9,\"duration\":2}");
	give_packet(s, &s->peer->to, WIRE_HEARTBEAT_0, OTHER_KEY, beat);
	give_packet(s, &stranger, WIRE_HEARTBEAT_0, KEY, beat);
	assert_int_equal(s->it->stats.rejected[REJECT_PEER], 3);
	assert_false(s->it->peer_known);
	assert_int_equal(answers(s, &type), 0);

	give_packet(s, &s->peer->from, WIRE_HEARTBEAT_0, KEY, beat);
	assert_true(address_equal(&s->it->peer, &s->peer->from_address));
	assert_int_equal(s->it->stats.state, PORT_UP);
	give_packet(s, &s->peer->to, WIRE_HEARTBEAT_0, KEY, beat);
	assert_true(address_equal(&s->it->peer, &s->peer->to_address));
	assert_int_equal(answers(s, &type), 1);

	/* The old address and the stranger are not heard any more. */
	give_packet(s, &s->peer->from, WIRE_CONTROL, 9, "{\"cmd\":\"BWUP\",\"channel\":9,\"duration\":2}");
	give_packet(s, &stranger, WIRE_HEARTBEAT_0, KEY, beat);
	assert_int_equal(s->it->stats.rejected[REJECT_PEER], 5);
	assert_int_equal(s->it->control.tests_begun, 0);
	assert_true(address_equal(&s->it->peer, &s->peer->to_address));
	udp_close(&stranger);
	scene_close(s);
}

/* A client's socket is connected: what others send never arrives. */
static void test_client_hears_only_its_server(void **state)
{
	struct scene *s = scene_open(PORT_CONTROL, true);
	struct address to;
	enum wire_type type;
	uint8_t bytes[WIRE_HEADER_BYTES] = {WIRE_DATA};

	(void)state;
	port_step(s->it);
	assert_int_equal(answers(s, &type), 1);
	assert_int_equal(type, WIRE_HEARTBEAT_0);
	assert_int_equal(udp_local_address(&s->it->socket, &to), 0);
	assert_int_equal(udp_send(&s->peer->from, &to, bytes, sizeof(bytes)), 0);
	give(s, &s->peer->to, bytes, sizeof(bytes));
	port_step(s->it);
	assert_int_equal(s->it->stats.received_packets, 1);
	assert_int_equal(s->it->stats.rejected[REJECT_TYPE], 1);
	scene_close(s);
}

/* Mail is read before what was received with it: the first datagram of a test finds its sink open.
 */
static void test_mail_before_data(void **state)
{
	struct scene *s = scene_open(PORT_UPLOAD, false);
	struct mail mail = {
		.kind = MAIL_OPEN_SINK,
		.order = {.channel = 9, .start_ns = clock_now_ns(), .duration_ns = NS_PER_S},
	};

	(void)state;
	give_packet(s, &s->peer->to, WIRE_HEARTBEAT_0, KEY, "{\"timestamp\":1}");
	assert_true(mailbox_post(&s->it->mailbox, &mail));
	give_packet(s, &s->peer->to, WIRE_BANDWIDTH_TEST, 9, "data");
	assert_int_equal(s->it->sink.count.packets, 1);
	assert_int_equal(s->it->stats.rejected[REJECT_CHANNEL], 0);
	scene_close(s);
}

/* The published snapshot: what the port knows, seen from outside. */
static void test_published(void **state)
{
	struct scene *s = scene_open(PORT_DOWNLOAD, false);
	struct port_snapshot n;

	(void)state;
	port_read(s->it, &n, NULL);
	assert_int_equal(n.state, PORT_WAITING);
	assert_int_not_equal(n.local_port, 0);
	assert_int_equal(n.remote_port, 0);
	give_packet(s, &s->peer->to, WIRE_HEARTBEAT_0, KEY, "{\"timestamp\":1}");
	port_read(s->it, &n, NULL);
	assert_int_equal(n.state, PORT_UP);
	assert_int_equal(n.remote_port, address_port(&s->peer->to_address));
	assert_int_equal(n.received_packets, 1);
	assert_int_equal(n.sent_packets, 1);
	assert_int_equal(n.latency.sent, 1);
	assert_in_range(n.last_heard_ns, 1, clock_now_ns());
	assert_true(n.steps > 0);
	scene_close(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_malformed),
		cmocka_unit_test(test_learns_the_peer),
		cmocka_unit_test(test_client_hears_only_its_server),
		cmocka_unit_test(test_mail_before_data),
		cmocka_unit_test(test_published),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
