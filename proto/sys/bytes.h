/* Big-endian numbers <-> bytes, by shifts, so alignment and byte order of the host don't matter. */
#ifndef PROTO_SYS_BYTES_H
#define PROTO_SYS_BYTES_H

#include <stddef.h>
#include <stdint.h>

/* Writes the lowest `bytes` bytes of `value`. */
static inline void bytes_put(uint8_t *out, uint64_t value, size_t bytes)
{
	for (size_t i = bytes; i-- > 0; value >>= 8)
		out[i] = (uint8_t)value;
}

static inline uint64_t bytes_get(const uint8_t *in, size_t bytes)
{
	uint64_t value = 0;

	for (size_t i = 0; i < bytes; i++)
		value = value << 8 | in[i];
	return value;
}

#endif
