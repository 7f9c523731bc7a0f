/* Receipt numbers: the same for the same packet, and of no use to guess another's. */
#include <stdlib.h>
#include <string.h>

#include "proto/wire/receipt.h"
#include "tests/support/test.h"

static void test_numbers(void **state)
{
	static const uint64_t rows[] = {0, 1, 63, 64, 65, UINT32_MAX, UINT64_MAX / 2, UINT64_MAX};
	struct receipt_book book, other;

	(void)state;
	receipt_init(&book);
	receipt_init(&other);
	for (size_t i = 0; i < COUNT(rows); i++) {
		uint64_t number = receipt_number(&book, rows[i]);

		print_message("%ju\n", (uintmax_t)rows[i]);
		assert_int_not_equal(number, 0);
		assert_int_equal(receipt_number(&book, rows[i]), number);
		assert_int_not_equal(receipt_number(&other, rows[i]), number);
		assert_int_equal(receipt_write(&book, rows[i]), number);
	}
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* One packet's number doesn't give away another's. */
static void test_no_two_alike(void **state)
{
	enum { NUMBERS = 200000 };
	uint64_t *number = calloc(NUMBERS, sizeof(*number));
	struct receipt_book book;

	(void)state;
	assert_non_null(number);
	receipt_init(&book);
	for (uint64_t i = 0; i < NUMBERS; i++) {
		number[i] = receipt_write(&book, i);
		assert_int_equal(number[i], receipt_number(&book, i));
	}
	qsort(number, NUMBERS, sizeof(*number), compare);
	assert_int_not_equal(number[0], 0);
	for (unsigned i = 1; i < NUMBERS; i++)
		assert_int_not_equal(number[i], number[i - 1]);
	free(number);
}

/* A bit of the sequence or of the secret changes about half of the number. */
static unsigned bits(uint64_t x)
{
	return (unsigned)__builtin_popcountll(x);
}

static void test_every_bit_counts(void **state)
{
	enum { BITS = 64, SECRET_BITS = 8 * crypto_stream_chacha20_KEYBYTES };
	struct receipt_book book;
	uint64_t number;

	(void)state;
	for (unsigned i = 0; i < sizeof(book.secret); i++)
		book.secret[i] = (uint8_t)(7 * i + 1);
	number = receipt_number(&book, 1000);
	for (unsigned bit = 0; bit < BITS; bit++)
		assert_in_range(bits(number ^ receipt_number(&book, 1000 ^ UINT64_C(1) << bit)), 12, 52);
	for (unsigned bit = 0; bit < SECRET_BITS; bit++) {
		struct receipt_book other = book;

		other.secret[bit / 8] ^= (uint8_t)(1u << bit % 8);
		assert_in_range(bits(number ^ receipt_number(&other, 1000)), 12, 52);
	}
}

static void test_each_book_has_its_secret(void **state)
{
	enum { BOOKS = 100 };
	struct receipt_book book[BOOKS];

	(void)state;
	for (unsigned i = 0; i < BOOKS; i++) {
		receipt_init(&book[i]);
		for (unsigned n = 0; n < i; n++)
			assert_memory_not_equal(book[i].secret, book[n].secret, sizeof(book[i].secret));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_no_two_alike),
		cmocka_unit_test(test_every_bit_counts),
		cmocka_unit_test(test_each_book_has_its_secret),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
