/* The conversation between extended peers: uploads and downloads, terms that are granted, and counters
 * that are exchanged. The client asks and repeats, the server answers each question the same way. */
#include <string.h>

#include "proto/engine/control_private.h"
#include "proto/record/outcome.h"
#include "proto/wire/command.h"
#include "proto/wire/result.h"

static void ask_gate(struct control_test *t, uint64_t now_ns)
{
	t->record.phase = TEST_ASKING;
	t->give_up_ns = now_ns + clock_s(CONTROL_ASK_S);
	control_owe_mail(t, MAIL_ASK_GRANT);
}

static void server_command(struct control *c, const struct test_command *m, uint64_t now_ns)
{
	struct control_test *t = control_find(c, m->channel);
	struct test_order order = {
		.direction = m->direction,
		.channel = m->channel,
		.start_ns = now_ns,
		.duration_ns = clock_s(m->duration_s),
		.rate_bps = m->rate_bps,
		.search = m->search,
		.until_ppm = m->until_ppm,
		.budget_bytes = m->budget_bytes,
		.datagram_bytes = m->datagram_bytes,
	};

	if (t && t->record.phase == TEST_FAILED) {
		ask_gate(t, now_ns); /* refused before; it may be possible now */
	} else if (t) {
		t->owes_answer = t->record.phase != TEST_ASKING;
		t->answers_result = false;
	} else if (!control_is_busy(c, m->direction)) {
		t = control_begin(c, &order, TEST_ASKING);
		if (t)
			ask_gate(t, now_ns);
	}
}

static void client_answered(
	struct control *c, struct control_test *t, const struct test_command *m, uint64_t now_ns)
{
	struct test_record *r = &t->record;

	if (r->phase != TEST_ASKING)
		return; /* a repeated answer */
	if (m->refusal) {
		r->refusal = m->refusal;
		r->wait_s = m->wait_s;
		control_end(c, t, TEST_FAILED);
		return;
	}
	r->phase = TEST_RUNNING;
	r->start_ns = now_ns;
	r->rate_bps = m->rate_bps;
	t->share_bps = m->allowed_bps;
	r->sent.duration_ns = r->granted_duration_ns = clock_s(m->duration_s);
	memcpy(r->uid, m->uid, sizeof r->uid);
	control_owe_mail(t, control_sends(c, t) ? MAIL_START_SOURCE : MAIL_OPEN_SINK);
}

static enum wire_reject input_command(
	struct control *c, uint32_t channel, const uint8_t *body, size_t size, uint64_t now_ns)
{
	struct test_command m;
	enum wire_reject reason = command_decode(body, size, &m);
	struct control_test *t = control_find(c, channel);

	if (reason)
		return reason;
	if (m.is_answer != c->is_client)
		return REJECT_TYPE;
	if (m.channel != channel || (c->is_client && !t) || (t && t->record.direction != m.direction))
		return REJECT_CHANNEL;
	if (c->is_client)
		client_answered(c, t, &m, now_ns);
	else
		server_command(c, &m, now_ns);
	return WIRE_OK;
}

static void take_half(struct test_record *r, const struct result_message *m)
{
	if (m->has_sent)
		r->sent = m->sent;
	else
		r->received = m->received;
}

/* Both halves are there. A test that was stopped, or starved, has an agreed record too, but is incomplete. */
static void complete(struct control *c, struct control_test *t)
{
	struct test_record *r = &t->record;
	uint64_t tolerance_ns = r->granted_duration_ns / 100;

	bool cut_short = r->sent.duration_ns + tolerance_ns < r->granted_duration_ns;

	outcome_seal(r);
	control_end(c, t, cut_short && !r->sent.ended ? TEST_INCOMPLETE : TEST_COMPLETE);
}

/* The client has finished and says what it counted. */
static void server_result(struct control *c, struct control_test *t, const struct result_message *m)
{
	t->answers_result = true;
	if (outcome_is_agreed(&t->record)) {
		t->owes_answer = true; /* repeated: the same answer */
		return;
	}
	if (!t->theirs_known) {
		t->theirs_known = true;
		take_half(&t->record, m);
	}
	if (t->record.phase == TEST_RUNNING) {
		control_owe_mail(t, control_sends(c, t) ? MAIL_STOP_SOURCE : MAIL_FINISH_SINK);
	} else if (t->record.phase == TEST_AWAITING) {
		t->owes_answer = true;
		complete(c, t);
	}
}

static enum wire_reject input_result(struct control *c, uint32_t channel, const uint8_t *body, size_t size)
{
	struct result_message m;
	enum wire_reject reason = result_decode(body, size, &m);
	struct control_test *t = control_find(c, channel);

	if (reason)
		return reason;
	if (m.is_answer != c->is_client)
		return REJECT_TYPE;
	if (!t || m.channel != channel || t->record.phase == TEST_ASKING)
		return REJECT_CHANNEL;
	if (strcmp(m.uid, t->record.uid) != 0 || m.has_sent == control_sends(c, t))
		return REJECT_BODY;
	if (!c->is_client) {
		server_result(c, t, &m);
	} else if (t->record.phase == TEST_AWAITING) {
		take_half(&t->record, &m);
		complete(c, t);
	}
	return WIRE_OK;
}

enum wire_reject control_extended_input(
	struct control *c, const struct wire_header *h, const uint8_t *body, size_t size, uint64_t now_ns)
{
	if (h->type == WIRE_TEST_RESULT)
		return input_result(c, h->channel, body, size);
	return input_command(c, h->channel, body, size, now_ns);
}

void control_extended_worker_done(struct control *c, struct control_test *t, uint64_t now_ns)
{
	t->give_up_ns = now_ns + clock_s(CONTROL_RESULT_S);
	if (!c->is_client && t->theirs_known) {
		t->owes_answer = t->answers_result = true;
		complete(c, t);
	}
}

static void write_command(struct control *c, const struct control_test *t, struct control_packet *out)
{
	const struct test_record *r = &t->record;
	struct test_command m = {
		.direction = r->direction,
		.is_answer = !c->is_client,
		.channel = r->channel,
		.duration_s =
			(uint32_t)((c->is_client ? r->asked_duration_ns : r->granted_duration_ns) / NS_PER_S),
		.rate_bps = r->rate_bps,
		.search = r->search,
		.until_ppm = r->until_ppm,
		.budget_bytes = r->budget_bytes,
		.allowed_bps = t->share_bps,
		.datagram_bytes = r->datagram_bytes,
		.refusal = r->refusal,
		.wait_s = r->wait_s,
	};

	memcpy(m.uid, r->uid, sizeof m.uid);
	out->header.type = WIRE_CONTROL;
	out->name =
		m.is_answer ? directions_table[r->direction].answer : directions_table[r->direction].command;
	out->size = command_encode(out->body, &m);
}

static void write_result(struct control *c, const struct control_test *t, struct control_packet *out)
{
	const struct test_record *r = &t->record;
	struct result_message m = {
		.is_answer = !c->is_client,
		.channel = r->channel,
		.has_sent = control_sends(c, t),
		.sent = r->sent,
		.received = r->received,
	};

	memcpy(m.uid, r->uid, sizeof m.uid);
	out->header.type = WIRE_TEST_RESULT;
	out->name = m.is_answer ? "UCM" : "TEST_RESULT";
	out->size = result_encode(out->body, &m);
}

void control_extended_write(struct control *c, struct control_test *t, struct control_packet *out)
{
	bool is_result = t->owes_answer ? t->answers_result : t->record.phase == TEST_AWAITING;

	if (is_result)
		write_result(c, t, out);
	else
		write_command(c, t, out);
}
