/* Sockets on loopback: batches with and without offload, kernel times, drop counters, errors. */
#include "tests/support/udp_pair.h"

#include <poll.h>

static void test_open(void **state)
{
	struct udp_socket s, other;
	struct address bound, foreign = loopback(AF_INET);

	(void)state;
	assert_int_equal(udp_open(&s, &foreign), 0);
	assert_int_equal(udp_local_address(&s, &bound), 0);
	assert_true(address_same_host(&bound, &foreign));
	assert_int_not_equal(address_port(&bound), 0);
	assert_true(s.receive_buffer_bytes > 0 && s.send_buffer_bytes > 0);
	assert_false(s.connected);
	assert_int_equal(udp_open(&other, &bound), -EADDRINUSE);
	assert_int_equal(other.fd, -1);
	foreign.v4.sin_addr.s_addr = htonl(0xc0000201); /* 192.0.2.1, RFC 5737 */
	assert_int_equal(udp_open(&other, &foreign), -EADDRNOTAVAIL);
	foreign.any.sa_family = AF_UNSPEC;
	assert_true(udp_open(&other, &foreign) < 0);
	udp_close(&other);
	udp_close(&s);
	udp_close(&s);
	assert_int_equal(s.fd, -1);
}

static const struct {
	const char *name;
	bool send_offload, receive_offload;
} offload_rows[] = {
	{"no offload", false, false},
	{"sending", true, false},
	{"receiving", false, true},
	{"both", true, true},
};

static const struct {
	size_t size;
	unsigned count;
} batch_rows[] = {
	{20, 1}, {20, 3}, {20, 129}, {937, 2}, {937, 69}, {937, 200}, {1400, 46}, {1400, 500}, {1, 128}};

/* Where this kernel has no offload, or only one kind, asking for it leaves it off. */
static void set_offload(struct udp_pair *p, size_t row)
{
	if (!offload_rows[row].send_offload)
		p->from.send_offload = false;
	if (!offload_rows[row].receive_offload && p->to.receive_offload) {
		set_option(&p->to, SOL_UDP, UDP_GRO, 0);
		p->to.receive_offload = false;
	}
}

static void test_batches(void **state)
{
	static const sa_family_t family[] = {AF_INET, AF_INET6};

	(void)state;
	for (size_t i = 0; i < COUNT(offload_rows) * COUNT(family); i++) {
		size_t row = i / COUNT(family);

		for (size_t n = 0; n < COUNT(batch_rows); n++) {
			struct udp_pair *p = udp_pair_open(family[i % COUNT(family)]);

			print_message("IPv%d, %s: %u of %zu bytes\n", i % COUNT(family) ? 6 : 4,
				offload_rows[row].name, batch_rows[n].count, batch_rows[n].size);
			set_offload(p, row);
			send_many(p, batch_rows[n].size, batch_rows[n].count);
			receive_all(p, batch_rows[n].count);
			check_inbox(p, batch_rows[n].size);
			assert_int_equal(p->to.drops, 0);
			udp_pair_close(p);
		}
	}
}

static void test_segments(void **state)
{
	static const struct {
		size_t size;
		unsigned segments_max, segments;
	} rows[] = {{1, 128, 128}, {500, 128, 128}, {508, 128, 127}, {937, 128, 69}, {937, 64, 64},
		{1400, 128, 46}, {1400, 1, 1}, {65000, 128, 1}, {65001, 128, 1}};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct udp_socket s = {.fd = -1, .segments_max = rows[i].segments_max};

		print_message("%zu bytes\n", rows[i].size);
		assert_int_equal(udp_segments(&s, rows[i].size), rows[i].segments);
	}
}

/* Without a checksum the kernel refuses to segment: what was to be sent leaves one by one. */
static void test_offload_is_refused(void **state)
{
	static const unsigned counts[] = {2, 64, 65, 128};

	(void)state;
	for (size_t i = 0; i < COUNT(counts); i++) {
		struct udp_pair *p = udp_pair_open(AF_INET);

		print_message("%u datagrams\n", counts[i]);
		set_option(&p->from, SOL_SOCKET, SO_NO_CHECK, 1);
		send_many(p, 100, counts[i]);
		assert_false(p->from.send_offload);
		receive_all(p, counts[i]);
		check_inbox(p, 100);
		udp_pair_close(p);
	}
}

/* Another sender's segments may end in a shorter one. */
static void test_short_last_segment(void **state)
{
	static const unsigned rows[] = {100, 150, 199, 200, 201, 1350};
	struct udp_pair *p = udp_pair_open(AF_INET);

	(void)state;
	if (!p->from.send_offload) {
		udp_pair_close(p);
		skip();
	}
	set_option(&p->from, SOL_UDP, UDP_SEGMENT, 100);
	for (size_t i = 0; i < COUNT(rows); i++) {
		unsigned whole = rows[i] / 100, rest = rows[i] % 100;

		print_message("%u bytes in segments of 100\n", rows[i]);
		p->count = 0;
		send_one(p, rows[i], 0);
		receive_all(p, whole + (rest > 0));
		for (unsigned n = 0; n < p->count; n++)
			assert_int_equal(p->inbox[n].size, n < whole ? 100 : rest);
	}
	udp_pair_close(p);
}

