/* A set of sequence numbers, kept and shown as spans, over a sliding window.
 *
 * Members are bits in a ring of chunks. Every chunk counts its members, so that a chunk which is
 * empty or full needs no bits: adding, removing and testing one number is O(1), a span costs one
 * step per chunk, and walking the runs skips empty and full chunks. Memory is bounded by the window:
 * when a span is added above it, the window slides up and members that fall out below are forgotten
 * and counted.
 *
 * Not thread-safe: a set belongs to one port. */
#ifndef PROTO_MEASURE_SPAN_H
#define PROTO_MEASURE_SPAN_H

#include <stdbool.h>
#include <stdint.h>

/* Both ends belong to the span. */
struct span {
	uint64_t begin, end;
};

/* The largest number that a set can hold; callers must refuse larger ones. */
#define SPAN_MAX (UINT64_MAX >> 1)

enum { SPAN_CHUNK = 4096 };

struct span_set {
	uint64_t base;      /* lowest number inside the window, a multiple of SPAN_CHUNK */
	uint64_t window;    /* numbers that the window holds: a power of two, >= 2 * SPAN_CHUNK */
	uint64_t members;   /* numbers in the set */
	uint64_t forgotten; /* members lost below the window, in all */
	uint16_t *count;    /* members of each chunk of the ring */
	uint64_t *bits;     /* valid only for chunks that are neither empty nor full */
};

/* An empty set whose window starts at 0. `window` is rounded up to a power of two, at least
 * 2 * SPAN_CHUNK. Memory is taken from the system as it is touched. 0 or -ENOMEM. */
int span_set_init(struct span_set *set, uint64_t window);
void span_set_free(struct span_set *set);

/* Adds begin..end (begin <= end <= SPAN_MAX). Numbers below the window are left out; numbers above
 * it make it slide. Returns how many numbers were new. */
uint64_t span_add(struct span_set *set, struct span span);

/* Removes begin..end; `end` may be UINT64_MAX. Returns how many numbers had been members. */
uint64_t span_remove(struct span_set *set, struct span span);

bool span_contains(const struct span_set *set, uint64_t number);

/* The lowest run of members that ends at or above `from`, cut to begin at `from`.
 * False when there is none. */
bool span_next(const struct span_set *set, uint64_t from, struct span *run);

#endif
