/* A UDP relay with bad weather, for one client and one server.
 *
 *     relay --listen 127.0.0.2 --server 127.0.0.1 --ports 6711,7000-7100
 *           [--delay-ms MS] [--jitter-ms MS] [--loss P] [--duplicate P] [--reorder P]
 *           [--reorder-ms MS] [--seed N]
 *
 * Listens on the same port numbers as the server and passes datagrams on, both ways; the server
 * must be bound to an address of its own. With "up-" (client to server) or "down-" in front of its
 * name a condition applies to one way only. Shares are 0..1. Prints "Relay ready" when all ports
 * are bound, and at SIGTERM or SIGINT its counters as one line of JSON, for each port that was
 * used.
 *
 * Owns: the sockets. One thread; path.c decides what becomes of a datagram.
 * Policy: the n-th datagram of a way on the k-th port that is used meets a fate that only the seed
 * decides, so a failure replays. A new client address on a port gets a new socket towards the
 * server, so that the server sees a new client too. */
#include <errno.h>
#include <inttypes.h>
#include <linux/sock_diag.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "proto/net/address.h"
#include "proto/sys/clock.h"
#include "tests/lab/path.h"

enum { UP, DOWN, WAYS };

enum {
	LANES = 4096,
	EVENTS = 64,
	BATCH = 64, /* datagrams in a row from one socket */
	SOCKET_ROOM = 8 << 20,
	SIGNAL_MARK = UINT16_MAX,
};

/* One port. */
struct lane {
	uint16_t port;
	int fd[WAYS]; /* where datagrams of this way come in: UP faces the client */
	struct address client;
	uint32_t generation; /* changes with the client */
	struct path_stream stream[WAYS];
	uint64_t overrun[WAYS];
};

static struct {
	struct address listen, server;
	struct path_conditions conditions[WAYS];
	uint64_t seed;
	int epoll, lanes;
	uint64_t lanes_used;
	struct lane lane[LANES];
} relay = {
	.seed = 1,
	.conditions = {{.reorder_ms = 10}, {.reorder_ms = 10}},
};

static void fail(const char *what, const char *why)
{
	fprintf(stderr, "relay: %s: %s\n", what, why);
	exit(2);
}

/* Datagrams that the kernel dropped because the relay was too slow: outside the bookkeeping. */
static uint64_t socket_overrun(int fd)
{
	uint32_t info[SK_MEMINFO_VARS] = {0};
	socklen_t size = sizeof(info);

	getsockopt(fd, SOL_SOCKET, SO_MEMINFO, info, &size);
	return info[SK_MEMINFO_DROPS];
}

/* One way of one lane, as the kernel and the path give it back. */
static uint32_t mark_of(const struct lane *lane, int way)
{
	return (uint32_t)(lane - relay.lane) << 1 | (uint32_t)way;
}

static int open_socket(struct lane *lane, int way)
{
	struct address a = way == UP ? relay.listen : relay.server;
	struct epoll_event event = {.events = EPOLLIN};
	int fd = socket(a.any.sa_family, SOCK_DGRAM | SOCK_NONBLOCK, 0), room = SOCKET_ROOM, rc;

	if (fd < 0)
		return -1;
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room)))
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room));
	address_set_port(&a, lane->port);
	rc = way == UP ? bind(fd, &a.any, a.size) : connect(fd, &a.any, a.size);
	event.data.u32 = mark_of(lane, way);
	if (rc || epoll_ctl(relay.epoll, EPOLL_CTL_ADD, fd, &event)) {
		close(fd);
		return -1;
	}
	return fd;
}

static void adopt_client(struct lane *lane, const struct address *client)
{
	if (lane->fd[DOWN] >= 0) {
		lane->overrun[DOWN] += socket_overrun(lane->fd[DOWN]);
		close(lane->fd[DOWN]);
	} else {
		for (unsigned way = UP; way < WAYS; way++)
			path_stream_start(&lane->stream[way], relay.seed, relay.lanes_used * WAYS + way);
		relay.lanes_used++;
	}
	lane->client = *client;
	lane->generation++;
	lane->fd[DOWN] = open_socket(lane, DOWN);
	if (lane->fd[DOWN] < 0)
		fail("socket towards the server", strerror(errno));
}

