#include "proto/report/metrics.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "proto/report/report.h"
#include "proto/sys/clock.h"

bool metric_is_known(const struct metric *m, const void *record)
{
	return m->type != METRIC_NESTED && (!m->known || m->known(record));
}

static uint64_t read_field(const void *field, size_t bytes)
{
	uint64_t wide;
	uint32_t narrow;
	bool yes;

	switch (bytes) {
	case sizeof wide:
		memcpy(&wide, field, sizeof wide);
		return wide;
	case sizeof narrow:
		memcpy(&narrow, field, sizeof narrow);
		return narrow;
	default:
		assert(bytes == sizeof yes);
		memcpy(&yes, field, sizeof yes);
		return yes;
	}
}

union metric_value metric_get(const struct metric *m, const void *record)
{
	if (m->get)
		return m->get(record);
	return (union metric_value){.count = read_field((const char *)record + m->at, m->bytes)};
}

void metrics_each(const struct metric_group *table, const struct metric_walk *walk)
{
	for (const struct metric_group *g = table; g->rows; g++) {
		if (g->known && !g->known(walk->record))
			continue;
		for (const struct metric *m = g->row; m < g->row + g->rows; m++)
			if (metric_is_known(m, walk->record))
				walk->see(walk->context, m, metric_get(m, walk->record));
	}
}

const char *metric_format(
	const struct metric *m, union metric_value value, int ms_decimals, char out[METRIC_TEXT_SIZE])
{
	enum { ROOM = METRIC_TEXT_SIZE };

	switch (m->type) {
	case METRIC_BUFFER:
		snprintf(out, ROOM, "%" PRIu64 " KiB", value.count >> 10);
		return out;
	case METRIC_BPS:
		return report_rate((double)value.count, out);
	case METRIC_SPEED:
		return report_rate(value.real, out);
	case METRIC_NS:
		snprintf(out, ROOM, "%.*f", ms_decimals, clock_in_ms(value.count));
		return out;
	case METRIC_SECONDS:
		snprintf(out, ROOM, "%.2f s", (double)value.count / NS_PER_S);
		return out;
	case METRIC_PPM:
		snprintf(out, ROOM, "%.2f %%", (double)value.count / 1e4);
		return out;
	case METRIC_PERMILLE:
		snprintf(out, ROOM, "%.1f %%", (double)value.count / 10);
		return out;
	case METRIC_RATIO:
		snprintf(out, ROOM, "%.3f %%", 100 * value.real);
		return out;
	case METRIC_BOOL:
		return value.count ? "yes" : "no";
	case METRIC_TEXT:
		return value.text;
	default:
		snprintf(out, ROOM, "%" PRIu64, value.count);
		return out;
	}
}

void metric_phrase(const char *phrase, const char *figure, char out[METRIC_LINE_SIZE])
{
	const char *place = strchr(phrase, '#');

	if (place)
		snprintf(out, METRIC_LINE_SIZE, "%.*s%s%s", (int)(place - phrase), phrase, figure, place + 1);
	else
		snprintf(out, METRIC_LINE_SIZE, "%s %s", figure, phrase);
}

struct line {
	const struct metric_line_plan *plan;
	char *out;
};

static void append(char out[METRIC_LINE_SIZE], const char *text)
{
	size_t used = strlen(out);

	snprintf(out + used, METRIC_LINE_SIZE - used, "%s", text);
}

static void append_figure(void *context, const struct metric *m, union metric_value value)
{
	struct line *l = context;
	char figure[METRIC_TEXT_SIZE], phrase[METRIC_LINE_SIZE];

	if (!(m->lines & l->plan->line))
		return;
	metric_phrase(m->label, metric_format(m, value, l->plan->ms_decimals, figure), phrase);
	append(l->out, l->out[0] && phrase[0] != ' ' ? ", " : "");
	append(l->out, phrase);
}

const char *metrics_line(const struct metric_line_plan *plan, char out[METRIC_LINE_SIZE])
{
	struct line line = {plan, out};

	out[0] = '\0';
	metrics_each(plan->table, &(struct metric_walk){plan->record, append_figure, &line});
	return out;
}

uint64_t metrics_rejected(const uint64_t rejected[WIRE_REJECTS])
{
	uint64_t n = 0;

	for (int reason = WIRE_OK + 1; reason < WIRE_REJECTS; reason++)
		n += rejected[reason];
	return n;
}

const char *metrics_rejected_text(const uint64_t rejected[WIRE_REJECTS], char out[METRIC_LINE_SIZE])
{
	char one[METRIC_TEXT_SIZE];

	out[0] = '\0';
	for (int reason = WIRE_OK + 1; reason < WIRE_REJECTS; reason++) {
		if (!rejected[reason])
			continue;
		snprintf(one, sizeof one, "%s%s %" PRIu64, out[0] ? ", " : "",
			wire_reject_name((enum wire_reject)reason), rejected[reason]);
		append(out, one);
	}
	return out;
}
