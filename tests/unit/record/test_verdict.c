/* What is said of a test and of a session: each outcome, which takes precedence, and on what evidence. */
#include <string.h>

#include "proto/record/verdict.h"
#include "proto/sys/clock.h"
#include "tests/support/test.h"

#define MBIT UINT64_C(1000000)

/* 10000 packets of 1250 bytes in a second: 100 Mbit/s. */
enum { SENT = 10000 };

/* What arrived, what of the rest the receiver's host lost, the hosts' load. */
#define SENDING .sent.count = {.packets = SENT, .bytes = SENT * UINT64_C(1250)}, .sent.duration_ns = NS_PER_S
#define ARRIVED(n, drops)                                            \
	.received.known = RECEIVED_COUNTERS, .phase = TEST_COMPLETE, \
	.received.count = {.packets = (n), .unique_packets = (n), .host_drops = (drops)}
#define GRANTED(asked, rate) .asked_rate_bps = (asked)*MBIT, .rate_bps = (rate)*MBIT
#define FOUND(what)          .search = true, .sent.capacity = {.bps = 100 * MBIT, .limit = (what)}
#define SENDER(cpu)          .sent.load = {.known = true, .cpu_permille = (cpu), .offload = true}
#define RECEIVER(cpu)        .received.load = {.known = true, .cpu_permille = (cpu), .offload = true}
#define LATE(end, cpu, permille, latest_ns)  \
	.end = {.known = true,               \
		.cpu_permille = (cpu),       \
		.offload = true,             \
		.late_permille = (permille), \
		.late_max_ns = (latest_ns)}
#define SPREAD(p10, p90, ppm)                                \
	.search = true, .sent.capacity = {.bps = 100 * MBIT, \
				.ci_ppm = (ppm),             \
				.limit = CAPACITY_NETWORK,   \
				.p10_bps = (p10)*MBIT,       \
				.p50_bps = 100 * MBIT,       \
				.p90_bps = (p90)*MBIT}
#define UNSURE(what)   .search = true, .sent.capacity = {.bps = 100 * MBIT, .ci_ppm = 1000000, .limit = (what)}
#define BARE(end, cpu) .end = {.known = true, .cpu_permille = (cpu)}

