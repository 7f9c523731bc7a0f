/* What the files of the JSON document share. Internal to the report. */
#ifndef PROTO_REPORT_JSON_PRIVATE_H
#define PROTO_REPORT_JSON_PRIVATE_H

#include <jansson.h>
#include <math.h>

#include "proto/record/outcome.h"
#include "proto/report/report.h"
#include "proto/sys/clock.h"

static inline json_t *report_json_count(uint64_t n)
{
	return json_integer((json_int_t)n);
}

/* Rounded to what a person may want to read; never NaN. */
static inline json_t *report_json_real(double x, double step)
{
	return isfinite(x) ? json_real(round(x / step) * step) : json_null();
}

static inline json_t *report_json_micros(uint64_t ns)
{
	return json_real((double)ns / NS_PER_US);
}

static inline json_t *report_json_rate(uint64_t bytes, double seconds)
{
	return seconds > 0 ? report_json_real((double)bytes * 8 / seconds, 1) : json_null();
}

static inline json_t *report_json_counts(bool known, uint64_t n)
{
	return known ? report_json_count(n) : json_null();
}

static inline double report_json_percent(uint64_t lost, uint64_t sent)
{
	return sent ? 100.0 * (double)lost / (double)sent : 0;
}

/* Whether both counts are there, so that what is missing can be told. */
static inline bool report_json_loss_known(const struct test_record *t)
{
	return t->received.known && (t->direction == TEST_UP || outcome_is_agreed(t));
}

/* report_json_test.c: one of end.tests[]. */
json_t *report_json_test(const struct report *r, const struct test_record *t);

#endif
