#include <inttypes.h>
#include <stdio.h>

#include "proto/sys/clock.h"
#include "tests/lab/emulator.h"
#include "tests/lab/tun.h"

enum { LATE_BIN_US = 10 };

static void print_counts(const char *name, const struct line_counts *c)
{
	const struct {
		const char *name;
		const struct line_count *count;
	} rows[] = {
		{"in", &c->in},
		{"duplicated", &c->duplicated},
		{"out", &c->out},
		{"lost_before", &c->lost_before},
		{"policed", &c->policed},
		{"overflowed", &c->overflowed},
		{"lost_behind", &c->lost_behind},
		{"waiting", &c->waiting},
	};

	printf("\"%s\": {", name);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		printf("\"%s\": {\"packets\": %" PRIu64 ", \"bytes\": %" PRIu64 "}, ", rows[i].name,
			rows[i].count->packets, rows[i].count->bytes);
	printf("\"reordered\": %" PRIu64 "}, ", c->reordered);
}

static void print_span(const struct emulator *e, const struct line *l)
{
	const struct line_span *s = &l->span;

	if (!s->first_ns) {
		printf("\"span\": null, ");
		return;
	}
	printf("\"span\": {\"first_s\": %.6f, \"last_s\": %.6f, \"offered_bytes\": %.0f, \"idle_ms\": "
	       "%.3f}, ",
		(double)(s->first_ns - e->start_ns) / NS_PER_S, (double)(s->last_ns - e->start_ns) / NS_PER_S,
		s->offered_bits / 8, s->idle_ms);
}

static void print_waits(const struct line *l)
{
	static const int percent[] = {50, 90, 95, 99, 100};

	printf("\"wait_ms\": {");
	for (size_t i = 0; i < sizeof(percent) / sizeof(percent[0]); i++)
		printf("%s\"p%d\": %.3f", i ? ", " : "", percent[i], line_wait_ms(l, percent[i] / 100.0));
	printf("}, ");
}

static void print_windows(const struct emulator_way *way, unsigned count)
{
	struct emulator_window before = {0};

	printf("\"windows\": {\"ms\": %d, \"offered_bytes\": [", EMULATOR_WINDOW_MS);
	for (unsigned i = 0; i < count; before = way->window[i++])
		printf("%s%.0f", i ? ", " : "", (way->window[i].offered_bits - before.offered_bits) / 8);
	before = (struct emulator_window){0};
	printf("], \"out_bytes\": [");
	for (unsigned i = 0; i < count; before = way->window[i++])
		printf("%s%" PRIu64, i ? ", " : "", way->window[i].out_bytes - before.out_bytes);
	printf("]}}");
}

static void print_way(const struct emulator *e, int at, const char *device)
{
	const struct emulator_way *way = &e->way[at];
	const struct line *l = way->line;

	printf("\"%s\": {", at == EMULATOR_UP ? "up" : "down");
	print_counts("all", &l->all);
	print_counts("data", &l->data);
	printf("\"unwanted\": %" PRIu64 ", \"not_read\": %" PRId64 ", \"offered_bytes\": %.0f, ",
		way->unwanted, tun_dropped(way->netns, device), l->offered_bits / 8);
	print_span(e, l);
	print_waits(l);
	print_windows(way, e->windows);
	printf(", ");
}

static uint64_t late_us(const struct emulator *e, double share)
{
	uint64_t rank = (uint64_t)(share * (double)e->delivered), seen = 0;
	unsigned bin = 0;

	while (bin < EMULATOR_LATE_BINS - 1 && (seen += e->late[bin]) <= rank)
		bin++;
	return (uint64_t)(bin + 1) * LATE_BIN_US;
}

void emulator_report(struct emulator *e, const char *device, uint64_t now_ns)
{
	printf("{\"seed\": %" PRIu64 ", \"seconds\": %.3f, ", e->seed,
		(double)(now_ns - e->start_ns) / NS_PER_S);
	for (int at = 0; at < EMULATOR_WAYS; at++) {
		line_settle(e->way[at].line, now_ns);
		print_way(e, at, device);
	}
	printf("\"host\": {\"realtime\": %s, \"late_us\": {\"p50\": %" PRIu64 ", \"p99\": %" PRIu64
	       ", \"max\": %" PRIu64 "}}}\n",
		e->is_realtime ? "true" : "false", late_us(e, 0.5), late_us(e, 0.99),
		e->late_max_ns / NS_PER_US);
	fflush(stdout);
}
