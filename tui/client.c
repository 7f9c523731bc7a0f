#include "tui/client.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "proto/clock.h"
#include "proto/log.h"

enum {
	CLIENT_ASK_MS = 1000,
	CLIENT_LOOK_MS = 50,
	CLIENT_LOWEST_PORT = 1024, /* a server has no business to send us to a well-known port */
};

static void fail(struct client *c, int error, const char *problem)
{
	c->state = CLIENT_FAILED;
	c->error = error;
	snprintf(c->problem, sizeof c->problem, "%s", problem);
}

static uint64_t patience_ns(const struct client *c)
{
	return (uint64_t)(c->options->connect_timeout_s * NS_PER_S);
}

static void start_session(struct client *c, const struct message_assignment *assignment)
{
	struct session_plan plan = {
		.is_client = true,
		.options = c->options,
		.peer = c->server,
		.assignment = *assignment,
	};
	int error = session_open(&c->session, &plan, NULL);

	if (error) {
		fail(c, error, "could not open the three ports");
		return;
	}
	error = runner_start(&c->runner, &c->session, c->home);
	if (error) {
		session_close(&c->session);
		fail(c, error, "could not start the ports' threads");
		return;
	}
	c->session_open = true;
	c->assignment = *assignment;
	c->state = CLIENT_OPENING;
	c->give_up_ns = clock_now_ns() + patience_ns(c);
	if (c->runner.threads == PORT_KINDS)
		log_verbose("Client started port threads (THREAD mode)");
}

static void receive_answer(struct client *c)
{
	struct message_assignment assignment;
	struct udp_datagram d;

	if (udp_receive(&c->socket, c->home->batch, NULL) <= 0)
		return;
	while (c->state == CLIENT_ASKING && udp_next(c->home->batch, &d)) {
		bool allowed = message_parse_assignment(d.bytes, d.size, &assignment) == WIRE_OK;

		for (int i = 0; i < PORT_KINDS && allowed; i++)
			allowed = assignment.port[i] >= CLIENT_LOWEST_PORT;
		if (allowed)
			start_session(c, &assignment);
		else
			log_verbose("Answer of %zu bytes ignored: no port assignment", d.size);
	}
}

static void ask(struct client *c, uint64_t now_ns)
{
	if (now_ns >= c->give_up_ns) {
		c->state = CLIENT_UNREACHED;
		return;
	}
	if (now_ns < c->ask_ns)
		return;
	udp_send(&c->socket, NULL, (const uint8_t *)"CONNECT", 7);
	c->ask_ns = now_ns + (uint64_t)CLIENT_ASK_MS * NS_PER_MS;
}

static void watch(struct client *c, uint64_t now_ns)
{
	uint64_t heard_ns;

	client_snapshot(c);
	heard_ns = session_heard_ns(&c->snapshot);
	if (c->state == CLIENT_OPENING && session_is_up(&c->snapshot))
		c->state = CLIENT_UP;
	else if (c->state == CLIENT_OPENING && now_ns >= c->give_up_ns)
		c->state = CLIENT_UNREACHED;
	else if (c->state == CLIENT_UP && now_ns >= heard_ns + c->session.silence_ns)
		c->state = CLIENT_LOST;
}

static uint64_t step(struct loop_task *task, bool readable)
{
	struct client *c = (struct client *)task; /* its first member */
	uint64_t now_ns, held_ns;

	if (readable)
		receive_answer(c);
	now_ns = clock_now_ns();
	held_ns = udp_flush(&c->socket, now_ns);
	if (c->state == CLIENT_ASKING)
		ask(c, now_ns);
	else if (c->state == CLIENT_OPENING || c->state == CLIENT_UP)
		watch(c, now_ns);
	now_ns += (uint64_t)CLIENT_LOOK_MS * NS_PER_MS;
	return held_ns < now_ns ? held_ns : now_ns;
}

static int open_main_socket(struct client *c)
{
	struct address any = {.size = c->server.size};
	int error;

	any.any.sa_family = c->server.any.sa_family;
	error = udp_open(&c->socket, &any);
	if (error)
		return error;
	error = udp_connect(&c->socket, &c->server);
	if (!error)
		error = udp_set_weather(&c->socket, c->options->test_drop_rate,
			(uint64_t)c->options->test_delay_ms * NS_PER_MS);
	if (error)
		udp_close(&c->socket);
	return error;
}

int client_open(struct client *c, const struct options *options, const struct address *server,
	struct runner_home *home)
{
	int error;

	*c = (struct client){
		.options = options,
		.home = home,
		.server = *server,
		.ask_ns = clock_now_ns(),
	};
	error = open_main_socket(c);
	if (error)
		return error;
	c->give_up_ns = c->ask_ns + patience_ns(c);
	c->task = (struct loop_task){.fd = c->socket.fd, .step = step};
	error = loop_add(home->loop, &c->task);
	if (error)
		udp_close(&c->socket);
	return error;
}

void client_close(struct client *c)
{
	loop_remove(&c->task);
	udp_close(&c->socket);
	if (!c->session_open)
		return;
	runner_stop(&c->runner);
	client_snapshot(c);
	session_close(&c->session);
	c->session_open = false;
}

const struct session_snapshot *client_snapshot(struct client *c)
{
	if (c->session_open)
		session_snapshot(&c->session, &c->snapshot);
	return &c->snapshot;
}
