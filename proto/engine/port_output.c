/* The way of a datagram, outwards: what is due by time or by the state of a test. Data and reports are in
 * port_worker.c. */
#include <string.h>

#include "proto/engine/port_private.h"
#include "proto/sys/clock.h"
#include "proto/sys/log.h"

enum { PORT_LOADED_BEAT_MS = 50 }; /* between heartbeats while data flows: a moved address must be noticed */

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

void port_send_to(
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
}

void port_send(struct port *p, const struct wire_header *h, const void *body, size_t size)
{
	if (p->peer_known)
		port_send_to(p, &p->peer, *h, body, size);
}

/* After a pause, nothing that a packet is made with is in the caches, and making it takes ten times as long.
 * So it is made in vain once, and its stamp is of the second time. */
void port_send_heartbeat(struct port *p, const struct address *to, struct heartbeat_output *out)
{
	struct wire_header h = {
		.type = out->type,
		.channel = p->key,
		.sequence = p->heartbeat_sequence++,
	};
	uint8_t in_vain[WIRE_MAX_BYTES];

	compose(p, in_vain, &h, out->body, out->size);
	heartbeat_restamp(&p->heartbeat, clock_now_ns(), out);
	port_send_to(p, to, h, out->body, out->size);
}

static void beat(struct port *p)
{
	struct heartbeat_output out;
	uint64_t now_ns = clock_now_ns();
	bool loaded = p->extended && p->loaded;

	heartbeat_load(&p->heartbeat, p->loaded, now_ns);
	p->dirty = heartbeat_expire(&p->heartbeat, now_ns) || p->dirty;
	heartbeat_hurry(&p->heartbeat, loaded ? clock_ms(PORT_LOADED_BEAT_MS) : 0, now_ns);
	if (now_ns < heartbeat_due_ns(&p->heartbeat))
		return;
	heartbeat_begin(&p->heartbeat, clock_now_ns(), &out);
	if (p->peer_known)
		port_send_heartbeat(p, &p->peer, &out);
}

/* Which port does the work of a test. */
static struct mailbox *worker(struct port *p, enum test_direction direction)
{
	return &p->sibling[direction == TEST_UP ? PORT_UPLOAD : PORT_DOWNLOAD].mailbox;
}

/* What the listener has to allow, or to know. Without one every test is granted as it was asked for. */
static bool pass_gate(struct port *p, struct mail *mail)
{
	mail->session = p->session;
	if (p->gate)
		return mailbox_post(p->gate, mail);
	if (mail->kind == MAIL_ASK_GRANT) {
		mail->kind = MAIL_GRANT;
		control_take_mail(&p->control, mail, clock_now_ns());
	}
	return true;
}

/* All three ports are to see what the load does to the path. */
static void tell_load(struct port *p)
{
	struct mail mail = {.kind = MAIL_LOAD, .on = control_is_loaded(&p->control)};

	if (mail.on == p->loaded)
		return;
	/* A full mailbox: the next turn tries again. */
	for (int kind = PORT_UPLOAD; kind <= PORT_DOWNLOAD; kind++)
		if (!mailbox_post(&p->sibling[kind].mailbox, &mail))
			return;
	p->loaded = mail.on;
}

static void converse(struct port *p)
{
	struct control_packet packet;
	struct mail mail;
	uint64_t now_ns = clock_now_ns();

	if (p->kind != PORT_CONTROL)
		return;
	control_due(&p->control, now_ns);
	p->dirty = p->dirty || p->control.changed;
	p->control.changed = false;
	tell_load(p);
	while (control_gate_mail(&p->control, &mail)) {
		if (pass_gate(p, &mail))
			continue;
		control_mail_again(&p->control, &mail);
		break;
	}
	while (control_mail(&p->control, &mail)) {
		p->dirty = true;
		if (mailbox_post(worker(p, mail.order.direction), &mail))
			continue;
		control_mail_again(&p->control, &mail);
		break;
	}
	while (control_packet(&p->control, now_ns, &packet)) {
		log_verbose("%s sent %s", p->is_client ? "Client" : "Server", packet.name);
		port_send(p, &packet.header, packet.body, packet.size);
	}
}

bool port_output(struct port *p)
{
	bool more;

	udp_flush(&p->socket, clock_now_ns());
	beat(p);
	converse(p);
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
	if (p->kind == PORT_CONTROL)
		due_ns = clock_earlier(due_ns, control_due(&p->control, now_ns));
	return due_ns;
}
