/* What commands and results say beside terms and counters: all of it may be missing, none of it may be wrong,
 * and the largest that there can be still fits. */
#include <string.h>

#include "proto/sys/clock.h"
#include "proto/wire/command.h"
#include "proto/wire/json.h"
#include "proto/wire/result.h"
#include "proto/wire/seal.h"
#include "tests/support/test.h"

#define UID       "12345678-1234-4234-8234-123456789abc"
#define MOST      WIRE_JSON_COUNT_MAX
#define MOST_TEXT "9007199254740992"

static struct result_message through(const struct result_message *m)
{
	struct result_message got;
	char out[WIRE_BODY_BYTES];
	size_t size = result_encode(out, m);

	assert_in_range(size, 1, WIRE_BODY_BYTES - SEAL_TAG_BYTES);
	memset(&got, 0x55, sizeof got);
	assert_int_equal(result_decode((const uint8_t *)out, size, &got), WIRE_OK);
	return got;
}

static const struct result_message sent = {.channel = 7, .uid = UID, .has_sent = true};
static const struct result_message received = {.channel = 7, .uid = UID};

static void test_capacity(void **state)
{
	static const struct path_capacity rows[] = {
		{.bps = 0},
		{.bps = 1, .ci_ppm = 0, .limit = CAPACITY_UNKNOWN},
		{.bps = 93700000, .ci_ppm = 8000, .limit = CAPACITY_NETWORK},
		{.bps = 48000000,
			.ci_ppm = 9,
			.limit = CAPACITY_NETWORK,
			.p10_bps = 32000000,
			.p50_bps = 47000000,
			.p90_bps = MOST},
		{.bps = 400000000000, .ci_ppm = 1000000, .limit = CAPACITY_SENDER},
		{.bps = 5000000, .ci_ppm = 1, .limit = CAPACITY_RECEIVER},
		{.bps = MOST, .ci_ppm = UINT32_MAX, .limit = CAPACITY_CEILING},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows) * (ENDED_BUDGET + 1); i++) {
		struct result_message m = sent, got;
		enum test_ended ended = (enum test_ended)(i / COUNT(rows));
		const struct path_capacity *want = &rows[i % COUNT(rows)];

		print_message("row %zu, ended %d\n", i % COUNT(rows), ended);
		m.sent.capacity = *want;
		m.sent.ended = ended;
		got = through(&m);
		assert_int_equal(got.sent.capacity.bps, want->bps);
		assert_int_equal(got.sent.capacity.ci_ppm, want->ci_ppm);
		assert_int_equal(got.sent.capacity.limit, want->limit);
		assert_int_equal(got.sent.capacity.p10_bps, want->p10_bps);
		assert_int_equal(got.sent.capacity.p50_bps, want->p50_bps);
		assert_int_equal(got.sent.capacity.p90_bps, want->p90_bps);
		assert_int_equal(got.sent.ended, ended);
		assert_false(got.sent.load.known);
		assert_int_equal(got.received.pattern.bursts, 0);
	}
}

static void test_bucket(void **state)
{
	static const struct bucket_result rows[] = {
		{BUCKET_NONE, 0, 0},
		{BUCKET_SHAPER, 30000000, 10000000},
		{BUCKET_POLICER, 1, MOST},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct result_message m = sent, got;

		print_message("row %zu\n", i);
		m.sent.bucket = rows[i];
		got = through(&m);
		assert_int_equal(got.sent.bucket.kind, rows[i].kind);
		assert_int_equal(got.sent.bucket.rate_bps, rows[i].rate_bps);
		assert_int_equal(got.sent.bucket.bytes, rows[i].bytes);
	}
}

