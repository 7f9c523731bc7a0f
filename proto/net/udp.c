/* Opening, options and single sends. Receiving in batches is in udp_receive.c, sending many datagrams at once
 * in udp_send.c. */
#include "proto/net/udp.h"

#include <errno.h>
#include <netinet/udp.h>
#include <string.h>
#include <unistd.h>

#include "proto/net/impair.h"
#include "proto/sys/clock.h"

static bool enable(int fd, int level, int option)
{
	return setsockopt(fd, level, option, &(int){1}, sizeof(int)) == 0;
}

/* Asks for such a buffer, beyond the system-wide limit where we may, and returns what was granted: the kernel
 * doubles the number for its own bookkeeping. */
static uint32_t size_buffer(int fd, int force, int ordinary, int bytes)
{
	socklen_t size = sizeof bytes;

	if (setsockopt(fd, SOL_SOCKET, force, &bytes, sizeof bytes))
		setsockopt(fd, SOL_SOCKET, ordinary, &bytes, sizeof bytes);
	if (getsockopt(fd, SOL_SOCKET, ordinary, &bytes, &size))
		return 0;
	return (uint32_t)bytes / 2;
}

static int open_socket(struct udp_socket *s, const struct address *local, bool shared)
{
	int fd = socket(local->any.sa_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int off = 0, error;

	*s = (struct udp_socket){.fd = fd, .segments_max = UDP_SEGMENTS_MAX};
	if (fd < 0)
		return -errno;
	/* [::] serves IPv4 too. */
	if (local->any.sa_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
	if (shared && !enable(fd, SOL_SOCKET, SO_REUSEPORT)) {
		error = -errno;
		udp_close(s);
		return error;
	}
	if (bind(fd, &local->any, local->size)) {
		error = -errno;
		udp_close(s);
		return error;
	}
	s->receive_buffer_bytes = size_buffer(fd, SO_RCVBUFFORCE, SO_RCVBUF, UDP_BUFFER_BYTES);
	s->send_buffer_bytes = size_buffer(fd, SO_SNDBUFFORCE, SO_SNDBUF, UDP_BUFFER_BYTES);
	udp_keep_whole(s, false);
	enable(fd, SOL_SOCKET, SO_TIMESTAMPNS);
	enable(fd, SOL_SOCKET, SO_RXQ_OVFL);
	s->receive_offload = enable(fd, SOL_UDP, UDP_GRO);
	s->send_offload = setsockopt(fd, SOL_UDP, UDP_SEGMENT, &off, sizeof off) == 0;
	return 0;
}

int udp_open(struct udp_socket *s, const struct address *local)
{
	return open_socket(s, local, false);
}

int udp_open_shared(struct udp_socket *s, const struct address *local)
{
	return open_socket(s, local, true);
}

void udp_close(struct udp_socket *s)
{
	if (s->fd >= 0)
		close(s->fd);
	s->fd = -1;
	impair_free(s->impair);
	s->impair = NULL;
}

int udp_connect(struct udp_socket *s, const struct address *peer)
{
	if (connect(s->fd, &peer->any, peer->size))
		return -errno;
	s->connected = true;
	return 0;
}

void udp_limit_receive_buffer(struct udp_socket *s, uint32_t bytes)
{
	if (s->receive_buffer_bytes > bytes)
		s->receive_buffer_bytes = size_buffer(s->fd, SO_RCVBUFFORCE, SO_RCVBUF, (int)bytes);
}

int udp_local_address(const struct udp_socket *s, struct address *local)
{
	local->size = sizeof local->v6;
	return getsockname(s->fd, &local->any, &local->size) ? -errno : 0;
}

int udp_set_impair(struct udp_socket *s, double drop_rate, uint64_t delay_ns)
{
	if (drop_rate <= 0 && delay_ns == 0)
		return 0;
	s->impair = impair_new(drop_rate, delay_ns);
	return s->impair ? 0 : -ENOMEM;
}

static int send_now(struct udp_socket *s, const struct address *to, const uint8_t *bytes, size_t size)
{
	bool name = to && to->size && !s->connected;

	for (;;) {
		if (sendto(s->fd, bytes, size, 0, name ? &to->any : NULL, name ? to->size : 0) >= 0)
			return 0;
		if (errno != EINTR)
			return -errno;
	}
}

int udp_send(struct udp_socket *s, const struct address *to, const uint8_t *bytes, size_t size)
{
	if (s->impair && impair_drops(s->impair))
		return 0;
	if (s->impair && impair_delays(s->impair)) {
		impair_hold(s->impair, to, bytes, size, clock_now_ns());
		return 0;
	}
	return send_now(s, to, bytes, size);
}

uint64_t udp_flush(struct udp_socket *s, uint64_t now_ns)
{
	const struct impair_datagram *d;
	uint64_t next_ns = CLOCK_NEVER;

	if (!s->impair || !impair_delays(s->impair))
		return CLOCK_NEVER;
	while ((d = impair_release(s->impair, now_ns, &next_ns)))
		send_now(s, &d->to, d->bytes, d->size);
	return next_ns;
}

unsigned udp_path_bytes(const struct udp_socket *s)
{
	struct address local;
	int mtu = 0;
	socklen_t size = sizeof mtu;
	bool v6 = udp_local_address(s, &local) == 0 && local.any.sa_family == AF_INET6;
	int headers = v6 ? 48 : 28;

	if (getsockopt(s->fd, v6 ? IPPROTO_IPV6 : IPPROTO_IP, v6 ? IPV6_MTU : IP_MTU, &mtu, &size) < 0 ||
		mtu <= headers)
		return 0;
	return (unsigned)(mtu - headers);
}

void udp_keep_whole(struct udp_socket *s, bool on)
{
	int v4 = on ? IP_PMTUDISC_DO : IP_PMTUDISC_WANT, v6 = on ? IPV6_PMTUDISC_DO : IPV6_PMTUDISC_WANT;

	/* An IPv6 socket may have an IPv4 peer. */
	setsockopt(s->fd, IPPROTO_IP, IP_MTU_DISCOVER, &v4, sizeof v4);
	setsockopt(s->fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, &v6, sizeof v6);
}

void udp_disable_offload(struct udp_socket *s)
{
	int off = 0;

	setsockopt(s->fd, SOL_UDP, UDP_GRO, &off, sizeof off);
	s->send_offload = s->receive_offload = false;
}
