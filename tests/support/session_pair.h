/* What the tests of sessions share: a client's and a server's session in one process, on loopback,
 * each served as its own settings say. Two threads run what the programs' main threads do: the
 * loops that SINGLE mode shares. */
#ifndef TESTS_SUPPORT_SESSION_PAIR_H
#define TESTS_SUPPORT_SESSION_PAIR_H

#include <pthread.h>
#include <stdlib.h>

#include "proto/config/table.h"
#include "proto/engine/runner.h"
#include "proto/sys/log.h"
#include "tests/support/test.h"
#include "tests/support/wait.h"

enum { CLIENT, SERVER, SIDES, PAIRS = 16, KEY = 26970, RATE_BPS = 1500000 };

struct side {
	struct options options;
	struct session session;
	struct runner runner;
	struct session_snapshot snapshot;
	const uint8_t *secret; /* NULL: classic */
};

/* Pairs that run at the same time. */
struct world {
	unsigned pairs, descriptors;
	struct side *pair[PAIRS][SIDES];
	struct runner_home home[SIDES];
	pthread_t home_thread[SIDES];
	bool running;
	uint64_t round_trips; /* what has_round_trips waits for */
};

unsigned open_descriptors(void);
void quick_options(struct options *o);
struct address loopback_host(void);
void world_init(struct world *w);

/* The next pair, with quick settings; nothing is open yet. */
struct side **world_add(struct world *w);

enum { MODES = 4 };

struct mode {
	const char *name;
	enum parallelism port, connection;
	unsigned threads;
};

extern const struct mode modes[MODES];

/* Pair i: the client in mode i / 4, the server in mode i % 4. */
void add_all_modes(struct world *w);

void name_pair(size_t i);

/* The server's sessions get whatever ports are free, and the clients their numbers. */
void session_pair_open(struct side **pair);

void world_start(struct world *w);
void world_look(struct world *w);
void world_stop(struct world *w);
const struct port_snapshot *seen(const struct world *w, unsigned pair, int side, int kind);

/* The latest test as that side knows it; phase TEST_NONE: there is none. */
struct test_record latest_test(const struct side *s);

/* Every port on both sides has measured this many round trips. */
bool has_round_trips(void *context);

bool all_tests_run(void *context);

/* On either side, and the ports that did the work have published that too. */
bool all_tests_over(void *context);

void start_tests(struct world *w);

#endif
