/* What heartbeats tell apart: round trips without and under load, and the two directions of a path between
 * hosts whose clocks differ. */
#include "tests/support/heartbeat_pair.h"

#define NUM UINT64_C(0x0123456789abcdef)

enum { NEVER = -1, LAST_MS = 4000 };

/* When things happen, in ms. */
static const struct {
	const char *name;
	int load, unload, begins, ends;
	bool is_loaded; /* the part that it counts in */
} split_rows[] = {
	{"no load", NEVER, NEVER, 10, 30, false},
	{"before the load", 100, NEVER, 10, 30, false},
	{"begun before the load, ended in it", 20, NEVER, 10, 30, false},
	{"begun as the load begins", 10, NEVER, 10, 30, true},
	{"in the load", 5, NEVER, 10, 30, true},
	{"in the load, ended after it", 5, 20, 10, 30, true},
	{"begun as the load ends", 5, 10, 10, 30, false},
	{"after the load", 5, 8, 10, 30, false},
	{"lost without load", NEVER, NEVER, 10, NEVER, false},
	{"lost, begun before the load", 20, NEVER, 10, NEVER, false},
	{"lost in the load", 5, NEVER, 10, NEVER, true},
	{"lost, begun in a load that is over", 5, 20, 10, NEVER, true},
	{"lost after the load", 5, 8, 10, NEVER, false},
};

static void test_split(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(split_rows); i++) {
		const struct latency_part *in, *out;
		struct message m0, m1, m2;
		struct latency_summary l;
		struct pair p;

		print_message("%s\n", split_rows[i].name);
		heartbeat_pair_open(&p, 1);
		for (int ms = 0; ms <= LAST_MS; ms++) {
			uint64_t now_ns = START_NS + (uint64_t)ms * MS;

			if (ms == split_rows[i].load || ms == split_rows[i].unload)
				heartbeat_load(&p.client, ms == split_rows[i].load, now_ns);
			if (ms == split_rows[i].begins) {
				m0 = begin(&p.client, now_ns);
				assert_int_equal(heartbeat_give(&p.server, &m0, now_ns, &m1), WIRE_OK);
			}
			if (ms == split_rows[i].ends)
				assert_int_equal(heartbeat_give(&p.client, &m1, now_ns, &m2), WIRE_OK);
			heartbeat_expire(&p.client, now_ns);
		}
		l = summary(&p.client);
		in = split_rows[i].is_loaded ? &l.loaded : &l.idle;
		out = split_rows[i].is_loaded ? &l.idle : &l.loaded;
		assert_int_equal(in->n, split_rows[i].ends != NEVER);
		assert_int_equal(in->lost, split_rows[i].ends == NEVER);
		assert_int_equal(out->n + out->lost, 0);
		assert_int_equal(l.n, in->n);
		assert_int_equal(l.lost, in->lost);
		if (in->n)
			assert_int_equal(in->min_ns, 20 * MS);
	}
}

/* Each part's jitter is its own: a step from one to the other is none. */
static void test_jitter(void **state)
{
	static const struct {
		const char *name;
		uint64_t idle_ms[2], loaded_ms[2]; /* round trips, in turn */
		uint64_t idle_jitter_ms[2], loaded_jitter_ms[2];
	} rows[] = {
		{"steady, and a step between", {10, 10}, {90, 90}, {0, 0}, {0, 0}},
		{"restless under load", {10, 10}, {20, 60}, {0, 0}, {35, 40}},
		{"restless without", {20, 60}, {90, 90}, {35, 40}, {0, 0}},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		uint64_t now_ns = START_NS;
		struct latency_summary l;
		struct pair p;

		print_message("%s\n", rows[i].name);
		heartbeat_pair_open(&p, 0);
		for (unsigned n = 0; n < 400; n++) {
			bool is_loaded = n / 100 % 2;
			const uint64_t *ms = is_loaded ? rows[i].loaded_ms : rows[i].idle_ms;

			heartbeat_load(&p.client, is_loaded, now_ns);
			now_ns = exchange(&p, now_ns, 0, ms[n % 2] * MS) + INTERVAL_NS;
		}
		l = summary(&p.client);
		assert_int_equal(l.idle.n, 200);
		assert_int_equal(l.loaded.n, 200);
		assert_in_range(
			l.idle.jitter_ns, rows[i].idle_jitter_ms[0] * MS, rows[i].idle_jitter_ms[1] * MS);
		assert_in_range(l.loaded.jitter_ns, rows[i].loaded_jitter_ms[0] * MS,
			rows[i].loaded_jitter_ms[1] * MS);
		assert_in_range(l.idle.max_ns, 1, 60 * MS);
	}
}

