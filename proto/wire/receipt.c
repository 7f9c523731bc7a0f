#include "proto/wire/receipt.h"

#include <string.h>

void receipt_init(struct receipt_book *book)
{
	crypto_shorthash_keygen(book->secret);
}

uint64_t receipt_number(const struct receipt_book *book, uint64_t sequence)
{
	uint8_t hash[crypto_shorthash_BYTES];
	uint64_t number;

	crypto_shorthash(hash, (const uint8_t *)&sequence, sizeof sequence, book->secret);
	memcpy(&number, hash, sizeof number);
	return number | 1;
}
