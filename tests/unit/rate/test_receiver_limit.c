/* How an unlimited source keeps to what the receiver's host can take: report by report, and against a host of
 * a fixed speed in virtual time. */
#include <stdlib.h>

#include "proto/rate/receiver_limit.h"
#include "proto/sys/clock.h"
#include "tests/support/test.h"

enum { PAYLOAD = 1250, REPORT_MS = 10 }; /* 100 packets in a report: 100 Mbit/s */

static const double MBIT = 1e6;

/* A receiver's reports, one every 10 ms. */
struct reports {
	struct receiver_limit receiver_limit;
	struct path_sample sample;
	uint64_t now_ns;
};

/* Of `sent` packets in the last 10 ms, the path lost some and the host's socket others. */
static double report(struct reports *r, unsigned sent, unsigned path, unsigned host)
{
	struct path_sample *s = &r->sample;

	if (r->now_ns == 0)
		r->now_ns = START_NS;
	r->now_ns += REPORT_MS * MS;
	s->next_channel += sent;
	s->packets += sent - path - host;
	s->bytes = s->packets * PAYLOAD;
	s->host_drops += host;
	s->clock_ns = r->now_ns - 123450000;
	s->arrival_ns = r->now_ns - 123456789;
	s->delay_last_ns = s->delay_min_ns = 5 * NS_PER_MS;
	receiver_limit_report(&r->receiver_limit, s, r->now_ns);
	return (double)receiver_limit_rate_bps(&r->receiver_limit);
}

enum { STEPS = 5 };

static const struct {
	const char *name;
	struct {
		unsigned reports, sent, path, host; /* each for this many reports */
		double least, most;                 /* Mbit/s, after the last of them */
	} step[STEPS];
} rows[] = {
	{"no drop, no limit", {{100, 100, 0, 0, 0, 0}, {100, 1000, 0, 0, 0, 0}}},
	{"the path may lose what it likes", {{100, 100, 50, 0, 0, 0}, {100, 100, 99, 0, 0, 0}}},
	{"a first report with a drop has no rate to go by", {{1, 100, 0, 1, 0, 0}, {1, 100, 0, 0, 0, 0}}},
	{"below what was delivered after a drop", {{10, 100, 0, 0, 0, 0}, {1, 100, 0, 6, 92, 97}}},
	/* Its drops show for a while in the reports that follow. */
	{"one step for all drops of 30 ms",
		{{10, 100, 0, 0, 0, 0}, {1, 100, 0, 6, 92, 97}, {2, 100, 0, 6, 92, 97}}},
	{"and another for those that come later", {{10, 100, 0, 0, 0, 0}, {1, 100, 0, 6, 92, 97},
							  {2, 95, 0, 0, 92, 98}, {1, 95, 0, 6, 80, 92}}},
	{"path losses neither lower it nor hold it up",
		{{10, 100, 0, 0, 0, 0}, {1, 100, 0, 6, 92, 97}, {4, 100, 40, 0, 95, 99}}},
	{"quickly to the edge, slowly beyond",
		{{10, 100, 0, 0, 0, 0}, {1, 100, 0, 10, 93, 95}, {6, 90, 0, 0, 96, 98},
			{10, 97, 0, 0, 97, 99.5}, {100, 100, 0, 0, 105, 111}}},
	{"a host held up for 10 ms is no slower for it",
		{{10, 100, 0, 0, 0, 0}, {1, 100, 0, 99, 91, 93}, {10, 92, 0, 0, 96, 100}}},
};

static void test_steps(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct reports r = {.now_ns = 0};

		print_message("%s\n", rows[i].name);
		for (unsigned n = 0; n < STEPS && rows[i].step[n].reports; n++) {
			double rate = 0;

			for (unsigned k = 0; k < rows[i].step[n].reports; k++)
				rate = report(&r, rows[i].step[n].sent, rows[i].step[n].path,
					       rows[i].step[n].host) /
				       MBIT;
			print_message("\tstep %u: %.2f Mbit/s\n", n, rate);
			assert_true(rate >= rows[i].step[n].least && rate <= rows[i].step[n].most);
		}
	}
}

