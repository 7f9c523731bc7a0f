#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "proto/sys/clock.h"
#include "server/cookie.h"
#include "tests/support/test.h"

#define S(seconds) ((uint64_t)(seconds)*NS_PER_S)

static const uint8_t nonce[HANDSHAKE_NONCE] = {1, 2, 3};

static struct address make_address(const char *host, uint16_t port, uint32_t scope)
{
	struct address a = {0};

	if (inet_pton(AF_INET, host, &a.v4.sin_addr) == 1) {
		a.size = sizeof(a.v4);
		a.v4.sin_family = AF_INET;
	} else {
		assert_int_equal(inet_pton(AF_INET6, host, &a.v6.sin6_addr), 1);
		a.size = sizeof(a.v6);
		a.v6.sin6_family = AF_INET6;
		a.v6.sin6_scope_id = scope;
	}
	address_set_port(&a, port);
	return a;
}

struct from_row {
	const char *host;
	uint16_t port;
	uint32_t scope;
};

/* No cookie of one is good for another. */
static const struct from_row from_rows[] = {
	{"192.0.2.1", 6711, 0},
	{"192.0.2.1", 6712, 0},
	{"192.0.2.2", 6711, 0},
	{"1.2.0.192", 6711, 0},
	{"0.0.0.0", 0, 0},
	{"::", 0, 0},
	{"::ffff:192.0.2.1", 6711, 0},
	{"2001:db8::1", 6711, 0},
	{"2001:db8::1", 6712, 0},
	{"2001:db8::2", 6711, 0},
	{"fe80::1", 6711, 1},
	{"fe80::1", 6711, 2},
};

static void test_addresses(void **state)
{
	struct cookie_jar jar;

	(void)state;
	cookie_init(&jar, S(5));
	for (size_t i = 0; i < COUNT(from_rows); i++) {
		const struct from_row *r = &from_rows[i];
		struct address from = make_address(r->host, r->port, r->scope);
		uint8_t cookie[HANDSHAKE_COOKIE];

		cookie_make(&jar, S(5), &from, nonce, cookie);
		for (size_t j = 0; j < COUNT(from_rows); j++) {
			const struct from_row *o = &from_rows[j];
			struct address other = make_address(o->host, o->port, o->scope);

			if (cookie_check(&jar, S(5), &other, nonce, cookie) != (i == j))
				fail_msg("%s %u, %s %u", r->host, r->port, o->host, o->port);
		}
	}
}

/* Nor does anything beside the address matter. */
static void test_flow_label(void **state)
{
	struct address from = make_address("2001:db8::1", 6711, 0);
	struct cookie_jar jar;
	uint8_t cookie[HANDSHAKE_COOKIE];

	(void)state;
	cookie_init(&jar, 0);
	cookie_make(&jar, 0, &from, nonce, cookie);
	from.v6.sin6_flowinfo = htonl(0x12345);
	assert_true(cookie_check(&jar, 0, &from, nonce, cookie));
}

static void test_flipped(void **state)
{
	struct address from = make_address("192.0.2.1", 6711, 0);
	struct cookie_jar jar;
	uint8_t cookie[HANDSHAKE_COOKIE], other[HANDSHAKE_NONCE];

	(void)state;
	cookie_init(&jar, 0);
	cookie_make(&jar, 0, &from, nonce, cookie);
	for (size_t bit = 0; bit < 8 * sizeof(cookie); bit++) {
		cookie[bit / 8] ^= (uint8_t)(1 << bit % 8);
		if (cookie_check(&jar, 0, &from, nonce, cookie))
			fail_msg("bit %zu", bit);
		cookie[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	for (size_t bit = 0; bit < 8 * sizeof(nonce); bit++) {
		memcpy(other, nonce, sizeof(other));
		other[bit / 8] ^= (uint8_t)(1 << bit % 8);
		if (cookie_check(&jar, 0, &from, other, cookie))
			fail_msg("bit %zu of the nonce", bit);
	}
	assert_true(cookie_check(&jar, 0, &from, nonce, cookie));
}

static void test_own_secret(void **state)
{
	struct address from = make_address("192.0.2.1", 6711, 0);
	struct cookie_jar jar, other;
	uint8_t cookie[HANDSHAKE_COOKIE];

	(void)state;
	cookie_init(&jar, 0);
	cookie_init(&other, 0);
	cookie_make(&jar, 0, &from, nonce, cookie);
	assert_false(cookie_check(&other, 0, &from, nonce, cookie));
}

struct age_row {
	const char *what;
	uint64_t made_ns, between_ns, checked_ns; /* since the start; a check between them, unless 0 */
	bool want;
};

static const struct age_row age_rows[] = {
	{"at once", 0, 0, 0, true},
	{"in the same period", 0, 0, S(60) - 1, true},
	{"in the next period", 0, 0, S(60), true},
	{"at the end of the next period", 0, 0, S(120) - 1, true},
	{"at the end of the next period, seldom asked", 0, S(60), S(120) - 1, true},
	{"two periods on", 0, 0, S(120), false},
	{"two periods on, after one", 0, S(60), S(120), false},
	{"late in a period", S(59), 0, S(120) - 1, true},
	{"late in a period", S(59), S(61), S(120), false},
	{"after a silence: good for the rest of its period", S(1000), 0, S(1079), true},
	{"after a silence: and the next", S(1000), S(1020), S(1080) - 1, true},
	{"after a silence: and no longer", S(1000), S(1020), S(1080), false},
	{"after days", 0, 0, S(1000000), false},
	{"after centuries", 0, 0, UINT64_MAX - S(1000), false},
};

static void test_age(void **state)
{
	const uint64_t start_ns = S(100);
	struct address from = make_address("2001:db8::1", 6711, 0);

	(void)state;
	for (size_t i = 0; i < COUNT(age_rows); i++) {
		const struct age_row *r = &age_rows[i];
		uint8_t cookie[HANDSHAKE_COOKIE];
		struct cookie_jar jar;

		cookie_init(&jar, start_ns);
		cookie_make(&jar, start_ns + r->made_ns, &from, nonce, cookie);
		if (r->between_ns)
			cookie_check(&jar, start_ns + r->between_ns, &from, nonce, cookie);
		if (cookie_check(&jar, start_ns + r->checked_ns, &from, nonce, cookie) != r->want)
			fail_msg("row %zu: %s", i, r->what);
	}
}

/* Secrets don't come back, and neither is ever a value that can be guessed. */
static void test_secrets_change(void **state)
{
	const uint8_t none[COOKIE_SECRET] = {0};
	uint8_t seen[20][COOKIE_SECRET];
	struct cookie_jar jar;
	struct address from = make_address("192.0.2.1", 6711, 0);

	(void)state;
	cookie_init(&jar, 0);
	for (size_t i = 0; i < COUNT(seen); i++) {
		uint8_t cookie[HANDSHAKE_COOKIE];

		cookie_make(&jar, S(60) * i, &from, nonce, cookie);
		memcpy(seen[i], jar.current, sizeof(seen[i]));
		assert_memory_not_equal(jar.current, none, sizeof(none));
		assert_memory_not_equal(jar.previous, none, sizeof(none));
		if (i > 0)
			assert_memory_equal(jar.previous, seen[i - 1], sizeof(none));
		for (size_t j = 0; j < i; j++)
			assert_memory_not_equal(seen[i], seen[j], sizeof(none));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_flow_label),
		cmocka_unit_test(test_flipped),
		cmocka_unit_test(test_own_secret),
		cmocka_unit_test(test_age),
		cmocka_unit_test(test_secrets_change),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
