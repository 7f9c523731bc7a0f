#include "server/listener.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/clock.h"
#include "proto/log.h"
#include "server/clients.h"
#include "server/diary.h"

enum { LISTENER_SWEEP_MS = 1000 };

struct listener {
	struct loop_task task;
	const struct options *options;
	struct udp_socket socket;
	struct address local;
	struct runner_home *home;
	struct clients *clients;
	uint64_t sweep_ns;
	bool exhausted; /* the ports have run out, and the log has said so */
	struct log_limit malformed, refused, latency;
};

static bool is_connect(const struct udp_datagram *d)
{
	static const char word[] = "CONNECT";
	size_t size = d->size;

	while (size > 0 && (d->bytes[size - 1] == '\n' || d->bytes[size - 1] == '\r'))
		size--;
	return size == sizeof word - 1 && d->size <= sizeof word + 1 && memcmp(d->bytes, word, size) == 0;
}

static void assign(struct listener *l, const struct client *c)
{
	char body[MESSAGE_BODY];
	size_t size = message_format_assignment(body, &c->assignment);

	udp_send(&l->socket, &c->address, (const uint8_t *)body, size);
}

static void refuse(struct listener *l, const struct address *address, int error)
{
	char name[ADDRESS_TEXT];

	if (error == -EADDRNOTAVAIL && !l->exhausted) {
		l->exhausted = true;
		log_error("No free ports: all %u of port_ranges are in use or kept back; new clients wait",
			portpool_size(clients_pool(l->clients)));
	} else if (error != -EADDRNOTAVAIL && log_allowed(&l->refused, clock_now_ns())) {
		log_error("Client %s not served: %s", address_format(address, name), strerror(-error));
	}
}

static void welcome(struct listener *l, const struct address *address)
{
	struct client *c;
	int error = clients_open(l->clients, address, &l->local, &c);

	if (error) {
		refuse(l, address, error);
		return;
	}
	if (l->exhausted) {
		l->exhausted = false;
		log_line("Ports are free again");
	}
	printf("Client connected: %s\n", c->name);
	fflush(stdout);
	if (c->runner.threads == PORT_KINDS)
		log_verbose("Started port threads for client %s", c->name);
	assign(l, c);
}

/* A client asks again until its answer arrives: it gets the same one until all three ports have heard
 * from it. */
static void connect_again(struct listener *l, struct client *c)
{
	struct session_snapshot snapshot;

	session_snapshot(&c->session, &snapshot);
	if (!session_is_up(&snapshot))
		assign(l, c);
}

static void receive(struct listener *l)
{
	struct udp_datagram d;

	if (udp_receive(&l->socket, l->home->batch, NULL) <= 0)
		return;
	while (udp_next(l->home->batch, &d)) {
		struct client *c;

		if (!is_connect(&d) || address_port(d.peer) == 0) {
			if (log_allowed(&l->malformed, clock_now_ns()))
				log_verbose("Malformed request of %zu bytes ignored", d.size);
			continue;
		}
		c = clients_find(l->clients, d.peer);
		if (c)
			connect_again(l, c);
		else
			welcome(l, d.peer);
	}
}

static void watch(void *context, struct client *c)
{
	struct listener *l = context;
	struct session_snapshot snapshot;
	uint64_t heard_ns;

	session_snapshot(&c->session, &snapshot);
	diary_latency(c, &snapshot, &l->latency);
	diary_tests(c, &snapshot);
	heard_ns = session_heard_ns(&snapshot);
	if (heard_ns == 0)
		heard_ns = c->session.opened_ns;
	if (snapshot.taken_ns < heard_ns + c->session.silence_ns)
		return;
	log_line("Client silent for %" PRIu64 " s, session ended: %s",
		(snapshot.taken_ns - heard_ns) / NS_PER_S, c->name);
	diary_summary(c, &snapshot);
	clients_close(l->clients, c);
}

static uint64_t step(struct loop_task *task, bool readable)
{
	struct listener *l = (struct listener *)task; /* its first member */
	uint64_t now_ns;

	if (readable)
		receive(l);
	udp_flush(&l->socket, clock_now_ns());
	now_ns = clock_now_ns();
	if (now_ns >= l->sweep_ns) {
		clients_each(l->clients, watch, l);
		l->sweep_ns = now_ns + (uint64_t)LISTENER_SWEEP_MS * NS_PER_MS;
	}
	now_ns = udp_flush(&l->socket, now_ns);
	return now_ns < l->sweep_ns ? now_ns : l->sweep_ns;
}

int listener_open(struct listener **out, const struct options *options, const struct address *local,
	struct runner_home *home)
{
	struct listener *l = calloc(1, sizeof *l);
	int error;

	if (!l)
		return -ENOMEM;
	*l = (struct listener){
		.options = options,
		.local = *local,
		.home = home,
		.malformed = {.lines_per_s = 5, .what = "malformed requests"},
		.refused = {.lines_per_s = 5, .what = "refusals"},
		.latency = {.lines_per_s = 60, .what = "latency lines"},
	};
	error = udp_open(&l->socket, local);
	if (error)
		goto out_free;
	error = udp_set_weather(&l->socket, options->test_drop_rate,
		(uint64_t)options->test_delay_ms * NS_PER_MS);
	if (error)
		goto out_close;
	l->task = (struct loop_task){.fd = l->socket.fd, .step = step};
	l->clients = clients_new(options, home);
	error = l->clients ? loop_add(home->loop, &l->task) : -ENOMEM;
	if (error)
		goto out_close;
	*out = l;
	return 0;

out_close:
	clients_free(l->clients);
	udp_close(&l->socket);
out_free:
	free(l);
	return error;
}

static void say_goodbye(void *context, struct client *c)
{
	struct session_snapshot snapshot;

	(void)context;
	session_snapshot(&c->session, &snapshot);
	diary_tests(c, &snapshot);
	diary_summary(c, &snapshot);
}

void listener_close(struct listener *l)
{
	clients_each(l->clients, say_goodbye, l);
	loop_remove(&l->task);
	clients_free(l->clients);
	udp_close(&l->socket);
	free(l);
}
