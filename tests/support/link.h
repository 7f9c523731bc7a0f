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

enum { LINK_ROOM = 1 << 16 };

struct link_impair {
	double drop, duplicate;
	uint64_t delay_ns;
	uint64_t jitter_ns; /* each datagram is delayed by less than that on top */
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

/* splitmix64 (S. Vigna). */
static inline uint64_t link_random(uint64_t *state)
{
	uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

static inline bool link_chance(uint64_t *state, double share)
{
	return (double)(link_random(state) >> 11) * 0x1p-53 < share;
}

static inline struct link *link_new(const struct link_impair *impair, uint64_t seed)
{
	struct link *l = calloc(1, sizeof(*l));

	assert(l);
	l->impair = *impair;
	l->random = seed;
	return l;
}

static inline struct link_datagram **link_place(struct link *l, unsigned at)
{
	return &l->queue[(l->first + at) % LINK_ROOM];
}

static inline void link_free(struct link *l)
{
	while (l->count > 0)
		free(*link_place(l, --l->count));
	free(l->delivered);
	free(l);
}

static inline void link_carry(struct link *l, const void *bytes, size_t size, uint64_t now_ns)
{
	struct link_datagram *d = malloc(sizeof(*d) + size);
	uint64_t extra_ns = l->impair.jitter_ns ? link_random(&l->random) % l->impair.jitter_ns : 0;
	unsigned at = l->count;

	assert(d && l->count < LINK_ROOM);
	d->due_ns = now_ns + l->impair.delay_ns + extra_ns;
	d->size = size;
	memcpy(d->bytes, bytes, size);
	for (; at > 0 && (*link_place(l, at - 1))->due_ns > d->due_ns; at--)
		*link_place(l, at) = *link_place(l, at - 1);
	*link_place(l, at) = d;
	l->count++;
}

static inline void link_send(struct link *l, const void *bytes, size_t size, uint64_t now_ns)
{
	l->sent++;
	if (link_chance(&l->random, l->impair.drop)) {
		l->dropped++;
		return;
	}
	link_carry(l, bytes, size, now_ns);
	if (link_chance(&l->random, l->impair.duplicate)) {
		l->doubled++;
		link_carry(l, bytes, size, now_ns);
	}
}

/* When the next datagram arrives; CLOCK_NEVER when none is under way. */
static inline uint64_t link_due_ns(const struct link *l)
{
	return l->count > 0 ? l->queue[l->first]->due_ns : CLOCK_NEVER;
}

/* The next datagram that has arrived, or NULL; valid until the next call. */
static inline const struct link_datagram *link_receive(struct link *l, uint64_t now_ns)
{
	if (link_due_ns(l) > now_ns)
		return NULL;
	free(l->delivered);
	l->delivered = l->queue[l->first];
	l->first = (l->first + 1) % LINK_ROOM;
	l->count--;
	return l->delivered;
}

#endif
