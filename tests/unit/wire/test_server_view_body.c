/* The server's side of a session as a body: what is written is read back, the largest values fit, and what is
 * not right in every part is refused. */
#include <string.h>

#include "proto/wire/server_view_body.h"
#include "tests/support/test.h"
#include "tests/support/vectors.h"

/* Every value differs from its neighbours, by key and by port. */
static struct server_view example(void)
{
	struct server_view v = {.clock_ns = UINT64_C(123456789012345)};

	for (unsigned k = 0; k < PORT_KINDS; k++)
		v.port[k] = (struct server_view_port){
			.state = k < PORT_DOWNLOAD ? PORT_UP : PORT_FAILED,
			.thread_id = (int32_t)(4711 + k),
			.cpu_ns = 20000000 + k,
			.steps = 300 + k,
			.received_packets = 40 + k,
			.received_bytes = 5000 + k,
			.sent_packets = 41 + k,
			.sent_bytes = 6000 + k,
			.socket_drops = 1 + k,
			.rejected = 2 + k,
			.receive_buffer_bytes = 212992 + k,
			.latency_n = 30 + k,
			.latency_lost = 3 + k,
			.latency_last_ns = 1500000 + k,
			.latency_p50_ns = 1400000 + k,
			.latency_p99_ns = 1900000 + k,
			.source_active = k == PORT_DOWNLOAD,
			.sink_active = k == PORT_UPLOAD,
		};
	return v;
}

/* Every number is `n`, as far as its type goes. */
static struct server_view filled(uint64_t n)
{
	struct server_view v = {.clock_ns = n};

	for (int k = 0; k < PORT_KINDS; k++)
		v.port[k] = (struct server_view_port){
			.state = n ? PORT_FAILED : PORT_WAITING,
			.thread_id = n < INT32_MAX ? (int32_t)n : INT32_MAX,
			.cpu_ns = n,
			.steps = n,
			.received_packets = n,
			.received_bytes = n,
			.sent_packets = n,
			.sent_bytes = n,
			.socket_drops = n,
			.rejected = n,
			.receive_buffer_bytes = n < UINT32_MAX ? (uint32_t)n : UINT32_MAX,
			.latency_n = n,
			.latency_lost = n,
			.latency_last_ns = n,
			.latency_p50_ns = n,
			.latency_p99_ns = n,
			.source_active = n != 0,
			.sink_active = n != 0,
		};
	return v;
}

static void check_port(const struct server_view_port *got, const struct server_view_port *want)
{
	assert_int_equal(got->state, want->state);
	assert_int_equal(got->thread_id, want->thread_id);
	assert_int_equal(got->cpu_ns, want->cpu_ns);
	assert_int_equal(got->steps, want->steps);
	assert_int_equal(got->received_packets, want->received_packets);
	assert_int_equal(got->received_bytes, want->received_bytes);
	assert_int_equal(got->sent_packets, want->sent_packets);
	assert_int_equal(got->sent_bytes, want->sent_bytes);
	assert_int_equal(got->socket_drops, want->socket_drops);
	assert_int_equal(got->rejected, want->rejected);
	assert_int_equal(got->receive_buffer_bytes, want->receive_buffer_bytes);
	assert_int_equal(got->latency_n, want->latency_n);
	assert_int_equal(got->latency_lost, want->latency_lost);
	assert_int_equal(got->latency_last_ns, want->latency_last_ns);
	assert_int_equal(got->latency_p50_ns, want->latency_p50_ns);
	assert_int_equal(got->latency_p99_ns, want->latency_p99_ns);
	assert_int_equal(got->source_active, want->source_active);
	assert_int_equal(got->sink_active, want->sink_active);
}

static void check_read(const char *body, size_t size, const struct server_view *want)
{
	struct server_view got;

	memset(&got, 0x55, sizeof(got));
	assert_int_equal(server_view_body_decode((const uint8_t *)body, size, &got), WIRE_OK);
	assert_int_equal(got.taken_ns, 0);
	assert_int_equal(got.clock_ns, want->clock_ns);
	for (int k = 0; k < PORT_KINDS; k++)
		check_port(&got.port[k], &want->port[k]);
}

static void test_vector(void **state)
{
	char want[VECTOR_BYTES], out[WIRE_BODY_BYTES];
	struct server_view v = example();
	size_t size = vector_text(want, "view", "question");

	(void)state;
	assert_int_equal(server_view_body_encode_question(out), size);
	assert_memory_equal(out, want, size);
	assert_int_equal(server_view_body_decode_question((const uint8_t *)want, size), WIRE_OK);
	size = vector_text(want, "view", "answer");
	assert_int_equal(server_view_body_encode(out, &v), size);
	assert_memory_equal(out, want, size);
	check_read(want, size, &v);
}

