/* Owns: the clients and their sockets. One thread.
 *
 * Policy: a heartbeat counts only when it was sent while measuring, and as answered only before the
 * next one of its port is sent. Measuring begins when every client is connected or has given up;
 * the clients' heartbeats are then spread evenly over the interval. */
#include "tests/bench/swarm.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

#include "proto/sys/clock.h"
#include "proto/wire/classic.h"
#include "proto/wire/heartbeat_body.h"
#include "proto/wire/wire.h"

enum { PORTS = 3, MAIN = PORTS, SOCKETS = 4, CONNECTS = 5, EVENTS = 256, BATCH = 8, SPARE_FILES = 16 };

enum {
	CONNECT_INTERVAL_MS = 1000,
	COMMS_UP_MS = 5000,
	DRAIN_MS = 500,
	TICK_MS = 1,
};

enum state { WAITING, CONNECTING, ASSIGNED, UP, GIVEN_UP };

struct client {
	enum state state;
	int fd[SOCKETS];
	unsigned connects;
	uint32_t key;
	uint64_t due_ns, give_up_ns;
	uint64_t sequence[PORTS], sent_ns[PORTS]; /* sent_ns 0: no answer is owed */
	bool is_heard[PORTS];
};

static struct {
	const struct swarm_options *options;
	struct swarm_result *result;
	struct client *client;
	int epoll, err;
	bool is_measuring;
	uint64_t began_ns, own_cpu_ns;
} swarm;

/* Returns 0, or -errno, which is kept too and ends the run. */
static int open_socket(struct client *c, unsigned which, uint16_t port)
{
	struct address peer = swarm.options->server;
	struct address own = {.size = sizeof(own.v4), .v4.sin_family = AF_INET};
	unsigned index = (unsigned)(c - swarm.client);
	struct epoll_event event = {.events = EPOLLIN, .data.u32 = index * SOCKETS + which};
	int fd = socket(peer.any.sa_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	own.v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK + (1 << 16) + index % swarm.options->sources);
	address_set_port(&peer, port);
	c->fd[which] = fd;
	if (fd < 0 || (swarm.options->sources > 1 && bind(fd, &own.any, own.size)) ||
		connect(fd, &peer.any, peer.size) || epoll_ctl(swarm.epoll, EPOLL_CTL_ADD, fd, &event))
		swarm.err = -errno;
	return swarm.err;
}

static void give_up(struct client *c, unsigned *reason)
{
	c->state = GIVEN_UP;
	c->due_ns = CLOCK_NEVER;
	(*reason)++;
}

static void send_packet(struct client *c, unsigned port, enum wire_type type, const struct heartbeat_body *m)
{
	char body[WIRE_BODY_BYTES];
	uint8_t header[WIRE_HEADER_BYTES];
	size_t size = heartbeat_body_encode(body, type, m);
	struct iovec parts[] = {
		{.iov_base = header, .iov_len = sizeof(header)}, {.iov_base = body, .iov_len = size}};

	wire_encode(header,
		&(struct wire_header){.type = type, .channel = c->key, .sequence = c->sequence[port]++});
	if (sendmsg(c->fd[port], &(struct msghdr){.msg_iov = parts, .msg_iovlen = 2}, 0) < 0)
		swarm.result->send_errors++;
}

static void send_heartbeats(struct client *c)
{
	for (unsigned port = 0; port < PORTS; port++) {
		struct heartbeat_body m = {0};

		c->sent_ns[port] = clock_now_ns();
		heartbeat_body_write_stamp(m.client, c->sent_ns[port]);
		send_packet(c, port, WIRE_HEARTBEAT_0, &m);
		if (swarm.is_measuring)
			swarm.result->sent++;
	}
}

