/* A port that has worked for a test tells CONTROL, however full CONTROL's mailbox is just then. */
#include "tests/support/port_scene.h"

enum { CHANNEL = 7 };

static struct mailbox *control(struct scene *s)
{
	return &s->port[PORT_CONTROL].mailbox;
}

static void fill(struct mailbox *box)
{
	struct mail mail = {.kind = MAIL_STOP_TEST};

	while (mailbox_post(box, &mail))
		;
}

/* The one answer that is in CONTROL's mailbox after all that was there before. */
static struct mail last_of(struct mailbox *box)
{
	struct mail mail = {0}, last = {0};

	while (mailbox_take(box, &mail)) {
		assert_int_not_equal(last.kind, MAIL_SINK_DONE);
		last = mail;
	}
	return last;
}

static void post(struct scene *s, enum mail_kind kind, uint32_t channel)
{
	struct mail mail = {
		.kind = kind,
		.order = {.channel = channel,
			.start_ns = clock_now_ns(),
			.direction = TEST_UP,
			.duration_ns = SECOND,
			.datagram_bytes = 1000},
	};

	assert_true(mailbox_post(&s->it->mailbox, &mail));
}

static void test_sink_done(void **state)
{
	struct scene *s = port_scene_open(PORT_UPLOAD, false, true);
	uint64_t due_ns;
	struct mail mail;

	(void)state;
	fill(control(s));
	post(s, MAIL_OPEN_SINK, CHANNEL);
	post(s, MAIL_CLOSE_SINK, CHANNEL);
	post(s, MAIL_OPEN_SINK, CHANNEL + 1);
	due_ns = port_step(s->it);
	/* It comes back for it soon, and takes nothing else before. */
	assert_true(due_ns < clock_now_ns() + clock_ms(s->options.server_block_ms) / 2);
	assert_false(s->it->sink.active);
	assert_true(mailbox_take(control(s), &mail));
	port_step(s->it);
	assert_true(s->it->sink.active);
	assert_int_equal(s->it->sink.order.channel, CHANNEL + 1);
	mail = last_of(control(s));
	assert_int_equal(mail.kind, MAIL_SINK_DONE);
	assert_int_equal(mail.order.channel, CHANNEL);
	port_scene_close(s);
}

/* A port that fails says so too, after the answer that it still owed, and stays in its loop until then. */
static void test_failed(void **state)
{
	struct scene *s = port_scene_open(PORT_UPLOAD, false, true);
	struct mail mail;

	(void)state;
	fill(control(s));
	post(s, MAIL_OPEN_SINK, CHANNEL);
	port_step(s->it);
	assert_true(s->it->sink.active);
	s->it->stats.state = PORT_FAILED;
	for (unsigned turn = 0; turn < 3; turn++)
		assert_int_not_equal(port_step(s->it), CLOCK_NEVER);
	assert_true(mailbox_take(control(s), &mail));
	port_step(s->it);
	assert_int_equal(last_of(control(s)).kind, MAIL_SINK_DONE);
	port_scene_close(s);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sink_done),
		cmocka_unit_test(test_failed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
