/* What a line does with the packets that come in: the emulator's link, in virtual time. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/support/line.h"
#include "tests/support/test.h"

enum { SIZE = 1428, PORT_AT = 20, NUMBER_AT = 28, MOST_OUT = 200000 };

struct out {
	uint64_t at_ns;
	uint32_t number;
	uint16_t port;
};

/* What came out so far. */
static struct out out[MOST_OUT];
static size_t outs;

static struct line *new_line(struct line_settings *s, const char *const *names_and_values)
{
	*s = (struct line_settings){0};
	for (; *names_and_values; names_and_values += 2)
		assert_int_equal(line_set(s, names_and_values[0], names_and_values[1]), 0);
	outs = 0;
	return line_new(s, 7, START_NS);
}

#define LINE(s, ...) new_line(s, (const char *const[]){__VA_ARGS__, NULL})

/* Takes out all that is due until then, each at its time. */
static void drain(struct line *l, uint64_t until_ns)
{
	uint64_t due_ns;

	while ((due_ns = line_due_ns(l)) <= until_ns) {
		for (struct line_packet *p; (p = line_release(l, due_ns));) {
			struct out *o = &out[outs++];

			assert_true(outs < MOST_OUT);
			o->at_ns = p->due_ns;
			memcpy(&o->number, p->bytes + NUMBER_AT, sizeof(o->number));
			memcpy(&o->port, p->bytes + PORT_AT, sizeof(o->port));
			free(p);
		}
	}
}

/* A flow of packets of SIZE from a port: as many, evenly from START_NS on. */
struct flow {
	double bps, seconds;
	uint16_t port;
};

static void send_one(struct line *l, uint16_t port, uint32_t number, uint64_t now_ns)
{
	uint8_t ip[SIZE] = {0x45, [9] = 17};

	memcpy(ip + PORT_AT, &port, sizeof(port));
	memcpy(ip + NUMBER_AT, &number, sizeof(number));
	drain(l, now_ns);
	line_take(l, ip, sizeof(ip), now_ns);
}

/* Both flows at once, then all that is left. Returns when the last one was sent. */
static uint64_t carry(struct line *l, const struct flow *flows, size_t count)
{
	uint32_t sent[2] = {0};
	uint64_t now_ns = START_NS;

	for (;;) {
		uint64_t next_ns = CLOCK_NEVER;
		size_t which = 0;

		for (size_t i = 0; i < count; i++) {
			uint64_t at_ns = START_NS + (uint64_t)(sent[i] * SIZE * 8.0 / flows[i].bps * SECOND);

			if (at_ns < next_ns && (double)(at_ns - START_NS) < flows[i].seconds * SECOND) {
				next_ns = at_ns;
				which = i;
			}
		}
		if (next_ns == CLOCK_NEVER)
			break;
		now_ns = next_ns;
		send_one(l, flows[which].port, sent[which]++, now_ns);
	}
	drain(l, CLOCK_NEVER - 1);
	return now_ns;
}

static void carry_one(struct line *l, double bps, double seconds)
{
	const struct flow flow = {bps, seconds, 1};

	line_settle(l, carry(l, &flow, 1) + 100 * SECOND);
}

static void assert_balance(const struct line_counts *c)
{
	assert_int_equal(c->in.packets + c->duplicated.packets,
		c->out.packets + c->lost_before.packets + c->policed.packets + c->overflowed.packets +
			c->lost_behind.packets + c->waiting.packets);
	assert_int_equal(c->in.bytes + c->duplicated.bytes, c->out.bytes + c->lost_before.bytes +
								    c->policed.bytes + c->overflowed.bytes +
								    c->lost_behind.bytes + c->waiting.bytes);
}

/* Of what came out, from the first to the last. */
static double out_bps(void)
{
	return (double)(outs - 1) * SIZE * 8 / ((double)(out[outs - 1].at_ns - out[0].at_ns) / SECOND);
}

static void assert_near(double value, double truth, double share)
{
	if (fabs(value / truth - 1) > share)
		fail_msg("%f is not within %f of %f", value, share, truth);
}

