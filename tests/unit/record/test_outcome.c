/* The agreed record: where the losses are, and a hash that both ends find. The vector was made by
 * an independent implementation, Python's hashlib. */
#include <sodium.h>
#include <string.h>

#include "proto/record/outcome.h"
#include "tests/support/test.h"
#include "tests/support/vectors.h"

static const struct {
	const char *name;
	bool counts_known;
	uint64_t sent, unsent, received, unique, duplicates, host_drops;
	struct loss want;
} loss_rows[] = {
	{"nothing was sent", true, 0, 0, 0, 0, 0, 0, {0, 0, 0, 0}},
	{"nothing is lost", true, 100, 0, 100, 95, 5, 0, {0, 0, 0, 0}},
	{"on the path", true, 100, 0, 90, 85, 5, 0, {10, 0, 10, 0}},
	{"all of it", true, 100, 0, 0, 0, 0, 0, {100, 0, 100, 0}},
	{"in the sender's host", true, 100, 10, 90, 90, 0, 0, {10, 10, 0, 0}},
	{"in the receiver's host", true, 100, 0, 90, 90, 0, 10, {10, 0, 0, 10}},
	{"a little everywhere", true, 100, 2, 90, 80, 10, 3, {10, 2, 5, 3}},
	{"the sender's host claims more than is lost", true, 100, 40, 90, 90, 0, 3, {10, 10, 0, 0}},
	{"the receiver's host does", true, 100, 2, 90, 90, 0, 40, {10, 2, 0, 8}},
	{"both do, and nothing is lost", true, 100, 7, 100, 100, 0, 7, {0, 0, 0, 0}},
	{"more arrived than was sent", true, 100, 7, 120, 100, 20, 7, {0, 0, 0, 0}},
	{"a peer that counts packets alone", false, 100, 0, 90, 0, 0, 0, {10, 0, 10, 0}},
	{"and our own drops", false, 100, 1, 90, 0, 0, 4, {10, 1, 5, 4}},
};

static void test_loss(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(loss_rows); i++) {
		struct test_record r = {
			.received.known = loss_rows[i].counts_known ? RECEIVED_COUNTERS : RECEIVED_TOTALS,
			.sent.count.packets = loss_rows[i].sent,
			.sent.count.unsent_packets = loss_rows[i].unsent,
			.received.count.packets = loss_rows[i].received,
			.received.count.unique_packets = loss_rows[i].unique,
			.received.count.duplicates = loss_rows[i].duplicates,
			.received.count.host_drops = loss_rows[i].host_drops,
		};
		struct loss got = outcome_loss(&r);

		print_message("%s\n", loss_rows[i].name);
		assert_memory_equal(&got, &loss_rows[i].want, sizeof(got));
		assert_int_equal(got.packets, got.sender_host + got.path + got.receiver_host);
	}
}

static uint64_t number(const char *key)
{
	return vector_number("agreement", key);
}

static struct test_record vector_record(enum test_direction direction)
{
	struct test_record r = {
		.direction = direction,
		.sent.duration_ns = number("duration_ns"),
		.received.known = RECEIVED_COUNTERS,
		.sent.count.packets = number("sent"),
		.sent.count.bytes = number("sent_bytes"),
		.sent.count.retransmitted_packets = number("retransmitted"),
		.sent.count.unsent_packets = number("unsent"),
		.received.count.packets = number("received"),
		.received.count.bytes = number("received_bytes"),
		.received.count.unique_packets = number("unique"),
		.received.count.duplicates = number("duplicates"),
		.received.count.network_duplicates = number("network_duplicates"),
		.received.count.reordered = number("reordered"),
		.received.count.host_drops = number("host_drops"),
	};
	char uid[VECTOR_BYTES];

	assert_int_equal(vector_text(uid, "agreement", "uid"), sizeof(r.uid) - 1);
	memcpy(r.uid, uid, sizeof(r.uid));
	return r;
}

static void check_text(const char *text_key, const char *hash_key)
{
	char text[VECTOR_BYTES], want[VECTOR_BYTES], hex[13];
	uint8_t hash[crypto_generichash_BYTES];
	size_t size = vector_text(text, "agreement", text_key);

	vector_text(want, "agreement", hash_key);
	crypto_generichash(hash, sizeof(hash), (const uint8_t *)text, size, NULL, 0);
	assert_string_equal(sodium_bin2hex(hex, sizeof(hex), hash, 6), want);
}

static void test_vector(void **state)
{
	static const struct {
		enum test_direction direction;
		const char *text, *hash;
	} rows[] = {{TEST_UP, "text_up", "hash_up"}, {TEST_DOWN, "text_down", "hash_down"}};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct test_record r = vector_record(rows[i].direction);
		char want[VECTOR_BYTES];

		print_message("%s\n", rows[i].hash);
		vector_text(want, "agreement", rows[i].hash);
		assert_false(outcome_is_agreed(&r));
		outcome_seal(&r);
		assert_string_equal(r.hash, want);
		assert_true(outcome_is_agreed(&r));
		check_text(rows[i].text, rows[i].hash);
		outcome_seal(&r);
		assert_string_equal(r.hash, want);
	}
}

