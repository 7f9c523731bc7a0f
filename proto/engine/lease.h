/* How long a load may go on without proof that it arrives where it was ordered. Each packet carries a receipt
 * number that only its sender could have made (receipt.h); who gives it back has received that packet. A
 * proof counts from when its packet left, one round trip added: receipts are of no use to those who hoard
 * them. Every newer proof moves the end of the lease, even after it has passed; what the end means is up to
 * the owner.
 *
 * No clock, no socket. Not thread-safe: belongs to one source. */
#ifndef PROTO_ENGINE_LEASE_H
#define PROTO_ENGINE_LEASE_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/wire/receipt.h"

enum {
	LEASE_MARKS = 128,    /* departures are known for at least this many ... */
	LEASE_MARK_MS = 25,   /* ... times this long */
	LEASE_TRIP_MS = 1000, /* the longest round trip that a proof is granted */
};

/* Packets from `channel` up to the next mark left from `sent_ns` on, within LEASE_MARK_MS. */
struct lease_mark {
	uint64_t channel, sent_ns;
};

struct lease {
	uint64_t length_ns;      /* 0: no proof is needed */
	uint64_t proven_ns;      /* what the latest proof counts from; while there is none, the start */
	uint64_t proven_channel; /* one above the highest sequence proven to have arrived; 0: none yet */
	uint64_t next_channel;   /* sequences below this have left */
	struct lease_mark mark[LEASE_MARKS]; /* ring */
	uint64_t marks;
	struct receipt_book receipts;
};

/* `length_ns` 0: the lease never ends, and packets carry no receipts. */
void lease_init(struct lease *l, uint64_t length_ns);

/* The load begins, and needs a first proof within the lease's length. */
void lease_start(struct lease *l, uint64_t now_ns);

/* The receipt number that the packet carries; 0: none. */
uint64_t lease_receipt(struct lease *l, uint64_t channel);

/* `count` packets from `channel` on have left. */
void lease_sent(struct lease *l, uint64_t channel, unsigned count, uint64_t now_ns);

/* What a report gives back as proof. */
struct lease_proof {
	uint64_t channel, receipt; /* receipt 0: none */
	uint64_t round_trip_ns;    /* a generous estimate */
};

/* Takes it. A receipt that is wrong, no newer than the last or of a packet that has not left proves nothing.
 */
void lease_prove(struct lease *l, const struct lease_proof *proof, uint64_t now_ns);

/* Whether a packet is known to have arrived, or needn't be. */
bool lease_is_proven(const struct lease *l);

/* When the lease runs out unless there is a newer proof; CLOCK_NEVER when none is needed. */
uint64_t lease_ends_ns(const struct lease *l);

#endif
