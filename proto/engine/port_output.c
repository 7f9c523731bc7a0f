/* The way of a datagram, outwards: what is due by time or by the state of a test. The conversation is in
 * port_control.c, data and reports are in port_worker.c. */
#include <string.h>

#include "proto/engine/port_private.h"
#include "proto/sys/clock.h"

enum { PORT_MISSED_MS = 500 }; /* a peer that works with this port is heard more often */

static size_t compose(const struct port *p, uint8_t packet[WIRE_MAX_BYTES], const struct wire_header *h,
	const void *body, size_t size)
{
	wire_encode(packet, h);
	memcpy(packet + WIRE_HEADER_BYTES, body, size);
	size += WIRE_HEADER_BYTES;
	if (!p->seal.active)
		return size;
	seal_close(&p->seal, packet, size);
	return size + SEAL_TAG_BYTES;
}

static void send_to(
	struct port *p, const struct address *to, struct wire_header h, const void *body, size_t size)
{
	uint8_t packet[WIRE_MAX_BYTES];
	int error;

	if (p->seal.active)
		h.offset = seal_next(&p->seal);
	size = compose(p, packet, &h, body, size);
	error = udp_send(&p->socket, to, packet, size);
	p->dirty = true;
	if (error) {
		p->stats.send_errors++;
		p->stats.error = -error;
		return;
	}
	p->stats.sent_packets++;
	p->stats.sent_bytes += size;
	p->stats.side_bytes += size + address_header_bytes(to);
}

void port_send(struct port *p, const struct wire_header *h, const void *body, size_t size)
{
	if (p->peer_known)
		send_to(p, &p->peer, *h, body, size);
}

/* After a pause nothing that a packet is made from is in the caches, and composing it takes ten times as
 * long. So it is composed once to warm the caches, then stamped. */
void port_send_heartbeat(struct port *p, const struct address *to, struct heartbeat_output *out)
{
	struct wire_header h = {
		.type = out->type,
		.channel = p->key,
		.sequence = p->heartbeat_sequence++,
	};
	uint8_t warm_up[WIRE_MAX_BYTES];

	compose(p, warm_up, &h, out->body, out->size);
	heartbeat_restamp(&p->heartbeat, clock_now_ns(), out);
	send_to(p, to, h, out->body, out->size);
}

static bool misses_peer(const struct port *p, uint64_t now_ns)
{
	uint64_t since_ns = p->heard_ns > p->work.began_ns ? p->heard_ns : p->work.began_ns;

	return (p->source.active || p->sink.active) && now_ns > since_ns + clock_ms(PORT_MISSED_MS);
}

static void set_pace(struct port *p, uint64_t now_ns)
{
	uint64_t slowest_bps = 0;

	heartbeat_load(&p->heartbeat, p->loaded, now_ns);
	if (!p->extended)
		return;
	for (int d = 0; d < TEST_DIRECTIONS; d++)
		slowest_bps = pacer_lower(slowest_bps, p->pace_bps[d]);
	heartbeat_hurry(&p->heartbeat, slowest_bps, now_ns);
	if (misses_peer(p, now_ns))
		heartbeat_seek(&p->heartbeat, now_ns);
}

static void beat(struct port *p)
{
	struct heartbeat_output out;
	uint64_t now_ns = clock_now_ns();

	set_pace(p, now_ns);
	p->dirty = heartbeat_expire(&p->heartbeat, now_ns) || p->dirty;
	if (now_ns < heartbeat_due_ns(&p->heartbeat))
		return;
	heartbeat_begin(&p->heartbeat, clock_now_ns(), &out);
	if (p->peer_known)
		port_send_heartbeat(p, &p->peer, &out);
}

bool port_output(struct port *p)
{
	bool more;

	udp_flush(&p->socket, clock_now_ns());
	beat(p);
	port_converse(p);
	port_ask_view(p);
	port_ask_path(p);
	more = port_send_data(p);
	port_report(p);
	return more;
}

uint64_t port_output_due_ns(struct port *p, uint64_t now_ns)
{
	uint64_t due_ns = udp_flush(&p->socket, now_ns);
	uint64_t source_ns = source_due_ns(&p->source);

	if (p->source.active && source_ns < p->retry_ns)
		source_ns = p->retry_ns;
	due_ns = clock_earlier(due_ns, source_ns);
	due_ns = clock_earlier(due_ns, heartbeat_due_ns(&p->heartbeat));
	due_ns = clock_earlier(due_ns, sink_due_ns(&p->sink));
	due_ns = clock_earlier(due_ns, port_view_due_ns(p));
	due_ns = clock_earlier(due_ns, port_path_due_ns(p));
	return clock_earlier(due_ns, port_converse_due_ns(p, now_ns));
}
