/* Two piles in one array: free ports in front, the others behind. Drawing swaps a random free one
 * to the border; ports that come back wait in a queue, in the order in which they become free. */
#include "server/portpool.h"

#include <assert.h>
#include <sodium.h>
#include <stdlib.h>

#include "proto/sys/clock.h"

struct waiting {
	uint16_t port;
	uint64_t free_ns;
};

struct portpool {
	unsigned size, free;
	uint16_t *port;          /* [0, free) can be drawn */
	struct waiting *waiting; /* ring */
	unsigned first_waiting, waitings;
};

struct portpool *portpool_new(const struct port_range *ranges, unsigned count)
{
	struct portpool *pool = calloc(1, sizeof *pool);

	if (!pool)
		return NULL;
	for (unsigned i = 0; i < count; i++)
		pool->size += (unsigned)(ranges[i].last - ranges[i].first) + 1;
	assert(pool->size > 0);
	pool->port = calloc(pool->size, sizeof *pool->port);
	pool->waiting = calloc(pool->size, sizeof *pool->waiting);
	if (!pool->port || !pool->waiting) {
		portpool_free(pool);
		return NULL;
	}
	for (unsigned i = 0; i < count; i++)
		for (unsigned port = ranges[i].first; port <= ranges[i].last; port++)
			pool->port[pool->free++] = (uint16_t)port;
	return pool;
}

void portpool_free(struct portpool *pool)
{
	if (!pool)
		return;
	free(pool->port);
	free(pool->waiting);
	free(pool);
}

static void release_waiting(struct portpool *pool, uint64_t now_ns)
{
	while (pool->waitings > 0 && pool->waiting[pool->first_waiting].free_ns <= now_ns) {
		pool->port[pool->free++] = pool->waiting[pool->first_waiting].port;
		pool->first_waiting = (pool->first_waiting + 1) % pool->size;
		pool->waitings--;
	}
}

uint16_t portpool_take(struct portpool *pool, uint64_t now_ns)
{
	unsigned drawn;
	uint16_t port;

	release_waiting(pool, now_ns);
	if (pool->free == 0)
		return 0;
	drawn = randombytes_uniform(pool->free);
	port = pool->port[drawn];
	pool->port[drawn] = pool->port[--pool->free];
	return port;
}

void portpool_return(struct portpool *pool, uint16_t port, uint64_t now_ns)
{
	pool->waiting[(pool->first_waiting + pool->waitings++) % pool->size] = (struct waiting){
		.port = port,
		.free_ns = now_ns + clock_s(PORTPOOL_KEPT_BACK_S),
	};
}

void portpool_give_back(struct portpool *pool, uint16_t port)
{
	pool->port[pool->free++] = port;
}

unsigned portpool_size(const struct portpool *pool)
{
	return pool->size;
}