/* Either end's. */
static void test_load(void **state)
{
	static const struct host_load rows[] = {
		{.known = false},
		{.known = true},
		{.known = true, .cpu_permille = 973, .offload = true},
		{.known = true, .cpu_permille = UINT32_MAX},
		{.known = true, .cpu_permille = 12, .late_permille = 1000, .late_max_ns = 12345 * NS_PER_US},
	};

	(void)state;
	for (size_t i = 0; i < 2 * COUNT(rows); i++) {
		struct result_message m = i % 2 ? sent : received, got;
		const struct host_load *want = &rows[i / 2],
				       *load = i % 2 ? &got.sent.load : &got.received.load;

		print_message("row %zu, %s\n", i / 2, i % 2 ? "sent" : "received");
		if (i % 2)
			m.sent.load = *want;
		else
			m.received.load = *want;
		got = through(&m);
		assert_int_equal(load->known, want->known);
		assert_int_equal(load->cpu_permille, want->cpu_permille);
		assert_int_equal(load->offload, want->offload);
		assert_int_equal(load->late_permille, want->late_permille);
		assert_int_equal(load->late_max_ns, want->late_max_ns);
	}
}

static const struct {
	const char *name;
	struct loss_pattern pattern;
	unsigned outages; /* that the other end learns */
} pattern_rows[] = {
	{"nothing was lost", {.bursts = 0}, 0},
	{"one packet", {.bursts = 1, .lost = 1, .longest = 1, .burst = {1}, .mean = 1}, 0},
	{"every length", {.bursts = 78, .longest = 4000, .burst = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}},
		0},
	{"a rhythm", {.bursts = 9, .burst = {9}, .longest = 1, .period = 1000, .period_share = 0.875}, 0},
	{"late, and nothing lost", {.late = 5, .extent_max = 17, .late_max_ns = 1200000}, 0},
	{"an outage", {.bursts = 1, .burst = {[9] = 1}, .longest = 300, .outages = 1, .outage = {{1, 2, 3}}},
		1},
	{"an outage alone", {.outages = 1, .outage = {{5, 6, 7}}}, 1},
	{"as many as fit", {.outages = 4, .outage = {{1, 9, 3}, {4, 8, 6}, {7, 7, 9}, {2, 6, 5}}}, 4},
	{"more than fit: the longest",
		{.outages = LOSS_OUTAGES,
			.outage = {{1, 90, 1}, {2, 80, 2}, {3, 70, 3}, {4, 60, 4}, {5, 50, 5}}},
		4},
};

static void test_pattern(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(pattern_rows); i++) {
		const struct loss_pattern *want = &pattern_rows[i].pattern;
		struct result_message m = received, got;

		print_message("%s\n", pattern_rows[i].name);
		m.received.pattern = *want;
		got = through(&m);
		assert_int_equal(got.received.pattern.bursts, want->bursts);
		assert_memory_equal(got.received.pattern.burst, want->burst, sizeof want->burst);
		assert_int_equal(got.received.pattern.longest, want->longest);
		assert_int_equal(got.received.pattern.period, want->period);
		assert_true(got.received.pattern.period_share == want->period_share);
		assert_int_equal(got.received.pattern.late, want->late);
		assert_int_equal(got.received.pattern.extent_max, want->extent_max);
		assert_int_equal(got.received.pattern.late_max_ns, want->late_max_ns);
		assert_int_equal(got.received.pattern.outages, pattern_rows[i].outages);
		assert_memory_equal(got.received.pattern.outage, want->outage,
			pattern_rows[i].outages * sizeof want->outage[0]);
	}
}

/* All that is known, at its largest, beside counters at their largest; above MOST no peer can read a number,
 * so there it says MOST. */
