/* Owns: the heap of datagrams under way, ordered by the time they are due, then by arrival.
 *
 * Policy: every datagram draws the same number of times, whatever happens to it: so the fate of one
 * doesn't move that of the next, and neither does changing one condition. Jitter keeps the order; a
 * reordered datagram is held back while later ones pass; the copy of a duplicated one has a jitter
 * of its own on top. */
#include "tests/lab/path.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "proto/sys/clock.h"
#include "tests/support/random.h"

enum { PARCELS = 1 << 16, LONGEST_MS = 60000 };

static struct path_parcel *heap[PARCELS];
static size_t parcels;
static uint64_t arrivals;

static bool is_before(const struct path_parcel *a, const struct path_parcel *b)
{
	return a->due_ns != b->due_ns ? a->due_ns < b->due_ns : a->order < b->order;
}

static void heap_push(struct path_parcel *p)
{
	size_t i = parcels++;

	for (; i && is_before(p, heap[(i - 1) / 2]); i = (i - 1) / 2)
		heap[i] = heap[(i - 1) / 2];
	heap[i] = p;
}

static struct path_parcel *heap_pop(void)
{
	struct path_parcel *top = heap[0], *last = heap[--parcels];
	size_t i = 0, child;

	while ((child = 2 * i + 1) < parcels) {
		if (child + 1 < parcels && is_before(heap[child + 1], heap[child]))
			child++;
		if (!is_before(heap[child], last))
			break;
		heap[i] = heap[child];
		i = child;
	}
	heap[i] = last;
	return top;
}

int path_set_condition(struct path_conditions *c, const char *name, const char *text)
{
	const struct {
		const char *name;
		double *value, max;
	} rows[] = {
		{"delay-ms", &c->delay_ms, LONGEST_MS},
		{"jitter-ms", &c->jitter_ms, LONGEST_MS},
		{"loss", &c->loss, 1},
		{"duplicate", &c->duplicate, 1},
		{"reorder", &c->reorder, 1},
		{"reorder-ms", &c->reorder_ms, LONGEST_MS},
	};
	char *end;
	double value = strtod(text, &end);

	if (end == text || *end)
		return -EINVAL;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (!strcmp(name, rows[i].name) && value >= 0 && value <= rows[i].max) {
			*rows[i].value = value;
			return 0;
		}
	return -EINVAL;
}

void path_stream_start(struct path_stream *stream, uint64_t seed, uint64_t index)
{
	uint64_t state = seed;

	stream->random = random_next(&state) ^ index;
	stream->random = random_next(&stream->random);
}

static void keep(struct path_stream *stream, const struct path_datagram *datagram, uint64_t due_ns)
{
	struct path_parcel *p = parcels < PARCELS ? malloc(sizeof(*p) + datagram->size) : NULL;

	if (!p) {
		stream->counts.failed++;
		return;
	}
	*p = (struct path_parcel){
		.due_ns = due_ns,
		.order = arrivals++,
		.stream = stream,
		.tag = datagram->tag,
		.size = datagram->size,
	};
	memcpy(p->bytes, datagram->bytes, datagram->size);
	heap_push(p);
}

void path_take(struct path_stream *stream, const struct path_datagram *datagram, uint64_t now_ns)
{
	const struct path_conditions *c = stream->conditions;
	struct path_counts *n = &stream->counts;
	uint64_t *random = &stream->random;
	bool is_lost = random_share(random) < c->loss, is_twin = random_share(random) < c->duplicate;
	bool is_late = random_share(random) < c->reorder;
	double jitter_ms = random_share(random) * c->jitter_ms, twin_ms = random_share(random) * c->jitter_ms;
	uint64_t due_ns = now_ns + (uint64_t)((c->delay_ms + jitter_ms) * NS_PER_MS);

	n->received++;
	n->bytes += datagram->size;
	if (is_lost) {
		n->lost++;
		return;
	}
	if (due_ns < stream->last_due_ns)
		due_ns = stream->last_due_ns;
	if (is_late) {
		n->reordered++;
		due_ns += (uint64_t)(c->reorder_ms * NS_PER_MS);
	} else {
		stream->last_due_ns = due_ns;
	}
	keep(stream, datagram, due_ns);
	if (is_twin) {
		n->duplicated++;
		keep(stream, datagram, due_ns + (uint64_t)(twin_ms * NS_PER_MS));
	}
}

struct path_parcel *path_release(uint64_t now_ns, uint64_t *next_ns)
{
	if (parcels && heap[0]->due_ns <= now_ns)
		return heap_pop();
	*next_ns = parcels ? heap[0]->due_ns : UINT64_MAX;
	return NULL;
}

void path_count_waiting(void)
{
	for (size_t i = 0; i < parcels; i++)
		heap[i]->stream->counts.waiting++;
}
