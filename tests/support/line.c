#include "tests/support/line.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "proto/sys/clock.h"
#include "tests/support/random.h"

enum { DATA_BYTES = 600, LEAST_ROOM = 2 * 1500, LONGEST_MEANS = 10 };

static bool is_before(const struct line_packet *a, const struct line_packet *b)
{
	return a->due_ns != b->due_ns ? a->due_ns < b->due_ns : a->order < b->order;
}

static void heap_push(struct line *l, struct line_packet *p)
{
	size_t i = l->under_way++;

	if (i == l->heap_room) {
		l->heap_room = l->heap_room ? 2 * l->heap_room : 1024;
		l->heap = realloc(l->heap, l->heap_room * sizeof(struct line_packet *));
		if (!l->heap)
			abort();
	}
	for (; i && is_before(p, l->heap[(i - 1) / 2]); i = (i - 1) / 2)
		l->heap[i] = l->heap[(i - 1) / 2];
	l->heap[i] = p;
}

static struct line_packet *heap_pop(struct line *l)
{
	struct line_packet *top = l->heap[0], *last = l->heap[--l->under_way];
	size_t i = 0, child;

	while ((child = 2 * i + 1) < l->under_way) {
		if (child + 1 < l->under_way && is_before(l->heap[child + 1], l->heap[child]))
			child++;
		if (!is_before(l->heap[child], last))
			break;
		l->heap[i] = l->heap[child];
		i = child;
	}
	l->heap[i] = last;
	return top;
}

static uint64_t in_ns(double ms)
{
	return (uint64_t)(ms * NS_PER_MS);
}

static void count(struct line_count *c, size_t bytes)
{
	c->packets++;
	c->bytes += bytes;
}

/* Counts a packet in a column of all, and of data where it is such. */
#define COUNT_IN(l, p, column)                               \
	do {                                                 \
		count(&(l)->all.column, (p)->size);          \
		if ((p)->is_data)                            \
			count(&(l)->data.column, (p)->size); \
	} while (0)

/* Loss in bursts: a chain of two states, one of which loses all (Gilbert 1960). */
static bool is_lost(struct line_loss_state *state, const struct line_loss *loss)
{
	double u = random_share(&state->random);

	if (loss->burst <= 1 || loss->share >= 1)
		return u < loss->share;
	if (state->is_bad)
		state->is_bad = u >= 1 / loss->burst;
	else
		state->is_bad = u < loss->share / (loss->burst * (1 - loss->share));
	return state->is_bad;
}

static double draw_jitter_ms(const struct line_settings *s, double u)
{
	return s->law == LINE_UNIFORM ? u * s->jitter_ms : fmin(-log(1 - u), LONGEST_MEANS) * s->jitter_ms;
}

/* What is left of a stall at that time, in ms. */
static double stall_ms(struct line *l, uint64_t at_ns)
{
	const struct line_settings *s = l->settings;

	while (at_ns >= l->spike_to_ns) {
		double pause_ms = -log(1 - random_share(&l->random_jitter)) * s->spike_every_ms;

		l->spike_from_ns = l->spike_to_ns + in_ns(pause_ms);
		l->spike_to_ns = l->spike_from_ns + 1 +
				 in_ns((1 + random_share(&l->random_jitter)) / 2 * s->jitter_ms);
	}
	return at_ns >= l->spike_from_ns ? clock_in_ms(l->spike_to_ns - at_ns) : 0;
}

static double jitter_ms(struct line *l, uint64_t at_ns)
{
	const struct line_settings *s = l->settings;
	double u;

	if (s->law == LINE_SPIKES)
		return stall_ms(l, at_ns);
	u = random_share(&l->random_jitter);
	if (at_ns >= l->hold_until_ns) {
		l->held_ms = draw_jitter_ms(s, u);
		l->hold_until_ns = at_ns + in_ns(s->hold_ms);
	}
	return l->held_ms;
}

static void keep_copy(struct line *l, const struct line_packet *p)
{
	struct line_packet *copy = malloc(sizeof(*copy) + p->size);

	if (!copy)
		abort();
	memcpy(copy, p, sizeof(*p) + p->size);
	copy->order = l->order++;
	COUNT_IN(l, copy, duplicated);
	heap_push(l, copy);
}

