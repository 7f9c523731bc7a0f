/* The main port's thread also serves the ports of sessions that are not up yet: however many questions wait
 * there, the others have their turn. */
#include "server/listener.h"

#include <unistd.h>

#include "proto/config/table.h"
#include "proto/sys/clock.h"
#include "tests/support/loop_scene.h"
#include "tests/support/udp_pair.h"

enum { QUESTIONS = 400 };

struct crowd {
	struct actor other;
	struct scene *scene;
	struct udp_pair *pair;
	unsigned asked, answered_at_first_step;
};

static void ask(struct crowd *c, const struct address *server)
{
	static const char question[] = "CONNECT";

	for (c->asked = 0; c->asked < QUESTIONS; c->asked++)
		assert_int_equal(
			udp_send(&c->pair->from, server, (const uint8_t *)question, sizeof question - 1), 0);
}

static void count_answers(struct crowd *c)
{
	struct udp_datagram d;

	while (udp_receive(&c->pair->from, c->pair->batch, NULL) > 0)
		while (udp_next(c->pair->batch, &d))
			c->pair->count++;
}

/* Looks again and again until every question has its answer. */
static uint64_t count_until_all(struct actor *self)
{
	struct crowd *c = (struct crowd *)self;

	count_answers(c);
	if (self->steps == 1)
		c->answered_at_first_step = c->pair->count;
	if (c->pair->count == QUESTIONS)
		loop_stop(self->scene->loop);
	return clock_now_ns();
}

/* An address whose port is free. */
static struct address free_address(void)
{
	struct address address = loopback(AF_INET);
	struct udp_socket s;

	assert_int_equal(udp_open(&s, &address), 0);
	assert_int_equal(udp_local_address(&s, &address), 0);
	udp_close(&s);
	return address;
}

static void test_a_crowd_leaves_others_their_turn(void **state)
{
	struct options options;
	struct runner_home home;
	struct listener *listener;
	struct scene scene;
	struct crowd crowd = {.scene = &scene};
	struct address local = free_address();

	(void)state;
	options_defaults(&options);
	options.port_ranges[0] = (struct port_range){20000, 29999};
	loop_scene_open(&scene, 0);
	home = (struct runner_home){.loop = scene.loop, .batch = udp_batch_new()};
	assert_non_null(home.batch);
	assert_int_equal(listener_open(&listener, &options, NULL, &local, &home), 0);
	crowd.pair = udp_pair_open(AF_INET);
	ask(&crowd, &local);
	actor_init(&crowd.other, &scene, 1);
	give_descriptor(&crowd.other, true);
	crowd.other.act = count_until_all;
	actor_enter(&crowd.other);

	loop_scene_run(&scene);
	print_message("%u of %u answered before the other's turn\n", crowd.answered_at_first_step, QUESTIONS);
	assert_true(crowd.answered_at_first_step < QUESTIONS / 2);

	actor_leave(&crowd.other);
	udp_pair_close(crowd.pair);
	listener_close(listener);
	udp_batch_free(home.batch);
	loop_scene_close(&scene);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_crowd_leaves_others_their_turn),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
