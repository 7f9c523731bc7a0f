#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>

#include "proto/net/address.h"
#include "tests/support/test.h"

enum { HOST_ROOM = 64, KEPT_PORT = 9 };

#define TEXT_63 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

struct split_row {
	const char *text;
	int want;
	const char *host; /* "kept": as it was */
	uint16_t port;
};

static const struct split_row split_rows[] = {
	{"host", 0, "host", KEPT_PORT},
	{":6711", 0, "kept", 6711},
	{"host:1", 0, "host", 1},
	{"host:65535", 0, "host", 65535},
	{"[::1]:80", 0, "::1", 80},
	{"::1", 0, "::1", KEPT_PORT},
	{"[::1]", 0, "::1", KEPT_PORT},
	{"::", 0, "::", KEPT_PORT},
	{"1::2:80", 0, "1::2:80", KEPT_PORT},
	{"::ffff:1.2.3.4", 0, "::ffff:1.2.3.4", KEPT_PORT},
	{"fe80::1%eth0", 0, "fe80::1%eth0", KEPT_PORT},
	{"[fe80::1%eth0]:7", 0, "fe80::1%eth0", 7},
	{"1.2.3.4", 0, "1.2.3.4", KEPT_PORT},
	{"1.2.3.4:5", 0, "1.2.3.4", 5},
	{"", 0, "kept", KEPT_PORT},
	{TEXT_63, 0, TEXT_63, KEPT_PORT},
	{TEXT_63 ":2", 0, TEXT_63, 2},
	{TEXT_63 "a", -EINVAL, "kept", KEPT_PORT},
	{TEXT_63 TEXT_63 TEXT_63 ":2", -EINVAL, "kept", KEPT_PORT},
	{"[" TEXT_63 "]", -EINVAL, "kept", KEPT_PORT},
	{":0", -EINVAL, "kept", KEPT_PORT},
	{"host:0", -EINVAL, "kept", KEPT_PORT},
	{":65536", -EINVAL, "kept", KEPT_PORT},
	{":18446744073709551617", -EINVAL, "kept", KEPT_PORT},
	{"host:", -EINVAL, "kept", KEPT_PORT},
	{":", -EINVAL, "kept", KEPT_PORT},
	{"host:80x", -EINVAL, "kept", KEPT_PORT},
	{"host:+1", -EINVAL, "kept", KEPT_PORT},
	{"host:-1", -EINVAL, "kept", KEPT_PORT},
	{"host: 1", -EINVAL, "kept", KEPT_PORT},
	{"a:b:c", -EINVAL, "kept", KEPT_PORT},
	{":::1", -EINVAL, "kept", KEPT_PORT},
	{"::1%", -EINVAL, "kept", KEPT_PORT},
	{"[", -EINVAL, "kept", KEPT_PORT},
	{"]", -EINVAL, "kept", KEPT_PORT},
	{"[]", -EINVAL, "kept", KEPT_PORT},
	{"[]:80", -EINVAL, "kept", KEPT_PORT},
	{"[::1", -EINVAL, "kept", KEPT_PORT},
	{"[::1]80", -EINVAL, "kept", KEPT_PORT},
	{"[::1]:", -EINVAL, "kept", KEPT_PORT},
	{"[::1]:0", -EINVAL, "kept", KEPT_PORT},
	{"[::1]]:1", -EINVAL, "kept", KEPT_PORT},
	{"[1.2.3.4]:1", -EINVAL, "kept", KEPT_PORT},
	{"[host]:1", -EINVAL, "kept", KEPT_PORT},
	{"host%eth0", -EINVAL, "kept", KEPT_PORT},
	{"a b", -EINVAL, "kept", KEPT_PORT},
	{"host\n", -EINVAL, "kept", KEPT_PORT},
	{"\x1b[2J", -EINVAL, "kept", KEPT_PORT},
};

static void test_split(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(split_rows) / sizeof(*split_rows); i++) {
		const struct split_row *r = &split_rows[i];
		char host[HOST_ROOM] = "kept";
		uint16_t port = KEPT_PORT;
		int got = address_split(r->text, host, sizeof(host), &port);

		if (got != r->want || strcmp(host, r->host) != 0 || port != r->port)
			fail_msg("\"%s\": %d \"%s\" %u", r->text, got, host, port);
	}
}

struct format_row {
	const char *host;
	uint16_t port;
	const char *text;
};

static const struct format_row format_rows[] = {
	{"192.0.2.1", 6711, "192.0.2.1:6711"},
	{"0.0.0.0", 0, "0.0.0.0:0"},
	{"255.255.255.255", 65535, "255.255.255.255:65535"},
	{"2001:db8::1", 6711, "[2001:db8::1]:6711"},
	{"::", 1, "[::]:1"},
	{"::ffff:192.0.2.9", 80, "192.0.2.9:80"},
	{"1111:2222:3333:4444:5555:6666:7777:8888", 65535, "[1111:2222:3333:4444:5555:6666:7777:8888]:65535"},
};

static void test_format(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(format_rows) / sizeof(*format_rows); i++) {
		const struct format_row *r = &format_rows[i];
		char out[ADDRESS_TEXT];
		struct address a;

		if (address_resolve(&a, r->host, r->port, false))
			fail_msg("%s doesn't resolve", r->host);
		assert_int_equal(address_port(&a), r->port);
		assert_string_equal(address_format(&a, out), r->text);
	}
}

