/* The receiving side in virtual time: what it counts, and what it refuses. */
#include "tests/support/sink_side.h"

static const struct {
	const char *name;
	unsigned n;
	struct arrival arrival[ARRIVALS];
	struct sink_counters want; /* packets and bytes follow */
} count_rows[] = {
	{"nothing", 0, {{0}}, {0}},
	{"in order", 4, {{0, 0}, {1, 1}, {2, 2}, {3, 3}}, {.unique_packets = 4}},
	{"one lost", 3, {{0, 0}, {2, 2}, {3, 3}}, {.unique_packets = 3, .missing_packets = 1, .holes = 1}},
	{"the first ones lost", 1, {{5, 5}}, {.unique_packets = 1, .missing_packets = 5, .holes = 5}},
	{"two swapped", 3, {{0, 0}, {2, 2}, {1, 1}}, {.unique_packets = 3, .reordered = 1}},
	{"backwards", 4, {{3, 3}, {2, 2}, {1, 1}, {0, 0}}, {.unique_packets = 4, .reordered = 3}},
	{"doubled by the network", 4, {{0, 0}, {0, 0}, {1, 1}, {0, 0}},
		{.unique_packets = 2, .network_duplicates = 2}},
	{"a late one, doubled", 4, {{0, 0}, {2, 2}, {1, 1}, {1, 1}},
		{.unique_packets = 3, .reordered = 1, .network_duplicates = 1}},
	{"repaired", 4, {{0, 0}, {2, 2}, {3, 1}, {4, 3}},
		{.unique_packets = 4, .retransmitted_packets = 1, .missing_packets = 1}},
	{"repaired for nothing", 4, {{0, 0}, {1, 1}, {2, 1}, {3, 2}},
		{.unique_packets = 3, .duplicates = 1, .retransmitted_packets = 1}},
	{"repaired, and then the first one arrives after all", 4, {{0, 0}, {2, 2}, {3, 1}, {1, 1}},
		{.unique_packets = 3, .duplicates = 1, .reordered = 1, .retransmitted_packets = 1}},
	{"a repair that the network doubles", 5, {{0, 0}, {2, 2}, {3, 1}, {3, 1}, {4, 3}},
		{.unique_packets = 4,
			.retransmitted_packets = 1,
			.missing_packets = 1,
			.network_duplicates = 1}},
	{"a repair lost, repaired again", 5, {{0, 0}, {2, 2}, {4, 3}, {5, 1}, {6, 4}},
		{.unique_packets = 5, .retransmitted_packets = 1, .missing_packets = 2}},
	{"three holes, one closed", 6, {{1, 1}, {3, 3}, {6, 6}, {7, 2}, {8, 7}, {9, 8}},
		{.unique_packets = 6, .retransmitted_packets = 1, .missing_packets = 4, .holes = 3}},
	{"the highest numbers there may be", 2, {{0, 0}, {SPAN_MAX - 1, SPAN_MAX - 1}},
		{.unique_packets = 2}},
};

static void test_counts(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(count_rows); i++) {
		struct sink_counters want = count_rows[i].want, got;
		struct sink k;

		print_message("%s\n", count_rows[i].name);
		want.packets = want.unique_packets + want.duplicates;
		want.bytes = want.packets * DATAGRAM;
		open_sink(&k);
		for (unsigned a = 0; a < count_rows[i].n; a++) {
			const struct arrival *at = &count_rows[i].arrival[a];

			assert_int_equal(arrive(&k, at->sequence, at->data, START_NS), WIRE_OK);
		}
		sink_counters(&k, &got);
		if (k.next_data == SPAN_MAX) { /* as many as the window has room for */
			want.holes = k.missing.members;
			want.missing_packets = k.missing_channel.members;
		}
		assert_memory_equal(&got, &want, sizeof(got));
		sink_close(&k);
	}
}

static const struct {
	const char *name;
	struct wire_header header;
	enum wire_reject reason;
} refused_rows[] = {
	{"another channel", {.channel = CHANNEL + 1, .sequence = 5}, REJECT_CHANNEL},
	{"channel 0", {.channel = 0, .sequence = 5}, REJECT_CHANNEL},
	{"a piece before the first: 5 - 6", {.channel = CHANNEL, .sequence = 5, .offset = 6},
		REJECT_SEQUENCE},
	{"a channel sequence too high", {.channel = CHANNEL, .sequence = SPAN_MAX, .offset = SPAN_MAX},
		REJECT_SEQUENCE},
	{"a piece too high", {.channel = CHANNEL, .sequence = 5, .offset = SPAN_MAX + 7}, REJECT_SEQUENCE},
	{"all ones", {.channel = CHANNEL, .sequence = UINT64_MAX, .offset = 0}, REJECT_SEQUENCE},
};

