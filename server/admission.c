#include "server/admission.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "proto/sys/clock.h"
#include "server/single_port.h"

enum {
	ADMISSION_CLASSIC_PER_S = 2000, /* classic questions answered: their senders may be forged */
	ADMISSION_ALIVE_S = 3,          /* heard from within this time, a session is in use */
	ADMISSION_WAIT_S = 10,          /* the wait that a client is told when the server is full */
};

int admission_open(struct admission *admission)
{
	cookie_init(&admission->jar, clock_now_ns());
	admission->rates = rate_limit_new(admission->options->max_requests);
	admission->malformed = (struct log_limit){.lines_per_s = 5, .what = "malformed requests"};
	admission->refused = (struct log_limit){.lines_per_s = 5, .what = "refusals"};
	return admission->rates ? 0 : -ENOMEM;
}

void admission_close(struct admission *admission)
{
	rate_limit_free(admission->rates);
	sodium_memzero(&admission->jar, sizeof admission->jar);
}

static void reply(struct admission *admission, const struct address *to, const struct handshake_answer *a,
	const struct key *key)
{
	uint8_t text[HANDSHAKE_BYTES];
	size_t size = handshake_encode_answer(text, a, key);

	udp_send(admission->socket, to, text, size);
}

static void refuse(struct admission *admission, const struct udp_datagram *d,
	const struct handshake_question *h, enum refusal refusal, const char *text)
{
	struct handshake_answer a = {.kind = ANSWER_REFUSED, .refusal = refusal};
	char name[ADDRESS_TEXT];

	memcpy(a.nonce, h->nonce, sizeof a.nonce);
	snprintf(a.text, sizeof a.text, "%s", text);
	a.wait_s = refusal == REFUSED_BUSY || refusal == REFUSED_LIMIT ? ADMISSION_WAIT_S : 0;
	reply(admission, d->peer, &a, NULL);
	if (log_allowed(&admission->refused, clock_now_ns()))
		log_line("Client refused (%s): %s: %s", refusal_name(refusal), address_format(d->peer, name),
			text);
}

static void send_cookie(
	struct admission *admission, const struct udp_datagram *d, const struct handshake_question *h)
{
	struct handshake_answer a = {.kind = ANSWER_COOKIE};

	memcpy(a.nonce, h->nonce, sizeof a.nonce);
	cookie_make(&admission->jar, clock_now_ns(), d->peer, h->nonce, a.cookie);
	reply(admission, d->peer, &a, NULL);
}

