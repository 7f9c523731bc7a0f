/* Text from a peer made safe for a terminal, a log and JSON; large numbers made short. Any thread. */
#ifndef PROTO_SYS_TEXT_H
#define PROTO_SYS_TEXT_H

#include <stddef.h>

/* Copies `size` bytes of `in` to `out` (room for `room` bytes, the final NUL included) as printable
 * UTF-8: control characters (C0, DEL, C1), malformed or overlong sequences, surrogates,
 * noncharacters, bidirectional marks and isolates (U+061C, U+200E-F, U+202A-E, U+2066-9), zero-width
 * and invisible format characters (U+00AD, U+200B-D, U+2060-5, U+206A-F, U+FEFF, U+FFF9-B, U+E0000-E0FFF),
 * line and paragraph separators (U+2028-9) and variation selectors (U+FE00-F) each become one '?'.
 * Cut at a character boundary when it doesn't fit. Returns the bytes written without the NUL. */
size_t text_sanitise(char *out, size_t room, const char *in, size_t size);

/* A number as one below 999.5 with an SI prefix, "" to "T"; from 999.5 T on, the number of T. */
struct text_scaled {
	double value;
	const char *prefix;
};
struct text_scaled text_scale(double value);

#endif
