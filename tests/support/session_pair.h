/* What the tests of sessions share: a client's and a server's session in one process, on loopback,
 * each served as its own settings say. Two threads run what the programs' main threads do: the
 * loops that SINGLE mode shares. */
#ifndef TESTS_SUPPORT_SESSION_PAIR_H
#define TESTS_SUPPORT_SESSION_PAIR_H

#include <dirent.h>
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

static inline unsigned open_descriptors(void)
{
	DIR *folder = opendir("/proc/self/fd");
	unsigned n = 0;

	assert_non_null(folder);
	while (readdir(folder))
		n++;
	closedir(folder);
	return n;
}

static inline void quick_options(struct options *o)
{
	options_defaults(o);
	o->heartbeat_ms = 25;
	o->adjustment_delay_ms = 200;
	o->flow_control_rate = 10;
	o->ucm_delay_ms = 50;
	o->ucm_rate_ms = 50;
}

static inline struct address loopback_host(void)
{
	return (struct address){
		.size = sizeof(struct sockaddr_in),
		.v4 = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}},
	};
}

static inline void world_init(struct world *w)
{
	*w = (struct world){.descriptors = open_descriptors()};
	for (int side = 0; side < SIDES; side++) {
		struct options o;

		quick_options(&o);
		assert_int_equal(runner_home_open(&w->home[side], &o), 0);
	}
}

/* The next pair, with quick settings; nothing is open yet. */
static inline struct side **world_add(struct world *w)
{
	struct side **pair = w->pair[w->pairs++];

	assert_true(w->pairs <= PAIRS);
	for (int side = 0; side < SIDES; side++) {
		pair[side] = calloc(1, sizeof(*pair[side]));
		assert_non_null(pair[side]);
		quick_options(&pair[side]->options);
	}
	return pair;
}

static const struct {
	const char *name;
	enum parallelism port, connection;
	unsigned threads;
} modes[] = {
	{"one loop for all", PARALLEL_SINGLE, PARALLEL_SINGLE, 0},
	{"a thread for each connection", PARALLEL_SINGLE, PARALLEL_THREAD, 1},
	{"a thread for each port", PARALLEL_THREAD, PARALLEL_SINGLE, 3},
	{"a thread for each port of each connection", PARALLEL_THREAD, PARALLEL_THREAD, 3},
};

static inline void set_mode(struct side *s, size_t mode)
{
	s->options.port_parallelism = modes[mode].port;
	s->options.connection_parallelism = modes[mode].connection;
}

/* Pair i: the client in mode i / 4, the server in mode i % 4. */
static inline void add_all_modes(struct world *w)
{
	for (size_t i = 0; i < COUNT(modes) * COUNT(modes); i++) {
		struct side **pair = world_add(w);

		set_mode(pair[CLIENT], i / COUNT(modes));
		set_mode(pair[SERVER], i % COUNT(modes));
	}
}

static inline void name_pair(size_t i)
{
	print_message("client: %s, server: %s\n", modes[i / COUNT(modes)].name, modes[i % COUNT(modes)].name);
}

/* The server's sessions get whatever ports are free, and the clients their numbers. */
static inline void session_pair_open(struct side **pair)
{
	struct session_plan plan = {
		.options = &pair[SERVER]->options,
		.local = loopback_host(),
		.peer = loopback_host(),
		.assignment = {.key = KEY},
		.secret = pair[SERVER]->secret,
	};

	assert_int_equal(session_open(&pair[SERVER]->session, &plan, NULL), 0);
	session_snapshot(&pair[SERVER]->session, &pair[SERVER]->snapshot);
	for (int kind = 0; kind < PORT_KINDS; kind++)
		plan.assignment.port[kind] = pair[SERVER]->snapshot.port[kind].local_port;
	plan.is_client = true;
	plan.secret = pair[CLIENT]->secret;
	plan.asks_path = true;
	plan.options = &pair[CLIENT]->options;
	assert_int_equal(session_open(&pair[CLIENT]->session, &plan, NULL), 0);
	for (int side = 0; side < SIDES; side++)
		pair[side]->runner.session = &pair[side]->session; /* it may be stopped */
}

