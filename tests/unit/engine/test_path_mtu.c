/* The search for the largest datagram, over paths in virtual time: what is found, after how long and how many
 * questions. A path drops what is too large for either direction, and says nothing. */
#include "proto/engine/path_mtu.h"
#include "proto/sys/clock.h"
#include "tests/support/random.h"
#include "tests/support/test.h"

enum { TOP = PATH_MTU_TOP_BYTES, ANSWERS = 2 * PATH_MTU_QUESTIONS, SEEDS = 300, STEPS = 1000 };

struct path {
	uint32_t up_bytes, down_bytes; /* the largest that pass */
	double loss;                   /* each way */
	unsigned round_trip_ms, timeout_ms;
	bool doubles; /* each answer comes twice, the second one half a round trip later */
};

struct handshake_answer {
	uint64_t due_ns;
	uint32_t number, bytes;
};

struct scene {
	const struct path *path;
	struct path_mtu it;
	uint64_t random, now_ns;
	struct handshake_answer answer[ANSWERS];
	unsigned answers, rejected;
};

static void deliver(struct scene *s, uint32_t number, uint32_t bytes)
{
	const struct path *p = s->path;
	uint64_t trip_ns = p->round_trip_ms * MS;

	if (bytes > p->up_bytes || bytes > p->down_bytes || random_chance(&s->random, p->loss) ||
		random_chance(&s->random, p->loss))
		return;
	for (unsigned i = 0; i <= p->doubles; i++)
		s->answer[s->answers++] =
			(struct handshake_answer){s->now_ns + trip_ns + i * trip_ns / 2, number, bytes};
}

/* The first answer that is to come, or NULL. */
static struct handshake_answer *next_answer(struct scene *s)
{
	struct handshake_answer *next = NULL;

	for (unsigned i = 0; i < s->answers; i++)
		if (s->answer[i].due_ns != CLOCK_NEVER && (!next || s->answer[i].due_ns < next->due_ns))
			next = &s->answer[i];
	return next;
}

static void take_answers(struct scene *s)
{
	for (struct handshake_answer *a; (a = next_answer(s)) && a->due_ns <= s->now_ns;
		a->due_ns = CLOCK_NEVER)
		s->rejected += path_mtu_take(&s->it, a->number, a->bytes) != WIRE_OK;
}

static void step(struct scene *s)
{
	uint32_t bytes, number, before = s->it.questions;

	while ((bytes = path_mtu_ask(&s->it, s->now_ns, s->path->timeout_ms * MS, &number))) {
		assert_in_range(bytes, PATH_MTU_FLOOR_BYTES, s->it.limit_bytes);
		assert_int_equal(number, s->it.questions - 1);
		deliver(s, number, bytes);
	}
	assert_in_range(s->it.questions - before, 0, PATH_MTU_SIZES);
	assert_true(path_mtu_due_ns(&s->it) > s->now_ns); /* nothing that keeps a loop spinning */
}

/* Runs the search to its end; what comes later is still given to it. */
static void run(struct scene *s, const struct path *path, uint64_t seed)
{
	struct handshake_answer *a;

	*s = (struct scene){.path = path, .random = seed, .now_ns = START_NS};
	path_mtu_start(&s->it, s->now_ns);
	for (unsigned steps = 0; s->it.active; steps++) {
		assert_in_range(steps, 0, STEPS);
		step(s);
		a = next_answer(s);
		if (s->it.active)
			s->now_ns = path_mtu_due_ns(&s->it);
		if (s->it.active && a && a->due_ns < s->now_ns)
			s->now_ns = a->due_ns;
		take_answers(s);
	}
	assert_int_equal(path_mtu_due_ns(&s->it), CLOCK_NEVER);
	assert_in_range(s->now_ns, START_NS, START_NS + PATH_MTU_ENDS_MS * MS);
}

