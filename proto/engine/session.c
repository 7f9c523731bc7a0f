#include "proto/engine/session.h"

#include <string.h>

#include "proto/sys/clock.h"

static struct address wildcard(sa_family_t family)
{
	if (family == AF_INET6)
		return (struct address){
			.size = sizeof(struct sockaddr_in6),
			.v6 = {.sin6_family = AF_INET6},
		};
	return (struct address){
		.size = sizeof(struct sockaddr_in),
		.v4 = {.sin_family = AF_INET},
	};
}

static struct port_plan plan_port(const struct session_plan *plan, enum port_kind kind)
{
	struct port_plan port = {
		.kind = kind,
		.is_client = plan->is_client,
		.options = plan->options,
		.local = plan->is_client ? wildcard(plan->peer.any.sa_family) : plan->local,
		.peer = plan->peer,
		.key = plan->assignment.key,
		.asks_path = plan->asks_path,
		.single_port = plan->single_port,
		.secret = plan->secret,
		.gate = plan->gate,
		.session = plan->number,
	};

	address_set_port(plan->is_client ? &port.peer : &port.local, plan->assignment.port[kind]);
	return port;
}

/* Four, so that neither two heartbeats lost in a row nor a late third one ends the session. */
static uint64_t silence_after(uint64_t interval_ns)
{
	uint64_t silence_ns = SESSION_SILENCE_BEATS * interval_ns;

	return silence_ns > clock_s(SESSION_SILENCE_S) ? silence_ns : clock_s(SESSION_SILENCE_S);
}

int session_open(struct session *s, const struct session_plan *plan, enum port_kind *failed)
{
	s->opened_ns = clock_now_ns();
	s->silence_ns = silence_after(clock_ms(plan->options->heartbeat_ms));
	for (int kind = 0; kind < PORT_KINDS; kind++) {
		struct port_plan port = plan_port(plan, (enum port_kind)kind);
		int error = port_open(&s->port[kind], &port);

		if (error) {
			if (failed)
				*failed = (enum port_kind)kind;
			while (kind-- > 0)
				port_close(&s->port[kind]);
			return error;
		}
		s->port[kind].sibling = s->port;
	}
	return 0;
}

void session_close(struct session *s)
{
	for (int kind = 0; kind < PORT_KINDS; kind++)
		port_close(&s->port[kind]);
}

void session_snapshot(struct session *s, struct session_snapshot *out)
{
	out->taken_ns = clock_now_ns();
	out->tests = port_read(&s->port[PORT_CONTROL], &out->port[PORT_CONTROL], out->test);
	port_read(&s->port[PORT_UPLOAD], &out->port[PORT_UPLOAD], NULL);
	port_read(&s->port[PORT_DOWNLOAD], &out->port[PORT_DOWNLOAD], NULL);
	port_read_peer(&s->port[PORT_CONTROL], &out->peer);
}

bool session_start_test(struct session *s, const struct test_order *order)
{
	struct mail mail = {.kind = MAIL_START_TEST, .order = *order};

	return mailbox_post(&s->port[PORT_CONTROL].mailbox, &mail);
}

bool session_stop_test(struct session *s)
{
	struct mail mail = {.kind = MAIL_STOP_TEST};

	return mailbox_post(&s->port[PORT_CONTROL].mailbox, &mail);
}

bool session_view_server(struct session *s, bool on)
{
	struct mail mail = {.kind = MAIL_VIEW_SERVER, .on = on};

	return mailbox_post(&s->port[PORT_CONTROL].mailbox, &mail);
}

bool session_is_up(const struct session_snapshot *snapshot)
{
	for (int kind = 0; kind < PORT_KINDS; kind++)
		if (snapshot->port[kind].state != PORT_UP)
			return false;
	return true;
}

uint64_t session_heard_ns(const struct session_snapshot *snapshot)
{
	uint64_t latest_ns = 0;

	for (int kind = 0; kind < PORT_KINDS; kind++)
		if (snapshot->port[kind].last_heard_ns > latest_ns)
			latest_ns = snapshot->port[kind].last_heard_ns;
	return latest_ns;
}

uint64_t session_silence_ns(const struct session *s, const struct session_snapshot *snapshot)
{
	uint64_t longest_ns = s->silence_ns;

	for (int kind = 0; kind < PORT_KINDS; kind++) {
		uint64_t silence_ns = silence_after(snapshot->port[kind].peer_interval_ns);

		if (silence_ns > longest_ns)
			longest_ns = silence_ns;
	}
	return longest_ns;
}