static void receive_assignment(struct client *c, const uint8_t *bytes, size_t size)
{
	struct classic_assignment m;

	if (c->state != CONNECTING)
		return;
	if (classic_decode_assignment(bytes, size, &m) != WIRE_OK) {
		give_up(c, &swarm.result->silent);
		return;
	}
	c->key = m.key;
	for (unsigned port = 0; port < PORTS; port++)
		if (open_socket(c, port, m.port[port]))
			return;
	c->state = ASSIGNED;
	c->due_ns = clock_now_ns();
	c->give_up_ns = c->due_ns + clock_ms(COMMS_UP_MS);
}

static void receive_heartbeat(struct client *c, unsigned port, const uint8_t *bytes, size_t size)
{
	uint64_t now_ns = clock_now_ns(), stamp_ns;
	struct heartbeat_body m;
	struct wire_header header;

	if (wire_decode(bytes, size, &header) != WIRE_OK || header.type != WIRE_HEARTBEAT_1 ||
		header.channel != c->key ||
		heartbeat_body_decode(bytes + WIRE_HEADER_BYTES, size - WIRE_HEADER_BYTES, header.type, &m) !=
			WIRE_OK ||
		!heartbeat_body_read_stamp(m.client, &stamp_ns) || stamp_ns != c->sent_ns[port]) {
		swarm.result->stray++;
		return;
	}
	send_packet(c, port, WIRE_HEARTBEAT_2, &m);
	c->sent_ns[port] = 0;
	c->is_heard[port] = true;
	if (swarm.is_measuring && stamp_ns >= swarm.began_ns) {
		swarm.result->answered++;
		histogram_add(&swarm.result->round_trip, now_ns - stamp_ns);
	}
	if (c->state == ASSIGNED && c->is_heard[0] && c->is_heard[1] && c->is_heard[2]) {
		c->state = UP;
		swarm.result->connected++;
	}
}

static void receive(uint32_t mark)
{
	struct client *c = &swarm.client[mark / SOCKETS];
	unsigned which = mark % SOCKETS;
	uint8_t bytes[WIRE_MAX_BYTES + 1];

	for (int i = 0; i < BATCH; i++) {
		ssize_t size = recv(c->fd[which], bytes, sizeof(bytes), 0);

		if (size < 0)
			return;
		if (which == MAIN)
			receive_assignment(c, bytes, (size_t)size);
		else
			receive_heartbeat(c, which, bytes, (size_t)size);
	}
}

static void send_connect(struct client *c, uint64_t now_ns)
{
	if (c->state == WAITING && open_socket(c, MAIN, address_port(&swarm.options->server)))
		return;
	c->state = CONNECTING;
	if (c->connects++ == CONNECTS) {
		give_up(c, &swarm.result->silent);
		return;
	}
	if (send(c->fd[MAIN], "CONNECT", 7, 0) < 0)
		swarm.result->send_errors++;
	c->due_ns = now_ns + clock_ms(CONNECT_INTERVAL_MS);
}

/* What one client owes at its due time. */
static void client_due(struct client *c, uint64_t now_ns)
{
	uint64_t interval_ns = (uint64_t)(swarm.options->interval_s * NS_PER_S);

	if (c->state == WAITING || c->state == CONNECTING) {
		send_connect(c, now_ns);
	} else if (c->state == ASSIGNED && now_ns >= c->give_up_ns) {
		give_up(c, &swarm.result->not_up);
	} else {
		send_heartbeats(c);
		c->due_ns += interval_ns;
		if (c->due_ns < now_ns)
			c->due_ns = now_ns + interval_ns;
	}
}

static void begin_measuring(uint64_t now_ns)
{
	double interval_ns = swarm.options->interval_s * NS_PER_S;
	unsigned place = 0;

	for (unsigned i = 0; i < swarm.options->clients; i++)
		if (swarm.client[i].state == UP)
			swarm.client[i].due_ns =
				now_ns + (uint64_t)(interval_ns * place++ / swarm.result->connected);
	swarm.is_measuring = true;
	swarm.began_ns = now_ns;
	swarm.own_cpu_ns = clock_thread_cpu_ns();
	if (swarm.options->pid)
		swarm.err = process_read(swarm.options->pid, &swarm.result->at_start);
}

