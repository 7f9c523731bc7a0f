#include "tests/support/extended_pair.h"

#include "proto/record/outcome.h"

static void side_init(struct side *s, bool is_client, const struct link_impair *impair, uint64_t seed)
{
	*s = (struct side){.out = link_new(impair, seed)};
	s->worker[TEST_UP].ends_ns = s->worker[TEST_DOWN].ends_ns = CLOCK_NEVER;
	control_init(&s->control, is_client, true, REPEAT_NS, KEY);
}

void extended_pair_open(struct pair *p, const struct link_impair *impair, uint64_t seed)
{
	*p = (struct pair){.now_ns = START_NS};
	side_init(&p->client, true, impair, 2 * seed + 1);
	side_init(&p->server, false, impair, 2 * seed + 2);
}

void extended_pair_close(struct pair *p)
{
	link_free(p->client.out);
	link_free(p->server.out);
}

void side_receive(struct side *s, struct link *in, uint64_t now_ns)
{
	const struct link_datagram *d;

	while ((d = link_receive(in, now_ns))) {
		struct wire_header h;

		assert_int_equal(wire_decode(d->bytes, d->size, &h), WIRE_OK);
		s->refused += control_input(&s->control, &h, d->bytes + WIRE_HEADER_BYTES,
				      d->size - WIRE_HEADER_BYTES, now_ns) != WIRE_OK;
	}
}

static bool sends(const struct side *s, enum test_direction direction)
{
	return s->control.is_client == (direction == TEST_UP);
}

static void finish_work(struct side *s, enum test_direction direction, uint64_t now_ns)
{
	struct worker *w = &s->worker[direction];
	struct mail mail = {.kind = MAIL_SINK_DONE, .order = w->order};

	if (sends(s, direction)) {
		mail.kind = MAIL_SOURCE_DONE;
		mail.sent.duration_ns = w->order.duration_ns;
		if (now_ns - w->order.start_ns < mail.sent.duration_ns)
			mail.sent.duration_ns = now_ns - w->order.start_ns;
		mail.sent.count = (struct source_counters){.packets = 100 + direction,
			.bytes = UINT64_C(100) * DATAGRAM,
			.retransmitted_packets = 9};
		mail.sent.load = (struct host_load){.known = true, .cpu_permille = 500};
		mail.sent.ended = w->early_ns == 0     ? ENDED_TIME
				  : w->order.until_ppm ? ENDED_CERTAIN
						       : ENDED_BUDGET;
		if (w->order.search)
			mail.sent.capacity =
				(struct path_capacity){.bps = RATE_BPS, .limit = CAPACITY_NETWORK};
	} else {
		mail.received.known = RECEIVED_COUNTERS;
		mail.received.load = (struct host_load){.known = true, .cpu_permille = 700};
		mail.received.pattern = (struct loss_pattern){.bursts = 3, .burst = {3}, .longest = 1};
		mail.received.count = (struct sink_counters){
			.packets = 90,
			.bytes = UINT64_C(90) * DATAGRAM,
			.unique_packets = 80,
			.duplicates = 10,
			.network_duplicates = 4,
			.retransmitted_packets = 12,
			.reordered = 5,
			.host_drops = 3,
		};
	}
	w->ends_ns = CLOCK_NEVER;
	control_take_mail(&s->control, &mail, now_ns);
}

static void take_mail(struct side *s, const struct mail *mail, uint64_t now_ns)
{
	struct worker *w = &s->worker[mail->order.direction];
	bool begins = mail->kind == MAIL_START_SOURCE || mail->kind == MAIL_OPEN_SINK;

	if (!begins) {
		if (w->ends_ns != CLOCK_NEVER)
			finish_work(s, mail->order.direction, now_ns);
		return;
	}
	assert_int_equal(mail->kind == MAIL_START_SOURCE, sends(s, mail->order.direction));
	assert_int_equal(w->ends_ns, CLOCK_NEVER);
	w->begun++;
	w->order = mail->order;
	w->ends_ns = mail->order.start_ns + mail->order.duration_ns;
	if (!sends(s, mail->order.direction))
		w->ends_ns += QUIET_MS * MS;
	else
		w->ends_ns -= w->early_ns;
}

