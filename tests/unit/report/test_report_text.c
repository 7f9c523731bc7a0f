/* The reports of made-up snapshots as lines of text. */
#include <stdlib.h>
#include <string.h>

#include "proto/config/table.h"
#include "proto/record/outcome.h"
#include "proto/report/report.h"
#include "proto/sys/clock.h"
#include "tests/support/test.h"

static void test_rate(void **state)
{
	static const struct {
		double bits_per_second;
		const char *text;
	} rows[] = {
		{0, "0.000 bit/s"},
		{1, "1.000 bit/s"},
		{99.9, "99.90 bit/s"},
		{999.4, "999.4 bit/s"},
		{999.6, "1.000 kbit/s"},
		{1000, "1.000 kbit/s"},
		{12345, "12.35 kbit/s"},
		{3.21e9, "3.210 Gbit/s"},
		{1e12, "1.000 Tbit/s"},
		{5e15, "5000.0 Tbit/s"},
	};
	char text[32];

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		print_message("%g\n", rows[i].bits_per_second);
		assert_string_equal(report_rate(rows[i].bits_per_second, text), rows[i].text);
	}
}

/* What a function writes to a stream; the caller frees it. */
static char *written(void (*write)(FILE *out, const void *what), const void *what)
{
	static size_t size;
	static char *text; /* the stream knows where they are */
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	write(out, what);
	fclose(out);
	return text;
}

static void write_interval(FILE *out, const void *what)
{
	report_text_interval(out, what);
}

static void write_heading(FILE *out, const void *what)
{
	report_text_heading(out, what);
}

static void write_end(FILE *out, const void *what)
{
	report_text_end(out, what);
}

