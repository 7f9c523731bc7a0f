/* What makes feedback a proof: each data packet carries a number that only its sender could have
 * made, and a report returns one that arrived. The numbers are the ChaCha20 key stream (Bernstein, 2008) of a
 * secret of the test, 64 bits for each channel sequence: nothing needs remembering. Those of a sheet are made
 * together, which is what makes them cheap. Packets never share a number, or whoever has one could claim the
 * others. A source belongs to one port, and so does its book. */
#ifndef PROTO_WIRE_RECEIPT_H
#define PROTO_WIRE_RECEIPT_H

#include <sodium.h>
#include <stdbool.h>
#include <stdint.h>

enum { RECEIPT_SHEET = 64 };

struct receipt_book {
	uint8_t secret[crypto_stream_chacha20_KEYBYTES];
	uint64_t sheet[RECEIPT_SHEET];
	uint64_t first; /* of the sheet: a multiple of RECEIPT_SHEET; otherwise there is none yet */
};

void receipt_init(struct receipt_book *book);

/* The number for a channel sequence; never 0. */
uint64_t receipt_number(const struct receipt_book *book, uint64_t sequence);

/* The same, from the sheet: cheap for sequences one after another. */
uint64_t receipt_write(struct receipt_book *book, uint64_t sequence);

#endif
