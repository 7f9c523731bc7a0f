/* How much of a test's data arrives: a total that grows in, bits a second out. For what accompanies a test
 * and is to be small beside it. No clock. Not thread-safe: belongs to one port. */
#ifndef PROTO_ENGINE_LOAD_RATE_H
#define PROTO_ENGINE_LOAD_RATE_H

#include <stdbool.h>
#include <stdint.h>

enum {
	LOAD_RATE_MS = 200,     /* a rate is taken over at least this long, ... */
	LOAD_RATE_BYTES = 4000, /* ... and so much: on a thin line three packets */
};

struct load_rate {
	uint64_t at_ns, bytes; /* where the time that is measured begins; 0: nothing has arrived */
	uint64_t bps;          /* the latest; 0: none yet. While nothing arrives it stays */
	uint64_t told_bps;     /* ... as it was last told */
};

/* All zero at first. So many bytes had arrived in all at that moment, by whatever clock. */
void load_rate_add(struct load_rate *r, uint64_t bytes, uint64_t now_ns);

/* Whether the rate differs by more than a quarter from when this was last true. */
bool load_rate_is_news(struct load_rate *r);

#endif
