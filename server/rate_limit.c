#include "server/rate_limit.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "proto/sys/clock.h"

enum { RATES_ENTRIES = 1 << 14 };

struct entry {
	uint8_t network[16];
	uint64_t full_ns; /* when the bucket will be full again */
};

struct rate_limit {
	uint64_t step_ns;                       /* what one request costs */
	uint64_t room_ns;                       /* what the bucket holds */
	uint8_t key[crypto_shorthash_KEYBYTES]; /* so that nobody can aim at an entry */
	struct entry entry[RATES_ENTRIES];
};

struct rate_limit *rate_limit_new(uint32_t per_second)
{
	struct rate_limit *rates = calloc(1, sizeof *rates);

	if (!rates)
		return NULL;
	rates->step_ns = NS_PER_S / per_second;
	rates->room_ns = NS_PER_S;
	crypto_shorthash_keygen(rates->key);
	return rates;
}

void rate_limit_free(struct rate_limit *rates)
{
	free(rates);
}

void rate_limit_network(const struct address *from, uint8_t network[16])
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
	const uint8_t *v6 = from->v6.sin6_addr.s6_addr;

	memset(network, 0, 16);
	if (from->any.sa_family == AF_INET) {
		memcpy(network, mapped, sizeof mapped);
		memcpy(network + sizeof mapped, &from->v4.sin_addr, 4);
	} else if (memcmp(v6, mapped, sizeof mapped) == 0) {
		memcpy(network, v6, 16);
	} else {
		memcpy(network, v6, 8);
	}
}

bool rate_limit_allow(struct rate_limit *rates, const struct address *from, uint64_t now_ns)
{
	uint8_t network[16], hash[crypto_shorthash_BYTES];
	struct entry *e;

	if (address_is_loopback(from))
		return true;
	rate_limit_network(from, network);
	crypto_shorthash(hash, network, sizeof network, rates->key);
	e = &rates->entry[(hash[0] | hash[1] << 8) % RATES_ENTRIES];
	if (memcmp(e->network, network, sizeof network) != 0) {
		memcpy(e->network, network, sizeof network);
		e->full_ns = now_ns;
	}
	if (e->full_ns < now_ns)
		e->full_ns = now_ns;
	if (e->full_ns + rates->step_ns > now_ns + rates->room_ns)
		return false;
	e->full_ns += rates->step_ns;
	return true;
}
