/* The largest datagram that a path carries in both directions, found by probing: packetisation layer path MTU
 * discovery (RFC 8899). A probe is as long as the size it asks about, and so is its answer; a size that goes
 * unanswered three times counts as too large. So it works even where routers silently drop large packets.
 *
 * A path that carries the largest size is known after one exchange. Otherwise a few sizes are probed at a
 * time, spread over the possible range, then over what remains of it: three rounds find the size to the byte.
 * Sizes are UDP payloads.
 *
 * No clock, no socket. Not thread-safe: belongs to one UPLOAD port. */
#ifndef PROTO_ENGINE_PATH_MTU_H
#define PROTO_ENGINE_PATH_MTU_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/wire/wire.h"

enum {
	PATH_MTU_TOP_BYTES = WIRE_MAX_BYTES, /* the first probe: data is never longer */
	PATH_MTU_FLOOR_BYTES = 512,          /* the handshake's datagrams are this long, and got through */
	PATH_MTU_SIZES = 10,                 /* at a time */
	PATH_MTU_TRIES = 3,                  /* of a size in a round: MAX_PROBES, RFC 8899, 5.1.2 */
	PATH_MTU_QUESTIONS = 128,            /* in all; 84 are enough unless answers come late */
	PATH_MTU_WAIT_MS = 500,              /* for an answer, at most */
	PATH_MTU_ENDS_MS = 2000,             /* the search ends with what is known by then */
};

struct path_mtu {
	bool active;
	bool first;           /* only the limit has been probed, once */
	bool confirmed;       /* the smallest size that seems too large was probed three more times */
	uint32_t found_bytes; /* the largest size that was answered; 0: none yet */
	uint32_t limit_bytes; /* the host takes no larger ones */
	uint32_t lost_bytes;  /* the smallest size that counts as too large; limit_bytes + 1: none */
	uint64_t ends_ns;
	uint32_t size[PATH_MTU_SIZES];      /* of this round, ascending */
	unsigned sizes, at;                 /* how many; the next one to probe in this try */
	unsigned tries;                     /* left in this round */
	uint64_t due_ns;                    /* the end of this try */
	uint16_t asked[PATH_MTU_QUESTIONS]; /* size of each question; 0: answered */
	uint32_t questions;
	uint64_t window_ns; /* server: since this time ... */
	unsigned answers;   /* ... this many answers were given */
};

void path_mtu_start(struct path_mtu *m, uint64_t now_ns);

/* The host sends no larger datagrams. If that is less than before, the search starts over with this size. */
void path_mtu_limit(struct path_mtu *m, uint32_t bytes);

/* The size of the probe to send now, and its number; 0: none. Call until it returns 0. An answer is expected
 * within `timeout_ns`; a later one still counts. */
uint32_t path_mtu_ask(struct path_mtu *m, uint64_t now_ns, uint64_t timeout_ns, uint32_t *number);

/* When path_mtu_ask has something to do again; CLOCK_NEVER when the search is over. */
uint64_t path_mtu_due_ns(const struct path_mtu *m);

/* Takes an answer of `bytes`. REJECT_SEQUENCE: never asked for, or already answered; REJECT_BODY: a
 * different size was asked for. */
enum wire_reject path_mtu_take(struct path_mtu *m, uint32_t number, uint32_t bytes);

/* The search is over, and the path carries less than the host believes. */
bool path_mtu_is_hole(const struct path_mtu *m);

/* Server: whether a probe may be answered now: no more than one search needs, in the time that it may take.
 */
bool path_mtu_may_answer(struct path_mtu *m, uint64_t now_ns);

#endif
