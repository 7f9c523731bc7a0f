/* Token buckets for requests, one for each IPv4 address or IPv6 /64, in a table of fixed size. An entry whose
 * bucket is full again carries no information and may be reused; so may any when the table is crowded: a
 * newcomer is then let through, since no flood may lock others out. The listener's thread only. */
#ifndef SERVER_RATE_LIMIT_H
#define SERVER_RATE_LIMIT_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/net/address.h"

struct rate_limit;

/* `per_second` requests, and as many at once. NULL when out of memory. */
struct rate_limit *rate_limit_new(uint32_t per_second);
void rate_limit_free(struct rate_limit *rates);

/* Whether one more request of this address is to be answered now. Loopback always is. */
bool rate_limit_allow(struct rate_limit *rates, const struct address *from, uint64_t now_ns);

/* The part of an address that its owner can't change at will: the whole of IPv4's, IPv6's first 64
 * bits. 16 bytes. */
void rate_limit_network(const struct address *from, uint8_t network[16]);

#endif
