/* What the tests of the sockets share: two of them on loopback, numbered datagrams, and a place for
 * what has arrived. */
#ifndef TESTS_SUPPORT_UDP_PAIR_H
#define TESTS_SUPPORT_UDP_PAIR_H

#include <errno.h>
#include <netinet/udp.h>
#include <stdlib.h>
#include <string.h>

#include "proto/net/udp.h"
#include "tests/support/test.h"
#include "tests/support/wait.h"

enum { INBOX = 6000 };

struct letter {
	uint32_t number;
	size_t size;
	uint64_t received_ns;
	struct address peer;
	bool is_whole; /* filled as fill_datagram does */
};

struct udp_pair {
	struct udp_socket from, to;
	struct address from_address, to_address;
	struct udp_batch *batch;
	unsigned count, wanted; /* in the inbox, and expected there */
	int error;              /* of the last udp_receive */
	struct letter inbox[INBOX];
};

struct address loopback(sa_family_t family);
struct udp_pair *udp_pair_open(sa_family_t family);
void udp_pair_close(struct udp_pair *p);

/* Its number, as far as there is room, then bytes that follow from it. */
void fill_datagram(uint8_t *bytes, size_t size, uint32_t number);

struct letter read_datagram(const struct udp_datagram *d);

/* Takes what there is; false at the end. */
bool receive_some(struct udp_pair *p);

bool has_wanted(void *context);

/* Waits until this many have arrived in all, and takes all there are. */
void receive_all(struct udp_pair *p, unsigned wanted);

void send_one(struct udp_pair *p, size_t size, uint32_t number);

/* As many as the kernel takes at once, until all have left. What arrives meanwhile is taken, so
 * that a small receive buffer does; or stays in it. */
void send_batches(struct udp_pair *p, size_t size, unsigned count, bool take);

void send_many(struct udp_pair *p, size_t size, unsigned count);
void set_option(struct udp_socket *s, int level, int option, int value);

/* The inbox holds 0, 1, 2 ... in order, all of that size. */
void check_inbox(const struct udp_pair *p, size_t size);

#endif
