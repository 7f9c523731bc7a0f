#include "tests/support/udp_pair.h"

struct address loopback(sa_family_t family)
{
	if (family == AF_INET6)
		return (struct address){
			.size = sizeof(struct sockaddr_in6),
			.v6 = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT},
		};
	return (struct address){
		.size = sizeof(struct sockaddr_in),
		.v4 = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}},
	};
}

struct udp_pair *udp_pair_open(sa_family_t family)
{
	struct udp_pair *p = calloc(1, sizeof(*p));
	struct address any = loopback(family);

	assert_non_null(p);
	p->batch = udp_batch_new();
	assert_non_null(p->batch);
	assert_int_equal(udp_open(&p->from, &any), 0);
	assert_int_equal(udp_open(&p->to, &any), 0);
	assert_int_equal(udp_local_address(&p->from, &p->from_address), 0);
	assert_int_equal(udp_local_address(&p->to, &p->to_address), 0);
	return p;
}

void udp_pair_close(struct udp_pair *p)
{
	udp_close(&p->from);
	udp_close(&p->to);
	udp_batch_free(p->batch);
	free(p);
}

void fill_datagram(uint8_t *bytes, size_t size, uint32_t number)
{
	for (size_t i = 0; i < size; i++)
		bytes[i] = (uint8_t)(i < 4 ? number >> 8 * i : number + i);
}

struct letter read_datagram(const struct udp_datagram *d)
{
	struct letter l = {
		.size = d->size, .received_ns = d->received_ns, .peer = *d->peer, .is_whole = true};

	for (size_t i = 0; i < d->size && i < 4; i++)
		l.number |= (uint32_t)d->bytes[i] << 8 * i;
	for (size_t i = 4; i < d->size; i++)
		l.is_whole = l.is_whole && d->bytes[i] == (uint8_t)(l.number + i);
	return l;
}

bool receive_some(struct udp_pair *p)
{
	struct udp_datagram d;

	p->error = udp_receive(&p->to, p->batch, NULL);
	while (p->error > 0 && udp_next(p->batch, &d) && p->count < INBOX)
		p->inbox[p->count++] = read_datagram(&d);
	return p->error > 0;
}

bool has_wanted(void *context)
{
	struct udp_pair *p = context;

	while (p->count < p->wanted && receive_some(p))
		continue;
	return p->count >= p->wanted || p->error < 0;
}

void receive_all(struct udp_pair *p, unsigned wanted)
{
	p->wanted = wanted;
	assert_true(wait_until(has_wanted, p));
	assert_true(p->error >= 0);
	while (receive_some(p))
		continue;
	assert_int_equal(p->count, wanted);
}

void send_one(struct udp_pair *p, size_t size, uint32_t number)
{
	uint8_t bytes[2048];

	assert_true(size <= sizeof(bytes));
	fill_datagram(bytes, size, number);
	assert_int_equal(udp_send(&p->from, &p->to_address, bytes, size), 0);
}

void send_batches(struct udp_pair *p, size_t size, unsigned count, bool take)
{
	uint8_t *bytes = malloc(size * count);
	unsigned sent = 0;

	assert_non_null(bytes);
	for (unsigned i = 0; i < count; i++)
		fill_datagram(bytes + i * size, size, i);
	while (sent < count) {
		int n = udp_send_many(&p->from, &p->to_address, bytes + sent * size, size, count - sent);

		assert_in_range(n, 1, count - sent);
		sent += (unsigned)n;
		if (take)
			receive_some(p);
	}
	free(bytes);
}

void send_many(struct udp_pair *p, size_t size, unsigned count)
{
	send_batches(p, size, count, true);
}

void set_option(struct udp_socket *s, int level, int option, int value)
{
	assert_int_equal(setsockopt(s->fd, level, option, &value, sizeof(value)), 0);
}

void check_inbox(const struct udp_pair *p, size_t size)
{
	for (unsigned i = 0; i < p->count; i++) {
		assert_int_equal(p->inbox[i].number, i);
		assert_int_equal(p->inbox[i].size, size);
		assert_true(p->inbox[i].is_whole);
		assert_true(address_equal(&p->inbox[i].peer, &p->from_address));
	}
}