static void end_measuring(uint64_t now_ns)
{
	swarm.result->own_cpu_share =
		(double)(clock_thread_cpu_ns() - swarm.own_cpu_ns) / (double)(now_ns - swarm.began_ns);
	if (swarm.options->pid)
		swarm.err = process_read(swarm.options->pid, &swarm.result->at_end);
}

static void tick(uint64_t now_ns)
{
	for (unsigned i = 0; i < swarm.options->clients && !swarm.err; i++)
		if (now_ns >= swarm.client[i].due_ns)
			client_due(&swarm.client[i], now_ns);
}

static bool is_settled(void)
{
	const struct swarm_result *r = swarm.result;

	return r->connected + r->silent + r->not_up == swarm.options->clients;
}

static void run(void)
{
	struct epoll_event events[EVENTS];
	uint64_t start_ns = clock_now_ns(), end_ns = CLOCK_NEVER, now_ns = start_ns, ticked_ns = 0;

	while (!swarm.err) {
		int count = epoll_wait(swarm.epoll, events, EVENTS, TICK_MS);

		for (int i = 0; i < count; i++)
			receive(events[i].data.u32);
		now_ns = clock_now_ns();
		if (now_ns - ticked_ns < clock_ms(TICK_MS))
			continue;
		ticked_ns = now_ns;
		if (now_ns < end_ns)
			tick(now_ns);
		else if (now_ns - end_ns >= clock_ms(DRAIN_MS))
			break;
		if (!swarm.is_measuring && is_settled()) {
			swarm.result->connect_ns = now_ns - start_ns;
			now_ns = clock_now_ns();
			begin_measuring(now_ns);
			end_ns = now_ns + (uint64_t)(swarm.options->seconds * NS_PER_S);
		}
	}
	if (!swarm.err)
		end_measuring(now_ns);
}

static int raise_file_limit(void)
{
	rlim_t needed = (rlim_t)swarm.options->clients * SOCKETS + SPARE_FILES;
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files))
		return -errno;
	if (files.rlim_cur >= needed)
		return 0;
	files.rlim_cur = needed;
	if (files.rlim_max < needed)
		files.rlim_max = needed;
	return setrlimit(RLIMIT_NOFILE, &files) ? -errno : 0;
}

static int prepare(void)
{
	const struct swarm_options *o = swarm.options;
	uint64_t now_ns = clock_now_ns();
	int rc = raise_file_limit();

	if (!rc && o->pid)
		rc = process_read(o->pid, &swarm.result->before);
	if (rc)
		return rc;
	swarm.epoll = epoll_create1(EPOLL_CLOEXEC);
	swarm.client = calloc(o->clients, sizeof(*swarm.client));
	if (!swarm.client || swarm.epoll < 0)
		return -errno;
	for (unsigned i = 0; i < o->clients; i++)
		swarm.client[i] = (struct client){
			.fd = {-1, -1, -1, -1},
			.due_ns = now_ns + (uint64_t)(o->ramp_s * NS_PER_S * i / o->clients),
		};
	return 0;
}

static void clean_up(void)
{
	for (unsigned i = 0; swarm.client && i < swarm.options->clients; i++)
		for (unsigned j = 0; j < SOCKETS; j++)
			if (swarm.client[i].fd[j] >= 0)
				close(swarm.client[i].fd[j]);
	if (swarm.epoll >= 0)
		close(swarm.epoll);
	free(swarm.client);
}

int swarm_run(const struct swarm_options *options, struct swarm_result *result)
{
	swarm.options = options;
	swarm.result = result;
	swarm.epoll = -1;
	swarm.err = prepare();
	if (!swarm.err)
		run();
	clean_up();
	return swarm.err;
}