static const struct {
	const char *name;
	struct path path;
	uint32_t lowest, highest; /* what is to be found */
	unsigned longest_ms, questions;
	bool hole;
} rows[] = {
	{"good", {TOP, TOP, 0, 20, 40, false}, TOP, TOP, 20, 1, false},
	{"more than good", {9000, 9000, 0, 20, 40, false}, TOP, TOP, 20, 1, false},
	{"a hole up", {1252, TOP, 0, 20, 40, false}, 1252, 1252, 520, 83, true},
	{"a hole down", {TOP, 1252, 0, 20, 40, false}, 1252, 1252, 520, 83, true},
	{"two holes", {1222, 1252, 0, 20, 40, false}, 1222, 1222, 520, 83, true},
	{"IPv6's least", {1232, 1232, 0, 20, 40, false}, 1232, 1232, 520, 83, true},
	{"one byte too few", {TOP - 1, TOP, 0, 20, 40, false}, TOP - 1, TOP - 1, 520, 83, true},
	{"IPv4's least", {548, 548, 0, 20, 40, false}, 548, 548, 520, 83, true},
	{"the floor", {512, TOP, 0, 20, 40, false}, 512, 512, 520, 83, true},
	{"below the floor", {511, TOP, 0, 20, 40, false}, 0, 0, 520, 83, false},
	{"nothing", {0, 0, 0, 20, 40, false}, 0, 0, 520, 83, false},
	{"nothing, and slow", {0, 0, 0, 600, 620, false}, 0, 0, 2000, 83, false},
	{"good, and each answer twice", {TOP, TOP, 0, 20, 40, true}, TOP, TOP, 20, 1, false},
	{"a hole, and each answer twice", {1252, TOP, 0, 20, 40, true}, 1252, 1252, 520, 83, true},
	{"100 ms", {1252, TOP, 0, 100, 120, false}, 1252, 1252, 1560, 83, true},
	/* The search is cut short: what is found is safe, and not much too small. */
	{"200 ms", {1252, TOP, 0, 200, 220, false}, 1252, 1252, 2000, 83, true},
	{"300 ms", {1252, TOP, 0, 300, 320, false}, 1244, 1252, 2000, 83, true},
	{"600 ms", {1252, TOP, 0, 600, 620, false}, 1163, 1252, 2000, 83, true},
	{"600 ms, good", {TOP, TOP, 0, 600, 620, false}, TOP, TOP, 600, 11, false},
	/* Every answer comes after its time, and counts. */
	{"late, good", {TOP, TOP, 0, 150, 40, false}, TOP, TOP, 150, 31, false},
	{"late, a hole", {1252, TOP, 0, 150, 40, false}, 1230, 1252, 2000, 128, true},
	{"later than the end", {TOP, TOP, 0, 2500, 500, false}, 0, 0, 2000, 128, false},
};

static void test_paths(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct scene s;
		unsigned ms;

		run(&s, &rows[i].path, i);
		ms = (unsigned)((s.now_ns - START_NS) / MS);
		print_message("%s: %u bytes after %u ms, %u questions\n", rows[i].name, s.it.found_bytes, ms,
			s.it.questions);
		assert_in_range(s.it.found_bytes, rows[i].lowest, rows[i].highest);
		assert_in_range(ms, 0, rows[i].longest_ms);
		assert_in_range(s.it.questions, 1, rows[i].questions);
		assert_int_equal(path_mtu_is_hole(&s.it), rows[i].hole);
	}
}

/* Every size there is. */
static void test_every_size(void **state)
{
	(void)state;
	for (uint32_t bytes = PATH_MTU_FLOOR_BYTES; bytes <= TOP; bytes++) {
		struct path path = {bytes, TOP, 0, 20, 40, false};
		struct scene s;

		run(&s, &path, bytes);
		assert_int_equal(s.it.found_bytes, bytes);
		assert_int_equal(path_mtu_is_hole(&s.it), bytes < TOP);
	}
}

/* By chance, but from seeds. A size that doesn't pass is never found; one that does is given up no more often
 * than a row says. */
static void test_losses(void **state)
{
	static const struct {
		const char *name;
		struct path path;
		unsigned wrong; /* searches that find too little, at most */
	} lossy[] = {
		{"2 %", {TOP, TOP, 0.02, 20, 40, false}, 0},
		{"10 %", {TOP, TOP, 0.1, 20, 40, false}, 0},
		{"30 %", {TOP, TOP, 0.3, 20, 40, false}, SEEDS / 20},
		{"10 %, a hole", {1252, TOP, 0.1, 20, 40, false}, SEEDS / 20},
		{"30 %, a hole", {1252, TOP, 0.3, 20, 40, false}, SEEDS / 2},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(lossy); i++) {
		uint32_t least = TOP;
		unsigned wrong = 0;

		for (uint64_t seed = 1; seed <= SEEDS; seed++) {
			struct scene s;

			run(&s, &lossy[i].path, seed << 32);
			assert_in_range(s.it.found_bytes, 0, lossy[i].path.up_bytes);
			wrong += s.it.found_bytes < lossy[i].path.up_bytes;
			if (s.it.found_bytes < least)
				least = s.it.found_bytes;
		}
		print_message(
			"%s: %u of %u too small, the least %u bytes\n", lossy[i].name, wrong, SEEDS, least);
		assert_in_range(wrong, 0, lossy[i].wrong);
	}
}