static const struct {
	const char *name;
	struct test_record record;
	enum verdict_limit limit;
	const char *evidence; /* in the sentence */
} limit_rows[] = {
	/* Nothing can be said. */
	{"never started",
		{SENDING, GRANTED(100, 100), .received.known = RECEIVED_TOTALS,
			.received.count.packets = SENT, .phase = TEST_FAILED},
		LIMIT_UNKNOWN, "not known"},
	{"no result", {SENDING, .phase = TEST_INCOMPLETE, GRANTED(100, 100)}, LIMIT_UNKNOWN, "not known"},
	{"nothing sent", {ARRIVED(0, 0), .sent.duration_ns = NS_PER_S}, LIMIT_UNKNOWN, "not known"},
	{"no evidence", {SENDING, ARRIVED(SENT, 0)}, LIMIT_UNKNOWN, "not known"},
	{"no duration", {.sent.count = {.packets = 1, .bytes = 100}, ARRIVED(1, 0), GRANTED(100, 100)},
		LIMIT_UNKNOWN, "not known"},

	/* What a search has found comes before all else. */
	{"searched: path", {SENDING, ARRIVED(9000, 1000), FOUND(CAPACITY_NETWORK)}, LIMIT_PATH, "bottleneck"},
	{"searched: a path that varies", {SENDING, ARRIVED(SENT, 0), SPREAD(60, 150, 100000)}, LIMIT_PATH,
		"the path: its rate varies"},
	{"searched: a little more than jitter explains", {SENDING, ARRIVED(SENT, 0), SPREAD(80, 121, 0)},
		LIMIT_PATH, "its rate varies"},
	{"searched: what jitter explains", {SENDING, ARRIVED(SENT, 0), SPREAD(80, 120, 0)}, LIMIT_PATH,
		"its bottleneck was busy"},
	{"searched: apart, and the mean is uncertain by as much",
		{SENDING, ARRIVED(SENT, 0), SPREAD(60, 150, 400000)}, LIMIT_PATH, "its rate varies"},
	{"searched: apart, but the sender was held up",
		{SENDING, ARRIVED(SENT, 0), SPREAD(60, 150, 1000), LATE(sent.load, 200, 10, 9 * MS)},
		LIMIT_PATH, "its bottleneck was busy"},
	{"searched: apart, one end of it", {SENDING, ARRIVED(SENT, 0), SPREAD(90, 190, 100000)}, LIMIT_PATH,
		"its bottleneck was busy"},
	{"searched: apart, most of the time at one end", {SENDING, ARRIVED(SENT, 0), SPREAD(50, 109, 100)},
		LIMIT_PATH, "its bottleneck was busy"},
	{"searched: apart, a little more often", {SENDING, ARRIVED(SENT, 0), SPREAD(50, 111, 100)},
		LIMIT_PATH, "its rate varies"},
	{"searched: windows apart, and no interval", {SENDING, ARRIVED(SENT, 0), SPREAD(60, 150, 1000000)},
		LIMIT_UNKNOWN, "not known"},
	{"searched: a shaper, and its bucket's burst",
		{SENDING, ARRIVED(SENT, 0), SPREAD(60, 150, 1000),
			.sent.bucket = {BUCKET_SHAPER, MBIT, 1000}},
		LIMIT_PATH, "a shaper"},
	{"searched: a shaper",
		{SENDING, ARRIVED(SENT, 0), FOUND(CAPACITY_NETWORK),
			.sent.bucket = {BUCKET_SHAPER, 98 * MBIT + 900000, 65400}},
		LIMIT_PATH, "a shaper of 98.9 Mbit/s with a bucket of 65 kB"},
	{"a policer", {SENDING, ARRIVED(9500, 200), .sent.bucket = {BUCKET_POLICER, 20 * MBIT, 10000000}},
		LIMIT_PATH, "a policer of 20.0 Mbit/s with a bucket of 10000 kB"},
	{"searched: sender", {SENDING, ARRIVED(SENT, 0), FOUND(CAPACITY_SENDER), SENDER(970)},
		LIMIT_SENDER_CPU, "97 % of a CPU"},
	{"searched: sender, load unknown", {SENDING, ARRIVED(SENT, 0), FOUND(CAPACITY_SENDER)},
		LIMIT_SENDER_HOST, "the sender: it could not go faster"},
	{"searched: sender, neither busy nor late",
		{SENDING, ARRIVED(SENT, 0), FOUND(CAPACITY_SENDER), SENDER(600)}, LIMIT_SENDER_HOST,
		"could not go faster; its thread used 60 % of a CPU"},
	{"searched: sender held up",
		{SENDING, ARRIVED(SENT, 0), FOUND(CAPACITY_SENDER), LATE(sent.load, 230, 49, 16 * MS)},
		LIMIT_SENDER_PAUSED,
		"the sender: it was held up, 4.9 % of its turns came late, by up to 16.0 ms; its thread used "
		"23 %"},
	{"searched: sender held up once",
		{SENDING, ARRIVED(SENT, 0), FOUND(CAPACITY_SENDER), LATE(sent.load, 230, 0, 5 * MS)},
		LIMIT_SENDER_PAUSED, "by up to 5.0 ms"},
	{"searched: sender hardly held up",
		{SENDING, ARRIVED(SENT, 0), FOUND(CAPACITY_SENDER), LATE(sent.load, 230, 9, 5 * MS - 1)},
		LIMIT_SENDER_HOST, "could not go faster"},
	{"searched: sender busy and late",
		{SENDING, ARRIVED(SENT, 0), FOUND(CAPACITY_SENDER), LATE(sent.load, 850, 49, 16 * MS)},
		LIMIT_SENDER_CPU, "85 % of a CPU"},
	{"searched: sender, both held up",
		{SENDING, ARRIVED(9990, 10), FOUND(CAPACITY_SENDER), LATE(sent.load, 230, 10, MS),
			LATE(received.load, 230, 100, 90 * MS)},
		LIMIT_SENDER_PAUSED, "the sender"},
	{"searched: sender, while only the receiver was busy",
		{SENDING, ARRIVED(SENT, 0), FOUND(CAPACITY_SENDER), SENDER(370), RECEIVER(950)},
		LIMIT_RECEIVER_CPU, "the receiver: its thread used 95 %"},
	{"searched: sender, while the receiver's socket was full",
		{SENDING, ARRIVED(9990, 10), FOUND(CAPACITY_SENDER), SENDER(370), RECEIVER(400)},
		LIMIT_SOCKET_BUFFER, "0.100 %"},
	{"searched: sender held up, but the receiver lost most",
		{SENDING, ARRIVED(9900, 51), FOUND(CAPACITY_SENDER), LATE(sent.load, 230, 10, MS),
			RECEIVER(400)},
		LIMIT_SOCKET_BUFFER, "0.510 %"},
	{"searched: sender held up, the receiver lost a little",
		{SENDING, ARRIVED(9900, 50), FOUND(CAPACITY_SENDER), LATE(sent.load, 230, 10, MS),
			RECEIVER(400)},
		LIMIT_SENDER_PAUSED, "held up"},
	{"searched: receiver held up",
		{SENDING, ARRIVED(9990, 10), FOUND(CAPACITY_RECEIVER), LATE(received.load, 300, 20, 12 * MS)},
		LIMIT_RECEIVER_PAUSED, "the receiver: it was held up, 2.0 % of its turns came late"},
	{"searched: the path, but no two windows agree",
		{SENDING, ARRIVED(SENT, 0), UNSURE(CAPACITY_NETWORK), SENDER(300)}, LIMIT_UNKNOWN,
		"not known"},
	{"searched: the path, but no two windows agree, held up",
		{SENDING, ARRIVED(SENT, 0), UNSURE(CAPACITY_NETWORK), LATE(sent.load, 300, 10, MS)},
		LIMIT_SENDER_PAUSED, "held up"},
	{"searched: the path, but no two windows agree, busy",
		{SENDING, ARRIVED(SENT, 0), UNSURE(CAPACITY_NETWORK), SENDER(900)}, LIMIT_SENDER_CPU, "90 %"},
	{"searched: no interval, but a shaper",
		{SENDING, ARRIVED(SENT, 0), UNSURE(CAPACITY_NETWORK),
			.sent.bucket = {BUCKET_SHAPER, MBIT, 1000}},
		LIMIT_PATH, "a shaper"},
	{"searched: receiver, busy", {SENDING, ARRIVED(SENT, 0), FOUND(CAPACITY_RECEIVER), RECEIVER(850)},
		LIMIT_RECEIVER_CPU, "85 % of a CPU"},
	{"searched: receiver, not busy",
		{SENDING, ARRIVED(9990, 10), FOUND(CAPACITY_RECEIVER), RECEIVER(849)}, LIMIT_SOCKET_BUFFER,
		"0.100 %"},
	{"searched: receiver, not busy, lost nothing",
		{SENDING, ARRIVED(SENT, 0), FOUND(CAPACITY_RECEIVER), RECEIVER(600), SENDER(900)},
		LIMIT_RECEIVER_HOST, "the receiver: it took no more"},
	{"searched: receiver, load unknown", {SENDING, ARRIVED(9990, 10), FOUND(CAPACITY_RECEIVER)},
		LIMIT_SOCKET_BUFFER, "0.100 %"},
	{"searched: the server's ceiling", {SENDING, ARRIVED(SENT, 0), FOUND(CAPACITY_CEILING)},
		LIMIT_SERVER_CAP, "server's limit"},
	{"searched: the asked ceiling",
		{SENDING, ARRIVED(SENT, 0), FOUND(CAPACITY_CEILING), GRANTED(100, 100)}, LIMIT_ASKED_RATE,
		"asked rate"},
	{"searched: not known", {SENDING, ARRIVED(9000, 0), FOUND(CAPACITY_UNKNOWN), SENDER(990)},
		LIMIT_UNKNOWN, "not known"},
	{"searched, nothing found", {SENDING, ARRIVED(9000, 0), .search = true}, LIMIT_PATH, "10.00 %"},

	{"searched, nothing found, nothing lost", {SENDING, ARRIVED(SENT, 0), .search = true, SENDER(400)},
		LIMIT_UNKNOWN, "not known"},
	{"searched, nothing found, held up",
		{SENDING, ARRIVED(SENT, 0), .search = true, LATE(sent.load, 400, 10, MS)},
		LIMIT_SENDER_PAUSED, "held up"},

	/* Losses, then the rate that was asked for. */
	{"host drops, receiver busy", {SENDING, ARRIVED(9900, 100), RECEIVER(850)}, LIMIT_RECEIVER_CPU,
		"85 % of a CPU"},
	{"host drops, receiver not busy", {SENDING, ARRIVED(9900, 100), RECEIVER(849)}, LIMIT_SOCKET_BUFFER,
		"1.000 %"},
	{"host drops, receiver held up", {SENDING, ARRIVED(9900, 100), LATE(received.load, 300, 0, 7 * MS)},
		LIMIT_RECEIVER_PAUSED, "by up to 7.0 ms"},
	{"host drops at the rate", {SENDING, ARRIVED(9949, 51), GRANTED(100, 100)}, LIMIT_SOCKET_BUFFER,
		"0.510 %"},
	{"few host drops at the rate", {SENDING, ARRIVED(9950, 50), GRANTED(100, 100)}, LIMIT_ASKED_RATE,
		"asked rate"},
	{"more host drops than path losses", {SENDING, ARRIVED(9500, 300)}, LIMIT_SOCKET_BUFFER, "3.000 %"},
	{"more path losses than host drops", {SENDING, ARRIVED(9500, 200)}, LIMIT_PATH, "3.00 %"},
	{"path loss at the rate", {SENDING, ARRIVED(9899, 0), GRANTED(100, 100)}, LIMIT_PATH, "1.01 %"},
	{"little path loss at the rate", {SENDING, ARRIVED(9900, 0), GRANTED(100, 100)}, LIMIT_ASKED_RATE,
		"asked rate"},
	{"path loss, both hosts busy", {SENDING, ARRIVED(9000, 0), SENDER(990), RECEIVER(990)}, LIMIT_PATH,
		"10.00 %"},
	{"a cap below what was asked for", {SENDING, ARRIVED(SENT, 0), GRANTED(200, 100)}, LIMIT_SERVER_CAP,
		"server's limit"},
	{"a cap, no rate asked for", {SENDING, ARRIVED(SENT, 0), GRANTED(0, 100)}, LIMIT_SERVER_CAP,
		"server's limit"},
	{"nearly the rate", {SENDING, ARRIVED(SENT, 0), GRANTED(103, 103)}, LIMIT_ASKED_RATE, "carries it"},
	{"the rate, hosts busy", {SENDING, ARRIVED(SENT, 0), GRANTED(100, 100), SENDER(990), RECEIVER(990)},
		LIMIT_ASKED_RATE, "asked rate"},

	/* The rate was not reached, and nothing much was lost. */
	{"below the rate, sender busy",
		{SENDING, ARRIVED(SENT, 0), GRANTED(104, 104), SENDER(850), RECEIVER(990)}, LIMIT_SENDER_CPU,
		"85 % of a CPU"},
	{"below the rate, receiver busy",
		{SENDING, ARRIVED(SENT, 0), GRANTED(104, 104), SENDER(849), RECEIVER(850)},
		LIMIT_RECEIVER_CPU, "85 % of a CPU"},
	{"below the rate, neither busy",
		{SENDING, ARRIVED(SENT, 0), GRANTED(104, 104), SENDER(849), RECEIVER(849)}, LIMIT_UNKNOWN,
		"not known"},
	{"below the rate, sender held up",
		{SENDING, ARRIVED(SENT, 0), GRANTED(104, 104),
			.sent.load = {.known = true,
				.cpu_permille = 300,
				.offload = true,
				.late_permille = 10,
				.late_max_ns = 12 * MS + MS / 2}},
		LIMIT_SENDER_PAUSED, "held up, 1.0 % of its turns came late, by up to 12.5 ms"},
	{"below the rate, sender hardly held up",
		{SENDING, ARRIVED(SENT, 0), GRANTED(104, 104),
			.sent.load =
				{.known = true, .cpu_permille = 300, .late_permille = 9, .late_max_ns = MS}},
		LIMIT_UNKNOWN, "not known"},
	{"no rate, held back by a few drops", {SENDING, ARRIVED(9999, 1), SENDER(990), RECEIVER(300)},
		LIMIT_SOCKET_BUFFER, "0.010 %"},
	{"no rate, held back by a few drops, busy", {SENDING, ARRIVED(9999, 1), SENDER(990), RECEIVER(900)},
		LIMIT_RECEIVER_CPU, "90 % of a CPU"},
	{"no rate, sender idle", {SENDING, ARRIVED(SENT, 0), SENDER(400)}, LIMIT_SENDER_HOST,
		"40 % of a CPU"},
	{"no rate, sender held up", {SENDING, ARRIVED(SENT, 0), LATE(sent.load, 400, 3, 9 * MS)},
		LIMIT_SENDER_PAUSED, "held up, 0.3 %"},
	{"no offload, sender not busy", {SENDING, ARRIVED(SENT, 0), BARE(sent.load, 400)}, LIMIT_SENDER_HOST,
		"40 % of a CPU, without offload"},
	{"no offload at the sender", {SENDING, ARRIVED(SENT, 0), BARE(sent.load, 900)}, LIMIT_SENDER_CPU,
		"without offload"},
	{"no offload at the receiver", {SENDING, ARRIVED(9000, 1000), BARE(received.load, 900)},
		LIMIT_RECEIVER_CPU, "without offload"},
};

