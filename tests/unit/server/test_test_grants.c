/* Which tests the listener lets run, on what terms, and how the server's rate is divided. The ports stand
 * still: their mail is read here. */
#include <arpa/inet.h>
#include <string.h>

#include "proto/config/table.h"
#include "proto/sys/clock.h"
#include "server/test_grants.h"
#include "tests/support/test.h"

enum { CLIENTS = 8, ASKED_BPS = 1000000, ASKED_S = 30 };

struct scene {
	struct options options;
	struct runner_home home;
	struct clients *clients;
	struct test_grants grants;
	struct client *client[CLIENTS];
	unsigned count;
};

static void scene_open(struct scene *s)
{
	*s = (struct scene){0};
	options_defaults(&s->options);
	s->options.port_ranges[0] = (struct port_range){20000, 29999};
	assert_int_equal(runner_home_open(&s->home, &s->options), 0);
	s->clients = clients_new(&s->options, &s->home);
	assert_non_null(s->clients);
	test_grants_init(&s->grants, &s->options, s->clients);
}

static void scene_close(struct scene *s)
{
	clients_free(s->clients);
	runner_home_close(&s->home);
}

static struct client *connect_as(struct scene *s, const char *host, const struct key *key)
{
	struct address address = {.size = sizeof(struct sockaddr_in), .v4 = {.sin_family = AF_INET}};
	struct address local = address;
	struct visitor visitor = {.address = &address, .key = key};
	struct client **c = &s->client[s->count];

	assert_true(s->count < CLIENTS);
	assert_int_equal(inet_pton(AF_INET, host, &address.v4.sin_addr), 1);
	address_set_port(&address, (uint16_t)(1000 + s->count++));
	local.v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(clients_open(s->clients, &visitor, &local, NULL, c), 0);
	return *c;
}

static bool take(struct client *c, enum port_kind port, struct mail *mail)
{
	return mailbox_take(&c->session.port[port].mailbox, mail);
}

static struct mail tell(struct scene *s, const struct client *c, enum mail_kind kind,
	enum test_direction direction, uint32_t channel)
{
	struct mail mail = {
		.kind = kind,
		.session = c->number,
		.order =
			{
				.direction = direction,
				.channel = channel,
				.duration_ns = ASKED_S * SECOND,
				.rate_bps = ASKED_BPS,
				.datagram_bytes = 1000,
			},
	};

	test_grants_take(&s->grants, &mail);
	return mail;
}

/* Asks, and returns the one answer. */
static struct mail ask(struct scene *s, struct client *c, enum test_direction direction, uint32_t channel)
{
	struct mail answer, more;

	tell(s, c, MAIL_ASK_GRANT, direction, channel);
	assert_true(take(c, PORT_CONTROL, &answer));
	assert_int_equal(answer.kind, MAIL_GRANT);
	assert_int_equal(answer.order.channel, channel);
	assert_int_equal(answer.order.direction, direction);
	assert_int_equal(answer.order.datagram_bytes, 1000);
	assert_false(take(c, PORT_CONTROL, &more));
	return answer;
}

static void end(struct scene *s, const struct client *c, enum test_direction direction, uint32_t channel)
{
	tell(s, c, MAIL_TEST_OVER, direction, channel);
}

static void test_max_tests(void **state)
{
	struct scene s;

	(void)state;
	scene_open(&s);
	s.options.max_tests = 3;
	for (unsigned i = 0; i < 4; i++)
		connect_as(&s, "127.0.0.1", NULL);
	assert_int_equal(ask(&s, s.client[0], TEST_UP, 1).refusal, REFUSED_NOT);
	assert_int_equal(ask(&s, s.client[0], TEST_DOWN, 2).refusal, REFUSED_NOT);
	assert_int_equal(ask(&s, s.client[1], TEST_UP, 3).refusal, REFUSED_NOT);
	for (unsigned i = 0; i < 3; i++) {
		struct mail no = ask(&s, s.client[2], TEST_UP, 4);

		assert_int_equal(no.refusal, REFUSED_BUSY);
		assert_in_range(no.wait_s, 1, 60);
	}
	/* Neither another channel's end nor another session's makes room. */
	end(&s, s.client[1], TEST_UP, 4);
	end(&s, s.client[1], TEST_DOWN, 3);
	end(&s, s.client[3], TEST_UP, 3);
	assert_int_equal(ask(&s, s.client[2], TEST_UP, 4).refusal, REFUSED_BUSY);
	end(&s, s.client[1], TEST_UP, 3);
	assert_int_equal(ask(&s, s.client[2], TEST_UP, 4).refusal, REFUSED_NOT);
	assert_int_equal(ask(&s, s.client[3], TEST_UP, 5).refusal, REFUSED_BUSY);
	/* A session that ends takes its tests with it. */
	clients_close(s.clients, s.client[0]);
	assert_int_equal(ask(&s, s.client[3], TEST_UP, 5).refusal, REFUSED_NOT);
	assert_int_equal(ask(&s, s.client[3], TEST_DOWN, 6).refusal, REFUSED_NOT);
	assert_int_equal(ask(&s, s.client[1], TEST_UP, 7).refusal, REFUSED_BUSY);
	scene_close(&s);
}

