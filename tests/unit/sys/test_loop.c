/* Who is stepped when: descriptors, deadlines, wake-ups; and how a loop ends. */
#include "tests/support/loop_scene.h"

#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/resource.h>

static struct actor runner[TASKS];
static uint64_t runner_deadline_ns[TASKS];

/* All enter in one round, and the first gives all their deadlines, so that on a busy machine none can pass
 * early. */
static uint64_t enter_then_run(struct actor *self)
{
	uint64_t begin_ns = clock_now_ns() + MS;

	if (self->steps > 2 || (self->steps == 2 && clock_now_ns() < runner_deadline_ns[self->id]))
		self->id = -1;
	if (self->scene->steps == 2 * TASKS)
		loop_stop(self->scene->loop);
	for (int id = 0; id < TASKS && self->scene->steps == 1; id++)
		runner_deadline_ns[id] = begin_ns + (uint64_t)(rand() % 20000) * NS_PER_US;
	return self->steps == 1 ? runner_deadline_ns[self->id] : CLOCK_NEVER;
}

static void test_deadline_order(void **state)
{
	static const uint64_t gather_us[] = {0, 50, 3000};

	(void)state;
	srand(4711);
	for (size_t i = 0; i < COUNT(gather_us); i++) {
		struct scene s;

		print_message("gathering for %ju us\n", (uintmax_t)gather_us[i]);
		loop_scene_open(&s, gather_us[i] * NS_PER_US);
		for (int id = 0; id < TASKS; id++) {
			actor_init(&runner[id], &s, id);
			runner[id].act = enter_then_run;
			actor_enter(&runner[id]);
		}
		loop_scene_run(&s);
		for (int n = TASKS; n < 2 * TASKS; n++) {
			assert_int_equal(runner[s.order[n]].id, s.order[n]);
			assert_int_equal(runner[s.order[n]].steps, 2);
			if (n > TASKS)
				assert_true(
					runner_deadline_ns[s.order[n - 1]] <= runner_deadline_ns[s.order[n]]);
		}
		for (int id = 0; id < TASKS; id++)
			actor_leave(&runner[id]);
		loop_scene_close(&s);
	}
}

static uint64_t paused_at_ns[3];

/* Readable again at once; the first time it asks for a pause before that is looked at. */
static uint64_t ask_for_pause(struct actor *self)
{
	if (self->steps <= COUNT(paused_at_ns))
		paused_at_ns[self->steps - 1] = clock_now_ns();
	self->task.gather_ns = self->steps == 1 ? 30 * MS : 0;
	eventfd_write(self->task.fd, 1);
	if (self->steps == COUNT(paused_at_ns))
		loop_stop(self->scene->loop);
	return CLOCK_NEVER;
}

static void test_asked_pause(void **state)
{
	struct actor actor;
	struct scene s;

	(void)state;
	loop_scene_open(&s, 0);
	actor_init(&actor, &s, 0);
	give_descriptor(&actor, true);
	actor.act = ask_for_pause;
	actor_enter(&actor);
	loop_scene_run(&s);
	assert_true(paused_at_ns[1] >= paused_at_ns[0] + 30 * MS);
	assert_int_equal(actor.steps, COUNT(paused_at_ns));
	actor_leave(&actor);
	loop_scene_close(&s);
}

/* Readable tasks come before those that are due, and once a round. */
static void test_readable_first(void **state)
{
	enum { READY, QUIET, DUE, END, ACTORS };
	struct actor actor[ACTORS];
	struct scene s;

	(void)state;
	loop_scene_open(&s, 0);
	for (int id = 0; id < ACTORS; id++)
		actor_init(&actor[id], &s, id);
	give_descriptor(&actor[READY], true);
	give_descriptor(&actor[QUIET], false);
	actor[END].deadline_ns = clock_now_ns() + 3 * MS;
	actor[END].act = stop_at_second_step;
	for (int id = ACTORS; id-- > 0;)
		actor_enter(&actor[id]);
	loop_scene_run(&s);
	assert_int_equal(s.order[0], READY);
	assert_int_equal(s.order[s.steps - 1], END);
	assert_int_equal(s.steps, ACTORS + 1);
	assert_int_equal(actor[READY].readable_steps, 1);
	assert_int_equal(actor[QUIET].readable_steps, 0);
	for (int id = 0; id < ACTORS; id++) {
		assert_int_equal(actor[id].steps, 1 + (id == END));
		actor_leave(&actor[id]);
	}
	loop_scene_close(&s);
}

