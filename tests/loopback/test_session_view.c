/* Whole sessions on loopback, in every mode on either side: a client that watches sees its server's ports,
 * and one that doesn't, or no longer, asks nothing. */
#include "tests/support/session_pair.h"

enum { QUIET_ROUND_TRIPS = 60 }; /* of 25 ms: questions would have come in that time */

static const uint8_t secret[SEAL_SECRET_BYTES] = "a secret that both sides hold";

static void world_open(struct world *w)
{
	world_init(w);
	add_all_modes(w);
	for (unsigned i = 0; i < w->pairs * SIDES; i++)
		w->pair[i / SIDES][i % SIDES]->secret = secret;
	world_start(w);
}

static void watch_all(struct world *w, bool on)
{
	for (unsigned i = 0; i < w->pairs; i++)
		assert_true(session_view_server(&w->pair[i][CLIENT]->session, on));
}

static const struct server_view *view_of(const struct world *w, unsigned pair)
{
	return &w->pair[pair][CLIENT]->snapshot.peer;
}

/* Every client has seen its server's three ports up. */
static bool all_see(void *context)
{
	struct world *w = context;

	world_look(w);
	for (unsigned i = 0; i < w->pairs * PORT_KINDS; i++)
		if (view_of(w, i / PORT_KINDS)->port[i % PORT_KINDS].state != PORT_UP)
			return false;
	return true;
}

struct earlier {
	struct world *world;
	struct server_view view[PAIRS];
};

static void look_first(struct earlier *e, struct world *w)
{
	e->world = w;
	for (unsigned i = 0; i < w->pairs; i++)
		e->view[i] = *view_of(w, i);
}

/* Every client has seen each of its server's ports work on. */
static bool all_see_more(void *context)
{
	struct earlier *e = context;
	struct world *w = e->world;

	world_look(w);
	for (unsigned i = 0; i < w->pairs * PORT_KINDS; i++) {
		const struct server_view_port *first = &e->view[i / PORT_KINDS].port[i % PORT_KINDS];
		const struct server_view_port *next = &view_of(w, i / PORT_KINDS)->port[i % PORT_KINDS];

		if (next->steps <= first->steps || next->received_packets <= first->received_packets ||
			next->latency_n <= first->latency_n)
			return false;
	}
	return true;
}

static void check_view(const struct world *w, unsigned pair, const struct server_view *first)
{
	const struct server_view *v = view_of(w, pair);

	assert_in_range(first->taken_ns, 1, v->taken_ns - 1);
	assert_in_range(first->clock_ns, 1, v->clock_ns - 1);
	for (int kind = 0; kind < PORT_KINDS; kind++) {
		const struct port_snapshot *server = seen(w, pair, SERVER, kind);
		const struct server_view_port *p = &v->port[kind], *before = &first->port[kind];

		/* It is the server's port that is shown, and nothing that it has not published. */
		assert_int_equal(p->thread_id, server->thread_id);
		assert_int_not_equal(p->thread_id, seen(w, pair, CLIENT, kind)->thread_id);
		assert_int_equal(p->receive_buffer_bytes, server->receive_buffer_bytes);
		assert_in_range(p->steps, before->steps, server->steps);
		assert_in_range(p->cpu_ns, before->cpu_ns, server->cpu_ns);
		assert_in_range(p->received_packets, before->received_packets, server->received_packets);
		assert_in_range(p->received_bytes, before->received_bytes, server->received_bytes);
		assert_in_range(p->sent_packets, before->sent_packets, server->sent_packets);
		assert_in_range(p->sent_bytes, before->sent_bytes, server->sent_bytes);
		assert_in_range(p->latency_n, before->latency_n + 1, server->latency.n);
		assert_true(p->latency_lost <= server->latency.lost);
		assert_int_not_equal(p->latency_last_ns, 0);
		assert_in_range(p->latency_p50_ns, 1, p->latency_p99_ns);
		assert_false(p->source_active || p->sink_active);
		assert_int_equal(server->rejected[REJECT_CHANNEL], 0);
	}
}

