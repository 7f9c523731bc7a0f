/* The way of a datagram, inwards: decode, check the sender, hand over by type. What is refused is counted
 * by its reason and never answered. */
#include <errno.h>
#include <string.h>

#include "proto/engine/port_private.h"
#include "proto/sys/clock.h"
#include "proto/sys/log.h"

enum { PORT_RECEIVE_ERRORS = 1000 }; /* after this many in a row the port has failed */

/* A classic client is known by its host. Its port is learnt from a heartbeat with the session's key, which
 * may move it to another port of the same host. */
static void learn_classic_peer(struct port *p, const struct wire_header *h, const struct address *from)
{
	if (p->is_client || h->type != WIRE_HEARTBEAT_0 || h->channel != p->key)
		return;
	if (!address_same_host(from, &p->peer))
		return;
	p->peer = *from;
	p->peer_known = true;
}

static bool is_peer(const struct port *p, const struct address *from)
{
	return p->peer_known && address_equal(from, &p->peer);
}

/* The challenge for an address: constant for the life of this port, and nobody else can guess it. */
static uint64_t challenge(const struct port *p, const struct address *from)
{
	uint8_t hash[crypto_shorthash_BYTES];
	uint64_t number;

	crypto_shorthash(hash, (const uint8_t *)&from->any, from->size, p->challenge_key);
	memcpy(&number, hash, sizeof number);
	return number;
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
		.proven = is_peer(p, d->peer),
	};
	struct heartbeat_output answer;
	enum wire_reject reason;

	if (h->channel != p->key)
		return REJECT_CHANNEL;
	if (p->extended && !p->is_client)
		packet.challenge = challenge(p, d->peer);
	reason = heartbeat_input(&p->heartbeat, &packet, &answer);
	if (reason)
		return reason;
	/* Whoever answers the challenge holds the address, and is this port's peer from now on. */
	if (h->type == WIRE_HEARTBEAT_2 && p->extended) {
		p->peer = *d->peer;
		p->peer_known = true;
	}
	if (answer.size > 0)
		port_send_heartbeat(p, d->peer, &answer);
	return WIRE_OK;
}

/* How long a datagram may take there and back: well above what heartbeats have shown. */
static uint64_t generous_round_trip(const struct heartbeat *h)
{
	return h->last_ns + 4 * h->jitter_ns + heartbeat_mean_ns(h) + 10 * (uint64_t)NS_PER_MS;
}

static enum wire_reject input_report(
	struct port *p, const struct wire_header *h, const struct udp_datagram *d)
{
	struct feedback report;
	enum wire_reject reason;
	struct source_feedback feedback = {
		.sequence = h->sequence,
		.feedback = &report,
		.round_trip_ns = generous_round_trip(&p->heartbeat),
		.last_trip_ns = p->heartbeat.last_ns,
	};

	if (!p->source.active || h->channel != p->source.order.channel)
		return REJECT_CHANNEL;
	reason = feedback_decode(
		d->bytes + WIRE_HEADER_BYTES, d->size - WIRE_HEADER_BYTES, p->extended, &report);
	if (reason)
		return reason;
	log_verbose("%s received FLOW_CONTROL", p->is_client ? "Client" : "Server");
	reason = source_report(&p->source, &feedback, clock_now_ns());
	if (!reason && report.has_report)
		port_arriving(p, p->source.order.direction, report.bytes, report.clock_ns);
	return reason;
}

static enum wire_reject input_control(
	struct port *p, const struct wire_header *h, const struct udp_datagram *d)
{
	const char *side = p->is_client ? "Client" : "Server";
	enum wire_reject reason;

	if (p->kind != PORT_CONTROL)
		return REJECT_TYPE;
	if (p->extended && h->type == WIRE_CONTROL && h->channel == p->key)
		return port_view_input(p, d);
	reason = control_input(
		&p->control, h, d->bytes + WIRE_HEADER_BYTES, d->size - WIRE_HEADER_BYTES, clock_now_ns());
	if (reason)
		return reason;
	if (h->type == WIRE_TEST_RESULT)
		log_verbose("%s received TEST_RESULT", side);
	else
		log_verbose(p->is_client ? "Client received BWUP ack from server" : "Server received BWUP");
	return WIRE_OK;
}

static void count_received(struct port *p, uint64_t packets, uint64_t bytes)
{
	p->stats.received_packets += packets;
	p->stats.received_bytes += bytes;
}

