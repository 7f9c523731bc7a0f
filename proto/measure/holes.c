#include "proto/measure/holes.h"

#include <string.h>

static uint64_t cell_begin(const struct hole_strip *s, unsigned i)
{
	return s->first + (uint64_t)((unsigned __int128)(s->end - s->first) * i / HOLE_CELLS);
}

/* One part of the strip with `missing` more of its numbers missing. */
static void darken(struct hole_strip *s, unsigned i, uint64_t missing)
{
	uint64_t width = cell_begin(s, i + 1) - cell_begin(s, i);
	uint64_t more = width ? (missing * 255 + width - 1) / width : 255;

	s->cell[i] = (uint8_t)(s->cell[i] + more < 255 ? s->cell[i] + more : 255);
}

/* From the first cell that may hold the run's begin to the last that holds some of it. */
static void add_run(struct hole_strip *s, struct span run)
{
	unsigned i = (unsigned)((unsigned __int128)(run.begin - s->first) * HOLE_CELLS / (s->end - s->first));

	for (; i < HOLE_CELLS && cell_begin(s, i) <= run.end; i++) {
		uint64_t begin = cell_begin(s, i), end = cell_begin(s, i + 1);

		if (end <= begin)
			end = begin + 1; /* more cells than numbers: several cells show the same one */
		if (run.begin >= end)
			continue;
		darken(s, i,
			(run.end + 1 < end ? run.end + 1 : end) - (run.begin > begin ? run.begin : begin));
	}
}

void holes_add(struct hole_strip *strip, const struct span_set *missing)
{
	uint64_t from = strip->first;
	struct span run;

	for (unsigned n = 0; n < HOLES_RUNS && missing->members && span_next(missing, from, &run); n++) {
		if (run.begin >= strip->end)
			return;
		add_run(strip, run);
		from = run.end + 1;
	}
}

void holes_draw(struct hole_strip *strip, const struct span_set *missing, uint64_t end)
{
	struct span run;
	unsigned runs = 0;
	uint64_t from;

	*strip = (struct hole_strip){0};
	if (missing->members == 0 || !span_next(missing, 0, &run) || run.begin >= end)
		return;
	strip->first = from = run.begin;
	while (runs < HOLES_RUNS && span_next(missing, from, &run)) {
		from = run.end + 1;
		runs++;
	}
	strip->end = runs == HOLES_RUNS && from < end ? from : end;
	holes_add(strip, missing);
}
