/* The first signal is read from a descriptor, so that the loop handles it between two steps. From then
 * on a handler ends the process, whatever the loop is stuck in. */
#include "proto/signals.h"

#include <errno.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "proto/clock.h"

/* A sender that signals the process and its group (timeout(1) does) means one signal, not two. */
enum { SIGNALS_SAME_MS = 200 };

static uint64_t first_ns; /* written once, before the handler is there */

static void end_at_once(int number)
{
	if (clock_now_ns() - first_ns > (uint64_t)SIGNALS_SAME_MS * NS_PER_MS)
		_exit(128 + number);
}

static sigset_t ending_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	return set;
}

static uint64_t step(struct loop_task *task, bool readable)
{
	struct signals *s = (struct signals *)task; /* its first member */
	struct signalfd_siginfo info;
	struct sigaction again = {.sa_handler = end_at_once, .sa_flags = SA_RESTART};
	sigset_t set = ending_signals();

	if (!readable || read(task->fd, &info, sizeof info) != sizeof info)
		return CLOCK_NEVER;
	s->caught = (int)info.ssi_signo;
	first_ns = clock_now_ns();
	sigaction(SIGINT, &again, NULL);
	sigaction(SIGTERM, &again, NULL);
	pthread_sigmask(SIG_UNBLOCK, &set, NULL);
	if (s->caught_one)
		s->caught_one(s->context);
	else
		loop_stop(task->loop);
	return CLOCK_NEVER;
}

int signals_open(struct signals *s, struct loop *loop)
{
	sigset_t set = ending_signals();
	int error;

	signal(SIGPIPE, SIG_IGN);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	*s = (struct signals){
		.task = {.fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC), .step = step},
	};
	if (s->task.fd < 0)
		return -errno;
	error = loop_add(loop, &s->task);
	if (error)
		signals_close(s);
	return error;
}

void signals_close(struct signals *s)
{
	loop_remove(&s->task);
	if (s->task.fd >= 0)
		close(s->task.fd);
	s->task.fd = -1;
}
