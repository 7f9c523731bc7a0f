/* What a client tells its user: lines of text, or one JSON document ("wyndrvr/1"), made from snapshots.
 * One thread. */
#ifndef PROTO_REPORT_REPORT_H
#define PROTO_REPORT_REPORT_H

#include <stdbool.h>
#include <stdio.h>

#include "proto/config/options.h"
#include "proto/net/address.h"
#include "proto/record/snapshot.h"

enum { REPORT_TEXT = 256, REPORT_WARNINGS = 16, REPORT_TESTS = 64 };

struct report_traffic {
	bool active; /* a test in this direction was running */
	uint64_t packets, bytes, lost_packets, retransmitted_packets;
};

/* One interval; times in seconds since the session began to report. */
struct report_interval {
	double start_s, end_s;
	struct report_traffic sent, received;
	uint64_t latency_ns[PORT_KINDS]; /* last round trip in it; 0: none */
};

struct report {
	const struct options *options;
	char server[ADDRESS_TEXT];
	bool connected, classic;
	double began; /* seconds since 1970 */
	uint16_t port[PORT_KINDS];
	struct report_interval *interval;
	size_t intervals, room;
	struct test_record test[REPORT_TESTS]; /* the latest of those that are over */
	unsigned tests;
	unsigned tests_ever; /* including older ones that had no room */
	struct session_snapshot end;
	char warning[REPORT_WARNINGS][REPORT_TEXT];
	unsigned warnings;
	char error_code[32]; /* "" = no error */
	char error[REPORT_TEXT];
};

void report_init(struct report *r, const struct options *options, const char *server);
void report_free(struct report *r);

/* Keeps an interval for the JSON document. 0 or -ENOMEM. */
int report_add_interval(struct report *r, const struct report_interval *interval);

__attribute__((format(printf, 2, 3))) void report_warn(struct report *r, const char *format, ...);
__attribute__((format(printf, 3, 4))) void report_fail(
	struct report *r, const char *code, const char *format, ...);

/* Keeps the record of a test that is over; the oldest makes room for it. */
void report_add_test(struct report *r, const struct test_record *test);

/* A word on why the figures of a test may not be the path's, of the host that its verdict names; "" when
 * there is nothing to say. */
const char *report_doubt(const struct test_record *test, char out[REPORT_TEXT]);

/* "3.21 Gbit/s": four significant digits or so. */
const char *report_rate(double bits_per_second, char out[32]);

/* The text: heading and lines for intervals, then results and latencies. */
void report_text_heading(FILE *out, const struct report_interval *interval);
void report_text_interval(FILE *out, const struct report_interval *interval);
void report_text_end(FILE *out, const struct report *r);

/* The whole document and a line end. 0, or -ENOMEM, or -EIO when it could not be written. */
int report_json(FILE *out, const struct report *r);

#endif
