/* How the files of the JSON document build it. Internal to the report. One thread.
 *
 * Memory that was not there is remembered, so that a document never lacks a key silently: whoever builds goes
 * on as if nothing had happened, and report_json looks at `failed` in the end. */
#ifndef PROTO_REPORT_JSON_BUILD_H
#define PROTO_REPORT_JSON_BUILD_H

#include <jansson.h>

#include "proto/report/metrics.h"

struct json_build {
	bool failed;
};

/* Both take the value over; NULL counts as out of memory. */
void json_build_add(struct json_build *b, json_t *object, const char *key, json_t *value);
void json_build_append(struct json_build *b, json_t *array, json_t *value);

json_t *json_build_count(uint64_t n);
json_t *json_build_seconds(uint64_t ns);
json_t *json_build_micros(uint64_t ns);

/* Rounded to what a person may want to read; null when it is not finite. */
json_t *json_build_real(double x, double step);

/* The figures of a record, as the table has them; unknown ones are null. */
void json_build_figures(
	struct json_build *b, json_t *object, const struct metric_group *table, const void *record);

/* json_result.c: one of end.tests[]. */
json_t *json_build_result(struct json_build *b, const struct test_record *t);

#endif
