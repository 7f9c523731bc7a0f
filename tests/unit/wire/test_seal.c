#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/wire/seal.h"
#include "tests/support/test.h"
#include "tests/support/vectors.h"

static const uint8_t secret[SEAL_SECRET_BYTES] = {1, 2, 3, 4, 5, 6, 7, 8};

static int begin(void **state)
{
	(void)state;
	return sodium_init() < 0;
}

/* A sealed packet of 20 + `body` + 16 bytes. */
static size_t make_packet(const struct seal *s, uint64_t counter, size_t body, uint8_t *packet)
{
	struct wire_header h = {.type = WIRE_CONTROL, .channel = 5, .offset = counter};

	wire_encode(packet, &h);
	memset(packet + WIRE_HEADER_BYTES, 'b', body);
	seal_close(s, packet, WIRE_HEADER_BYTES + body);
	return WIRE_HEADER_BYTES + body + SEAL_TAG_BYTES;
}

/* Opens a copy that ends where the heap block ends. */
static enum wire_reject open_packet(struct seal *s, const uint8_t *packet, size_t *size)
{
	uint8_t *copy = malloc(*size ? *size : 1);
	enum wire_reject got;
	struct wire_header h = {0};

	assert_non_null(copy);
	memcpy(copy, packet, *size);
	wire_decode(copy, *size, &h);
	got = seal_open(s, &h, copy, size);
	free(copy);
	return got;
}

static void test_vector_header(void **state)
{
	struct wire_header h = {
		.type = (enum wire_type)vector_number("header", "type"),
		.channel = (uint32_t)vector_number("header", "channel"),
		.sequence = vector_number("header", "sequence"),
		.offset = vector_number("header", "offset"),
	};
	uint8_t want[VECTOR_BYTES], got[WIRE_HEADER_BYTES];

	(void)state;
	assert_int_equal(vector_hex(want, "header", "wire"), sizeof(got));
	wire_encode(got, &h);
	assert_memory_equal(got, want, sizeof(got));
}

static void test_vector_secret(void **state)
{
	uint8_t key[VECTOR_BYTES], nonce[VECTOR_BYTES], token[VECTOR_BYTES], want[VECTOR_BYTES];
	uint8_t got[SEAL_SECRET_BYTES];

	(void)state;
	vector_hex(key, "secret", "key");
	vector_hex(nonce, "secret", "nonce");
	vector_hex(token, "secret", "token");
	assert_int_equal(vector_hex(want, "secret", "secret"), sizeof(got));
	seal_secret(got, key, nonce, token);
	assert_memory_equal(got, want, sizeof(got));
	assert_int_equal(vector_hex(want, "secret", "secret_without_key"), sizeof(got));
	seal_secret(got, NULL, nonce, token);
	assert_memory_equal(got, want, sizeof(got));
}

struct tag_row {
	const char *name;
	bool is_client;
	enum port_kind port;
};

static const struct tag_row tag_rows[] = {
	{"tag_to_server_control", true, PORT_CONTROL},
	{"tag_to_client_control", false, PORT_CONTROL},
	{"tag_to_server_upload", true, PORT_UPLOAD},
	{"tag_to_client_download", false, PORT_DOWNLOAD},
};

static void test_vector_tag(void **state)
{
	uint8_t key[VECTOR_BYTES], packet[VECTOR_BYTES], tag[VECTOR_BYTES];

	(void)state;
	vector_hex(key, "seal", "secret");
	for (size_t i = 0; i < COUNT(tag_rows); i++) {
		const struct tag_row *r = &tag_rows[i];
		size_t size = vector_hex(packet, "seal", "packet");
		size_t whole = size + SEAL_TAG_BYTES;
		struct seal from, to;

		seal_init(&from, r->is_client, r->port, key);
		seal_init(&to, !r->is_client, r->port, key);
		seal_close(&from, packet, size);
		assert_int_equal(vector_hex(tag, "seal", r->name), SEAL_TAG_BYTES);
		if (memcmp(packet + size, tag, SEAL_TAG_BYTES) != 0)
			fail_msg("%s", r->name);
		assert_int_equal(open_packet(&to, packet, &whole), WIRE_OK);
		assert_int_equal(whole, size);
		assert_int_equal(to.next, vector_number("seal", "counter") + 1);
	}
}

