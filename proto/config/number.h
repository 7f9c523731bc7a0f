/* Numbers in text, as settings have them: digits, at most one point, perhaps a prefix. The locale is ignored.
 * Each returns what follows the number, or NULL when there is none. Any thread. */
#ifndef PROTO_CONFIG_NUMBER_H
#define PROTO_CONFIG_NUMBER_H

#include <stdint.h>

/* "25". NULL, too, when it is beyond what 64 bits hold. */
const char *number_whole(const char *text, uint64_t *value);

/* "25", "2.5". */
const char *number_decimal(const char *text, double *value);

/* "2.5", "2.5M", and "2.5MB" where `unit` is "B"; k, M and G are powers of 1000. Nothing may follow. */
const char *number_scaled(const char *text, const char *unit, double *value);

#endif
