/* What the tests of the JSON document share: a report to fill, and ways to look into what comes
 * out. */
#ifndef TESTS_SUPPORT_REPORT_DOCUMENT_H
#define TESTS_SUPPORT_REPORT_DOCUMENT_H

#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "proto/config/table.h"
#include "proto/report/report.h"
#include "proto/sys/clock.h"
#include "tests/support/test.h"

/* A test of 10 s: 1000 datagrams sent, 950 arrived, 30 of them a second time. */
extern const struct test_record complete;

void open_report(struct report *r, struct options *options, const char *server);
void add_test(struct report *r, const struct test_record *t);
json_t *document(const struct report *r);

/* "end.tests.0.sent.bytes"; NULL when it isn't there. */
json_t *at(json_t *root, const char *path);

/* The value at a path as JSON text. */
void check(json_t *root, const char *path, const char *wanted);

/* An object has these keys and no other. */
void check_keys(json_t *root, const char *path, const char *keys);

struct value_row {
	const char *path, *json;
};

void check_values(const struct report *r, const struct value_row *rows, size_t n);

#endif
