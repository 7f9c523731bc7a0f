#include "tui/client/events.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "proto/record/outcome.h"
#include "proto/report/report.h"
#include "proto/sys/clock.h"
#include "tui/screen/format.h"

__attribute__((format(printf, 3, 4))) static void tell(
	const struct events_listener *to, enum event_kind kind, const char *format, ...)
{
	char text[VIEW_TEXT];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	to->tell(to->context, kind, text);
}

static const char *name(const struct test_record *t)
{
	return directions_table[t->direction].title;
}

static const char *command(const struct test_record *t)
{
	return directions_table[t->direction].command;
}

/* One line about a finished test: "download 94.1 Mbit/s received, 0.02 % lost". */
static void test_line(const struct test_record *t, char out[VIEW_TEXT])
{
	struct loss loss = outcome_loss(t);
	char rate[32], percent[FORMAT_TEXT];

	if (t->phase == TEST_FAILED && t->refusal)
		snprintf(out, VIEW_TEXT, "%s refused (%s), try again in %" PRIu32 " s", name(t),
			refusal_name(t->refusal), t->wait_s);
	else if (t->phase == TEST_FAILED)
		snprintf(out, VIEW_TEXT, "%s not started: %s was not acknowledged", name(t), command(t));
	else if (!t->received.known)
		snprintf(out, VIEW_TEXT, "%s over, but no word of what arrived", name(t));
	else
		snprintf(out, VIEW_TEXT, "%s %s: %s received, %s lost", name(t),
			t->phase == TEST_COMPLETE ? "complete" : "ended early",
			report_rate(clock_bps(t->received.count.bytes, (double)t->sent.duration_ns), rate),
			format_percent(percent, loss.packets, t->sent.count.packets));
}

static void tell_running(const struct test_record *t, const struct events_listener *to)
{
	char asked[32], granted[32];

	snprintf(granted, sizeof granted, t->search ? "auto" : "max");
	if (t->rate_bps)
		report_rate((double)t->rate_bps, granted);
	if (t->rate_bps == t->asked_rate_bps)
		tell(to, EVENT_GOOD, "%s acknowledged: %s for %.0f s", command(t), granted,
			(double)t->granted_duration_ns / NS_PER_S);
	else
		tell(to, EVENT_WARNING, "%s acknowledged: %s granted, %s asked", command(t), granted,
			t->asked_rate_bps ? report_rate((double)t->asked_rate_bps, asked)
			: t->search       ? "auto"
					  : "max");
}

static void tell_test(
	const struct test_record *before, const struct test_record *t, const struct events_listener *to)
{
	enum test_phase phase = before->id == t->id ? before->phase : TEST_NONE;
	char line[VIEW_TEXT];

	if (phase == TEST_NONE)
		tell(to, EVENT_NOTE, "%s sent", command(t));
	if (phase < TEST_RUNNING && t->phase >= TEST_RUNNING && t->phase != TEST_FAILED)
		tell_running(t, to);
	if (phase < TEST_AWAITING && t->phase == TEST_AWAITING)
		tell(to, EVENT_NOTE, "%s over, counters sent, waiting for the server's", name(t));
	if (phase < TEST_COMPLETE && t->phase >= TEST_COMPLETE) {
		test_line(t, line);
		tell(to,
			t->phase == TEST_COMPLETE     ? EVENT_GOOD
			: t->phase == TEST_INCOMPLETE ? EVENT_WARNING
						      : EVENT_ERROR,
			"%s", line);
	}
}

static void tell_port(enum port_kind kind, const struct port_snapshot *before,
	const struct port_snapshot *now, const struct events_listener *to)
{
	uint64_t lost =
		now->latency.lost > before->latency.lost ? now->latency.lost - before->latency.lost : 0;

	if (now->state != before->state && now->state == PORT_UP)
		tell(to, EVENT_GOOD, "%s is up: %u to %u", port_kind_name(kind), now->local_port,
			now->remote_port);
	if (now->state != before->state && now->state == PORT_FAILED)
		tell(to, EVENT_ERROR, "%s failed: %s", port_kind_name(kind), strerror(now->error));
	if (now->path_hole && !before->path_hole)
		tell(to, EVENT_WARNING, "The path drops datagrams above %" PRIu32 " bytes and doesn't say so",
			now->path_bytes);
	if (lost)
		tell(to, EVENT_WARNING, "%s: %" PRIu64 " heartbeat%s lost", port_kind_name(kind), lost,
			lost > 1 ? "s" : "");
	if (now->socket_drops > before->socket_drops)
		tell(to, EVENT_WARNING, "%s: this host had no room for %" PRIu64 " packets",
			port_kind_name(kind), now->socket_drops - before->socket_drops);
}

static const struct test_record *find(const struct session_snapshot *s, uint32_t id)
{
	static const struct test_record none;

	for (unsigned i = 0; i < s->tests; i++)
		if (s->test[i].id == id)
			return &s->test[i];
	return &none;
}

void events_between(const struct session_snapshot *before, const struct session_snapshot *now,
	const struct events_listener *to)
{
	for (int kind = 0; kind < PORT_KINDS; kind++)
		tell_port((enum port_kind)kind, &before->port[kind], &now->port[kind], to);
	for (unsigned i = 0; i < now->tests; i++)
		tell_test(find(before, now->test[i].id), &now->test[i], to);
}
