/* Blind guesses at a session: messages of the right form, to the right port, without its secret. */
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "proto/wire/seal.h"
#include "tests/support/test.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { GUESSES = 200000 };
#else
enum { GUESSES = 10000000 };
#endif

static void test_guesses(void **state)
{
	static const uint8_t nonce[16] = {1}, token[16] = {2};
	uint8_t packet[WIRE_HEADER_BYTES + 40 + SEAL_TAG_BYTES], secret[SEAL_SECRET_BYTES];
	struct wire_header h = {.type = WIRE_CONTROL, .channel = 77};
	struct seal seal, untouched;
	uint64_t random = 88172645463325252ull;

	(void)state;
	seal_secret(secret, NULL, nonce, token);
	seal_init(&seal, false, PORT_CONTROL, secret);
	untouched = seal;
	memset(packet, 'x', sizeof packet);
	for (int i = 0; i < GUESSES; i++) {
		size_t size = sizeof packet;

		random ^= random << 13;
		random ^= random >> 7;
		random ^= random << 17;
		h.offset = (uint64_t)i;
		wire_encode(packet, &h);
		memcpy(packet + sizeof packet - SEAL_TAG_BYTES, &random, sizeof random);
		assert_int_equal(seal_open(&seal, &h, packet, &size), REJECT_TAG);
	}
	assert_memory_equal(&seal, &untouched, sizeof seal);
	printf("figure: blind guesses: %d, none taken, the state untouched\n", GUESSES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_guesses)};

	return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
