/* A task of the main loop looks at the client's state and snapshots and tells the user what has changed:
 *
 *   asking -> opening -> up -> [test -> result acknowledged] -> done
 *
 * Lines that scripts match on go out word for word; with --json nothing but the document does. */
#include "tui/client/plain.h"

#include <errno.h>
#include <inttypes.h>
#include <netdb.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "proto/record/outcome.h"
#include "proto/report/report.h"
#include "proto/sys/clock.h"
#include "proto/sys/signals.h"
#include "tui/client/client.h"
#include "tui/client/exits.h"
#include "tui/client/interval.h"
#include "tui/client/test_queue.h"

enum {
	PLAIN_LOOK_MS = 20,
	PLAIN_PARTIAL_MS = 500, /* after a signal: for the counters of the test to come in */
};

struct plain {
	struct loop_task task;
	const struct options *options;
	const struct key *key;
	struct client client;
	struct signals signals;
	struct report report;
	enum client_state told; /* the state that the user knows of */
	struct test_queue test_queue;
	bool headed[2]; /* traffic that the heading of the lines speaks of */
	uint64_t began_ns, interval_began_ns, interval_ends_ns;
	struct session_snapshot before; /* as the interval began */
	uint64_t end_ns;                /* when to end; CLOCK_NEVER: not yet known */
};

__attribute__((format(printf, 2, 3))) static void say(const struct plain *p, const char *format, ...)
{
	va_list arguments;

	if (p->options->json)
		return;
	va_start(arguments, format);
	vprintf(format, arguments);
	va_end(arguments);
	fflush(stdout);
}

static void tell_assignment(struct plain *p)
{
	const struct classic_assignment *a = &p->client.assignment;
	const struct handshake_answer *terms = &p->client.answer;
	char rate[32];

	say(p, "Received port assignment:\n  CONTROL %u, UPLOAD %u, DOWNLOAD %u\n", a->port[PORT_CONTROL],
		a->port[PORT_UPLOAD], a->port[PORT_DOWNLOAD]);
	if (p->client.classic)
		say(p, "  a classic server: uploads only\n");
	else
		say(p, "  server's limits: rate %s, duration %" PRIu32 " s\n",
			terms->cap_rate_bps ? report_rate((double)terms->cap_rate_bps, rate) : "none",
			terms->cap_duration_s);
	for (int kind = 0; kind < PORT_KINDS; kind++)
		p->report.port[kind] = a->port[kind];
	p->report.connected = true;
	p->report.classic = p->client.classic;
}

static void begin_interval(struct plain *p, uint64_t now_ns)
{
	p->before = p->client.snapshot;
	p->interval_began_ns = now_ns;
	p->interval_ends_ns += (uint64_t)(p->options->interval_s * NS_PER_S);
	if (p->interval_ends_ns <= now_ns)
		p->interval_ends_ns = now_ns + (uint64_t)(p->options->interval_s * NS_PER_S);
}

static void refuse(struct plain *p, const char *why, uint64_t now_ns)
{
	report_fail(&p->report, "refused", "%s", why);
	fprintf(stderr, "wyndrvr: %s\n", p->report.error);
	p->end_ns = now_ns;
}

static void tell_up(struct plain *p, uint64_t now_ns)
{
	say(p, "Client connected successfully\n");
	p->began_ns = p->began_ns ? p->began_ns : now_ns; /* a second session goes on in the same lines */
	p->interval_ends_ns = now_ns;
	begin_interval(p, now_ns);
	/* What made the session come up is news too. */
	p->before = (struct session_snapshot){0};
	if (p->client.classic && test_queue_wants_download(p->options))
		refuse(p, "The server is classic and has no download test", now_ns);
	else
		test_queue_begin(&p->test_queue);
}

static void tell_refused(struct plain *p, uint64_t now_ns)
{
	const struct handshake_answer *a = &p->client.answer;
	char why[REPORT_TEXT];

	snprintf(why, sizeof why, "The server refused (%s): %s", refusal_name(a->refusal), a->text);
	if (a->wait_s)
		snprintf(why + strlen(why), sizeof why - strlen(why), "; try again in %" PRIu32 " s",
			a->wait_s);
	refuse(p, why, now_ns);
}

