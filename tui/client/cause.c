#include "tui/client/cause.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "proto/sys/clock.h"

static const struct {
	const char *code;
	int exit;
} table[CAUSES] = {
	[CAUSE_NONE] = {"", EXIT_DONE},
	[CAUSE_ADDRESS] = {"address", EXIT_UNREACHED},
	[CAUSE_TIMEOUT] = {"timeout", EXIT_UNREACHED},
	[CAUSE_REFUSED] = {"refused", EXIT_REFUSED},
	[CAUSE_SILENT] = {"silent", EXIT_INCOMPLETE},
	[CAUSE_PORT] = {"port", EXIT_INCOMPLETE},
	[CAUSE_SYSTEM] = {"system", EXIT_INCOMPLETE},
	[CAUSE_INTERRUPTED] = {"interrupted", EXIT_INCOMPLETE},
	[CAUSE_NO_ANSWER] = {"no_answer", EXIT_INCOMPLETE},
	[CAUSE_INCOMPLETE] = {"incomplete", EXIT_INCOMPLETE},
};

const char *cause_code(enum cause cause)
{
	return table[cause].code;
}

int cause_exit(enum cause cause)
{
	return table[cause].exit;
}

enum cause cause_named(const char *code)
{
	int cause = CAUSES;

	while (--cause > CAUSE_NONE && strcmp(table[cause].code, code) != 0)
		;
	return (enum cause)cause;
}

enum cause cause_of_client(const struct client *c)
{
	static const enum cause of_state[] = {
		[CLIENT_ASKING] = CAUSE_TIMEOUT,
		[CLIENT_OPENING] = CAUSE_TIMEOUT,
		[CLIENT_UP] = CAUSE_NONE,
		[CLIENT_UNREACHED] = CAUSE_TIMEOUT,
		[CLIENT_REFUSED] = CAUSE_REFUSED,
		[CLIENT_LOST] = CAUSE_SILENT,
		[CLIENT_FAILED] = CAUSE_SYSTEM,
	};

	return of_state[c->state];
}

static void explain_unreached(const struct client *c, struct cause_words *w)
{
	char server[ADDRESS_TEXT];
	const char *brief;

	address_format(&c->server, server);
	if (c->session_open) {
		brief = "it assigned ports, but not all of them answer: a firewall in between?";
		snprintf(w->whole, sizeof w->whole,
			"%s assigned ports, but not all of them answered: a firewall in between?", server);
	} else if (c->ignored_classic) {
		brief = "it answers as a classic server only, which a client with a key doesn't take";
		snprintf(w->whole, sizeof w->whole,
			"%s answers as a classic server only, which a client with a key doesn't take",
			server);
	} else {
		brief = "no answer";
		snprintf(w->whole, sizeof w->whole, "Timeout waiting for server response from %s", server);
	}
	snprintf(w->brief, sizeof w->brief, "%s", brief);
}

static void explain_refused(const struct handshake_answer *a, struct cause_words *w)
{
	int size = snprintf(
		w->whole, sizeof w->whole, "The server refused (%s): %s", refusal_name(a->refusal), a->text);

	if (a->wait_s)
		snprintf(w->whole + size, sizeof w->whole - (size_t)size, "; try again in %" PRIu32 " s",
			a->wait_s);
	snprintf(w->brief, sizeof w->brief, "%s: %.90s", refusal_name(a->refusal), a->text);
}

static void explain_silent(uint64_t seconds, struct cause_words *w)
{
	snprintf(w->brief, sizeof w->brief, "silent for %" PRIu64 " s", seconds);
	snprintf(w->whole, sizeof w->whole, "The server has been %s", w->brief);
}

static void explain_failed(const struct client *c, struct cause_words *w)
{
	const char *reason = strerror(-c->error);

	snprintf(w->brief, sizeof w->brief, "%.80s: %s", c->problem, reason);
	snprintf(w->whole, sizeof w->whole, "%s: %s", c->problem, reason);
}

void cause_explain(const struct client *c, struct cause_words *words)
{
	*words = (struct cause_words){0};
	if (c->state == CLIENT_UNREACHED)
		explain_unreached(c, words);
	else if (c->state == CLIENT_REFUSED)
		explain_refused(&c->answer, words);
	else if (c->state == CLIENT_LOST)
		explain_silent(c->session.silence_ns / NS_PER_S, words);
	else if (c->state == CLIENT_FAILED)
		explain_failed(c, words);
}
