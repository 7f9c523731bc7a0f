#include "tui/client/controller.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "proto/record/verdict.h"
#include "proto/sys/clock.h"
#include "tui/client/events.h"
#include "tui/client/exits.h"

enum {
	CONTROLLER_LOOK_MS = 50,
	CONTROLLER_PARTIAL_MS = 500, /* after the order to end: for the counters of the test to come in */
};

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

static int ask_server(struct controller *p)
{
	struct client_plan plan = {
		.options = p->options,
		.key = p->key,
		.server = p->server,
		.home = p->client.home,
	};
	int error = client_open(&p->client, &plan);

	p->client_open = error == 0;
	p->view.state = CLIENT_ASKING;
	p->view.retry_ns = 0;
	p->view.tries++;
	test_queue_renew(&p->test_queue);
	memset(&p->before, 0, sizeof p->before);
	if (error)
		say(p, EVENT_ERROR, "No socket: %s", strerror(-error));
	return error;
}

static void try_later(struct controller *p, uint64_t now_ns, uint64_t seconds)
{
	p->view.retry_ns = now_ns + seconds * NS_PER_S;
}

static void tell_up(struct controller *p)
{
	const struct client *c = &p->client;

	say(p, EVENT_GOOD, "Connected: %s, %s", c->classic ? "a classic server, uploads only" : "extended",
		c->runner.threads ? "a thread for each port" : "one loop");
	p->view.was_up = true;
	p->view.opened_ns = c->session.opened_ns;
	p->view.problem[0] = '\0';
	p->report.connected = true;
	p->report.classic = c->classic;
	for (int kind = 0; kind < PORT_KINDS; kind++)
		p->report.port[kind] = c->assignment.port[kind];
	if (p->view.watching && !c->classic)
		session_view_server(&p->client.session, true);
	test_queue_begin(&p->test_queue);
}

static void tell_refused(struct controller *p, uint64_t now_ns)
{
	const struct handshake_answer *a = &p->client.answer;
	bool passes = a->refusal == REFUSED_BUSY || a->refusal == REFUSED_LIMIT;

	snprintf(p->view.problem, sizeof p->view.problem, "%s: %.90s", refusal_name(a->refusal), a->text);
	if (passes)
		try_later(p, now_ns, a->wait_s ? a->wait_s : CONTROLLER_RETRY_S);
}

static void tell_unreached(struct controller *p, enum client_state was, uint64_t now_ns)
{
	snprintf(p->view.problem, sizeof p->view.problem, "%s",
		was == CLIENT_OPENING
			? "it assigned ports, but not all of them answer: a firewall in between?"
		: p->client.ignored_classic
			? "it answers as a classic server only, which a client with a key doesn't take"
			: "no answer");
	try_later(p, now_ns, CONTROLLER_RETRY_S);
}

static uint64_t median(const struct controller *p, const struct test_record *t, bool loaded)
{
	const struct latency_summary *l =
		&p->client.snapshot.port[t->direction == TEST_UP ? PORT_UPLOAD : PORT_DOWNLOAD].latency;

	return loaded ? l->loaded.p50_ns : l->idle.p50_ns;
}

/* Tests that have ended since `known` of them had go into the table. */
static void take_results(struct controller *p, unsigned known, uint64_t now_ns)
{
	struct report *r = &p->report;

	for (unsigned i = known; i < r->tests_ever; i++) {
		const struct test_record *t = &r->test[r->tests - (r->tests_ever - i)];
		struct view_test *v = &p->view.test[p->view.tests_over++ % VIEW_TESTS];

		*v = (struct view_test){
			.record = *t,
			.at_ns = now_ns,
			.idle_ns = median(p, t, false),
			.loaded_ns = median(p, t, true),
		};
		verdict_sentence(t, v->limit);
		/* What the user ended is no failure, and what went wrong before is over. */
		if (p->stopped || t->phase == TEST_COMPLETE)
			r->error_code[0] = '\0';
	}
}

/* The session is over; what was last known of it stays in view. */
static void leave(struct controller *p)
{
	unsigned known = p->report.tests_ever;
	bool had_session = p->client_open && p->client.session_open;

	if (p->client_open)
		client_close(&p->client);
	p->client_open = false;
	/* A try that came to no session knows nothing that is better. */
	if (!had_session)
		return;
	test_queue_cut_short(&p->test_queue);
	take_results(p, known, clock_now_ns());
	p->report.end = p->client.snapshot;
}