static void test_roundtrip(void **state)
{
	static const struct {
		uint64_t n, read;
	} rows[] = {
		{0, 0},
		{1, 1},
		{INT32_MAX, INT32_MAX},
		{UINT32_MAX, UINT32_MAX},
		{(UINT64_C(1) << 53) + 1, (UINT64_C(1) << 53) + 1},
		{SERVER_VIEW_NUMBER_MAX, SERVER_VIEW_NUMBER_MAX},
		{SERVER_VIEW_NUMBER_MAX + 1, SERVER_VIEW_NUMBER_MAX},
		{UINT64_MAX, SERVER_VIEW_NUMBER_MAX},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct server_view v = filled(rows[i].n), want = filled(rows[i].read), got;
		char out[WIRE_BODY_BYTES];
		size_t size = server_view_body_encode(out, &v);

		print_message("%ju: %zu bytes\n", (uintmax_t)rows[i].n, size);
		/* The largest values leave room for the seal. */
		assert_in_range(size, 1, WIRE_MAX_BYTES - WIRE_HEADER_BYTES - SEAL_TAG_BYTES);
		check_read(out, size, &want);
		for (size_t cut = 0; cut < size; cut++)
			assert_int_equal(
				server_view_body_decode((const uint8_t *)out, cut, &got), REJECT_BODY);
	}
}

/* Reasons are summed up, and of latency only a part is told. */
static void test_from_a_snapshot(void **state)
{
	struct port_snapshot s = {
		.state = PORT_UP,
		.thread_id = 1,
		.cpu_ns = 2,
		.steps = 3,
		.received_packets = 4,
		.received_bytes = 5,
		.sent_packets = 6,
		.sent_bytes = 7,
		.socket_drops = 8,
		.receive_buffer_bytes = 9,
		.latency = {.n = 10, .lost = 11, .last_ns = 12, .p50_ns = 13, .p99_ns = 14},
		.source_active = true,
	};
	struct server_view_port want =
					{
						.state = PORT_UP,
						.thread_id = 1,
						.cpu_ns = 2,
						.steps = 3,
						.received_packets = 4,
						.received_bytes = 5,
						.sent_packets = 6,
						.sent_bytes = 7,
						.socket_drops = 8,
						.receive_buffer_bytes = 9,
						.latency_n = 10,
						.latency_lost = 11,
						.latency_last_ns = 12,
						.latency_p50_ns = 13,
						.latency_p99_ns = 14,
						.source_active = true,
					},
				got;

	(void)state;
	for (int reason = REJECT_SHORT; reason < WIRE_REJECTS; reason++) {
		s.rejected[reason] = UINT64_C(1) << reason;
		want.rejected += UINT64_C(1) << reason;
	}
	got = server_view_body_port(&s);
	check_port(&got, &want);
}

#define REST                                                                                                \
	"\"steps\":0,\"rp\":0,\"rb\":0,\"sp\":0,\"sb\":0,\"drop\":0,\"rej\":0,\"n\":0,\"lost\":0,\"last\":" \
	"0,"                                                                                                \
	"\"p50\":0,\"p99\":0"
#define PORT(st, tid, cpu, buf, src, snk)                                                             \
	"{\"st\":" st ",\"tid\":" tid ",\"cpu\":" cpu ",\"buf\":" buf ",\"src\":" src ",\"snk\":" snk \
	"," REST "}"
#define GOOD        PORT("0", "0", "0", "0", "0", "0")
#define PORTS(last) "{\"cmd\":\"VIEW\",\"ack\":0,\"clock\":7,\"ports\":[" GOOD "," GOOD "," last "]}"
#define VIEW(rest)  "{\"cmd\":\"VIEW\"," rest "}"
#define THREE       "\"ports\":[" GOOD "," GOOD "," GOOD "]"

/* Other spellings of what is right. */
static void test_taken(void **state)
{
	static const char *const rows[] = {
		PORTS(GOOD),
		PORTS(PORT("0.0", "0", "0e3", "0", "0", "0")),
		PORTS("{\"new\":[{}],\"text\":\"\\u001b\",\"st\":0,\"tid\":0,\"cpu\":0,\"buf\":0,\"src\":0,"
		      "\"snk\":0," REST "}"),
		VIEW(" \"clock\" : 7.0,\n" THREE ",\"ack\":0,\"new\":{}"),
	};
	struct server_view want = filled(0);

	(void)state;
	want.clock_ns = 7;
	for (size_t i = 0; i < COUNT(rows); i++) {
		print_message("%s\n", rows[i]);
		check_read(rows[i], strlen(rows[i]), &want);
	}
}

