#include "tests/support/port_scene.h"

const uint8_t secret[SEAL_SECRET_BYTES] = "a secret that both sides hold";
const uint8_t other[SEAL_SECRET_BYTES] = "a secret that only one side has";

struct scene *port_scene_open_as(const struct scene_plan *as)
{
	struct scene *s = calloc(1, sizeof(*s));
	struct port_plan plan = {
		.is_client = as->is_client,
		.asks_path = as->asks_path,
		.key = KEY,
		.secret = as->extended ? secret : NULL,
	};

	assert_non_null(s);
	options_defaults(&s->options);
	s->options.packet_length = as->packet_length;
	s->batch = udp_batch_new();
	assert_non_null(s->batch);
	s->peer = udp_pair_open(AF_INET);
	s->it = &s->port[as->kind];
	plan.options = &s->options;
	plan.local = loopback(AF_INET);
	plan.peer = s->peer->to_address;
	for (int k = 0; k < PORT_KINDS; k++) {
		plan.kind = (enum port_kind)k;
		assert_int_equal(port_open(&s->port[k], &plan), 0);
		s->port[k].batch = s->batch;
		s->port[k].sibling = s->port;
		s->port[k].peer_known = true;
		s->port[k].stats.state = PORT_UP;
	}
	seal_init(&s->seal, !as->is_client, as->kind, secret);
	return s;
}

struct scene *port_scene_open(enum port_kind kind, bool is_client, bool extended)
{
	return port_scene_open_as(&(struct scene_plan){.kind = kind,
		.is_client = is_client,
		.extended = extended,
		.asks_path = is_client && extended});
}

void port_scene_close(struct scene *s)
{
	for (int kind = 0; kind < PORT_KINDS; kind++)
		port_close(&s->port[kind]);
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

void port_scene_give(struct scene *s, struct udp_socket *from, struct seal *seal, struct wire_header h,
	const char *body, size_t size)
{
	uint8_t bytes[WIRE_MAX_BYTES];
	struct address to;

	if (seal)
		h.offset = seal_next(seal);
	wire_encode(bytes, &h);
	memcpy(bytes + WIRE_HEADER_BYTES, body, size);
	size += WIRE_HEADER_BYTES;
	if (seal) {
		seal_close(seal, bytes, size);
		size += SEAL_TAG_BYTES;
	}
	assert_int_equal(udp_local_address(&s->it->socket, &to), 0);
	assert_int_equal(udp_send(from, &to, bytes, size), 0);
	s->wanted = s->it->stats.received_packets + 1;
	assert_true(wait_until(port_has_received, s));
}
