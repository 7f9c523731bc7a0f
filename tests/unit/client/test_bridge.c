/* The bridge: commands in their order, views whole, documents without leaks; then with both threads at once.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "tests/support/test.h"
#include "tui/client/bridge.h"

enum { ROUNDS = 3000 };

static struct bridge bridge; /* large */

static int begin(void **state)
{
	int fd = eventfd(0, EFD_NONBLOCK);

	(void)state;
	bridge_init(&bridge, fd);
	return fd < 0;
}

static int end(void **state)
{
	(void)state;
	bridge_free(&bridge);
	return close(bridge.wake_fd);
}

static bool was_woken(void)
{
	uint64_t n;

	return read(bridge.wake_fd, &n, sizeof n) == sizeof n;
}

static void tell(enum command_kind kind, uint64_t rate_bps)
{
	bridge_tell(&bridge, &(struct command){.kind = kind, .rate_bps = rate_bps, .duration_s = 7});
}

static void test_order(void **state)
{
	struct command c;

	(void)state;
	assert_false(bridge_take(&bridge, &c));
	assert_false(was_woken());
	tell(COMMAND_START, 1);
	assert_true(was_woken());
	tell(COMMAND_TERMS, 2);
	tell(COMMAND_QUIT, 3);
	for (uint64_t i = 1; i <= 3; i++) {
		static const enum command_kind kind[] = {COMMAND_START, COMMAND_TERMS, COMMAND_QUIT};

		assert_true(bridge_take(&bridge, &c));
		assert_int_equal(c.kind, kind[i - 1]);
		assert_int_equal(c.rate_bps, i);
		assert_int_equal(c.duration_s, 7);
	}
	assert_false(bridge_take(&bridge, &c));
}

/* The first ones stay, the excess is lost, and then there is room again. */
static void test_bound(void **state)
{
	struct command c;

	(void)state;
	for (uint64_t i = 0; i < 3 * BRIDGE_COMMANDS; i++)
		tell(COMMAND_START, i);
	assert_true(bridge_take(&bridge, &c));
	assert_int_equal(c.rate_bps, 0);
	tell(COMMAND_QUIT, 99);
	for (uint64_t i = 1; i < BRIDGE_COMMANDS; i++) {
		assert_true(bridge_take(&bridge, &c));
		assert_int_equal(c.rate_bps, i);
	}
	assert_true(bridge_take(&bridge, &c));
	assert_int_equal(c.kind, COMMAND_QUIT);
	assert_false(bridge_take(&bridge, &c));
}

/* A full or broken wake-up does no harm: the command is there. */
static void test_no_wake(void **state)
{
	int good = bridge.wake_fd;
	struct command c;

	(void)state;
	bridge.wake_fd = -1;
	tell(COMMAND_SAVE, 0);
	bridge.wake_fd = good;
	assert_true(bridge_take(&bridge, &c));
	assert_int_equal(c.kind, COMMAND_SAVE);
}

static void test_view(void **state)
{
	static struct view in, out; /* large */

	(void)state;
	in.state = CLIENT_REFUSED;
	in.events = 3;
	bridge_show(&bridge, &in);
	assert_true(bridge_look(&bridge, &out));
	assert_int_equal(out.state, CLIENT_REFUSED);
	assert_int_equal(out.events, 3);
	/* The engine does not wait while it is being copied: the old one stays. */
	in.events = 4;
	pthread_mutex_lock(&bridge.lock);
	bridge_show(&bridge, &in);
	pthread_mutex_unlock(&bridge.lock);
	assert_true(bridge_look(&bridge, &out));
	assert_int_equal(out.events, 3);
	bridge_end(&bridge);
	assert_false(bridge_look(&bridge, &out));
	assert_int_equal(out.events, 3);
}

/* Whoever has it last frees it: the taker, the next one, or the bridge. */
static void test_document(void **state)
{
	char *document;

	(void)state;
	assert_null(bridge_take_document(&bridge));
	bridge_hand_document(&bridge, strdup("first"));
	bridge_hand_document(&bridge, strdup("second"));
	document = bridge_take_document(&bridge);
	assert_string_equal(document, "second");
	free(document);
	assert_null(bridge_take_document(&bridge));
	bridge_hand_document(&bridge, strdup("third"));
	bridge_hand_document(&bridge, NULL);
	assert_null(bridge_take_document(&bridge));
	bridge_hand_document(&bridge, strdup("nobody takes this"));
}

/* The engine's side: views whose two ends say the same, an answer to each command, a document now and then.
 */
static void *engine(void *context)
{
	static struct view shown; /* large */
	uint64_t *taken = context, next = 0;
	struct command c;

	while (*taken < ROUNDS) {
		if (!bridge_take(&bridge, &c))
			continue;
		if (c.rate_bps < next)
			break; /* out of order: the test sees that commands are missing */
		next = c.rate_bps + 1;
		++*taken;
		shown.now_ns = *taken;
		shown.events = (unsigned)*taken;
		bridge_show(&bridge, &shown);
		if (*taken % 100 == 0)
			bridge_hand_document(&bridge, strdup("{}"));
	}
	bridge_end(&bridge);
	return NULL;
}

static void test_threads(void **state)
{
	static struct view seen; /* large */
	uint64_t taken = 0, told = 0;
	unsigned documents = 0;
	pthread_t thread;

	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, engine, &taken), 0);
	while (bridge_look(&bridge, &seen)) {
		char *document = bridge_take_document(&bridge);

		assert_true(seen.now_ns == seen.events);
		tell(COMMAND_STOP, told++);
		documents += document != NULL;
		free(document);
	}
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(taken, ROUNDS);
	assert_true(told >= ROUNDS);
	assert_true(documents <= ROUNDS / 100);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_order),
		TEST(test_bound),
		TEST(test_no_wake),
		TEST(test_view),
		TEST(test_document),
		TEST(test_threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
