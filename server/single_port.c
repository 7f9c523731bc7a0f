#include "server/single_port.h"

#include <sodium.h>

/* The key shows whose heartbeat it is, the tag which port's. The seal's window is the port's own: here only
 * the tag counts, and the port looks at the counter. */
static bool made_for(const struct client *c, enum port_kind kind, const struct wire_header *h,
	const struct udp_datagram *d)
{
	uint8_t secret[SEAL_SECRET_BYTES];
	size_t size = d->size;
	struct seal seal;
	bool good;

	seal_secret(secret, c->key ? c->key->secret : NULL, c->nonce, c->token);
	seal_init(&seal, false, kind, secret);
	good = seal_open(&seal, h, d->bytes, &size) == WIRE_OK;
	sodium_memzero(&seal, sizeof seal);
	sodium_memzero(secret, sizeof secret);
	return good;
}

bool single_port_input(struct clients *clients, const struct udp_datagram *d)
{
	struct mail mail = {.kind = MAIL_REBIND, .address = *d->peer};
	struct wire_header h;
	struct client *c;

	if (wire_decode(d->bytes, d->size, &h) || h.type != WIRE_HEARTBEAT_0 || d->size > WIRE_MAX_BYTES)
		return false;
	c = clients_by_key(clients, h.channel);
	if (!c || !c->extended || !address_same_host(d->peer, &c->address))
		return false;
	mail.counter = h.offset;
	for (int kind = 0; kind < PORT_KINDS; kind++) {
		if (!made_for(c, (enum port_kind)kind, &h, d))
			continue;
		/* A full mailbox: the next heartbeat brings it again. */
		mailbox_post(&c->session.port[kind].mailbox, &mail);
		return true;
	}
	return false;
}
