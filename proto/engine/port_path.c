/* The path's largest datagram: the client's UPLOAD port asks as soon as it is up, the server's answers with a
 * datagram of the same size. Only between extended peers, sealed, and to the proven address. None of them may
 * be fragmented on the way, or it would prove nothing. */
#include "proto/engine/port_private.h"
#include "proto/sys/clock.h"

enum {
	PATH_PATIENCE_MS = 20, /* on top of the round trip: a busy host answers late */
	PATH_HEARTBEATS = 7,   /* as long as the largest datagram */
};

/* How long an answer may take, by what heartbeats have shown (as RFC 6298, 2.3). On a thin line their round
 * trip may be the time that they took to leave, and larger datagrams take longer. The first question, alone,
 * is given that time: the round that follows would fill such a line for seconds. */
static uint64_t patience_ns(const struct port *p)
{
	const struct heartbeat *h = &p->heartbeat;
	unsigned trips = p->path.first ? PATH_HEARTBEATS : 1;

	return trips * heartbeat_mean_ns(h) + 4 * h->jitter_ns + clock_ms(PATH_PATIENCE_MS);
}

static void send_question(struct port *p, uint32_t number, uint32_t bytes)
{
	struct wire_header h = {.type = WIRE_DATA, .channel = p->key, .sequence = p->heartbeat_sequence++};
	uint8_t body[WIRE_MAX_BYTES] = {0};

	wire_encode_question(body, number);
	port_send(p, &h, body, bytes - WIRE_HEADER_BYTES - SEAL_TAG_BYTES);
}

/* From here on all that this socket sends stays whole: the size of data follows from what is found. */
static void start(struct port *p, uint64_t now_ns)
{
	p->asks_path = false;
	udp_keep_whole(&p->socket, true);
	path_mtu_start(&p->path, now_ns);
}

void port_ask_path(struct port *p)
{
	uint64_t now_ns;
	uint32_t number, bytes;

	if (p->stats.state != PORT_UP || !(p->asks_path || p->path.active))
		return;
	now_ns = clock_now_ns();
	if (p->asks_path)
		start(p, now_ns);
	/* If a router has reported its limit, the kernel knows it. */
	path_mtu_limit(&p->path, udp_path_bytes(&p->socket));
	while ((bytes = path_mtu_ask(&p->path, now_ns, patience_ns(p), &number)))
		send_question(p, number, bytes);
	p->dirty = true;
}

static enum wire_reject answer_question(struct port *p, const uint8_t *body, size_t size)
{
	struct wire_header h = {.type = WIRE_DATA, .channel = p->key};

	if (!path_mtu_may_answer(&p->path, clock_now_ns()))
		return WIRE_OK;
	h.sequence = p->heartbeat_sequence++;
	udp_keep_whole(&p->socket, true);
	port_send(p, &h, body, size);
	udp_keep_whole(&p->socket, false); /* reports may be larger than the path takes */
	return WIRE_OK;
}

enum wire_reject port_path_input(struct port *p, const struct wire_header *h, const struct udp_datagram *d)
{
	const uint8_t *body = d->bytes + WIRE_HEADER_BYTES;
	size_t size = d->size - WIRE_HEADER_BYTES;

	if (!p->extended || p->kind != PORT_UPLOAD)
		return REJECT_TYPE;
	if (h->channel != p->key)
		return REJECT_CHANNEL;
	if (size < WIRE_QUESTION_BYTES)
		return REJECT_SHORT;
	if (!p->is_client)
		return answer_question(p, body, size);
	return path_mtu_take(&p->path, wire_decode_question(body), (uint32_t)d->size + SEAL_TAG_BYTES);
}

void port_show_path(struct port *p)
{
	struct port_snapshot *now = &p->stats;

	if (!p->is_client || p->kind != PORT_UPLOAD || p->source.active)
		return;
	now->path_bytes = udp_path_bytes(&p->socket);
	now->path_searching = now->state != PORT_FAILED && (p->asks_path || p->path.active);
	now->path_hole = path_mtu_is_hole(&p->path) && p->path.found_bytes < now->path_bytes;
	if (now->path_hole)
		now->path_bytes = p->path.found_bytes;
}

uint64_t port_path_due_ns(const struct port *p)
{
	return p->path.active ? path_mtu_due_ns(&p->path) : CLOCK_NEVER;
}
