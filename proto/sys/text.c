/* One pass over the input, one decision per character. What is refused is in the header; a byte that
 * begins no sequence, and a sequence together with the continuation bytes it has, count as one
 * character. */
#include "proto/sys/text.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum { REPLACEMENT = '?' };

struct character {
	size_t bytes; /* of the input, at least 1 */
	bool is_safe;
};

static bool is_unsafe(uint32_t code)
{
	static const struct {
		uint32_t first, last;
	} ranges[] = {
		{0x00, 0x1f},       /* C0 */
		{0x7f, 0x9f},       /* DEL, C1 */
		{0xad, 0xad},       /* soft hyphen */
		{0x061c, 0x061c},   /* Arabic letter mark */
		{0x200b, 0x200f},   /* zero width, left-to-right and right-to-left marks */
		{0x2028, 0x202e},   /* line and paragraph separators, embeddings, overrides */
		{0x2060, 0x206f},   /* invisible operators, isolates, deprecated formats */
		{0xd800, 0xdfff},   /* surrogates */
		{0xfdd0, 0xfdef},   /* noncharacters */
		{0xfe00, 0xfe0f},   /* variation selectors */
		{0xfeff, 0xfeff},   /* byte order mark */
		{0xfff9, 0xfffb},   /* interlinear annotation */
		{0xe0000, 0xe0fff}, /* tags, more variation selectors */
	};

	for (size_t i = 0; i < sizeof(ranges) / sizeof(*ranges); i++)
		if (code >= ranges[i].first && code <= ranges[i].last)
			return true;
	return code > 0x10ffff || (code & 0xfffe) == 0xfffe;
}

static struct character read_character(const unsigned char *in, size_t size)
{
	/* The least code that needs 2, 3 and 4 bytes: below it a sequence is overlong. */
	static const uint32_t least[] = {0x80, 0x800, 0x10000};
	size_t more;
	uint32_t code = in[0];
	size_t i;

	if (code < 0x80)
		return (struct character){.bytes = 1, .is_safe = !is_unsafe(code)};
	if (code < 0xc0 || code > 0xf7)
		return (struct character){.bytes = 1, .is_safe = false};
	more = code < 0xe0 ? 1 : code < 0xf0 ? 2 : 3;
	code &= 0x3fU >> more;
	for (i = 1; i <= more && i < size && (in[i] & 0xc0) == 0x80; i++)
		code = code << 6 | (in[i] & 0x3fU);
	return (struct character){
		.bytes = i,
		.is_safe = i > more && code >= least[more - 1] && !is_unsafe(code),
	};
}

size_t text_sanitise(char *out, size_t room, const char *in, size_t size)
{
	size_t used = 0;

	if (room == 0)
		return 0;
	for (size_t at = 0; at < size;) {
		struct character c = read_character((const unsigned char *)in + at, size - at);
		size_t bytes = c.is_safe ? c.bytes : 1;

		if (bytes >= room - used)
			break;
		if (c.is_safe)
			memcpy(out + used, in + at, bytes);
		else
			out[used] = REPLACEMENT;
		used += bytes;
		at += c.bytes;
	}
	out[used] = '\0';
	return used;
}

struct text_scaled text_scale(double value)
{
	static const char *const prefix[] = {"", "k", "M", "G", "T"};
	unsigned i = 0;

	for (; value >= 999.5 && i + 1 < sizeof prefix / sizeof *prefix; i++)
		value /= 1000;
	return (struct text_scaled){value, prefix[i]};
}