static void test_limit(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(limit_rows); i++) {
		char text[VERDICT_TEXT];

		print_message("%s\n", limit_rows[i].name);
		assert_string_equal(verdict_limit_name(verdict_limit(&limit_rows[i].record)),
			verdict_limit_name(limit_rows[i].limit));
		verdict_sentence(&limit_rows[i].record, text);
		print_message("\t%s\n", text);
		assert_non_null(strstr(text, limit_rows[i].evidence));
	}
}

/* Where the rate lay for 80 % of the time, if that is worth a word. */
static void test_range(void **state)
{
	static const struct {
		uint64_t p10_bps, p90_bps;
		const char *text;
	} rows[] = {
		{0, 0, ""},
		{0, 61 * MBIT, ""},
		{61 * MBIT, 61 * MBIT, ""},
		{100, 133, ""},
		{100, 134, "100.0 .. 134.0 bit/s"},
		{32 * MBIT, 61 * MBIT, "32.0 .. 61.0 Mbit/s"},
		{940 * MBIT, 1300 * MBIT, "0.94 .. 1.30 Gbit/s"},
		{250000, 990000, "250.0 .. 990.0 kbit/s"},
		{1, UINT64_MAX, "0.00 .. 18446744.07 Tbit/s"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct path_capacity c = {.p10_bps = rows[i].p10_bps, .p90_bps = rows[i].p90_bps};
		char text[VERDICT_RANGE];

		assert_string_equal(verdict_range(&c, text), rows[i].text);
	}
}

/* One result names one host: the one that its verdict names, and only where it names none is the capacity
 * what the path carries. */
static void test_one_host(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(limit_rows); i++) {
		enum verdict_limit limit = limit_rows[i].limit;
		bool sender = verdict_blames_sender(limit), receiver = verdict_blames_receiver(limit);
		char text[VERDICT_TEXT];

		print_message("%s\n", limit_rows[i].name);
		verdict_sentence(&limit_rows[i].record, text);
		assert_false(sender && receiver);
		assert_int_equal(sender, strstr(text, "the sender") != NULL);
		assert_int_equal(receiver, strstr(text, "the receiver") != NULL);
		assert_int_equal(verdict_is_least(&limit_rows[i].record), limit != LIMIT_PATH);
	}
}

