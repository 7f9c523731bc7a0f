#include "tui/client/test_queue.h"

#include <inttypes.h>

#include "proto/record/outcome.h"
#include "proto/sys/clock.h"
#include "tui/client/cause.h"

enum {
	/* After a classic result: this long without a repeat means that our acknowledgement has arrived, */
	TEST_QUEUE_LINGER_MS = 500,
	TEST_QUEUE_LINGER_S = 5, /* ... and we wait no longer than this. */
};

void test_queue_init(
	struct test_queue *a, const struct options *options, struct client *client, struct report *report)
{
	*a = (struct test_queue){
		.options = options,
		.client = client,
		.report = report,
		.rate_bps = options->rate_bps,
		.duration_s = options->duration_s,
	};
}

unsigned test_queue_directions(const struct options *options)
{
	unsigned directions = 0;

	for (unsigned i = 0; i < options->test_count; i++)
		directions |= options->tests[i];
	return directions;
}

static const struct port_snapshot *upload(const struct test_queue *a)
{
	return &a->client->snapshot.port[PORT_UPLOAD];
}

static uint32_t datagram_bytes(const struct test_queue *a)
{
	const struct client *c = a->client;

	return options_datagram_bytes(a->options, c->classic ? 0 : upload(a)->path_bytes);
}

static void start(struct test_queue *a, enum test_direction direction)
{
	struct test_order order = {
		.direction = direction,
		.duration_ns = clock_s(a->duration_s),
		.rate_bps = a->rate_bps == OPTION_RATE_AUTO ? 0 : a->rate_bps,
		.search = a->rate_bps == OPTION_RATE_AUTO,
		.until_ppm = (uint32_t)(a->options->until_percent * 1e4),
		.budget_bytes = a->options->budget_bytes,
		.datagram_bytes = datagram_bytes(a),
	};

	a->again |= 1u << direction;
	if (upload(a)->path_searching)
		return;
	/* A classic server doesn't listen any more once it has sent a result. */
	if (a->client->classic && a->started > 0) {
		client_reconnect(a->client);
		test_queue_renew(a);
		a->again = 1u << direction;
		return;
	}
	a->again &= ~(1u << direction);
	a->started++;
	session_start_test(&a->client->session, &order);
}

void test_queue_start(struct test_queue *a, unsigned directions)
{
	for (int d = 0; d < TEST_DIRECTIONS; d++)
		if (directions & 1u << d)
			start(a, (enum test_direction)d);
}

bool test_queue_is_free(const struct test_queue *a, enum test_direction direction)
{
	const struct session_snapshot *s = &a->client->snapshot;
	uint32_t known = s->tests ? s->test[s->tests - 1].id : 0;
	/* The next test ends a classic session, and with it the wait for this one's result. */
	enum test_phase over = a->client->classic ? TEST_COMPLETE : TEST_AWAITING;

	for (unsigned i = 0; i < s->tests; i++)
		if (s->test[i].direction == direction && s->test[i].phase < over)
			return false;
	if (a->again & 1u << direction)
		return false;
	return a->started <= known; /* otherwise one is asked for, and not seen to begin yet */
}

void test_queue_renew(struct test_queue *a)
{
	a->started = a->reported = 0;
	a->again = 0;
	a->again_ns = 0;
}

void test_queue_begin(struct test_queue *a)
{
	/* One that waited for this session goes first. */
	if (!a->again && a->next < a->options->test_count)
		test_queue_start(a, a->options->tests[a->next++]);
}

/* Why a test has no complete result. */
static void note_failure(struct test_queue *a, const struct test_record *t)
{
	if (t->refusal)
		report_fail(a->report, cause_code(CAUSE_REFUSED),
			"The server refused the test (%s); try again in %" PRIu32 " s",
			refusal_name(t->refusal), t->wait_s);
	else if (t->phase == TEST_FAILED)
		report_fail(
			a->report, cause_code(CAUSE_NO_ANSWER), "The server did not acknowledge the test");
	else if (a->client->classic && !t->received.known)
		report_fail(a->report, cause_code(CAUSE_INCOMPLETE),
			"The classic server sent neither FLOW_CONTROL nor a result; what arrived there is "
			"not known");
	else
		report_fail(a->report, cause_code(CAUSE_INCOMPLETE),
			"No result came from the server; the figures are what is known without it");
}

