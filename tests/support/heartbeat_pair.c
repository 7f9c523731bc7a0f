#include "tests/support/heartbeat_pair.h"

enum wire_reject heartbeat_give(
	struct heartbeat *h, const struct message *m, uint64_t now_ns, struct message *out)
{
	struct heartbeat_packet packet = {
		.type = m->type,
		.body = (const uint8_t *)m->body,
		.size = m->size,
		.received_ns = now_ns,
		.now_ns = now_ns,
	};
	struct heartbeat_output answer;
	enum wire_reject reason = heartbeat_input(h, &packet, &answer);

	out->type = answer.type;
	out->size = answer.size;
	memcpy(out->body, answer.body, answer.size);
	return reason;
}

struct message text(enum wire_type type, const char *body)
{
	struct message m = {.type = type, .size = strlen(body)};

	memcpy(m.body, body, m.size);
	return m;
}

struct message begin(struct heartbeat *client, uint64_t now_ns)
{
	struct heartbeat_output out;
	struct message m = {.type = WIRE_HEARTBEAT_0};

	assert_true(heartbeat_due_ns(client) <= now_ns);
	heartbeat_begin(client, now_ns, &out);
	m.size = out.size;
	memcpy(m.body, out.body, out.size);
	return m;
}

struct latency_summary summary(struct heartbeat *h)
{
	struct latency_summary l = {0};

	heartbeat_summary(h, 0, &l);
	return l;
}

void heartbeat_pair_open(struct pair *p, uint64_t limit)
{
	struct heartbeat_plan client = {.is_client = true, .interval_ns = INTERVAL_NS, .limit = limit};
	struct heartbeat_plan server = {.interval_ns = INTERVAL_NS};

	heartbeat_init(&p->client, &client, START_NS);
	heartbeat_init(&p->server, &server, START_NS);
}

uint64_t exchange(struct pair *p, uint64_t now_ns, uint64_t up_ns, uint64_t down_ns)
{
	struct message m0 = begin(&p->client, now_ns), m1, m2, none;

	assert_int_equal(heartbeat_give(&p->server, &m0, now_ns += up_ns, &m1), WIRE_OK);
	assert_int_equal(m1.type, WIRE_HEARTBEAT_1);
	assert_int_equal(heartbeat_give(&p->client, &m1, now_ns += down_ns, &m2), WIRE_OK);
	assert_int_equal(m2.type, WIRE_HEARTBEAT_2);
	assert_int_equal(heartbeat_give(&p->server, &m2, now_ns += up_ns, &none), WIRE_OK);
	assert_int_equal(none.size, 0);
	return now_ns;
}