/* Offload is only spoken of where it is missing. */
static void test_offload_is_no_news(void **state)
{
	static const struct test_record rows[] = {
		{SENDING, ARRIVED(SENT, 0), SENDER(900)},
		{SENDING, ARRIVED(9000, 1000), RECEIVER(900)},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char text[VERDICT_TEXT];

		verdict_sentence(&rows[i], text);
		assert_null(strstr(text, "offload"));
	}
}

/* Names are for scripts: each has its own, without blanks. */
static void test_names(void **state)
{
	(void)state;
	for (int i = 0; i < VERDICT_LIMITS; i++) {
		const char *name = verdict_limit_name((enum verdict_limit)i);

		assert_non_null(name);
		assert_int_equal(strspn(name, "abcdefghijklmnopqrstuvwxyz_"), strlen(name));
		for (int k = 0; k < i; k++)
			assert_string_not_equal(name, verdict_limit_name((enum verdict_limit)k));
	}
}

/* A port's round trips: 100 without load, 100 under it. */
#define IDLE(p50)   .latency.idle = {.n = 100, .p50_ns = (p50)}
#define LOADED(p95) .latency.loaded = {.n = 100, .p95_ns = (p95)}

static const struct {
	const char *name;
	struct port_snapshot port[PORT_KINDS];
	uint64_t added_ns;
	char grade;
} grade_rows[] = {
	{"nothing is known", {{.latency.n = 0}}, 0, '-'},
	{"only without load", {{IDLE(10 * MS)}}, 0, '-'},
	{"only under load", {{LOADED(900 * MS)}}, 0, '-'},
	{"one half on each of two ports", {{IDLE(10 * MS)}, {LOADED(900 * MS)}}, 0, '-'},
	{"nothing added", {{IDLE(10 * MS), LOADED(10 * MS)}}, 0, 'A'},
	{"faster under load", {{IDLE(10 * MS), LOADED(9 * MS)}}, 0, 'A'},
	{"just below 5 ms", {{IDLE(10 * MS), LOADED(15 * MS - 1)}}, 5 * MS - 1, 'A'},
	{"5 ms", {{IDLE(10 * MS), LOADED(15 * MS)}}, 5 * MS, 'B'},
	{"just below 30 ms", {{IDLE(10 * MS), LOADED(40 * MS - 1)}}, 30 * MS - 1, 'B'},
	{"30 ms", {{IDLE(10 * MS), LOADED(40 * MS)}}, 30 * MS, 'C'},
	{"just below 60 ms", {{IDLE(0), LOADED(60 * MS - 1)}}, 60 * MS - 1, 'C'},
	{"60 ms", {{IDLE(0), LOADED(60 * MS)}}, 60 * MS, 'D'},
	{"just below 200 ms", {{IDLE(300 * MS), LOADED(500 * MS - 1)}}, 200 * MS - 1, 'D'},
	{"200 ms", {{IDLE(300 * MS), LOADED(500 * MS)}}, 200 * MS, 'E'},
	{"just below 400 ms", {{IDLE(1 * MS), LOADED(401 * MS - 1)}}, 400 * MS - 1, 'E'},
	{"400 ms", {{IDLE(1 * MS), LOADED(401 * MS)}}, 400 * MS, 'F'},
	{"a minute", {{IDLE(1 * MS), LOADED(60001 * MS)}}, 60000 * MS, 'F'},
	{"the worst port counts, not the slowest",
		{{IDLE(300 * MS), LOADED(310 * MS)}, {IDLE(1 * MS), LOADED(101 * MS)},
			{IDLE(1 * MS), LOADED(2 * MS)}},
		100 * MS, 'D'},
	{"a port without load says nothing", {{IDLE(1 * MS), LOADED(2 * MS)}, {IDLE(1 * MS)}}, 1 * MS, 'A'},
};

