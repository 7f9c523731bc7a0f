/* The settings of an emulated line by name. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/line.h"

static const double longest_ms = 60000, most_bytes = 1e12, most_packets = 1e6;

static int set_number(struct line_settings *s, const char *name, const char *text)
{
	const struct {
		const char *name;
		double *value, max;
	} rows[] = {
		{"sine-share", &s->rate.sine_share, 1},
		{"sine-ms", &s->rate.sine_ms, longest_ms},
		{"walk-low", &s->rate.walk_low, 1},
		{"walk-high", &s->rate.walk_high, most_packets},
		{"walk-ms", &s->rate.walk_ms, longest_ms},
		{"buffer-bytes", &s->buffer_bytes, most_bytes},
		{"buffer-ms", &s->buffer_ms, longest_ms},
		{"burst-ms", &s->burst_ms, longest_ms},
		{"burst-variation", &s->burst_variation, 1},
		{"policer-bytes", &s->policer_bytes, most_bytes},
		{"loss-before", &s->before.share, 1},
		{"loss-before-burst", &s->before.burst, most_packets},
		{"loss-behind", &s->behind.share, 1},
		{"loss-behind-burst", &s->behind.burst, most_packets},
		{"duplicate", &s->duplicate, 1},
		{"delay-ms", &s->delay_ms, longest_ms},
		{"jitter-ms", &s->jitter_ms, longest_ms},
		{"hold-ms", &s->hold_ms, longest_ms},
		{"spike-every-ms", &s->spike_every_ms, longest_ms},
		{"reorder", &s->reorder, 1},
		{"reorder-ms", &s->reorder_ms, longest_ms},
		{"data-bytes", &s->data_bytes, most_bytes},
	};
	char *end;
	double value = strtod(text, &end);

	if (end == text || *end)
		return -EINVAL;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (!strcmp(name, rows[i].name) && value >= 0 && value <= rows[i].max) {
			*rows[i].value = value;
			return 0;
		}
	return -EINVAL;
}

/* The place of a word in a list that ends with NULL; or -EINVAL. */
static int word(const char *text, const char *const *list)
{
	for (int i = 0; list[i]; i++)
		if (!strcmp(text, list[i]))
			return i;
	return -EINVAL;
}

int line_set(struct line_settings *s, const char *name, const char *text)
{
	static const char *const laws[] = {"uniform", "exponential", "spikes", NULL};
	static const char *const queues[] = {"fifo", "flows", NULL};
	int at;

	if (!strcmp(name, "rate"))
		return line_rate_parse(&s->rate.bps, text);
	if (!strcmp(name, "steps"))
		return line_rate_parse_steps(&s->rate, text);
	if (!strcmp(name, "trace"))
		return line_rate_read_trace(&s->rate, text);
	if (!strcmp(name, "policer"))
		return line_rate_parse(&s->policer_bps, text);
	if (!strcmp(name, "law")) {
		at = word(text, laws);
		s->law = at < 0 ? s->law : (enum line_law)at;
		return at < 0 ? at : 0;
	}
	if (!strcmp(name, "queue")) {
		at = word(text, queues);
		s->by_flow = at == 1;
		return at < 0 ? at : 0;
	}
	return set_number(s, name, text);
}
