/* The CONTROL port's conversation about tests: with the peer, with the sibling ports that do the work, and
 * with the listener, which grants it. */
#include "proto/engine/port_private.h"
#include "proto/sys/clock.h"
#include "proto/sys/log.h"

/* The mailbox of the port that does the work of a test. */
static struct mailbox *worker(struct port *p, enum test_direction direction)
{
	return &p->sibling[directions_table[direction].port].mailbox;
}

/* Passes on what the listener has to allow, or to know. Without a listener every test is granted as asked. */
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
	port_set_load(p, mail.on);
}

void port_converse(struct port *p)
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

uint64_t port_converse_due_ns(struct port *p, uint64_t now_ns)
{
	return p->kind == PORT_CONTROL ? control_due(&p->control, now_ns) : CLOCK_NEVER;
}
