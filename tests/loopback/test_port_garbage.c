/* What arrives from the network is counted, whatever it is: mutated and random datagrams at ports of both
 * dialects, with a sink open and without. Each is refused for one reason, or taken; the reasons add up to
 * what was sent, and nothing but a taken heartbeat is answered. */
#include "tests/support/udp_pair.h"

#include <inttypes.h>

#include "proto/config/table.h"
#include "proto/engine/port.h"
#include "proto/engine/source.h"

enum { KEY = 26970, CHANNEL = 77, ROUNDS = 40, BATCH = 500, SEEDS = 4 };

static const char *const bodies[] = {
	"{\"timestamp\": 12.5}",
	("{\"client_timestamp\": 1.5, \"server_timestamp\": \"1.5-0123456789abcdef\", \"held_ns\": 1, "
	 "\"proven\": 0}"),
	"{\"cmd\":\"BWUP\",\"channel\":77,\"duration\":10}",
	"{\"cmd\":\"BWDN\",\"channel\":77,\"duration\":10,\"rate\":0,\"length\":1000}",
	"{\"cmd\":\"TEST_RESULT\",\"ack\":0,\"guid\":\"x\",\"uid\":\"y\",\"channel\":77}",
	"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[",
	"{\"timestamp\": 1e308, \"timestamp\": NaN}",
	"\x00\x00\x00\x02\x00\x00\x00\x00\x00\x00\x00\x00\xff\xff\xff\xff",
	"",
};

static const uint64_t edges[] = {
	0, 1, UINT64_MAX - 1, UINT64_MAX, UINT64_MAX >> 1, 1ull << 32, WIRE_CHANNEL_MAX};

struct kind {
	const char *name;
	enum port_kind port;
	bool extended, sink;
};

static const struct kind kinds[] = {
	{"classic CONTROL", PORT_CONTROL, false, false},
	{"classic UPLOAD, idle", PORT_UPLOAD, false, false},
	{"classic UPLOAD, with a sink", PORT_UPLOAD, false, true},
	{"extended CONTROL", PORT_CONTROL, true, false},
	{"extended UPLOAD, with a sink", PORT_UPLOAD, true, true},
};

struct scene {
	struct options options;
	struct udp_batch *batch;
	struct port port[PORT_KINDS];
	struct port *it;
	struct udp_pair *peer;
	uint64_t random;
	uint64_t wanted;
};

static uint64_t chance(struct scene *s)
{
	s->random ^= s->random << 13;
	s->random ^= s->random >> 7;
	s->random ^= s->random << 17;
	return s->random;
}

static struct scene *scene_open(const struct kind *kind, uint64_t seed)
{
	static const uint8_t secret[SEAL_SECRET_BYTES] = {1};
	struct scene *s = calloc(1, sizeof *s);
	struct port_plan plan = {.kind = kind->port, .key = KEY, .secret = kind->extended ? secret : NULL};
	struct mail open = {.kind = MAIL_OPEN_SINK, .order = {.channel = CHANNEL, .duration_ns = NS_PER_S}};

	assert_non_null(s);
	s->random = seed * 0x9e3779b97f4a7c15ull + 1;
	options_defaults(&s->options);
	s->batch = udp_batch_new();
	s->peer = udp_pair_open(AF_INET);
	s->it = &s->port[kind->port];
	plan.options = &s->options;
	plan.local = plan.peer = loopback(AF_INET);
	assert_int_equal(port_open(s->it, &plan), 0);
	s->it->batch = s->batch;
	s->it->sibling = s->port;
	for (int other = 0; other < PORT_KINDS; other++)
		if (&s->port[other] != s->it)
			mailbox_init(&s->port[other].mailbox);
	open.order.start_ns = clock_now_ns();
	if (kind->sink)
		assert_true(mailbox_post(&s->it->mailbox, &open));
	port_step(s->it);
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

/* A header that is nearly right, a body that is nearly right, and then up to three bytes changed. */
static size_t make_up(struct scene *s, uint8_t out[2 * WIRE_MAX_BYTES])
{
	const char *body = bodies[chance(s) % (sizeof bodies / sizeof *bodies)];
	size_t size = WIRE_HEADER_BYTES + (body[0] ? strlen(body) : chance(s) % (2 * WIRE_MAX_BYTES - 64));
	struct wire_header h = {
		.type = (enum wire_type)(chance(s) % WIRE_TYPES),
		.channel = chance(s) % 3 ? KEY : CHANNEL,
		.sequence = edges[chance(s) % (sizeof edges / sizeof *edges)],
		.offset = edges[chance(s) % (sizeof edges / sizeof *edges)],
	};

	for (size_t i = 0; i < size; i++)
		out[i] = (uint8_t)chance(s);
	wire_encode(out, &h);
	if (body[0])
		memcpy(out + WIRE_HEADER_BYTES, body, strlen(body));
	for (uint64_t i = chance(s) % 4; i > 0; i--)
		out[chance(s) % size] = (uint8_t)chance(s);
	return chance(s) % 8 ? size : chance(s) % (size + 1);
}

static bool all_received(void *context)
{
	struct scene *s = context;
	uint64_t before;

	do {
		before = s->it->stats.received_packets;
		port_step(s->it);
	} while (s->it->stats.received_packets > before);
	return s->it->stats.received_packets >= s->wanted;
}

static uint64_t refused(const struct port *p)
{
	uint64_t sum = 0;

	for (int reason = WIRE_OK + 1; reason < WIRE_REJECTS; reason++)
		sum += p->stats.rejected[reason];
	return sum;
}

static void bombard(const struct kind *kind, uint64_t seed)
{
	struct scene *s = scene_open(kind, seed);
	uint8_t bytes[2 * WIRE_MAX_BYTES];
	uint64_t cpu_ns = 0, before;
	struct address to;

	assert_int_equal(udp_local_address(&s->it->socket, &to), 0);
	for (int round = 0; round < ROUNDS; round++) {
		for (int i = 0; i < BATCH; i++, s->wanted++)
			assert_int_equal(udp_send(&s->peer->to, &to, bytes, make_up(s, bytes)), 0);
		before = clock_thread_cpu_ns();
		assert_true(wait_until(all_received, s));
		cpu_ns += clock_thread_cpu_ns() - before;
	}
	assert_int_equal(s->it->stats.received_packets, s->wanted);
	assert_int_equal(s->it->stats.rejected[WIRE_OK], 0);
	assert_in_range(refused(s->it), s->wanted / 4, s->wanted);
	assert_int_equal(s->it->stats.state == PORT_FAILED, false);
	/* Nobody holds the secret: nothing sealed is taken. */
	if (kind->extended) {
		assert_int_equal(refused(s->it), s->wanted);
		assert_int_equal(s->it->stats.sent_packets, 0);
	}
	printf("figure: garbage at %s: %" PRIu64 " of %" PRIu64 " refused, %.2f us each\n", kind->name,
		refused(s->it), s->wanted, (double)cpu_ns / 1000 / (double)s->wanted);
	scene_close(s);
}

static void test_garbage(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		for (uint64_t seed = 1; seed <= SEEDS; seed++)
			bombard(&kinds[i], seed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_garbage)};

	return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
