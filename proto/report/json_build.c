#include "proto/report/json_build.h"

#include <math.h>

#include "proto/sys/clock.h"

enum { MICRO = 1000000 };

void json_build_add(struct json_build *b, json_t *object, const char *key, json_t *value)
{
	if (json_object_set_new(object, key, value))
		b->failed = true;
}

void json_build_append(struct json_build *b, json_t *array, json_t *value)
{
	if (json_array_append_new(array, value))
		b->failed = true;
}

json_t *json_build_count(uint64_t n)
{
	return json_integer((json_int_t)n);
}

json_t *json_build_real(double x, double step)
{
	return isfinite(x) ? json_real(round(x / step) * step) : json_null();
}

json_t *json_build_seconds(uint64_t ns)
{
	return json_build_real((double)ns / NS_PER_S, 1.0 / MICRO);
}

json_t *json_build_micros(uint64_t ns)
{
	return json_real((double)ns / NS_PER_US);
}

static json_t *percent(double of_1)
{
	return json_build_real(100 * of_1, 1.0 / MICRO);
}

static json_t *figure(const struct metric *m, union metric_value value)
{
	switch (m->type) {
	case METRIC_SPEED:
		return json_build_real(value.real, 1);
	case METRIC_NS:
		return json_build_micros(value.count);
	case METRIC_SECONDS:
		return json_build_seconds(value.count);
	case METRIC_PPM:
		return percent((double)value.count / MICRO);
	case METRIC_PERMILLE:
		return percent((double)value.count / 1000);
	case METRIC_RATIO:
		return percent(value.real);
	case METRIC_BOOL:
		return json_boolean(value.count);
	case METRIC_TEXT:
		return json_string(value.text);
	default:
		return json_build_count(value.count);
	}
}

static void add_rows(struct json_build *b, json_t *object, const struct metric_group *g, const void *record)
{
	for (const struct metric *m = g->row; m < g->row + g->rows; m++)
		json_build_add(b, object, m->key,
			metric_is_known(m, record) ? figure(m, metric_get(m, record)) : json_null());
}

void json_build_figures(
	struct json_build *b, json_t *object, const struct metric_group *table, const void *record)
{
	for (const struct metric_group *g = table; g->rows; g++) {
		json_t *own;

		if (!g->key) {
			add_rows(b, object, g, record);
		} else if (g->known && !g->known(record)) {
			json_build_add(b, object, g->key, json_null());
		} else {
			own = json_object();
			add_rows(b, own, g, record);
			json_build_add(b, object, g->key, own);
		}
	}
}
