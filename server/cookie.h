/* Stateless cookies: whoever returns one has received it, so the address is theirs. Good for the address and
 * port, and the nonce, that it was made for, for one to two periods. The listener's thread only. */
#ifndef SERVER_COOKIE_H
#define SERVER_COOKIE_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/net/address.h"
#include "proto/wire/handshake.h"

enum { COOKIE_PERIOD_S = 60, COOKIE_SECRET = 32 };

struct cookie_jar {
	uint64_t since_ns; /* the current secret is in use since then */
	uint8_t current[COOKIE_SECRET];
	uint8_t previous[COOKIE_SECRET];
};

void cookie_init(struct cookie_jar *jar, uint64_t now_ns);

void cookie_make(struct cookie_jar *jar, uint64_t now_ns, const struct address *from,
	const uint8_t nonce[HANDSHAKE_NONCE], uint8_t out[HANDSHAKE_COOKIE]);

/* Whether it is the one that was made for these, or would be now; constant time. */
bool cookie_check(struct cookie_jar *jar, uint64_t now_ns, const struct address *from,
	const uint8_t nonce[HANDSHAKE_NONCE], const uint8_t cookie[HANDSHAKE_COOKIE]);

#endif
