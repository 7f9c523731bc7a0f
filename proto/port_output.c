/* The way of a datagram, outwards: what is due by time, by the pacer, or by the state of a test. */
#include <errno.h>
#include <string.h>

#include "proto/clock.h"
#include "proto/log.h"
#include "proto/port_parts.h"

enum {
	PORT_RETRY_US = 200, /* after the kernel had no room for data */
	PORT_REPORT_MS = 1,  /* the shortest time between two reports */
};

static void note_error(struct port *p, int error)
{
	p->now.send_errors++;
	p->now.error = -error;
}

void port_send(struct port *p, const struct wire_header *h, const void *body, size_t size)
{
	uint8_t packet[WIRE_MAX_BYTES];
	int error;

	if (!p->peer_known)
		return;
	wire_encode(packet, h);
	memcpy(packet + WIRE_HEADER_BYTES, body, size);
	error = udp_send(&p->socket, &p->peer, packet, WIRE_HEADER_BYTES + size);
	p->dirty = true;
	if (error) {
		note_error(p, error);
		return;
	}
	p->now.sent_packets++;
	p->now.sent_bytes += WIRE_HEADER_BYTES + size;
}

static void beat(struct port *p)
{
	struct wire_header h = {.type = WIRE_HEARTBEAT_0, .channel = p->key};
	char body[MESSAGE_BODY];
	uint64_t now_ns = clock_now_ns();

	heartbeat_expire(&p->heartbeat, now_ns);
	if (now_ns < heartbeat_due_ns(&p->heartbeat))
		return;
	h.sequence = p->heartbeat_sequence++;
	port_send(p, &h, body, heartbeat_begin(&p->heartbeat, clock_now_ns(), body));
}

static const char *packet_name(const struct port *p, const struct control_packet *packet)
{
	if (p->is_client)
		return packet->is_ack ? "TEST_RESULT ack" : "BWUP";
	return packet->is_ack ? "BWUP ack" : "UCM";
}

/* Which port does the work of a test. */
static struct mailbox *worker(struct port *p, enum test_direction direction)
{
	return &p->sibling[direction == TEST_UP ? PORT_UPLOAD : PORT_DOWNLOAD].mailbox;
}

static void converse(struct port *p)
{
	struct control_packet packet;
	struct mail mail;
	uint64_t now_ns = clock_now_ns();

	if (p->kind != PORT_CONTROL)
		return;
	control_due(&p->control, now_ns);
	while (control_mail(&p->control, &mail)) {
		if (mail.kind == MAIL_OPEN_SINK)
			log_verbose("Server started upload bandwidth test");
		mailbox_post(worker(p, mail.order.direction), &mail);
		p->dirty = true;
	}
	while (control_packet(&p->control, now_ns, &packet)) {
		log_verbose("%s sent %s", p->is_client ? "Client" : "Server", packet_name(p, &packet));
		port_send(p, &packet.header, packet.body, packet.size);
	}
}

/* Sends data until the pacer says no, the kernel has no room, or the turn is over: then the socket is
 * to be looked at. True when the turn was too short. */
static bool pour(struct port *p)
{
	uint64_t now_ns = clock_now_ns();
	uint64_t turn_ends_ns = now_ns + (uint64_t)p->options->max_send_us * NS_PER_US;
	struct source *s = &p->source;

	if (now_ns < p->retry_ns)
		return false;
	for (;;) {
		unsigned staged = source_fill(s, now_ns);
		int sent;

		if (staged == 0)
			return false;
		sent = udp_send_many(&p->socket, &p->peer, s->buffer, s->order.datagram_bytes, staged);
		if (sent < 0) {
			note_error(p, sent);
			s->count.send_errors++;
			sent = 0;
		}
		source_sent(s, (unsigned)sent, now_ns);
		p->now.sent_packets += (unsigned)sent;
		p->now.sent_bytes += (uint64_t)(unsigned)sent * s->order.datagram_bytes;
		now_ns = clock_now_ns();
		if (sent == 0) {
			p->retry_ns = now_ns + (uint64_t)PORT_RETRY_US * NS_PER_US;
			return false;
		}
		if (now_ns >= turn_ends_ns) {
			p->retry_ns = now_ns + (uint64_t)p->options->send_sleep_us * NS_PER_US;
			return p->options->send_sleep_us == 0;
		}
	}
}

