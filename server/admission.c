#include "server/admission.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "proto/sys/clock.h"
#include "server/single_port.h"

enum {
	DOOR_CLASSIC_PER_S = 2000, /* classic questions answered: their senders may be forged */
	DOOR_ALIVE_S = 3,          /* heard of within that time: the session is in use */
	DOOR_WAIT_S = 10,          /* what a client is told to wait when the house is full */
};

int door_open(struct door *door)
{
	cookie_init(&door->jar, clock_now_ns());
	door->rates = rates_new(door->options->max_requests);
	door->malformed = (struct log_limit){.lines_per_s = 5, .what = "malformed requests"};
	door->refused = (struct log_limit){.lines_per_s = 5, .what = "refusals"};
	return door->rates ? 0 : -ENOMEM;
}

void door_close(struct door *door)
{
	rates_free(door->rates);
	sodium_memzero(&door->jar, sizeof door->jar);
}

static void reply(struct door *door, const struct address *to, const struct answer *a, const struct key *key)
{
	uint8_t text[HELLO_BYTES];
	size_t size = answer_write(text, a, key);

	udp_send(door->socket, to, text, size);
}

static void refuse(struct door *door, const struct udp_datagram *d, const struct hello *h,
	enum hello_refusal refusal, const char *text)
{
	struct answer a = {.kind = ANSWER_REFUSED, .refusal = refusal};
	char name[ADDRESS_TEXT];

	memcpy(a.nonce, h->nonce, sizeof a.nonce);
	snprintf(a.text, sizeof a.text, "%s", text);
	a.wait_s = refusal == REFUSED_BUSY || refusal == REFUSED_LIMIT ? DOOR_WAIT_S : 0;
	reply(door, d->peer, &a, NULL);
	if (log_allowed(&door->refused, clock_now_ns()))
		log_line("Client refused (%s): %s: %s", hello_refusal_name(refusal),
			address_format(d->peer, name), text);
}

static void send_cookie(struct door *door, const struct udp_datagram *d, const struct hello *h)
{
	struct answer a = {.kind = ANSWER_COOKIE};

	memcpy(a.nonce, h->nonce, sizeof a.nonce);
	cookie_make(&door->jar, clock_now_ns(), d->peer, h->nonce, a.cookie);
	reply(door, d->peer, &a, NULL);
}

static void send_welcome(struct door *door, const struct client *c)
{
	const struct options *o = door->options;
	struct answer a = {
		.kind = ANSWER_WELCOME,
		.assignment = c->assignment,
		.features = FEATURES_OURS,
		.cap_rate_bps = o->max_rate_bps,
		.cap_duration_s = o->max_duration_s,
		.cap_tests = o->max_tests,
	};

	if (c->key && c->key->rate_bps && (!a.cap_rate_bps || c->key->rate_bps < a.cap_rate_bps))
		a.cap_rate_bps = c->key->rate_bps;
	if (c->key && c->key->duration_s && c->key->duration_s < a.cap_duration_s)
		a.cap_duration_s = c->key->duration_s;
	memcpy(a.nonce, c->nonce, sizeof a.nonce);
	memcpy(a.token, c->token, sizeof a.token);
	reply(door, &c->address, &a, c->key);
}

static void send_assignment(struct door *door, const struct client *c)
{
	char body[MESSAGE_BODY];
	size_t size = message_format_assignment(body, &c->assignment);

	udp_send(door->socket, &c->address, (const uint8_t *)body, size);
}

/* The key that the question was made with. Whoever has none, or a wrong one, is found out in the same time.
 */
static const struct key *proven_key(
	const struct door *door, const struct udp_datagram *d, const struct hello *h)
{
	static const struct key nobody;
	const struct key *key = keys_find(door->keys, h->key);
	bool good = hello_verify(d->bytes, d->size, h, key ? key : &nobody);

	return key && good ? key : NULL;
}

static void note_trouble(struct door *door, const struct address *from, int error)
{
	char name[ADDRESS_TEXT];

	if (error == -EADDRNOTAVAIL && !door->exhausted) {
		door->exhausted = true;
		log_error("No free ports: all %u of port_ranges are in use or kept back; new clients wait",
			portpool_size(clients_pool(door->clients)));
	} else if (error != -EADDRNOTAVAIL && log_allowed(&door->refused, clock_now_ns())) {
		log_error("Client %s not served: %s", address_format(from, name),
			error == -EUSERS ? "over a limit" : strerror(-error));
	}
}

