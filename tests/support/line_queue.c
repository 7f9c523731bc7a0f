#include "tests/support/line_queue.h"

#include <string.h>

enum { QUANTUM = 1514, V4_HEADER = 20, V6_HEADER = 40, PORTS = 4 };

static uint32_t hash_bytes(uint32_t hash, const uint8_t *bytes, size_t size)
{
	while (size--)
		hash = (hash ^ *bytes++) * 16777619; /* FNV-1a */
	return hash;
}

/* Of addresses, protocol and ports. */
static uint32_t flow_hash(const struct line_packet *p)
{
	const uint8_t *ip = p->bytes;
	bool is_v6 = p->size && *ip >> 4 == 6;
	size_t header = is_v6 ? V6_HEADER : p->size ? (size_t)(*ip & 15) * 4 : 0;
	uint32_t hash = 2166136261;

	if (p->size < (is_v6 ? V6_HEADER : V4_HEADER))
		return 0;
	hash = is_v6 ? hash_bytes(hash, ip + 8, 32) : hash_bytes(hash, ip + 12, 8);
	hash = hash_bytes(hash, ip + (is_v6 ? 6 : 9), 1);
	if (p->size >= header + PORTS)
		hash = hash_bytes(hash, ip + header, PORTS);
	return hash;
}

static void join_turn(struct line_queue *q, struct line_flow *f)
{
	f->next = NULL;
	if (q->turn)
		q->last_turn->next = f;
	else
		q->turn = f;
	q->last_turn = f;
}

static void leave_turn(struct line_queue *q, struct line_flow *f)
{
	struct line_flow *before = NULL;

	for (struct line_flow *at = q->turn; at != f; at = at->next)
		before = at;
	if (before)
		before->next = f->next;
	else
		q->turn = f->next;
	if (q->last_turn == f)
		q->last_turn = before;
}

static struct line_packet *take_first(struct line_queue *q, struct line_flow *f)
{
	struct line_packet *p = f->first;

	f->first = p->next;
	f->bytes -= p->size;
	q->bytes -= p->size;
	q->packets--;
	if (!f->first) {
		f->last = NULL;
		leave_turn(q, f);
	}
	return p;
}

static struct line_flow *longest(struct line_queue *q)
{
	struct line_flow *found = q->turn;

	for (struct line_flow *f = q->turn; f; f = f->next)
		if (f->bytes > found->bytes)
			found = f;
	return found;
}

struct line_packet *line_queue_push(struct line_queue *q, struct line_packet *p)
{
	struct line_flow *f = &q->flow[q->by_flow ? flow_hash(p) % LINE_FLOWS : 0];
	bool is_full = q->bytes && q->bytes + p->size > q->room_bytes;

	if (is_full && !q->by_flow)
		return p;
	p->next = NULL;
	if (f->last) {
		f->last->next = p;
	} else {
		f->first = p;
		f->deficit = QUANTUM;
		join_turn(q, f);
	}
	f->last = p;
	f->bytes += p->size;
	q->bytes += p->size;
	q->packets++;
	return is_full ? take_first(q, longest(q)) : NULL;
}

const struct line_packet *line_queue_peek(struct line_queue *q)
{
	while (q->by_flow && q->turn && q->turn->first->size > q->turn->deficit) {
		struct line_flow *f = q->turn;

		f->deficit += QUANTUM;
		leave_turn(q, f);
		join_turn(q, f);
	}
	return q->turn ? q->turn->first : NULL;
}

struct line_packet *line_queue_pop(struct line_queue *q)
{
	struct line_flow *f;

	if (!line_queue_peek(q))
		return NULL;
	f = q->turn;
	if (q->by_flow)
		f->deficit -= f->first->size;
	return take_first(q, f);
}