/* The server is busy, and the user is willing to wait. */
static bool postpone(struct test_queue *a, const struct test_record *t, uint64_t now_ns)
{
	uint64_t wait_ends_ns = a->client->wait_ends_ns;

	if (t->refusal != REFUSED_BUSY || now_ns >= wait_ends_ns)
		return false;
	a->again |= 1u << t->direction;
	a->again_ns = now_ns + clock_s(t->wait_s);
	if (a->again_ns > wait_ends_ns)
		a->again_ns = wait_ends_ns;
	return true;
}

/* Once: it is the path's, not the test's. */
static void note_hole(struct test_queue *a)
{
	if (!upload(a)->path_hole || a->hole_told)
		return;
	a->hole_told = true;
	report_warn(a->report,
		"the path drops datagrams above %" PRIu32 " bytes without telling this host (MTU black hole)",
		upload(a)->path_bytes);
}

/* An upload's datagrams were larger than what the path takes, as the kernel knows by now. */
static void note_too_large(struct test_queue *a, const struct test_record *t)
{
	uint32_t path_bytes = upload(a)->path_bytes;

	if (!directions_table[t->direction].client_sends || path_bytes == 0 || upload(a)->path_hole ||
		t->datagram_bytes <= path_bytes)
		return;
	report_warn(a->report, "datagrams of %" PRIu32 " bytes, where the path takes %" PRIu32 ": %s",
		t->datagram_bytes, path_bytes,
		options_length_is_auto(a->options) ? "none left this host since that was known"
						   : "they left this host in fragments");
}

static void take(struct test_queue *a, const struct test_record *t, uint64_t now_ns)
{
	char doubt[REPORT_TEXT];

	a->reported = t->id;
	if (postpone(a, t, now_ns))
		return;
	report_add_test(a->report, t);
	if (t->phase != TEST_COMPLETE)
		note_failure(a, t);
	if (*report_doubt(t, doubt))
		report_warn(a->report, "%s", doubt);
	note_hole(a);
	note_too_large(a, t);
	a->linger_ends_ns = now_ns + clock_s(TEST_QUEUE_LINGER_S);
}

/* A classic server repeats its result until our acknowledgement has arrived: it is quiet then. */
static bool is_quiet(const struct test_queue *a, uint64_t now_ns)
{
	const struct session_snapshot *s = &a->client->snapshot;

	for (unsigned i = 0; i < s->tests; i++)
		if (s->test[i].result_ns + clock_ms(TEST_QUEUE_LINGER_MS) > now_ns)
			return now_ns >= a->linger_ends_ns;
	return true;
}

/* Whether a test was waiting; starts it when it is due. */
static bool try_again(struct test_queue *a, uint64_t now_ns)
{
	unsigned waiting = a->again;

	if (now_ns >= a->again_ns)
		test_queue_start(a, waiting);
	return waiting != 0;
}

bool test_queue_step(struct test_queue *a, uint64_t now_ns)
{
	const struct session_snapshot *s = &a->client->snapshot;

	/* In the order in which they began. */
	for (unsigned i = 0; i < s->tests; i++)
		if (s->test[i].id == a->reported + 1 && s->test[i].phase >= TEST_COMPLETE)
			take(a, &s->test[i], now_ns);
	if (try_again(a, now_ns) || a->reported < a->started || !is_quiet(a, now_ns))
		return false;
	if (a->next >= a->options->test_count || a->report->error_code[0])
		return true;
	test_queue_begin(a);
	return false;
}

void test_queue_cut_short(struct test_queue *a)
{
	const struct session_snapshot *s = &a->client->snapshot;

	for (unsigned i = 0; i < s->tests; i++) {
		struct test_record r = s->test[i];

		if (r.id <= a->reported)
			continue;
		if (directions_table[r.direction].client_sends)
			outcome_guess(&r);
		report_add_test(a->report, &r);
	}
}
