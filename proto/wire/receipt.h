/* What makes feedback a proof: each data packet carries a number that only its sender could have
 * made, and a report returns one that arrived. The number is SipHash-2-4 (Aumasson and
 * Bernstein, 2012) of the packet's channel sequence, keyed with a secret of the test: nothing needs
 * remembering. Packets never share a number, or whoever has one could claim the others. A source belongs to
 * one port, and so does its book. */
#ifndef PROTO_WIRE_RECEIPT_H
#define PROTO_WIRE_RECEIPT_H

#include <sodium.h>
#include <stdint.h>

struct receipt_book {
	uint8_t secret[crypto_shorthash_KEYBYTES];
};

void receipt_init(struct receipt_book *book);

/* The number for a channel sequence; never 0. */
uint64_t receipt_number(const struct receipt_book *book, uint64_t sequence);

#endif
