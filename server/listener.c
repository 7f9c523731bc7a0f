#include "server/listener.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "proto/sys/clock.h"
#include "proto/sys/log.h"
#include "server/admission.h"
#include "server/clients.h"
#include "server/session_log.h"
#include "server/test_grants.h"

enum {
	LISTENER_SWEEP_MS = 1000,
	LISTENER_YOUNG_MS = 20, /* how soon a session whose ports are proven gets its threads */
	LISTENER_AGAIN_MS = 1,  /* until a CONTROL port's full mailbox is looked at again */
	LISTENER_TURN = 128,    /* datagrams; the ports of young sessions share this thread */
	/* About a thousand questions: one that has waited behind more has been asked again meanwhile. */
	LISTENER_QUEUE_BYTES = 512 << 10,
};

struct listener {
	struct loop_task task;
	const struct options *options;
	struct udp_socket socket;
	struct runner_home *home;
	struct mailbox gate;
	struct mail question; /* taken from there ... */
	bool asked;           /* ... and not answered yet */
	struct clients *clients;
	struct test_grants grants;
	struct admission admission;
	unsigned young; /* sessions that are not up yet */
	uint64_t sweep_ns, young_ns;
	struct log_limit latency, unused;
};

/* What is left makes the socket readable again, after the others have had their turn. */
static void receive(struct listener *l)
{
	struct udp_datagram d;
	unsigned taken = 0;
	bool more = true;

	while (more && taken < LISTENER_TURN) {
		if (udp_receive(&l->socket, l->home->batch, &more) <= 0)
			return;
		for (; udp_next(l->home->batch, &d); taken++)
			admission_input(&l->admission, &d);
	}
}

/* True when all is answered. */
static bool read_gate(struct listener *l)
{
	while (l->asked || mailbox_take(&l->gate, &l->question)) {
		l->asked = !test_grants_take(&l->grants, &l->question);
		if (l->asked)
			return false;
	}
	return true;
}

static void end_session(struct listener *l, struct client *c, const struct session_snapshot *snapshot)
{
	session_log_tests(c, snapshot);
	session_log_unfinished(c, snapshot);
	session_log_summary(c, snapshot);
	clients_close(l->clients, c);
}

/* A session gets its threads when its addresses are proven. */
static void raise_young(void *context, struct client *c)
{
	struct listener *l = context;
	struct session_snapshot snapshot;
	int error;

	if (c->is_up)
		return;
	l->young++;
	session_snapshot(&c->session, &snapshot);
	if (!session_is_up(&snapshot))
		return;
	c->is_up = true;
	l->young--;
	error = runner_promote(&c->runner, l->home);
	if (error)
		log_error(
			"No threads for client %s: %s; the main thread serves it", c->name, strerror(-error));
	else if (c->runner.threads == PORT_KINDS)
		log_verbose("Started port threads for client %s", c->name);
}

static void watch(void *context, struct client *c)
{
	struct listener *l = context;
	struct session_snapshot snapshot;
	uint64_t heard_ns, age_ns;

	session_snapshot(&c->session, &snapshot);
	session_log_latency(c, &snapshot, &l->latency);
	session_log_tests(c, &snapshot);
	heard_ns = session_heard_ns(&snapshot);
	if (heard_ns == 0)
		heard_ns = c->session.opened_ns;
	age_ns = snapshot.taken_ns - c->session.opened_ns;
	if (!c->is_up && snapshot.taken_ns >= heard_ns + c->session.silence_ns) {
		/* Not worth more lines: whoever forges questions can make many such sessions. */
		if (log_allowed(&l->unused, snapshot.taken_ns))
			log_line("Client never used its ports, session ended: %s", c->name);
		clients_close(l->clients, c);
	} else if (snapshot.taken_ns >= heard_ns + session_silence_ns(&c->session, &snapshot)) {
		log_line("Client silent for %" PRIu64 " s, session ended: %s",
			(snapshot.taken_ns - heard_ns) / NS_PER_S, c->name);
		end_session(l, c, &snapshot);
	} else if (age_ns >= clock_s(l->options->max_session_age_s)) {
		log_line("Session has reached max_session_age and ends: %s", c->name);
		end_session(l, c, &snapshot);
	}
}

