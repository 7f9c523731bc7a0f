/* Causes: what state a client is in, and the words, the code and the exit code that follow from it. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "tests/support/test.h"
#include "tui/client/cause.h"
#include "tui/client/job.h"

/* The words that scripts match, and what the manual says of them. */
static const struct {
	enum cause cause;
	const char *code;
	int exit;
} codes[CAUSES] = {
	{CAUSE_NONE, "", 0},
	{CAUSE_ADDRESS, "address", 3},
	{CAUSE_TIMEOUT, "timeout", 3},
	{CAUSE_REFUSED, "refused", 5},
	{CAUSE_SILENT, "silent", 1},
	{CAUSE_PORT, "port", 1},
	{CAUSE_SYSTEM, "system", 1},
	{CAUSE_INTERRUPTED, "interrupted", 1},
	{CAUSE_NO_ANSWER, "no_answer", 1},
	{CAUSE_INCOMPLETE, "incomplete", 1},
};

static void test_codes(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(codes); i++) {
		print_message("\"%s\"\n", codes[i].code);
		assert_int_equal(codes[i].cause, i);
		assert_string_equal(cause_code(codes[i].cause), codes[i].code);
		assert_int_equal(cause_exit(codes[i].cause), codes[i].exit);
		assert_int_equal(cause_named(codes[i].code), codes[i].cause);
	}
	assert_int_equal(cause_named("nonsense"), CAUSE_NONE);
}

struct row {
	enum client_state state;
	bool opened, ignored_classic;
	enum refusal refusal;
	uint32_t wait_s;
	const char *problem;
	enum cause cause;
	const char *brief, *whole;
};

#define SERVER "192.0.2.7:6711"
#define LONG   "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123"

static const struct row rows[] = {
	{.state = CLIENT_ASKING, .cause = CAUSE_TIMEOUT, .brief = "", .whole = ""},
	{.state = CLIENT_OPENING, .opened = true, .cause = CAUSE_TIMEOUT, .brief = "", .whole = ""},
	{.state = CLIENT_UP, .opened = true, .cause = CAUSE_NONE, .brief = "", .whole = ""},
	{.state = CLIENT_UNREACHED,
		.cause = CAUSE_TIMEOUT,
		.brief = "no answer",
		.whole = "Timeout waiting for server response from " SERVER},
	{.state = CLIENT_UNREACHED,
		.ignored_classic = true,
		.cause = CAUSE_TIMEOUT,
		.brief = "it answers as a classic server only, which a client with a key doesn't take",
		.whole = SERVER " answers as a classic server only, which a client with a key doesn't take"},
	{.state = CLIENT_UNREACHED,
		.opened = true,
		.ignored_classic = true,
		.cause = CAUSE_TIMEOUT,
		.brief = "it assigned ports, but not all of them answer: a firewall in between?",
		.whole = SERVER " assigned ports, but not all of them answered: a firewall in between?"},
	{.state = CLIENT_REFUSED,
		.refusal = REFUSED_AUTH,
		.problem = "no such key here",
		.cause = CAUSE_REFUSED,
		.brief = "auth: no such key here",
		.whole = "The server refused (auth): no such key here"},
	{.state = CLIENT_REFUSED,
		.refusal = REFUSED_BUSY,
		.wait_s = 10,
		.problem = LONG,
		.cause = CAUSE_REFUSED,
		.brief = "busy: "
			 "01234567890123456789012345678901234567890123456789012345678901234567890123456789012"
			 "3456"
			 "789",
		.whole = "The server refused (busy): " LONG "; try again in 10 s"},
	{.state = CLIENT_LOST,
		.opened = true,
		.cause = CAUSE_SILENT,
		.brief = "silent for 15 s",
		.whole = "The server has been silent for 15 s"},
	{.state = CLIENT_FAILED,
		.problem = "could not open the three ports",
		.cause = CAUSE_SYSTEM,
		.brief = "could not open the three ports: Address already in use",
		.whole = "could not open the three ports: Address already in use"},
};

static void set_client(struct client *c, const struct row *row)
{
	memset(c, 0, sizeof *c);
	c->state = row->state;
	c->session_open = row->opened;
	c->ignored_classic = row->ignored_classic;
	c->session.silence_ns = clock_s(15);
	c->answer.refusal = row->refusal;
	c->answer.wait_s = row->wait_s;
	c->error = -EADDRINUSE;
	assert_int_equal(address_resolve(&c->server, "192.0.2.7", 6711, false), 0);
	if (!row->problem)
		return;
	snprintf(c->answer.text, sizeof c->answer.text, "%s", row->problem);
	snprintf(c->problem, sizeof c->problem, "%s", row->problem);
}

static void test_clients(void **state)
{
	static struct client c;
	struct cause_words words;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		print_message("%zu: \"%s\"\n", i, rows[i].whole);
		set_client(&c, &rows[i]);
		memset(&words, 'x', sizeof words);
		cause_explain(&c, &words);
		assert_int_equal(cause_of_client(&c), rows[i].cause);
		assert_string_equal(words.brief, rows[i].brief);
		assert_string_equal(words.whole, rows[i].whole);
	}
}

/* The session's cause counts, then that of its tests; a signal counts more than both. */
static const struct {
	enum client_state state;
	bool was_up;
	const char *code;
	int signal;
	int exit;
} ends[] = {
	{CLIENT_UP, true, "", 0, 0},
	{CLIENT_UP, true, "incomplete", 0, 1},
	{CLIENT_UP, true, "no_answer", 0, 1},
	{CLIENT_UP, true, "port", 0, 1},
	{CLIENT_UP, true, "refused", 0, 5},
	{CLIENT_UP, true, "interrupted", 2, 130},
	{CLIENT_ASKING, false, "", 0, 3},
	{CLIENT_ASKING, false, "address", 0, 3},
	{CLIENT_ASKING, false, "interrupted", 15, 143},
	{CLIENT_ASKING, true, "", 0, 1},
	{CLIENT_ASKING, true, "refused", 0, 1},
	{CLIENT_OPENING, false, "", 0, 3},
	{CLIENT_OPENING, true, "", 0, 1},
	{CLIENT_UNREACHED, false, "timeout", 0, 3},
	{CLIENT_UNREACHED, true, "", 0, 1},
	{CLIENT_REFUSED, false, "refused", 0, 5},
	{CLIENT_REFUSED, true, "incomplete", 0, 5},
	{CLIENT_LOST, true, "silent", 0, 1},
	{CLIENT_LOST, true, "refused", 0, 5},
	{CLIENT_FAILED, false, "system", 0, 1},
	{CLIENT_FAILED, false, "", 1, 129},
};

static void test_ends(void **state)
{
	static struct job j;

	(void)state;
	j.plan.interactive = true;
	for (size_t i = 0; i < COUNT(ends); i++) {
		print_message("state %d, \"%s\"\n", ends[i].state, ends[i].code);
		j.client.state = ends[i].state;
		j.was_up = ends[i].was_up;
		j.signal = ends[i].signal;
		snprintf(j.report.error_code, sizeof j.report.error_code, "%s", ends[i].code);
		assert_int_equal(job_exit_code(&j), ends[i].exit);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_codes),
		cmocka_unit_test(test_clients),
		cmocka_unit_test(test_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