struct window_row {
	uint64_t counter;
	enum wire_reject want;
};

static const struct window_row window_rows[] = {
	{0, WIRE_OK},
	{0, REJECT_REPLAY},
	{1, WIRE_OK},
	{3, WIRE_OK},
	{2, WIRE_OK},
	{2, REJECT_REPLAY},
	{3, REJECT_REPLAY},
	{1, REJECT_REPLAY},
	{63, WIRE_OK},
	{0, REJECT_REPLAY}, /* the lowest bit of the window */
	{4, WIRE_OK},
	{66, WIRE_OK}, /* 3 and 4 are its lowest now */
	{3, REJECT_REPLAY},
	{2, REJECT_REPLAY}, /* too old */
	{4, REJECT_REPLAY},
	{5, WIRE_OK},
	{130, WIRE_OK}, /* 64 further: nothing remembered */
	{66, REJECT_REPLAY},
	{67, WIRE_OK},
	{67, REJECT_REPLAY},
	{129, WIRE_OK},
	{129, REJECT_REPLAY},
	{130, REJECT_REPLAY},
	{193, WIRE_OK}, /* 63 further: 130 is the lowest */
	{130, REJECT_REPLAY},
	{129, REJECT_REPLAY},
	{131, WIRE_OK},
	{UINT64_C(1) << 32, WIRE_OK},
	{193, REJECT_REPLAY},
	{194, REJECT_REPLAY},
	{(UINT64_C(1) << 32) - 63, WIRE_OK},
	{(UINT64_C(1) << 32) - 64, REJECT_REPLAY},
	{UINT64_MAX, REJECT_REPLAY}, /* the one number that is never taken */
	{UINT64_MAX - 1, WIRE_OK},
	{UINT64_MAX - 1, REJECT_REPLAY},
	{UINT64_MAX, REJECT_REPLAY},
	{UINT64_MAX - 64, WIRE_OK},
	{UINT64_MAX - 65, REJECT_REPLAY},
	{0, REJECT_REPLAY},
};

static void test_window(void **state)
{
	struct seal from, to;
	uint8_t packet[WIRE_MAX_BYTES];

	(void)state;
	seal_init(&from, true, PORT_CONTROL, secret);
	seal_init(&to, false, PORT_CONTROL, secret);
	for (size_t i = 0; i < COUNT(window_rows); i++) {
		const struct window_row *r = &window_rows[i];
		size_t size = make_packet(&from, r->counter, 1, packet);
		enum wire_reject got = open_packet(&to, packet, &size);

		if (got != r->want)
			fail_msg("row %zu, counter %llu: %s", i, (unsigned long long)r->counter,
				wire_reject_name(got));
	}
}

/* Against a plain list of what was accepted, over numbers that jump back and forth. */
static void test_window_model(void **state)
{
	static bool taken[200000];
	struct seal from, to;
	uint64_t seed = 1, centre = 0, next = 0;

	(void)state;
	memset(taken, 0, sizeof(taken));
	seal_init(&from, false, PORT_UPLOAD, secret);
	seal_init(&to, true, PORT_UPLOAD, secret);
	for (int round = 0; round < 20000; round++) {
		uint8_t packet[WIRE_MAX_BYTES];
		uint64_t counter;
		size_t size;
		bool want;

		seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407;
		centre += (seed >> 60) == 0 ? 80 : 1;
		counter = centre + (seed >> 40) % 140;
		size = make_packet(&from, counter, 0, packet);
		want = !taken[counter] && counter + SEAL_WINDOW >= next;
		assert_int_equal(open_packet(&to, packet, &size), want ? WIRE_OK : REJECT_REPLAY);
		taken[counter] = taken[counter] || want;
		if (want && counter >= next)
			next = counter + 1;
		assert_true(to.next == next);
	}
}

