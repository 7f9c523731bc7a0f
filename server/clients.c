#include "server/clients.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "proto/sys/clock.h"
#include "proto/sys/signals.h"
#include "server/rate_limit.h"

enum {
	CLIENTS_BUCKETS = 1024,
	CLIENTS_KEY_MAX = 60000,
	CLIENTS_HALF_OPEN = 128, /* classic clients that have not answered on their ports yet */
};

struct clients {
	const struct options *options;
	struct runner_home *home;
	struct portpool *pool;
	unsigned count;
	uint64_t opened;                             /* sessions so far */
	uint8_t hash_key[crypto_shorthash_KEYBYTES]; /* so that nobody can fill one bucket */
	struct client *bucket[CLIENTS_BUCKETS];
};

struct clients *clients_new(const struct options *options, struct runner_home *home)
{
	struct clients *clients = calloc(1, sizeof *clients);

	if (!clients)
		return NULL;
	clients->options = options;
	clients->home = home;
	clients->pool = portpool_new(options->port_ranges, options->port_range_count);
	if (!clients->pool) {
		free(clients);
		return NULL;
	}
	crypto_shorthash_keygen(clients->hash_key);
	return clients;
}

void clients_free(struct clients *clients)
{
	if (!clients)
		return;
	for (unsigned i = 0; i < CLIENTS_BUCKETS; i++)
		while (clients->bucket[i]) {
			signals_extend(); /* many threads take a while to end */
			/* Takes it out of the bucket. NOLINTNEXTLINE(clang-analyzer-unix.Malloc) */
			clients_close(clients, clients->bucket[i]);
		}
	portpool_free(clients->pool);
	free(clients);
}

static struct client **bucket_of(struct clients *clients, const struct address *address)
{
	char text[ADDRESS_TEXT] = {0};
	uint8_t hash[crypto_shorthash_BYTES];

	address_format(address, text);
	crypto_shorthash(hash, (const uint8_t *)text, sizeof text, clients->hash_key);
	return &clients->bucket[(hash[0] | hash[1] << 8) % CLIENTS_BUCKETS];
}

struct client *clients_find(struct clients *clients, const struct address *address)
{
	for (struct client *c = *bucket_of(clients, address); c; c = c->next)
		if (address_equal(&c->address, address))
			return c;
	return NULL;
}

static void return_ports(struct clients *clients, const struct client *c, int count)
{
	uint64_t now_ns = clock_now_ns();

	for (int i = 0; i < count && !c->session.port[0].single_port; i++)
		portpool_return(clients->pool, c->assignment.port[i], now_ns);
}

static int take_port(struct clients *clients, struct client *c, int kind)
{
	c->assignment.port[kind] = portpool_take(clients->pool, clock_now_ns());
	return c->assignment.port[kind] ? 0 : -EADDRNOTAVAIL;
}

static int take_ports(struct clients *clients, struct client *c)
{
	for (int i = 0; i < PORT_KINDS; i++) {
		if (take_port(clients, c, i)) {
			return_ports(clients, c, i);
			return -EADDRNOTAVAIL;
		}
	}
	return 0;
}

/* Draws ports until three can be bound; those that another program holds are set aside. */
static int open_session(struct clients *clients, struct client *c, struct session_plan *plan)
{
	enum port_kind failed = PORT_CONTROL;
	int error;

	plan->single_port = c->extended && clients->options->single_port;
	if (plan->single_port) {
		for (int i = 0; i < PORT_KINDS; i++)
			c->assignment.port[i] = address_port(&plan->local);
		plan->assignment = c->assignment;
		return session_open(&c->session, plan, NULL);
	}
	error = take_ports(clients, c);
	if (error)
		return error;
	for (;;) {
		uint16_t held;
		int port;

		plan->assignment = c->assignment;
		error = session_open(&c->session, plan, &failed);
		if (error != -EADDRINUSE && error != -EACCES)
			break;
		port = (int)failed;
		held = c->assignment.port[port];
		error = take_port(clients, c, port);
		portpool_return(clients->pool, held, clock_now_ns());
		if (error) {
			for (int i = 0; i < PORT_KINDS; i++)
				if (i != port)
					portpool_give_back(clients->pool, c->assignment.port[i]);
			return error;
		}
	}
	if (error)
		return_ports(clients, c, PORT_KINDS);
	return error;
}

