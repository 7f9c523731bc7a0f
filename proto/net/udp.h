/* UDP sockets: every socket call of the engine is here. Batches both ways, segmentation and receive
 * offload where the kernel has them, kernel receive times, drop counters.
 *
 * A socket belongs to one port; a batch to one thread. */
#ifndef PROTO_NET_UDP_H
#define PROTO_NET_UDP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/net/address.h"

struct impair;

enum {
	UDP_SEGMENTS_MAX = 128,      /* datagrams in one offloaded send (UDP_MAX_SEGMENTS, Linux 6.9) */
	UDP_SEND_BYTES = 65000,      /* ... and their bytes */
	UDP_BUFFER_BYTES = 32 << 20, /* asked for; the kernel grants what it allows */
};

struct udp_socket {
	int fd;
	bool connected;
	bool send_offload, receive_offload;
	bool one_by_one;                                  /* for now udp_send_many doesn't join datagrams */
	unsigned segments_max;                            /* what the kernel takes at once */
	uint32_t receive_buffer_bytes, send_buffer_bytes; /* granted */
	uint64_t drops;        /* datagrams that the receive buffer had no room for */
	uint32_t drops_seen;   /* the kernel's 32-bit count, last seen */
	unsigned joined_most;  /* datagrams in the fullest message since the owner set it to 0 */
	struct impair *impair; /* test_drop_rate and test_delay; NULL: none */
};

struct udp_datagram {
	const uint8_t *bytes;
	size_t size;
	uint64_t received_ns; /* CLOCK_MONOTONIC, from the kernel's time stamp */
	uint64_t waited_ns;   /* from then until udp_receive took it */
	uint32_t drops;       /* messages that the receive buffer had no room for just before this one */
	unsigned joined;      /* joined_most: one dropped message may have held this many */
	const struct address *peer; /* valid until the next udp_receive */
};

struct udp_batch;

/* Opens a non-blocking socket bound to `local`. The buffers are as large as the kernel grants.
 * 0 or -errno. */
int udp_open(struct udp_socket *s, const struct address *local);

/* The same, on an address that other sockets of this program share: all are to be connected but one, which
 * gets what comes from strangers. */
int udp_open_shared(struct udp_socket *s, const struct address *local);
void udp_close(struct udp_socket *s);

/* From now on the kernel drops what others send, and reports ICMP errors. 0 or -errno. */
int udp_connect(struct udp_socket *s, const struct address *peer);

/* The largest UDP payload that leaves a connected socket unfragmented, as far as the kernel knows: from its
 * interface, and from what routers have reported since (RFC 1191, RFC 8201). 0: not known. */
unsigned udp_path_bytes(const struct udp_socket *s);

/* Datagrams larger than the kernel knows the path to take: on, they are refused (-EMSGSIZE); off, as on a new
 * socket, they leave this host in fragments. Either way no router may fragment what leaves whole. */
void udp_keep_whole(struct udp_socket *s, bool on);

/* Turns off segmentation by the kernel when sending, and joining when receiving. */
void udp_disable_offload(struct udp_socket *s);

/* Makes the receive buffer no larger than this: what comes faster than it is read is dropped before it has
 * waited for long. */
void udp_limit_receive_buffer(struct udp_socket *s, uint32_t bytes);

/* The address the socket is bound to. 0 or -errno. */
int udp_local_address(const struct udp_socket *s, struct address *local);

/* Buffers for one thread to receive into; their memory is taken as it is touched. NULL: out of memory. */
struct udp_batch *udp_batch_new(void);
void udp_batch_free(struct udp_batch *batch);

/* Receives what is there without waiting. Returns the number of messages, 0 when there is nothing,
 * or -errno. *full, unless NULL: more may be waiting. */
int udp_receive(struct udp_socket *s, struct udp_batch *batch, bool *full);

/* The next datagram of the batch, in order of arrival. False at the end. */
bool udp_next(struct udp_batch *batch, struct udp_datagram *d);

/* How many datagrams as large as the one that udp_next has just given lie behind it in its message: they are
 * of the same peer and time, and next. */
unsigned udp_following(const struct udp_batch *batch);

/* The next `count` of them have been seen to. */
void udp_skip(struct udp_batch *batch, unsigned count);

/* Sends one datagram (to NULL on a connected socket). Returns 0, or -errno: -EAGAIN when there is no room
 * just now. */
int udp_send(struct udp_socket *s, const struct address *to, const uint8_t *bytes, size_t size);

/* Sends `count` datagrams of `size` bytes each that lie back to back. Returns how many the
 * kernel took: fewer when there was no room (0: -EAGAIN), or -errno when none could be sent. Falls
 * back to single datagrams, for good, where the path refuses offload. */
int udp_send_many(
	struct udp_socket *s, const struct address *to, const uint8_t *bytes, size_t size, unsigned count);

/* The most datagrams of `size` bytes that udp_send_many sends in one system call. */
unsigned udp_segments(const struct udp_socket *s, size_t size);

/* Sends what test_delay has held back and is now due; returns when the next is due, or CLOCK_NEVER. */
uint64_t udp_flush(struct udp_socket *s, uint64_t now_ns);

/* Impairs `s`: drops this share of what is sent, and delays the rest. 0 or -ENOMEM. */
int udp_set_impair(struct udp_socket *s, double drop_rate, uint64_t delay_ns);

#endif
