/* One direction of a path in virtual time. By chance, but from a seed, it drops, doubles and delays
 * datagrams; a delay of its own for each puts them out of order. */
#ifndef TESTS_SUPPORT_LINK_H
#define TESTS_SUPPORT_LINK_H

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "proto/sys/clock.h"
#include "proto/wire/wire.h"
#include "tests/support/random.h"

enum { LINK_ROOM = 1 << 16 };

struct link_impair {
	double drop, duplicate;
	uint64_t delay_ns;
	uint64_t jitter_ns; /* each datagram is delayed by less than this on top */
};

struct link_datagram {
	uint64_t due_ns;
	size_t size;
	uint8_t bytes[];
};

struct link {
	struct link_impair impair;
	uint64_t random;
	unsigned first, count;
	struct link_datagram *queue[LINK_ROOM]; /* ring, in the order of arrival */
	struct link_datagram *delivered;
	uint64_t sent, dropped, doubled;
};

struct link *link_new(const struct link_impair *impair, uint64_t seed);
void link_free(struct link *l);
void link_send(struct link *l, const void *bytes, size_t size, uint64_t now_ns);

/* When the next datagram arrives; CLOCK_NEVER when none is under way. */
uint64_t link_due_ns(const struct link *l);

/* The next datagram that has arrived, or NULL; valid until the next call. */
const struct link_datagram *link_receive(struct link *l, uint64_t now_ns);

#endif