static inline void *run_home(void *loop)
{
	loop_run(loop);
	return NULL;
}

static inline void world_start(struct world *w)
{
	for (unsigned i = 0; i < w->pairs; i++) {
		session_pair_open(w->pair[i]);
		for (int side = SIDES; side-- > 0;)
			assert_int_equal(runner_start(&w->pair[i][side]->runner, &w->pair[i][side]->session,
						 &w->home[side]),
				0);
	}
	for (int side = 0; side < SIDES; side++)
		assert_int_equal(
			pthread_create(&w->home_thread[side], NULL, run_home, w->home[side].loop), 0);
	w->running = true;
}

static inline void world_look(struct world *w)
{
	for (unsigned i = 0; i < w->pairs; i++)
		for (int side = 0; side < SIDES; side++)
			session_snapshot(&w->pair[i][side]->session, &w->pair[i][side]->snapshot);
}

static inline void world_stop(struct world *w)
{
	for (int side = 0; side < SIDES && w->running; side++) {
		loop_stop(w->home[side].loop);
		pthread_join(w->home_thread[side], NULL);
	}
	for (unsigned i = 0; i < w->pairs; i++) {
		for (int side = 0; side < SIDES; side++) {
			runner_stop(&w->pair[i][side]->runner);
			session_close(&w->pair[i][side]->session);
			free(w->pair[i][side]);
		}
	}
	for (int side = 0; side < SIDES; side++)
		runner_home_close(&w->home[side]);
	assert_int_equal(open_descriptors(), w->descriptors);
}

static inline const struct port_snapshot *seen(const struct world *w, unsigned pair, int side, int kind)
{
	return &w->pair[pair][side]->snapshot.port[kind];
}

/* The latest test as that side knows it; phase TEST_NONE: there is none. */
static inline struct test_record latest_test(const struct side *s)
{
	const struct session_snapshot *n = &s->snapshot;

	return n->tests > 0 ? n->test[n->tests - 1] : (struct test_record){0};
}

/* Every port on both sides has measured so many round trips. */
static inline bool has_round_trips(void *context)
{
	struct world *w = context;

	world_look(w);
	for (unsigned i = 0; i < w->pairs * SIDES * PORT_KINDS; i++) {
		unsigned pair = i / (SIDES * PORT_KINDS), side = i / PORT_KINDS % SIDES;

		if (seen(w, pair, (int)side, (int)(i % PORT_KINDS))->latency.n < w->round_trips)
			return false;
	}
	return true;
}

static inline bool all_tests_run(void *context)
{
	struct world *w = context;

	world_look(w);
	for (unsigned i = 0; i < w->pairs; i++)
		if (latest_test(w->pair[i][CLIENT]).phase < TEST_RUNNING ||
			seen(w, i, SERVER, PORT_UPLOAD)->sink.packets == 0)
			return false;
	return true;
}

/* On either side, and the ports that did the work have published that too. */
static inline bool all_tests_over(void *context)
{
	struct world *w = context;

	world_look(w);
	for (unsigned i = 0; i < w->pairs * SIDES; i++) {
		const struct port_snapshot *p = seen(w, i / SIDES, (int)(i % SIDES), PORT_UPLOAD);

		if (latest_test(w->pair[i / SIDES][i % SIDES]).phase < TEST_COMPLETE || p->source_active ||
			p->sink_active)
			return false;
	}
	return true;
}

static inline void start_tests(struct world *w)
{
	struct test_order order = {
		.direction = TEST_UP,
		.duration_ns = NS_PER_S,
		.rate_bps = RATE_BPS,
		.datagram_bytes = 937,
	};

	for (unsigned i = 0; i < w->pairs; i++)
		assert_true(session_start_test(&w->pair[i][CLIENT]->session, &order));
}

#endif
