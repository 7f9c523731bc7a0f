/* Events: two snapshots, and the lines that tell their difference. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "proto/sys/clock.h"
#include "tests/support/test.h"
#include "tui/client/events.h"

enum { MOST = 4, MBIT = 1000000 };

struct told {
	enum event_kind kind;
	const char *text; /* NULL: no more */
};

struct listener {
	unsigned count;
	struct {
		enum event_kind kind;
		char text[VIEW_TEXT];
	} line[MOST + 1];
};

static void take_line(void *context, enum event_kind kind, const char *text)
{
	struct listener *l = context;

	assert_true(l->count <= MOST);
	l->line[l->count].kind = kind;
	snprintf(l->line[l->count++].text, VIEW_TEXT, "%s", text);
}

static void check(const struct session_snapshot *before, const struct session_snapshot *now,
	const struct told told[MOST])
{
	struct listener l = {0};
	unsigned n = 0;

	events_between(before, now, &(struct events_listener){.tell = take_line, .context = &l});
	for (; n < MOST && told[n].text; n++) {
		if (n >= l.count)
			print_message("missing: %s\n", told[n].text);
		assert_true(n < l.count);
		assert_string_equal(l.line[n].text, told[n].text);
		assert_int_equal(l.line[n].kind, told[n].kind);
	}
	assert_int_equal(l.count, n);
}

/* The UPLOAD port. */
static const struct {
	const char *name;
	struct port_snapshot before, now;
	struct told told[MOST];
} ports[] = {
	{"nothing", {.state = PORT_UP}, {.state = PORT_UP}, {{0}}},
	{"up", {.state = PORT_WAITING}, {.state = PORT_UP, .local_port = 51002, .remote_port = 40002},
		{{EVENT_GOOD, "UPLOAD is up: 51002 to 40002"}}},
	{"failed", {.state = PORT_UP}, {.state = PORT_FAILED, .error = EHOSTUNREACH},
		{{EVENT_ERROR, "UPLOAD failed: No route to host"}}},
	{"still failed", {.state = PORT_FAILED}, {.state = PORT_FAILED, .error = EHOSTUNREACH}, {{0}}},
	{"a heartbeat", {.state = PORT_UP, .latency.lost = 2}, {.state = PORT_UP, .latency.lost = 3},
		{{EVENT_WARNING, "UPLOAD: 1 heartbeat lost"}}},
	{"heartbeats and packets", {.state = PORT_UP, .socket_drops = 5},
		{.state = PORT_UP, .latency.lost = 3, .socket_drops = 12},
		{{EVENT_WARNING, "UPLOAD: 3 heartbeats lost"},
			{EVENT_WARNING, "UPLOAD: this host had no room for 7 packets"}}},
	{"another session counts from 0", {.state = PORT_UP, .latency.lost = 9, .socket_drops = 9},
		{.state = PORT_UP, .latency.lost = 1, .socket_drops = 1}, {{0}}},
};

static void test_ports(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(ports); i++) {
		struct session_snapshot before = {.port[PORT_UPLOAD] = ports[i].before};
		struct session_snapshot now = {.port[PORT_UPLOAD] = ports[i].now};

		print_message("%s\n", ports[i].name);
		check(&before, &now, ports[i].told);
	}
}

#define RUNNING                                                                             \
	.id = 1, .direction = TEST_UP, .phase = TEST_RUNNING, .asked_rate_bps = 100 * MBIT, \
	.granted_duration_ns = 30 * (uint64_t)NS_PER_S

#define OVER                                                                        \
	.id = 1, .received.known = RECEIVED_COUNTERS, .sent.duration_ns = NS_PER_S, \
	.sent.count = {.packets = 1000},                                            \
	.received.count = {.packets = 980, .unique_packets = 980, .bytes = 1250000}