static void test_grade(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(grade_rows); i++) {
		struct session_snapshot s = {.tests = 0};

		print_message("%s\n", grade_rows[i].name);
		memcpy(s.port, grade_rows[i].port, sizeof s.port);
		assert_int_equal(verdict_added_ns(&s), grade_rows[i].added_ns);
		assert_int_equal(verdict_grade(&s), grade_rows[i].grade);
	}
}

#define TRIPS(count, mean) .latency.loaded = {.n = (count), .mean_ns = (mean)}
#define DATA_OUT           .source.packets = 1
#define DATA_IN            .sink.packets = 1

static const struct {
	const char *name;
	struct port_snapshot port[PORT_KINDS];
	uint32_t a_minute;
} responsiveness_rows[] = {
	{"none under load", {{IDLE(10 * MS)}}, 0},
	{"100 ms on CONTROL", {{TRIPS(5, 100 * MS)}}, 600},
	{"a port that carried nothing", {{TRIPS(5, 100 * MS)}, {TRIPS(5, 300 * MS)}}, 600},
	{"one that sent", {{TRIPS(5, 100 * MS)}, {TRIPS(5, 300 * MS), DATA_OUT}}, 300},
	{"one that received", {{TRIPS(5, 100 * MS)}, {TRIPS(5, 300 * MS), DATA_IN}}, 300},
	{"each round trip counts alike", {{TRIPS(30, 100 * MS)}, {TRIPS(10, 300 * MS), DATA_OUT}}, 400},
	{"all three", {{TRIPS(10, 20 * MS)}, {TRIPS(10, 40 * MS), DATA_OUT}, {TRIPS(10, 60 * MS), DATA_IN}},
		1500},
	{"on a loaded port alone", {{.latency.n = 0}, {TRIPS(1, 50 * MS), DATA_OUT}}, 1200},
	{"a long way", {{TRIPS(UINT32_MAX, 60000 * MS)}}, 1},
	{"round trips that took no time", {{TRIPS(5, 0)}}, 0},
};

