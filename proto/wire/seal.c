/* Policy: what is too short is refused at no cost; then the tag is checked, in constant time; only what
 * carries a valid one gets to read or move the window. */
#include "proto/wire/seal.h"

#include <sodium.h>
#include <string.h>

#include "proto/wire/keys.h"

enum {
	HASH_BYTES = 64, /* all of BLAKE2b, of which the tag is the beginning */
	RANDOM_BYTES = 16,
};

void seal_secret(uint8_t secret[SEAL_SECRET_BYTES], const uint8_t *key, const uint8_t nonce[16],
	const uint8_t token[16])
{
	uint8_t both[2 * RANDOM_BYTES];

	memcpy(both, nonce, RANDOM_BYTES);
	memcpy(both + RANDOM_BYTES, token, RANDOM_BYTES);
	crypto_generichash(secret, SEAL_SECRET_BYTES, both, sizeof(both), key, key ? KEY_BYTES : 0);
}

void seal_init(struct seal *s, bool is_client, enum port_kind port, const uint8_t secret[SEAL_SECRET_BYTES])
{
	*s = (struct seal){.active = true, .is_client = is_client, .port = (uint8_t)port};
	memcpy(s->secret, secret, SEAL_SECRET_BYTES);
}

uint64_t seal_next(struct seal *s)
{
	return s->active ? s->sent++ : 0;
}

static void make_tag(
	const struct seal *s, bool from_client, const uint8_t *packet, size_t size, uint8_t tag[HASH_BYTES])
{
	const uint8_t way[] = {from_client ? 0 : 1, s->port};
	crypto_generichash_state hash;

	crypto_generichash_init(&hash, s->secret, SEAL_SECRET_BYTES, HASH_BYTES);
	crypto_generichash_update(&hash, way, sizeof(way));
	crypto_generichash_update(&hash, packet, size);
	crypto_generichash_final(&hash, tag, HASH_BYTES);
}

void seal_close(const struct seal *s, uint8_t *packet, size_t size)
{
	uint8_t tag[HASH_BYTES];

	if (!s->active)
		return;
	make_tag(s, s->is_client, packet, size, tag);
	memcpy(packet + size, tag, SEAL_TAG_BYTES);
}

static bool take_counter(struct seal *s, uint64_t counter)
{
	uint64_t back;

	/* The highest number has no successor for `next`, and nobody sends that many. */
	if (counter == UINT64_MAX)
		return false;
	if (counter >= s->next) {
		uint64_t steps = counter - s->next + 1;

		s->window = steps < SEAL_WINDOW ? s->window << steps : 0;
		s->window |= 1;
		s->next = counter + 1;
		return true;
	}
	back = s->next - 1 - counter;
	if (back >= SEAL_WINDOW || (s->window >> back & 1))
		return false;
	s->window |= UINT64_C(1) << back;
	return true;
}

enum wire_reject seal_open(struct seal *s, const struct wire_header *h, const uint8_t *packet, size_t *size)
{
	uint8_t tag[HASH_BYTES];
	size_t bare;

	if (!s->active)
		return WIRE_OK;
	if (*size < WIRE_HEADER_BYTES + SEAL_TAG_BYTES)
		return REJECT_SHORT;
	bare = *size - SEAL_TAG_BYTES;
	make_tag(s, !s->is_client, packet, bare, tag);
	if (sodium_memcmp(tag, packet + bare, SEAL_TAG_BYTES) != 0)
		return REJECT_TAG;
	if (!take_counter(s, h->offset))
		return REJECT_REPLAY;
	*size = bare;
	return WIRE_OK;
}
