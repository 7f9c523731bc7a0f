/* Reports -> rates, queues, losses; and which losses are news. */
#include <math.h>

#include "proto/measure/path_samples.h"
#include "proto/rate/loss_detect.h"
#include "tests/support/random.h"
#include "tests/support/test.h"

enum { START_MS = 100000, AHEAD_MS = 77777 }; /* the receiver's clock is ahead */

/* Of `sent` packets so far `got` arrived; the last one left at `sent_ms` and took `delay_ms`. */
static struct path_sample sample(uint64_t sent, uint64_t got, double sent_ms, double delay_ms)
{
	return (struct path_sample){
		.packets = got,
		.bytes = got * 1250,
		.next_channel = sent,
		.arrival_ns = (uint64_t)((START_MS + AHEAD_MS + sent_ms + delay_ms) * 1e6),
		.delay_last_ns = (int64_t)((AHEAD_MS + delay_ms) * 1e6),
		.delay_min_ns = (int64_t)((AHEAD_MS + delay_ms) * 1e6),
	};
}

static bool add(struct path_samples *p, struct path_sample s)
{
	return path_samples_add(p, &s, s.arrival_ns - clock_ms(AHEAD_MS));
}

/* 1000 packets of 1250 bytes are 10 Mbit. */
static void test_rates(void **state)
{
	static const struct {
		uint64_t sent, got;
		double sent_ms, delay_ms;
		double send_mbps, deliver_mbps, queue_ms;
	} rows[] = {
		{1000, 1000, 100, 5, 100, 100, 0},
		{1000, 1000, 100, 30, 100, 80, 25},
		{1000, 500, 100, 5, 100, 50, 0},
		{1000, 500, 50, 55, 200, 50, 50},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct path_samples p = {0};
		struct path_span span;

		assert_true(add(&p, sample(10, 10, 0, 5)));
		assert_true(add(
			&p, sample(10 + rows[i].sent, 10 + rows[i].got, rows[i].sent_ms, rows[i].delay_ms)));
		assert_true(path_samples_span(&p, path_samples_point(&p, 1), &span));
		assert_true(fabs(span.send_bps / 1e6 - rows[i].send_mbps) < 0.01);
		assert_true(fabs(span.deliver_bps / 1e6 - rows[i].deliver_mbps) < 0.01);
		assert_int_equal(span.lost, rows[i].sent - rows[i].got);
		assert_true(fabs((double)path_samples_queue_ns(&p, 0) / 1e6 - rows[i].queue_ms) < 0.001);
	}
}

static void test_refused(void **state)
{
	struct path_sample rows[] = {
		sample(0, 0, 20, 5),     /* nothing */
		sample(100, 100, 10, 5), /* the same again */
		sample(99, 99, 20, 5),   /* back */
		sample(200, 90, 20, 5),  /* packets back */
		sample(90, 110, 20, 5),  /* more than there were */
		sample(200, 200, -5, 5), /* time back */
		sample(200, 200, 20, 5), /* packets larger than they can be */
	};
	struct path_samples p = {0};

	(void)state;
	rows[6].bytes = 200 * 70000;
	assert_true(add(&p, sample(100, 100, 10, 5)));
	for (size_t i = 0; i < COUNT(rows); i++)
		assert_false(add(&p, rows[i]));
	assert_true(add(&p, sample(200, 200, 20, 5)));
	assert_int_equal(p.points, 2);
}

/* The bare path's delay is forgotten after a while, not before. */
static void test_base(void **state)
{
	struct path_samples p = {0};
	uint64_t n = 0;

	(void)state;
	assert_true(add(&p, sample(n + 1, n + 1, 0, 5)));
	for (n = 1; n <= 110; n++) {
		assert_true(add(&p, sample(n + 1, n + 1, (double)n * 10, 8)));
		assert_int_equal(path_samples_queue_ns(&p, 0), 3 * NS_PER_MS);
	}
	for (; n <= 160; n++)
		assert_true(add(&p, sample(n + 1, n + 1, (double)n * 10, 8)));
	assert_int_equal(path_samples_queue_ns(&p, 0), 0);
}

/* 100 packets a report; the share of loss changes in the middle of 400 reports. */
static void test_news(void **state)
{
	static const struct {
		double known, before, after;
		bool news;
		unsigned within; /* reports after the change */
	} rows[] = {
		{0, 0, 0, false, 0},
		{0, 0, 0.003, false, 0},
		{0, 0, 0.02, true, 40},
		{0, 0, 0.3, true, 3},
		{0.05, 0.05, 0.05, false, 0},
		{0.05, 0.05, 0.01, false, 0},
		{0.05, 0.05, 0.15, true, 10},
		{0.2, 0.2, 0.2, false, 0},
		{0.2, 0.2, 0.5, true, 5},
	};
	uint64_t random = 1;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct loss_detect w = {.share = rows[i].known};
		struct path_samples p = {0};
		struct path_span span;
		struct loss_event event;
		uint64_t sent = 1, got = 1;
		unsigned report = 0;
		bool news = false;

		assert_true(add(&p, sample(sent, got, 0, 5)));
		while (!news && report++ < 400) {
			for (unsigned n = 0; n < 100; n++)
				got += !random_chance(&random, report > 200 ? rows[i].after : rows[i].before);
			sent += 100;
			assert_true(add(&p, sample(sent, got, report * 10, 5)));
			assert_true(path_samples_span(&p, path_samples_point(&p, 1), &span));
			news = loss_detect_add(&w, &span, &p, &event);
		}
		print_message("row %zu: %d at %u\n", i, news, report);
		assert_int_equal(news, rows[i].news);
		if (!news)
			continue;
		assert_true(report > 200 && report <= 200 + rows[i].within);
		assert_true(event.share > rows[i].after / 2 && event.share < rows[i].after * 2);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rates),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_base),
		cmocka_unit_test(test_news),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