/* Path losses beside it or none: the same rates, report by report. */
static void test_path_changes_nothing(void **state)
{
	struct reports clean = {.now_ns = 0}, lossy = {.now_ns = 0};

	(void)state;
	for (unsigned i = 0; i < 500; i++) {
		unsigned host = i % 50 == 20 ? 1 : 0;
		double rate = report(&clean, 100, 0, host), other = report(&lossy, 100, i % 3, host);

		/* What is delivered is less, so a decrease may go a little deeper. */
		assert_true(other <= rate * 1.03 && other >= rate * 0.93);
	}
}

/* A host that reads packets at a fixed speed out of a buffer; the sender's speed is its only other limit. */
struct scene {
	const char *name;
	double sender_bps, host_bps, buffer_bytes, path_loss;
	uint64_t way_ns;
	/* Between these times the host is held up and reads nothing. */
	uint64_t stall_ms, stall_ends_ms;
	unsigned slice_ms; /* it reads for this long, then leaves its processor to another for as long */
	double cold;       /* the part of its speed that is left while more than COLD_US of it waits */
	double lost, used; /* after the first second: at most this much lost, at least this share of the
			      host's speed */
};

enum {
	COLD_US = 1500,
	TICK_US = 100,
	TICKS = 50000,
	TICKS_A_MS = 1000 / TICK_US,
	FIRST_TICKS = 1000 * TICKS_A_MS
};

/* What a tick's packets were, as they wait to be read. */
struct lot {
	uint64_t at_ns, channel, drops;
	double packets;
};

struct world {
	const struct scene *scene;
	struct receiver_limit receiver_limit;
	struct lot lot[TICKS];
	struct path_sample way[TICKS]; /* reports, by the time they are taken */
	unsigned read;
	double sent, lost, dropped, waiting, got; /* packets */
	double sent_before, dropped_before, got_before;
	double credit;
	uint64_t waited_ns; /* the least since the last report */
	struct path_sample sample;
};

static void world_send(struct world *w, unsigned tick)
{
	const struct scene *s = w->scene;
	double rate = (double)receiver_limit_rate_bps(&w->receiver_limit);
	double packets, room = s->buffer_bytes / PAYLOAD - w->waiting;

	if (rate == 0 || rate > s->sender_bps)
		rate = s->sender_bps;
	packets = rate * TICK_US / 1e6 / 8 / PAYLOAD;
	w->sent += packets;
	w->lost += packets * s->path_loss;
	packets -= packets * s->path_loss;
	w->dropped += packets > room ? packets - room : 0;
	packets = packets > room ? room : packets;
	w->waiting += packets;
	w->lot[tick] = (struct lot){
		.at_ns = START_NS + (uint64_t)tick * TICK_US * NS_PER_US,
		.channel = (uint64_t)w->sent,
		.drops = (uint64_t)w->dropped,
		.packets = packets,
	};
}

/* As with the kernel's times: a packet has arrived when it came to the buffer, and is counted when it is
 * read. */
static void world_read(struct world *w, unsigned tick)
{
	const struct scene *s = w->scene;
	struct path_sample *sample = &w->sample;
	bool is_cold = w->waiting * PAYLOAD * 8 > s->host_bps * COLD_US / 1e6;
	double speed = s->host_bps * (is_cold ? s->cold : 1);

	if (s->slice_ms && tick / (s->slice_ms * TICKS_A_MS) % 2)
		return;
	if (tick >= s->stall_ms * TICKS_A_MS && tick < s->stall_ends_ms * TICKS_A_MS)
		return;
	w->credit += speed * TICK_US / 1e6 / 8 / PAYLOAD;
	for (; w->read <= tick && w->lot[w->read].packets <= w->credit; w->read++) {
		const struct lot *lot = &w->lot[w->read];

		w->credit -= lot->packets;
		w->waiting -= lot->packets;
		w->got += lot->packets;
		sample->next_channel = lot->channel;
		sample->host_drops = lot->drops;
		sample->arrival_ns = lot->at_ns + s->way_ns;
		if (w->waited_ns > START_NS + (uint64_t)tick * TICK_US * NS_PER_US - lot->at_ns)
			w->waited_ns = START_NS + (uint64_t)tick * TICK_US * NS_PER_US - lot->at_ns;
	}
	if (w->read > tick) /* it idles: what it could have read is gone */
		w->credit = 0;
	sample->packets = (uint64_t)w->got;
	sample->bytes = sample->packets * PAYLOAD;
	sample->delay_last_ns = sample->delay_min_ns = (int64_t)s->way_ns;
	sample->round_trip_ns = 2 * s->way_ns;
}