static void answer_gate(struct gate *g, struct control *c, uint64_t now_ns)
{
	struct mail mail;

	while (control_gate_mail(c, &mail)) {
		if (mail.kind == MAIL_TEST_OVER) {
			g->over++;
			continue;
		}
		assert_int_equal(mail.kind, MAIL_ASK_GRANT);
		mail.kind = MAIL_GRANT;
		if (g->asked++ < g->refusals) {
			mail.refusal = REFUSED_BUSY;
			mail.wait_s = g->wait_s;
		}
		if (g->rate_bps)
			mail.order.rate_bps = g->rate_bps;
		if (g->duration_ns)
			mail.order.duration_ns = g->duration_ns;
		control_take_mail(c, &mail, now_ns);
	}
}

static void side_step(struct side *s, struct gate *gate, struct link *in, uint64_t now_ns)
{
	struct control_packet packet;
	uint8_t bytes[WIRE_MAX_BYTES];
	struct mail mail;

	side_receive(s, in, now_ns);
	for (int d = 0; d < DIRECTIONS; d++)
		if (now_ns >= s->worker[d].ends_ns)
			finish_work(s, (enum test_direction)d, now_ns);
	control_due(&s->control, now_ns);
	answer_gate(gate, &s->control, now_ns);
	while (control_mail(&s->control, &mail))
		take_mail(s, &mail, now_ns);
	answer_gate(gate, &s->control, now_ns);
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
	for (int d = 0; d < DIRECTIONS; d++)
		due_ns = s->worker[d].ends_ns < due_ns ? s->worker[d].ends_ns : due_ns;
	return due_ns;
}

void run(struct pair *p, uint64_t limit_ns)
{
	while (p->now_ns < limit_ns) {
		uint64_t client_ns, server_ns;

		side_step(&p->client, &p->gate, p->server.out, p->now_ns);
		side_step(&p->server, &p->gate, p->client.out, p->now_ns);
		client_ns = side_due_ns(&p->client, p->now_ns);
		server_ns = side_due_ns(&p->server, p->now_ns);
		p->now_ns = client_ns < server_ns ? client_ns : server_ns;
	}
	if (p->now_ns > limit_ns && p->now_ns != CLOCK_NEVER)
		p->now_ns = limit_ns;
}

int start(struct pair *p, enum test_direction direction)
{
	struct test_order order = {
		.direction = direction,
		.duration_ns = SECONDS * SECOND,
		.rate_bps = RATE_BPS,
		.datagram_bytes = DATAGRAM,
	};

	return control_start(&p->client.control, &order, p->now_ns);
}

struct test_record latest(const struct side *s, enum test_direction direction)
{
	struct test_record r[CONTROL_TESTS];
	unsigned n = control_records(&s->control, r);

	while (n-- > 0)
		if (r[n].direction == direction)
			return r[n];
	return (struct test_record){0};
}

void check_agreement(const struct pair *p, enum test_direction direction, enum test_phase phase)
{
	struct test_record c = latest(&p->client, direction), s = latest(&p->server, direction);

	assert_int_equal(c.phase, phase);
	assert_int_equal(s.phase, phase);
	assert_int_equal(c.channel, s.channel);
	assert_int_equal(strlen(c.uid), TEST_UID_BYTES - 1);
	assert_string_equal(c.uid, s.uid);
	assert_true(outcome_is_agreed(&c) && outcome_is_agreed(&s));
	assert_int_equal(strlen(c.hash), sizeof(c.hash) - 1);
	assert_string_equal(c.hash, s.hash);
	assert_true(c.received.known == RECEIVED_COUNTERS && s.received.known == RECEIVED_COUNTERS);
	assert_memory_equal(&c.sent.count, &s.sent.count, sizeof(c.sent.count));
	assert_memory_equal(&c.received.count, &s.received.count, sizeof(c.received.count));
	assert_int_equal(c.sent.count.packets, 100 + direction);
	assert_int_equal(c.received.count.network_duplicates, 4);
	assert_int_equal(c.sent.duration_ns, s.sent.duration_ns);
	assert_int_equal(c.rate_bps, s.rate_bps);
	assert_int_equal(c.granted_duration_ns, s.granted_duration_ns);
}