static void test_responsiveness(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(responsiveness_rows); i++) {
		struct session_snapshot s = {.tests = 0};

		print_message("%s\n", responsiveness_rows[i].name);
		memcpy(s.port, responsiveness_rows[i].port, sizeof s.port);
		assert_int_equal(verdict_responsiveness(&s), responsiveness_rows[i].a_minute);
	}
}

#define RISES(idle_ns, loaded_ns) \
	.latency = {.idle = {.n = 100, .p50_ns = (idle_ns)}, .loaded = {.n = 100, .p50_ns = (loaded_ns)}}

static const struct {
	const char *name;
	struct port_snapshot port[PORT_KINDS];
	enum verdict_queues queues;
} queue_rows[] = {
	{"nothing is known", {{.latency.n = 0}}, QUEUES_UNKNOWN},
	{"nothing queued", {{RISES(MS, MS)}, {RISES(MS, 3 * MS - 1), DATA_OUT}}, QUEUES_UNKNOWN},
	{"2 ms, alone", {{RISES(MS, MS)}, {RISES(MS, 3 * MS), DATA_OUT}}, QUEUES_PER_FLOW},
	{"2 ms, both", {{RISES(MS, 3 * MS)}, {RISES(MS, 3 * MS), DATA_OUT}}, QUEUES_SHARED},
	{"half of it", {{RISES(MS, 51 * MS)}, {RISES(MS, 101 * MS), DATA_IN}}, QUEUES_PER_FLOW},
	{"more than half of it", {{RISES(MS, 52 * MS)}, {RISES(MS, 101 * MS), DATA_IN}}, QUEUES_SHARED},
	{"CONTROL not measured", {{IDLE(MS)}, {RISES(MS, 101 * MS), DATA_OUT}}, QUEUES_UNKNOWN},
	{"CONTROL alone", {{RISES(MS, 101 * MS)}, {RISES(MS, MS), DATA_OUT}}, QUEUES_UNKNOWN},
	{"a port that carried nothing", {{RISES(MS, MS)}, {RISES(MS, 101 * MS)}}, QUEUES_UNKNOWN},
	{"the fuller of two counts",
		{{RISES(MS, 11 * MS)}, {RISES(MS, 12 * MS), DATA_OUT}, {RISES(MS, 101 * MS), DATA_IN}},
		QUEUES_PER_FLOW},
	{"faster under load", {{RISES(9 * MS, MS)}, {RISES(9 * MS, 50 * MS), DATA_OUT}}, QUEUES_PER_FLOW},
};