static const struct {
	const char *name;
	struct test_record before, now;
	struct told told[MOST];
} tests_told[] = {
	{"asked", {0}, {.id = 1, .direction = TEST_DOWN, .phase = TEST_ASKING}, {{EVENT_NOTE, "BWDN sent"}}},
	{"still asked", {.id = 1, .phase = TEST_ASKING}, {.id = 1, .phase = TEST_ASKING}, {{0}}},
	{"granted", {.id = 1, .phase = TEST_ASKING}, {RUNNING, .rate_bps = 100 * MBIT},
		{{EVENT_GOOD, "BWUP acknowledged: 100.0 Mbit/s for 30 s"}}},
	{"less than was asked", {.id = 1, .phase = TEST_ASKING}, {RUNNING, .rate_bps = 20 * MBIT},
		{{EVENT_WARNING, "BWUP acknowledged: 20.00 Mbit/s granted, 100.0 Mbit/s asked"}}},
	{"max", {.id = 1, .phase = TEST_ASKING},
		{.id = 1, .phase = TEST_RUNNING, .granted_duration_ns = 9 * (uint64_t)NS_PER_S},
		{{EVENT_GOOD, "BWUP acknowledged: max for 9 s"}}},
	{"a limit for max", {.id = 1, .phase = TEST_ASKING},
		{.id = 1, .phase = TEST_RUNNING, .rate_bps = 20 * MBIT},
		{{EVENT_WARNING, "BWUP acknowledged: 20.00 Mbit/s granted, max asked"}}},
	{"all between two looks", {0}, {RUNNING, .rate_bps = 100 * MBIT},
		{{EVENT_NOTE, "BWUP sent"}, {EVENT_GOOD, "BWUP acknowledged: 100.0 Mbit/s for 30 s"}}},
	{"over", {.id = 1, .phase = TEST_RUNNING}, {.id = 1, .phase = TEST_AWAITING},
		{{EVENT_NOTE, "Upload over, counters sent, waiting for the server's"}}},
	{"complete", {.id = 1, .phase = TEST_AWAITING}, {OVER, .phase = TEST_COMPLETE},
		{{EVENT_GOOD, "Upload complete: 10.00 Mbit/s received, 2.00 % lost"}}},
	{"ended early", {.id = 1, .phase = TEST_RUNNING}, {OVER, .phase = TEST_INCOMPLETE},
		{{EVENT_WARNING, "Upload ended early: 10.00 Mbit/s received, 2.00 % lost"}}},
	{"no word", {.id = 1, .phase = TEST_AWAITING}, {.id = 1, .phase = TEST_INCOMPLETE},
		{{EVENT_WARNING, "Upload over, but no word of what arrived"}}},
	{"refused", {.id = 1, .phase = TEST_ASKING},
		{.id = 1, .direction = TEST_DOWN, .phase = TEST_FAILED, .refusal = REFUSED_BUSY, .wait_s = 7},
		{{EVENT_ERROR, "Download refused (busy), try again in 7 s"}}},
	{"not acknowledged", {.id = 1, .phase = TEST_ASKING}, {.id = 1, .phase = TEST_FAILED},
		{{EVENT_ERROR, "Upload not started: BWUP was not acknowledged"}}},
	{"told once", {OVER, .phase = TEST_COMPLETE}, {OVER, .phase = TEST_COMPLETE}, {{0}}},
	{"another one in the slot", {OVER, .phase = TEST_COMPLETE}, {.id = 2, .phase = TEST_ASKING},
		{{EVENT_NOTE, "BWUP sent"}}},
};

static void test_tests(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(tests_told); i++) {
		struct session_snapshot before = {
			.test[0] = tests_told[i].before, .tests = tests_told[i].before.id != 0};
		struct session_snapshot now = {.test[0] = tests_told[i].now, .tests = 1};

		print_message("%s\n", tests_told[i].name);
		check(&before, &now, tests_told[i].told);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ports),
		cmocka_unit_test(test_tests),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