static void send_welcome(struct admission *admission, const struct client *c)
{
	const struct options *o = admission->options;
	struct handshake_answer a = {
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
	reply(admission, &c->address, &a, c->key);
}

static void send_assignment(struct admission *admission, const struct client *c)
{
	char body[WIRE_BODY_BYTES];
	size_t size = classic_encode_assignment(body, &c->assignment);

	udp_send(admission->socket, &c->address, (const uint8_t *)body, size);
}

/* The key that the question was made with. Telling that it is missing or wrong takes just as long. */
static const struct key *proven_key(
	const struct admission *admission, const struct udp_datagram *d, const struct handshake_question *h)
{
	static const struct key nobody;
	const struct key *key = keys_find(admission->keys, h->key);
	bool good = handshake_verify_question(d->bytes, d->size, h, key ? key : &nobody);

	return key && good ? key : NULL;
}

static void note_trouble(struct admission *admission, const struct address *from, int error)
{
	char name[ADDRESS_TEXT];

	if (error == -EADDRNOTAVAIL && !admission->exhausted) {
		admission->exhausted = true;
		log_error("No free ports: all %u of port_ranges are in use or kept back; new clients wait",
			portpool_size(clients_pool(admission->clients)));
	} else if (error != -EADDRNOTAVAIL && log_allowed(&admission->refused, clock_now_ns())) {
		log_error("Client %s not served: %s", address_format(from, name),
			error == -EUSERS ? "over a limit" : strerror(-error));
	}
}

static struct client *welcome(struct admission *admission, const struct visitor *visitor, int *error)
{
	struct client *c;

	*error = clients_open(admission->clients, visitor, &admission->local, admission->gate, &c);
	if (*error) {
		note_trouble(admission, visitor->address, *error);
		return NULL;
	}
	if (admission->exhausted) {
		admission->exhausted = false;
		log_line("Ports are free again");
	}
	log_notice("Client connected: %s", c->name);
	return c;
}

/* One bucket that holds a second's worth. */
static bool classic_allowed(struct admission *admission, uint64_t now_ns)
{
	uint64_t step_ns = NS_PER_S / ADMISSION_CLASSIC_PER_S;

	if (admission->classic_full_ns < now_ns)
		admission->classic_full_ns = now_ns;
	if (admission->classic_full_ns + step_ns > now_ns + NS_PER_S)
		return false;
	admission->classic_full_ns += step_ns;
	return true;
}

/* A classic client asks again until its answer arrives: it gets the same one until all three ports have
 * heard from it. */
static void classic_question(struct admission *admission, const struct udp_datagram *d)
{
	struct visitor visitor = {.address = d->peer};
	struct client *c = clients_find(admission->clients, d->peer);
	int error;

	if (admission->keys || admission->options->single_port || !classic_allowed(admission, clock_now_ns()))
		return;
	if (!c)
		c = welcome(admission, &visitor, &error);
	if (c && !c->extended && !c->is_up)
		send_assignment(admission, c);
}

static bool is_alive(struct client *c)
{
	struct session_snapshot snapshot;

	session_snapshot(&c->session, &snapshot);
	return c->is_up && snapshot.taken_ns < session_heard_ns(&snapshot) + clock_s(ADMISSION_ALIVE_S);
}

/* From here on the address is proven. */
static void proven_question(
	struct admission *admission, const struct udp_datagram *d, const struct handshake_question *h)
{
	struct visitor visitor = {.address = d->peer, .question = h};
	struct client *c = clients_find(admission->clients, d->peer);
	int error;

	if (admission->keys) {
		visitor.key = proven_key(admission, d, h);
		if (!visitor.key) {
			refuse(admission, d, h, REFUSED_AUTH, "a key is needed, and this is not one of ours");
			return;
		}
	}
	if (c && memcmp(c->nonce, h->nonce, sizeof c->nonce) != 0) {
		/* A replay of an old question must not end a running session. */
		if (is_alive(c))
			return;
		clients_close(admission->clients, c); /* the same socket starts over */
		c = NULL;
	}
	if (!c) {
		c = welcome(admission, &visitor, &error);
		if (!c) {
			refuse(admission, d, h, error == -EUSERS ? REFUSED_LIMIT : REFUSED_BUSY,
				error == -EUSERS ? "too many sessions" : "no free ports");
			return;
		}
	}
	send_welcome(admission, c);
}

static bool extended_question(struct admission *admission, const struct udp_datagram *d)
{
	uint64_t now_ns = clock_now_ns();
	struct handshake_question h;

	if (handshake_decode_question(d->bytes, d->size, &h) ||
		!rate_limit_allow(admission->rates, d->peer, now_ns))
		return false;
	if (h.version != HANDSHAKE_VERSION)
		refuse(admission, d, &h, REFUSED_VERSION, "this server speaks version 1");
	else if (!h.has_cookie || !cookie_check(&admission->jar, now_ns, d->peer, h.nonce, h.cookie))
		send_cookie(admission, d, &h);
	else
		proven_question(admission, d, &h);
	return true;
}

void admission_input(struct admission *admission, const struct udp_datagram *d)
{
	enum handshake_kind kind = address_port(d->peer) ? handshake_kind(d->bytes, d->size) : HANDSHAKE_NONE;

	if (admission->options->single_port && single_port_input(admission->clients, d))
		return;
	if (kind == HANDSHAKE_CLASSIC) {
		classic_question(admission, d);
	} else if (kind == HANDSHAKE_NONE || !extended_question(admission, d)) {
		admission->ignored++;
		if (log_allowed(&admission->malformed, clock_now_ns()))
			log_verbose("Malformed request of %zu bytes ignored", d->size);
	}
}