static void test_queues(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(queue_rows); i++) {
		struct session_snapshot s = {.tests = 0};

		print_message("%s\n", queue_rows[i].name);
		memcpy(s.port, queue_rows[i].port, sizeof s.port);
		assert_int_equal(verdict_queues(&s), queue_rows[i].queues);
	}
}

/* 10 Mbyte in a second are 10 kB in a millisecond. */
static void test_standing_queue(void **state)
{
	struct test_record t = {.sent.duration_ns = 1000000000, .received.count = {.bytes = 10000000}};
	struct session_snapshot s = {.tests = 0};
	struct verdict_queue q = verdict_standing_queue(&s, &t);

	(void)state;
	assert_int_equal(q.ns + q.bytes, 0);
	s.port[PORT_UPLOAD].latency.idle = (struct latency_part){.n = 3, .p50_ns = 500000};
	assert_int_equal(verdict_standing_queue(&s, &t).ns, 0);
	s.port[PORT_UPLOAD].latency.loaded = (struct latency_part){.n = 3, .p50_ns = 3500000};
	q = verdict_standing_queue(&s, &t);
	assert_int_equal(q.ns, 3000000);
	assert_int_equal(q.bytes, 30000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_limit),
		cmocka_unit_test(test_range),
		cmocka_unit_test(test_one_host),
		cmocka_unit_test(test_offload_is_no_news),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_grade),
		cmocka_unit_test(test_responsiveness),
		cmocka_unit_test(test_queues),
		cmocka_unit_test(test_standing_queue),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