static void test_rate_and_delay(void **state)
{
	static const char *const rates[] = {"64k", "10M", "300M"};
	struct line_settings s;

	(void)state;
	for (size_t i = 0; i < COUNT(rates); i++) {
		struct line *l = LINE(&s, "rate", rates[i], "buffer-ms", "1000", "delay-ms", "300");

		carry_one(l, 1.2 * s.rate.bps, 4);
		assert_near(out_bps(), s.rate.bps, 1e-4);
		assert_near((double)(out[0].at_ns - START_NS), 300e6 + SIZE * 8 / s.rate.bps * SECOND, 1e-3);
		assert_near(l->span.offered_bits,
			s.rate.bps * (double)(l->span.last_ns - l->span.first_ns) / SECOND, 1e-6);
		assert_true(l->span.idle_ms < 1);
		assert_balance(&l->data);
		line_free(l);
	}
}

/* An idle half is counted as idle, and offered all the same. */
static void test_idle(void **state)
{
	struct line_settings s;
	struct line *l = LINE(&s, "rate", "20M", "buffer-ms", "50");

	(void)state;
	carry_one(l, 10e6, 2);
	assert_near(l->span.offered_bits, 40e6, 0.001);
	assert_near(l->span.idle_ms, 1000, 0.01);
	line_free(l);
}

/* The buffer keeps what its time at the rate is, and drops what comes last. */
static void test_buffer(void **state)
{
	struct line_settings s;
	struct line *l = LINE(&s, "rate", "10M", "buffer-ms", "40");

	(void)state;
	carry_one(l, 20e6, 2);
	assert_near(line_wait_ms(l, 1), 40, 0.06);
	assert_near((double)l->data.overflowed.packets, 0.5 * (double)l->data.in.packets, 0.03);
	assert_balance(&l->data);
	line_free(l);
}

static double mean_bps(struct line *l, double seconds)
{
	carry_one(l, 400e6, seconds);
	assert_near((double)l->data.out.bytes * 8, l->span.offered_bits, 0.02);
	return l->span.offered_bits / ((double)(l->span.last_ns - l->span.first_ns) / SECOND);
}

static void test_courses(void **state)
{
	struct line_settings s;
	struct line *l = LINE(&s, "steps", "0:30M,1000:10M,3000:20M", "buffer-ms", "20");

	(void)state;
	assert_near(mean_bps(l, 4), (30e6 + 2 * 10e6 + 20e6) / 4, 0.01);
	line_free(l);
	free(s.rate.row);
	l = LINE(&s, "rate", "20M", "sine-share", "0.7", "sine-ms", "500", "buffer-ms", "20");
	assert_near(mean_bps(l, 4), 20e6, 0.01);
	line_free(l);
	l = LINE(&s, "rate", "20M", "walk-low", "0.3", "walk-high", "2", "walk-ms", "200", "buffer-ms", "20");
	assert_true(mean_bps(l, 10) > 0.5 * 20e6);
	assert_true(l->span.offered_bits < 2 * 20e6 * 10);
	line_free(l);
}

/* A recorded trace begins again at its end. */
static void test_trace(void **state)
{
	char path[] = "/tmp/test_line_XXXXXX";
	FILE *file = fdopen(mkstemp(path), "w");
	struct line_settings s;
	struct line *l;

	(void)state;
	assert_non_null(file);
	fputs("# ms rate\n0 40M\n300 10M\n1000 1\n", file);
	fclose(file);
	l = LINE(&s, "trace", path, "buffer-ms", "20");
	assert_near(mean_bps(l, 3), 0.3 * 40e6 + 0.7 * 10e6, 0.01);
	assert_int_equal(s.rate.rows, 3);
	line_free(l);
	free(s.rate.row);
	unlink(path);
}

/* Packets leave together, and what a burst may carry is what the rate has offered since the last one. */
static void test_bursts(void **state)
{
	struct line_settings s;
	struct line *l =
		LINE(&s, "rate", "50M", "burst-ms", "10", "burst-variation", "0.3", "buffer-ms", "100");
	size_t bursts = 1;

	(void)state;
	carry_one(l, 60e6, 3);
	for (size_t i = 1; i < outs; i++)
		bursts += out[i].at_ns != out[i - 1].at_ns;
	assert_near(out_bps(), 50e6, 0.01);
	assert_near((double)bursts, (double)(out[outs - 1].at_ns - out[0].at_ns) / (10 * MS), 0.05);
	assert_true(l->span.idle_ms < 15);
	line_free(l);
}