static void receive(struct lane *lane, int way)
{
	static uint8_t bytes[1 << 16];

	for (int i = 0; i < BATCH; i++) {
		struct address from = {.size = sizeof(from.v6)};
		struct path_datagram datagram = {.bytes = bytes};
		ssize_t size = recvfrom(lane->fd[way], bytes, sizeof(bytes), 0, &from.any, &from.size);

		if (size < 0 && errno == EAGAIN)
			return;
		if (size < 0)
			continue; /* what ICMP says about an earlier datagram */
		if (way == UP && !address_equal(&from, &lane->client))
			adopt_client(lane, &from);
		datagram.size = (size_t)size;
		datagram.tag = (uint64_t)lane->generation << 32 | mark_of(lane, way);
		path_take(&lane->stream[way], &datagram, clock_now_ns());
	}
}

static void deliver(const struct path_parcel *p)
{
	const struct lane *lane = &relay.lane[(uint32_t)p->tag >> 1];
	const struct address *to = &lane->client;
	ssize_t rc = -1;

	if (p->tag >> 32 != lane->generation) {
		p->stream->counts.stale++;
		return;
	}
	for (int attempt = 0; attempt < 2; attempt++) {
		rc = p->stream == &lane->stream[UP]
			     ? send(lane->fd[DOWN], p->bytes, p->size, 0)
			     : sendto(lane->fd[UP], p->bytes, p->size, 0, &to->any, to->size);
		if (rc >= 0 || errno != ECONNREFUSED)
			break; /* a refusal belongs to an earlier datagram */
	}
	if (rc < 0)
		p->stream->counts.failed++;
	else
		p->stream->counts.forwarded++;
}

/* Sends what is due; returns the ns until the next one, CLOCK_NEVER when none is left. */
static uint64_t deliver_due(void)
{
	uint64_t now_ns = clock_now_ns(), next_ns = CLOCK_NEVER;
	struct path_parcel *p;

	while ((p = path_release(now_ns, &next_ns))) {
		deliver(p);
		free(p);
	}
	return next_ns == CLOCK_NEVER ? CLOCK_NEVER : next_ns - now_ns;
}

static void print_counts(const char *name, const struct path_counts *n, uint64_t overrun)
{
	const struct {
		const char *name;
		uint64_t value;
	} rows[] = {
		{"received", n->received},
		{"bytes", n->bytes},
		{"forwarded", n->forwarded},
		{"lost", n->lost},
		{"duplicated", n->duplicated},
		{"reordered", n->reordered},
		{"failed", n->failed},
		{"stale", n->stale},
		{"waiting", n->waiting},
		{"socket_overrun", overrun},
	};

	printf(", \"%s\": {", name);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		printf("%s\"%s\": %" PRIu64, i ? ", " : "", rows[i].name, rows[i].value);
	printf("}");
}

static void print_counters(void)
{
	const char *separator = "";

	path_count_waiting();
	printf("{\"seed\": %" PRIu64 ", \"ports\": [", relay.seed);
	for (int i = 0; i < relay.lanes; i++) {
		struct lane *lane = &relay.lane[i];

		if (lane->fd[DOWN] < 0)
			continue;
		printf("%s{\"port\": %u", separator, lane->port);
		for (int way = UP; way < WAYS; way++)
			print_counts(way == UP ? "up" : "down", &lane->stream[way].counts,
				lane->overrun[way] + socket_overrun(lane->fd[way]));
		printf("}");
		separator = ", ";
	}
	printf("]}\n");
}

static void set_condition(const char *name, const char *text)
{
	bool is_up = !strncmp(name, "up-", 3), is_down = !strncmp(name, "down-", 5);
	const char *rest = name + (is_up ? 3 : is_down ? 5 : 0);

	if ((!is_down && path_set_condition(&relay.conditions[UP], rest, text)) ||
		(!is_up && path_set_condition(&relay.conditions[DOWN], rest, text)))
		fail(name, "no such option, or its value is out of range");
}

