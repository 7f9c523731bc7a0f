/* The session table: who is connected, with which ports, and what the log has said about them. The listener's
 * thread only. */
#ifndef SERVER_CLIENTS_H
#define SERVER_CLIENTS_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/engine/runner.h"
#include "proto/engine/session.h"
#include "proto/wire/handshake.h"
#include "server/portpool.h"

/* A test that the server has granted and that is not over yet. */
struct granted {
	bool active;
	uint32_t channel;
	uint64_t share_bps; /* as last told; 0: no limit */
};

/* What the log has said about a test. */
struct logged_test {
	uint32_t id;
	enum test_phase phase;
};

struct client {
	struct client *next;    /* in its bucket */
	uint64_t number;        /* counts sessions from 1 */
	struct address address; /* of its main socket */
	char name[ADDRESS_TEXT];
	uint8_t network[16]; /* what per-address limits count */
	bool extended;
	uint8_t nonce[HANDSHAKE_NONCE], token[HANDSHAKE_TOKEN];
	const struct key *key; /* that it has proven to hold; NULL: none */
	struct classic_assignment assignment;
	struct session session;
	struct runner runner;
	bool is_up; /* addresses proven on all three ports, threads running */
	struct granted granted[TEST_DIRECTIONS];
	struct {
		uint64_t round_trips[PORT_KINDS];
		struct logged_test test[SNAPSHOT_TESTS]; /* by id, modulo */
	} logged;
};

/* Who asks for a session. */
struct visitor {
	const struct address *address;
	const struct handshake_question *question; /* NULL: a classic client */
	const struct key *key;
};

struct clients;

/* `home`: the loop that SINGLE mode shares. NULL when out of memory. */
struct clients *clients_new(const struct options *options, struct runner_home *home);

/* Ends every session. */
void clients_free(struct clients *clients);

struct client *clients_find(struct clients *clients, const struct address *address);

/* Opens a session: ports from the pool, `local` is the address they are bound to, `gate` grants its tests.
 * 0, or -EADDRNOTAVAIL when the ports have run out, -EUSERS over a limit, or another -errno. */
int clients_open(struct clients *clients, const struct visitor *visitor, const struct address *local,
	struct mailbox *gate, struct client **out);

void clients_close(struct clients *clients, struct client *client);

/* Calls `visit` for each; it may close the one it is called with. */
void clients_each(
	struct clients *clients, void (*visit)(void *context, struct client *client), void *context);

/* By the heartbeats' key, which no two sessions share; NULL: there is none. */
struct client *clients_by_key(struct clients *clients, uint32_t key);

struct client *clients_by_number(struct clients *clients, uint64_t number);

/* Sessions opened so far. */
uint64_t clients_opened(const struct clients *clients);

const struct portpool *clients_pool(const struct clients *clients);

#endif
