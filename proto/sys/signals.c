/* A handler notes the first signal and wakes the loop, which handles it between two steps. The process ends
 * at the second signal, or when the loop is stuck (in a write that nobody reads, for example) and hasn't
 * handled the first in time. */
#include "proto/sys/signals.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "proto/sys/clock.h"

enum {
	/* A sender that signals the process and its group (timeout(1) does) means one signal, not two. */
	SIGNALS_SAME_MS = 200,
	SIGNALS_STUCK_S = 1,
};

static volatile sig_atomic_t first_signal;
static _Atomic uint64_t first_ns;
static int wake_fd = -1;

static void (*volatile last_act)(void);

void signals_set_last_act(void (*act)(void))
{
	last_act = act;
}

static void leave(int number)
{
	void (*act)(void) = last_act;

	if (act)
		act();
	_exit(128 + number);
}

static void handle(int number)
{
	int saved = errno;

	if (first_signal && clock_now_ns() - first_ns > clock_ms(SIGNALS_SAME_MS))
		leave(number);
	if (!first_signal) {
		first_ns = clock_now_ns();
		first_signal = number;
		alarm(SIGNALS_STUCK_S);
		/* If this fails, the alarm ends the process. */
		if (write(wake_fd, &(uint64_t){1}, sizeof(uint64_t)) < 0)
			errno = saved;
	}
	errno = saved;
}

static void give_up(int number)
{
	(void)number;
	leave(first_signal);
}

static uint64_t step(struct loop_task *task, bool readable)
{
	struct signals *s = (struct signals *)task; /* its first member */
	uint64_t drain;

	if (!readable || read(task->fd, &drain, sizeof drain) < 0)
		return CLOCK_NEVER;
	s->caught = first_signal;
	alarm(SIGNALS_STUCK_S); /* the shutdown must not get stuck either */
	if (s->caught_one)
		s->caught_one(s->context);
	else
		loop_stop(task->loop);
	return CLOCK_NEVER;
}

static void install(int number, void (*handler)(int))
{
	struct sigaction action = {.sa_handler = handler};

	sigaction(number, &action, NULL);
}

int signals_open(struct signals *s, struct loop *loop)
{
	struct sigaction hangup;
	int error;

	*s = (struct signals){
		.task = {.fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC), .step = step},
	};
	if (s->task.fd < 0)
		return -errno;
	wake_fd = s->task.fd;
	install(SIGPIPE, SIG_IGN);
	install(SIGALRM, give_up);
	install(SIGINT, handle);
	install(SIGTERM, handle);
	if (sigaction(SIGHUP, NULL, &hangup) == 0 && hangup.sa_handler != SIG_IGN)
		install(SIGHUP, handle);
	error = loop_add(loop, &s->task);
	if (error)
		signals_close(s);
	return error;
}

void signals_extend(void)
{
	if (first_signal)
		alarm(SIGNALS_STUCK_S);
}

void signals_close(struct signals *s)
{
	loop_remove(&s->task);
	if (s->task.fd >= 0)
		close(s->task.fd);
	s->task.fd = -1;
}
