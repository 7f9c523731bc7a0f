#include "tui/client/job.h"

#include <netdb.h>
#include <string.h>

#include "proto/sys/clock.h"

enum { JOB_PARTIAL_MS = 500 }; /* after the order to end, for the test's counters to come in */

static void tell(struct job *j, enum job_event event)
{
	j->plan.tell(j->plan.context, event);
}

/* The report knows why. */
static void give_up(struct job *j)
{
	j->end_ns = j->now_ns;
	tell(j, JOB_FAILED);
}

static int ask(struct job *j)
{
	struct client_plan plan = {
		.options = j->plan.options,
		.key = j->plan.key,
		.server = j->server,
		.home = &j->home,
	};
	int error = client_open(&j->client, &plan);

	j->asked = error == 0;
	j->told = CLIENT_ASKING;
	j->retry_ns = 0;
	j->tries++;
	test_queue_renew(&j->test_queue);
	return error;
}

/* Tests are over. What the user ended is no failure, and a complete test clears what went wrong before; with
 * nobody watching, each failure counts. */
static void settle(struct job *j, unsigned known)
{
	struct report *r = &j->report;

	for (unsigned i = known; i < r->tests_ever && j->plan.interactive; i++)
		if (j->stopped || r->test[r->tests - (r->tests_ever - i)].phase == TEST_COMPLETE)
			r->error_code[0] = '\0';
	if (r->tests_ever > known)
		tell(j, JOB_TESTED);
}

/* An attempt that got no session knows nothing better than what the last one left. */
static void leave(struct job *j)
{
	unsigned known = j->report.tests_ever;
	bool had_session = j->client.session_open;

	if (!j->asked)
		return;
	j->asked = false;
	client_close(&j->client);
	if (!had_session)
		return;
	test_queue_cut_short(&j->test_queue);
	settle(j, known);
	j->report.end = j->client.snapshot;
}

static void take_assignment(struct job *j)
{
	struct report *r = &j->report;

	r->connected = true;
	r->classic = j->client.classic;
	for (int kind = 0; kind < PORT_KINDS; kind++)
		r->port[kind] = j->client.assignment.port[kind];
	tell(j, JOB_ASSIGNED);
}

/* The directions of tests that the server doesn't have. A user at the screen sees that for themselves. */
static unsigned lacking(const struct job *j)
{
	bool matters = !j->plan.interactive && j->client.classic;

	return matters ? directions_not_classic(test_queue_directions(j->plan.options)) : 0;
}

static void take_up(struct job *j)
{
	j->was_up = true;
	j->words = (struct cause_words){0};
	if (j->watching && !j->client.classic)
		session_view_server(&j->client.session, true);
	tell(j, JOB_UP);
	if (!lacking(j)) {
		test_queue_begin(&j->test_queue);
		return;
	}
	report_fail(&j->report, cause_code(CAUSE_REFUSED), "The server is classic and has no %s test",
		directions_table[directions_first(lacking(j))].noun);
	give_up(j);
}

/* Failures that may pass are tried again. */
static uint64_t retry_ns(const struct job *j)
{
	const struct handshake_answer *a = &j->client.answer;

	if (j->client.state == CLIENT_LOST)
		return j->now_ns;
	if (j->client.state == CLIENT_UNREACHED)
		return j->now_ns + clock_s(JOB_RETRY_S);
	if (j->client.state == CLIENT_REFUSED && client_may_wait(a->refusal))
		return j->now_ns + clock_s(a->wait_s ? a->wait_s : JOB_RETRY_S);
	return 0;
}

static void take_failure(struct job *j)
{
	cause_explain(&j->client, &j->words);
	if (j->plan.interactive) {
		j->retry_ns = retry_ns(j);
		tell(j, JOB_FAILED);
	} else {
		report_fail(&j->report, cause_code(cause_of_client(&j->client)), "%s", j->words.whole);
		give_up(j);
	}
	leave(j);
}

static void take_state(struct job *j)
{
	enum client_state before = j->told, state = j->client.state;

	if (state == before)
		return;
	j->told = state;
	if (before == CLIENT_ASKING && j->client.session_open)
		take_assignment(j);
	if (state == CLIENT_UP)
		take_up(j);
	else if (state > CLIENT_UP)
		take_failure(j);
}

static void check_ports(struct job *j)
{
	for (int kind = 0; kind < PORT_KINDS && j->end_ns == CLOCK_NEVER; kind++) {
		const struct port_snapshot *port = &j->client.snapshot.port[kind];

		if (port->state != PORT_FAILED)
			continue;
		report_fail(&j->report, cause_code(CAUSE_PORT), "The %s port failed: %s",
			port_kind_name((enum port_kind)kind), strerror(port->error));
		give_up(j);
	}
}

/* Each port has the round trips that were asked for. */
static bool is_counted(const struct job *j)
{
	for (int kind = 0; kind < PORT_KINDS; kind++) {
		const struct latency_summary *l = &j->client.snapshot.port[kind].latency;

		if (l->sent < j->plan.options->count || l->n + l->lost < l->sent)
			return false;
	}
	return j->plan.options->count > 0;
}

