#include "tests/support/link.h"

struct link *link_new(const struct link_impair *impair, uint64_t seed)
{
	struct link *l = calloc(1, sizeof(*l));

	assert(l);
	l->impair = *impair;
	l->random = seed;
	return l;
}

static struct link_datagram **link_place(struct link *l, unsigned at)
{
	return &l->queue[(l->first + at) % LINK_ROOM];
}

void link_free(struct link *l)
{
	while (l->count > 0)
		free(*link_place(l, --l->count));
	free(l->delivered);
	free(l);
}

static void link_carry(struct link *l, const void *bytes, size_t size, uint64_t now_ns)
{
	struct link_datagram *d = malloc(sizeof(*d) + size);
	uint64_t extra_ns = l->impair.jitter_ns ? random_next(&l->random) % l->impair.jitter_ns : 0;
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

void link_send(struct link *l, const void *bytes, size_t size, uint64_t now_ns)
{
	l->sent++;
	if (random_chance(&l->random, l->impair.drop)) {
		l->dropped++;
		return;
	}
	link_carry(l, bytes, size, now_ns);
	if (random_chance(&l->random, l->impair.duplicate)) {
		l->doubled++;
		link_carry(l, bytes, size, now_ns);
	}
}

uint64_t link_due_ns(const struct link *l)
{
	return l->count > 0 ? l->queue[l->first]->due_ns : CLOCK_NEVER;
}

const struct link_datagram *link_receive(struct link *l, uint64_t now_ns)
{
	if (link_due_ns(l) > now_ns)
		return NULL;
	free(l->delivered);
	l->delivered = l->queue[l->first];
	l->first = (l->first + 1) % LINK_ROOM;
	l->count--;
	return l->delivered;
}