/* A task that asks to be stepped again at once leaves room for the others. */
static uint64_t be_greedy(struct actor *self)
{
	struct scene *s = self->scene;

	if (clock_now_ns() > s->guard_ns) {
		s->timed_out = true;
		loop_stop(s->loop);
	}
	return 0;
}

static uint64_t stop_at_fifth_step(struct actor *self)
{
	if (self->steps == 5)
		loop_stop(self->scene->loop);
	return clock_now_ns() + MS / 5;
}

static void test_greedy(void **state)
{
	enum { GREEDY = 3 };
	struct actor greedy[GREEDY], modest, ready;
	struct scene s;

	(void)state;
	loop_scene_open(&s, 0);
	for (int id = 0; id < GREEDY; id++) {
		actor_init(&greedy[id], &s, id);
		greedy[id].act = be_greedy;
		actor_enter(&greedy[id]);
	}
	actor_init(&modest, &s, GREEDY);
	modest.act = stop_at_fifth_step;
	actor_enter(&modest);
	actor_init(&ready, &s, GREEDY + 1);
	give_descriptor(&ready, true);
	actor_enter(&ready);
	loop_scene_run(&s);
	assert_int_equal(modest.steps, 5);
	assert_int_equal(ready.readable_steps, 1);
	for (int id = 0; id < GREEDY; id++) {
		assert_true(greedy[id].steps >= 2);
		assert_in_range(greedy[id].steps + 1, greedy[0].steps, greedy[0].steps + 2);
		actor_leave(&greedy[id]);
	}
	actor_leave(&modest);
	actor_leave(&ready);
	loop_scene_close(&s);
}

/* Asleep for good after its first step, woken for the second, due soon after for the third. */
static uint64_t sleep_then_hurry(struct actor *self)
{
	if (self->steps == 3)
		loop_stop(self->scene->loop);
	return self->steps == 2 ? clock_now_ns() + MS : self->deadline_ns;
}

static uint64_t wake_at_second_step(struct actor *self)
{
	if (self->steps == 2)
		eventfd_write(loop_wake_fd(self->scene->loop), 1);
	return self->steps == 1 ? self->deadline_ns : CLOCK_NEVER;
}

static void test_deadline_comes_closer(void **state)
{
	struct actor sleeper, other, gone;
	struct scene s;

	(void)state;
	loop_scene_open(&s, 0);
	actor_init(&sleeper, &s, 1);
	sleeper.act = sleep_then_hurry;
	actor_enter(&sleeper);
	actor_init(&gone, &s, 2);
	gone.deadline_ns = 0;
	actor_init(&other, &s, 3);
	/* Its second step is when the sleeper has entered for certain. */
	other.deadline_ns = clock_now_ns() + MS;
	other.act = wake_at_second_step;
	actor_enter(&other);
	loop_scene_run(&s);
	assert_int_equal(sleeper.steps, 3);
	assert_int_equal(gone.steps, 0);
	actor_leave(&sleeper);
	actor_leave(&other);
	loop_scene_close(&s);
}

/* Another thread: waits until each actor was stepped, wakes them all, and stops the loop. */
enum { WOKEN = 9, WAKES = 50 };

struct waker {
	struct scene *scene;
	struct actor *actor;
	unsigned wanted;
	bool failed;
};

static bool all_stepped(void *context)
{
	struct waker *w = context;

	for (int id = 0; id < WOKEN; id++)
		if (w->actor[id].steps < w->wanted)
			return false;
	return true;
}

