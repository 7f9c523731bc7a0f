#include "proto/signals.h"

#include <errno.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "proto/clock.h"

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
	sigset_t set = ending_signals();

	if (!readable || read(task->fd, &info, sizeof info) != sizeof info)
		return CLOCK_NEVER;
	s->caught = (int)info.ssi_signo;
	/* From now on the default applies: another one ends the process at once. */
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
