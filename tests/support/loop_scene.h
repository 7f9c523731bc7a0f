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

void loop_scene_open(struct scene *s, uint64_t gather_ns);
void loop_scene_run(struct scene *s);
void loop_scene_close(struct scene *s);
void actor_init(struct actor *a, struct scene *s, int id);
void actor_enter(struct actor *a);
void actor_leave(struct actor *a);
void give_descriptor(struct actor *a, bool readable);

/* The first step is for entering; the second one at the deadline. */
uint64_t stop_at_second_step(struct actor *self);

#endif