static void *wake_and_stop(void *context)
{
	struct waker *w = context;

	for (w->wanted = 1; w->wanted <= WAKES && !w->failed; w->wanted++) {
		w->failed = !wait_until(all_stepped, w);
		if (w->wanted < WAKES)
			eventfd_write(loop_wake_fd(w->scene->loop), 1);
	}
	loop_stop(w->scene->loop);
	return NULL;
}

static void test_woken_and_stopped_by_another_thread(void **state)
{
	struct actor actor[WOKEN];
	struct waker waker;
	struct scene s;
	pthread_t id;

	(void)state;
	loop_scene_open(&s, 0);
	waker = (struct waker){.scene = &s, .actor = actor};
	for (int n = 0; n < WOKEN; n++) {
		actor_init(&actor[n], &s, n);
		if (n % 3 == 0)
			give_descriptor(&actor[n], false);
		actor_enter(&actor[n]);
	}
	assert_int_equal(pthread_create(&id, NULL, wake_and_stop, &waker), 0);
	loop_run(s.loop);
	pthread_join(id, NULL);
	assert_false(waker.failed);
	assert_false(s.timed_out);
	for (int n = 0; n < WOKEN; n++) {
		assert_in_range(actor[n].steps, WAKES, WAKES + 1); /* the stop wakes too */
		assert_int_equal(actor[n].readable_steps, 0);
		actor_leave(&actor[n]);
	}
	loop_scene_close(&s);
}

static void test_stopped_before_it_runs(void **state)
{
	struct actor actor;
	struct scene s;

	(void)state;
	loop_scene_open(&s, 0);
	actor_init(&actor, &s, 1);
	actor_enter(&actor);
	loop_stop(s.loop);
	loop_scene_run(&s);
	assert_int_equal(actor.steps, 0);
	actor_leave(&actor);
	loop_scene_close(&s);
}

static unsigned open_descriptors(void)
{
	DIR *folder = opendir("/proc/self/fd");
	unsigned n = 0;

	assert_non_null(folder);
	while (readdir(folder))
		n++;
	closedir(folder);
	return n;
}

static void test_refused_descriptors(void **state)
{
	FILE *file = tmpfile();
	struct actor actor;
	struct scene s;
	int fd;

	(void)state;
	assert_non_null(file);
	loop_scene_open(&s, 0);
	actor_init(&actor, &s, 1);
	actor.act = stop_at_second_step;
	actor.deadline_ns = clock_now_ns() + MS;
	give_descriptor(&actor, false);
	fd = actor.task.fd;
	actor_enter(&actor);
	assert_int_equal(loop_add(s.loop, &(struct loop_task){.fd = fd}), -EEXIST);
	assert_int_equal(loop_add(s.loop, &(struct loop_task){.fd = fileno(file)}), -EPERM);
	assert_int_equal(loop_add(s.loop, &(struct loop_task){.fd = 1 << 20}), -EBADF);
	/* Those that were refused are not in it. */
	loop_scene_run(&s);
	assert_int_equal(s.steps, 2);
	actor_leave(&actor);
	loop_scene_close(&s);
	fclose(file);
}

static void test_no_descriptors_left(void **state)
{
	unsigned before = open_descriptors();
	struct rlimit limit, less;

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	/* Room for none and for one; it needs two. */
	for (unsigned room = 0; room < 2; room++) {
		int lowest = dup(0);
		struct loop *loop;

		assert_true(lowest >= 0);
		close(lowest);
		less = (struct rlimit){(rlim_t)lowest + room, limit.rlim_max};
		assert_int_equal(setrlimit(RLIMIT_NOFILE, &less), 0);
		loop = loop_new(0);
		assert_int_equal(errno, EMFILE);
		assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
		assert_null(loop);
		assert_int_equal(open_descriptors(), before);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_deadline_order),
		cmocka_unit_test(test_asked_pause),
		cmocka_unit_test(test_readable_first),
		cmocka_unit_test(test_greedy),
		cmocka_unit_test(test_deadline_comes_closer),
		cmocka_unit_test(test_woken_and_stopped_by_another_thread),
		cmocka_unit_test(test_stopped_before_it_runs),
		cmocka_unit_test(test_refused_descriptors),
		cmocka_unit_test(test_no_descriptors_left),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
