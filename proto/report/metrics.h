/* The figures: one row for each scalar that is shown of a test, of a session under load, of a part of the
 * round trips or one-way delays, and of a port. The document, the text, the results panel and the server's
 * log read these rows, so that they can't disagree on what is known or what it is called; nested figures
 * (bursts, outages) are written by hand. A new figure is a new row.
 *
 * Constant tables and pure functions: any thread, no errors. */
#ifndef PROTO_REPORT_METRICS_H
#define PROTO_REPORT_METRICS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/record/snapshot.h"

/* What a value is, and its unit. */
enum metric_type {
	METRIC_COUNT,   /* as it is */
	METRIC_BUFFER,  /* bytes; text: KiB */
	METRIC_BPS,     /* whole bits a second: agreed on, or found */
	METRIC_SPEED,   /* bits a second, computed */
	METRIC_NS,      /* JSON: microseconds; elsewhere milliseconds */
	METRIC_SECONDS, /* also ns; shown in seconds */
	METRIC_PPM,     /* this and the next two: shown in percent */
	METRIC_PERMILLE,
	METRIC_RATIO, /* of 1 */
	METRIC_BOOL,
	METRIC_TEXT,
	METRIC_NESTED, /* keeps the key's place in the document, where it is written by hand; never known */
	METRIC_TYPES,
};

union metric_value {
	uint64_t count; /* BOOL: 0 or 1 */
	double real;    /* SPEED and RATIO */
	const char *text;
};

/* The lines that a figure appears in, one bit each. */
enum metric_line {
	LINE_SENT_SPEED = 1 << 0,
	LINE_SENT = 1 << 1,
	LINE_RESENT = 1 << 2,
	LINE_RECEIVED_SPEED = 1 << 3,
	LINE_RECEIVED = 1 << 4,
	LINE_ARRIVALS = 1 << 5,
	LINE_LOST = 1 << 6,
	LINE_LOST_WHERE = 1 << 7,
	LINE_CAPACITY = 1 << 8,
	LINE_AGREED = 1 << 9,
	LINE_QUEUE = 1 << 10,
	LINE_BUFFERS = 1 << 11,
	LINE_LOG = 1 << 12, /* of the server's log */
};

/* In a phrase '#' stands for the figure; without a '#' the figure comes first. */
struct metric {
	const char *key;   /* JSON, in its group's object; never changes once it is there */
	const char *label; /* a name, or a phrase of a line */
	const char *brief; /* a phrase for the results panel; NULL: not there */
	enum metric_type type;
	unsigned lines;                                /* enum metric_line */
	int width;                                     /* of its column in a table of text; 0: not there */
	bool (*known)(const void *record);             /* NULL: always */
	union metric_value (*get)(const void *record); /* NULL: the unsigned field `at` */
	size_t at, bytes;
};

/* Rows of one JSON object. */
struct metric_group {
	const char *key;                   /* NULL: the record's own object */
	bool (*known)(const void *record); /* NULL: always; else the object is null */
	const struct metric *row;
	size_t rows; /* 0: after the last group */
};

/* A session whose last test is `test`; NULL: there was none. */
struct metric_load {
	const struct session_snapshot *session;
	const struct test_record *test;
};

extern const struct metric_group metrics_test[];    /* struct test_record */
extern const struct metric_group metrics_load[];    /* struct metric_load */
extern const struct metric_group metrics_latency[]; /* struct latency_part */
extern const struct metric_group metrics_one_way[]; /* struct owd_part */
extern const struct metric_group metrics_port[];    /* struct port_snapshot */

/* Calls `see` for each row whose figure is known. */
struct metric_walk {
	const void *record;
	void (*see)(void *context, const struct metric *m, union metric_value value);
	void *context;
};
void metrics_each(const struct metric_group *table, const struct metric_walk *walk);

bool metric_is_known(const struct metric *m, const void *record);
union metric_value metric_get(const struct metric *m, const void *record);

enum { METRIC_TEXT_SIZE = 40, METRIC_LINE_SIZE = 256 };

/* "950", "3.210 Gbit/s", "0.123" (ms), "10.00 s", "0.25 %", "yes", "path". */
const char *metric_format(
	const struct metric *m, union metric_value value, int ms_decimals, char out[METRIC_TEXT_SIZE]);

/* Puts a figure into its phrase. */
void metric_phrase(const char *phrase, const char *figure, char out[METRIC_LINE_SIZE]);

/* "760.0 kbit/s, 950 packets": the known figures of a line; "" when there is none. */
struct metric_line_plan {
	const struct metric_group *table;
	const void *record;
	enum metric_line line;
	int ms_decimals;
};
const char *metrics_line(const struct metric_line_plan *plan, char out[METRIC_LINE_SIZE]);

/* Whether both ends' counts are there, so that the loss is known. */
bool metrics_loss_known(const struct test_record *t);

/* Datagrams that were refused, and why: "tag 3, peer 1"; "" when there were none. */
uint64_t metrics_rejected(const uint64_t rejected[WIRE_REJECTS]);
const char *metrics_rejected_text(const uint64_t rejected[WIRE_REJECTS], char out[METRIC_LINE_SIZE]);

#endif
