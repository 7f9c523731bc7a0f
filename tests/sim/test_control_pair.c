/* The client's and the server's conversation joined in virtual time by links that lose, double and
 * reorder. The ports that send and receive are played by a few lines. */
#include "proto/engine/control.h"
#include "proto/sys/clock.h"
#include "tests/support/link.h"
#include "tests/support/test.h"

#define REPEAT_NS (UINT64_C(100) * NS_PER_MS)

enum { KEY = 26970, DATAGRAM = 937, SECONDS = 2, SINK_QUIET = 200 };

struct side {
	struct control control;
	struct link *out;
	struct test_order work; /* what its worker, the source or the sink, has to do */
	uint64_t work_ends_ns;  /* CLOCK_NEVER: it is idle */
	unsigned begun, stopped, refused;
};

struct pair {
	uint64_t now_ns;
	struct side client, server;
};

static void side_init(struct side *s, bool is_client, const struct link_impair *impair, uint64_t seed)
{
	*s = (struct side){.work_ends_ns = CLOCK_NEVER, .out = link_new(impair, seed)};
	control_init(&s->control, is_client, false, REPEAT_NS, KEY);
}

static void pair_open(struct pair *p, const struct link_impair *impair, uint64_t seed)
{
	p->now_ns = START_NS;
	side_init(&p->client, true, impair, 2 * seed + 1);
	side_init(&p->server, false, impair, 2 * seed + 2);
}

static void pair_close(struct pair *p)
{
	link_free(p->client.out);
	link_free(p->server.out);
}

static void receive(struct side *s, struct link *in, uint64_t now_ns)
{
	const struct link_datagram *d;

	while ((d = link_receive(in, now_ns))) {
		const uint8_t *body = d->bytes + WIRE_HEADER_BYTES;
		size_t size = d->size - WIRE_HEADER_BYTES;
		struct wire_header h;

		assert_int_equal(wire_decode(d->bytes, d->size, &h), WIRE_OK);
		s->refused += control_input(&s->control, &h, body, size, now_ns) != WIRE_OK;
	}
}

static void finish_work(struct side *s, uint64_t now_ns)
{
	struct mail mail = {
		.kind = s->control.is_client ? MAIL_SOURCE_DONE : MAIL_SINK_DONE,
		.order = s->work,
	};

	if (s->control.is_client) {
		mail.sent.count = (struct source_counters){.packets = 100, .bytes = UINT64_C(100) * DATAGRAM};
		mail.sent.duration_ns = s->work.duration_ns;
	} else {
		mail.received.known = RECEIVED_COUNTERS;
		mail.received.count = (struct sink_counters){
			.packets = 90,
			.bytes = UINT64_C(90) * DATAGRAM,
			.unique_packets = 80,
			.duplicates = 10,
			.retransmitted_packets = 12,
			.reordered = 5,
			.host_drops = 3,
		};
	}
	s->work_ends_ns = CLOCK_NEVER;
	control_take_mail(&s->control, &mail, now_ns);
}

static void read_mail(struct side *s, uint64_t now_ns)
{
	struct mail mail;

	while (control_gate_mail(&s->control, &mail)) {
		if (mail.kind != MAIL_ASK_GRANT)
			continue;
		mail.kind = MAIL_GRANT;
		control_take_mail(&s->control, &mail, now_ns);
	}
	while (control_mail(&s->control, &mail)) {
		if (mail.kind == MAIL_STOP_SOURCE) {
			s->stopped++;
			if (s->work_ends_ns != CLOCK_NEVER)
				finish_work(s, now_ns);
			continue;
		}
		assert_int_equal(mail.kind, s->control.is_client ? MAIL_START_SOURCE : MAIL_OPEN_SINK);
		assert_int_equal(s->work_ends_ns, CLOCK_NEVER);
		s->begun++;
		s->work = mail.order;
		s->work_ends_ns = mail.order.start_ns + mail.order.duration_ns;
		if (!s->control.is_client)
			s->work_ends_ns += SINK_QUIET * MS;
	}
}

static void step(struct side *s, struct link *in, uint64_t now_ns)
{
	struct control_packet packet;
	uint8_t bytes[WIRE_MAX_BYTES];

	receive(s, in, now_ns);
	if (now_ns >= s->work_ends_ns)
		finish_work(s, now_ns);
	control_due(&s->control, now_ns);
	read_mail(s, now_ns);
	while (control_packet(&s->control, now_ns, &packet)) {
		wire_encode(bytes, &packet.header);
		memcpy(bytes + WIRE_HEADER_BYTES, packet.body, packet.size);
		link_send(s->out, bytes, WIRE_HEADER_BYTES + packet.size, now_ns);
	}
	/* Nothing is left that would keep a loop spinning. */
	assert_true(control_due(&s->control, now_ns) > now_ns);
}