/* The server's clock and the way to it. */
struct way {
	const char *name;
	int64_t offset_ns;
	double skew_ppm;
	uint64_t held_ns;        /* by the server */
	uint64_t up_ms, down_ms; /* queues under load */
};

enum { BARE_MS = 5, IDLE_BEATS = 150, BEATS = 250 };

static uint64_t server_ns(const struct way *way, uint64_t now_ns)
{
	double drift_ns = (double)(now_ns - START_NS) * way->skew_ppm / 1e6;

	return now_ns + (uint64_t)way->offset_ns + (uint64_t)(int64_t)drift_ns;
}

static enum wire_reject meet(struct heartbeat *h, struct message *m, const struct heartbeat_packet *how)
{
	struct heartbeat_packet packet = *how;
	struct heartbeat_output answer;
	enum wire_reject reason;

	packet.type = m->type;
	packet.body = (const uint8_t *)m->body;
	packet.size = m->size;
	reason = heartbeat_input(h, &packet, &answer);
	m->type = answer.type;
	m->size = answer.size;
	memcpy(m->body, answer.body, answer.size);
	return reason;
}

/* One beat, and the time of the next. */
static uint64_t beat(struct pair *p, const struct way *way, bool is_loaded, uint64_t now_ns)
{
	struct heartbeat_packet at_server = {.challenge = NUM, .proven = true}, at_client = {0};
	struct message m;

	heartbeat_load(&p->client, is_loaded, now_ns);
	m = begin(&p->client, now_ns);
	now_ns += (BARE_MS + (is_loaded ? way->up_ms : 0)) * MS;
	at_server.received_ns = server_ns(way, now_ns);
	now_ns += way->held_ns;
	at_server.now_ns = server_ns(way, now_ns);
	assert_int_equal(meet(&p->server, &m, &at_server), WIRE_OK);
	now_ns += (BARE_MS + (is_loaded ? way->down_ms : 0)) * MS;
	at_client.received_ns = at_client.now_ns = now_ns;
	assert_int_equal(meet(&p->client, &m, &at_client), WIRE_OK);
	return now_ns + INTERVAL_NS;
}

static void open_both(struct pair *p, bool extended, struct owd *owd)
{
	struct heartbeat_plan plan = {.extended = extended, .interval_ns = INTERVAL_NS};

	heartbeat_init(&p->server, &plan, START_NS);
	plan.is_client = true;
	plan.owd = owd;
	heartbeat_init(&p->client, &plan, START_NS);
}

static uint64_t run_beats(struct pair *p, const struct way *way, struct latency_summary *l)
{
	uint64_t now_ns = START_NS;

	for (unsigned n = 0; n < BEATS; n++)
		now_ns = beat(p, way, n >= IDLE_BEATS, now_ns);
	*l = (struct latency_summary){0};
	heartbeat_summary(&p->client, now_ns, l);
	return now_ns;
}

static const struct way ways[] = {
	{"one clock", 0, 0, 0, 20, 0},
	{"a clock far ahead", INT64_C(1000000000000), 0, 0, 20, 0},
	{"a clock behind", -INT64_C(4000000000000), 0, 0, 0, 30},
	{"a faster clock", INT64_C(77777777), 50, 0, 20, 40},
	{"a server that holds the question", -INT64_C(5000000), 0, 3000000, 20, 0},
	{"no queue", INT64_C(123456789), -20, 0, 0, 0},
};

/* Histograms are 3 % exact, a fit of a few seconds leaves some microseconds. */
static void assert_near(uint64_t got_ns, uint64_t want_ns)
{
	uint64_t error_ns = got_ns > want_ns ? got_ns - want_ns : want_ns - got_ns;

	assert_in_range(error_ns, 0, want_ns / 25 + 100 * NS_PER_US);
}