/* The packet has left the bottleneck. */
static void depart(struct line *l, struct line_packet *p, uint64_t at_ns)
{
	const struct line_settings *s = l->settings;
	bool is_twin = random_chance(&l->random_fate, s->duplicate);
	bool is_late = random_chance(&l->random_fate, s->reorder);
	uint64_t due_ns = at_ns + in_ns(s->delay_ms + jitter_ms(l, at_ns));

	if (is_lost(&l->behind, &s->behind)) {
		COUNT_IN(l, p, lost_behind);
		free(p);
		return;
	}
	if (due_ns < l->last_due_ns)
		due_ns = l->last_due_ns;
	if (!is_late)
		l->last_due_ns = due_ns;
	l->all.reordered += is_late;
	l->data.reordered += is_late && p->is_data;
	p->due_ns = due_ns + (is_late ? in_ns(s->reorder_ms) : 0);
	p->order = l->order++;
	heap_push(l, p);
	if (is_twin)
		keep_copy(l, p);
}

static void count_wait(struct line *l, const struct line_packet *p, uint64_t at_ns)
{
	uint64_t bin = (at_ns - p->in_ns) / (LINE_WAIT_BIN_US * NS_PER_US);

	if (!p->is_data)
		return;
	l->wait[bin < LINE_WAIT_BINS ? bin : LINE_WAIT_BINS - 1]++;
	l->waits++;
}

/* Begins to serve the first packet, at a time when nothing else is served. */
static void serve(struct line *l, uint64_t at_ns)
{
	l->served = line_queue_pop(&l->queue);
	count_wait(l, l->served, at_ns);
	l->free_ns = line_rate_serve(&l->server, at_ns, 8.0 * (double)l->served->size);
}

static void grant(struct line *l)
{
	const struct line_settings *s = l->settings;
	double offered = line_rate_offer(&l->server, l->grant_ns), bits = l->grant_bits + offered;
	double interval_ms =
		s->burst_ms * (1 + s->burst_variation * (2 * random_share(&l->random_grant) - 1));

	for (const struct line_packet *p;
		(p = line_queue_peek(&l->queue)) && 8.0 * (double)p->size <= bits;) {
		bits -= 8.0 * (double)p->size;
		count_wait(l, p, l->grant_ns);
		depart(l, line_queue_pop(&l->queue), l->grant_ns);
	}
	if (!l->queue.packets && offered > 0)
		l->idle_ns += fmin(bits / offered, 1) * (double)(l->grant_ns - l->free_ns);
	l->grant_bits = l->queue.packets ? bits : 0;
	l->free_ns = l->grant_ns;
	l->grant_ns += 1 + in_ns(interval_ms);
}

static void advance(struct line *l, uint64_t now_ns)
{
	while (l->settings->burst_ms > 0 && l->grant_ns <= now_ns)
		grant(l);
	while (l->served && l->free_ns <= now_ns) {
		depart(l, l->served, l->free_ns);
		l->served = NULL;
		if (l->queue.packets)
			serve(l, l->free_ns);
	}
}

static void enqueue(struct line *l, struct line_packet *p, uint64_t now_ns)
{
	struct line_packet *dropped = line_queue_push(&l->queue, p);

	if (dropped) {
		COUNT_IN(l, dropped, overflowed);
		free(dropped);
	}
	if (l->settings->burst_ms > 0 || l->served || !l->queue.packets)
		return;
	l->idle_ns += (double)(now_ns - l->free_ns);
	serve(l, now_ns);
}

static bool is_policed(struct line *l, size_t size, uint64_t now_ns)
{
	const struct line_settings *s = l->settings;

	if (!(s->policer_bps > 0))
		return false;
	l->tokens += s->policer_bps / 8 * (double)(now_ns - l->tokens_ns) / NS_PER_S;
	l->tokens = fmin(l->tokens, s->policer_bytes);
	l->tokens_ns = now_ns;
	if (l->tokens < (double)size)
		return true;
	l->tokens -= (double)size;
	return false;
}

void line_account(struct line *l, uint64_t now_ns)
{
	if (line_rate_is_limited(&l->settings->rate))
		l->offered_bits += line_rate_offer(&l->account, now_ns);
}

static double idle_ns_at(const struct line *l, uint64_t now_ns)
{
	bool is_idle = line_rate_is_limited(&l->settings->rate) && !l->served && !(l->settings->burst_ms > 0);

	return l->idle_ns + (is_idle ? (double)(now_ns - l->free_ns) : 0);
}

static void span_data(struct line *l, uint64_t now_ns)
{
	double idle_ns = idle_ns_at(l, now_ns);

	line_account(l, now_ns);
	if (!l->span.first_ns) {
		l->span.first_ns = now_ns;
		l->span_offered_bits = l->offered_bits;
		l->span_idle_ns = idle_ns;
	}
	l->span.last_ns = now_ns;
	l->span.offered_bits = l->offered_bits - l->span_offered_bits;
	l->span.idle_ms = (idle_ns - l->span_idle_ns) / NS_PER_MS;
}

