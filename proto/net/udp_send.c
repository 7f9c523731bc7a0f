/* Sending many datagrams of one size: one sendmsg with UDP_SEGMENT where the path takes it, sendmmsg
 * where it doesn't. */
#include <errno.h>
#include <netinet/udp.h>
#include <string.h>

#include "proto/net/impair.h"
#include "proto/net/udp.h"

enum { MANY_MESSAGES = 64 };

unsigned udp_segments(const struct udp_socket *s, size_t size)
{
	unsigned fit = (unsigned)(UDP_SEND_BYTES / size);

	return fit < s->segments_max ? (fit ? fit : 1) : s->segments_max;
}

static void name_peer(struct msghdr *m, const struct udp_socket *s, const struct address *to)
{
	if (s->connected || !to)
		return;
	m->msg_name = (void *)(uintptr_t)&to->any;
	m->msg_namelen = to->size;
}

static int send_segments(
	struct udp_socket *s, const struct address *to, const uint8_t *bytes, size_t size, unsigned count)
{
	union {
		char room[CMSG_SPACE(sizeof(uint16_t))];
		struct cmsghdr align;
	} control = {{0}};
	struct iovec v = {(void *)(uintptr_t)bytes, size * count};
	struct msghdr m = {
		.msg_iov = &v,
		.msg_iovlen = 1,
		.msg_control = control.room,
		.msg_controllen = sizeof control.room,
	};
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);
	uint16_t segment = (uint16_t)size;

	c->cmsg_level = SOL_UDP;
	c->cmsg_type = UDP_SEGMENT;
	c->cmsg_len = CMSG_LEN(sizeof segment);
	memcpy(CMSG_DATA(c), &segment, sizeof segment);
	name_peer(&m, s, to);
	return sendmsg(s->fd, &m, 0) < 0 ? -errno : (int)count;
}

static int send_singles(
	struct udp_socket *s, const struct address *to, const uint8_t *bytes, size_t size, unsigned count)
{
	struct mmsghdr m[MANY_MESSAGES];
	struct iovec v[MANY_MESSAGES];
	int n;

	if (count > MANY_MESSAGES)
		count = MANY_MESSAGES;
	for (unsigned i = 0; i < count; i++) {
		v[i] = (struct iovec){(void *)(uintptr_t)(bytes + i * size), size};
		m[i] = (struct mmsghdr){.msg_hdr = {.msg_iov = &v[i], .msg_iovlen = 1}};
		name_peer(&m[i].msg_hdr, s, to);
	}
	n = sendmmsg(s->fd, m, count, 0);
	return n < 0 ? -errno : n;
}

/* With impairment each datagram is dropped or delayed on its own. */
static int send_through_weather(
	struct udp_socket *s, const struct address *to, const uint8_t *bytes, size_t size, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		int error = udp_send(s, to, bytes + i * size, size);

		if (error)
			return i > 0 || error == -EAGAIN ? (int)i : error;
	}
	return (int)count;
}

/* The errors of a kernel or device that can't segment: EIO without checksum offload, EINVAL and
 * EMSGSIZE when a segment doesn't fit the device, EOPNOTSUPP and ENOPROTOOPT when it doesn't know
 * segmentation at all. */
static bool refuses_offload(int error)
{
	return error == -EIO || error == -EINVAL || error == -EMSGSIZE || error == -EOPNOTSUPP ||
	       error == -ENOPROTOOPT;
}

int udp_send_many(
	struct udp_socket *s, const struct address *to, const uint8_t *bytes, size_t size, unsigned count)
{
	int n;

	if (s->impair)
		return send_through_weather(s, to, bytes, size, count);
	if (count > udp_segments(s, size))
		count = udp_segments(s, size);
	do {
		if (count > 1 && s->send_offload && !s->one_by_one) {
			n = send_segments(s, to, bytes, size, count);
			if (refuses_offload(n) && count > 64) {
				s->segments_max = count = 64; /* the limit before Linux 6.9 */
				n = -EINTR;
			} else if (refuses_offload(n)) {
				s->send_offload = false;
				n = -EINTR;
			}
		} else {
			n = send_singles(s, to, bytes, size, count);
		}
	} while (n == -EINTR);
	return n == -EAGAIN ? 0 : n;
}