/* Those behind one in its message can be passed over, a shorter last one excepted. */
static void test_following(void **state)
{
	static const struct {
		unsigned bytes, following, skipped;
	} rows[] = {{100, 0, 0}, {150, 0, 0}, {200, 1, 0}, {200, 1, 1}, {1000, 9, 0}, {1000, 9, 4},
		{1000, 9, 9}, {1350, 12, 12}};
	struct udp_pair *p = udp_pair_open(AF_INET);

	(void)state;
	if (!p->from.send_offload || !p->to.receive_offload) {
		udp_pair_close(p);
		skip();
	}
	set_option(&p->from, SOL_UDP, UDP_SEGMENT, 100);
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct pollfd to = {.fd = p->to.fd, .events = POLLIN};
		unsigned left = 0, rest = rows[i].bytes % 100 > 0;
		struct udp_datagram d;

		print_message("%u bytes, %u skipped\n", rows[i].bytes, rows[i].skipped);
		send_one(p, rows[i].bytes, 0);
		assert_int_equal(poll(&to, 1, -1), 1);
		assert_int_equal(udp_receive(&p->to, p->batch, NULL), 1);
		assert_true(udp_next(p->batch, &d));
		assert_int_equal(udp_following(p->batch), rows[i].following);
		udp_skip(p->batch, rows[i].skipped);
		while (udp_next(p->batch, &d))
			left++;
		assert_int_equal(left, rows[i].following - rows[i].skipped + rest);
	}
	udp_pair_close(p);
}

static void test_unusual_sizes(void **state)
{
	/* What doesn't fit is cut, but stays longer than any datagram of ours. */
	static const size_t sizes[] = {0, 1, 19, 0, 1400, 1401, 9000, 65000, 20};

	(void)state;
	for (size_t i = 0; i < COUNT(offload_rows); i++) {
		struct udp_pair *p = udp_pair_open(AF_INET);
		uint8_t *bytes = calloc(1, 65000);

		print_message("%s\n", offload_rows[i].name);
		assert_non_null(bytes);
		set_offload(p, i);
		for (size_t n = 0; n < COUNT(sizes); n++)
			assert_int_equal(udp_send(&p->from, &p->to_address, bytes, sizes[n]), 0);
		receive_all(p, COUNT(sizes));
		for (size_t n = 0; n < COUNT(sizes); n++) {
			if (sizes[n] <= 1401)
				assert_int_equal(p->inbox[n].size, sizes[n]);
			else
				assert_in_range(p->inbox[n].size, 1401, sizes[n]);
		}
		free(bytes);
		udp_pair_close(p);
	}
}

static void test_nothing_there(void **state)
{
	struct udp_pair *p = udp_pair_open(AF_INET);
	struct udp_datagram d;
	bool full = true;

	(void)state;
	assert_false(udp_next(p->batch, &d));
	assert_int_equal(udp_receive(&p->to, p->batch, &full), 0);
	assert_false(full);
	assert_false(udp_next(p->batch, &d));
	udp_pair_close(p);
	udp_batch_free(NULL);
}

/* A full batch says that more may be there, and the next one brings it. */
static void test_full_batch(void **state)
{
	enum { MANY = 200 };
	unsigned batches = 0, received = 0;
	struct udp_pair *p = udp_pair_open(AF_INET);
	bool full;

	(void)state;
	set_offload(p, 0);
	send_batches(p, 50, MANY, false);
	do {
		int n = udp_receive(&p->to, p->batch, &full);
		struct udp_datagram d;

		assert_in_range(n, 1, MANY);
		for (; udp_next(p->batch, &d); received++)
			assert_int_equal(read_datagram(&d).number, received);
		batches++;
	} while (full);
	assert_int_equal(received, MANY);
	assert_true(batches > 1);
	udp_pair_close(p);
}

/* When the kernel got it, not when we asked for it. */
static void test_receive_time(void **state)
{
	enum { DATAGRAMS = 10, LATER_MS = 30 };
	struct udp_pair *p = udp_pair_open(AF_INET);
	uint64_t begin_ns = clock_now_ns(), sent_ns, asked_ns;

	(void)state;
	for (uint32_t i = 0; i < DATAGRAMS; i++)
		send_one(p, 100, i);
	sent_ns = clock_now_ns();
	while (clock_now_ns() < sent_ns + LATER_MS * (uint64_t)NS_PER_MS)
		clock_sleep_ns(NS_PER_MS);
	asked_ns = clock_now_ns();
	receive_all(p, DATAGRAMS);
	for (unsigned i = 0; i < DATAGRAMS; i++) {
		/* The two clocks are not read at one instant: a few ms for a busy machine. */
		assert_in_range(p->inbox[i].received_ns, begin_ns - LATER_MS / 2 * (uint64_t)NS_PER_MS,
			asked_ns - LATER_MS / 2 * (uint64_t)NS_PER_MS);
		assert_true(i == 0 || p->inbox[i].received_ns >= p->inbox[i - 1].received_ns);
	}
	udp_pair_close(p);
}