static void sweep(struct listener *l, uint64_t now_ns)
{
	if (now_ns >= l->young_ns) {
		l->young = 0;
		clients_each(l->clients, raise_young, l);
		l->young_ns = l->young ? now_ns + clock_ms(LISTENER_YOUNG_MS) : CLOCK_NEVER;
	}
	if (now_ns >= l->sweep_ns) {
		clients_each(l->clients, watch, l);
		test_grants_divide(&l->grants);
		l->sweep_ns = now_ns + clock_ms(LISTENER_SWEEP_MS);
	}
}

static uint64_t step(struct loop_task *task, bool readable)
{
	struct listener *l = (struct listener *)task; /* its first member */
	uint64_t before = clients_opened(l->clients);
	uint64_t due_ns;
	bool answered;

	if (readable)
		receive(l);
	answered = read_gate(l);
	if (clients_opened(l->clients) != before)
		l->young_ns = 0;
	sweep(l, clock_now_ns());
	due_ns = udp_flush(&l->socket, clock_now_ns());
	if (!answered)
		due_ns = clock_earlier(due_ns, clock_now_ns() + clock_ms(LISTENER_AGAIN_MS));
	return clock_earlier(due_ns, clock_earlier(l->young_ns, l->sweep_ns));
}

static int open_parts(struct listener *l, const struct address *local, const struct keys *keys)
{
	const struct options *o = l->options;
	int error = udp_set_impair(&l->socket, o->test_drop_rate, clock_ms(o->test_delay_ms));

	if (error)
		return error;
	l->clients = clients_new(o, l->home);
	if (!l->clients)
		return -ENOMEM;
	test_grants_init(&l->grants, o, l->clients);
	l->admission = (struct admission){
		.options = o,
		.keys = keys,
		.clients = l->clients,
		.socket = &l->socket,
		.local = *local,
		.gate = &l->gate,
	};
	return admission_open(&l->admission);
}

int listener_open(struct listener **out, const struct options *options, const struct keys *keys,
	const struct address *local, struct runner_home *home)
{
	struct listener *l = calloc(1, sizeof *l);
	int error;

	if (!l)
		return -ENOMEM;
	l->options = options;
	l->home = home;
	l->young_ns = CLOCK_NEVER;
	l->latency = (struct log_limit){.lines_per_s = 60, .what = "latency lines"};
	l->unused = (struct log_limit){.lines_per_s = 5, .what = "sessions that were never used"};
	mailbox_init(&l->gate);
	l->gate.wake_fd = loop_wake_fd(home->loop);
	error = udp_open(&l->socket, local);
	if (!error && options->single_port) {
		/* Nobody else holds the address: from now on it is shared with our own ports. */
		udp_close(&l->socket);
		error = udp_open_shared(&l->socket, local);
	}
	if (error)
		goto out_free;
	udp_limit_receive_buffer(&l->socket, LISTENER_QUEUE_BYTES);
	error = open_parts(l, local, keys);
	if (error)
		goto out_close;
	l->task = (struct loop_task){.fd = l->socket.fd, .step = step};
	error = loop_add(home->loop, &l->task);
	if (error)
		goto out_close;
	*out = l;
	return 0;

out_close:
	admission_close(&l->admission);
	clients_free(l->clients);
	udp_close(&l->socket);
out_free:
	mailbox_free(&l->gate);
	free(l);
	return error;
}

static void say_goodbye(void *context, struct client *c)
{
	struct session_snapshot snapshot;

	(void)context;
	session_snapshot(&c->session, &snapshot);
	session_log_tests(c, &snapshot);
	session_log_unfinished(c, &snapshot);
	session_log_summary(c, &snapshot);
}

void listener_close(struct listener *l)
{
	clients_each(l->clients, say_goodbye, l);
	loop_remove(&l->task);
	clients_free(l->clients);
	admission_close(&l->admission);
	udp_close(&l->socket);
	mailbox_free(&l->gate);
	free(l);
}
