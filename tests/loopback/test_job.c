/* Jobs against a server in this process: what the face is told, what the report holds, and the exit code. */
#include <pthread.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "proto/config/table.h"
#include "proto/sys/log.h"
#include "server/listener.h"
#include "tests/support/test.h"
#include "tui/client/job.h"

enum { MOST_EVENTS = 8, PATIENCE_S = 10 };

static struct server {
	struct options options;
	struct address address;
	struct runner_home home;
	struct listener *listener;
	pthread_t thread;
	bool runs;
} server;

struct scenario {
	const char *name;
	bool interactive, upload;
	bool absent; /* no server, until the face starts it */
	bool full;   /* it accepts nobody */
	void (*on)(struct job *j, enum job_event event);
	enum job_event told[MOST_EVENTS]; /* all but JOB_LOOKED; how many: */
	unsigned events;
	unsigned tests, tries;
	const char *code;
	int exit;
};

static struct scene {
	const struct scenario *scenario;
	struct options options;
	struct job job;
	unsigned events;
} scene;

/* A port that is free now. */
static void choose_address(struct address *out)
{
	struct address any;
	struct udp_socket socket;

	assert_int_equal(address_resolve(&any, "127.0.0.1", 0, true), 0);
	assert_int_equal(udp_open(&socket, &any), 0);
	assert_int_equal(udp_local_address(&socket, out), 0);
	udp_close(&socket);
}

static void *serve(void *context)
{
	loop_run(((struct server *)context)->home.loop);
	return NULL;
}

static void start_server(void)
{
	assert_int_equal(runner_home_open(&server.home, &server.options), 0);
	assert_int_equal(
		listener_open(&server.listener, &server.options, NULL, &server.address, &server.home), 0);
	assert_int_equal(pthread_create(&server.thread, NULL, serve, &server), 0);
	server.runs = true;
}

static void stop_server(void)
{
	if (!server.runs)
		return;
	loop_stop(server.home.loop);
	pthread_join(server.thread, NULL);
	listener_close(server.listener);
	runner_home_close(&server.home);
	server.runs = false;
}

static void end_when_up(struct job *j, enum job_event event)
{
	if (event == JOB_UP)
		job_end(j);
}

static void end_when_failed(struct job *j, enum job_event event)
{
	if (event != JOB_FAILED)
		return;
	assert_true(j->retry_ns > j->now_ns);
	job_end(j);
}

static void start_server_when_failed(struct job *j, enum job_event event)
{
	end_when_up(j, event);
	if (event != JOB_LOOKED || j->client.state != CLIENT_UNREACHED)
		return;
	assert_string_equal(j->words.brief, "no answer");
	start_server();
	scene.options.connect_timeout_s = PATIENCE_S;
	job_retry(j);
}

static void test_and_end(struct job *j, enum job_event event)
{
	if (event == JOB_UP)
		job_start_tests(j, OPTION_BWUP);
	if (event == JOB_TESTED)
		job_end(j);
}

static void interrupt_traffic(struct job *j, enum job_event event)
{
	if (event == JOB_LOOKED && !j->signal && j->client.snapshot.port[PORT_UPLOAD].source.packets > 0)
		job_interrupt(j, 2);
}

