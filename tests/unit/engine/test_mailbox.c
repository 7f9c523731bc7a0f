/* The mailbox: order, room, wake-up, and many threads that post to one that takes. */
#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "proto/engine/mailbox.h"
#include "tests/support/test.h"
#include "tests/support/wait.h"

static struct mail numbered(uint32_t number)
{
	return (struct mail){
		.kind = number % 2 ? MAIL_START_SOURCE : MAIL_STOP_SOURCE,
		.order = {.channel = number, .rate_bps = UINT64_MAX - number},
	};
}

static void post(struct mailbox *box, uint32_t number, bool taken)
{
	struct mail mail = numbered(number);

	assert_int_equal(mailbox_post(box, &mail), taken);
}

static void take(struct mailbox *box, uint32_t number)
{
	struct mail mail, wanted = numbered(number);

	assert_true(mailbox_take(box, &mail));
	assert_int_equal(mail.kind, wanted.kind);
	assert_int_equal(mail.order.channel, wanted.order.channel);
	assert_int_equal(mail.order.rate_bps, wanted.order.rate_bps);
}

static void test_empty(void **state)
{
	struct mailbox box;
	struct mail mail;

	(void)state;
	mailbox_init(&box);
	assert_int_equal(box.wake_fd, -1);
	assert_false(mailbox_take(&box, &mail));
	post(&box, 1, true);
	take(&box, 1);
	assert_false(mailbox_take(&box, &mail));
	mailbox_free(&box);
}

/* First in, first out, wherever in the ring the mail lies. */
static void test_order_and_room(void **state)
{
	struct mailbox box;
	struct mail mail;

	(void)state;
	mailbox_init(&box);
	for (uint32_t turn = 0; turn < 2 * MAILBOX_ROOM + 1; turn++) {
		for (uint32_t i = 0; i < MAILBOX_ROOM; i++)
			post(&box, 100 * turn + i, true);
		post(&box, 7777, false);
		take(&box, 100 * turn);
		post(&box, 100 * turn + MAILBOX_ROOM, true);
		post(&box, 7777, false);
		for (uint32_t i = 1; i <= MAILBOX_ROOM; i++)
			take(&box, 100 * turn + i);
		assert_false(mailbox_take(&box, &mail));
		/* The next turn begins at another place. */
		post(&box, 1, true);
		take(&box, 1);
	}
	mailbox_free(&box);
}

static void test_wakes(void **state)
{
	struct mailbox box;
	eventfd_t wakes;

	(void)state;
	mailbox_init(&box);
	box.wake_fd = eventfd(0, EFD_NONBLOCK);
	assert_true(box.wake_fd >= 0);
	for (uint32_t i = 0; i < MAILBOX_ROOM; i++)
		post(&box, i, true);
	assert_int_equal(eventfd_read(box.wake_fd, &wakes), 0);
	assert_int_equal(wakes, MAILBOX_ROOM);

	/* Mail that was not accepted wakes nobody. */
	post(&box, 99, false);
	assert_int_equal(eventfd_read(box.wake_fd, &wakes), -1);
	assert_int_equal(errno, EAGAIN);

	/* A counter that is full is a wake-up too: the mail is there all the same. */
	take(&box, 0);
	assert_int_equal(eventfd_write(box.wake_fd, UINT64_MAX - 1), 0);
	post(&box, MAILBOX_ROOM, true);
	for (uint32_t i = 1; i <= MAILBOX_ROOM; i++)
		take(&box, i);
	close(box.wake_fd);
	mailbox_free(&box);
}

enum { POSTERS = 4, LETTERS = 5000 };

struct poster {
	pthread_t id;
	struct mailbox *box;
	uint32_t number;
	uint64_t refused;
	bool gave_up;
};

static void *post_many(void *context)
{
	struct poster *p = context;
	uint64_t limit_ns = clock_now_ns() + clock_ms(WAIT_LIMIT_MS);

	for (uint32_t i = 0; i < LETTERS && !p->gave_up;) {
		struct mail mail = numbered(p->number << 16 | i);

		if (mailbox_post(p->box, &mail)) {
			i++;
			continue;
		}
		p->refused++;
		p->gave_up = clock_now_ns() > limit_ns;
		sched_yield();
	}
	return NULL;
}

/* Nothing is lost or doubled, each poster's mail keeps its order, and a taker that sleeps until the wake-up
 * and then takes all there is misses none. */
static void test_many_threads(void **state)
{
	struct poster poster[POSTERS];
	uint32_t next[POSTERS] = {0}, taken = 0;
	struct mailbox box;
	struct pollfd wake;

	(void)state;
	mailbox_init(&box);
	box.wake_fd = eventfd(0, EFD_NONBLOCK);
	wake = (struct pollfd){.fd = box.wake_fd, .events = POLLIN};
	for (uint32_t i = 0; i < POSTERS; i++) {
		poster[i] = (struct poster){.box = &box, .number = i};
		assert_int_equal(pthread_create(&poster[i].id, NULL, post_many, &poster[i]), 0);
	}
	while (taken < POSTERS * LETTERS) {
		struct mail mail;
		eventfd_t wakes;

		if (poll(&wake, 1, WAIT_LIMIT_MS) != 1)
			break;
		eventfd_read(box.wake_fd, &wakes);
		for (; mailbox_take(&box, &mail); taken++) {
			uint32_t from = mail.order.channel >> 16;

			if (from >= POSTERS || (mail.order.channel & 0xffff) != next[from]++)
				fail_msg("letter %x", (unsigned)mail.order.channel);
		}
	}
	for (unsigned i = 0; i < POSTERS; i++) {
		pthread_join(poster[i].id, NULL);
		assert_false(poster[i].gave_up);
		assert_int_equal(next[i], LETTERS);
	}
	assert_int_equal(taken, POSTERS * LETTERS);
	close(box.wake_fd);
	mailbox_free(&box);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_order_and_room),
		cmocka_unit_test(test_wakes),
		cmocka_unit_test(test_many_threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
