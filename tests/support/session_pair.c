#include "tests/support/session_pair.h"

#include <dirent.h>

const struct mode modes[MODES] = {
	{"one loop for all", PARALLEL_SINGLE, PARALLEL_SINGLE, 0},
	{"a thread for each connection", PARALLEL_SINGLE, PARALLEL_THREAD, 1},
	{"a thread for each port", PARALLEL_THREAD, PARALLEL_SINGLE, 3},
	{"a thread for each port of each connection", PARALLEL_THREAD, PARALLEL_THREAD, 3},
};

unsigned open_descriptors(void)
{
	DIR *folder = opendir("/proc/self/fd");
	unsigned n = 0;

	assert_non_null(folder);
	while (readdir(folder))
		n++;
	closedir(folder);
	return n;
}

void quick_options(struct options *o)
{
	options_defaults(o);
	o->heartbeat_ms = 25;
	o->adjustment_delay_ms = 200;
	o->flow_control_rate = 10;
	o->ucm_delay_ms = 50;
	o->ucm_rate_ms = 50;
}

struct address loopback_host(void)
{
	return (struct address){
		.size = sizeof(struct sockaddr_in),
		.v4 = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}},
	};
}

void world_init(struct world *w)
{
	*w = (struct world){.descriptors = open_descriptors()};
	for (int side = 0; side < SIDES; side++) {
		struct options o;

		quick_options(&o);
		assert_int_equal(runner_home_open(&w->home[side], &o), 0);
	}
}

struct side **world_add(struct world *w)
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

static void set_mode(struct side *s, size_t mode)
{
	s->options.port_parallelism = modes[mode].port;
	s->options.connection_parallelism = modes[mode].connection;
}

void add_all_modes(struct world *w)
{
	for (size_t i = 0; i < MODES * MODES; i++) {
		struct side **pair = world_add(w);

		set_mode(pair[CLIENT], i / MODES);
		set_mode(pair[SERVER], i % MODES);
	}
}

void name_pair(size_t i)
{
	print_message("client: %s, server: %s\n", modes[i / MODES].name, modes[i % MODES].name);
}

void session_pair_open(struct side **pair)
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

static void *run_home(void *loop)
{
	loop_run(loop);
	return NULL;
}

void world_start(struct world *w)
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

void world_look(struct world *w)
{
	for (unsigned i = 0; i < w->pairs; i++)
		for (int side = 0; side < SIDES; side++)
			session_snapshot(&w->pair[i][side]->session, &w->pair[i][side]->snapshot);
}

void world_stop(struct world *w)
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

const struct port_snapshot *seen(const struct world *w, unsigned pair, int side, int kind)
{
	return &w->pair[pair][side]->snapshot.port[kind];
}

struct test_record latest_test(const struct side *s)
{
	const struct session_snapshot *n = &s->snapshot;

	return n->tests > 0 ? n->test[n->tests - 1] : (struct test_record){0};
}

bool has_round_trips(void *context)
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

bool all_tests_run(void *context)
{
	struct world *w = context;

	world_look(w);
	for (unsigned i = 0; i < w->pairs; i++)
		if (latest_test(w->pair[i][CLIENT]).phase < TEST_RUNNING ||
			seen(w, i, SERVER, PORT_UPLOAD)->sink.packets == 0)
			return false;
	return true;
}

bool all_tests_over(void *context)
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

void start_tests(struct world *w)
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
