#include "proto/engine/runner.h"

#include <errno.h>
#include <signal.h>

#include "proto/sys/clock.h"

/* The port's code needs little; a thousand clients have three thousand stacks. */
enum { RUNNER_STACK_BYTES = 256 << 10 };

int runner_home_open(struct runner_home *home, const struct options *options)
{
	home->loop = loop_new(clock_us(options->incoming_sleep_us));
	if (!home->loop)
		return -errno;
	home->batch = udp_batch_new();
	if (home->batch)
		return 0;
	loop_free(home->loop);
	home->loop = NULL;
	return -ENOMEM;
}

void runner_home_close(struct runner_home *home)
{
	loop_free(home->loop);
	udp_batch_free(home->batch);
}

static void leave(struct session *session, unsigned first, unsigned end)
{
	for (unsigned kind = first; kind < end; kind++) {
		loop_remove(&session->port[kind].task);
		session->port[kind].mailbox.wake_fd = -1;
	}
}

static int enter(struct session *session, unsigned first, unsigned end, struct runner_home *home)
{
	for (unsigned kind = first; kind < end; kind++) {
		struct port *p = &session->port[kind];
		int error = loop_add(home->loop, &p->task);

		if (error) {
			leave(session, first, kind);
			return error;
		}
		p->batch = home->batch;
		p->mailbox.wake_fd = loop_wake_fd(home->loop);
	}
	return 0;
}

static void *thread_main(void *loop)
{
	loop_run(loop);
	return NULL;
}

/* Signals are for the main thread. */
static int create_thread(struct runner_thread *thread)
{
	pthread_attr_t attributes;
	sigset_t all, before;
	int error = pthread_attr_init(&attributes);

	if (error)
		return -error;
	pthread_attr_setstacksize(&attributes, RUNNER_STACK_BYTES);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	error = pthread_create(&thread->id, &attributes, thread_main, thread->home.loop);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attributes);
	return -error;
}

static int plan_thread(struct runner *r, unsigned first, unsigned end, const struct options *options)
{
	struct runner_thread *thread = &r->thread[r->threads];
	int error = runner_home_open(&thread->home, options);

	if (error)
		return error;
	error = enter(r->session, first, end, &thread->home);
	if (error) {
		runner_home_close(&thread->home);
		return error;
	}
	r->threads++;
	return 0;
}

/* All loops are ready, mailboxes included, before the first thread runs. */
static int start_threads(struct runner *r, unsigned each)
{
	const struct options *options = r->session->port[0].options;
	unsigned running = 0;
	int error = 0;

	for (unsigned first = 0; first < PORT_KINDS && !error; first += each)
		error = plan_thread(r, first, first + each, options);
	while (!error && running < r->threads) {
		error = create_thread(&r->thread[running]);
		running += !error;
	}
	if (!error)
		return 0;
	for (unsigned i = 0; i < r->threads; i++) {
		if (i < running) {
			loop_stop(r->thread[i].home.loop);
			pthread_join(r->thread[i].id, NULL);
		}
	}
	leave(r->session, 0, r->threads * each);
	for (unsigned i = 0; i < r->threads; i++)
		runner_home_close(&r->thread[i].home);
	r->threads = 0;
	return error;
}

/* How many ports each thread of the session serves; 0: it has no threads of its own. */
static unsigned ports_each(const struct options *o)
{
	if (o->port_parallelism == PARALLEL_THREAD)
		return 1;
	return o->connection_parallelism == PARALLEL_THREAD ? PORT_KINDS : 0;
}

int runner_start_at_home(struct runner *r, struct session *session, struct runner_home *home)
{
	*r = (struct runner){.session = session};
	return enter(session, 0, PORT_KINDS, home);
}

int runner_start(struct runner *r, struct session *session, struct runner_home *home)
{
	unsigned each = ports_each(session->port[0].options);

	*r = (struct runner){.session = session};
	return each ? start_threads(r, each) : enter(session, 0, PORT_KINDS, home);
}

int runner_promote(struct runner *r, struct runner_home *home)
{
	unsigned each = ports_each(r->session->port[0].options);
	int error;

	if (each == 0 || r->threads > 0)
		return 0;
	leave(r->session, 0, PORT_KINDS);
	error = start_threads(r, each);
	if (error)
		enter(r->session, 0, PORT_KINDS, home);
	return error;
}

void runner_stop(struct runner *r)
{
	for (unsigned i = 0; i < r->threads; i++)
		loop_stop(r->thread[i].home.loop);
	for (unsigned i = 0; i < r->threads; i++)
		pthread_join(r->thread[i].id, NULL);
	leave(r->session, 0, PORT_KINDS);
	for (unsigned i = 0; i < r->threads; i++)
		runner_home_close(&r->thread[i].home);
	r->threads = 0;
}