static struct client *welcome(struct door *door, const struct visitor *visitor, int *error)
{
	struct client *c;

	*error = clients_open(door->clients, visitor, &door->local, door->gate, &c);
	if (*error) {
		note_trouble(door, visitor->address, *error);
		return NULL;
	}
	if (door->exhausted) {
		door->exhausted = false;
		log_line("Ports are free again");
	}
	log_notice("Client connected: %s", c->name);
	return c;
}

/* One bucket that holds a second's worth. */
static bool classic_allowed(struct door *door, uint64_t now_ns)
{
	uint64_t step_ns = NS_PER_S / DOOR_CLASSIC_PER_S;

	if (door->classic_full_ns < now_ns)
		door->classic_full_ns = now_ns;
	if (door->classic_full_ns + step_ns > now_ns + NS_PER_S)
		return false;
	door->classic_full_ns += step_ns;
	return true;
}

/* A classic client asks again until its answer arrives: it gets the same one until all three ports have
 * heard from it. */
static void classic_question(struct door *door, const struct udp_datagram *d)
{
	struct visitor visitor = {.address = d->peer};
	struct client *c = clients_find(door->clients, d->peer);
	int error;

	if (door->keys || door->options->single_port || !classic_allowed(door, clock_now_ns()))
		return;
	if (!c)
		c = welcome(door, &visitor, &error);
	if (c && !c->extended && !c->is_up)
		send_assignment(door, c);
}

static bool is_alive(struct client *c)
{
	struct session_snapshot snapshot;

	session_snapshot(&c->session, &snapshot);
	return c->is_up &&
	       snapshot.taken_ns < session_heard_ns(&snapshot) + (uint64_t)DOOR_ALIVE_S * NS_PER_S;
}

/* From here on the address is proven. */
static void proven_question(struct door *door, const struct udp_datagram *d, const struct hello *h)
{
	struct visitor visitor = {.address = d->peer, .hello = h};
	struct client *c = clients_find(door->clients, d->peer);
	int error;

	if (door->keys) {
		visitor.key = proven_key(door, d, h);
		if (!visitor.key) {
			refuse(door, d, h, REFUSED_AUTH, "a key is needed, and this is none of ours");
			return;
		}
	}
	if (c && memcmp(c->nonce, h->nonce, sizeof c->nonce) != 0) {
		/* A capture of an old question must not end what is running. */
		if (is_alive(c))
			return;
		clients_close(door->clients, c); /* the same socket begins anew */
		c = NULL;
	}
	if (!c) {
		c = welcome(door, &visitor, &error);
		if (!c) {
			refuse(door, d, h, error == -EUSERS ? REFUSED_LIMIT : REFUSED_BUSY,
				error == -EUSERS ? "too many sessions" : "no free ports");
			return;
		}
	}
	send_welcome(door, c);
}

static bool extended_question(struct door *door, const struct udp_datagram *d)
{
	uint64_t now_ns = clock_now_ns();
	struct hello h;

	if (hello_parse(d->bytes, d->size, &h) || !rates_allow(door->rates, d->peer, now_ns))
		return false;
	if (h.version != HELLO_VERSION)
		refuse(door, d, &h, REFUSED_VERSION, "version 1 is spoken here");
	else if (!h.has_cookie || !cookie_check(&door->jar, now_ns, d->peer, h.nonce, h.cookie))
		send_cookie(door, d, &h);
	else
		proven_question(door, d, &h);
	return true;
}

void door_input(struct door *door, const struct udp_datagram *d)
{
	enum hello_kind kind = address_port(d->peer) ? hello_kind(d->bytes, d->size) : HELLO_NONE;

	if (door->options->single_port && single_port_input(door->clients, d))
		return;
	if (kind == HELLO_CLASSIC) {
		classic_question(door, d);
	} else if (kind == HELLO_NONE || !extended_question(door, d)) {
		door->ignored++;
		if (log_allowed(&door->malformed, clock_now_ns()))
			log_verbose("Malformed request of %zu bytes ignored", d->size);
	}
}