static void take_state(struct controller *p, uint64_t now_ns)
{
	enum client_state was = p->view.state, state = p->client.state;

	if (state == was)
		return;
	p->view.state = state;
	switch (state) {
	case CLIENT_ASKING: /* a test that needs a session of its own */
		memset(&p->before, 0, sizeof p->before);
		return;
	case CLIENT_OPENING:
		say(p, EVENT_NOTE, "Ports assigned: CONTROL %u, UPLOAD %u, DOWNLOAD %u",
			p->client.assignment.port[PORT_CONTROL], p->client.assignment.port[PORT_UPLOAD],
			p->client.assignment.port[PORT_DOWNLOAD]);
		return;
	case CLIENT_UP:
		tell_up(p);
		return;
	case CLIENT_UNREACHED:
		tell_unreached(p, was, now_ns);
		say(p, EVENT_ERROR, "Not reached: %s", p->view.problem);
		break;
	case CLIENT_REFUSED:
		tell_refused(p, now_ns);
		say(p, EVENT_ERROR, "Refused (%s)", p->view.problem);
		break;
	case CLIENT_LOST:
		snprintf(p->view.problem, sizeof p->view.problem, "silent for %" PRIu64 " s",
			p->client.session.silence_ns / NS_PER_S);
		say(p, EVENT_ERROR, "The server is silent; asking it again");
		try_later(p, now_ns, 0);
		break;
	case CLIENT_FAILED:
		snprintf(p->view.problem, sizeof p->view.problem, "%.80s: %s", p->client.problem,
			strerror(-p->client.error));
		say(p, EVENT_ERROR, "%s", p->view.problem);
		break;
	}
	leave(p);
}

static void look(struct controller *p, uint64_t now_ns)
{
	struct events_listener listener = {.tell = note, .context = p};
	unsigned known = p->report.tests_ever;

	client_snapshot(&p->client);
	events_between(&p->before, &p->client.snapshot, &listener);
	p->before = p->client.snapshot;
	test_queue_step(&p->test_queue, now_ns);
	take_results(p, known, now_ns);
}

static void start(struct controller *p, bool up, bool down)
{
	if (p->client.state != CLIENT_UP) {
		say(p, EVENT_WARNING, "Not connected: nothing to test");
		return;
	}
	if (down && p->client.classic) {
		say(p, EVENT_WARNING, "A classic server has no download test");
		return;
	}
	if (up && !test_queue_is_free(&p->test_queue, TEST_UP)) {
		say(p, EVENT_WARNING, "An upload is running");
		return;
	}
	if (down && !test_queue_is_free(&p->test_queue, TEST_DOWN)) {
		say(p, EVENT_WARNING, "A download is running");
		return;
	}
	p->stopped = false;
	if (up)
		test_queue_start(&p->test_queue, TEST_UP);
	if (down)
		test_queue_start(&p->test_queue, TEST_DOWN);
}

static void save(struct controller *p)
{
	char *document = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&document, &size);

	if (!out)
		return;
	p->report.end = p->client.snapshot;
	if (report_json(out, &p->report) | fclose(out)) {
		free(document);
		document = NULL;
	}
	if (!document)
		say(p, EVENT_ERROR, "The document could not be made");
	bridge_hand_document(p->bridge, document);
}

static void end(struct controller *p, uint64_t now_ns)
{
	bool busy = p->client.state == CLIENT_UP && p->test_queue.reported < p->test_queue.started;

	if (p->end_ns != CLOCK_NEVER)
		return;
	p->stopped = true;
	if (busy)
		session_stop_test(&p->client.session);
	p->end_ns = now_ns + (busy ? clock_ms(CONTROLLER_PARTIAL_MS) : 0);
}

static void watch(struct controller *p)
{
	if (p->client.classic) {
		say(p, EVENT_WARNING, "A classic server does not show its side");
		return;
	}
	p->view.watching = !p->view.watching;
	if (p->client.state == CLIENT_UP)
		session_view_server(&p->client.session, p->view.watching);
}