static void finish_source(struct port *p, uint64_t now_ns)
{
	struct source *s = &p->source;
	struct mail mail = {
		.kind = MAIL_SOURCE_DONE,
		.order = s->order,
		.duration_ns = now_ns - s->order.start_ns,
		.sent = s->count,
	};

	if (mail.duration_ns > s->order.duration_ns)
		mail.duration_ns = s->order.duration_ns;
	p->now.source = s->count;
	source_close(s);
	mailbox_post(&p->sibling[PORT_CONTROL].mailbox, &mail);
}

static bool send_data(struct port *p)
{
	bool more;

	if (!p->source.active)
		return false;
	more = pour(p);
	p->dirty = true;
	if (!source_finished(&p->source, clock_now_ns()))
		return more;
	finish_source(p, clock_now_ns());
	return false;
}

static void finish_sink(struct port *p)
{
	struct mail mail = {
		.kind = MAIL_SINK_DONE,
		.order = p->sink.order,
		.duration_ns = p->sink.order.duration_ns,
	};

	sink_counters(&p->sink, &mail.received);
	p->now.sink = mail.received;
	sink_close(&p->sink);
	mailbox_post(&p->sibling[PORT_CONTROL].mailbox, &mail);
}

static void account(struct port *p)
{
	struct wire_header h = {.type = WIRE_FLOW_CONTROL, .channel = p->sink.order.channel};
	uint8_t body[MESSAGE_BODY];
	struct wire_spans spans;
	uint64_t now_ns = clock_now_ns();

	if (!p->sink.active)
		return;
	p->sink.socket_drops = p->socket.drops;
	if (sink_report(&p->sink, now_ns, &spans)) {
		h.sequence = p->report_sequence++;
		port_send(p, &h, body, wire_encode_spans(body, &spans));
		log_verbose("Server sent FLOW_CONTROL");
	}
	if (sink_finished(&p->sink, now_ns))
		finish_sink(p);
}

static void start_source(struct port *p, const struct mail *mail)
{
	uint32_t size = mail->order.datagram_bytes;

	if (p->source.active || source_open(&p->source, &mail->order, udp_segments(&p->socket, size))) {
		struct mail done = {.kind = MAIL_SOURCE_DONE, .order = mail->order};

		mailbox_post(&p->sibling[PORT_CONTROL].mailbox, &done);
	}
}

static void open_sink(struct port *p, const struct mail *mail)
{
	uint64_t interval_ns =
		(uint64_t)p->options->adjustment_delay_ms * NS_PER_MS / p->options->flow_control_rate;

	if (interval_ns < (uint64_t)PORT_REPORT_MS * NS_PER_MS)
		interval_ns = (uint64_t)PORT_REPORT_MS * NS_PER_MS;
	if (p->sink.active || sink_open(&p->sink, &mail->order, interval_ns)) {
		struct mail done = {.kind = MAIL_SINK_DONE, .order = mail->order};

		mailbox_post(&p->sibling[PORT_CONTROL].mailbox, &done);
		return;
	}
	p->report_sequence = 0;
	p->sink.drops_before = p->sink.socket_drops = p->socket.drops;
}

void port_read_mail(struct port *p)
{
	struct mail mail;

	while (mailbox_take(&p->mailbox, &mail)) {
		p->dirty = true;
		switch (mail.kind) {
		case MAIL_START_TEST:
			control_start(&p->control, &mail.order, clock_now_ns());
			break;
		case MAIL_STOP_TEST:
			control_stop(&p->control, clock_now_ns());
			break;
		case MAIL_START_SOURCE:
			start_source(p, &mail);
			break;
		case MAIL_STOP_SOURCE:
			if (p->source.active)
				finish_source(p, clock_now_ns());
			break;
		case MAIL_OPEN_SINK:
			open_sink(p, &mail);
			break;
		case MAIL_SOURCE_DONE:
		case MAIL_SINK_DONE:
			control_done(&p->control, &mail, clock_now_ns());
			break;
		}
	}
}

bool port_output(struct port *p)
{
	bool more;

	udp_flush(&p->socket, clock_now_ns());
	beat(p);
	converse(p);
	more = send_data(p);
	account(p);
	return more;
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

uint64_t port_output_due_ns(struct port *p, uint64_t now_ns)
{
	uint64_t due_ns = udp_flush(&p->socket, now_ns);
	uint64_t source_ns = source_due_ns(&p->source);

	if (p->source.active && source_ns < p->retry_ns)
		source_ns = p->retry_ns;
	due_ns = earlier(due_ns, source_ns);
	due_ns = earlier(due_ns, heartbeat_due_ns(&p->heartbeat));
	due_ns = earlier(due_ns, sink_due_ns(&p->sink));
	if (p->kind == PORT_CONTROL)
		due_ns = earlier(due_ns, control_due(&p->control, now_ns));
	return due_ns;
}
