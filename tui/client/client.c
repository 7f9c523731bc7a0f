#include "tui/client/client.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "proto/sys/clock.h"
#include "proto/sys/log.h"

enum {
	CLIENT_ASK_MS = 200, /* an unanswered question is repeated: 50 % loss each way is no obstacle */
	CLIENT_LOOK_MS = 50,
	CLIENT_LOWEST_PORT = 1024, /* a server has no business sending us to a well-known port */
};

static void fail(struct client *c, int error, const char *problem)
{
	c->state = CLIENT_FAILED;
	c->error = error;
	snprintf(c->problem, sizeof c->problem, "%s", problem);
}

static uint64_t patience_ns(const struct client *c)
{
	return (uint64_t)(c->options->connect_timeout_s * NS_PER_S);
}

static void start_session(struct client *c, const struct classic_assignment *assignment)
{
	uint8_t secret[SEAL_SECRET_BYTES];
	struct session_plan plan = {
		.is_client = true,
		.options = c->options,
		.peer = c->server,
		.assignment = *assignment,
		.secret = c->classic ? NULL : secret,
		.asks_path = !c->classic && c->answer.features & FEATURE_PATH_MTU,
	};
	int error;

	seal_secret(secret, c->key ? c->key->secret : NULL, c->question.nonce, c->answer.token);
	error = session_open(&c->session, &plan, NULL);
	sodium_memzero(secret, sizeof secret);
	if (error) {
		fail(c, error, "could not open the three ports");
		return;
	}
	error = runner_start(&c->runner, &c->session, c->home);
	if (error) {
		session_close(&c->session);
		fail(c, error, "could not start the ports' threads");
		return;
	}
	c->session_open = true;
	c->assignment = *assignment;
	c->state = CLIENT_OPENING;
	c->give_up_ns = clock_now_ns() + patience_ns(c);
	if (c->runner.threads == PORT_KINDS)
		log_verbose("Client started port threads (THREAD mode)");
}

static bool ports_are_sane(const struct client *c, const struct classic_assignment *a)
{
	for (int i = 0; i < PORT_KINDS; i++)
		if (a->port[i] < CLIENT_LOWEST_PORT && a->port[i] != address_port(&c->server))
			return false;
	return true;
}

static void ask(struct client *c, uint64_t now_ns)
{
	uint8_t question[HANDSHAKE_BYTES];

	handshake_encode_question(question, &c->question, c->key);
	udp_send(&c->socket, NULL, question, sizeof question);
	c->ask_ns = now_ns + clock_ms(CLIENT_ASK_MS);
}

bool client_may_wait(enum refusal refusal)
{
	return refusal == REFUSED_BUSY || refusal == REFUSED_LIMIT;
}

/* Busy: later, if the user is willing to wait. */
static void take_refusal(struct client *c, const struct handshake_answer *a, uint64_t now_ns)
{
	uint64_t again_ns = now_ns + clock_s(a->wait_s);

	c->answer = *a;
	if (!client_may_wait(a->refusal) || c->wait_ends_ns <= now_ns) {
		c->state = CLIENT_REFUSED;
		return;
	}
	c->ask_ns = again_ns < c->wait_ends_ns ? again_ns : c->wait_ends_ns;
	c->give_up_ns = c->ask_ns + patience_ns(c);
}

/* Answers to questions that we did not ask, and unproven ones where there is a key, don't count. */
static void take_extended(struct client *c, const struct udp_datagram *d, const struct handshake_answer *a)
{
	if (sodium_memcmp(a->nonce, c->question.nonce, sizeof a->nonce) != 0)
		return;
	if (a->kind == ANSWER_COOKIE) {
		if (c->question.has_cookie && memcmp(c->question.cookie, a->cookie, sizeof a->cookie) == 0)
			return; /* a duplicated answer: asking again would duplicate more */
		c->question.has_cookie = true;
		memcpy(c->question.cookie, a->cookie, sizeof a->cookie);
		ask(c, clock_now_ns());
	} else if (a->kind == ANSWER_REFUSED) {
		take_refusal(c, a, clock_now_ns());
	} else if (ports_are_sane(c, &a->assignment)) {
		if (c->key && !handshake_verify_answer(d->bytes, d->size, a, c->key))
			return;
		c->answer = *a;
		start_session(c, &a->assignment);
	}
}