static struct line_packet *packet_new(
	const struct line_settings *s, const void *ip, size_t size, uint64_t now_ns)
{
	struct line_packet *p = malloc(sizeof(*p) + size);

	if (!p)
		abort();
	*p = (struct line_packet){
		.in_ns = now_ns,
		.size = size,
		.is_data = s->data_bytes > 0 ? size == (size_t)s->data_bytes : size >= DATA_BYTES,
	};
	memcpy(p->bytes, ip, size);
	return p;
}

void line_take(struct line *l, const void *ip, size_t size, uint64_t now_ns)
{
	struct line_packet *p = packet_new(l->settings, ip, size, now_ns);

	advance(l, now_ns);
	COUNT_IN(l, p, in);
	if (p->is_data)
		span_data(l, now_ns);
	if (is_lost(&l->before, &l->settings->before)) {
		COUNT_IN(l, p, lost_before);
		free(p);
	} else if (is_policed(l, size, now_ns)) {
		COUNT_IN(l, p, policed);
		free(p);
	} else if (line_rate_is_limited(&l->settings->rate)) {
		enqueue(l, p, now_ns);
	} else {
		depart(l, p, now_ns);
	}
}

struct line_packet *line_release(struct line *l, uint64_t now_ns)
{
	struct line_packet *p;

	advance(l, now_ns);
	if (!l->under_way || l->heap[0]->due_ns > now_ns)
		return NULL;
	p = heap_pop(l);
	COUNT_IN(l, p, out);
	return p;
}

uint64_t line_due_ns(const struct line *l)
{
	uint64_t due_ns = l->served ? l->free_ns : CLOCK_NEVER;

	if (l->settings->burst_ms > 0 && l->queue.packets)
		due_ns = l->grant_ns;
	return l->under_way ? clock_earlier(due_ns, l->heap[0]->due_ns) : due_ns;
}

static void count_waiting(struct line *l)
{
	l->all.waiting = l->data.waiting = (struct line_count){0};
	if (l->served)
		COUNT_IN(l, l->served, waiting);
	for (size_t i = 0; i < l->under_way; i++)
		COUNT_IN(l, l->heap[i], waiting);
	for (const struct line_flow *f = l->queue.turn; f; f = f->next)
		for (const struct line_packet *p = f->first; p; p = p->next)
			COUNT_IN(l, p, waiting);
}

void line_settle(struct line *l, uint64_t now_ns)
{
	advance(l, now_ns);
	line_account(l, now_ns);
	count_waiting(l);
}

double line_wait_ms(const struct line *l, double share)
{
	uint64_t rank = (uint64_t)ceil(share * (double)l->waits), seen = 0;

	for (size_t i = 0; l->waits && i < LINE_WAIT_BINS; i++) {
		seen += l->wait[i];
		if (seen >= rank && seen)
			return ((double)i + 0.5) * LINE_WAIT_BIN_US / 1000;
	}
	return 0;
}

static double room_bytes(const struct line_settings *s)
{
	double room = s->buffer_bytes > 0 ? s->buffer_bytes : INFINITY;

	if (s->buffer_ms > 0)
		room = fmin(room, line_rate_nominal_bps(&s->rate) / 8 * s->buffer_ms / 1000);
	return fmin(fmax(room, LEAST_ROOM), 1e12);
}

/* The n-th sequence of a seed. */
static uint64_t sequence(uint64_t seed, uint64_t n)
{
	uint64_t state = seed, mixed = random_next(&state) ^ n;

	return random_next(&mixed);
}

struct line *line_new(const struct line_settings *settings, uint64_t seed, uint64_t now_ns)
{
	struct line *l = calloc(1, sizeof(*l));

	if (!l)
		return NULL;
	l->settings = settings;
	l->random_jitter = sequence(seed, 1);
	l->random_fate = sequence(seed, 2);
	l->random_grant = sequence(seed, 3);
	l->before.random = sequence(seed, 4);
	l->behind.random = sequence(seed, 5);
	line_rate_start(&l->server, &settings->rate, sequence(seed, 6), now_ns);
	line_rate_start(&l->account, &settings->rate, sequence(seed, 6), now_ns);
	l->queue.by_flow = settings->by_flow;
	l->queue.room_bytes = (size_t)room_bytes(settings);
	l->tokens = settings->policer_bytes;
	l->start_ns = l->free_ns = l->tokens_ns = l->hold_until_ns = l->spike_to_ns = now_ns;
	l->grant_ns = now_ns + in_ns(settings->burst_ms);
	return l;
}

void line_free(struct line *l)
{
	if (!l)
		return;
	for (struct line_packet *p; (p = line_queue_pop(&l->queue));)
		free(p);
	for (size_t i = 0; i < l->under_way; i++)
		free(l->heap[i]);
	free(l->heap);
	free(l->served);
	free(l);
}
