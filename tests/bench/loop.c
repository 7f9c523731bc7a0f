/* The machine's limit: what one thread can send and another can receive over loopback, with the kernel's
 * offload both ways (UDP_SEGMENT, UDP_GRO). The sender numbers its datagrams, the receiver reads the number
 * of each, and nothing else is done: a program that numbers its datagrams can't be much faster.
 *
 *     bench_loop [BYTES=1400] [SECONDS=5]
 *
 * Prints one JSON object: payload bits and datagrams a second that arrived, the share that didn't, and how
 * many came late. */
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <netinet/udp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "proto/sys/clock.h"

enum {
	BUFFER_BYTES = 32 << 20, /* of the receiver's socket, like the programs' own */
	SEND_BYTES = 65000,
	SEGMENTS_MAX = 128,
	JOINED_BYTES = 64 << 10, /* the largest payload that the kernel joins */
	BYTES_MIN = 8,           /* a number */
	BYTES_MAX = 1472,
	SECONDS_MAX = 3600,
	TAIL_MS = 100, /* this long without a datagram: all has arrived */
};

struct loop {
	int sender, receiver;
	size_t datagram_bytes;
	uint64_t seconds;
	uint64_t sent, received, late; /* datagrams; each belongs to one thread until it ends */
	uint64_t elapsed_ns;
	atomic_bool done;
};

/* Fewer segments where the kernel takes fewer (64 before Linux 6.9). */
static ssize_t send_batch(struct loop *l, uint8_t *bytes, unsigned *segments)
{
	ssize_t n;

	for (;;) {
		for (unsigned i = 0; i < *segments; i++) {
			uint64_t number = l->sent + i;

			memcpy(bytes + i * l->datagram_bytes, &number, sizeof number);
		}
		n = send(l->sender, bytes, *segments * l->datagram_bytes, 0);
		if (n >= 0 || errno != EINVAL || *segments == 1)
			return n;
		*segments /= 2;
	}
}

static void *run_sender(void *context)
{
	static uint8_t bytes[SEND_BYTES];
	struct loop *l = context;
	unsigned segments = (unsigned)(SEND_BYTES / l->datagram_bytes);
	uint64_t begin_ns = clock_now_ns();
	uint64_t end_ns = begin_ns + l->seconds * NS_PER_S;

	if (segments > SEGMENTS_MAX)
		segments = SEGMENTS_MAX;
	while (clock_now_ns() < end_ns) {
		ssize_t n = send_batch(l, bytes, &segments);

		if (n > 0)
			l->sent += (uint64_t)n / l->datagram_bytes;
	}
	l->elapsed_ns = clock_now_ns() - begin_ns;
	atomic_store(&l->done, true);
	return NULL;
}

static void *run_receiver(void *context)
{
	static uint8_t bytes[JOINED_BYTES];
	struct loop *l = context;
	uint64_t next = 0;
	ssize_t n;

	do {
		n = recv(l->receiver, bytes, sizeof bytes, 0);
		for (ssize_t at = 0; at < n; at += (ssize_t)l->datagram_bytes) {
			uint64_t number;

			memcpy(&number, bytes + at, sizeof number);
			l->late += number < next;
			next = number + 1;
			l->received++;
		}
	} while (n > 0 || !atomic_load(&l->done));
	return NULL;
}

static bool set(int fd, int level, int option, int value)
{
	return setsockopt(fd, level, option, &value, sizeof value) == 0;
}

static bool open_sockets(struct loop *l)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct timeval tail = {.tv_usec = TAIL_MS * 1000};
	socklen_t size = sizeof to;

	l->receiver = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	l->sender = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (l->receiver < 0 || l->sender < 0 || bind(l->receiver, (struct sockaddr *)&to, sizeof to) ||
		getsockname(l->receiver, (struct sockaddr *)&to, &size) ||
		connect(l->sender, (struct sockaddr *)&to, sizeof to))
		return false;
	if (!set(l->receiver, SOL_SOCKET, SO_RCVBUFFORCE, BUFFER_BYTES))
		set(l->receiver, SOL_SOCKET, SO_RCVBUF, BUFFER_BYTES);
	return !setsockopt(l->receiver, SOL_SOCKET, SO_RCVTIMEO, &tail, sizeof tail) &&
	       set(l->receiver, SOL_UDP, UDP_GRO, 1) &&
	       set(l->sender, SOL_UDP, UDP_SEGMENT, (int)l->datagram_bytes);
}

static bool run(struct loop *l)
{
	pthread_t sender, receiver;

	if (pthread_create(&receiver, NULL, run_receiver, l))
		return false;
	if (pthread_create(&sender, NULL, run_sender, l)) {
		atomic_store(&l->done, true);
		pthread_join(receiver, NULL);
		return false;
	}
	pthread_join(sender, NULL);
	pthread_join(receiver, NULL);
	return true;
}

static void print_result(const struct loop *l)
{
	double seconds = (double)l->elapsed_ns / NS_PER_S;
	double rate = (double)l->received / seconds;
	double lost = l->sent ? 100 * (1 - (double)l->received / (double)l->sent) : 0;

	printf("{\"bits_per_second\": %.0f, \"packets_per_second\": %.0f, \"lost_percent\": %.4f, "
	       "\"reordered\": %" PRIu64 "}\n",
		rate * 8 * (double)l->datagram_bytes, rate, lost, l->late);
}

int main(int argc, char **argv)
{
	struct loop l = {.datagram_bytes = 1400, .seconds = 5};

	if (argc > 1)
		l.datagram_bytes = strtoul(argv[1], NULL, 10);
	if (argc > 2)
		l.seconds = strtoul(argv[2], NULL, 10);
	if (argc > 3 || l.datagram_bytes < BYTES_MIN || l.datagram_bytes > BYTES_MAX || l.seconds < 1 ||
		l.seconds > SECONDS_MAX) {
		fprintf(stderr, "usage: bench_loop [BYTES=1400] [SECONDS=5]\n");
		return 2;
	}
	if (!open_sockets(&l) || !run(&l)) {
		perror("bench_loop");
		return EXIT_FAILURE;
	}
	print_result(&l);
	return EXIT_SUCCESS;
}
