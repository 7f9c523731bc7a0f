/* Reads tests/vectors/NAME.txt: lines "KEY VALUE", "# comment"; a line that begins with a tab goes
 * on with the value of the line before. A file or key that isn't there fails the test. */
#ifndef TESTS_SUPPORT_VECTORS_H
#define TESTS_SUPPORT_VECTORS_H

#include "tests/support/test.h"

enum { VECTOR_BYTES = 2048, VECTOR_LINE = 256 };

/* Returns the length. */
size_t vector_text(char out[VECTOR_BYTES], const char *name, const char *key);

size_t vector_hex(uint8_t out[VECTOR_BYTES], const char *name, const char *key);

/* Negative numbers are in two's complement. */
uint64_t vector_number(const char *name, const char *key);

#endif