/* A question that can't be answered yet changes nothing, and is answered later. */
static void test_no_room_for_the_answer(void **state)
{
	struct mail question = {.kind = MAIL_ASK_GRANT, .order = {.direction = TEST_UP, .channel = 9}};
	struct mail filler = {.kind = MAIL_STOP_TEST}, mail;
	struct scene s;
	struct client *c;

	(void)state;
	scene_open(&s);
	s.options.max_tests = 1;
	c = connect_as(&s, "127.0.0.1", NULL);
	connect_as(&s, "127.0.0.1", NULL);
	question.session = c->number;
	while (mailbox_post(&c->session.port[PORT_CONTROL].mailbox, &filler))
		;
	assert_false(test_grants_take(&s.grants, &question));
	assert_int_equal(ask(&s, s.client[1], TEST_UP, 1).refusal, REFUSED_NOT);
	end(&s, s.client[1], TEST_UP, 1);
	assert_false(test_grants_take(&s.grants, &question));
	assert_true(take(c, PORT_CONTROL, &mail));
	assert_true(test_grants_take(&s.grants, &question));
	while (mail.kind != MAIL_GRANT)
		assert_true(take(c, PORT_CONTROL, &mail));
	assert_int_equal(mail.order.channel, 9);
	assert_int_equal(mail.refusal, REFUSED_NOT);
	assert_int_equal(ask(&s, s.client[1], TEST_UP, 2).refusal, REFUSED_BUSY);
	scene_close(&s);
}

/* One that asks anew in a direction has ended the test before. */
static void test_one_test_for_each_direction(void **state)
{
	struct scene s;
	struct mail mail;

	(void)state;
	scene_open(&s);
	s.options.max_tests = 1;
	connect_as(&s, "127.0.0.1", NULL);
	for (uint32_t channel = 1; channel < 5; channel++)
		assert_int_equal(ask(&s, s.client[0], TEST_DOWN, channel).refusal, REFUSED_NOT);
	/* The same question again is the same test: it has been answered. */
	tell(&s, s.client[0], MAIL_ASK_GRANT, TEST_DOWN, 4);
	assert_false(take(s.client[0], PORT_CONTROL, &mail));
	/* A session that is gone. */
	mail = (struct mail){.kind = MAIL_ASK_GRANT, .session = 999};
	test_grants_take(&s.grants, &mail);
	assert_int_equal(ask(&s, s.client[0], TEST_UP, 9).refusal, REFUSED_BUSY);
	scene_close(&s);
}

static void test_downloads_per_address(void **state)
{
	static const struct {
		const char *name, *host[3]; /* each begins a download, the last one is looked at */
		enum test_direction last;
		enum refusal refusal;
	} rows[] = {
		{"one address", {"192.0.2.1", "192.0.2.1", "192.0.2.1"}, TEST_DOWN, REFUSED_BUSY},
		{"two addresses", {"192.0.2.1", "192.0.2.2", "192.0.2.1"}, TEST_DOWN, REFUSED_NOT},
		{"another address", {"192.0.2.1", "192.0.2.1", "192.0.2.2"}, TEST_DOWN, REFUSED_NOT},
		{"an upload", {"192.0.2.1", "192.0.2.1", "192.0.2.1"}, TEST_UP, REFUSED_NOT},
		{"loopback", {"127.0.0.1", "127.0.0.1", "127.0.0.1"}, TEST_DOWN, REFUSED_NOT},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct scene s;

		print_message("%s\n", rows[i].name);
		scene_open(&s);
		s.options.max_downloads_per_address = 2;
		for (unsigned n = 0; n < 2; n++)
			assert_int_equal(
				ask(&s, connect_as(&s, rows[i].host[n], NULL), TEST_DOWN, n + 1).refusal,
				REFUSED_NOT);
		connect_as(&s, rows[i].host[2], NULL);
		assert_int_equal(ask(&s, s.client[2], rows[i].last, 3).refusal, rows[i].refusal);
		if (rows[i].refusal) {
			end(&s, s.client[0], TEST_DOWN, 1);
			assert_int_equal(ask(&s, s.client[2], rows[i].last, 3).refusal, REFUSED_NOT);
		}
		scene_close(&s);
	}
}

