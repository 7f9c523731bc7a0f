#include "proto/wire/receipt.h"

#include <string.h>

enum { BLOCK_NUMBERS = 8 }; /* in a block of the key stream */

void receipt_init(struct receipt_book *book)
{
	crypto_stream_chacha20_keygen(book->secret);
	book->first = UINT64_MAX;
}

/* Some of the key stream; `first` begins a block of it. */
static void make(const struct receipt_book *book, uint64_t first, unsigned count, uint64_t *out)
{
	static const uint8_t nonce[crypto_stream_chacha20_NONCEBYTES];

	memset(out, 0, count * sizeof *out);
	crypto_stream_chacha20_xor_ic((uint8_t *)out, (const uint8_t *)out, count * sizeof *out, nonce,
		first / BLOCK_NUMBERS, book->secret);
}

uint64_t receipt_number(const struct receipt_book *book, uint64_t sequence)
{
	uint64_t number[BLOCK_NUMBERS];

	make(book, sequence - sequence % BLOCK_NUMBERS, BLOCK_NUMBERS, number);
	return number[sequence % BLOCK_NUMBERS] | 1;
}

uint64_t receipt_write(struct receipt_book *book, uint64_t sequence)
{
	uint64_t at = sequence % RECEIPT_SHEET;

	if (sequence - at != book->first) {
		book->first = sequence - at;
		make(book, book->first, RECEIPT_SHEET, book->sheet);
	}
	return book->sheet[at] | 1;
}
