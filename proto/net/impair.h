/* Bad weather on purpose, for tests: a share of what is sent is dropped, the rest held back for a
 * while. It belongs to one socket; a full queue drops, as a router's does. */
#ifndef PROTO_NET_IMPAIR_H
#define PROTO_NET_IMPAIR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/net/address.h"

struct weather;

struct weather_datagram {
	struct address to; /* size 0: the connected peer */
	size_t size;
	uint8_t bytes[1500];
};

/* NULL when out of memory. */
struct weather *weather_new(double drop_rate, uint64_t delay_ns);
void weather_free(struct weather *w);

/* Decides one datagram's fate by chance. */
bool weather_drops(struct weather *w);

/* Whether datagrams are to be held back at all. */
bool weather_delays(const struct weather *w);

/* Holds a copy back until `now_ns` + the delay. Larger datagrams than `bytes` has room for, and those
 * that find the queue full, are dropped. */
void weather_hold(
	struct weather *w, const struct address *to, const uint8_t *bytes, size_t size, uint64_t now_ns);

/* The next datagram that is due, or NULL; *next_ns is when the first one left is. The pointer is
 * valid until the next weather_hold. */
const struct weather_datagram *weather_release(struct weather *w, uint64_t now_ns, uint64_t *next_ns);

#endif
