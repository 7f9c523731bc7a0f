/* What the relay's path does to each datagram, and the heap of those under way. Takes `now`, knows no socket
 * and no clock. One thread. */
#ifndef TESTS_LAB_PATH_H
#define TESTS_LAB_PATH_H

#include <stddef.h>
#include <stdint.h>

/* Shares are 0..1. */
struct path_conditions {
	double delay_ms, jitter_ms, loss, duplicate, reorder, reorder_ms;
};

/* received + duplicated = forwarded + lost + failed + stale + waiting.
 * The relay counts `bytes` (received), forwarded, stale, waiting and, partly, failed. */
struct path_counts {
	uint64_t received, bytes, lost, duplicated, reordered, forwarded, failed, stale, waiting;
};

/* One way of one port. */
struct path_stream {
	const struct path_conditions *conditions;
	uint64_t random, last_due_ns;
	struct path_counts counts;
};

/* What comes out again; `tag` is the caller's own. */
struct path_parcel {
	uint64_t due_ns, order;
	struct path_stream *stream;
	uint64_t tag;
	size_t size;
	uint8_t bytes[];
};

/* Sets one condition by the name that the relay's options have, such as "delay-ms".
 * 0, or -EINVAL: no such name, or no value for it. */
int path_set_condition(struct path_conditions *c, const char *name, const char *text);

/* Starts the `index`-th sequence of fates of a seed. Keeps the conditions and the counts. */
void path_stream_start(struct path_stream *stream, uint64_t seed, uint64_t index);

/* Decides the fate of one datagram and keeps what is left of it. */
struct path_datagram {
	const void *bytes;
	size_t size;
	uint64_t tag;
};

void path_take(struct path_stream *stream, const struct path_datagram *datagram, uint64_t now_ns);

/* The next parcel that is due, which the caller frees; or NULL, and *next_ns is when the first one
 * that is left is due (UINT64_MAX: none). */
struct path_parcel *path_release(uint64_t now_ns, uint64_t *next_ns);

/* Counts the parcels that are still under way as waiting. */
void path_count_waiting(void);

#endif