static void tell_unreached(struct plain *p)
{
	char name[ADDRESS_TEXT];

	address_format(&p->client.server, name);
	if (p->told == CLIENT_ASKING && p->client.ignored_classic)
		report_fail(&p->report, "timeout",
			"%s answers as a classic server only, which a client with a key doesn't take", name);
	else if (p->told == CLIENT_ASKING)
		report_fail(&p->report, "timeout", "Timeout waiting for server response from %s", name);
	else
		report_fail(&p->report, "timeout",
			"%s assigned ports, but not all of them answered: a firewall in between?", name);
	fprintf(stderr, "Timeout waiting for server response\n");
	if (!p->options->json)
		fprintf(stderr, "wyndrvr: %s\n", p->report.error);
}

/* What the user is told when the client's state changes. */
static void tell_state(struct plain *p, uint64_t now_ns)
{
	enum client_state state = p->client.state;

	if (state == p->told)
		return;
	if (p->told == CLIENT_ASKING && p->client.session_open)
		tell_assignment(p);
	if (state == CLIENT_UP) {
		tell_up(p, now_ns);
	} else if (state == CLIENT_UNREACHED) {
		tell_unreached(p);
	} else if (state == CLIENT_REFUSED) {
		tell_refused(p, now_ns);
	} else if (state == CLIENT_LOST) {
		report_fail(&p->report, "silent", "The server has been silent for %" PRIu64 " s",
			p->client.session.silence_ns / NS_PER_S);
		fprintf(stderr, "wyndrvr: %s\n", p->report.error);
	} else if (state == CLIENT_FAILED) {
		report_fail(&p->report, "system", "%s: %s", p->client.problem, strerror(-p->client.error));
		fprintf(stderr, "wyndrvr: %s\n", p->report.error);
	}
	if (state > CLIENT_UP)
		p->end_ns = now_ns;
	p->told = state;
}

static void tell_latencies(const struct report_interval *i)
{
	for (int kind = 0; kind < PORT_KINDS; kind++)
		if (i->latency_ns[kind])
			fprintf(stderr, "Client latency %-9s: %.2f ms\n",
				port_kind_name((enum port_kind)kind), clock_in_ms(i->latency_ns[kind]));
}

/* The heading changes with the kind of traffic. */
static void tell_interval(struct plain *p, const struct report_interval *i)
{
	static bool any;

	if (!any || p->headed[0] != i->sent.active || p->headed[1] != i->received.active)
		report_text_heading(stdout, i);
	any = true;
	p->headed[0] = i->sent.active;
	p->headed[1] = i->received.active;
	report_text_interval(stdout, i);
	fflush(stdout);
}

static void end_interval(struct plain *p, uint64_t now_ns)
{
	struct report_interval i = interval_between(&p->before, client_snapshot(&p->client));

	i.start_s = (double)(p->interval_began_ns - p->began_ns) / NS_PER_S;
	i.end_s = (double)(now_ns - p->began_ns) / NS_PER_S;
	if (!p->options->json) {
		tell_latencies(&i);
		tell_interval(p, &i);
	} else if (report_add_interval(&p->report, &i)) {
		report_warn(&p->report, "out of memory: an interval is missing");
	}
	begin_interval(p, now_ns);
}

static void check_tests(struct plain *p, uint64_t now_ns)
{
	if (test_queue_step(&p->test_queue, now_ns) && p->end_ns == CLOCK_NEVER) {
		p->end_ns = now_ns;
		if (p->client.classic && p->report.error_code[0])
			fprintf(stderr, "wyndrvr: %s\n", p->report.error);
	}
	tell_state(p, now_ns); /* the next test may need a session of its own */
}

static void check_count(struct plain *p, uint64_t now_ns)
{
	for (int kind = 0; kind < PORT_KINDS; kind++) {
		const struct latency_summary *l = &p->client.snapshot.port[kind].latency;

		if (l->sent < p->options->count || l->n + l->lost < l->sent)
			return;
	}
	p->end_ns = now_ns;
}

static void check_ports(struct plain *p, uint64_t now_ns)
{
	for (int kind = 0; kind < PORT_KINDS; kind++) {
		const struct port_snapshot *port = &p->client.snapshot.port[kind];

		if (port->state != PORT_FAILED || p->end_ns != CLOCK_NEVER)
			continue;
		report_fail(&p->report, "port", "The %s port failed: %s",
			port_kind_name((enum port_kind)kind), strerror(port->error));
		fprintf(stderr, "wyndrvr: %s\n", p->report.error);
		p->end_ns = now_ns;
	}
}