static uint64_t side_due_ns(struct side *s, uint64_t now_ns)
{
	uint64_t due_ns = control_due(&s->control, now_ns), link_ns = link_due_ns(s->out);

	due_ns = link_ns < due_ns ? link_ns : due_ns;
	return s->work_ends_ns < due_ns ? s->work_ends_ns : due_ns;
}

/* Until neither side has anything left to do, or `limit_ns`. */
static void run(struct pair *p, uint64_t limit_ns)
{
	while (p->now_ns < limit_ns) {
		uint64_t client_ns, server_ns;

		step(&p->client, p->server.out, p->now_ns);
		step(&p->server, p->client.out, p->now_ns);
		client_ns = side_due_ns(&p->client, p->now_ns);
		server_ns = side_due_ns(&p->server, p->now_ns);
		p->now_ns = client_ns < server_ns ? client_ns : server_ns;
	}
	if (p->now_ns > limit_ns && p->now_ns != CLOCK_NEVER)
		p->now_ns = limit_ns;
}

static void start(struct pair *p)
{
	struct test_order order = {
		.direction = TEST_UP,
		.duration_ns = SECONDS * UINT64_C(1000) * MS,
		.datagram_bytes = DATAGRAM,
	};

	assert_int_equal(control_start(&p->client.control, &order, p->now_ns), 0);
}

static struct test_record latest(const struct side *s)
{
	struct test_record r[CONTROL_TESTS];
	unsigned n = control_records(&s->control, r);

	return n > 0 ? r[n - 1] : (struct test_record){0};
}

/* Both ends tell the same story. */
static void check_agreement(const struct pair *p)
{
	struct test_record c = latest(&p->client), s = latest(&p->server);

	assert_int_equal(c.phase, TEST_COMPLETE);
	assert_int_equal(s.phase, TEST_COMPLETE);
	assert_int_equal(c.channel, s.channel);
	assert_string_equal(c.uid, s.uid);
	assert_int_equal(strlen(c.uid), TEST_UID_BYTES - 1);
	assert_int_equal(c.sent.count.packets, 100);
	assert_true(c.received.known == RECEIVED_COUNTERS);
	assert_memory_equal(&c.received.count, &s.received.count, sizeof(c.received.count));
	assert_int_equal(c.sent.duration_ns, SECONDS * UINT64_C(1000) * MS);
}

static const struct {
	const char *name;
	struct link_impair impair;
	uint64_t limit_ms; /* a test is over after that */
} impair_rows[] = {
	{"fine", {0, 0, 5 * NS_PER_MS, 0}, 2400},
	{"no delay", {0, 0, 0, 0}, 2400},
	{"a long way", {0, 0, 300 * UINT64_C(1000000), 0}, 3900},
	{"20 % loss", {.2, 0, 5 * NS_PER_MS, 0}, 6000},
	{"50 % loss", {.5, 0, 5 * NS_PER_MS, 0}, 9000},
	{"doubles", {0, .5, 5 * NS_PER_MS, 0}, 2400},
	{"out of order", {0, .5, 5 * NS_PER_MS, 400 * UINT64_C(1000000)}, 4500},
	{"50 % loss, out of order and doubled", {.5, .5, 5 * NS_PER_MS, 400 * UINT64_C(1000000)}, 9000},
};

static void test_any_impairment(void **state)
{
	enum { SEEDS = 100 };

	(void)state;
	for (size_t i = 0; i < COUNT(impair_rows); i++) {
		print_message("%s\n", impair_rows[i].name);
		for (uint64_t seed = 0; seed < SEEDS; seed++) {
			struct pair p;

			pair_open(&p, &impair_rows[i].impair, seed);
			start(&p);
			run(&p, START_NS + impair_rows[i].limit_ms * MS);
			if (p.now_ns != CLOCK_NEVER)
				print_message("seed %ju is not over\n", (uintmax_t)seed);
			assert_int_equal(p.now_ns, CLOCK_NEVER);
			check_agreement(&p);
			assert_int_equal(p.client.begun, 1);
			assert_int_equal(p.server.begun, 1);
			assert_int_equal(p.client.control.tests_begun, 1);
			assert_int_equal(p.server.control.tests_begun, 1);
			/* Duplicates made by the network are no offence. */
			assert_int_equal(p.client.refused + p.server.refused, 0);
			pair_close(&p);
		}
	}
}

