#include "tests/support/loop_scene.h"

static uint64_t guard_step(struct loop_task *task, bool readable)
{
	struct scene *s = (struct scene *)((char *)task - offsetof(struct scene, guard));

	(void)readable;
	if (clock_now_ns() < s->guard_ns)
		return s->guard_ns;
	s->timed_out = true;
	loop_stop(s->loop);
	return CLOCK_NEVER;
}

void loop_scene_open(struct scene *s, uint64_t gather_ns)
{
	*s = (struct scene){
		.loop = loop_new(gather_ns),
		.guard = {.fd = -1, .step = guard_step},
		.guard_ns = clock_now_ns() + clock_ms(WAIT_LIMIT_MS),
	};
	assert_non_null(s->loop);
	assert_int_equal(loop_add(s->loop, &s->guard), 0);
}

void loop_scene_run(struct scene *s)
{
	loop_run(s->loop);
	assert_false(s->timed_out);
}

void loop_scene_close(struct scene *s)
{
	loop_remove(&s->guard);
	loop_free(s->loop);
}

static uint64_t actor_step(struct loop_task *task, bool readable)
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

void actor_init(struct actor *a, struct scene *s, int id)
{
	*a = (struct actor){
		.task = {.fd = -1, .step = actor_step},
		.scene = s,
		.id = id,
		.deadline_ns = CLOCK_NEVER,
	};
}

void actor_enter(struct actor *a)
{
	assert_int_equal(loop_add(a->scene->loop, &a->task), 0);
}

void actor_leave(struct actor *a)
{
	loop_remove(&a->task);
	if (a->task.fd >= 0)
		close(a->task.fd);
	a->task.fd = -1;
}

void give_descriptor(struct actor *a, bool readable)
{
	a->task.fd = eventfd(readable, EFD_NONBLOCK);
	assert_true(a->task.fd >= 0);
}

uint64_t stop_at_second_step(struct actor *self)
{
	if (self->steps == 2)
		loop_stop(self->scene->loop);
	return self->deadline_ns;
}
