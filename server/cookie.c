/* A cookie is a keyed BLAKE2b over family, address, scope, port and nonce: there is nothing to remember but
 * two secrets. They are renewed by the clock, not by use, so that a flood can't make a cookie expire. */
#include "server/cookie.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "proto/sys/clock.h"

#define PERIOD_NS (UINT64_C(1) * COOKIE_PERIOD_S * NS_PER_S)

void cookie_init(struct cookie_jar *jar, uint64_t now_ns)
{
	/* Without random numbers every cookie could be guessed. */
	if (sodium_init() < 0)
		abort();
	jar->since_ns = now_ns;
	randombytes_buf(jar->current, sizeof(jar->current));
	randombytes_buf(jar->previous, sizeof(jar->previous));
}

static void rotate(struct cookie_jar *jar, uint64_t now_ns)
{
	uint64_t age_ns = now_ns - jar->since_ns;

	if (age_ns < PERIOD_NS)
		return;
	if (age_ns >= 2 * PERIOD_NS)
		randombytes_buf(jar->previous, sizeof(jar->previous));
	else
		memcpy(jar->previous, jar->current, sizeof(jar->previous));
	randombytes_buf(jar->current, sizeof(jar->current));
	jar->since_ns = now_ns - age_ns % PERIOD_NS;
}

static void bake(const uint8_t secret[COOKIE_SECRET], const struct address *from,
	const uint8_t nonce[HANDSHAKE_NONCE], uint8_t out[HANDSHAKE_COOKIE])
{
	sa_family_t family = from->any.sa_family;
	crypto_generichash_state hash;

	crypto_generichash_init(&hash, secret, COOKIE_SECRET, HANDSHAKE_COOKIE);
	crypto_generichash_update(&hash, (const uint8_t *)&family, sizeof(family));
	if (family == AF_INET6) {
		const struct sockaddr_in6 *v6 = &from->v6;

		crypto_generichash_update(&hash, v6->sin6_addr.s6_addr, sizeof(v6->sin6_addr));
		crypto_generichash_update(
			&hash, (const uint8_t *)&v6->sin6_scope_id, sizeof(v6->sin6_scope_id));
		crypto_generichash_update(&hash, (const uint8_t *)&v6->sin6_port, sizeof(v6->sin6_port));
	} else {
		const struct sockaddr_in *v4 = &from->v4;

		crypto_generichash_update(&hash, (const uint8_t *)&v4->sin_addr, sizeof(v4->sin_addr));
		crypto_generichash_update(&hash, (const uint8_t *)&v4->sin_port, sizeof(v4->sin_port));
	}
	crypto_generichash_update(&hash, nonce, HANDSHAKE_NONCE);
	crypto_generichash_final(&hash, out, HANDSHAKE_COOKIE);
}

void cookie_make(struct cookie_jar *jar, uint64_t now_ns, const struct address *from,
	const uint8_t nonce[HANDSHAKE_NONCE], uint8_t out[HANDSHAKE_COOKIE])
{
	rotate(jar, now_ns);
	bake(jar->current, from, nonce, out);
}

bool cookie_check(struct cookie_jar *jar, uint64_t now_ns, const struct address *from,
	const uint8_t nonce[HANDSHAKE_NONCE], const uint8_t cookie[HANDSHAKE_COOKIE])
{
	uint8_t now[HANDSHAKE_COOKIE], before[HANDSHAKE_COOKIE];
	int differs_now, differs_before;

	rotate(jar, now_ns);
	bake(jar->current, from, nonce, now);
	bake(jar->previous, from, nonce, before);
	differs_now = sodium_memcmp(now, cookie, HANDSHAKE_COOKIE);
	differs_before = sodium_memcmp(before, cookie, HANDSHAKE_COOKIE);
	return differs_now == 0 || differs_before == 0;
}
