/* Tells the user what happens to the job. Lines that scripts match on go out word for word; with --json
 * nothing but the document does. */
#include "tui/client/plain.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "proto/sys/clock.h"
#include "proto/sys/signals.h"
#include "tui/client/interval.h"
#include "tui/client/job.h"

enum { PLAIN_LOOK_MS = 20 };

struct plain {
	const struct options *options;
	struct job job;
	struct signals signals;
	bool headed;         /* there is a heading, */
	bool sent, received; /* ... for this kind of traffic */
	uint64_t began_ns, interval_began_ns, interval_ends_ns;
	struct session_snapshot before; /* as the interval began */
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

static void tell_assignment(const struct plain *p)
{
	const struct client *c = &p->job.client;
	char rate[32];

	say(p, "Received port assignment:\n  CONTROL %u, UPLOAD %u, DOWNLOAD %u\n",
		c->assignment.port[PORT_CONTROL], c->assignment.port[PORT_UPLOAD],
		c->assignment.port[PORT_DOWNLOAD]);
	if (c->classic)
		say(p, "  a classic server: uploads only\n");
	else
		say(p, "  server's limits: rate %s, duration %" PRIu32 " s\n",
			c->answer.cap_rate_bps ? report_rate((double)c->answer.cap_rate_bps, rate) : "none",
			c->answer.cap_duration_s);
}

static void begin_interval(struct plain *p)
{
	uint64_t now_ns = p->job.now_ns, length_ns = (uint64_t)(p->options->interval_s * NS_PER_S);

	p->before = p->job.client.snapshot;
	p->interval_began_ns = now_ns;
	p->interval_ends_ns += length_ns;
	if (p->interval_ends_ns <= now_ns)
		p->interval_ends_ns = now_ns + length_ns;
}

static void tell_up(struct plain *p)
{
	say(p, "Client connected successfully\n");
	if (!p->began_ns) /* a second session continues the same clock */
		p->began_ns = p->job.now_ns;
	p->interval_ends_ns = p->job.now_ns;
	begin_interval(p);
	/* What brought the session up counts in the first interval. */
	p->before = (struct session_snapshot){0};
}

static void tell_failure(const struct plain *p)
{
	bool unreached = p->job.client.state == CLIENT_UNREACHED;

	if (unreached)
		fprintf(stderr, "Timeout waiting for server response\n");
	if (!unreached || !p->options->json)
		fprintf(stderr, "wyndrvr: %s\n", p->job.report.error);
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
	if (!p->headed || p->sent != i->sent.active || p->received != i->received.active)
		report_text_heading(stdout, i);
	p->headed = true;
	p->sent = i->sent.active;
	p->received = i->received.active;
	report_text_interval(stdout, i);
	fflush(stdout);
}

static void end_interval(struct plain *p, uint64_t now_ns)
{
	struct report_interval i = interval_between(&p->before, &p->job.client.snapshot);

	i.start_s = (double)(p->interval_began_ns - p->began_ns) / NS_PER_S;
	i.end_s = (double)(now_ns - p->began_ns) / NS_PER_S;
	if (!p->options->json) {
		tell_latencies(&i);
		tell_interval(p, &i);
	} else if (report_add_interval(&p->job.report, &i)) {
		report_warn(&p->job.report, "out of memory: an interval is missing");
	}
}

static void check_interval(struct plain *p)
{
	const struct job *j = &p->job;

	if (j->client.state != CLIENT_UP || j->now_ns < p->interval_ends_ns || j->end_ns != CLOCK_NEVER)
		return;
	end_interval(p, j->now_ns);
	begin_interval(p);
}

static void take_event(void *context, enum job_event event)
{
	struct plain *p = context;

	switch (event) {
	case JOB_ASSIGNED:
		tell_assignment(p);
		break;
	case JOB_UP:
		tell_up(p);
		break;
	case JOB_FAILED:
		tell_failure(p);
		break;
	case JOB_TESTED:
		break;
	case JOB_LOOKED:
		check_interval(p);
		break;
	}
}

static void interrupted(void *context)
{
	struct plain *p = context;

	job_interrupt(&p->job, p->signals.caught);
}

/* The rest of the last interval, if it has seen anything. */
static void finish_intervals(struct plain *p)
{
	const struct session_snapshot *last = &p->job.client.snapshot;
	bool any = false;

	for (int kind = 0; kind < PORT_KINDS && p->began_ns; kind++)
		any = any || last->port[kind].latency.n > p->before.port[kind].latency.n;
	if (any)
		end_interval(p, clock_now_ns());
}

static void finish_report(struct plain *p)
{
	signals_extend();
	finish_intervals(p);
	if (!p->options->json) {
		report_text_end(stdout, &p->job.report);
		fflush(stdout);
	} else if (report_json(stdout, &p->job.report)) {
		fprintf(stderr, "wyndrvr: the report could not be written\n");
	}
}

static void run(struct plain *p)
{
	int error = signals_open(&p->signals, p->job.home.loop);

	if (error) {
		job_break(&p->job, error);
	} else {
		p->signals.caught_one = interrupted;
		p->signals.context = p;
		say(p, "Connecting to server %s\n", p->job.report.server);
		job_run(&p->job);
	}
	job_close(&p->job);
	signals_close(&p->signals);
}

int plain_run(const struct options *options, const struct key *key)
{
	static struct plain plain; /* large, and there is one */
	struct plain *p = &plain;
	struct job_plan plan = {
		.options = options,
		.key = key,
		.look_ms = PLAIN_LOOK_MS,
		.tell = take_event,
		.context = p,
	};
	int status;

	p->options = options;
	if (job_open(&p->job, &plan) == 0)
		run(p);
	finish_report(p);
	status = job_exit_code(&p->job);
	job_free(&p->job);
	return status;
}
