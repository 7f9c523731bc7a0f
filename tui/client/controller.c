#include "tui/client/controller.h"

#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "proto/record/verdict.h"
#include "proto/sys/clock.h"
#include "tui/client/events.h"

enum { CONTROLLER_LOOK_MS = 50 };

static void note(void *context, enum event_kind kind, const char *text)
{
	struct controller *p = context;
	struct view_event *e = &p->view.event[p->view.events++ % VIEW_EVENTS];

	e->at_ns = clock_now_ns();
	e->kind = kind;
	snprintf(e->text, sizeof e->text, "%s", text);
}

__attribute__((format(printf, 3, 4))) static void say(
	struct controller *p, enum event_kind kind, const char *format, ...)
{
	char text[VIEW_TEXT];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	note(p, kind, text);
}

static void tell_assignment(struct controller *p)
{
	const uint16_t *port = p->job.client.assignment.port;

	say(p, EVENT_NOTE, "Ports assigned: CONTROL %u, UPLOAD %u, DOWNLOAD %u", port[PORT_CONTROL],
		port[PORT_UPLOAD], port[PORT_DOWNLOAD]);
}

static void tell_up(struct controller *p)
{
	const struct client *c = &p->job.client;

	say(p, EVENT_GOOD, "Connected: %s, %s", c->classic ? "a classic server, uploads only" : "extended",
		c->runner.threads ? "a thread for each port" : "one loop");
	p->view.opened_ns = c->session.opened_ns;
	memset(&p->before, 0, sizeof p->before);
}

static void tell_failure(struct controller *p)
{
	const char *why = p->job.words.brief;

	switch (p->job.client.state) {
	case CLIENT_UNREACHED:
		say(p, EVENT_ERROR, "Not reached: %s", why);
		break;
	case CLIENT_REFUSED:
		say(p, EVENT_ERROR, "Refused (%s)", why);
		break;
	case CLIENT_LOST:
		say(p, EVENT_ERROR, "The server is silent; asking it again");
		break;
	case CLIENT_FAILED:
		say(p, EVENT_ERROR, "%s", why);
		break;
	case CLIENT_ASKING:
	case CLIENT_OPENING:
	case CLIENT_UP:
		break;
	}
}

static uint64_t median(const struct controller *p, const struct test_record *t, bool loaded)
{
	enum port_kind kind = directions_table[t->direction].port;
	const struct latency_summary *l = &p->job.client.snapshot.port[kind].latency;

	return loaded ? l->loaded.p50_ns : l->idle.p50_ns;
}

/* Finished tests that are not in the table yet go into it. */
static void take_results(struct controller *p)
{
	const struct report *r = &p->job.report;

	while (p->view.tests_over < r->tests_ever) {
		const struct test_record *t = &r->test[r->tests - (r->tests_ever - p->view.tests_over)];
		struct view_test *v = &p->view.test[p->view.tests_over++ % VIEW_TESTS];

		*v = (struct view_test){
			.record = *t,
			.at_ns = p->job.now_ns,
			.idle_ns = median(p, t, false),
			.loaded_ns = median(p, t, true),
		};
		verdict_sentence(t, v->limit);
	}
}

static void tell_session(struct controller *p)
{
	struct events_listener listener = {.tell = note, .context = p};

	if (p->job.client.state != CLIENT_UP)
		return;
	events_between(&p->before, &p->job.client.snapshot, &listener);
	p->before = p->job.client.snapshot;
}

static void start(struct controller *p, unsigned directions)
{
	const struct job *j = &p->job;
	unsigned lacking = j->client.classic ? directions_not_classic(directions) : 0;
	unsigned running = directions;

	for (int d = 0; d < TEST_DIRECTIONS; d++)
		if (test_queue_is_free(&j->test_queue, (enum test_direction)d))
			running &= ~(1u << d);
	if (j->client.state != CLIENT_UP)
		say(p, EVENT_WARNING, "Not connected: nothing to test");
	else if (lacking)
		say(p, EVENT_WARNING, "A classic server has no %s test",
			directions_table[directions_first(lacking)].noun);
	else if (running)
		say(p, EVENT_WARNING, "%s is running", directions_table[directions_first(running)].one);
	else
		job_start_tests(&p->job, directions);
}

static void save(struct controller *p)
{
	char *document = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&document, &size);

	if (!out)
		return;
	if (report_json(out, job_report(&p->job)) | fclose(out)) {
		free(document);
		document = NULL;
	}
	if (!document)
		say(p, EVENT_ERROR, "The document could not be made");
	bridge_hand_document(&p->bridge, document);
}

static void watch(struct controller *p)
{
	if (p->job.client.classic)
		say(p, EVENT_WARNING, "A classic server does not show its side");
	else
		job_watch(&p->job, !p->job.watching);
}

static void obey(struct controller *p, const struct command *command)
{
	switch (command->kind) {
	case COMMAND_START:
		start(p, command->directions);
		break;
	case COMMAND_STOP:
		job_stop_tests(&p->job);
		break;
	case COMMAND_TERMS:
		job_set_terms(&p->job, command->rate_bps, command->duration_s);
		break;
	case COMMAND_RETRY:
		job_retry(&p->job);
		break;
	case COMMAND_WATCH:
		watch(p);
		break;
	case COMMAND_SAVE:
		save(p);
		break;
	case COMMAND_HANGUP:
		job_interrupt(&p->job, SIGHUP);
		break;
	case COMMAND_QUIT:
		job_end(&p->job);
		break;
	}
}

static void show(struct controller *p)
{
	const struct job *j = &p->job;
	struct view *v = &p->view;

	v->state = j->client.state;
	v->was_up = j->was_up;
	v->classic = j->client.classic;
	v->cap_rate_bps = j->client.answer.cap_rate_bps;
	v->cap_duration_s = j->client.answer.cap_duration_s;
	v->now_ns = j->now_ns;
	v->retry_ns = j->retry_ns;
	v->tries = j->tries;
	snprintf(v->problem, sizeof v->problem, "%s", j->words.brief);
	v->watching = j->watching;
	v->rate_bps = j->test_queue.rate_bps;
	v->duration_s = j->test_queue.duration_s;
	/* While the server is being asked again, its last known state stays. */
	if (j->client.session_open || !j->was_up)
		v->snapshot = j->client.snapshot;
	bridge_show(&p->bridge, v);
}

static void take_event(void *context, enum job_event event)
{
	struct controller *p = context;
	struct command command;

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
		take_results(p);
		break;
	case JOB_LOOKED:
		tell_session(p);
		while (bridge_take(&p->bridge, &command))
			obey(p, &command);
		show(p);
		break;
	}
}

int controller_open(struct controller *p, const struct options *options, const struct key *key)
{
	struct job_plan plan = {
		.options = options,
		.key = key,
		.interactive = true,
		.look_ms = CONTROLLER_LOOK_MS,
		.tell = take_event,
		.context = p,
	};
	int error;

	memset(&p->view, 0, sizeof p->view);
	p->view.keyed = key != NULL;
	p->view.threads = options->port_parallelism == PARALLEL_THREAD;
	error = job_open(&p->job, &plan);
	bridge_init(&p->bridge, error ? -1 : loop_wake_fd(p->job.home.loop));
	job_watch(&p->job, options->watch);
	snprintf(p->view.server, sizeof p->view.server, "%s", p->job.report.server);
	return error;
}

void controller_free(struct controller *p)
{
	bridge_free(&p->bridge);
	job_free(&p->job);
}
