#include "server/test_grants.h"

#include <string.h>

#include "proto/rate/pacer.h"
#include "proto/sys/clock.h"
#include "proto/sys/log.h"

enum { GRANTS_WAIT_S = 5 }; /* the wait that a client is told when too much runs */

void test_grants_init(struct test_grants *g, const struct options *options, struct clients *clients)
{
	*g = (struct test_grants){.options = options, .clients = clients};
}

static void count_active(void *context, struct client *c)
{
	for (int d = 0; d < TEST_DIRECTIONS; d++)
		*(unsigned *)context += c->granted[d].active;
}

static unsigned active(const struct test_grants *g)
{
	unsigned count = 0;

	clients_each(g->clients, count_active, &count);
	return count;
}

/* An even share of the whole, so that nobody's test depends on who came first. */
static uint64_t share(const struct test_grants *g)
{
	uint64_t total = g->options->max_total_rate_bps;
	unsigned tests = total ? active(g) : 0;

	return tests ? total / tests : 0;
}

static void tell_share(void *context, struct client *c)
{
	struct mail mail = {.kind = MAIL_SHARE, .share_bps = *(const uint64_t *)context};

	for (int d = 0; d < TEST_DIRECTIONS; d++) {
		struct granted *test = &c->granted[d];
		enum port_kind worker = directions_table[d].port;

		if (test->active && test->share_bps != mail.share_bps &&
			mailbox_post(&c->session.port[worker].mailbox, &mail))
			test->share_bps = mail.share_bps;
	}
}

void test_grants_divide(struct test_grants *g)
{
	uint64_t share_bps = share(g);

	if (share_bps)
		clients_each(g->clients, tell_share, &share_bps);
}

struct count {
	const struct client *client;
	unsigned downloads;
};

static void count_downloads(void *context, struct client *c)
{
	struct count *count = context;

	if (memcmp(c->network, count->client->network, sizeof c->network) != 0)
		return;
	for (int d = 0; d < TEST_DIRECTIONS; d++)
		count->downloads += c->granted[d].active && !directions_table[d].client_sends;
}

static bool may_run(struct test_grants *g, const struct client *c, enum test_direction direction)
{
	struct count count = {.client = c};

	if (active(g) >= g->options->max_tests)
		return false;
	if (directions_table[direction].client_sends || address_is_loopback(&c->address))
		return true;
	clients_each(g->clients, count_downloads, &count);
	return count.downloads < g->options->max_downloads_per_address;
}

static void limit(const struct test_grants *g, const struct client *c, struct test_order *order)
{
	uint32_t duration_s = g->options->max_duration_s;
	uint64_t longest_ns;

	order->rate_bps = pacer_lower(order->rate_bps, g->options->max_rate_bps);
	if (c->key) {
		order->rate_bps = pacer_lower(order->rate_bps, c->key->rate_bps);
		duration_s = (uint32_t)pacer_lower(duration_s, c->key->duration_s);
	}
	longest_ns = clock_s(duration_s);
	if (order->duration_ns > longest_ns)
		order->duration_ns = longest_ns;
}

/* False: CONTROL's mailbox has no room for the answer. */
static bool ask(struct test_grants *g, struct client *c, const struct mail *question)
{
	struct granted *test = &c->granted[question->order.direction];
	struct granted was = *test;
	struct mail answer = {.kind = MAIL_GRANT, .order = question->order};

	if (test->active && test->channel == question->order.channel)
		return true;
	test->active = false; /* CONTROL asks only when the one before is over */
	if (may_run(g, c, question->order.direction)) {
		limit(g, c, &answer.order);
		*test = (struct granted){.active = true, .channel = question->order.channel};
		answer.share_bps = test->share_bps = share(g);
	} else {
		answer.refusal = REFUSED_BUSY;
		answer.wait_s = GRANTS_WAIT_S;
	}
	if (!mailbox_post(&c->session.port[PORT_CONTROL].mailbox, &answer)) {
		*test = was;
		return false;
	}
	if (answer.refusal)
		log_verbose("Test of %s not granted: too many are running", c->name);
	test_grants_divide(g);
	return true;
}

bool test_grants_take(struct test_grants *g, const struct mail *mail)
{
	struct client *c = clients_by_number(g->clients, mail->session);
	struct granted *test;

	if (!c)
		return true;
	if (mail->kind == MAIL_ASK_GRANT)
		return ask(g, c, mail);
	test = &c->granted[mail->order.direction];
	if (test->channel == mail->order.channel) {
		test->active = false;
		test_grants_divide(g);
	}
	return true;
}
