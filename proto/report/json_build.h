/* How the files of the JSON document build it. Internal to the report. One thread.
 *
 * Running out of memory is remembered, so that a document never silently lacks a key: builders carry on
 * regardless, and report_json checks `failed` at the end. */
#ifndef PROTO_REPORT_JSON_BUILD_H
#define PROTO_REPORT_JSON_BUILD_H

#include <jansson.h>

#include "proto/report/metrics.h"

struct json_build {
	bool failed;
};

/* Both take ownership of the value; NULL counts as out of memory. */
void json_build_add(struct json_build *b, json_t *object, const char *key, json_t *value);
void json_build_append(struct json_build *b, json_t *array, json_t *value);

json_t *json_build_count(uint64_t n);
json_t *json_build_seconds(uint64_t ns);
json_t *json_build_micros(uint64_t ns);

/* Rounded to a multiple of `step`; null when it is not finite. */
json_t *json_build_real(double x, double step);

/* The figures of a record, as the table has them; unknown ones are null. */
void json_build_figures(
	struct json_build *b, json_t *object, const struct metric_group *table, const void *record);

/* json_result.c: one of end.tests[]. */
json_t *json_build_result(struct json_build *b, const struct test_record *t);

#endif