static void world_run(struct world *w)
{
	unsigned late = (unsigned)(2 * w->scene->way_ns / NS_PER_US / TICK_US);

	for (unsigned tick = 0; tick < TICKS; tick++) {
		world_send(w, tick);
		world_read(w, tick);
		if (tick % (REPORT_MS * TICKS_A_MS) == 0) {
			w->sample.clock_ns = START_NS + (uint64_t)tick * TICK_US * NS_PER_US;
			w->sample.waited_ns = w->waited_ns == UINT64_MAX ? 0 : w->waited_ns;
			w->waited_ns = UINT64_MAX;
		}
		w->way[tick] = w->sample;
		if (tick % (REPORT_MS * TICKS_A_MS) == 0 && tick >= late)
			receiver_limit_report(&w->receiver_limit, &w->way[tick - late],
				START_NS + (uint64_t)tick * TICK_US * NS_PER_US);
		if (tick == FIRST_TICKS) {
			w->sent_before = w->sent;
			w->dropped_before = w->dropped;
			w->got_before = w->got;
		}
	}
}

#define KIB 1024.0

static const struct scene scenes[] = {
	{"half of the sender's speed", 2e9, 1e9, 4096 * KIB, 0, MS / 10, 0, 0, 0, 1, 0.001, 0.98},
	{"a twentieth", 20e9, 1e9, 4096 * KIB, 0, MS / 10, 0, 0, 0, 1, 0.001, 0.98},
	{"nearly all", 1.05e9, 1e9, 4096 * KIB, 0, MS / 10, 0, 0, 0, 1, 0.001, 0.98},
	{"a small buffer", 10e9, 1e9, 208 * KIB, 0, MS / 10, 0, 0, 0, 1, 0.001, 0.98},
	{"one too small for a wait", 10e9, 1e9, 20 * KIB, 0, MS / 10, 0, 0, 0, 1, 0.01, 0.9},
	{"fast hosts", 40e9, 10e9, 4096 * KIB, 0, MS / 10, 0, 0, 0, 1, 0.001, 0.98},
	{"slow hosts", 1e9, 50e6, 208 * KIB, 0, MS / 10, 0, 0, 0, 1, 0.001, 0.9},
	{"10 ms away", 10e9, 1e9, 4096 * KIB, 0, 10 * MS, 0, 0, 0, 1, 0.001, 0.9},
	{"2 % lost on the path", 10e9, 1e9, 4096 * KIB, 0.02, MS, 0, 0, 0, 1, 0.001, 0.98},
	{"held up for 40 ms", 10e9, 1e9, 4096 * KIB, 0, MS / 10, 2000, 2040, 0, 1, 0.005, 0.95},
	{"held up for 20 ms, and slow while much waits", 2e9, 1e9, 4096 * KIB, 0, MS / 10, 2000, 2020, 0, 0.6,
		0.001, 0.85},
	{"shares its processor", 1e9, 2e9, 4096 * KIB, 0, MS / 10, 0, 0, 3, 1, 0.001, 0.48},
	{"shares it, and is too slow", 10e9, 2e9, 4096 * KIB, 0, MS / 10, 0, 0, 3, 1, 0.001, 0.45},
};

static void test_host(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(scenes); i++) {
		struct world *w = calloc(1, sizeof *w);
		double lost, used;

		assert_non_null(w);
		w->scene = &scenes[i];
		world_run(w);
		lost = (w->dropped - w->dropped_before) / (w->sent - w->sent_before);
		used = (w->got - w->got_before) * PAYLOAD * 8 / ((TICKS - FIRST_TICKS) * TICK_US / 1e6) /
		       scenes[i].host_bps;
		print_message("%s: lost %.3f %%, used %.1f %%\n", scenes[i].name, 100 * lost, 100 * used);
		free(w);
		assert_true(lost < scenes[i].lost && used > scenes[i].used);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_steps),
		cmocka_unit_test(test_path_changes_nothing),
		cmocka_unit_test(test_host),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