static void look(struct job *j)
{
	unsigned known = j->report.tests_ever;
	bool over;

	client_snapshot(&j->client);
	if (!j->plan.interactive)
		check_ports(j);
	over = test_queue_step(&j->test_queue, j->now_ns);
	settle(j, known);
	if (j->plan.options->test_count == 0)
		over = is_counted(j);
	if (over && !j->plan.interactive && j->end_ns == CLOCK_NEVER) {
		j->end_ns = j->now_ns;
		if (j->client.classic && j->report.error_code[0])
			tell(j, JOB_FAILED);
	}
	take_state(j); /* the next test may need a session of its own */
}

static uint64_t step(struct loop_task *task, bool readable)
{
	struct job *j = (struct job *)task; /* its first member */

	(void)readable;
	j->now_ns = clock_now_ns();
	if (j->asked)
		take_state(j);
	if (j->client.state == CLIENT_UP)
		look(j);
	if (j->retry_ns && j->now_ns >= j->retry_ns)
		job_retry(j);
	tell(j, JOB_LOOKED);
	if (j->now_ns >= j->end_ns)
		loop_stop(task->loop);
	return j->now_ns + clock_ms(j->plan.look_ms);
}

int job_open(struct job *j, const struct job_plan *plan)
{
	const struct options *o = plan->options;
	char text[ADDRESS_TEXT];
	int error;

	memset(j, 0, sizeof *j);
	j->plan = *plan;
	j->task = (struct loop_task){.fd = -1, .step = step};
	j->now_ns = clock_now_ns();
	j->end_ns = CLOCK_NEVER;
	test_queue_init(&j->test_queue, o, &j->client, &j->report);
	error = address_resolve(&j->server, o->host, o->port, false);
	report_init(&j->report, o, error ? o->host : address_format(&j->server, text));
	if (error) {
		report_fail(&j->report, cause_code(CAUSE_ADDRESS), "%s: %s", o->host, gai_strerror(error));
		give_up(j);
		return error;
	}
	error = runner_home_open(&j->home, o);
	if (!error)
		error = loop_add(j->home.loop, &j->task);
	if (!error)
		error = ask(j);
	if (error) {
		loop_remove(&j->task);
		job_break(j, error);
	}
	return error;
}

void job_run(struct job *j)
{
	loop_run(j->home.loop);
}

void job_close(struct job *j)
{
	loop_remove(&j->task);
	leave(j);
}

void job_free(struct job *j)
{
	if (j->home.loop)
		runner_home_close(&j->home);
	report_free(&j->report);
}

void job_break(struct job *j, int error)
{
	j->client.state = CLIENT_FAILED;
	report_fail(&j->report, cause_code(CAUSE_SYSTEM), "%s", strerror(-error));
	give_up(j);
}

void job_end(struct job *j)
{
	bool busy = j->client.state == CLIENT_UP && j->test_queue.reported < j->test_queue.started;

	if (j->end_ns != CLOCK_NEVER)
		return;
	j->stopped = true;
	if (busy)
		session_stop_test(&j->client.session);
	j->end_ns = busy ? clock_now_ns() + clock_ms(JOB_PARTIAL_MS) : j->now_ns;
}

void job_interrupt(struct job *j, int number)
{
	if (!j->signal)
		j->signal = number;
	report_fail(&j->report, cause_code(CAUSE_INTERRUPTED), "Interrupted");
	job_end(j);
}

void job_retry(struct job *j)
{
	if (j->asked || !ask(j))
		return;
	take_failure(j);
	j->retry_ns = j->now_ns + clock_s(JOB_RETRY_S);
}

void job_start_tests(struct job *j, unsigned directions)
{
	j->stopped = false;
	test_queue_start(&j->test_queue, directions);
	take_state(j); /* it may need a session of its own */
}

void job_stop_tests(struct job *j)
{
	j->stopped = true;
	if (j->client.state == CLIENT_UP)
		session_stop_test(&j->client.session);
}

void job_set_terms(struct job *j, uint64_t rate_bps, uint32_t duration_s)
{
	j->test_queue.rate_bps = rate_bps;
	j->test_queue.duration_s = duration_s;
}

void job_watch(struct job *j, bool on)
{
	j->watching = on;
	if (j->client.state == CLIENT_UP)
		session_view_server(&j->client.session, on);
}

const struct report *job_report(struct job *j)
{
	if (j->client.session_open)
		j->report.end = j->client.snapshot;
	return &j->report;
}

int job_exit_code(const struct job *j)
{
	int session = cause_exit(cause_of_client(&j->client));
	int tests = cause_exit(cause_named(j->report.error_code));

	if (j->signal)
		return EXIT_SIGNAL + j->signal;
	if (session == EXIT_UNREACHED)
		return j->plan.interactive && j->was_up ? EXIT_INCOMPLETE : EXIT_UNREACHED;
	return session > tests ? session : tests;
}