/* Answers to a first question that nobody asked like that. */
static void test_forged(void **state)
{
	static const struct {
		const char *name;
		uint32_t number, bytes;
		enum wire_reject reason;
	} forged[] = {
		{"another number", 1, TOP, REJECT_SEQUENCE},
		{"a number out of range", UINT32_MAX, TOP, REJECT_SEQUENCE},
		{"shorter", 0, TOP - 1, REJECT_BODY},
		{"longer", 0, TOP + 1, REJECT_BODY},
		{"nothing", 0, 0, REJECT_BODY},
		{"as large as 16 bits hold more", 0, TOP + (1 << 16), REJECT_BODY},
		{"as it should be", 0, TOP, WIRE_OK},
		{"once more", 0, TOP, REJECT_SEQUENCE},
	};
	struct path_mtu m;
	uint32_t number;

	(void)state;
	path_mtu_start(&m, START_NS);
	assert_int_equal(path_mtu_take(&m, 0, TOP), REJECT_SEQUENCE);
	assert_int_equal(path_mtu_ask(&m, START_NS, MS, &number), TOP);
	for (size_t i = 0; i < COUNT(forged); i++) {
		print_message("%s\n", forged[i].name);
		assert_int_equal(path_mtu_take(&m, forged[i].number, forged[i].bytes), forged[i].reason);
		assert_int_equal(m.found_bytes, i < COUNT(forged) - 2 ? 0 : TOP);
		assert_int_equal(m.active, i < COUNT(forged) - 2);
	}
}

/* The host is told of a limit as the first question is under way: the next question is that size, at once. */
static void test_limit(void **state)
{
	static const struct {
		const char *name;
		uint32_t limit, next; /* 0: the search is over, or goes on as before */
		bool active;
	} limits[] = {
		{"no news", 65508, 0, true},
		{"just enough", TOP, 0, true},
		{"less", 1252, 1252, true},
		{"the floor", PATH_MTU_FLOOR_BYTES, PATH_MTU_FLOOR_BYTES, true},
		{"too little to look for", PATH_MTU_FLOOR_BYTES - 1, 0, false},
		{"not known", 0, 0, false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(limits); i++) {
		struct path_mtu m;
		uint32_t number;

		print_message("%s\n", limits[i].name);
		path_mtu_start(&m, START_NS);
		assert_int_equal(path_mtu_ask(&m, START_NS, 40 * MS, &number), TOP);
		path_mtu_limit(&m, limits[i].limit);
		assert_int_equal(m.active, limits[i].active);
		assert_int_equal(path_mtu_ask(&m, START_NS + 1, 40 * MS, &number), limits[i].next);
		if (!limits[i].next)
			continue;
		assert_int_equal(path_mtu_ask(&m, START_NS + 1, 40 * MS, &number), 0);
		/* What is above the limit counts no longer. */
		assert_int_equal(path_mtu_take(&m, 0, TOP), WIRE_OK);
		assert_int_equal(m.found_bytes, 0);
		assert_int_equal(path_mtu_take(&m, 1, limits[i].next), WIRE_OK);
		assert_int_equal(m.found_bytes, limits[i].next);
		assert_false(m.active || path_mtu_is_hole(&m));
	}
}

/* A server answers as many questions as a search has, and more only later. */
static void test_answers_are_limited(void **state)
{
	static const struct {
		unsigned at_ms, asked, answered;
	} asked[] = {
		{0, 3, 3},
		{1999, 200, 125},
		{1999, 1, 0},
		{2000, 1, 1},
		{2000, 200, 127},
		{60000, 128, 128},
		{60001, 1, 0},
	};
	struct path_mtu m = {.active = false};

	(void)state;
	for (size_t i = 0; i < COUNT(asked); i++) {
		unsigned answered = 0;

		for (unsigned n = 0; n < asked[i].asked; n++)
			answered += path_mtu_may_answer(&m, START_NS + asked[i].at_ms * MS);
		assert_int_equal(answered, asked[i].answered);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_paths),
		cmocka_unit_test(test_every_size),
		cmocka_unit_test(test_losses),
		cmocka_unit_test(test_forged),
		cmocka_unit_test(test_limit),
		cmocka_unit_test(test_answers_are_limited),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
