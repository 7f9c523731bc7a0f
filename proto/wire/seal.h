/* The tag that every message between extended peers carries, except data: nobody without the session's secret
 * can make one, and none is accepted twice.
 *
 * tag = first 16 bytes of BLAKE2b (RFC 7693), keyed with the session's secret, over
 *       direction (0: client to server, 1: back) | port kind | header | body
 * The header's offset field, which these messages don't need, is a counter that grows by one with
 * each sealed message of a port and direction; the receiver keeps a replay window of it (as RFC 4303, 3.4.3).
 *
 * A seal belongs to one port. */
#ifndef PROTO_WIRE_SEAL_H
#define PROTO_WIRE_SEAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/record/test.h"
#include "proto/wire/wire.h"

enum {
	SEAL_SECRET_BYTES = 32,
	SEAL_TAG_BYTES = 16,
	SEAL_WINDOW = 64, /* messages that may overtake one another */
};

struct seal {
	bool active; /* false between classic peers: nothing is added or checked */
	bool is_client;
	uint8_t port;
	uint8_t secret[SEAL_SECRET_BYTES];
	uint64_t sent;   /* counter of the next message */
	uint64_t next;   /* one above the highest counter accepted */
	uint64_t window; /* bit i: counter next - 1 - i was accepted */
};

/* The session's secret: BLAKE2b keyed with the pre-shared key (NULL: none), over both sides' random
 * numbers. Any thread. */
void seal_secret(uint8_t secret[SEAL_SECRET_BYTES], const uint8_t *key, const uint8_t nonce[16],
	const uint8_t token[16]);

void seal_init(struct seal *s, bool is_client, enum port_kind port, const uint8_t secret[SEAL_SECRET_BYTES]);

/* The counter for the header of the next message to send. */
uint64_t seal_next(struct seal *s);

/* Appends the tag to a packet of `size` bytes: there must be room. */
void seal_close(const struct seal *s, uint8_t *packet, size_t size);

/* Checks the tag at the end of a packet and its counter, and marks the counter as used. *size becomes that
 * of the packet without its tag. REJECT_TAG, REJECT_REPLAY, REJECT_SHORT or WIRE_OK. */
enum wire_reject seal_open(struct seal *s, const struct wire_header *h, const uint8_t *packet, size_t *size);

#endif