static void test_largest(void **state)
{
	static const struct {
		const char *name;
		uint64_t value, read;
	} rows[] = {{"the largest that is exact", MOST, MOST}, {"any", UINT64_MAX, MOST}};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		uint64_t n = rows[i].value;
		struct result_message up = sent, down = received, got;

		print_message("%s\n", rows[i].name);
		up.channel = down.channel = WIRE_CHANNEL_MAX;
		up.sent.duration_ns = MOST;
		up.sent.count = (struct source_counters){MOST, MOST, MOST, MOST, MOST, MOST, MOST, MOST};
		up.sent.capacity = (struct path_capacity){n, UINT32_MAX, CAPACITY_CEILING, n, n, n};
		up.sent.ended = ENDED_BUDGET;
		up.sent.load = down.received.load = (struct host_load){true, UINT32_MAX, true, 1000, n};
		up.sent.bucket = (struct bucket_result){BUCKET_POLICER, n, n};
		got = through(&up);
		assert_int_equal(got.sent.capacity.bps, rows[i].read);
		assert_int_equal(got.sent.bucket.bytes, rows[i].read);
		assert_int_equal(got.sent.load.cpu_permille, UINT32_MAX);

		down.received.count = (struct sink_counters){
			MOST, MOST, MOST, MOST, MOST, MOST, MOST, MOST, MOST, MOST, MOST};
		down.received.pattern = (struct loss_pattern){
			.bursts = n,
			.longest = n,
			.period = n,
			.period_share = 1,
			.late = n,
			.extent_max = n,
			.late_max_ns = n,
			.outages = LOSS_OUTAGES,
		};
		for (unsigned k = 0; k < LOSS_BURSTS; k++)
			down.received.pattern.burst[k] = n;
		for (unsigned k = 0; k < LOSS_OUTAGES; k++)
			down.received.pattern.outage[k] = (struct loss_outage){n, n, n};
		got = through(&down);
		assert_int_equal(got.received.pattern.burst[LOSS_BURSTS - 1], rows[i].read);
		assert_int_equal(got.received.pattern.outage[0].lost, rows[i].read);
		assert_int_equal(got.received.pattern.late_max_ns, rows[i].read);
	}
}

#define SENT_WITH(more)                                                                           \
	"{\"cmd\":\"TEST_RESULT\",\"ack\":1,\"channel\":9,\"uid\":\"u\",\"sent\":{\"packets\":1," \
	"\"bytes\":2,\"retransmitted\":3,\"unsent\":4,\"duration_ns\":5" more "}}"
#define RECEIVED_WITH(more)                                                                           \
	"{\"cmd\":\"TEST_RESULT\",\"ack\":1,\"channel\":9,\"uid\":\"u\",\"received\":{\"packets\":1," \
	"\"bytes\":2,\"unique\":3,\"duplicates\":4,\"network_duplicates\":5,\"retransmitted\":6,"     \
	"\"reordered\":7,\"host_drops\":8" more "}}"
#define CAPACITY(value) SENT_WITH(",\"capacity\":" value)
#define LOAD(value)     SENT_WITH(",\"load\":" value)
#define ENDED(value)    SENT_WITH(",\"ended\":" value)
#define BUCKET(value)   SENT_WITH(",\"bucket\":" value)
#define ZEROS           "[0,0,0,0,0,0,0,0,0,0,0,0]"
#define PATTERN(bursts, longest, period, late, outages)                                                \
	RECEIVED_WITH(",\"pattern\":{\"bursts\":" bursts ",\"longest\":" longest ",\"period\":" period \
		      ",\"late\":" late ",\"outages\":" outages "}")
#define ASKED_WITH(more) "{\"cmd\":\"BWUP\",\"channel\":5,\"duration\":2,\"rate\":0,\"length\":1000" more "}"

/* More than is known today may be in an array, and beside it. */
static const char *const taken[] = {
	SENT_WITH(""),
	RECEIVED_WITH(""),
	CAPACITY("[1,2,3,1]"),
	CAPACITY("[1.0,2e3,4,0,77,\"x\"]"),
	CAPACITY("[1,2,3,1,-1,\"x\"]"),
	CAPACITY("[1,2,1,0,5,6,7]"),
	CAPACITY("[1,2,1,0,0,0,0,null]"),
	CAPACITY("[" MOST_TEXT ",4294967295,4,1]"),
	ENDED("0"),
	ENDED("2"),
	ENDED("2,\"capacity\":[1,2,3,1]"),
	LOAD("[0,0]"),
	LOAD("[4294967295,1,null]"),
	LOAD("[1,0,2000,10]"),
	LOAD("[1,0,0,1000,null]"),
	BUCKET("[0,0,0]"),
	BUCKET("[2,30000000,10000000,4]"),
	SENT_WITH(",\"pattern\":7"), /* not a sender's to say */
	RECEIVED_WITH(",\"capacity\":7"),
	PATTERN(ZEROS, "[0]", "[0,0]", "[0,0,0]", "[]"),
	PATTERN(ZEROS, "[1]", "[2,1000]", "[3,4,5]", "[[1,2,3],[4,5,6,7]]"),
	PATTERN(ZEROS, "[1]", "[2,1000]", "[3,4,5]",
		"[[1,1,1],[1,1,1],[1,1,1],[1,1,1],[1,1,1],[1,1,1],[1,1,1],[1,1,1]]"),
};