/* The lowest of what is asked for, what the server allows, and what the key allows. */
static void test_terms(void **state)
{
	static const struct {
		const char *name;
		uint64_t max_bps, key_bps;
		uint32_t max_s, key_s;
		uint64_t rate_bps;
		uint32_t duration_s;
	} rows[] = {
		{"no limits", 0, 0, 3600, 0, ASKED_BPS, ASKED_S},
		{"as asked for", ASKED_BPS, ASKED_BPS, ASKED_S, ASKED_S, ASKED_BPS, ASKED_S},
		{"the server's", 500, 0, 7, 0, 500, 7},
		{"the key's", 0, 400, 3600, 6, 400, 6},
		{"the lower one is the key's", 500, 400, 7, 6, 400, 6},
		{"the lower one is the server's", 300, 400, 5, 6, 300, 5},
		{"higher ones", 5000000, 6000000, 3600, 4000, ASKED_BPS, ASKED_S},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct key key = {.rate_bps = rows[i].key_bps, .duration_s = rows[i].key_s};
		struct mail mail;
		struct scene s;

		print_message("%s\n", rows[i].name);
		scene_open(&s);
		s.options.max_rate_bps = rows[i].max_bps;
		s.options.max_duration_s = rows[i].max_s;
		connect_as(&s, "127.0.0.1", rows[i].key_bps ? &key : NULL);
		mail = ask(&s, s.client[0], TEST_DOWN, 1);
		assert_int_equal(mail.refusal, REFUSED_NOT);
		assert_int_equal(mail.order.rate_bps, rows[i].rate_bps);
		assert_int_equal(mail.order.duration_ns, rows[i].duration_s * SECOND);
		assert_int_equal(mail.share_bps, 0);
		scene_close(&s);
	}
}

/* The newest share that a worker has been told; 0: nothing. */
static uint64_t told(struct client *c, enum port_kind worker)
{
	uint64_t share_bps = 0;
	struct mail mail;

	while (take(c, worker, &mail)) {
		assert_int_equal(mail.kind, MAIL_SHARE);
		share_bps = mail.share_bps;
	}
	return share_bps;
}

/* Each test that begins or ends makes the others' shares smaller or larger. */
static void test_shares(void **state)
{
	enum { TOTAL_BPS = 12000 };
	struct scene s;

	(void)state;
	scene_open(&s);
	s.options.max_total_rate_bps = TOTAL_BPS;
	for (unsigned i = 0; i < 3; i++)
		connect_as(&s, "127.0.0.1", NULL);
	assert_int_equal(ask(&s, s.client[0], TEST_UP, 1).share_bps, TOTAL_BPS);
	assert_int_equal(told(s.client[0], PORT_UPLOAD), 0);
	assert_int_equal(ask(&s, s.client[0], TEST_DOWN, 2).share_bps, TOTAL_BPS / 2);
	assert_int_equal(told(s.client[0], PORT_UPLOAD), TOTAL_BPS / 2);
	assert_int_equal(told(s.client[0], PORT_DOWNLOAD), 0); /* its grant has said it */
	assert_int_equal(ask(&s, s.client[1], TEST_DOWN, 3).share_bps, TOTAL_BPS / 3);
	assert_int_equal(told(s.client[0], PORT_UPLOAD), TOTAL_BPS / 3);
	assert_int_equal(told(s.client[0], PORT_DOWNLOAD), TOTAL_BPS / 3);

	/* Nothing has changed: nothing is said. */
	test_grants_divide(&s.grants);
	assert_int_equal(told(s.client[0], PORT_UPLOAD) + told(s.client[1], PORT_DOWNLOAD), 0);

	end(&s, s.client[0], TEST_UP, 1);
	assert_int_equal(told(s.client[0], PORT_UPLOAD), 0);
	assert_int_equal(told(s.client[0], PORT_DOWNLOAD), TOTAL_BPS / 2);
	assert_int_equal(told(s.client[1], PORT_DOWNLOAD), TOTAL_BPS / 2);
	assert_int_equal(told(s.client[2], PORT_DOWNLOAD), 0);

	/* A session ends with its test; the next look at it tells the one that is left. */
	clients_close(s.clients, s.client[0]);
	test_grants_divide(&s.grants);
	assert_int_equal(told(s.client[1], PORT_DOWNLOAD), TOTAL_BPS);
	scene_close(&s);
}

/* A worker whose mailbox is full is told when there is room. */
static void test_share_finds_no_room(void **state)
{
	struct mail filler = {.kind = MAIL_SHARE, .share_bps = 1};
	struct scene s;

	(void)state;
	scene_open(&s);
	s.options.max_total_rate_bps = 10000;
	connect_as(&s, "127.0.0.1", NULL);
	connect_as(&s, "127.0.0.1", NULL);
	ask(&s, s.client[0], TEST_DOWN, 1);
	while (mailbox_post(&s.client[0]->session.port[PORT_DOWNLOAD].mailbox, &filler))
		continue;
	assert_int_equal(ask(&s, s.client[1], TEST_DOWN, 2).share_bps, 5000);
	assert_int_equal(told(s.client[0], PORT_DOWNLOAD), 1);
	test_grants_divide(&s.grants);
	assert_int_equal(told(s.client[0], PORT_DOWNLOAD), 5000);
	test_grants_divide(&s.grants);
	assert_int_equal(told(s.client[0], PORT_DOWNLOAD), 0);
	scene_close(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_max_tests),
		cmocka_unit_test(test_no_room_for_the_answer),
		cmocka_unit_test(test_one_test_for_each_direction),
		cmocka_unit_test(test_downloads_per_address),
		cmocka_unit_test(test_terms),
		cmocka_unit_test(test_shares),
		cmocka_unit_test(test_share_finds_no_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
