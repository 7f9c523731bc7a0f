/* The session table: who is connected, with which ports, and what the log has said of them. The
 * listener's thread only. */
#ifndef SERVER_CLIENTS_H
#define SERVER_CLIENTS_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/runner.h"
#include "proto/session.h"
#include "server/portpool.h"

struct client {
	struct client *next; /* in its bucket */
	struct address address; /* of its main socket */
	char name[ADDRESS_TEXT];
	struct message_assignment assignment;
	struct session session;
	struct runner runner;
	struct {
		uint64_t round_trips[PORT_KINDS];
		uint32_t test; /* id of the last test that was reported */
		enum test_phase phase;
	} logged;
};

struct clients;

/* `home`: the loop that SINGLE mode shares. NULL when out of memory. */
struct clients *clients_new(const struct options *options, struct runner_home *home);

/* Ends every session. */
void clients_free(struct clients *clients);

struct client *clients_find(struct clients *clients, const struct address *address);

/* Opens a session for a new address: ports from the pool, `local` is the address they are bound to. 0,
 * or -EADDRNOTAVAIL when the ports have run out, or another -errno. */
int clients_open(struct clients *clients, const struct address *address, const struct address *local,
	struct client **out);

void clients_close(struct clients *clients, struct client *client);

/* Calls `visit` for each; it may close the one it is called with. */
void clients_each(struct clients *clients, void (*visit)(void *context, struct client *client), void *context);

unsigned clients_count(const struct clients *clients);
const struct portpool *clients_pool(const struct clients *clients);

#endif