static const char *const refused[] = {
	CAPACITY("7"),
	CAPACITY("null"),
	CAPACITY("true"),
	CAPACITY("\"1\""),
	CAPACITY("{}"),
	CAPACITY("[]"),
	CAPACITY("[1,2,3]"),
	CAPACITY("[-1,2,3,1]"),
	CAPACITY("[1.5,2,3,1]"),
	CAPACITY("[9007199254740993,2,3,1]"),
	CAPACITY("[1,4294967296,3,1]"),
	CAPACITY("[1,2,5,1]"),
	CAPACITY("[1,2,-1,1]"),
	CAPACITY("[1,2,3,2]"),
	CAPACITY("[1,2,3,true]"),
	CAPACITY("[\"1\",2,3,1]"),
	CAPACITY("[1,2,3,1,-1,0,0]"),
	CAPACITY("[1,2,3,1,0,0.5,0]"),
	CAPACITY("[1,2,3,1,0,0,null]"),
	CAPACITY("[1,2,3,1,0,0,9007199254740993]"),
	CAPACITY("[[1],2,3,1]"),
	CAPACITY("[1,2,3,1],\"capacity\":[1,2,3,1]"),
	ENDED("3"),
	ENDED("-1"),
	ENDED("0.5"),
	ENDED("null"),
	ENDED("true"),
	ENDED("[1]"),
	ENDED("\"budget\""),
	ENDED("1,\"ended\":1"),
	LOAD("7"),
	LOAD("null"),
	LOAD("[]"),
	LOAD("[1]"),
	LOAD("[4294967296,0]"),
	LOAD("[-1,0]"),
	LOAD("[0.5,0]"),
	LOAD("[0,2]"),
	LOAD("[0,false]"),
	LOAD("[1,0,-1,10]"),
	LOAD("[1,0,1,1001]"),
	LOAD("[1,0,1,null]"),
	BUCKET("7"),
	BUCKET("[]"),
	BUCKET("[1,2]"),
	BUCKET("[3,1,1]"),
	BUCKET("[-1,1,1]"),
	BUCKET("[1,0.5,1]"),
	BUCKET("[1,1,\"1\"]"),
	RECEIVED_WITH(",\"load\":[0,2]"),
	RECEIVED_WITH(",\"pattern\":7"),
	RECEIVED_WITH(",\"pattern\":null"),
	RECEIVED_WITH(",\"pattern\":[]"),
	RECEIVED_WITH(",\"pattern\":{}"),
	PATTERN("[0,0,0,0,0,0,0,0,0,0,0]", "[0]", "[0,0]", "[0,0,0]", "[]"),
	PATTERN("[-1,0,0,0,0,0,0,0,0,0,0,0]", "[0]", "[0,0]", "[0,0,0]", "[]"),
	PATTERN("[0,0,0,0,0,0,0,0,0,0,0,9007199254740993]", "[0]", "[0,0]", "[0,0,0]", "[]"),
	PATTERN("0", "[0]", "[0,0]", "[0,0,0]", "[]"),
	PATTERN(ZEROS, "0", "[0,0]", "[0,0,0]", "[]"),
	PATTERN(ZEROS, "[]", "[0,0]", "[0,0,0]", "[]"),
	PATTERN(ZEROS, "[0]", "[0]", "[0,0,0]", "[]"),
	PATTERN(ZEROS, "[0]", "[0,1001]", "[0,0,0]", "[]"),
	PATTERN(ZEROS, "[0]", "[0,0.5]", "[0,0,0]", "[]"),
	PATTERN(ZEROS, "[0]", "[0,0]", "[0,0]", "[]"),
	PATTERN(ZEROS, "[0]", "[0,0]", "[0,0,-1]", "[]"),
	PATTERN(ZEROS, "[0]", "[0,0]", "[0,0,0]", "7"),
	PATTERN(ZEROS, "[0]", "[0,0]", "[0,0,0]", "null"),
	PATTERN(ZEROS, "[0]", "[0,0]", "[0,0,0]", "{}"),
	PATTERN(ZEROS, "[0]", "[0,0]", "[0,0,0]", "[7]"),
	PATTERN(ZEROS, "[0]", "[0,0]", "[0,0,0]", "[[1,2]]"),
	PATTERN(ZEROS, "[0]", "[0,0]", "[0,0,0]", "[[1,2,3],[1,2,\"3\"]]"),
	PATTERN(ZEROS, "[0]", "[0,0]", "[0,0,0]",
		"[[1,1,1],[1,1,1],[1,1,1],[1,1,1],[1,1,1],[1,1,1],[1,1,1],[1,1,1],[1,1,1]]"),
	RECEIVED_WITH(
		",\"pattern\":{\"bursts\":" ZEROS ",\"longest\":[0],\"period\":[0,0],\"late\":[0,0,0]}"),
};

