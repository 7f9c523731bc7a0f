/* Requests by address: buckets that empty and fill, and whose they are. */
#include <arpa/inet.h>
#include <string.h>

#include "proto/sys/clock.h"
#include "server/rate_limit.h"
#include "tests/support/test.h"

static struct address host(const char *text)
{
	struct address a = {.size = sizeof(struct sockaddr_in), .v4 = {.sin_family = AF_INET}};

	if (inet_pton(AF_INET, text, &a.v4.sin_addr) == 1)
		return a;
	a = (struct address){.size = sizeof(struct sockaddr_in6), .v6 = {.sin6_family = AF_INET6}};
	assert_int_equal(inet_pton(AF_INET6, text, &a.v6.sin6_addr), 1);
	return a;
}

/* How many of `tries` at the same time are let through. */
static unsigned allowed(struct rate_limit *rates, const char *text, unsigned tries, uint64_t now_ns)
{
	struct address from = host(text);
	unsigned n = 0;

	for (unsigned i = 0; i < tries; i++)
		n += rate_limit_allow(rates, &from, now_ns);
	return n;
}

/* A second's worth at once, then one for each step of time, never more than a second's worth. */
static void test_bucket(void **state)
{
	static const struct {
		uint32_t per_second;
		struct {
			uint64_t after_ms;
			unsigned tries, allowed;
		} step[8];
	} rows[] = {
		{1, {{0, 3, 1}, {999, 3, 0}, {1, 3, 1}, {5000, 3, 1}, {500, 3, 0}, {500, 3, 1}, {0, 3, 0}}},
		{10, {{0, 4, 4}, {0, 20, 6}, {0, 20, 0}, {99, 20, 0}, {1, 20, 1}, {550, 20, 5}, {50, 20, 1},
			     {100000, 20, 10}}},
		{1000, {{0, 2000, 1000}, {1, 5, 1}, {10, 50, 10}, {999, 5000, 999}, {1000, 5000, 1000}}},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct rate_limit *rates = rate_limit_new(rows[i].per_second);
		uint64_t now_ns = START_NS;

		assert_non_null(rates);
		for (size_t n = 0; n < COUNT(rows[i].step); n++) {
			print_message("%u a second, step %zu\n", rows[i].per_second, n);
			now_ns += rows[i].step[n].after_ms * NS_PER_MS;
			assert_int_equal(allowed(rates, "192.0.2.1", rows[i].step[n].tries, now_ns),
				rows[i].step[n].allowed);
		}
		rate_limit_free(rates);
	}
}

/* Who shares a bucket with 192.0.2.1 or 2001:db8:1:2::1, which are empty. */
static void test_networks(void **state)
{
	static const struct {
		const char *host;
		bool is_same, is_exempt;
	} rows[] = {
		{"192.0.2.1", true, false},
		{"192.0.2.2", false, false},
		{"::ffff:192.0.2.1", true, false},
		{"::ffff:192.0.2.3", false, false},
		{"2001:db8:1:2::1", true, false},
		{"2001:db8:1:2:ffff:ffff:ffff:ffff", true, false},
		{"2001:db8:1:3::1", false, false},
		{"2001:db8:1:1:ffff:ffff:ffff:ffff", false, false},
		{"127.0.0.1", false, true},
		{"127.255.255.254", false, true},
		{"::1", false, true},
	};
	enum { PER_SECOND = 3, TRIES = 10 };

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct rate_limit *rates = rate_limit_new(PER_SECOND);
		unsigned wanted = rows[i].is_exempt ? TRIES : rows[i].is_same ? 0 : PER_SECOND;

		print_message("%s\n", rows[i].host);
		assert_non_null(rates);
		assert_int_equal(allowed(rates, "192.0.2.1", TRIES, START_NS), PER_SECOND);
		assert_int_equal(allowed(rates, "2001:db8:1:2::1", TRIES, START_NS), PER_SECOND);
		assert_int_equal(allowed(rates, rows[i].host, TRIES, START_NS), wanted);
		rate_limit_free(rates);
	}
}

/* Another port is the same address. */
static void test_ports(void **state)
{
	struct rate_limit *rates = rate_limit_new(2);
	struct address from = host("192.0.2.1");

	(void)state;
	assert_non_null(rates);
	for (uint16_t port = 1; port <= 10; port++) {
		address_set_port(&from, port);
		assert_int_equal(rate_limit_allow(rates, &from, START_NS), port <= 2);
	}
	rate_limit_free(rates);
}

/* A flood from more addresses than there are entries locks no newcomer out. */
static void test_crowd(void **state)
{
	enum { CROWD = 1 << 17 };
	struct rate_limit *rates = rate_limit_new(1);
	struct address from = host("10.0.0.0");

	(void)state;
	assert_non_null(rates);
	for (uint32_t i = 0; i < CROWD; i++) {
		from.v4.sin_addr.s_addr = htonl(0x0a000000u + i);
		assert_true(rate_limit_allow(rates, &from, START_NS));
	}
	rate_limit_free(rates);
}

static void test_network_bytes(void **state)
{
	static const struct {
		const char *host, *network;
	} rows[] = {
		{"192.0.2.1", "::ffff:192.0.2.1"},
		{"::ffff:192.0.2.1", "::ffff:192.0.2.1"},
		{"2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"},
		{"fe80::1", "fe80::"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct address a = host(rows[i].host);
		uint8_t got[16], wanted[16];

		print_message("%s\n", rows[i].host);
		memset(got, 0x55, sizeof(got));
		rate_limit_network(&a, got);
		assert_int_equal(inet_pton(AF_INET6, rows[i].network, wanted), 1);
		assert_memory_equal(got, wanted, sizeof(got));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bucket),
		cmocka_unit_test(test_networks),
		cmocka_unit_test(test_ports),
		cmocka_unit_test(test_crowd),
		cmocka_unit_test(test_network_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
