#include "server/clients.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>

#include "proto/clock.h"

enum {
	CLIENTS_BUCKETS = 1024,
	CLIENTS_TRIES = 64, /* ports of the pool that somebody else may hold */
	CLIENTS_KEY_MAX = 60000,
};

struct clients {
	const struct options *options;
	struct runner_home *home;
	struct portpool *pool;
	unsigned count;
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
		while (clients->bucket[i])
			clients_close(clients, clients->bucket[i]);
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

	for (int i = 0; i < count; i++)
		portpool_return(clients->pool, c->assignment.port[i], now_ns);
}

static int take_ports(struct clients *clients, struct client *c)
{
	for (int i = 0; i < PORT_KINDS; i++) {
		c->assignment.port[i] = portpool_take(clients->pool, clock_now_ns());
		if (c->assignment.port[i] == 0) {
			return_ports(clients, c, i);
			return -EADDRNOTAVAIL;
		}
	}
	return 0;
}

/* Draws ports until three can be bound: another program may hold some of the range. */
static int open_session(struct clients *clients, struct client *c, const struct address *local)
{
	struct session_plan plan = {
		.options = clients->options,
		.local = *local,
		.peer = c->address,
	};
	int error = -EADDRNOTAVAIL;

	for (int tries = 0; tries < CLIENTS_TRIES; tries++) {
		error = take_ports(clients, c);
		if (error)
			return error;
		plan.assignment = c->assignment;
		error = session_open(&c->session, &plan, NULL);
		if (!error)
			return 0;
		return_ports(clients, c, PORT_KINDS);
		if (error != -EADDRINUSE && error != -EACCES)
			return error;
	}
	return error;
}

int clients_open(struct clients *clients, const struct address *address, const struct address *local,
	struct client **out)
{
	struct client *c = calloc(1, sizeof *c), **bucket = bucket_of(clients, address);
	int error;

	if (!c)
		return -ENOMEM;
	c->address = *address;
	address_format(address, c->name);
	c->assignment.key = randombytes_uniform(CLIENTS_KEY_MAX + 1);
	error = open_session(clients, c, local);
	if (error)
		goto out_free;
	error = runner_start(&c->runner, &c->session, clients->home);
	if (error)
		goto out_close;
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

unsigned clients_count(const struct clients *clients)
{
	return clients->count;
}

const struct portpool *clients_pool(const struct clients *clients)
{
	return clients->pool;
}