static void test_hostile(void **state)
{
	struct result_message r;

	(void)state;
	for (size_t i = 0; i < COUNT(taken); i++)
		if (result_decode((const uint8_t *)taken[i], strlen(taken[i]), &r) != WIRE_OK)
			fail_msg("refused: %s", taken[i]);
	for (size_t i = 0; i < COUNT(refused); i++)
		if (result_decode((const uint8_t *)refused[i], strlen(refused[i]), &r) != REJECT_BODY)
			fail_msg("taken: %s", refused[i]);
}

/* Peers that knew one reason to end early say it with the capacity. */
static void test_ended(void **state)
{
	static const struct {
		const char *body;
		enum test_ended ended;
	} rows[] = {
		{SENT_WITH(""), ENDED_TIME},
		{CAPACITY("[1,2,1,0]"), ENDED_TIME},
		{CAPACITY("[1,2,1,1]"), ENDED_CERTAIN},
		{ENDED("1"), ENDED_CERTAIN},
		{ENDED("2"), ENDED_BUDGET},
		{ENDED("2,\"capacity\":[1,2,1,1]"), ENDED_BUDGET},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct result_message r;

		print_message("%s\n", rows[i].body);
		assert_int_equal(
			result_decode((const uint8_t *)rows[i].body, strlen(rows[i].body), &r), WIRE_OK);
		assert_int_equal(r.sent.ended, rows[i].ended);
	}
}

