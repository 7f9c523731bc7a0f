/* One thread's loop: it waits for descriptors and deadlines and steps the tasks that are due.
 * In SINGLE mode one loop serves every port; in THREAD mode each port has a loop of its own. */
#ifndef PROTO_SYS_LOOP_H
#define PROTO_SYS_LOOP_H

#include <stdbool.h>
#include <stdint.h>

struct loop;

struct loop_task {
	int fd; /* read when readable; -1: deadlines only */
	/* Does what is due and returns the next deadline (CLOCK_MONOTONIC, ns): a time in the past means:
	 * step again at once. May add tasks and remove any, itself included. */
	uint64_t (*step)(struct loop_task *task, bool readable);
	/* What a step asks for: a pause before the next blocking wait, of about that length (0: none). */
	uint64_t gather_ns;
	/* Private to the loop. */
	struct loop *loop;
	uint64_t deadline_ns;
	unsigned index;
};

/* A loop with no tasks. `gather_ns`: pause before each blocking wait, so that datagrams arrive in
 * batches (0: none). NULL when out of memory or descriptors, errno set. */
struct loop *loop_new(uint64_t gather_ns);
void loop_free(struct loop *loop);

/* Called by the thread that runs the loop, or by any thread before it runs. The task is stepped soon after.
 * 0 or -errno. */
int loop_add(struct loop *loop, struct loop_task *task);
void loop_remove(struct loop_task *task);

/* Runs until loop_stop. */
void loop_run(struct loop *loop);

/* Any thread, and signal handlers. */
void loop_stop(struct loop *loop);

/* An event fd: writing to it makes the loop step every task. */
int loop_wake_fd(const struct loop *loop);

#endif