/* What one side alone knows, or calls by another name, is not in it. */
static void test_same_on_both_sides(void **state)
{
	struct test_record client = vector_record(TEST_UP), server = client;

	(void)state;
	client.id = 3;
	client.phase = TEST_COMPLETE;
	client.channel = 1;
	client.asked_rate_bps = 1000000;
	client.asked_duration_ns = 7;
	client.start_ns = 12345;
	client.sent.count.reports = 77;
	client.sent.count.heard_packets = 99;
	client.sent.count.lost_packets = 98;
	client.sent.count.send_errors = 4;
	server.id = 900;
	server.phase = TEST_AWAITING;
	server.start_ns = 99999;
	server.received.count.reports = 80;
	server.received.count.holes = 3;
	server.received.count.missing_packets = 5;
	server.received.count.retransmitted_packets = 6;
	server.result_ns = 5;
	memset(server.hash, 'x', sizeof(server.hash));
	outcome_seal(&client);
	outcome_seal(&server);
	assert_string_equal(client.hash, server.hash);
	assert_int_equal(strlen(client.hash), 12);
}

#define FIELD(name)                                       \
	{                                                 \
#name, offsetof(struct test_record, name) \
	}

static const struct {
	const char *name;
	size_t offset;
} field_rows[] = {
	FIELD(sent.duration_ns),
	FIELD(sent.count.packets),
	FIELD(sent.count.bytes),
	FIELD(sent.count.retransmitted_packets),
	FIELD(sent.count.unsent_packets),
	FIELD(received.count.packets),
	FIELD(received.count.bytes),
	FIELD(received.count.unique_packets),
	FIELD(received.count.duplicates),
	FIELD(received.count.network_duplicates),
	FIELD(received.count.reordered),
	FIELD(received.count.host_drops),
};

static void test_every_field_counts(void **state)
{
	struct test_record plain = vector_record(TEST_UP), other = plain;

	(void)state;
	outcome_seal(&plain);
	other.direction = TEST_DOWN;
	outcome_seal(&other);
	assert_string_not_equal(other.hash, plain.hash);
	other = plain;
	other.uid[35] ^= 1;
	outcome_seal(&other);
	assert_string_not_equal(other.hash, plain.hash);
	for (size_t i = 0; i < COUNT(field_rows); i++) {
		uint64_t value;

		print_message("%s\n", field_rows[i].name);
		other = plain;
		memcpy(&value, (uint8_t *)&other + field_rows[i].offset, sizeof(value));
		value++;
		memcpy((uint8_t *)&other + field_rows[i].offset, &value, sizeof(value));
		outcome_seal(&other);
		assert_string_not_equal(other.hash, plain.hash);
	}
}

/* The longest text there can be: the last field still counts. */
static void test_largest_numbers(void **state)
{
	struct test_record r = vector_record(TEST_DOWN), other;

	(void)state;
	for (size_t i = 0; i < COUNT(field_rows); i++)
		memset((uint8_t *)&r + field_rows[i].offset, 0xff, sizeof(uint64_t));
	r.received.count.unique_packets = r.received.count.duplicates = 0;
	r.sent.count.unsent_packets = 0;
	other = r;
	other.received.count.host_drops--;
	outcome_seal(&r);
	outcome_seal(&other);
	assert_string_not_equal(r.hash, other.hash);
}

static const struct {
	const char *name;
	bool known;
	uint64_t reports, heard;
	bool want_known;
	uint64_t want_packets;
} guess_rows[] = {
	{"no report came", false, 0, 0, false, 5},
	{"reports came", false, 9, 1234, true, 1234},
	{"reports say that nothing arrived", false, 9, 0, true, 0},
	{"the result is known", true, 9, 1234, true, 5},
};

static void test_guess(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(guess_rows); i++) {
		struct test_record r = {
			.datagram_bytes = 1000,
			.received.known = guess_rows[i].known ? RECEIVED_TOTALS : RECEIVED_NOTHING,
			.sent.count.reports = guess_rows[i].reports,
			.sent.count.heard_packets = guess_rows[i].heard,
			.received.count.packets = 5,
			.received.count.bytes = 5000,
			.received.count.unique_packets = 5,
		};

		print_message("%s\n", guess_rows[i].name);
		outcome_guess(&r);
		assert_int_equal(
			r.received.known, guess_rows[i].want_known ? RECEIVED_TOTALS : RECEIVED_NOTHING);
		assert_int_equal(r.received.count.packets, guess_rows[i].want_packets);
		assert_int_equal(r.received.count.unique_packets, guess_rows[i].want_packets);
		assert_int_equal(r.received.count.bytes, guess_rows[i].want_packets * 1000);
		assert_false(r.received.known == RECEIVED_COUNTERS);
		assert_false(outcome_is_agreed(&r));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_loss),
		cmocka_unit_test(test_vector),
		cmocka_unit_test(test_same_on_both_sides),
		cmocka_unit_test(test_every_field_counts),
		cmocka_unit_test(test_largest_numbers),
		cmocka_unit_test(test_guess),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