static const struct {
	const char *body;
	enum wire_reject reason;
	bool search;
	uint32_t until_ppm;
	uint64_t budget_bytes;
} search_rows[] = {
	{ASKED_WITH(""), WIRE_OK, false, 0, 0},
	{ASKED_WITH(",\"search\":0"), WIRE_OK, true, 0, 0},
	{ASKED_WITH(",\"search\":10000"), WIRE_OK, true, 10000, 0},
	{ASKED_WITH(",\"search\":1e4"), WIRE_OK, true, 10000, 0},
	{ASKED_WITH(",\"search\":1000000"), WIRE_OK, true, 1000000, 0},
	{ASKED_WITH(",\"search\":1000001"), REJECT_BODY, false, 0, 0},
	{ASKED_WITH(",\"search\":-1"), REJECT_BODY, false, 0, 0},
	{ASKED_WITH(",\"search\":0.5"), REJECT_BODY, false, 0, 0},
	{ASKED_WITH(",\"search\":null"), REJECT_BODY, false, 0, 0},
	{ASKED_WITH(",\"search\":true"), REJECT_BODY, false, 0, 0},
	{ASKED_WITH(",\"search\":\"1\""), REJECT_BODY, false, 0, 0},
	{ASKED_WITH(",\"search\":[1]"), REJECT_BODY, false, 0, 0},
	{ASKED_WITH(",\"search\":1,\"search\":1"), REJECT_BODY, false, 0, 0},
	{ASKED_WITH(",\"budget\":0"), WIRE_OK, false, 0, 0},
	{ASKED_WITH(",\"budget\":15000000"), WIRE_OK, false, 0, 15000000},
	{ASKED_WITH(",\"budget\":1"), WIRE_OK, false, 0, 1},
	{ASKED_WITH(",\"search\":20000,\"budget\":2e6"), WIRE_OK, true, 20000, 2000000},
	{ASKED_WITH(",\"budget\":" MOST_TEXT), WIRE_OK, false, 0, MOST},
	{ASKED_WITH(",\"budget\":9007199254740993"), REJECT_BODY, false, 0, 0},
	{ASKED_WITH(",\"budget\":-1"), REJECT_BODY, false, 0, 0},
	{ASKED_WITH(",\"budget\":0.5"), REJECT_BODY, false, 0, 0},
	{ASKED_WITH(",\"budget\":null"), REJECT_BODY, false, 0, 0},
	{ASKED_WITH(",\"budget\":true"), REJECT_BODY, false, 0, 0},
	{ASKED_WITH(",\"budget\":\"15MB\""), REJECT_BODY, false, 0, 0},
	{ASKED_WITH(",\"budget\":[1]"), REJECT_BODY, false, 0, 0},
	{ASKED_WITH(",\"budget\":1,\"budget\":1"), REJECT_BODY, false, 0, 0},
};

static void test_search(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(search_rows); i++) {
		const char *body = search_rows[i].body;
		struct test_command m;
		char out[WIRE_BODY_BYTES];
		size_t size;

		print_message("%s\n", body);
		assert_int_equal(
			command_decode((const uint8_t *)body, strlen(body), &m), search_rows[i].reason);
		if (search_rows[i].reason)
			continue;
		assert_int_equal(m.search, search_rows[i].search);
		assert_int_equal(m.until_ppm, search_rows[i].until_ppm);
		assert_int_equal(m.budget_bytes, search_rows[i].budget_bytes);
		size = command_encode(out, &m);
		assert_in_range(size, 1, WIRE_BODY_BYTES - SEAL_TAG_BYTES);
		memset(&m, 0x55, sizeof m);
		assert_int_equal(command_decode((const uint8_t *)out, size, &m), WIRE_OK);
		assert_int_equal(m.search, search_rows[i].search);
		assert_int_equal(m.until_ppm, search_rows[i].until_ppm);
		assert_int_equal(m.budget_bytes, search_rows[i].budget_bytes);
	}
}

/* No peer could read it. */
static void test_largest_budget(void **state)
{
	struct test_command m = {
		.channel = 5, .duration_s = 2, .datagram_bytes = 1000, .budget_bytes = UINT64_MAX};
	char out[WIRE_BODY_BYTES];
	size_t size = command_encode(out, &m);

	(void)state;
	assert_int_equal(command_decode((const uint8_t *)out, size, &m), WIRE_OK);
	assert_int_equal(m.budget_bytes, MOST);
}

/* An answer grants; the question said how the rate is to be found, and when the test ends. */
static void test_answers_have_no_search(void **state)
{
	struct test_command m = {.is_answer = true,
		.channel = 5,
		.duration_s = 2,
		.uid = UID,
		.search = true,
		.until_ppm = 1,
		.budget_bytes = 15000000};
	char out[WIRE_BODY_BYTES + 1] = "";

	(void)state;
	assert_in_range(command_encode(out, &m), 1, WIRE_BODY_BYTES);
	assert_null(strstr(out, "search"));
	assert_null(strstr(out, "budget"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_capacity),
		cmocka_unit_test(test_bucket),
		cmocka_unit_test(test_load),
		cmocka_unit_test(test_pattern),
		cmocka_unit_test(test_largest),
		cmocka_unit_test(test_hostile),
		cmocka_unit_test(test_ended),
		cmocka_unit_test(test_search),
		cmocka_unit_test(test_largest_budget),
		cmocka_unit_test(test_answers_have_no_search),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