static bool all_see_sinks(void *context)
{
	struct world *w = context;

	world_look(w);
	for (unsigned i = 0; i < w->pairs; i++)
		if (!view_of(w, i)->port[PORT_UPLOAD].sink_active)
			return false;
	return true;
}

/* This many more heartbeats on each client's CONTROL port. */
static bool has_beaten(void *context)
{
	struct world *w = context;

	world_look(w);
	for (unsigned i = 0; i < w->pairs; i++)
		if (seen(w, i, CLIENT, PORT_CONTROL)->latency.n < w->round_trips)
			return false;
	return true;
}

static void beat_more(struct world *w, uint64_t round_trips)
{
	world_look(w);
	w->round_trips = 0;
	for (unsigned i = 0; i < w->pairs; i++)
		if (seen(w, i, CLIENT, PORT_CONTROL)->latency.n > w->round_trips)
			w->round_trips = seen(w, i, CLIENT, PORT_CONTROL)->latency.n;
	w->round_trips += round_trips;
	assert_true(wait_until(has_beaten, w));
}

static void test_watch(void **state)
{
	struct earlier first;
	struct world w;

	(void)state;
	world_open(&w);
	watch_all(&w, true);
	assert_true(wait_until(all_see, &w));
	look_first(&first, &w);
	assert_true(wait_until(all_see_more, &first));
	world_look(&w); /* what the servers show is now newer than what was told */
	for (unsigned i = 0; i < w.pairs; i++) {
		name_pair(i);
		check_view(&w, i, &first.view[i]);
	}
	world_stop(&w);
}

static void test_sees_a_test(void **state)
{
	struct world w;

	(void)state;
	world_open(&w);
	watch_all(&w, true);
	assert_true(wait_until(all_see, &w));
	start_tests(&w);
	assert_true(wait_until(all_see_sinks, &w));
	assert_true(wait_until(all_tests_over, &w));
	world_stop(&w);
}

/* Nobody is watching yet, and later nobody is watching any more: what is shown stays as it is. */
static void test_no_questions(void **state)
{
	struct earlier last;
	struct world w;

	(void)state;
	world_open(&w);
	w.round_trips = QUIET_ROUND_TRIPS;
	assert_true(wait_until(has_beaten, &w));
	for (unsigned i = 0; i < w.pairs; i++)
		assert_int_equal(view_of(&w, i)->taken_ns, 0);
	watch_all(&w, true);
	assert_true(wait_until(all_see, &w));
	watch_all(&w, false);
	beat_more(&w, 4); /* by then the mail is read, and an answer that was on its way is there */
	look_first(&last, &w);
	beat_more(&w, QUIET_ROUND_TRIPS);
	for (unsigned i = 0; i < w.pairs; i++) {
		assert_int_equal(view_of(&w, i)->taken_ns, last.view[i].taken_ns);
		for (int side = 0; side < SIDES; side++)
			assert_int_equal(seen(&w, i, side, PORT_CONTROL)->rejected[REJECT_CHANNEL], 0);
	}
	world_stop(&w);
}

/* A classic peer is never asked. */
static void test_classic(void **state)
{
	struct world w;

	(void)state;
	world_init(&w);
	world_add(&w);
	world_start(&w);
	watch_all(&w, true);
	w.round_trips = QUIET_ROUND_TRIPS;
	assert_true(wait_until(has_beaten, &w));
	assert_int_equal(view_of(&w, 0)->taken_ns, 0);
	for (int reason = REJECT_SHORT; reason < WIRE_REJECTS; reason++)
		assert_int_equal(seen(&w, 0, SERVER, PORT_CONTROL)->rejected[reason], 0);
	world_stop(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_watch),
		cmocka_unit_test(test_sees_a_test),
		cmocka_unit_test(test_no_questions),
		cmocka_unit_test(test_classic),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
