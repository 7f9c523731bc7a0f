/* The buffer of an emulated link, in bytes: one queue (FIFO) that drops what comes last, or a queue for each
 * flow, served in turns of a quantum (deficit round robin, Shreedhar and Varghese 1995), where the longest
 * loses its first packet. */
#ifndef TESTS_SUPPORT_LINE_QUEUE_H
#define TESTS_SUPPORT_LINE_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { LINE_FLOWS = 64 };

/* A packet on its way through the link. */
struct line_packet {
	struct line_packet *next; /* in its queue */
	uint64_t in_ns;           /* at the bottleneck */
	uint64_t due_ns, order;   /* when it comes out */
	bool is_data;
	size_t size;
	uint8_t bytes[];
};

struct line_flow {
	struct line_packet *first, *last;
	size_t bytes, deficit;
	struct line_flow *next; /* of those that have packets */
};

struct line_queue {
	bool by_flow;
	size_t room_bytes, bytes;
	uint64_t packets;
	struct line_flow flow[LINE_FLOWS];
	struct line_flow *turn, *last_turn;
};

/* The packet that is dropped for it, or NULL. A queue without packets takes one of any size. */
struct line_packet *line_queue_push(struct line_queue *q, struct line_packet *p);

/* The packet that leaves next, which stays; NULL when there is none. */
const struct line_packet *line_queue_peek(struct line_queue *q);
struct line_packet *line_queue_pop(struct line_queue *q);

#endif