/* Its bucket at once, then its rate. */
static void test_policer(void **state)
{
	struct line_settings s;
	struct line *l = LINE(&s, "policer", "8M", "policer-bytes", "500000");

	(void)state;
	carry_one(l, 40e6, 3);
	assert_near((double)l->data.out.bytes, 500000 + 3 * 1e6, 0.001);
	assert_balance(&l->data);
	line_free(l);
}

/* The flow below its share loses nothing and hardly waits, whatever the other does. */
static void test_flows(void **state)
{
	const struct flow flows[] = {{2e6, 3, 1}, {50e6, 3, 2}};
	struct line_settings s;
	struct line *l = LINE(&s, "rate", "10M", "buffer-ms", "100", "queue", "flows");
	uint64_t gentle = 0;

	(void)state;
	carry(l, flows, COUNT(flows));
	for (size_t i = 0; i < outs; i++) {
		uint64_t sent_ns = START_NS + (uint64_t)(out[i].number * SIZE * 8.0 / 2e6 * SECOND);

		if (out[i].port != 1)
			continue;
		gentle++;
		assert_true(out[i].at_ns - sent_ns < 5 * MS);
	}
	assert_near((double)gentle, 3 * 2e6 / (SIZE * 8), 0.01);
	line_settle(l, START_NS + 100 * SECOND);
	assert_balance(&l->data);
	line_free(l);
}

static void test_jitter_keeps_order(void **state)
{
	static const char *const laws[][2] = {
		{"uniform", "0"}, {"uniform", "10"}, {"exponential", "3"}, {"spikes", "0"}};
	struct line_settings s;

	(void)state;
	for (size_t i = 0; i < COUNT(laws); i++) {
		struct line *l = LINE(&s, "rate", "20M", "buffer-ms", "100", "jitter-ms", "20", "law",
			laws[i][0], "hold-ms", laws[i][1], "spike-every-ms", "100");
		double most_ms = 0;

		carry_one(l, 10e6, 3);
		for (size_t k = 0; k < outs; k++) {
			double sent_ms = (double)k * SIZE * 8.0 / 10e6 * 1000;

			assert_int_equal(out[k].number, k);
			most_ms = fmax(most_ms, clock_in_ms(out[k].at_ns - START_NS) - sent_ms);
		}
		assert_int_equal(outs, l->data.in.packets);
		assert_true(most_ms > 10);
		line_free(l);
	}
}

static void test_losses(void **state)
{
	struct line_settings s;
	struct line *l = LINE(&s, "loss-before", "0.02", "loss-behind", "0.1", "loss-behind-burst", "5",
		"duplicate", "0.03", "reorder", "0.02", "reorder-ms", "5");
	size_t runs = 0;

	(void)state;
	carry_one(l, 200e6, 5);
	assert_near((double)l->data.lost_before.packets, 0.02 * (double)l->data.in.packets, 0.1);
	assert_near((double)l->data.lost_behind.packets, 0.1 * 0.98 * (double)l->data.in.packets, 0.1);
	assert_near((double)l->data.duplicated.packets, 0.03 * (double)l->data.out.packets, 0.1);
	assert_near((double)l->data.reordered, 0.02 * (double)l->data.out.packets, 0.1);
	for (size_t i = 1; i < outs; i++)
		runs += out[i].number > out[i - 1].number + 3; /* four lost in a row, or more */
	assert_true(runs > 100);
	assert_balance(&l->data);
	line_free(l);
}

static void test_settings(void **state)
{
	static const char *const wrong[][2] = {{"rate", "10X"}, {"rate", "-1"}, {"steps", "10:5M"},
		{"steps", "0:5M,0:6M"}, {"loss-behind", "1.1"}, {"law", "gauss"}, {"queue", "lifo"},
		{"colour", "1"}, {"delay-ms", "x"}};
	struct line_settings s = {0};

	(void)state;
	for (size_t i = 0; i < COUNT(wrong); i++)
		assert_true(line_set(&s, wrong[i][0], wrong[i][1]) < 0);
	assert_true(line_set(&s, "trace", "/nowhere") < 0);
	free(s.rate.row);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rate_and_delay),
		cmocka_unit_test(test_idle),
		cmocka_unit_test(test_buffer),
		cmocka_unit_test(test_courses),
		cmocka_unit_test(test_trace),
		cmocka_unit_test(test_bursts),
		cmocka_unit_test(test_policer),
		cmocka_unit_test(test_flows),
		cmocka_unit_test(test_jitter_keeps_order),
		cmocka_unit_test(test_losses),
		cmocka_unit_test(test_settings),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
