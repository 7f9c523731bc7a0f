#include "proto/measure/loss_pattern.h"

#include <stddef.h>

#include "proto/sys/clock.h"

static const uint64_t OUTAGE_NS = (uint64_t)LOSS_OUTAGE_MS * NS_PER_MS;

static uint64_t largest(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

static void note_outage(struct loss_track *w, const struct loss_arrival *a)
{
	struct loss_silence *s = &w->silence[0];
	uint64_t length_ns = a->now_ns - a->last_ns;

	if (w->silences < LOSS_OUTAGES)
		s = &w->silence[w->silences++];
	else
		for (unsigned i = 1; i < LOSS_OUTAGES; i++)
			if (w->silence[i].outage.length_ns < s->outage.length_ns)
				s = &w->silence[i];
	if (s->outage.length_ns >= length_ns)
		return;
	*s = (struct loss_silence){
		.numbers = {a->next, a->number - 1},
		.outage = {a->last_ns > w->start_ns ? a->last_ns - w->start_ns : 0, length_ns,
			a->number - a->next},
	};
}

void loss_pattern_hole(struct loss_track *w, const struct loss_arrival *a)
{
	w->hole[w->holes++ % LOSS_HOLES] = (struct loss_hole){
		.numbers = {a->next, a->number - 1},
		.packets = a->packets,
		.opened_ns = a->now_ns,
	};
	if (a->now_ns >= a->last_ns + OUTAGE_NS && a->number - a->next >= LOSS_OUTAGE_PACKETS)
		note_outage(w, a);
}

/* The remembered hole that `number` lies in, or NULL. */
static const struct loss_hole *find_hole(const struct loss_track *w, uint64_t number)
{
	uint64_t low = w->holes > LOSS_HOLES ? w->holes - LOSS_HOLES : 0, high = w->holes;

	while (low < high) {
		uint64_t middle = low + (high - low) / 2;
		const struct loss_hole *hole = &w->hole[middle % LOSS_HOLES];

		if (number < hole->numbers.begin)
			high = middle;
		else if (number > hole->numbers.end)
			low = middle + 1;
		else
			return hole;
	}
	return NULL;
}

void loss_pattern_late(struct loss_track *w, const struct loss_arrival *a)
{
	const struct loss_hole *hole = find_hole(w, a->number);
	uint64_t extent = a->next - 1 - a->number;

	if (hole) {
		extent = a->packets - hole->packets;
		w->pattern.late_max_ns = largest(w->pattern.late_max_ns, a->now_ns - hole->opened_ns);
	}
	w->pattern.late++;
	w->pattern.extent_max = largest(w->pattern.extent_max, extent);
	w->extent_sum += (double)extent;
	for (unsigned i = 0; i < w->silences; i++)
		if (a->number >= w->silence[i].numbers.begin && a->number <= w->silence[i].numbers.end)
			w->silence[i].outage.lost--;
}

/* 1, 2, 3-4, 5-8, ..., 513-1023 and the rest. */
static unsigned bucket_of(uint64_t length)
{
	unsigned bucket = length > 1 ? 64 - (unsigned)__builtin_clzll(length - 1) : 0;

	if (length >= 1024)
		return LOSS_BURSTS - 1;
	return bucket;
}

static void count_burst(struct loss_pattern *p, uint64_t length)
{
	p->bursts++;
	p->lost += length;
	p->longest = largest(p->longest, length);
	p->burst[bucket_of(length)]++;
}

bool loss_pattern_read(struct loss_track *w, const struct span_set *missing, uint64_t settled, unsigned runs)
{
	struct span run;

	if (w->cursor < missing->base) {
		w->pattern.unread += missing->base - w->cursor;
		w->cursor = missing->base;
	}
	for (; span_next(missing, w->cursor, &run) && run.end < settled; runs--) {
		if (runs == 0)
			return false;
		count_burst(&w->pattern, run.end - run.begin + 1);
		loss_period_add(&w->period, missing, run.begin);
		w->cursor = run.end + 1;
	}
	/* Whatever is settled and not missing needs no second look. */
	settled = span_next(missing, w->cursor, &run) && run.begin < settled ? run.begin : settled;
	w->cursor = largest(w->cursor, settled);
	return true;
}

/* Inserts an outage in order of length. */
static void insert_outage(struct loss_pattern *p, const struct loss_outage *outage)
{
	unsigned i = p->outages++;

	for (; i > 0 && p->outage[i - 1].length_ns < outage->length_ns; i--)
		p->outage[i] = p->outage[i - 1];
	p->outage[i] = *outage;
}

void loss_pattern_result(const struct loss_track *w, struct loss_pattern *out)
{
	*out = w->pattern;
	out->mean = out->bursts ? (double)out->lost / (double)out->bursts : 0;
	out->extent_mean = out->late ? w->extent_sum / (double)out->late : 0;
	out->period = loss_period_result(&w->period, &out->period_share);
	for (unsigned i = 0; i < w->silences; i++)
		if (w->silence[i].outage.lost > 0)
			insert_outage(out, &w->silence[i].outage);
}