static const struct scenario scenarios[] = {
	{.name = "heartbeats",
		.told = {JOB_ASSIGNED, JOB_UP},
		.events = 2,
		.tries = 1,
		.code = "",
		.exit = 0},
	{.name = "an upload",
		.upload = true,
		.told = {JOB_ASSIGNED, JOB_UP, JOB_TESTED},
		.events = 3,
		.tests = 1,
		.tries = 1,
		.code = "",
		.exit = 0},
	{.name = "an upload, interrupted",
		.upload = true,
		.on = interrupt_traffic,
		.told = {JOB_ASSIGNED, JOB_UP, JOB_TESTED},
		.events = 3,
		.tests = 1,
		.tries = 1,
		.code = "interrupted",
		.exit = 130},
	{.name = "an upload, by hand",
		.interactive = true,
		.on = test_and_end,
		.told = {JOB_ASSIGNED, JOB_UP, JOB_TESTED},
		.events = 3,
		.tests = 1,
		.tries = 1,
		.code = "",
		.exit = 0},
	{.name = "nobody",
		.absent = true,
		.told = {JOB_FAILED},
		.events = 1,
		.tries = 1,
		.code = "timeout",
		.exit = 3},
	{.name = "nobody, and a user who leaves",
		.interactive = true,
		.absent = true,
		.on = end_when_failed,
		.told = {JOB_FAILED},
		.events = 1,
		.tries = 1,
		.code = "",
		.exit = 3},
	{.name = "nobody, then somebody",
		.interactive = true,
		.absent = true,
		.on = start_server_when_failed,
		.told = {JOB_FAILED, JOB_ASSIGNED, JOB_UP},
		.events = 3,
		.tries = 2,
		.code = "",
		.exit = 0},
	{.name = "full",
		.full = true,
		.told = {JOB_FAILED},
		.events = 1,
		.tries = 1,
		.code = "refused",
		.exit = 5},
	{.name = "full, and a user who leaves",
		.interactive = true,
		.full = true,
		.on = end_when_failed,
		.told = {JOB_FAILED},
		.events = 1,
		.tries = 1,
		.code = "",
		.exit = 5},
};

static void take_event(void *context, enum job_event event)
{
	struct scene *s = context;
	const struct scenario *expected = s->scenario;

	if (event != JOB_LOOKED) {
		assert_true(s->events < expected->events);
		assert_int_equal(event, expected->told[s->events++]);
	}
	if (expected->on)
		expected->on(&s->job, event);
}

static void set_options(const struct scenario *s)
{
	options_defaults(&server.options);
	server.options.single_port = true;
	choose_address(&server.address);
	if (s->full)
		server.options.max_sessions = 0;
	options_defaults(&scene.options);
	scene.options.heartbeat_ms = 25;
	scene.options.connect_timeout_s = s->absent ? 0.3 : PATIENCE_S;
	scene.options.rate_bps = 1000000;
	scene.options.duration_s = 1;
	scene.options.count = 2;
	scene.options.test_count = s->upload;
	scene.options.tests[0] = OPTION_BWUP;
	snprintf(scene.options.host, sizeof scene.options.host, "127.0.0.1");
	scene.options.port = address_port(&server.address);
}

static void check(const struct scenario *s)
{
	const struct report *r = &scene.job.report;
	bool up = scene.job.was_up;

	assert_int_equal(scene.events, s->events);
	assert_string_equal(r->error_code, s->code);
	assert_int_equal(r->tests, s->tests);
	assert_int_equal(scene.job.tries, s->tries);
	assert_int_equal(r->connected, up);
	assert_int_equal(r->port[PORT_UPLOAD], up ? scene.options.port : 0);
	if (s->tests)
		assert_true(r->test[0].sent.count.packets > 0);
	assert_int_equal(job_exit_code(&scene.job), s->exit);
}

static void play(const struct scenario *s)
{
	struct job_plan plan = {
		.options = &scene.options,
		.interactive = s->interactive,
		.look_ms = 10,
		.tell = take_event,
		.context = &scene,
	};

	print_message("%s\n", s->name);
	set_options(s);
	scene.scenario = s;
	scene.events = 0;
	if (!s->absent)
		start_server();
	assert_int_equal(job_open(&scene.job, &plan), 0);
	job_run(&scene.job);
	job_close(&scene.job);
	check(s);
	job_free(&scene.job);
	stop_server();
}

static void test_scenarios(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(scenarios); i++)
		play(&scenarios[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_scenarios),
	};

	if (sodium_init() < 0)
		return 1;
	log_set_level(LOG_QUIET);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