static uint64_t step(struct loop_task *task, bool readable)
{
	struct plain *p = (struct plain *)task; /* its first member */
	uint64_t now_ns = clock_now_ns();

	(void)readable;
	tell_state(p, now_ns);
	if (p->client.state == CLIENT_UP) {
		client_snapshot(&p->client);
		check_ports(p, now_ns);
		if (p->options->test_count)
			check_tests(p, now_ns);
		else if (p->options->count)
			check_count(p, now_ns);
		if (p->client.state == CLIENT_UP && now_ns >= p->interval_ends_ns && p->end_ns == CLOCK_NEVER)
			end_interval(p, now_ns);
	}
	if (now_ns >= p->end_ns)
		loop_stop(task->loop);
	return now_ns + clock_ms(PLAIN_LOOK_MS);
}

/* The first signal: what is known is reported, as soon as the running test's counters are in. */
static void interrupted(void *context)
{
	struct plain *p = context;
	uint64_t now_ns = clock_now_ns();

	report_fail(&p->report, "interrupted", "Interrupted");
	if (p->client.state != CLIENT_UP || !p->options->test_count) {
		loop_stop(p->task.loop);
		return;
	}
	session_stop_test(&p->client.session);
	p->end_ns = now_ns + clock_ms(PLAIN_PARTIAL_MS);
}

/* The end of the last interval, if it has seen anything. */
static void finish_intervals(struct plain *p)
{
	bool any = false;

	for (int kind = 0; kind < PORT_KINDS && p->began_ns; kind++)
		any = any || p->client.snapshot.port[kind].latency.n > p->before.port[kind].latency.n;
	if (any)
		end_interval(p, clock_now_ns());
}

static void finish_report(struct plain *p)
{
	signals_extend();
	finish_intervals(p);
	p->report.end = p->client.snapshot;
	test_queue_cut_short(&p->test_queue);
	if (!p->options->json) {
		report_text_end(stdout, &p->report);
		fflush(stdout);
	} else if (report_json(stdout, &p->report)) {
		fprintf(stderr, "wyndrvr: the report could not be written\n");
	}
}

static int exit_code(const struct plain *p)
{
	if (p->signals.caught)
		return EXIT_SIGNAL + p->signals.caught;
	if (p->client.state == CLIENT_UNREACHED)
		return EXIT_UNREACHED;
	if (strcmp(p->report.error_code, "refused") == 0)
		return EXIT_REFUSED;
	return p->report.error_code[0] ? EXIT_INCOMPLETE : EXIT_DONE;
}

static int run(struct plain *p, const struct address *server, struct runner_home *home)
{
	struct client_plan plan = {
		.options = p->options,
		.key = p->key,
		.server = *server,
		.home = home,
	};
	int error = signals_open(&p->signals, home->loop);

	if (error)
		return error;
	p->signals.caught_one = interrupted;
	p->signals.context = p;
	error = client_open(&p->client, &plan);
	if (error)
		goto out_signals;
	p->task = (struct loop_task){.fd = -1, .step = step};
	p->end_ns = CLOCK_NEVER;
	error = loop_add(home->loop, &p->task);
	if (error)
		goto out_client;
	say(p, "Connecting to server %s\n", p->report.server);
	loop_run(home->loop);
	loop_remove(&p->task);

out_client:
	client_close(&p->client);
out_signals:
	signals_close(&p->signals);
	return error;
}

int plain_run(const struct options *options, const struct key *key)
{
	static struct plain plain; /* large, and there is one */
	struct plain *p = &plain;
	struct runner_home home;
	struct address server;
	char name[ADDRESS_TEXT];
	int error;

	p->options = options;
	p->key = key;
	test_queue_init(&p->test_queue, options, &p->client, &p->report);
	error = address_resolve(&server, options->host, options->port, false);
	report_init(&p->report, options, error ? options->host : address_format(&server, name));
	if (error) {
		report_fail(&p->report, "address", "%s: %s", options->host, gai_strerror(error));
		fprintf(stderr, "wyndrvr: %s\n", p->report.error);
		finish_report(p);
		report_free(&p->report);
		return EXIT_UNREACHED;
	}
	error = runner_home_open(&home, options);
	if (!error) {
		error = run(p, &server, &home);
		runner_home_close(&home);
	}
	if (error) {
		report_fail(&p->report, "system", "%s", strerror(-error));
		fprintf(stderr, "wyndrvr: %s\n", p->report.error);
	}
	finish_report(p);
	error = error ? EXIT_INCOMPLETE : exit_code(p);
	report_free(&p->report);
	return error;
}