static void test_directions(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(ways); i++) {
		struct owd owd = {.fit = {.samples = 0}};
		struct latency_summary l;
		struct pair p;
		uint64_t end_ns;
		int64_t off_ns;

		print_message("%s\n", ways[i].name);
		open_both(&p, true, &owd);
		end_ns = run_beats(&p, &ways[i], &l);
		assert_true(l.owd.known);
		off_ns = l.owd.offset_ns - (int64_t)(server_ns(&ways[i], end_ns) - end_ns);
		assert_in_range(off_ns < 0 ? -off_ns : off_ns, 0, l.owd.offset_err_ns);
		/* Half of the shortest round trip, plus what the skew leaves uncertain after a second of
		 * queues. */
		assert_in_range(l.owd.offset_err_ns, BARE_MS * MS / 2, 3 * BARE_MS * MS);
		assert_near(l.owd.up_ns, BARE_MS * MS);
		assert_near(l.owd.down_ns, BARE_MS * MS);
		assert_near(l.owd.queue_up_ns, ways[i].up_ms * MS);
		assert_near(l.owd.queue_down_ns, ways[i].down_ms * MS);
		assert_int_equal(l.owd.idle[TEST_UP].n + l.owd.loaded[TEST_UP].n, BEATS);
		assert_int_equal(l.owd.loaded[TEST_DOWN].n, BEATS - IDLE_BEATS);
		assert_near(l.owd.idle[TEST_UP].p99_ns, BARE_MS * MS);
		assert_near(l.owd.loaded[TEST_UP].p50_ns, (BARE_MS + ways[i].up_ms) * MS);
		assert_near(l.owd.loaded[TEST_DOWN].p95_ns, (BARE_MS + ways[i].down_ms) * MS);
	}
}

/* A classic server's stamp doesn't say when it received; nor does a server look at directions. */
static void test_none(void **state)
{
	struct owd owd = {.fit = {.samples = 0}};
	struct latency_summary l;
	struct pair p;

	(void)state;
	open_both(&p, false, &owd);
	run_beats(&p, &ways[0], &l);
	assert_int_equal(l.n, BEATS);
	assert_false(l.owd.known);
	open_both(&p, true, NULL);
	run_beats(&p, &ways[0], &l);
	assert_int_equal(l.n, BEATS);
	assert_false(l.owd.known);
}

#define ONE(server, held)                                                                             \
	"{\"client_timestamp\": 5000.000000000, \"server_timestamp\": " server ", \"held_ns\": " held \
	", \"proven\": 1}"

/* What a server may say: the directions are only measured where the times make sense, and it is nothing that
 * does harm where they don't. */
static void test_forged(void **state)
{
	static const struct {
		const char *name, *body;
		bool known;
	} rows[] = {
		{"whole", ONE("\"77.000000000-0123456789abcdef\"", "0"), true},
		{"a classic stamp", ONE("77.000000000", "0"), false},
		{"no challenge", ONE("\"77.000000000\"", "0"), false},
		{"no time", ONE("\"-0123456789abcdef\"", "0"), false},
		{"a time that is none", ONE("\"x-0123456789abcdef\"", "0"), false},
		{"held for longer than it was away", ONE("\"77.000000000-0123456789abcdef\"", "9000000000"),
			false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct message m1 = text(WIRE_HEARTBEAT_1, rows[i].body), m2;
		struct owd owd = {.fit = {.samples = 0}};
		struct latency_summary l = {0};
		struct pair p;

		print_message("%s\n", rows[i].name);
		open_both(&p, true, &owd);
		begin(&p.client, START_NS);
		assert_int_equal(heartbeat_give(&p.client, &m1, START_NS + 10 * MS, &m2), WIRE_OK);
		heartbeat_summary(&p.client, START_NS + 10 * MS, &l);
		assert_int_equal(l.n, 1);
		assert_int_equal(l.owd.known, rows[i].known);
		/* The same again is not pending any more, and measured no more. */
		assert_int_equal(heartbeat_give(&p.client, &m1, START_NS + 20 * MS, &m2), REJECT_SEQUENCE);
		assert_int_equal(owd.idle[TEST_UP].n + owd.loaded[TEST_UP].n, rows[i].known);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_split),
		cmocka_unit_test(test_jitter),
		cmocka_unit_test(test_directions),
		cmocka_unit_test(test_none),
		cmocka_unit_test(test_forged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