static const char *const hostile[] = {
	"",
	"{",
	"[]",
	"{}",
	"null",
	"{\"cmd\":\"VIEW\"}",
	PORTS(GOOD) "x",
	"{\"ack\":0,\"clock\":7," THREE "}",
	"{\"cmd\":\"view\",\"ack\":0,\"clock\":7," THREE "}",
	"{\"cmd\":7,\"ack\":0,\"clock\":7," THREE "}",
	VIEW("\"clock\":7," THREE),
	VIEW("\"ack\":1,\"clock\":7," THREE),
	VIEW("\"ack\":null,\"clock\":7," THREE),
	VIEW("\"ack\":\"0\",\"clock\":7," THREE),
	VIEW("\"ack\":0," THREE),
	VIEW("\"ack\":0,\"clock\":-1," THREE),
	VIEW("\"ack\":0,\"clock\":\"7\"," THREE),
	VIEW("\"ack\":0,\"clock\":7.5," THREE),
	VIEW("\"ack\":0,\"clock\":9223372036854775808," THREE),
	VIEW("\"ack\":0,\"clock\":1e300," THREE),
	VIEW("\"ack\":0,\"clock\":7,\"clock\":7," THREE),
	VIEW("\"ack\":0,\"clock\":7"),
	VIEW("\"ack\":0,\"clock\":7,\"ports\":[]"),
	VIEW("\"ack\":0,\"clock\":7,\"ports\":null"),
	VIEW("\"ack\":0,\"clock\":7,\"ports\":3"),
	VIEW("\"ack\":0,\"clock\":7,\"ports\":" GOOD),
	VIEW("\"ack\":0,\"clock\":7,\"ports\":[" GOOD "," GOOD "]"),
	VIEW("\"ack\":0,\"clock\":7,\"ports\":[" GOOD "," GOOD "," GOOD "," GOOD "]"),
	PORTS("{}"),
	PORTS("[]"),
	PORTS("null"),
	PORTS("{\"st\":0,\"tid\":0,\"buf\":0,\"src\":0,\"snk\":0," REST "}"),
	PORTS("{\"st\":0,\"tid\":0,\"cpu\":0,\"buf\":0,\"src\":0,\"snk\":0}"),
	PORTS("{\"st\":0,\"st\":0,\"tid\":0,\"cpu\":0,\"buf\":0,\"src\":0,\"snk\":0," REST "}"),
	PORTS(PORT("3", "0", "0", "0", "0", "0")),
	PORTS(PORT("-1", "0", "0", "0", "0", "0")),
	PORTS(PORT("\"1\"", "0", "0", "0", "0", "0")),
	PORTS(PORT("true", "0", "0", "0", "0", "0")),
	PORTS(PORT("0", "-1", "0", "0", "0", "0")),
	PORTS(PORT("0", "2147483648", "0", "0", "0", "0")),
	PORTS(PORT("0", "0", "-1", "0", "0", "0")),
	PORTS(PORT("0", "0", "9223372036854775808", "0", "0", "0")),
	PORTS(PORT("0", "0", "9223372036854775808.0", "0", "0", "0")),
	PORTS(PORT("0", "0", "0.5", "0", "0", "0")),
	PORTS(PORT("0", "0", "[0]", "0", "0", "0")),
	PORTS(PORT("0", "0", "null", "0", "0", "0")),
	PORTS(PORT("0", "0", "0", "-1", "0", "0")),
	PORTS(PORT("0", "0", "0", "4294967296", "0", "0")),
	PORTS(PORT("0", "0", "0", "0", "2", "0")),
	PORTS(PORT("0", "0", "0", "0", "true", "0")),
	PORTS(PORT("0", "0", "0", "0", "0", "2")),
};

static const char *const hostile_questions[] = {
	"",
	"VIEW",
	"[]",
	"null",
	"{}",
	"{\"cmd\":\"VIEW\"}x",
	"{\"cmd\":\"VIEW\",\"cmd\":\"VIEW\"}",
	"{\"cmd\":\"VIEW\",\"ack\":0}",
	"{\"cmd\":\"VIEW\",\"ack\":1}",
	"{\"cmd\":\"VIEW\",\"ack\":null}",
	"{\"cmd\":\"view\"}",
	"{\"cmd\":\"VIEWS\"}",
	"{\"cmd\":\"VIEW\\u0000\"}",
	"{\"cmd\":[\"VIEW\"]}",
	"{\"cmd\":\"BWUP\",\"channel\":5,\"duration\":2,\"rate\":0,\"length\":1000}",
	PORTS(GOOD),
};

static void test_hostile(void **state)
{
	struct server_view v;

	(void)state;
	for (size_t i = 0; i < COUNT(hostile); i++)
		if (server_view_body_decode((const uint8_t *)hostile[i], strlen(hostile[i]), &v) !=
			REJECT_BODY)
			fail_msg("taken: %s", hostile[i]);
	for (size_t i = 0; i < COUNT(hostile_questions); i++)
		if (server_view_body_decode_question((const uint8_t *)hostile_questions[i],
			    strlen(hostile_questions[i])) != REJECT_BODY)
			fail_msg("taken: %s", hostile_questions[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vector),
		cmocka_unit_test(test_roundtrip),
		cmocka_unit_test(test_from_a_snapshot),
		cmocka_unit_test(test_taken),
		cmocka_unit_test(test_hostile),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