static void obey(struct controller *p, const struct command *command, uint64_t now_ns)
{
	switch (command->kind) {
	case COMMAND_UPLOAD:
		start(p, true, false);
		break;
	case COMMAND_DOWNLOAD:
		start(p, false, true);
		break;
	case COMMAND_BOTH:
		start(p, true, true);
		break;
	case COMMAND_STOP:
		p->stopped = true;
		if (p->client.state == CLIENT_UP)
			session_stop_test(&p->client.session);
		break;
	case COMMAND_TERMS:
		p->test_queue.rate_bps = command->rate_bps;
		p->test_queue.duration_s = command->duration_s;
		break;
	case COMMAND_RETRY:
		if (!p->client_open)
			p->view.retry_ns = now_ns;
		break;
	case COMMAND_WATCH:
		watch(p);
		break;
	case COMMAND_SAVE:
		save(p);
		break;
	case COMMAND_HANGUP:
		p->hung_up = true;
		end(p, now_ns);
		break;
	case COMMAND_QUIT:
		end(p, now_ns);
		break;
	}
}

static void show(struct controller *p, uint64_t now_ns)
{
	struct view *v = &p->view;

	v->now_ns = now_ns;
	v->classic = p->client.classic;
	v->cap_rate_bps = p->client.answer.cap_rate_bps;
	v->cap_duration_s = p->client.answer.cap_duration_s;
	v->threads = p->options->port_parallelism == PARALLEL_THREAD;
	v->rate_bps = p->test_queue.rate_bps;
	v->duration_s = p->test_queue.duration_s;
	/* While the server is asked again, the last that was known of it stays. */
	if (p->client.session_open || !v->was_up)
		v->snapshot = p->client.snapshot;
	bridge_show(p->bridge, v);
}

static uint64_t step(struct loop_task *task, bool readable)
{
	struct controller *p = (struct controller *)task; /* its first member */
	uint64_t now_ns = clock_now_ns();
	struct command command;

	(void)readable;
	if (p->client_open)
		take_state(p, now_ns);
	if (p->client.state == CLIENT_UP)
		look(p, now_ns);
	while (bridge_take(p->bridge, &command))
		obey(p, &command, now_ns);
	if (p->client_open)
		take_state(p, now_ns);
	if (!p->client_open && p->view.retry_ns && now_ns >= p->view.retry_ns && ask_server(p))
		try_later(p, now_ns, CONTROLLER_RETRY_S);
	show(p, now_ns);
	if (now_ns >= p->end_ns)
		loop_stop(task->loop);
	return now_ns + clock_ms(CONTROLLER_LOOK_MS);
}

int controller_open(struct controller *p, const struct controller_plan *plan)
{
	char name[ADDRESS_TEXT];
	int error;

	memset(p, 0, sizeof *p);
	p->options = plan->options;
	p->key = plan->key;
	p->server = plan->server;
	p->bridge = plan->bridge;
	p->client.home = plan->home;
	p->end_ns = CLOCK_NEVER;
	p->view.watching = plan->watch;
	p->view.keyed = plan->key != NULL;
	address_format(&plan->server, name);
	snprintf(p->view.server, sizeof p->view.server, "%s", name);
	report_init(&p->report, plan->options, name);
	test_queue_init(&p->test_queue, plan->options, &p->client, &p->report);
	p->task = (struct loop_task){.fd = -1, .step = step};
	error = ask_server(p);
	if (!error)
		error = loop_add(plan->home->loop, &p->task);
	return error;
}

void controller_close(struct controller *p)
{
	loop_remove(&p->task);
	leave(p);
}

void controller_interrupt(struct controller *p)
{
	end(p, clock_now_ns());
}

int controller_exit_code(const struct controller *p)
{
	if (p->client.state == CLIENT_UNREACHED || p->client.state == CLIENT_ASKING ||
		p->client.state == CLIENT_OPENING)
		return p->view.was_up ? EXIT_INCOMPLETE : EXIT_UNREACHED;
	if (p->client.state == CLIENT_REFUSED || strcmp(p->report.error_code, "refused") == 0)
		return EXIT_REFUSED;
	return p->client.state == CLIENT_UP && !p->report.error_code[0] ? EXIT_DONE : EXIT_INCOMPLETE;
}
