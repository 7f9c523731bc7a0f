/* Exchanges the server's view of a session: the client's CONTROL port asks for it, the server's answers with
 * what the three ports last published. Only between extended peers, sealed, and to the proven address. */
#include "proto/engine/port_private.h"
#include "proto/sys/clock.h"
#include "proto/wire/server_view_body.h"

static bool may_watch(const struct port *p)
{
	return p->extended && p->is_client && p->kind == PORT_CONTROL;
}

void port_view_server(struct port *p, bool on)
{
	if (may_watch(p))
		server_view_set(&p->watch, on);
}

static void send_view(struct port *p, const char *body, size_t size)
{
	struct wire_header h = {.type = WIRE_CONTROL, .channel = p->key};

	if (size == 0)
		return;
	h.sequence = p->heartbeat_sequence++;
	port_send(p, &h, body, size);
}

static enum wire_reject answer_question(struct port *p, const uint8_t *body, size_t size)
{
	struct server_view view = {.clock_ns = clock_now_ns()};
	enum wire_reject reason = server_view_body_decode_question(body, size);
	char answer[WIRE_BODY_BYTES];

	if (reason || !server_view_answer(&p->watch, view.clock_ns))
		return reason;
	for (int kind = 0; kind < PORT_KINDS; kind++) {
		struct port_snapshot snapshot;

		port_read(&p->sibling[kind], &snapshot, NULL);
		view.port[kind] = server_view_body_port(&snapshot);
	}
	send_view(p, answer, server_view_body_encode(answer, &view));
	return WIRE_OK;
}

enum wire_reject port_view_input(struct port *p, const struct udp_datagram *d)
{
	const uint8_t *body = d->bytes + WIRE_HEADER_BYTES;
	size_t size = d->size - WIRE_HEADER_BYTES;
	struct server_view view;
	enum wire_reject reason;

	if (!p->is_client)
		return answer_question(p, body, size);
	reason = server_view_body_decode(body, size, &view);
	view.taken_ns = d->received_ns;
	return reason ? reason : server_view_take(&p->watch, &view);
}

/* Until the server knows our address it refuses us. */
void port_ask_view(struct port *p)
{
	char question[WIRE_BODY_BYTES];

	if (p->stats.state == PORT_UP && server_view_ask(&p->watch, clock_now_ns()))
		send_view(p, question, server_view_body_encode_question(question));
}

uint64_t port_view_due_ns(const struct port *p)
{
	return p->stats.state == PORT_UP ? server_view_due_ns(&p->watch) : CLOCK_NEVER;
}
