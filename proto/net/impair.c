#include "proto/net/impair.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "proto/sys/clock.h"

enum { IMPAIR_ROOM = 4096 };

struct held {
	uint64_t due_ns;
	struct impair_datagram datagram;
};

struct impair {
	double drop_rate;
	uint64_t delay_ns;
	uint64_t random;    /* xorshift64: chance has to be cheap here, not secret */
	struct held *queue; /* ring; NULL without a delay */
	unsigned first, count;
};

struct impair *impair_new(double drop_rate, uint64_t delay_ns)
{
	struct impair *w = calloc(1, sizeof *w);

	if (!w)
		return NULL;
	w->drop_rate = drop_rate;
	w->delay_ns = delay_ns;
	randombytes_buf(&w->random, sizeof w->random);
	w->random |= 1;
	if (delay_ns && !(w->queue = calloc(IMPAIR_ROOM, sizeof *w->queue))) {
		free(w);
		return NULL;
	}
	return w;
}

void impair_free(struct impair *w)
{
	if (w)
		free(w->queue);
	free(w);
}

bool impair_drops(struct impair *w)
{
	w->random ^= w->random << 13;
	w->random ^= w->random >> 7;
	w->random ^= w->random << 17;
	return (double)(w->random >> 11) * 0x1p-53 < w->drop_rate;
}

bool impair_delays(const struct impair *w)
{
	return w->delay_ns > 0;
}

void impair_hold(
	struct impair *w, const struct address *to, const uint8_t *bytes, size_t size, uint64_t now_ns)
{
	struct held *held = &w->queue[(w->first + w->count) % IMPAIR_ROOM];

	if (w->count == IMPAIR_ROOM || size > sizeof held->datagram.bytes)
		return;
	held->due_ns = now_ns + w->delay_ns;
	held->datagram.to = to ? *to : (struct address){0};
	held->datagram.size = size;
	memcpy(held->datagram.bytes, bytes, size);
	w->count++;
}

const struct impair_datagram *impair_release(struct impair *w, uint64_t now_ns, uint64_t *next_ns)
{
	struct held *held = w->count ? &w->queue[w->first] : NULL;

	*next_ns = held ? held->due_ns : CLOCK_NEVER;
	if (!held || held->due_ns > now_ns)
		return NULL;
	w->first = (w->first + 1) % IMPAIR_ROOM;
	w->count--;
	return &held->datagram;
}