/* What finds no room in the receive buffer is counted: the next datagram that fits brings the
 * number. */
static void test_drops(void **state)
{
	enum { ROUNDS = 3, MANY = 300, SIZE = 1000 };
	struct udp_pair *p = udp_pair_open(AF_INET);
	unsigned sent = 0;

	(void)state;
	set_offload(p, 0);
	set_option(&p->to, SOL_SOCKET, SO_RCVBUF, 16384);
	for (unsigned round = 1; round <= ROUNDS; round++) {
		uint64_t before = p->to.drops;

		print_message("round %u\n", round);
		send_batches(p, SIZE, MANY, false);
		while (receive_some(p))
			continue;
		send_one(p, SIZE, 0);
		sent += MANY + 1;
		receive_all(p, p->count + 1);
		assert_int_equal(p->count + p->to.drops, sent);
		assert_true(p->to.drops > before);
		assert_true(p->count > round);
	}
	/* The kernel's own number has 32 bits and wraps. */
	p->to.drops_seen += 5;
	send_one(p, SIZE, 0);
	receive_all(p, p->count + 1);
	assert_int_equal(p->count + p->to.drops, sent + 1 + (UINT64_C(1) << 32) - 5);
	udp_pair_close(p);
}

static void test_connected(void **state)
{
	struct udp_pair *p = udp_pair_open(AF_INET);
	struct address local = loopback(AF_INET);
	struct udp_socket stranger;
	uint8_t bytes[100];

	(void)state;
	assert_int_equal(udp_open(&stranger, &local), 0);
	assert_int_equal(udp_connect(&p->to, &p->from_address), 0);
	assert_int_equal(udp_connect(&p->from, &p->to_address), 0);
	assert_true(p->to.connected);

	/* Only the peer is heard, whatever arrives first. */
	fill_datagram(bytes, sizeof(bytes), 77);
	assert_int_equal(udp_send(&stranger, &p->to_address, bytes, sizeof(bytes)), 0);
	fill_datagram(bytes, sizeof(bytes), 0);
	assert_int_equal(udp_send(&p->from, NULL, bytes, sizeof(bytes)), 0);
	fill_datagram(bytes, sizeof(bytes), 1);
	assert_int_equal(udp_send(&p->from, &p->to_address, bytes, sizeof(bytes)), 0);
	receive_all(p, 2);
	check_inbox(p, sizeof(bytes));

	p->count = 0;
	for (size_t row = 0; row < COUNT(offload_rows); row++) {
		set_offload(p, COUNT(offload_rows) - 1 - row);
		p->count = 0;
		send_many(p, 200, 90);
		receive_all(p, 90);
		check_inbox(p, 200);
	}
	udp_close(&stranger);
	udp_pair_close(p);
}

/* ICMP's answer for a closed port is an error once; then the socket works as before. */
static void test_refused(void **state)
{
	struct udp_pair *p = udp_pair_open(AF_INET);
	struct address back = p->to_address;

	(void)state;
	assert_int_equal(udp_connect(&p->from, &p->to_address), 0);
	udp_close(&p->to);
	send_one(p, 100, 0);
	assert_int_equal(udp_receive(&p->from, p->batch, NULL), -ECONNREFUSED);
	assert_int_equal(udp_receive(&p->from, p->batch, NULL), 0);
	assert_int_equal(udp_open(&p->to, &back), 0);
	send_one(p, 100, 0);
	receive_all(p, 1);
	check_inbox(p, 100);
	udp_pair_close(p);
}

/* [::] serves IPv4 too. */
static void test_ipv4_on_ipv6(void **state)
{
	struct udp_pair *p = udp_pair_open(AF_INET);
	struct address any = {.size = sizeof(struct sockaddr_in6), .v6 = {.sin6_family = AF_INET6}};
	char text[ADDRESS_TEXT], wanted[ADDRESS_TEXT];

	(void)state;
	udp_close(&p->to);
	assert_int_equal(udp_open(&p->to, &any), 0);
	assert_int_equal(udp_local_address(&p->to, &any), 0);
	address_set_port(&p->to_address, address_port(&any));
	send_one(p, 100, 5);
	receive_all(p, 1);
	assert_int_equal(p->inbox[0].number, 5);
	assert_string_equal(
		address_format(&p->inbox[0].peer, text), address_format(&p->from_address, wanted));
	udp_pair_close(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_open),
		cmocka_unit_test(test_batches),
		cmocka_unit_test(test_segments),
		cmocka_unit_test(test_offload_is_refused),
		cmocka_unit_test(test_short_last_segment),
		cmocka_unit_test(test_following),
		cmocka_unit_test(test_unusual_sizes),
		cmocka_unit_test(test_nothing_there),
		cmocka_unit_test(test_full_batch),
		cmocka_unit_test(test_receive_time),
		cmocka_unit_test(test_drops),
		cmocka_unit_test(test_connected),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_ipv4_on_ipv6),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
