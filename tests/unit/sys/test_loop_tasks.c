/* Tasks that come and go while the loop runs: by their own step, by that of another, by chance. */
#include "tests/support/loop_scene.h"

/* Of a pair made with malloc the one that is stepped first removes itself or the other. What is
 * removed is freed at once. */
static uint64_t end_other(struct actor *self)
{
	actor_leave(self->other);
	free(self->other);
	self->act = NULL;
	self->scene->left[self->id] = self;
	return CLOCK_NEVER;
}

static uint64_t end_self(struct actor *self)
{
	self->other->act = NULL;
	self->scene->left[self->id] = self->other;
	actor_leave(self);
	free(self);
	return CLOCK_NEVER;
}

enum descriptor { NONE, SILENT, READABLE };

static const struct {
	const char *name;
	enum descriptor first, second;
	uint64_t (*act)(struct actor *self);
} removal_rows[] = {
	{"itself, while it is due", NONE, NONE, end_self},
	{"itself, while it is readable", READABLE, READABLE, end_self},
	{"one that is due too", NONE, NONE, end_other},
	{"one that is readable too", READABLE, READABLE, end_other},
	{"one that is due, from one that is readable", READABLE, NONE, end_other},
	{"one with a descriptor that is only due", READABLE, SILENT, end_other},
};

static void make_pair(struct scene *s, int id, size_t row)
{
	struct actor *a[2];

	for (int n = 0; n < 2; n++) {
		enum descriptor d = n ? removal_rows[row].second : removal_rows[row].first;

		a[n] = malloc(sizeof(*a[n]));
		assert_non_null(a[n]);
		actor_init(a[n], s, id);
		if (d != NONE)
			give_descriptor(a[n], d == READABLE);
		a[n]->act = removal_rows[row].act;
		actor_enter(a[n]);
	}
	a[0]->other = a[1];
	a[1]->other = a[0];
}

static void test_removal(void **state)
{
	enum { PAIRS = 20 };

	(void)state;
	for (size_t i = 0; i < COUNT(removal_rows); i++) {
		bool both_step = removal_rows[i].act == end_self;
		struct actor end;
		struct scene s;

		print_message("%s\n", removal_rows[i].name);
		loop_scene_open(&s, 0);
		for (int id = 0; id < PAIRS; id++)
			make_pair(&s, id, i);
		actor_init(&end, &s, -1);
		end.deadline_ns = clock_now_ns() + MS;
		end.act = stop_at_second_step;
		actor_enter(&end);
		loop_scene_run(&s);
		assert_int_equal(s.steps, 2 + PAIRS * (both_step ? 2 : 1));
		for (int id = 0; id < PAIRS; id++) {
			assert_non_null(s.left[id]);
			assert_int_equal(s.left[id]->steps, 1);
			actor_leave(s.left[id]);
			free(s.left[id]);
		}
		actor_leave(&end);
		loop_scene_close(&s);
	}
}

static uint64_t add_other(struct actor *self)
{
	if (self->other)
		actor_enter(self->other);
	else
		loop_stop(self->scene->loop);
	return CLOCK_NEVER;
}

/* Each task adds the next one in its step: also when the loop has to make room for that. */
static void test_added_in_a_step(void **state)
{
	struct actor actor[TASKS];
	struct scene s;

	(void)state;
	loop_scene_open(&s, 0);
	for (int id = 0; id < TASKS; id++) {
		actor_init(&actor[id], &s, id);
		actor[id].act = add_other;
		if (id > 0)
			actor[id - 1].other = &actor[id];
	}
	actor_enter(&actor[0]);
	loop_scene_run(&s);
	assert_int_equal(s.steps, TASKS);
	for (int id = 0; id < TASKS; id++) {
		assert_int_equal(s.order[id], id);
		actor_leave(&actor[id]);
	}
	loop_scene_close(&s);
}

static uint64_t leave_and_return(struct actor *self)
{
	loop_remove(&self->task);
	actor_enter(self);
	if (self->steps == 5)
		loop_stop(self->scene->loop);
	return CLOCK_NEVER;
}

static void test_left_and_returned_in_a_step(void **state)
{
	struct actor actor;
	struct scene s;

	(void)state;
	loop_scene_open(&s, 0);
	actor_init(&actor, &s, 1);
	actor.act = leave_and_return;
	actor_enter(&actor);
	loop_scene_run(&s);
	assert_int_equal(actor.steps, 5);
	actor_leave(&actor);
	loop_remove(&actor.task);
	loop_scene_close(&s);
}

/* Tasks that come, go and are hurried at random: none is stepped while it is out, and at the end each one
 * that is in can still be reached. */
enum { CHANCES = 20000 };

static struct actor crowd[TASKS];

static uint64_t act_by_chance(struct actor *self)
{
	struct actor *other = &crowd[rand() % TASKS];
	uint64_t due_ns = clock_now_ns() + (uint64_t)(rand() % 100) * NS_PER_US;

	if (!self->task.loop)
		self->id = -1;
	switch (rand() % 4) {
	case 0:
		loop_remove(&other->task);
		break;
	case 1:
		if (!other->task.loop && loop_add(self->scene->loop, &other->task))
			self->id = -1;
		break;
	case 2:
		due_ns = 0;
		break;
	default:
		if (other->task.fd >= 0)
			eventfd_write(other->task.fd, 1);
		break;
	}
	if (self->scene->steps >= CHANCES)
		loop_stop(self->scene->loop);
	return due_ns;
}

/* Keeps the crowd from dying out, and is the last to see it. */
static uint64_t invite(struct actor *self)
{
	for (int id = 0; id < TASKS / 4; id++)
		if (!crowd[id].task.loop && loop_add(self->scene->loop, &crowd[id].task))
			self->id = -1;
	return 0;
}

static void test_crowd(void **state)
{
	struct actor host;
	struct scene s;

	(void)state;
	srand(20240501);
	loop_scene_open(&s, 0);
	for (int id = 0; id < TASKS; id++) {
		actor_init(&crowd[id], &s, id);
		crowd[id].act = act_by_chance;
		if (id % 2)
			give_descriptor(&crowd[id], false);
		actor_enter(&crowd[id]);
	}
	actor_init(&host, &s, TASKS);
	host.act = invite;
	actor_enter(&host);
	loop_scene_run(&s);
	assert_int_equal(host.id, TASKS);
	for (int id = 0; id < TASKS; id++) {
		assert_int_equal(crowd[id].id, id);
		assert_true(crowd[id].steps > 0);
		actor_leave(&crowd[id]);
	}
	actor_leave(&host);
	loop_scene_close(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_removal),
		cmocka_unit_test(test_added_in_a_step),
		cmocka_unit_test(test_left_and_returned_in_a_step),
		cmocka_unit_test(test_crowd),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