static void test_interval(void **state)
{
	static const struct {
		struct report_interval interval;
		const char *fields; /* as they follow each other, apart from blanks */
	} rows[] = {
		{{0, 1, {0}, {0}, {1500000, 0, 12340000}}, "0.0-1.0 1.50 - 12.34"},
		{{1, 2, {true, 100, 125000, 3, 2}, {0}, {10000, 20000, 30000}},
			"1.0-2.0 1.000 Mbit/s 100 3 2 0.01 0.02 0.03"},
		{{1, 2, {0}, {true, 100, 125000, 3, 2}, {10000, 20000, 30000}},
			"1.0-2.0 1.000 Mbit/s 100 3 0.01 0.02 0.03"},
		{{1, 2, {true, 100, 125000, 3, 2}, {true, 200, 250000, 4, 9}, {10000, 20000, 30000}},
			"1.0-2.0 1.000 Mbit/s 100 3 2 2.000 Mbit/s 200 4 0.01 0.02 0.03"},
		{{2, 2, {true, 100, 125000, 0, 0}, {0}, {0}}, "2.0-2.0 0.000 bit/s 100 0 0 - - -"},
		{{99999.5, 100000, {0}, {0}, {0}}, "99999.5-100000.0 - - -"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char *text = written(write_interval, &rows[i].interval), *rest = NULL;
		char got[256] = "";

		print_message("%s", text);
		assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
		for (char *f = strtok_r(text, " \n", &rest); f; f = strtok_r(NULL, " \n", &rest)) {
			strcat(got, *got ? " " : "");
			strcat(got, f);
		}
		assert_string_equal(got, rows[i].fields);
		free(text);
	}
}

/* The column of each port's latency ends where its name does. */
static void test_heading(void **state)
{
	static const struct report_interval interval = {.end_s = 1, .latency_ns = {10000, 20000, 30000}};
	static const char *const names[] = {"control", "upload", "download"};
	static const char *const values[] = {"0.01", "0.02", "0.03"};

	(void)state;
	for (int traffic = 0; traffic < 4; traffic++) {
		struct report_interval row = interval;
		char *heading, *line;

		row.sent.active = traffic & 1;
		row.received.active = traffic & 2;
		heading = written(write_heading, &row);
		line = written(write_interval, &row);
		print_message("%s%s", heading, line);
		for (size_t i = 0; i < COUNT(names); i++)
			assert_int_equal(strstr(heading, names[i]) - heading + (ptrdiff_t)strlen(names[i]),
				strstr(line, values[i]) - line + 4);
		free(heading);
		free(line);
	}
}

static const struct test_record complete = {
	.id = 1,
	.phase = TEST_COMPLETE,
	.datagram_bytes = 1000,
	.asked_duration_ns = 10 * UINT64_C(1000000000),
	.sent.duration_ns = 10 * UINT64_C(1000000000),
	.sent.count = {.packets = 1000, .bytes = 1000000, .retransmitted_packets = 70},
	.received.count = {.packets = 950,
		.bytes = 950000,
		.unique_packets = 920,
		.duplicates = 30,
		.reordered = 5,
		.host_drops = 2},
	.received.known = RECEIVED_COUNTERS,
};

enum { LINES = 8 };

static const struct {
	const char *name;
	enum test_phase phase; /* TEST_NONE: there was no test */
	bool connected;
	enum received_known known;
	bool agreed;
	const char *has[LINES], *lacks[LINES];
} end_rows[] = {
	{"complete", TEST_COMPLETE, true, RECEIVED_COUNTERS, true,
		{"=== Upload Bandwidth Test Results ===\n", "10.00 s of 10 s asked\n",
			"800.0 kbit/s, 1000 packets, 1000000 bytes\n", "70 of them retransmissions\n",
			"760.0 kbit/s, 950 packets, 950000 bytes\n",
			"920 unique, 30 duplicates, 0 doubled by the network, 5 reordered\n",
			"50 packets (5.000 %): sender's host 0, path 48, receiver's host 2\n", "=== Latency"},
		{"incomplete", "unknown"}},
	{"counted, not agreed on", TEST_COMPLETE, true, RECEIVED_COUNTERS, false,
		{"920 unique, 30 duplicates, 5 reordered\n",
			"50 packets (5.000 %): sender's host 0, path 48, receiver's host 2\n"},
		{"doubled", "same record"}},
	{"a server that doesn't count", TEST_COMPLETE, true, RECEIVED_TOTALS, false,
		{"=== Upload Bandwidth Test Results ===\n", "950 packets", "50 packets (5.000 %)\n"},
		{"unique", "incomplete"}},
	{"from the last report", TEST_INCOMPLETE, true, RECEIVED_TOTALS, false,
		{"=== Upload Bandwidth Test Results ===\n", "10.00 s of 10 s asked, incomplete\n",
			"950 packets"},
		{"unique"}},
	{"no report", TEST_INCOMPLETE, true, RECEIVED_NOTHING, false,
		{"=== Upload Bandwidth Test Results ===\n", "incomplete", "1000 packets", "unknown"},
		{"950", "Lost "}},
	{"never started", TEST_FAILED, true, RECEIVED_NOTHING, false,
		{"=== Upload Bandwidth Test Results ===\n", "Not started"}, {"1000", "Sent", "950"}},
	{"no test", TEST_NONE, true, RECEIVED_NOTHING, false, {"=== Latency"},
		{"Bandwidth", "Socket buffers"}},
	{"never connected", TEST_NONE, false, RECEIVED_NOTHING, false,
		{"Warning: the first\nWarning: the second\n"}, {"Latency", "Bandwidth"}},
};

static void test_end(void **state)
{
	static struct options options;

	(void)state;
	options_defaults(&options);
	for (size_t i = 0; i < COUNT(end_rows); i++) {
		struct report r;
		char *text;

		report_init(&r, &options, "192.0.2.1:6711");
		r.connected = end_rows[i].connected;
		r.tests = end_rows[i].phase != TEST_NONE;
		r.test[0] = complete;
		r.test[0].phase = end_rows[i].phase;
		r.test[0].received.known = end_rows[i].known;
		if (end_rows[i].agreed)
			outcome_seal(&r.test[0]);
		report_warn(&r, "the first");
		report_warn(&r, "the second");
		text = written(write_end, &r);
		print_message("- %s\n%s", end_rows[i].name, text);
		for (unsigned n = 0; n < LINES && end_rows[i].has[n]; n++)
			assert_non_null(strstr(text, end_rows[i].has[n]));
		for (unsigned n = 0; n < LINES && end_rows[i].lacks[n]; n++)
			assert_null(strstr(text, end_rows[i].lacks[n]));
		assert_null(strstr(text, "nan"));
		free(text);
		report_free(&r);
	}
}

static void test_latency(void **state)
{
	static struct options options;
	struct report r;
	char *text;

	(void)state;
	options_defaults(&options);
	report_init(&r, &options, "192.0.2.1:6711");
	r.connected = true;
	r.end.port[PORT_UPLOAD].latency.idle = (struct latency_part){
		.n = 12,
		.lost = 3,
		.min_ns = 1000000,
		.mean_ns = 2000000,
		.p50_ns = 3000000,
		.p95_ns = 4000000,
		.p99_ns = 5000000,
		.max_ns = 6000000,
		.jitter_ns = 123456,
	};
	text = written(write_end, &r);
	print_message("%s", text);
	assert_non_null(strstr(text, "  UPLOAD    idle        12     3   1.000   2.000   3.000   4.000   "
				     "5.000   6.000   0.123\n"));
	assert_non_null(strstr(text, "  CONTROL   idle         0     0       -"));
	assert_non_null(strstr(text, "  DOWNLOAD  idle         0     0       -"));
	free(text);
	report_free(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rate),
		cmocka_unit_test(test_interval),
		cmocka_unit_test(test_heading),
		cmocka_unit_test(test_end),
		cmocka_unit_test(test_latency),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
