/* epoll for descriptors, a binary heap for deadlines.
 *
 * A round: wait until a descriptor is readable or the earliest deadline has come, step the readable
 * tasks first (their datagrams have been waiting), then those whose deadline has passed. */
#include "proto/sys/loop.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "proto/sys/clock.h"

enum { LOOP_EVENTS = 128 };

struct loop {
	int epoll_fd, wake_fd;
	uint64_t gather_ns; /* the pause before each wait, ... */
	uint64_t asked_ns;  /* ... and what the round's tasks ask for */
	atomic_bool stop;
	struct loop_task **heap; /* by deadline; heap[i]->index == i */
	unsigned tasks, room;
	struct epoll_event event[LOOP_EVENTS]; /* the round's; removed tasks are struck out */
	int events;
	struct loop_task *stepping; /* NULL again when it removes itself */
	uint64_t round_ns;          /* what is due by then is stepped in this round */
};

struct loop *loop_new(uint64_t gather_ns)
{
	struct loop *loop = calloc(1, sizeof *loop);
	struct epoll_event wake = {.events = EPOLLIN};

	if (!loop)
		return NULL;
	loop->gather_ns = gather_ns;
	wake.data.ptr = loop;
	loop->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	loop->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (loop->wake_fd >= 0 && loop->epoll_fd >= 0 &&
		epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, loop->wake_fd, &wake) == 0)
		return loop;
	loop_free(loop);
	return NULL;
}

void loop_free(struct loop *loop)
{
	int saved = errno;

	if (!loop)
		return;
	if (loop->wake_fd >= 0)
		close(loop->wake_fd);
	if (loop->epoll_fd >= 0)
		close(loop->epoll_fd);
	free(loop->heap);
	free(loop);
	errno = saved;
}

static void place(struct loop *loop, struct loop_task *task, unsigned at)
{
	loop->heap[at] = task;
	task->index = at;
}

/* Puts `task` where it belongs, starting from the free slot `at`. */
static void settle(struct loop *loop, struct loop_task *task, unsigned at)
{
	while (at > 0 && loop->heap[(at - 1) / 2]->deadline_ns > task->deadline_ns) {
		place(loop, loop->heap[(at - 1) / 2], at);
		at = (at - 1) / 2;
	}
	for (;;) {
		unsigned child = 2 * at + 1;

		if (child + 1 < loop->tasks &&
			loop->heap[child + 1]->deadline_ns < loop->heap[child]->deadline_ns)
			child++;
		if (child >= loop->tasks || loop->heap[child]->deadline_ns >= task->deadline_ns)
			break;
		place(loop, loop->heap[child], at);
		at = child;
	}
	place(loop, task, at);
}

int loop_add(struct loop *loop, struct loop_task *task)
{
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = task};

	if (loop->tasks == loop->room) {
		unsigned room = loop->room ? 2 * loop->room : 8;
		struct loop_task **heap = realloc(loop->heap, room * sizeof *heap);

		if (!heap)
			return -ENOMEM;
		loop->heap = heap;
		loop->room = room;
	}
	if (task->fd >= 0 && epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, task->fd, &event))
		return -errno;
	task->loop = loop;
	task->deadline_ns = loop->round_ns + 1; /* after those that are due already */
	settle(loop, task, loop->tasks++);
	return 0;
}

void loop_remove(struct loop_task *task)
{
	struct loop *loop = task->loop;

	if (!loop)
		return;
	if (task->fd >= 0)
		epoll_ctl(loop->epoll_fd, EPOLL_CTL_DEL, task->fd, NULL);
	for (int i = 0; i < loop->events; i++)
		if (loop->event[i].data.ptr == task)
			loop->event[i].data.ptr = NULL;
	if (loop->stepping == task)
		loop->stepping = NULL;
	loop->tasks--;
	if (task->index < loop->tasks)
		settle(loop, loop->heap[loop->tasks], task->index);
	task->loop = NULL;
}

static void step(struct loop *loop, struct loop_task *task, bool readable)
{
	uint64_t deadline_ns;

	loop->stepping = task;
	deadline_ns = task->step(task, readable);
	if (loop->stepping != task)
		return; /* it has removed itself */
	/* A task that wants to go on at once comes after those that are due already. */
	task->deadline_ns = deadline_ns > loop->round_ns ? deadline_ns : loop->round_ns + 1;
	settle(loop, task, task->index);
	if (task->gather_ns > loop->asked_ns)
		loop->asked_ns = task->gather_ns;
	loop->stepping = NULL;
}

static void wait_for_events(struct loop *loop)
{
	uint64_t now = clock_now_ns();
	uint64_t deadline = loop->tasks ? loop->heap[0]->deadline_ns : CLOCK_NEVER;
	uint64_t wait = deadline > now ? deadline - now : 0;
	uint64_t gather = loop->asked_ns > loop->gather_ns ? loop->asked_ns : loop->gather_ns;
	struct timespec limit;

	loop->asked_ns = 0;
	if (wait > gather && gather) {
		clock_sleep_ns(gather);
		wait -= gather;
	}
	limit = (struct timespec){
		.tv_sec = (time_t)(wait / NS_PER_S),
		.tv_nsec = (long)(wait % NS_PER_S),
	};
	loop->events = epoll_pwait2(
		loop->epoll_fd, loop->event, LOOP_EVENTS, deadline == CLOCK_NEVER ? NULL : &limit, NULL);
}

/* Makes every task due: some mailbox has mail, and only the tasks know whose. */
static void woken(struct loop *loop)
{
	uint64_t drain;

	if (read(loop->wake_fd, &drain, sizeof drain) < 0)
		return;
	for (unsigned i = 0; i < loop->tasks; i++)
		loop->heap[i]->deadline_ns = 0; /* all equal: still a heap */
}

void loop_run(struct loop *loop)
{
	while (!atomic_load_explicit(&loop->stop, memory_order_acquire)) {
		wait_for_events(loop);
		loop->round_ns = clock_now_ns();
		for (int i = 0; i < loop->events; i++) {
			void *what = loop->event[i].data.ptr;

			if (what == loop)
				woken(loop);
			else if (what)
				step(loop, what, true);
		}
		loop->events = 0;
		while (loop->tasks > 0 && loop->heap[0]->deadline_ns <= loop->round_ns)
			step(loop, loop->heap[0], false);
	}
}

void loop_stop(struct loop *loop)
{
	atomic_store_explicit(&loop->stop, true, memory_order_release);
	/* A full counter wakes too. */
	if (write(loop->wake_fd, &(uint64_t){1}, sizeof(uint64_t)) < 0)
		return;
}

int loop_wake_fd(const struct loop *loop)
{
	return loop->wake_fd;
}