/* A packet without the right tag changes nothing, so the right one is still accepted afterwards. */
static void test_flipped(void **state)
{
	struct seal from, to, before;
	uint8_t packet[WIRE_MAX_BYTES];
	size_t whole;

	(void)state;
	seal_init(&from, true, PORT_DOWNLOAD, secret);
	seal_init(&to, false, PORT_DOWNLOAD, secret);
	whole = make_packet(&from, 9, 30, packet);
	before = to;
	for (size_t bit = 0; bit < 8 * whole; bit++) {
		size_t size = whole;
		enum wire_reject got;

		packet[bit / 8] ^= (uint8_t)(1 << bit % 8);
		got = open_packet(&to, packet, &size);
		packet[bit / 8] ^= (uint8_t)(1 << bit % 8);
		if (got != REJECT_TAG || size != whole || memcmp(&to, &before, sizeof(to)) != 0)
			fail_msg("bit %zu: %s", bit, wire_reject_name(got));
	}
	assert_int_equal(open_packet(&to, packet, &whole), WIRE_OK);
	assert_int_equal(whole, WIRE_HEADER_BYTES + 30);
}

struct stranger_row {
	const char *what;
	bool is_client;
	enum port_kind port;
	uint8_t first; /* byte of the secret */
};

static const struct stranger_row stranger_rows[] = {
	{"reflected", false, PORT_CONTROL, 1},
	{"another port", true, PORT_UPLOAD, 1},
	{"a third port", true, PORT_DOWNLOAD, 1},
	{"another session", true, PORT_CONTROL, 2},
};

static void test_strangers(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(stranger_rows); i++) {
		const struct stranger_row *r = &stranger_rows[i];
		uint8_t packet[WIRE_MAX_BYTES], other[SEAL_SECRET_BYTES];
		struct seal from, to;
		size_t size;

		memcpy(other, secret, sizeof(other));
		other[0] = r->first;
		seal_init(&from, r->is_client, r->port, other);
		seal_init(&to, false, PORT_CONTROL, secret);
		size = make_packet(&from, 0, 10, packet);
		if (open_packet(&to, packet, &size) != REJECT_TAG)
			fail_msg("%s", r->what);
	}
}

static void test_sizes(void **state)
{
	struct seal from, to;
	uint8_t packet[WIRE_MAX_BYTES];
	size_t whole;

	(void)state;
	seal_init(&from, true, PORT_CONTROL, secret);
	seal_init(&to, false, PORT_CONTROL, secret);
	whole = make_packet(&from, 0, 5, packet);
	for (size_t cut = 0; cut < whole; cut++) {
		size_t size = cut;

		assert_int_equal(open_packet(&to, packet, &size),
			cut < WIRE_HEADER_BYTES + SEAL_TAG_BYTES ? REJECT_SHORT : REJECT_TAG);
		assert_int_equal(size, cut);
	}
	whole = make_packet(&from, 0, 0, packet);
	assert_int_equal(open_packet(&to, packet, &whole), WIRE_OK);
	assert_int_equal(whole, WIRE_HEADER_BYTES);
	whole = make_packet(&from, 1, WIRE_MAX_BYTES - WIRE_HEADER_BYTES - SEAL_TAG_BYTES, packet);
	assert_int_equal(whole, WIRE_MAX_BYTES);
	assert_int_equal(open_packet(&to, packet, &whole), WIRE_OK);
}

static void test_counter_grows(void **state)
{
	struct seal s;

	(void)state;
	seal_init(&s, true, PORT_CONTROL, secret);
	for (uint64_t i = 0; i < 100; i++)
		assert_int_equal(seal_next(&s), i);
}

/* Between classic peers nothing is added, checked or counted. */
static void test_inactive(void **state)
{
	struct seal s = {0};
	uint8_t packet[WIRE_HEADER_BYTES + SEAL_TAG_BYTES] = {WIRE_CONTROL};
	const uint8_t none[SEAL_TAG_BYTES] = {0};
	size_t size = WIRE_HEADER_BYTES;

	(void)state;
	assert_int_equal(seal_next(&s), 0);
	assert_int_equal(seal_next(&s), 0);
	seal_close(&s, packet, size);
	assert_memory_equal(packet + size, none, sizeof(none));
	for (int i = 0; i < 2; i++) {
		assert_int_equal(open_packet(&s, packet, &size), WIRE_OK);
		assert_int_equal(size, WIRE_HEADER_BYTES);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vector_header),
		cmocka_unit_test(test_vector_secret),
		cmocka_unit_test(test_vector_tag),
		cmocka_unit_test(test_window),
		cmocka_unit_test(test_window_model),
		cmocka_unit_test(test_flipped),
		cmocka_unit_test(test_strangers),
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_counter_grows),
		cmocka_unit_test(test_inactive),
	};

	return cmocka_run_group_tests(tests, begin, NULL);
}
