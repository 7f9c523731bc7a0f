/* What the tests of the loop share. They run in real time, with deadlines of a few milliseconds;
 * what is compared is the order of steps, never how long something took. A guard ends a test that
 * would hang. */
#ifndef TESTS_SUPPORT_LOOP_SCENE_H
#define TESTS_SUPPORT_LOOP_SCENE_H

#include <stdatomic.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "proto/sys/loop.h"
#include "tests/support/test.h"
#include "tests/support/wait.h"

enum { TASKS = 60, ORDER = 256 };

/* What the tasks of a test share. */
struct scene {
	struct loop *loop;
	struct loop_task guard;
	uint64_t guard_ns;
	bool timed_out;
	unsigned steps;
	int order[ORDER];          /* the first tasks that were stepped, by id */
	struct actor *left[TASKS]; /* who is left of a pair */
};

struct actor {
	struct loop_task task; /* first: the loop's pointer is the actor's */
	struct scene *scene;
	int id;
	atomic_uint steps;
	unsigned readable_steps;
	uint64_t deadline_ns;
	uint64_t (*act)(struct actor *self); /* what its step does and returns; NULL: deadline_ns */
	struct actor *other;
};

static inline uint64_t guard_step(struct loop_task *task, bool readable)
{
	struct scene *s = (struct scene *)((char *)task - offsetof(struct scene, guard));

	(void)readable;
	if (clock_now_ns() < s->guard_ns)
		return s->guard_ns;
	s->timed_out = true;
	loop_stop(s->loop);
	return CLOCK_NEVER;
}

static inline void loop_scene_open(struct scene *s, uint64_t gather_ns)
{
	*s = (struct scene){
		.loop = loop_new(gather_ns),
		.guard = {.fd = -1, .step = guard_step},
		.guard_ns = clock_now_ns() + clock_ms(WAIT_LIMIT_MS),
	};
	assert_non_null(s->loop);
	assert_int_equal(loop_add(s->loop, &s->guard), 0);
}

static inline void loop_scene_run(struct scene *s)
{
	loop_run(s->loop);
	assert_false(s->timed_out);
}

static inline void loop_scene_close(struct scene *s)
{
	loop_remove(&s->guard);
	loop_free(s->loop);
}

static inline uint64_t actor_step(struct loop_task *task, bool readable)
{
	struct actor *a = (struct actor *)task;
	struct scene *s = a->scene;
	eventfd_t drain;

	if (s->steps < ORDER)
		s->order[s->steps] = a->id;
	s->steps++;
	a->steps++;
	a->readable_steps += readable;
	if (readable)
		eventfd_read(task->fd, &drain);
	return a->act ? a->act(a) : a->deadline_ns;
}

static inline void actor_init(struct actor *a, struct scene *s, int id)
{
	*a = (struct actor){
		.task = {.fd = -1, .step = actor_step},
		.scene = s,
		.id = id,
		.deadline_ns = CLOCK_NEVER,
	};
}

static inline void actor_enter(struct actor *a)
{
	assert_int_equal(loop_add(a->scene->loop, &a->task), 0);
}

static inline void actor_leave(struct actor *a)
{
	loop_remove(&a->task);
	if (a->task.fd >= 0)
		close(a->task.fd);
	a->task.fd = -1;
}

static inline void give_descriptor(struct actor *a, bool readable)
{
	a->task.fd = eventfd(readable, EFD_NONBLOCK);
	assert_true(a->task.fd >= 0);
}

/* The first step is for entering; the second one at the deadline. */
static inline uint64_t stop_at_second_step(struct actor *self)
{
	if (self->steps == 2)
		loop_stop(self->scene->loop);
	return self->deadline_ns;
}

#endif
