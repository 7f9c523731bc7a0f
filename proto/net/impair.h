/* Impairment on purpose, for tests: a share of the outgoing datagrams is dropped, the rest delayed. It
 * belongs to one socket; a full queue drops, as a router's does. */
#ifndef PROTO_NET_IMPAIR_H
#define PROTO_NET_IMPAIR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/net/address.h"

struct impair;

struct impair_datagram {
	struct address to; /* size 0: the connected peer */
	size_t size;
	uint8_t bytes[1500];
};

/* NULL when out of memory. */
struct impair *impair_new(double drop_rate, uint64_t delay_ns);
void impair_free(struct impair *w);

/* Draws whether one datagram is dropped. */
bool impair_drops(struct impair *w);

/* Whether datagrams are delayed at all. */
bool impair_delays(const struct impair *w);

/* Holds a copy back until `now_ns` + the delay. Datagrams too large for `bytes`, and those that find the
 * queue full, are dropped. */
void impair_hold(
	struct impair *w, const struct address *to, const uint8_t *bytes, size_t size, uint64_t now_ns);

/* The next datagram that is due, or NULL; *next_ns is when the next one after it is due. The pointer is
 * valid until the next impair_hold. */
const struct impair_datagram *impair_release(struct impair *w, uint64_t now_ns, uint64_t *next_ns);

#endif