static void test_format_scope(void **state)
{
	struct address a = {.size = sizeof(a.v6), .v6 = {.sin6_family = AF_INET6}};
	char name[IF_NAMESIZE];
	char want[ADDRESS_TEXT];
	char out[ADDRESS_TEXT];

	(void)state;
	memset(&a.v6.sin6_addr, 0x11, sizeof(a.v6.sin6_addr));
	a.v6.sin6_scope_id = UINT32_MAX;
	address_set_port(&a, 65535);
	assert_string_equal(
		address_format(&a, out), "[1111:1111:1111:1111:1111:1111:1111:1111%4294967295]:65535");

	a.v6.sin6_scope_id = 1;
	snprintf(want, sizeof(want), "[1111:1111:1111:1111:1111:1111:1111:1111%%%s]:65535",
		if_indextoname(1, name) ? name : "1");
	assert_string_equal(address_format(&a, out), want);
}

static void test_no_address(void **state)
{
	struct address none = {0};
	char out[ADDRESS_TEXT];

	(void)state;
	address_set_port(&none, 5);
	assert_int_equal(address_port(&none), 0);
	assert_string_equal(address_format(&none, out), "-");
	assert_false(address_equal(&none, &none));
	assert_false(address_same_host(&none, &none));
}

struct pair_row {
	const char *host[2];
	uint16_t port[2];
	bool same_host;
	bool equal;
};

static const struct pair_row pair_rows[] = {
	{{"192.0.2.1", "192.0.2.1"}, {1, 1}, true, true},
	{{"192.0.2.1", "192.0.2.1"}, {1, 2}, true, false},
	{{"192.0.2.1", "192.0.2.2"}, {1, 1}, false, false},
	{{"2001:db8::1", "2001:db8::1"}, {1, 1}, true, true},
	{{"2001:db8::1", "2001:db8::1"}, {1, 256}, true, false},
	{{"2001:db8::1", "2001:db8::2"}, {1, 1}, false, false},
	{{"::ffff:192.0.2.1", "192.0.2.1"}, {1, 1}, false, false},
	{{"::", "0.0.0.0"}, {1, 1}, false, false},
};

static void test_compare(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(pair_rows) / sizeof(*pair_rows); i++) {
		const struct pair_row *r = &pair_rows[i];
		struct address a;
		struct address b;

		assert_int_equal(address_resolve(&a, r->host[0], r->port[0], false), 0);
		assert_int_equal(address_resolve(&b, r->host[1], r->port[1], false), 0);
		if (address_same_host(&a, &b) != r->same_host || address_equal(&a, &b) != r->equal)
			fail_msg("%s and %s", r->host[0], r->host[1]);
	}
}

static void test_compare_details(void **state)
{
	struct address a;
	struct address b;

	(void)state;
	assert_int_equal(address_resolve(&a, "fe80::1", 1, false), 0);
	b = a;
	b.v6.sin6_scope_id = 7;
	assert_false(address_same_host(&a, &b));
	b = a;
	b.v6.sin6_flowinfo = htonl(5);
	assert_true(address_equal(&a, &b));
	address_set_port(&b, 2);
	assert_false(address_equal(&a, &b));
	assert_true(address_same_host(&a, &b));
}

static void test_resolve_all(void **state)
{
	struct address a;
	char out[ADDRESS_TEXT];

	(void)state;
	assert_int_equal(address_resolve(&a, "", 6711, true), 0);
	assert_int_equal(address_port(&a), 6711);
	address_format(&a, out);
	assert_true(strcmp(out, "[::]:6711") == 0 || strcmp(out, "0.0.0.0:6711") == 0);
	assert_int_equal(address_resolve(&a, "127.0.0.1", 1, true), 0);
	assert_string_equal(address_format(&a, out), "127.0.0.1:1");
}

static void test_resolve_fails(void **state)
{
	struct address a = {.size = 1};

	(void)state;
	assert_int_equal(address_resolve(&a, "", 6711, false), EAI_NONAME);
	/* A label longer than 63 is refused before anyone is asked. */
	assert_int_not_equal(address_resolve(&a, TEXT_63 "aa.invalid", 1, false), 0);
	assert_int_equal(a.size, 1);
}

/* An IPv4 peer of a socket on [::] is sent IPv4. */
static void test_header_bytes(void **state)
{
	static const struct {
		const char *host; /* NULL: no address */
		unsigned bytes;
	} rows[] = {{NULL, 0}, {"192.0.2.1", 28}, {"::ffff:192.0.2.1", 28}, {"2001:db8::1", 48}, {"::1", 48}};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct address a = {0};

		if (rows[i].host)
			assert_int_equal(address_resolve(&a, rows[i].host, 1, false), 0);
		print_message("%s\n", rows[i].host ? rows[i].host : "none");
		assert_int_equal(address_header_bytes(&a), rows[i].bytes);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_split),
		cmocka_unit_test(test_format),
		cmocka_unit_test(test_format_scope),
		cmocka_unit_test(test_no_address),
		cmocka_unit_test(test_compare),
		cmocka_unit_test(test_compare_details),
		cmocka_unit_test(test_header_bytes),
		cmocka_unit_test(test_resolve_all),
		cmocka_unit_test(test_resolve_fails),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
