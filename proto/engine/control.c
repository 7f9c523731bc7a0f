#include "proto/engine/control.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>

#include "proto/engine/control_private.h"
#include "proto/record/outcome.h"

void control_init(struct control *c, bool is_client, bool extended, uint64_t repeat_ns, uint32_t key)
{
	*c = (struct control){
		.is_client = is_client,
		.extended = extended,
		.repeat_ns = repeat_ns,
		.key = key,
	};
}

static bool is_over(const struct control_test *t)
{
	return t->record.phase >= TEST_COMPLETE || t->record.phase == TEST_NONE;
}

struct control_test *control_find(struct control *c, uint32_t channel)
{
	for (unsigned i = 0; i < CONTROL_TESTS; i++)
		if (c->test[i].record.phase != TEST_NONE && c->test[i].record.channel == channel)
			return &c->test[i];
	return NULL;
}

bool control_is_busy(const struct control *c, enum test_direction direction)
{
	for (unsigned i = 0; i < CONTROL_TESTS; i++) {
		const struct test_record *r = &c->test[i].record;

		if (r->direction == direction && (r->phase == TEST_ASKING || r->phase == TEST_RUNNING))
			return true;
	}
	return false;
}

bool control_is_loaded(const struct control *c)
{
	for (unsigned i = 0; i < CONTROL_TESTS; i++)
		if (c->test[i].record.phase == TEST_RUNNING)
			return true;
	return false;
}

bool control_sends(const struct control *c, const struct control_test *t)
{
	return c->is_client == directions_table[t->record.direction].client_sends;
}

void control_owe_mail(struct control_test *t, enum mail_kind kind)
{
	t->owed_mail |= 1u << kind;
}

struct control_test *control_begin(struct control *c, const struct test_order *order, enum test_phase phase)
{
	struct control_test *t = &c->test[c->tests_begun % CONTROL_TESTS];

	if (!is_over(t) || t->owed_mail)
		return NULL;
	*t = (struct control_test){
		.record =
			{
				.id = ++c->tests_begun,
				.direction = order->direction,
				.phase = phase,
				.channel = order->channel,
				.datagram_bytes = order->datagram_bytes,
				.asked_rate_bps = order->rate_bps,
				.rate_bps = order->rate_bps,
				.search = order->search,
				.until_ppm = order->until_ppm,
				.budget_bytes = order->budget_bytes,
				.start_ns = order->start_ns,
				.asked_duration_ns = order->duration_ns,
				.granted_duration_ns = order->duration_ns,
				.sent.duration_ns = order->duration_ns,
			},
	};
	return t;
}

void control_end(struct control *c, struct control_test *t, enum test_phase phase)
{
	t->record.phase = phase;
	c->changed = true;
	if (!c->is_client)
		control_owe_mail(t, MAIL_TEST_OVER);
}

/* 1..2^24-1, neither the heartbeats' nor that of a test still remembered. */
static uint32_t new_channel(struct control *c)
{
	uint32_t channel;

	do
		channel = 1 + randombytes_uniform(WIRE_CHANNEL_MAX);
	while (channel == c->key || control_find(c, channel));
	return channel;
}

int control_start(struct control *c, const struct test_order *order, uint64_t now_ns)
{
	struct test_order own = *order;
	struct control_test *t;

	if (!directions_table[order->direction].classic && !c->extended)
		return -EOPNOTSUPP;
	own.channel = new_channel(c);
	own.start_ns = now_ns;
	t = control_is_busy(c, order->direction) ? NULL : control_begin(c, &own, TEST_ASKING);
	if (!t)
		return -EBUSY;
	t->send_ns = now_ns;
	t->give_up_ns = now_ns + clock_s(CONTROL_ASK_S);
	return 0;
}

void control_stop(struct control *c, uint64_t now_ns)
{
	for (unsigned i = 0; i < CONTROL_TESTS; i++) {
		struct control_test *t = &c->test[i];

		if (t->record.phase == TEST_ASKING) {
			t->record.sent.duration_ns = now_ns - t->record.start_ns;
			control_end(c, t, TEST_FAILED);
		} else if (t->record.phase == TEST_RUNNING) {
			t->stopped = true;
			control_owe_mail(t, control_sends(c, t) ? MAIL_STOP_SOURCE : MAIL_CLOSE_SINK);
		}
	}
}

enum wire_reject control_input(
	struct control *c, const struct wire_header *h, const uint8_t *body, size_t size, uint64_t now_ns)
{
	if (h->channel == c->key)
		return REJECT_CHANNEL;
	return c->extended ? control_extended_input(c, h, body, size, now_ns)
			   : control_classic_input(c, h, body, size, now_ns);
}

static void take_grant(struct control *c, const struct mail *mail, uint64_t now_ns)
{
	struct control_test *t = control_find(c, mail->order.channel);

	if (!t || t->record.phase != TEST_ASKING)
		return;
	t->owes_answer = true;
	t->answers_result = false;
	t->record.refusal = mail->refusal; /* replaces an earlier refusal */
	t->record.wait_s = mail->wait_s;
	if (mail->refusal) {
		t->record.phase = TEST_FAILED; /* nothing was granted, so nothing is over */
		t->owes_answer = c->extended;  /* a classic client only knows silence */
		return;
	}
	t->record.phase = TEST_RUNNING;
	t->record.start_ns = now_ns;
	t->record.rate_bps = mail->order.rate_bps;
	t->record.sent.duration_ns = t->record.granted_duration_ns = mail->order.duration_ns;
	classic_new_uid(t->record.uid);
	t->share_bps = mail->share_bps;
	control_owe_mail(t, control_sends(c, t) ? MAIL_START_SOURCE : MAIL_OPEN_SINK);
}