/* What follows in the same message has come from the same peer. */
static enum wire_reject input_data(struct port *p, const struct wire_header *h, const struct udp_datagram *d)
{
	enum wire_reject reason;
	unsigned more;
	struct sink_packet packet = {
		.header = h,
		.bytes = d->bytes,
		.size = d->size,
		.received_ns = d->received_ns,
		.waited_ns = d->waited_ns,
	};

	if (!p->sink.active)
		return REJECT_CHANNEL;
	reason = sink_data(&p->sink, &packet);
	if (reason)
		return reason;
	more = sink_run(&p->sink, &packet, udp_following(p->batch));
	udp_skip(p->batch, more);
	count_received(p, more, more * d->size);
	return WIRE_OK;
}

/* Whether the sender may send this. Data is not sealed, so it counts from the proven address only. A sealed
 * heartbeat may come from elsewhere: that is how a first or a new address is proven. */
static enum wire_reject check_sender(struct port *p, const struct wire_header *h, struct udp_datagram *d)
{
	bool is_data = h->type == WIRE_BANDWIDTH_TEST;
	enum wire_reject reason = WIRE_OK;

	if (p->extended && !is_data)
		reason = seal_open(&p->seal, h, d->bytes, &d->size);
	if (reason)
		return reason;
	if (is_peer(p, d->peer) || (p->extended && h->type <= WIRE_HEARTBEAT_2))
		return WIRE_OK;
	if (!p->extended)
		learn_classic_peer(p, h, d->peer);
	return is_peer(p, d->peer) ? WIRE_OK : REJECT_PEER;
}

static enum wire_reject input(struct port *p, struct udp_datagram *d)
{
	struct wire_header h;
	enum wire_reject reason = wire_decode(d->bytes, d->size, &h);

	if (reason)
		return reason;
	if (d->size > WIRE_MAX_BYTES)
		return REJECT_LONG;
	reason = check_sender(p, &h, d);
	if (reason)
		return reason;
	switch (h.type) {
	case WIRE_BANDWIDTH_TEST:
		return input_data(p, &h, d);
	case WIRE_HEARTBEAT_0:
	case WIRE_HEARTBEAT_1:
	case WIRE_HEARTBEAT_2:
		return input_heartbeat(p, &h, d);
	case WIRE_FLOW_CONTROL:
		return input_report(p, &h, d);
	case WIRE_DATA:
		return port_path_input(p, &h, d);
	case WIRE_CONTROL:
	case WIRE_TEST_RESULT:
		return input_control(p, &h, d);
	default:
		return REJECT_TYPE;
	}
}

/* ICMP errors arrive here too, and the system may be short of something for a while: no reason to stop, as
 * the peer may come back. */
static bool may_pass(int error)
{
	switch (error) {
	case -ECONNREFUSED:
	case -EHOSTUNREACH:
	case -EHOSTDOWN:
	case -ENETUNREACH:
	case -ENETDOWN:
	case -EMSGSIZE:
	case -EPERM:
	case -ENOBUFS:
	case -ENOMEM:
		return true;
	default:
		return false;
	}
}

/* A permanent error ends the port, not the program. */
static void receive_failed(struct port *p, int error)
{
	p->stats.error = -error;
	p->dirty = true;
	if (!may_pass(error) && ++p->receive_errors >= PORT_RECEIVE_ERRORS)
		p->stats.state = PORT_FAILED;
}

/* Both sides are sure of each other's address. */
static bool is_known(const struct port *p)
{
	return p->peer_known && !(p->extended && p->is_client && !p->heartbeat.proven);
}

bool port_input(struct port *p)
{
	struct udp_datagram d;
	bool more = false, has_stray = false;
	int n = p->socket.fd >= 0 ? udp_receive(&p->socket, p->batch, &more) : 0;

	/* Mail is read between receiving datagrams and handling them: so none is handled before the sibling's
	 * mail that prepares for it (open a sink, the peer was told to send). */
	port_read_mail(p);
	if (n < 0) {
		receive_failed(p, n);
		return p->stats.state != PORT_FAILED;
	}
	if (n == 0)
		return false;
	p->receive_errors = 0;
	p->dirty = true;
	while (udp_next(p->batch, &d)) {
		enum wire_reject reason;

		count_received(p, 1, d.size);
		if (d.drops > 0 && p->sink.active)
			sink_dropped(&p->sink, d.drops, d.joined);
		reason = input(p, &d);
		if (reason)
			p->stats.rejected[reason]++;
		else
			p->heard_ns = d.received_ns;
		has_stray = has_stray || reason;
	}
	if (has_stray)
		port_give_way(p, clock_now_ns());
	if (p->stats.state == PORT_WAITING && p->heard_ns && is_known(p))
		p->stats.state = PORT_UP;
	return more;
}