static void test_one_after_the_other(void **state)
{
	enum { TESTS = 3 * CONTROL_TESTS + 1 };
	static const struct link_impair impair = {.3, .2, 5 * NS_PER_MS, 50 * NS_PER_MS};
	struct test_record r[2][CONTROL_TESTS];
	struct pair p;

	(void)state;
	pair_open(&p, &impair, 99);
	for (unsigned i = 0; i < TESTS; i++) {
		uint64_t begin_ns = START_NS + i * UINT64_C(60) * NS_PER_S;

		print_message("test %u\n", i);
		p.now_ns = begin_ns;
		start(&p);
		run(&p, begin_ns + UINT64_C(59) * NS_PER_S);
		assert_int_equal(p.now_ns, CLOCK_NEVER);
		check_agreement(&p);
		assert_int_equal(latest(&p.client).id, i + 1);
		assert_int_equal(latest(&p.server).id, i + 1);
	}
	assert_int_equal(control_records(&p.client.control, r[0]), CONTROL_TESTS);
	assert_int_equal(control_records(&p.server.control, r[1]), CONTROL_TESTS);
	for (unsigned i = 0; i < CONTROL_TESTS; i++) {
		assert_int_equal(r[0][i].id, TESTS - CONTROL_TESTS + 1 + i);
		assert_int_equal(r[1][i].id, r[0][i].id);
		assert_int_equal(r[1][i].channel, r[0][i].channel);
		assert_in_range(r[0][i].channel, 1, WIRE_CHANNEL_MAX);
		assert_int_not_equal(r[0][i].channel, KEY);
	}
	pair_close(&p);
}

/* The path fails for good at some time: each side ends by itself, with what it knows. */
static const struct {
	const char *name;
	uint64_t fails_ms, over_ms;
	enum test_phase client, server;
} outage_rows[] = {
	{"before the command", 0, 10001, TEST_FAILED, TEST_NONE},
	{"before the acknowledgement", 3, 12211, TEST_FAILED, TEST_INCOMPLETE},
	{"while data is sent", 1000, 12211, TEST_INCOMPLETE, TEST_INCOMPLETE},
	{"before the result", 2201, 12211, TEST_INCOMPLETE, TEST_INCOMPLETE},
	{"before the result is acknowledged", 2208, 12211, TEST_COMPLETE, TEST_INCOMPLETE},
	{"after everything", 2300, 2301, TEST_COMPLETE, TEST_COMPLETE},
};

static void test_silence(void **state)
{
	static const struct link_impair impair = {.delay_ns = 5 * NS_PER_MS};

	(void)state;
	for (size_t i = 0; i < COUNT(outage_rows); i++) {
		struct pair p;

		print_message("%s\n", outage_rows[i].name);
		pair_open(&p, &impair, 1);
		start(&p);
		run(&p, START_NS + outage_rows[i].fails_ms * MS);
		if (p.now_ns == CLOCK_NEVER)
			p.now_ns = START_NS + outage_rows[i].fails_ms * MS;
		p.client.out->impair.drop = p.server.out->impair.drop = 1;
		run(&p, START_NS + outage_rows[i].over_ms * MS);
		assert_int_equal(p.now_ns, CLOCK_NEVER);
		assert_int_equal(latest(&p.client).phase, outage_rows[i].client);
		assert_int_equal(latest(&p.server).phase, outage_rows[i].server);
		pair_close(&p);
	}
}

/* The user stops the test. A classic peer finds out by the data's end, when the whole time is up: nobody
 * waits for its result, but it is acknowledged. */
static void test_stopped(void **state)
{
	static const struct {
		const char *name;
		uint64_t stop_ms;
		enum test_phase client;
		unsigned begun;
	} rows[] = {
		{"before it is acknowledged", 7, TEST_FAILED, 0},
		{"in the turn that brings the acknowledgement", 10, TEST_INCOMPLETE, 1},
		{"in the middle", 1000, TEST_INCOMPLETE, 1},
		{"while the result is awaited", 2100, TEST_COMPLETE, 1},
		{"after the end", 5000, TEST_COMPLETE, 1},
	};
	static const struct link_impair impair = {.delay_ns = 5 * NS_PER_MS};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct pair p;

		print_message("%s\n", rows[i].name);
		pair_open(&p, &impair, 1);
		start(&p);
		run(&p, START_NS + rows[i].stop_ms * MS);
		p.now_ns = START_NS + rows[i].stop_ms * MS;
		receive(&p.client, p.server.out, p.now_ns);
		control_stop(&p.client.control, p.now_ns);
		run(&p, START_NS + UINT64_C(20000) * MS);
		assert_int_equal(p.now_ns, CLOCK_NEVER);
		assert_int_equal(latest(&p.client).phase, rows[i].client);
		assert_int_equal(latest(&p.server).phase, TEST_COMPLETE);
		assert_int_equal(p.client.begun, rows[i].begun);
		pair_close(&p);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_any_impairment),
		cmocka_unit_test(test_one_after_the_other),
		cmocka_unit_test(test_silence),
		cmocka_unit_test(test_stopped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
