/* The way of a datagram, inwards: decode, check the sender, hand over by type. What is refused is counted
 * by its reason and never answered. */
#include <errno.h>

#include "proto/clock.h"
#include "proto/log.h"
#include "proto/port_parts.h"

enum { PORT_RECEIVE_ERRORS = 1000 }; /* so many in a row, and the port has failed */

/* The server learns the client's address, and follows it to another port of the same host, by a
 * heartbeat with the session's key. */
static void learn_peer(struct port *p, const struct wire_header *h, const struct address *from)
{
	if (p->is_client || h->type != WIRE_HEARTBEAT_0 || h->channel != p->key)
		return;
	if (!address_same_host(from, &p->peer))
		return;
	p->peer = *from;
	p->peer_known = true;
}

static enum wire_reject input_heartbeat(
	struct port *p, const struct wire_header *h, const struct udp_datagram *d)
{
	struct heartbeat_packet packet = {
		.type = h->type,
		.body = d->bytes + WIRE_HEADER_BYTES,
		.size = d->size - WIRE_HEADER_BYTES,
		.received_ns = d->received_ns,
		.now_ns = clock_now_ns(),
	};
	struct wire_header reply = {.channel = p->key};
	struct heartbeat_answer answer;
	enum wire_reject reason;

	if (h->channel != p->key)
		return REJECT_CHANNEL;
	reason = heartbeat_input(&p->heartbeat, &packet, &answer);
	if (reason || answer.size == 0)
		return reason;
	reply.type = answer.type;
	reply.sequence = p->heartbeat_sequence++;
	port_send(p, &reply, answer.body, answer.size);
	return WIRE_OK;
}

/* How long a datagram may take there and back: well above what heartbeats have shown. */
static uint64_t generous_round_trip(const struct heartbeat *h)
{
	return h->last_ns + 4 * h->jitter_ns + histogram_mean(&h->round_trip) + 10 * (uint64_t)NS_PER_MS;
}

static enum wire_reject input_report(
	struct port *p, const struct wire_header *h, const struct udp_datagram *d)
{
	struct wire_spans spans;
	enum wire_reject reason;
	struct source_feedback feedback = {
		.sequence = h->sequence,
		.spans = &spans,
		.round_trip_ns = generous_round_trip(&p->heartbeat),
	};

	if (!p->source.active || h->channel != p->source.order.channel)
		return REJECT_CHANNEL;
	reason = wire_decode_spans(
		d->bytes + WIRE_HEADER_BYTES, d->size - WIRE_HEADER_BYTES, &spans, NULL);
	if (reason)
		return reason;
	log_verbose("%s received FLOW_CONTROL", p->is_client ? "Client" : "Server");
	return source_report(&p->source, &feedback, clock_now_ns());
}

static enum wire_reject input_control(
	struct port *p, const struct wire_header *h, const struct udp_datagram *d)
{
	const uint8_t *body = d->bytes + WIRE_HEADER_BYTES;
	size_t size = d->size - WIRE_HEADER_BYTES;
	enum wire_reject reason;

	if (p->kind != PORT_CONTROL)
		return REJECT_TYPE;
	if (h->type == WIRE_TEST_RESULT) {
		reason = control_result(&p->control, h->channel, body, size, clock_now_ns());
		if (!reason)
			log_verbose("%s received TEST_RESULT%s", p->is_client ? "Client" : "Server",
				p->is_client ? "" : " ack");
	} else {
		reason = control_command(&p->control, h->channel, body, size, clock_now_ns());
		if (!reason)
			log_verbose(p->is_client ? "Client received BWUP ack from server"
						 : "Server received BWUP");
	}
	return reason;
}

static enum wire_reject input(struct port *p, const struct udp_datagram *d)
{
	struct wire_header h;
	enum wire_reject reason = wire_decode(d->bytes, d->size, &h);

	if (reason)
		return reason;
	if (d->size > WIRE_MAX_BYTES)
		return REJECT_LONG;
	if (!p->peer_known || !address_equal(d->peer, &p->peer)) {
		learn_peer(p, &h, d->peer);
		if (!p->peer_known || !address_equal(d->peer, &p->peer))
			return REJECT_PEER;
	}
	switch (h.type) {
	case WIRE_BANDWIDTH_TEST:
		return p->sink.active ? sink_data(&p->sink, &h, d->size, d->received_ns)
				      : REJECT_CHANNEL;
	case WIRE_HEARTBEAT_0:
	case WIRE_HEARTBEAT_1:
	case WIRE_HEARTBEAT_2:
		return input_heartbeat(p, &h, d);
	case WIRE_FLOW_CONTROL:
		return input_report(p, &h, d);
	case WIRE_CONTROL:
	case WIRE_TEST_RESULT:
		return input_control(p, &h, d);
	default:
		return REJECT_TYPE;
	}
}

/* ICMP's news arrive here too (ECONNREFUSED, EHOSTUNREACH ...): they are no reason to stop, the peer may
 * come back. An error for good ends the port, not the program. */
static void receive_failed(struct port *p, int error)
{
	p->now.error = -error;
	if (++p->receive_errors >= PORT_RECEIVE_ERRORS)
		p->now.state = PORT_FAILED;
	p->dirty = true;
}

bool port_input(struct port *p)
{
	struct udp_datagram d;
	bool more = false;
	int n = udp_receive(&p->socket, p->batch, &more);

	/* Between receiving and looking at it: a datagram that a sibling's mail has announced (open a
	 * sink, the peer was told to send) never meets us before the mail does. */
	port_read_mail(p);
	if (n < 0) {
		receive_failed(p, n);
		return p->now.state != PORT_FAILED;
	}
	if (n == 0)
		return false;
	p->receive_errors = 0;
	p->dirty = true;
	while (udp_next(p->batch, &d)) {
		enum wire_reject reason = input(p, &d);

		p->now.received_packets++;
		p->now.received_bytes += d.size;
		if (reason)
			p->now.rejected[reason]++;
		else
			p->heard_ns = d.received_ns;
	}
	if (p->heard_ns && p->now.state == PORT_WAITING)
		p->now.state = PORT_UP;
	return more;
}
