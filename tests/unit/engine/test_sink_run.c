/* Datagrams that arrive in one message: taken at once as far as they go on from the first, and counted as if
 * each had been taken by itself. */
#include "tests/support/sink_side.h"

enum { SMALL = 64, MESSAGE = 8, MESSAGES = 6, BEFORE = SINK_FIRST };

struct message {
	unsigned count;
	struct arrival packet[MESSAGE];
	uint32_t channel;
	unsigned at_once; /* of them, behind the first */
};

static const struct {
	const char *name;
	bool classic;
	unsigned before; /* packets that have arrived one by one */
	struct message message[MESSAGES];
} rows[] = {
	{"in order", false, BEFORE, {{4, {{4, 4}, {5, 5}, {6, 6}, {7, 7}}, CHANNEL, 3}}},
	{"two messages", false, BEFORE,
		{{3, {{4, 4}, {5, 5}, {6, 6}}, CHANNEL, 2}, {3, {{7, 7}, {8, 8}, {9, 9}}, CHANNEL, 2}}},
	{"one alone", false, BEFORE, {{1, {{4, 4}}, CHANNEL, 0}}},
	{"the first packets", false, 0, {{4, {{0, 0}, {1, 1}, {2, 2}, {3, 3}}, CHANNEL, 0}}},
	{"... and those behind them", false, 0,
		{{6, {{0, 0}, {1, 1}, {2, 2}, {3, 3}, {4, 4}, {5, 5}}, CHANNEL, 1}}},
	{"a hole within", false, BEFORE, {{4, {{4, 4}, {5, 5}, {7, 7}, {8, 8}}, CHANNEL, 2}}},
	{"a hole before", false, BEFORE, {{3, {{6, 6}, {7, 7}, {8, 8}}, CHANNEL, 2}}},
	{"behind a hole, data comes again", false, BEFORE,
		{{2, {{6, 6}, {7, 7}}, CHANNEL, 1}, {4, {{8, 4}, {9, 5}, {10, 8}, {11, 9}}, CHANNEL, 1}}},
	{"a late one", false, BEFORE,
		{{2, {{5, 5}, {6, 6}}, CHANNEL, 1}, {3, {{4, 4}, {7, 7}, {8, 8}}, CHANNEL, 1}}},
	{"doubled", false, BEFORE, {{4, {{4, 4}, {5, 5}, {5, 5}, {6, 6}}, CHANNEL, 2}}},
	{"another test's", false, BEFORE, {{3, {{4, 4}, {5, 5}, {6, 6}}, CHANNEL + 1, 0}}},
	{"classic", true, BEFORE, {{3, {{4, 4}, {5, 5}, {6, 6}}, CHANNEL, 0}}},
	{"the last number there is", false, BEFORE,
		{{3, {{SPAN_MAX - 2, 4}, {SPAN_MAX - 1, 5}, {SPAN_MAX, 6}}, CHANNEL, 0}}},
};

static void write_message(const struct message *m, uint64_t now_ns, uint8_t bytes[MESSAGE * SMALL])
{
	memset(bytes, 0, MESSAGE * SMALL);
	for (unsigned i = 0; i < m->count; i++) {
		struct wire_header h = {
			.type = WIRE_BANDWIDTH_TEST,
			.channel = m->channel,
			.sequence = m->packet[i].sequence,
			.offset = m->packet[i].sequence - m->packet[i].data,
		};
		struct wire_stamp stamp = {now_ns - MS + i * NS_PER_US, 1000 + h.sequence};

		wire_encode(bytes + i * SMALL, &h);
		wire_encode_stamp(bytes + i * SMALL + WIRE_HEADER_BYTES, &stamp);
	}
}

/* Returns how many were taken at once. */
static unsigned take_message(struct sink *k, const struct message *m, bool at_once, uint64_t now_ns)
{
	uint8_t bytes[MESSAGE * SMALL];
	unsigned run = 0;

	write_message(m, now_ns, bytes);
	for (unsigned i = 0; i < m->count; i++) {
		struct wire_header h;
		struct sink_packet packet = {
			.header = &h,
			.bytes = bytes + i * SMALL,
			.size = SMALL,
			.received_ns = now_ns,
			.waited_ns = 77,
		};
		unsigned more;

		assert_int_equal(wire_decode(packet.bytes, SMALL, &h), WIRE_OK);
		if (sink_data(k, &packet) || !at_once)
			continue;
		more = sink_run(k, &packet, m->count - i - 1);
		run += more;
		i += more;
	}
	return run;
}

static void check_same(struct sink *a, struct sink *b, uint64_t now_ns)
{
	struct sink_counters count_a, count_b;
	struct loss_pattern pattern_a, pattern_b;
	struct feedback report_a = {0}, report_b = {0};

	assert_int_equal(sink_due_ns(a), sink_due_ns(b));
	assert_int_equal(sink_report(a, now_ns, &report_a), sink_report(b, now_ns, &report_b));
	assert_memory_equal(&report_a, &report_b, sizeof report_a);
	sink_counters(a, &count_a);
	sink_counters(b, &count_b);
	assert_memory_equal(&count_a, &count_b, sizeof count_a);
	sink_pattern(a, &pattern_a);
	sink_pattern(b, &pattern_b);
	assert_memory_equal(&pattern_a, &pattern_b, sizeof pattern_a);
}

static void test_messages(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct sink_plan plan = sink_plan_of(!rows[i].classic);
		uint64_t now_ns = START_NS;
		struct sink one, run;

		print_message("%s\n", rows[i].name);
		assert_int_equal(sink_open(&one, &plan), 0);
		assert_int_equal(sink_open(&run, &plan), 0);
		for (uint64_t n = 0; n < rows[i].before; n++) {
			arrive(&one, n, n, now_ns);
			arrive(&run, n, n, now_ns);
		}
		for (const struct message *m = rows[i].message; m->count; m++) {
			now_ns += 30 * MS;
			take_message(&one, m, false, now_ns);
			assert_int_equal(take_message(&run, m, true, now_ns), m->at_once);
			check_same(&one, &run, now_ns);
		}
		sink_close(&one);
		sink_close(&run);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_messages),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
