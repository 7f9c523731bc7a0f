#include "proto/engine/repair.h"

#include <errno.h>
#include <stdlib.h>

int repair_init(struct repair *r)
{
	*r = (struct repair){0};
	r->run = calloc(REPAIR_RUNS, sizeof *r->run);
	if (!r->run)
		return -ENOMEM;
	if (span_set_init(&r->lost, REPAIR_WINDOW))
		goto out_run;
	if (span_set_init(&r->under_way, REPAIR_WINDOW))
		goto out_lost;
	return 0;

out_lost:
	span_set_free(&r->lost);
out_run:
	free(r->run);
	return -ENOMEM;
}

void repair_free(struct repair *r)
{
	span_set_free(&r->lost);
	span_set_free(&r->under_way);
	free(r->run);
	*r = (struct repair){0};
}

unsigned repair_choose(const struct repair *r, uint64_t *data, unsigned count)
{
	uint64_t from = 0;
	struct span run;
	unsigned i = 0;

	while (i < count && r->lost.members > 0 && span_next(&r->lost, from, &run)) {
		for (uint64_t piece = run.begin; piece <= run.end && i < count; piece++)
			data[i++] = piece;
		from = run.end + 1;
	}
	return i;
}

/* The oldest run is judged, or forgotten. */
static void forget_run(struct repair *r)
{
	span_remove(&r->under_way, r->run[r->first].span);
	r->first = (r->first + 1) % REPAIR_RUNS;
	r->runs--;
}

void repair_sent(struct repair *r, uint64_t data, uint64_t channel, uint64_t next_data, uint64_t now_ns)
{
	struct repair_run *last = &r->run[(r->first + r->runs + REPAIR_RUNS - 1) % REPAIR_RUNS];

	span_remove(&r->lost, (struct span){data, data});
	span_add(&r->under_way, (struct span){data, data});
	r->packets++;
	if (r->runs > 0 && last->span.end + 1 == data && last->sent_ns == now_ns) {
		last->span.end = data;
		last->channel = channel;
		return;
	}
	if (r->runs == REPAIR_RUNS)
		forget_run(r);
	r->run[(r->first + r->runs++) % REPAIR_RUNS] = (struct repair_run){
		.span = {data, data},
		.channel = channel,
		.next_data = next_data,
		.sent_ns = now_ns,
	};
}

/* Whether a retransmission has had its time to arrive. */
static bool is_judged(
	const struct repair *r, const struct repair_run *run, bool extended, uint64_t patience_ns)
{
	if (extended)
		return run->channel < r->heard_channel;
	return run->next_data < r->heard_data || r->report_ns - run->sent_ns >= patience_ns;
}

/* Runs that are judged are no longer under way: what is still missing is lost again. */
static void judge_runs(struct repair *r, bool extended, uint64_t patience_ns)
{
	while (r->runs > 0 && is_judged(r, &r->run[r->first], extended, patience_ns))
		forget_run(r);
}

/* Marks as lost what is missing in `span` and not under way; returns how much was not lost before. */
static uint64_t lose(struct repair *r, struct span span)
{
	uint64_t from = span.begin, lost = 0;
	struct span busy;

	while (from <= span.end) {
		if (!span_next(&r->under_way, from, &busy) || busy.begin > span.end)
			busy = (struct span){span.end + 1, span.end};
		if (busy.begin > from)
			lost += span_add(&r->lost, (struct span){from, busy.begin - 1});
		from = busy.begin > span.end ? span.end + 1 : busy.end + 1;
	}
	return lost;
}

uint64_t repair_shown(const struct wire_spans *spans)
{
	const struct span *last = &spans->span[spans->count - 1];

	return last->end == UINT64_MAX ? last->begin : last->end + 1;
}

static uint64_t read_spans(struct repair *r, const struct wire_spans *spans, uint64_t from)
{
	uint64_t judged = r->heard_data, lost = 0;

	for (unsigned i = 0; i < spans->count; i++) {
		struct span missing = spans->span[i];

		/* Between the spans everything has arrived, so none of it needs to be sent again. */
		if (missing.begin > from)
			span_remove(&r->lost, (struct span){from, missing.begin - 1});
		if (missing.begin >= judged)
			break;
		from = missing.end + 1;
		if (missing.end >= judged)
			missing.end = judged - 1;
		lost += lose(r, missing);
	}
	if (repair_shown(spans) > r->heard_data)
		r->heard_data = repair_shown(spans);
	return lost;
}

/* A report full of holes shows the lowest data only. But no piece's first transmission has a number above its
 * own plus all retransmissions, so what is below that left before. */
static void hear_channel(struct repair *r, uint64_t next_channel)
{
	if (next_channel > r->heard_channel)
		r->heard_channel = next_channel;
	if (r->heard_channel > r->heard_data + r->packets)
		r->heard_data = r->heard_channel - r->packets;
}

uint64_t repair_report(struct repair *r, const struct feedback *f, uint64_t round_trip_ns, uint64_t now_ns)
{
	uint64_t patience_ns = round_trip_ns + 2 * (now_ns - r->report_ns), lost;

	r->report_ns = now_ns;
	judge_runs(r, f->has_report, patience_ns);
	lost = read_spans(r, &f->spans, f->has_report ? f->from : 0);
	if (f->has_report)
		hear_channel(r, f->next_channel);
	return lost;
}