static void take_answer(struct client *c, const struct udp_datagram *d)
{
	struct classic_assignment assignment;
	struct handshake_answer answer;

	if (handshake_decode_answer(d->bytes, d->size, &answer) == WIRE_OK) {
		take_extended(c, d, &answer);
	} else if (classic_decode_assignment(d->bytes, d->size, &assignment) == WIRE_OK) {
		c->ignored_classic = c->key != NULL;
		if (c->key || !ports_are_sane(c, &assignment))
			return;
		c->classic = true;
		start_session(c, &assignment);
	} else {
		log_verbose("Answer of %zu bytes ignored", d->size);
	}
}

static void receive_answer(struct client *c)
{
	struct udp_datagram d;

	if (udp_receive(&c->socket, c->home->batch, NULL) <= 0)
		return;
	while (c->state == CLIENT_ASKING && udp_next(c->home->batch, &d))
		take_answer(c, &d);
}

static void keep_asking(struct client *c, uint64_t now_ns)
{
	if (now_ns >= c->give_up_ns)
		c->state = CLIENT_UNREACHED;
	else if (now_ns >= c->ask_ns)
		ask(c, now_ns);
}

static void watch(struct client *c, uint64_t now_ns)
{
	uint64_t heard_ns;

	client_snapshot(c);
	heard_ns = session_heard_ns(&c->snapshot);
	if (c->state == CLIENT_OPENING && session_is_up(&c->snapshot))
		c->state = CLIENT_UP;
	else if (c->state == CLIENT_OPENING && now_ns >= c->give_up_ns)
		c->state = CLIENT_UNREACHED;
	else if (c->state == CLIENT_UP && now_ns >= heard_ns + c->session.silence_ns)
		c->state = CLIENT_LOST;
}

static uint64_t step(struct loop_task *task, bool readable)
{
	struct client *c = (struct client *)task; /* its first member */
	uint64_t now_ns, held_ns;

	if (readable)
		receive_answer(c);
	now_ns = clock_now_ns();
	held_ns = udp_flush(&c->socket, now_ns);
	if (c->state == CLIENT_ASKING)
		keep_asking(c, now_ns);
	else if (c->state == CLIENT_OPENING || c->state == CLIENT_UP)
		watch(c, now_ns);
	now_ns += clock_ms(CLIENT_LOOK_MS);
	if (c->state == CLIENT_ASKING && c->ask_ns < now_ns)
		now_ns = c->ask_ns;
	return held_ns < now_ns ? held_ns : now_ns;
}

static int open_main_socket(struct client *c)
{
	struct address any = {.size = c->server.size};
	int error;

	any.any.sa_family = c->server.any.sa_family;
	error = udp_open(&c->socket, &any);
	if (error)
		return error;
	error = udp_connect(&c->socket, &c->server);
	if (!error)
		error = udp_set_impair(
			&c->socket, c->options->test_drop_rate, clock_ms(c->options->test_delay_ms));
	if (error)
		udp_close(&c->socket);
	return error;
}

int client_open(struct client *c, const struct client_plan *plan)
{
	int error;

	*c = (struct client){
		.options = plan->options,
		.key = plan->key,
		.home = plan->home,
		.server = plan->server,
		.question = {.version = HANDSHAKE_VERSION, .features = FEATURES_OURS},
		.ask_ns = clock_now_ns(),
	};
	randombytes_buf(c->question.nonce, sizeof c->question.nonce);
	error = open_main_socket(c);
	if (error)
		goto out;
	c->give_up_ns = c->ask_ns + patience_ns(c);
	c->wait_ends_ns = c->ask_ns + (uint64_t)(c->options->wait_s * NS_PER_S);
	c->task = (struct loop_task){.fd = c->socket.fd, .step = step};
	error = loop_add(c->home->loop, &c->task);
	if (error)
		udp_close(&c->socket);
out:
	if (error)
		fail(c, error, "No socket");
	return error;
}

void client_reconnect(struct client *c)
{
	struct client_plan plan = {
		.options = c->options,
		.key = c->key,
		.server = c->server,
		.home = c->home,
	};
	int error;

	client_close(c);
	error = client_open(c, &plan);
	if (error)
		fail(c, error, "could not ask the server for another session");
}

void client_close(struct client *c)
{
	loop_remove(&c->task);
	udp_close(&c->socket);
	if (!c->session_open)
		return;
	runner_stop(&c->runner);
	client_snapshot(c);
	session_close(&c->session);
	c->session_open = false;
}

const struct session_snapshot *client_snapshot(struct client *c)
{
	if (c->session_open)
		session_snapshot(&c->session, &c->snapshot);
	return &c->snapshot;
}
