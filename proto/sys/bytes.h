/* Big-endian numbers <-> bytes: alignment and byte order of the host don't matter. Whole 64-bit numbers, of
 * which each data packet has several, go in one piece; what shifts make of them, the compiler takes to
 * pieces. */
#ifndef PROTO_SYS_BYTES_H
#define PROTO_SYS_BYTES_H

#include <endian.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Writes the lowest `bytes` bytes of `value`. */
static inline void bytes_put(uint8_t *out, uint64_t value, size_t bytes)
{
	if (bytes == sizeof value) {
		value = htobe64(value);
		memcpy(out, &value, sizeof value);
		return;
	}
	for (size_t i = bytes; i-- > 0; value >>= 8)
		out[i] = (uint8_t)value;
}

static inline uint64_t bytes_get(const uint8_t *in, size_t bytes)
{
	uint64_t value = 0;

	if (bytes == sizeof value) {
		memcpy(&value, in, sizeof value);
		return be64toh(value);
	}
	for (size_t i = 0; i < bytes; i++)
		value = value << 8 | in[i];
	return value;
}

#endif
