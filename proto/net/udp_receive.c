/* Receiving in batches: one recvmmsg fills a few large buffers, each of which may hold many datagrams
 * that the kernel has joined (UDP_GRO); udp_next takes them apart again. */
#include <errno.h>
#include <netinet/udp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "proto/net/udp.h"
#include "proto/sys/clock.h"

enum {
	BATCH_BYTES = 256 << 10,
	/* Joined datagrams need room for the largest payload there is; few such buffers, so that they stay in
	 * the cache. Without offload: many small buffers. */
	JOINED_BYTES = 64 << 10,
	SINGLE_BYTES = 8 << 10,
	BATCH_MESSAGES = BATCH_BYTES / SINGLE_BYTES,
	/* Time stamp, drop count and segment size, with room to spare. */
	CONTROL_BYTES = 128,
	CLOCKS_APART_NS = 2000, /* clock readings further apart than this are repeated */
	CLOCKS_TRIES = 4,
};

struct message {
	size_t size, segment;
	uint64_t received_ns, waited_ns;
	uint32_t drops;
	struct address peer;
};

struct udp_batch {
	uint8_t *bytes;
	size_t stride;
	int messages;
	int at;        /* the message that udp_next is in */
	size_t offset; /* ... and where in it */
	unsigned joined;
	struct message message[BATCH_MESSAGES];
	struct mmsghdr header[BATCH_MESSAGES];
	struct iovec iov[BATCH_MESSAGES];
	_Alignas(struct cmsghdr) char control[BATCH_MESSAGES][CONTROL_BYTES];
};

struct udp_batch *udp_batch_new(void)
{
	struct udp_batch *batch = calloc(1, sizeof *batch);

	if (!batch)
		return NULL;
	batch->bytes = mmap(NULL, BATCH_BYTES, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (batch->bytes == MAP_FAILED) {
		free(batch);
		return NULL;
	}
	return batch;
}

void udp_batch_free(struct udp_batch *batch)
{
	if (batch)
		munmap(batch->bytes, BATCH_BYTES);
	free(batch);
}

static unsigned prepare(struct udp_batch *batch, const struct udp_socket *s)
{
	size_t stride = s->receive_offload ? JOINED_BYTES : SINGLE_BYTES;
	unsigned room = (unsigned)(BATCH_BYTES / stride);

	batch->stride = stride;
	for (unsigned i = 0; i < room; i++) {
		batch->iov[i] = (struct iovec){batch->bytes + i * stride, stride};
		batch->header[i].msg_hdr = (struct msghdr){
			.msg_name = &batch->message[i].peer.any,
			.msg_namelen = sizeof batch->message[i].peer.v6,
			.msg_iov = &batch->iov[i],
			.msg_iovlen = 1,
			.msg_control = batch->control[i],
			.msg_controllen = CONTROL_BYTES,
		};
	}
	return room;
}

/* Both clocks at nearly the same instant. If the thread were descheduled in between, every datagram of the
 * batch would seem that much older, and an answer could seem to precede its question. The monotonic clock is
 * read last, so that any error left goes the other way. */
static void read_clocks(uint64_t *now_ns, uint64_t *wall_ns)
{
	uint64_t before_ns;
	int tries = 0;

	do {
		before_ns = clock_now_ns();
		*wall_ns = clock_wall_ns();
		*now_ns = clock_now_ns();
	} while (*now_ns - before_ns > CLOCKS_APART_NS && ++tries < CLOCKS_TRIES);
}

/* The kernel stamps with the wall clock; the time gone by since then is subtracted from the monotonic
 * time. A stamp that makes no sense (the wall clock was just set) counts as now. */
static uint64_t monotonic(const struct timespec *stamp, uint64_t now_ns, uint64_t wall_ns)
{
	uint64_t stamp_ns = (uint64_t)stamp->tv_sec * NS_PER_S + (uint64_t)stamp->tv_nsec;
	uint64_t age_ns = wall_ns - stamp_ns;

	return stamp_ns <= wall_ns && age_ns < 10ull * NS_PER_S && age_ns < now_ns ? now_ns - age_ns : now_ns;
}

static void read_control(
	struct udp_socket *s, struct msghdr *m, struct message *out, uint64_t now_ns, uint64_t wall_ns)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
		if (c->cmsg_level == SOL_UDP && c->cmsg_type == UDP_GRO) {
			int segment;

			memcpy(&segment, CMSG_DATA(c), sizeof segment);
			if (segment > 0)
				out->segment = (size_t)segment;
		} else if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_TIMESTAMPNS) {
			struct timespec stamp;

			memcpy(&stamp, CMSG_DATA(c), sizeof stamp);
			out->received_ns = monotonic(&stamp, now_ns, wall_ns);
		} else if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SO_RXQ_OVFL) {
			uint32_t drops;

			memcpy(&drops, CMSG_DATA(c), sizeof drops);
			out->drops = drops - s->drops_seen;
			s->drops += out->drops;
			s->drops_seen = drops;
		}
	}
}

static void note_joined(struct udp_socket *s, const struct message *m)
{
	unsigned joined = m->segment ? (unsigned)((m->size + m->segment - 1) / m->segment) : 1;

	if (joined > s->joined_most)
		s->joined_most = joined;
}

int udp_receive(struct udp_socket *s, struct udp_batch *batch, bool *full)
{
	unsigned room = prepare(batch, s);
	uint64_t now_ns, wall_ns;
	int n;

	batch->messages = batch->at = 0;
	batch->offset = 0;
	if (full)
		*full = false;
	do
		n = recvmmsg(s->fd, batch->header, room, MSG_DONTWAIT, NULL);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return errno == EAGAIN || errno == EWOULDBLOCK ? 0 : -errno;

	read_clocks(&now_ns, &wall_ns);
	for (int i = 0; i < n; i++) {
		struct message *m = &batch->message[i];

		m->peer.size = batch->header[i].msg_hdr.msg_namelen;
		m->size = m->segment = batch->header[i].msg_len;
		m->received_ns = now_ns;
		m->drops = 0;
		read_control(s, &batch->header[i].msg_hdr, m, now_ns, wall_ns);
		m->waited_ns = now_ns - m->received_ns;
		note_joined(s, m);
	}
	batch->messages = n;
	batch->joined = s->joined_most;
	if (full)
		*full = (unsigned)n == room;
	return n;
}

static void advance(struct udp_batch *batch, size_t bytes)
{
	batch->offset += bytes;
	if (batch->offset < batch->message[batch->at].size)
		return;
	batch->at++;
	batch->offset = 0;
}

bool udp_next(struct udp_batch *batch, struct udp_datagram *d)
{
	struct message *m = &batch->message[batch->at];
	size_t left;

	if (batch->at >= batch->messages)
		return false;
	left = m->size - batch->offset;
	*d = (struct udp_datagram){
		.bytes = batch->bytes + (size_t)batch->at * batch->stride + batch->offset,
		.size = left < m->segment ? left : m->segment,
		.received_ns = m->received_ns,
		.waited_ns = m->waited_ns,
		.drops = batch->offset == 0 ? m->drops : 0,
		.joined = batch->joined,
		.peer = &m->peer,
	};
	advance(batch, d->size);
	return true;
}

unsigned udp_following(const struct udp_batch *batch)
{
	const struct message *m = &batch->message[batch->at];

	return batch->offset > 0 ? (unsigned)((m->size - batch->offset) / m->segment) : 0;
}

void udp_skip(struct udp_batch *batch, unsigned count)
{
	if (count > 0)
		advance(batch, count * batch->message[batch->at].segment);
}
