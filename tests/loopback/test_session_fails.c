/* What can't be opened or started leaves nothing behind, and works when it is tried again. */
#include "tests/support/session_pair.h"

#include <errno.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static struct session_plan server_plan(const struct options *o)
{
	return (struct session_plan){
		.options = o,
		.local = loopback_host(),
		.peer = loopback_host(),
		.assignment = {.key = KEY},
	};
}

/* A limit with room for this many more descriptors. They are given the lowest free number. */
static struct rlimit allow_descriptors(unsigned more)
{
	struct rlimit before, less;
	int lowest = dup(0);

	assert_true(lowest >= 0);
	close(lowest);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	less = (struct rlimit){(rlim_t)lowest + more, before.rlim_max};
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &less), 0);
	return before;
}

static void test_no_descriptors_for_sockets(void **state)
{
	struct session *s = calloc(1, sizeof(*s));
	unsigned before = open_descriptors();
	struct options o;

	(void)state;
	assert_non_null(s);
	quick_options(&o);
	for (unsigned room = 0; room <= PORT_KINDS; room++) {
		struct session_plan plan = server_plan(&o);
		enum port_kind failed = PORT_KINDS;
		struct rlimit limit = allow_descriptors(room);
		int error = session_open(s, &plan, &failed);

		assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
		print_message("room for %u\n", room);
		assert_int_equal(error, room < PORT_KINDS ? -EMFILE : 0);
		assert_int_equal(failed, room);
		if (!error)
			session_close(s);
		assert_int_equal(open_descriptors(), before);
	}
	free(s);
}

static void test_port_in_use(void **state)
{
	struct session *s[2] = {calloc(1, sizeof(*s[0])), calloc(1, sizeof(*s[1]))};
	unsigned before = open_descriptors();
	struct session_snapshot taken;
	struct session_plan plan;
	struct options o;

	(void)state;
	assert_true(s[0] && s[1]);
	quick_options(&o);
	plan = server_plan(&o);
	assert_int_equal(session_open(s[0], &plan, NULL), 0);
	session_snapshot(s[0], &taken);
	for (int kind = 0; kind < PORT_KINDS; kind++) {
		enum port_kind failed = PORT_KINDS;

		print_message("%s\n", port_kind_name((enum port_kind)kind));
		plan = server_plan(&o);
		plan.assignment.port[kind] = taken.port[kind].local_port;
		assert_int_equal(session_open(s[1], &plan, &failed), -EADDRINUSE);
		assert_int_equal(failed, kind);
		assert_int_equal(session_open(s[1], &plan, NULL), -EADDRINUSE);
		assert_int_equal(open_descriptors(), before + PORT_KINDS);
	}
	session_close(s[0]);
	free(s[0]);
	free(s[1]);
}

static void check_stopped(struct session *s, const struct runner *r)
{
	assert_int_equal(r->threads, 0);
	for (int kind = 0; kind < PORT_KINDS; kind++) {
		assert_null(s->port[kind].task.loop);
		assert_int_equal(s->port[kind].mailbox.wake_fd, -1);
	}
}

/* Each loop takes two descriptors. What could be made before the limit was reached is undone. */
static void test_no_descriptors_for_loops(void **state)
{
	static const struct {
		const char *name;
		enum parallelism port, connection;
		unsigned descriptors;
	} rows[] = {
		{"one loop for all", PARALLEL_SINGLE, PARALLEL_SINGLE, 0},
		{"one for each connection", PARALLEL_SINGLE, PARALLEL_THREAD, 2},
		{"one for each port", PARALLEL_THREAD, PARALLEL_SINGLE, 6},
	};
	struct world w;
	struct side *s;

	(void)state;
	world_init(&w);
	s = world_add(&w)[SERVER];
	session_pair_open(w.pair[0]);
	for (size_t i = 0; i < COUNT(rows); i++) {
		s->options.port_parallelism = rows[i].port;
		s->options.connection_parallelism = rows[i].connection;
		for (unsigned room = 0; room <= rows[i].descriptors; room++) {
			unsigned before = open_descriptors();
			struct rlimit limit = allow_descriptors(room);
			int error = runner_start(&s->runner, &s->session, &w.home[SERVER]);

			assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
			print_message("%s, room for %u\n", rows[i].name, room);
			assert_int_equal(error, room < rows[i].descriptors ? -EMFILE : 0);
			if (!error)
				runner_stop(&s->runner);
			check_stopped(&s->session, &s->runner);
			assert_int_equal(open_descriptors(), before);
		}
	}
	world_stop(&w);
}

/* In a child with a user of its own, who may have only this many threads more. Returns its exit status. */
enum { CHILD_STARTED = 100, CHILD_WRONG, CHILD_UNABLE };

static int start_with_few_threads(struct side *s, unsigned threads)
{
	struct rlimit limit = {1 + threads, 1 + threads};
	unsigned before = open_descriptors();
	struct runner_home home = {0};
	int error;

	if (setrlimit(RLIMIT_NPROC, &limit) || setresgid(54321, 54321, 54321) ||
		setresuid(54321, 54321, 54321))
		return CHILD_UNABLE;
	error = runner_start(&s->runner, &s->session, &home);
	if (!error) {
		runner_stop(&s->runner);
		return CHILD_STARTED;
	}
	for (int kind = 0; kind < PORT_KINDS; kind++)
		if (s->session.port[kind].task.loop || s->session.port[kind].mailbox.wake_fd >= 0)
			return CHILD_WRONG;
	return error == -EAGAIN && s->runner.threads == 0 && open_descriptors() == before ? EXIT_SUCCESS
											  : CHILD_WRONG;
}

static void test_no_threads(void **state)
{
	/* A sanitizer has a thread of its own. */
	static const struct {
		unsigned threads;
		int status;
	} rows[] = {{0, EXIT_SUCCESS}, {1, EXIT_SUCCESS}, {2, EXIT_SUCCESS}, {10, CHILD_STARTED}};
	bool is_able = true;
	struct world w;
	struct side *s;

	(void)state;
	if (geteuid() != 0)
		skip(); /* whose threads count together with those of others */
	world_init(&w);
	s = world_add(&w)[SERVER];
	s->options.port_parallelism = PARALLEL_THREAD;
	session_pair_open(w.pair[0]);
	for (size_t i = 0; i < COUNT(rows) && is_able; i++) {
		pid_t child = fork();
		int status;

		assert_true(child >= 0);
		if (child == 0)
			_exit(start_with_few_threads(s, rows[i].threads));
		print_message("room for %u threads\n", rows[i].threads);
		assert_int_equal(waitpid(child, &status, 0), child);
		assert_true(WIFEXITED(status));
		is_able = WEXITSTATUS(status) != CHILD_UNABLE;
		if (is_able)
			assert_int_equal(WEXITSTATUS(status), rows[i].status);
	}
	world_stop(&w);
	if (!is_able)
		skip();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_descriptors_for_sockets),
		cmocka_unit_test(test_port_in_use),
		cmocka_unit_test(test_no_descriptors_for_loops),
		cmocka_unit_test(test_no_threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