static void add_lane(uint16_t port)
{
	struct lane *lane = &relay.lane[relay.lanes++];

	*lane = (struct lane){.port = port, .fd = {-1, -1}};
	for (int way = UP; way < WAYS; way++)
		lane->stream[way].conditions = &relay.conditions[way];
}

static void add_ports(char *list)
{
	for (char *rest, *item = strtok_r(list, ",", &rest); item; item = strtok_r(NULL, ",", &rest)) {
		unsigned first, last;
		char excess;
		int fields = sscanf(item, "%u-%u%c", &first, &last, &excess);

		if (fields == 1)
			last = first;
		if (fields < 1 || fields > 2 || !first || first > last || last > UINT16_MAX ||
			last - first >= (unsigned)(LANES - relay.lanes))
			fail("--ports", item);
		for (; first <= last; first++)
			add_lane((uint16_t)first);
	}
}

static void parse_arguments(int argc, char **argv)
{
	if (argc % 2 == 0)
		fail("arguments", "each option takes a value");
	for (int i = 1; i < argc; i += 2) {
		const char *name = argv[i] + 2;

		if (strncmp(argv[i], "--", 2) != 0)
			fail(argv[i], "no option");
		if (!strcmp(name, "listen") || !strcmp(name, "server")) {
			if (address_resolve(
				    *name == 'l' ? &relay.listen : &relay.server, argv[i + 1], 1, false))
				fail(argv[i], argv[i + 1]);
		} else if (!strcmp(name, "ports")) {
			add_ports(argv[i + 1]);
		} else if (!strcmp(name, "seed")) {
			relay.seed = strtoull(argv[i + 1], NULL, 0);
		} else {
			set_condition(name, argv[i + 1]);
		}
	}
	if (!relay.listen.size || !relay.server.size || !relay.lanes)
		fail("arguments", "--listen, --server and --ports are needed");
}

static void open_all(void)
{
	struct epoll_event event = {.events = EPOLLIN, .data.u32 = SIGNAL_MARK};
	struct rlimit files;
	sigset_t signals;
	int fd;

	getrlimit(RLIMIT_NOFILE, &files);
	files.rlim_cur = files.rlim_max;
	setrlimit(RLIMIT_NOFILE, &files);
	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	relay.epoll = epoll_create1(EPOLL_CLOEXEC);
	fd = signalfd(-1, &signals, SFD_CLOEXEC);
	if (relay.epoll < 0 || fd < 0 || epoll_ctl(relay.epoll, EPOLL_CTL_ADD, fd, &event))
		fail("epoll", strerror(errno));
	for (int i = 0; i < relay.lanes; i++) {
		relay.lane[i].fd[UP] = open_socket(&relay.lane[i], UP);
		if (relay.lane[i].fd[UP] < 0) {
			fprintf(stderr, "relay: port %u: %s\n", relay.lane[i].port, strerror(errno));
			exit(2);
		}
	}
	puts("Relay ready");
	fflush(stdout);
}

static void run(void)
{
	struct epoll_event events[EVENTS];

	for (;;) {
		uint64_t ns = deliver_due();
		struct timespec patience = {
			.tv_sec = (time_t)(ns / NS_PER_S), .tv_nsec = (long)(ns % NS_PER_S)};
		int count =
			epoll_pwait2(relay.epoll, events, EVENTS, ns == CLOCK_NEVER ? NULL : &patience, NULL);

		for (int i = 0; i < count; i++) {
			uint32_t mark = events[i].data.u32;

			if (mark == SIGNAL_MARK)
				return;
			receive(&relay.lane[mark >> 1], (int)(mark & 1));
		}
	}
}

int main(int argc, char **argv)
{
	parse_arguments(argc, argv);
	open_all();
	run();
	print_counters();
	return 0;
}