static void take_done(struct control *c, const struct mail *mail, uint64_t now_ns)
{
	struct control_test *t = control_find(c, mail->order.channel);

	if (!t || t->record.phase != TEST_RUNNING)
		return;
	t->record.phase = TEST_AWAITING;
	t->send_ns = now_ns;
	if (mail->kind == MAIL_SOURCE_DONE)
		t->record.sent = mail->sent;
	else
		t->record.received = mail->received;
	if (c->extended)
		control_extended_worker_done(c, t, now_ns);
	else
		control_classic_worker_done(c, t, now_ns);
}

void control_take_mail(struct control *c, const struct mail *mail, uint64_t now_ns)
{
	if (mail->kind == MAIL_GRANT)
		take_grant(c, mail, now_ns);
	else
		take_done(c, mail, now_ns);
}

/* No answer came. An upload without a result at least shows what the last report said. */
void control_give_up(struct control *c, struct control_test *t)
{
	struct test_record *r = &t->record;

	if (r->phase == TEST_ASKING) {
		control_end(c, t, TEST_FAILED);
		return;
	}
	control_end(c, t, TEST_INCOMPLETE);
	if (control_sends(c, t))
		outcome_guess(r);
}

/* Whether this side repeats something until it is answered: a client its commands and, to an extended server,
 * its counters; a server its result, to a classic client. */
static bool repeats(const struct control *c, const struct control_test *t)
{
	if (t->record.phase == TEST_ASKING)
		return c->is_client;
	return t->record.phase == TEST_AWAITING && c->is_client == c->extended;
}

uint64_t control_due(struct control *c, uint64_t now_ns)
{
	uint64_t due_ns = CLOCK_NEVER;

	for (unsigned i = 0; i < CONTROL_TESTS; i++) {
		struct control_test *t = &c->test[i];

		if (is_over(t) || t->record.phase == TEST_RUNNING)
			continue;
		if (now_ns >= t->give_up_ns) {
			control_give_up(c, t);
			continue;
		}
		if (t->give_up_ns < due_ns)
			due_ns = t->give_up_ns;
		if (repeats(c, t) && t->send_ns < due_ns)
			due_ns = t->send_ns;
	}
	return due_ns;
}

bool control_packet(struct control *c, uint64_t now_ns, struct control_packet *out)
{
	for (unsigned i = 0; i < CONTROL_TESTS; i++) {
		struct control_test *t = &c->test[i];

		if (!t->owes_answer && !(repeats(c, t) && now_ns >= t->send_ns))
			continue;
		*out = (struct control_packet){0};
		if (c->extended)
			control_extended_write(c, t, out);
		else
			control_classic_write(c, t, out);
		if (!t->owes_answer) {
			t->send_ns = now_ns + c->repeat_ns;
			t->record.commands += t->record.phase == TEST_ASKING;
		}
		t->owes_answer = false;
		out->header.channel = t->record.channel;
		out->header.sequence = t->sequence++;
		return true;
	}
	return false;
}

static struct mail write_mail(const struct control_test *t, enum mail_kind kind)
{
	const struct test_record *r = &t->record;

	return (struct mail){
		.kind = kind,
		.order =
			{
				.direction = r->direction,
				.channel = r->channel,
				.start_ns = r->start_ns,
				.duration_ns = r->sent.duration_ns,
				.rate_bps = r->rate_bps,
				.search = r->search,
				.until_ppm = r->until_ppm,
				.budget_bytes = r->budget_bytes,
				.datagram_bytes = r->datagram_bytes,
			},
		.share_bps = t->share_bps,
		.sent = r->sent,
	};
}

/* The first mail owed among those of `kinds`: a worker hears of the beginning before the end. */
static bool next_mail(struct control *c, uint32_t kinds, struct mail *out)
{
	for (unsigned i = 0; i < CONTROL_TESTS; i++) {
		struct control_test *t = &c->test[i];

		for (int kind = 0; t->owed_mail & kinds; kind++) {
			if (!(t->owed_mail & kinds & 1u << kind))
				continue;
			t->owed_mail &= ~(1u << kind);
			*out = write_mail(t, (enum mail_kind)kind);
			return true;
		}
	}
	return false;
}

enum { GATE_MAIL = 1 << MAIL_ASK_GRANT | 1 << MAIL_TEST_OVER };

bool control_mail(struct control *c, struct mail *out)
{
	return next_mail(c, ~(uint32_t)GATE_MAIL, out);
}

bool control_gate_mail(struct control *c, struct mail *out)
{
	return next_mail(c, GATE_MAIL, out);
}

void control_mail_again(struct control *c, const struct mail *mail)
{
	struct control_test *t = control_find(c, mail->order.channel);

	if (t)
		control_owe_mail(t, mail->kind);
}

unsigned control_records(const struct control *c, struct test_record out[CONTROL_TESTS])
{
	unsigned n = c->tests_begun < CONTROL_TESTS ? c->tests_begun : CONTROL_TESTS;

	for (unsigned i = 0; i < n; i++)
		out[i] = c->test[(c->tests_begun - n + i) % CONTROL_TESTS].record;
	return n;
}