/* Sessions of a network, and those that have not proven their addresses yet. */
static bool over_limit(const struct clients *clients, const struct client *c)
{
	const struct options *o = clients->options;
	unsigned same = 0, half_open = 0;

	if (clients->count >= o->max_sessions)
		return true;
	if (address_is_loopback(&c->address))
		return false;
	for (unsigned i = 0; i < CLIENTS_BUCKETS; i++) {
		for (const struct client *other = clients->bucket[i]; other; other = other->next) {
			same += memcmp(other->network, c->network, sizeof c->network) == 0;
			half_open += !other->extended && !other->is_up;
		}
	}
	/* Classic clients have proven nothing yet, so they may not take all the room. */
	return same >= o->max_sessions_per_address || (!c->extended && half_open >= CLIENTS_HALF_OPEN);
}

static struct client *new_client(struct clients *clients, const struct visitor *visitor)
{
	struct client *c = calloc(1, sizeof *c);

	if (!c)
		return NULL;
	c->number = ++clients->opened;
	c->address = *visitor->address;
	c->key = visitor->key;
	address_format(&c->address, c->name);
	rate_limit_network(&c->address, c->network);
	do
		c->assignment.key = randombytes_uniform(CLIENTS_KEY_MAX + 1);
	while (clients_by_key(clients, c->assignment.key));
	if (visitor->question) {
		c->extended = true;
		memcpy(c->nonce, visitor->question->nonce, sizeof c->nonce);
		randombytes_buf(c->token, sizeof c->token);
	}
	return c;
}

int clients_open(struct clients *clients, const struct visitor *visitor, const struct address *local,
	struct mailbox *gate, struct client **out)
{
	struct client *c = new_client(clients, visitor), **bucket;
	uint8_t secret[SEAL_SECRET_BYTES];
	struct session_plan plan = {.options = clients->options, .local = *local, .gate = gate};
	int error;

	if (!c)
		return -ENOMEM;
	plan.peer = c->address;
	plan.number = c->number;
	if (c->extended) {
		seal_secret(secret, c->key ? c->key->secret : NULL, c->nonce, c->token);
		plan.secret = secret;
	}
	error = over_limit(clients, c) ? -EUSERS : open_session(clients, c, &plan);
	sodium_memzero(secret, sizeof secret);
	if (error)
		goto out_free;
	error = runner_start_at_home(&c->runner, &c->session, clients->home);
	if (error)
		goto out_close;
	bucket = bucket_of(clients, &c->address);
	c->next = *bucket;
	*bucket = c;
	clients->count++;
	*out = c;
	return 0;

out_close:
	session_close(&c->session);
	return_ports(clients, c, PORT_KINDS);
out_free:
	free(c);
	return error;
}

struct client *clients_by_key(struct clients *clients, uint32_t key)
{
	for (unsigned i = 0; i < CLIENTS_BUCKETS; i++)
		for (struct client *c = clients->bucket[i]; c; c = c->next)
			if (c->assignment.key == key)
				return c;
	return NULL;
}

struct client *clients_by_number(struct clients *clients, uint64_t number)
{
	for (unsigned i = 0; i < CLIENTS_BUCKETS; i++)
		for (struct client *c = clients->bucket[i]; c; c = c->next)
			if (c->number == number)
				return c;
	return NULL;
}

void clients_close(struct clients *clients, struct client *client)
{
	struct client **link = bucket_of(clients, &client->address);

	while (*link != client)
		link = &(*link)->next;
	*link = client->next;
	clients->count--;
	runner_stop(&client->runner);
	session_close(&client->session);
	return_ports(clients, client, PORT_KINDS);
	sodium_memzero(client, sizeof *client);
	free(client);
}

void clients_each(struct clients *clients, void (*visit)(void *context, struct client *client), void *context)
{
	for (unsigned i = 0; i < CLIENTS_BUCKETS; i++) {
		for (struct client *c = clients->bucket[i], *next; c; c = next) {
			next = c->next;
			visit(context, c);
		}
	}
}

uint64_t clients_opened(const struct clients *clients)
{
	return clients->opened;
}

const struct portpool *clients_pool(const struct clients *clients)
{
	return clients->pool;
}