static void test_refused(void **state)
{
	static const struct sink_counters none;

	(void)state;
	for (size_t i = 0; i < COUNT(refused_rows); i++) {
		struct sink_counters got;
		struct sink k;

		print_message("%s\n", refused_rows[i].name);
		open_sink(&k);
		assert_int_equal(
			take(&k, &refused_rows[i].header, END_NS, 1, END_NS), refused_rows[i].reason);
		sink_counters(&k, &got);
		assert_memory_equal(&got, &none, sizeof(got));
		assert_int_equal(k.next_data, 0);
		arrive(&k, 0, 0, START_NS);
		assert_int_equal(take(&k, &refused_rows[i].header, END_NS, 1, END_NS + QUIET_NS / 2),
			refused_rows[i].reason);
		/* It keeps the line from going quiet as little as silence does. */
		assert_true(sink_finished(&k, END_NS + QUIET_NS));
		sink_close(&k);
	}
}

static void test_close_twice(void **state)
{
	struct sink k;

	(void)state;
	open_sink(&k);
	arrive(&k, 9, 9, START_NS);
	sink_close(&k);
	sink_close(&k);
	open_sink(&k);
	assert_int_equal(k.next_data, 0);
	assert_int_equal(k.count.packets, 0);
	sink_close(&k);
}

/* A hole that lies back more than the window is given up; all else goes on. */
static void test_window(void **state)
{
	struct sink_counters got;
	struct feedback f;
	uint64_t far = 3 * (uint64_t)SINK_WINDOW;
	struct sink k;

	(void)state;
	open_sink(&k);
	arrive(&k, 1, 1, START_NS);
	arrive(&k, far, far, START_NS);
	arrive(&k, far + 1, 0, START_NS);
	assert_int_equal(k.count.unique_packets, 2);
	assert_int_equal(k.count.duplicates, 1);
	assert_int_equal(arrive(&k, far + 2, far - 1, START_NS), WIRE_OK);
	sink_counters(&k, &got);
	assert_int_equal(got.unique_packets, 3);
	assert_in_range(got.holes, SINK_WINDOW / 2, SINK_WINDOW);
	assert_true(sink_report(&k, START_NS + INTERVAL_NS, &f));
	assert_int_equal(f.spans.count, 2);
	assert_int_equal(f.spans.span[0].end, far - 2);
	sink_close(&k);
}

/* What the counters say must follow from the packets themselves, whatever the order. */
static void test_against_a_model(void **state)
{
	enum { NUMBERS = 3000, PACKETS = 20000 };
	static uint32_t data_of[NUMBERS], seen_sequence[NUMBERS], seen_data[NUMBERS];
	struct sink_counters want = {0}, got;
	uint64_t highest = 0, highest_data = 0;
	struct sink k;

	(void)state;
	srand(20240501);
	for (unsigned i = 0; i < NUMBERS; i++)
		data_of[i] = i < 10 || rand() % 3 ? i - i / 10 : (unsigned)rand() % i;
	open_sink(&k);
	for (unsigned i = 0; i < PACKETS; i++) {
		/* Anywhere in a band that moves up. */
		uint64_t sequence = i * (NUMBERS - 200) / PACKETS + (unsigned)rand() % 200;
		uint64_t data = data_of[sequence];
		bool is_new = !seen_sequence[sequence]++;

		assert_int_equal(arrive(&k, sequence, data, START_NS), WIRE_OK);
		want.network_duplicates += !is_new;
		if (!is_new)
			continue;
		want.packets++;
		want.bytes += DATAGRAM;
		want.reordered += sequence < highest;
		want.retransmitted_packets += sequence >= highest && data < highest_data;
		want.unique_packets += !seen_data[data];
		want.duplicates += seen_data[data]++ > 0;
		highest = sequence + 1 > highest ? sequence + 1 : highest;
		highest_data = data + 1 > highest_data ? data + 1 : highest_data;
	}
	for (unsigned i = 0; i < highest_data; i++)
		want.holes += !seen_data[i];
	for (unsigned i = 0; i < highest; i++)
		want.missing_packets += !seen_sequence[i];
	assert_true(want.duplicates && want.reordered && want.holes && want.network_duplicates &&
		    want.retransmitted_packets && want.missing_packets);
	sink_counters(&k, &got);
	assert_memory_equal(&got, &want, sizeof(got));
	for (uint64_t i = 0; i < highest_data; i++)
		assert_int_equal(span_contains(&k.missing, i), !seen_data[i]);
	sink_close(&k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_counts),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_close_twice),
		cmocka_unit_test(test_window),
		cmocka_unit_test(test_against_a_model),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
