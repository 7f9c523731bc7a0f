/* The table of figures: every row is whole, and every face shows the rows that name it. */
#include "proto/record/outcome.h"
#include "proto/report/metrics.h"
#include "tests/support/report_document.h"

enum { LINES_OF_TEST = LINE_AGREED * 2 - 1, LINES_OF_LOAD = LINE_QUEUE, LINES_OF_PORT = LINE_BUFFERS };

static const struct {
	const char *name;
	const struct metric_group *table;
	size_t record_bytes;
	unsigned lines; /* that some row must stand on */
} tables[] = {
	{"test", metrics_test, sizeof(struct test_record), LINES_OF_TEST | LINE_LOG},
	{"load", metrics_load, sizeof(struct metric_load), LINES_OF_LOAD},
	{"latency", metrics_latency, sizeof(struct latency_part), LINE_LOG},
	{"one way", metrics_one_way, sizeof(struct owd_part), 0},
	{"port", metrics_port, sizeof(struct port_snapshot), LINES_OF_PORT},
};

static void check_row(const struct metric *m, size_t record_bytes)
{
	print_message("  %s\n", m->key ? m->key : "(no key)");
	assert_true(m->key && m->key[0] && !strpbrk(m->key, ". "));
	assert_true(m->label && m->label[0]);
	assert_in_range(m->type, 0, METRIC_TYPES - 1);
	if (m->type == METRIC_NESTED) {
		assert_true(!m->get && !m->bytes && !m->lines && !m->brief);
		return;
	}
	assert_true(!m->get == (m->bytes > 0)); /* either a getter or a field */
	assert_true(m->at + m->bytes <= record_bytes);
	if (!m->get)
		assert_int_equal(m->bytes == sizeof(bool), m->type == METRIC_BOOL);
	if (m->type == METRIC_SPEED || m->type == METRIC_RATIO || m->type == METRIC_TEXT)
		assert_non_null(m->get);
}

static void test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(tables); i++) {
		unsigned lines = 0;

		print_message("- %s\n", tables[i].name);
		for (const struct metric_group *g = tables[i].table; g->rows; g++)
			for (size_t n = 0; n < g->rows; n++) {
				check_row(&g->row[n], tables[i].record_bytes);
				lines |= g->row[n].lines;
			}
		assert_int_equal(lines, tables[i].lines);
	}
}

/* Keys of one object: those of its rows, and of the objects in it. */
static void test_keys_are_unique(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(tables); i++) {
		json_t *root = json_object();

		print_message("- %s\n", tables[i].name);
		for (const struct metric_group *g = tables[i].table; g->rows; g++) {
			json_t *object = g->key ? json_object() : json_incref(root);

			for (size_t n = 0; n < g->rows; n++) {
				print_message("  %s\n", g->row[n].key);
				assert_null(json_object_get(object, g->row[n].key));
				json_object_set_new(object, g->row[n].key, json_null());
			}
			if (!g->key) {
				json_decref(object);
				continue;
			}
			assert_null(json_object_get(root, g->key));
			json_object_set_new(root, g->key, object);
		}
		json_decref(root);
	}
}

/* Everything is known of it, and no two figures are the same. */
static struct test_record full_test(void)
{
	struct test_record t = complete;

	t.asked_rate_bps = 96000000;
	t.rate_bps = 95000000;
	t.sent.count.unsent_packets = 3;
	t.received.count.network_duplicates = 4;
	t.sent.capacity = (struct path_capacity){.bps = 99000000,
		.ci_ppm = 2500,
		.p10_bps = 97000000,
		.p50_bps = 98500000,
		.p90_bps = 101000000};
	t.sent.bucket = (struct bucket_result){BUCKET_POLICER, 98000000, 65000};
	t.received.pattern = (struct loss_pattern){.longest = 11, .period = 10, .extent_max = 6};
	t.sent.load = (struct host_load){.known = true, .cpu_permille = 125, .late_permille = 8};
	t.received.load = (struct host_load){.known = true, .cpu_permille = 250, .late_permille = 9};
	t.refusal = REFUSED_LIMIT;
	outcome_seal(&t);
	return t;
}

static void fill_session(struct session_snapshot *s)
{
	for (int kind = 0; kind < PORT_KINDS; kind++) {
		struct port_snapshot *p = &s->port[kind];

		p->latency.idle = (struct latency_part){
			.n = 9, .mean_ns = 2000000, .p50_ns = 2000000, .p95_ns = 3000000};
		p->latency.loaded = (struct latency_part){
			.n = 9, .mean_ns = 12000000, .p50_ns = 12000000, .p95_ns = 15000000};
		for (int d = TEST_UP; d <= TEST_DOWN; d++)
			p->latency.owd.idle[d] = (struct owd_part){9, 1000000, 2000000, 3000000};
		p->source.packets = 1;
		p->path_bytes = 1400;
		p->receive_buffer_bytes = 1 << 20;
		p->rejected[REJECT_TAG] = 3;
		p->rejected[REJECT_REPLAY] = 1;
	}
}

static void open_full(struct report *r, struct options *options)
{
	struct test_record t = full_test();

	open_report(r, options, "192.0.2.1:6711");
	add_test(r, &t);
	fill_session(&r->end);
}

/* Where the document has the figures of each table. */
static const struct {
	const char *path;
	const struct metric_group *table;
} places[] = {
	{"end.tests.0", metrics_test},
	{"end", metrics_load},
	{"end.latency.control.idle", metrics_latency},
	{"end.latency.upload.loaded", metrics_latency},
	{"end.latency.download.idle.up", metrics_one_way},
	{"end.ports.control", metrics_port},
	{"end.ports.upload", metrics_port},
	{"end.ports.download", metrics_port},
};

static void test_json_has_all(void **state)
{
	struct options options;
	struct report r;
	json_t *root;

	(void)state;
	open_full(&r, &options);
	root = document(&r);
	for (size_t i = 0; i < COUNT(places); i++)
		for (const struct metric_group *g = places[i].table; g->rows; g++) {
			json_t *object = at(root, places[i].path);

			object = g->key ? json_object_get(object, g->key) : object;
			for (size_t n = 0; n < g->rows; n++) {
				json_t *value = json_object_get(object, g->row[n].key);

				print_message(
					"%s %s %s\n", places[i].path, g->key ? g->key : "", g->row[n].key);
				assert_non_null(value);
				assert_false(json_is_null(value));
			}
		}
	json_decref(root);
	report_free(&r);
}

/* What is not known is null, and the objects of what is not known are too. */
static void test_json_of_nothing(void **state)
{
	static const struct value_row rows[] = {
		{"end.tests.0.loss", "null"},
		{"end.tests.0.received", "null"},
		{"end.tests.0.shaping", "null"},
		{"end.tests.0.sender", "null"},
		{"end.tests.0.capacity_bits_per_second", "null"},
		{"end.tests.0.sent.bits_per_second", "null"},
		{"end.standing_queue", "null"},
		{"end.grade", "null"},
		{"end.queues", "null"},
		{"end.responsiveness_rpm", "null"},
		{"end.latency.control.idle.p90_us", "null"},
		{"end.latency.control.idle.up", "null"},
		{"end.ports.control.path_bytes", "null"},
		{"end.ports.control.rejected_packets", "0"},
		{"end.ports.control.rejected", "{}"},
	};
	static const struct test_record nothing = {.id = 1};
	struct options options;
	struct report r;

	(void)state;
	open_report(&r, &options, "192.0.2.1:6711");
	add_test(&r, &nothing);
	check_values(&r, rows, COUNT(rows));
	report_free(&r);
}

static char *end_text(const struct report *r)
{
	size_t size;
	char *text;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	report_text_end(out, r);
	fclose(out);
	print_message("%s", text);
	return text;
}

/* The log's lines are the log's. */
static void test_text_has_all(void **state)
{
	struct options options;
	struct report r;
	struct metric_load load;
	char *text;

	(void)state;
	open_full(&r, &options);
	load = (struct metric_load){&r.end, &r.test[0]};
	text = end_text(&r);
	const struct {
		struct metric_line_plan plan;
		unsigned on;
	} lines[] = {
		{{metrics_test, &r.test[0], 0, 3}, LINES_OF_TEST},
		{{metrics_load, &load, 0, 2}, LINES_OF_LOAD},
		{{metrics_port, &r.end.port[PORT_UPLOAD], 0, 3}, LINES_OF_PORT},
	};

	for (size_t i = 0; i < COUNT(lines); i++)
		for (unsigned line = 1; line < LINE_LOG; line *= 2) {
			struct metric_line_plan plan = lines[i].plan;
			char wanted[METRIC_LINE_SIZE];

			plan.line = (enum metric_line)line;
			metrics_line(&plan, wanted);
			print_message("|%s|\n", wanted);
			assert_int_equal(wanted[0] != '\0', (lines[i].on & line) != 0);
			assert_non_null(strstr(text, wanted));
		}
	for (const struct metric *m = metrics_latency->row; m < metrics_latency->row + metrics_latency->rows;
		m++)
		assert_true(!m->width || strstr(text, m->label));
	assert_non_null(strstr(text, "  Refused here   CONTROL: tag 3, replay 1; UPLOAD: tag 3, replay 1; "
				     "DOWNLOAD: tag 3, replay 1\n"));
	free(text);
	report_free(&r);
}

/* The figures of a line in the order of the table, those that are known. */
static void test_lines(void **state)
{
	static const struct {
		enum metric_line line;
		bool agreed;
		const char *text;
	} rows[] = {
		{LINE_SENT_SPEED, true, "800.0 kbit/s"},
		{LINE_SENT, true, "1000 packets, 1000000 bytes"},
		{LINE_RESENT, true, "70 of them retransmissions"},
		{LINE_RECEIVED, true, "950 packets, 950000 bytes"},
		{LINE_ARRIVALS, true, "920 unique, 30 duplicates, 4 doubled by the network, 5 reordered"},
		{LINE_ARRIVALS, false, "920 unique, 30 duplicates, 5 reordered"},
		{LINE_LOST, true, "50 packets (5.000 %)"},
		{LINE_LOST_WHERE, true, "sender's host 3, path 45, receiver's host 2"},
		{LINE_CAPACITY, true, "99.00 Mbit/s at the IP layer, +- 0.25 % (95 %)"},
		{LINE_AGREED, false, ""},
		{LINE_LOG, true, "950 packets, 920 unique, 30 duplicates, 5 reordered"},
		{LINE_QUEUE, true, ""},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct test_record t = full_test();
		struct metric_line_plan plan = {metrics_test, &t, rows[i].line, 3};
		char text[METRIC_LINE_SIZE];

		if (!rows[i].agreed)
			t.hash[0] = 0;
		assert_string_equal(metrics_line(&plan, text), rows[i].text);
	}
}

static void test_formats(void **state)
{
	static const struct {
		enum metric_type type;
		union metric_value value;
		int ms_decimals;
		const char *text;
	} rows[] = {
		{METRIC_COUNT, {.count = UINT64_MAX}, 3, "18446744073709551615"},
		{METRIC_BUFFER, {.count = 425984}, 3, "416 KiB"},
		{METRIC_BPS, {.count = 3210000000}, 3, "3.210 Gbit/s"},
		{METRIC_SPEED, {.real = 99.9}, 3, "99.90 bit/s"},
		{METRIC_NS, {.count = 123456}, 3, "0.123"},
		{METRIC_NS, {.count = 123456}, 2, "0.12"},
		{METRIC_SECONDS, {.count = 10000000000}, 3, "10.00 s"},
		{METRIC_PPM, {.count = 2500}, 3, "0.25 %"},
		{METRIC_PERMILLE, {.count = 125}, 3, "12.5 %"},
		{METRIC_RATIO, {.real = .05}, 3, "5.000 %"},
		{METRIC_BOOL, {.count = 1}, 3, "yes"},
		{METRIC_BOOL, {.count = 0}, 3, "no"},
		{METRIC_TEXT, {.text = "path"}, 3, "path"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct metric m = {.type = rows[i].type};
		char text[METRIC_TEXT_SIZE];

		assert_string_equal(
			metric_format(&m, rows[i].value, rows[i].ms_decimals, text), rows[i].text);
	}
}

/* Each reason by its name, and none but reasons. */
static void test_rejected(void **state)
{
	struct options options;
	struct report r;
	json_t *root;

	(void)state;
	for (int reason = WIRE_OK + 1; reason < WIRE_REJECTS; reason++) {
		struct port_snapshot *p = &r.end.port[PORT_DOWNLOAD];
		const char *name = wire_reject_name((enum wire_reject)reason);
		char path[128], wanted[128], text[METRIC_LINE_SIZE];

		open_report(&r, &options, "192.0.2.1:6711");
		p->rejected[WIRE_OK] = 99;
		p->rejected[reason] = 7;
		snprintf(wanted, sizeof wanted, "%s 7", name);
		assert_string_equal(metrics_rejected_text(p->rejected, text), wanted);
		assert_int_equal(metrics_rejected(p->rejected), 7);
		root = document(&r);
		snprintf(path, sizeof path, "end.ports.download.rejected.%s", name);
		check(root, path, "7");
		assert_int_equal(json_object_size(at(root, "end.ports.download.rejected")), 1);
		check(root, "end.ports.download.rejected_packets", "7");
		check(root, "end.ports.upload.rejected", "{}");
		json_decref(root);
		report_free(&r);
	}
}

static unsigned long allowed;

static void *scarce_malloc(size_t size)
{
	return allowed && allowed-- ? malloc(size) : NULL;
}

/* Whichever piece of memory is not there: no document, or a whole one. */
static void test_out_of_memory(void **state)
{
	struct options options;
	struct report r;
	unsigned long n = 0, last = 0;
	char *whole = NULL, *wanted;
	json_t *root;
	int error = -1;

	(void)state;
	open_full(&r, &options);
	report_warn(&r, "a warning");
	report_fail(&r, "timeout", "no answer");
	assert_int_equal(report_add_interval(&r, &(struct report_interval){.sent.active = true}), 0);
	for (n = 1; error; n += 1 + n / 50) {
		char *text = NULL;
		size_t size = 0;
		FILE *out = open_memstream(&text, &size);

		assert_non_null(out);
		json_set_alloc_funcs(scarce_malloc, free);
		allowed = n;
		error = report_json(out, &r);
		json_set_alloc_funcs(malloc, free);
		assert_int_equal(fclose(out), 0);
		assert_true(error == 0 || error == -ENOMEM);
		assert_true(error ? size == 0 : size > 0);
		last = n;
		free(whole);
		whole = text;
	}
	print_message("%lu pieces\n", last);
	assert_true(last > 100);
	root = document(&r);
	wanted = json_dumps(root, JSON_INDENT(2) | JSON_REAL_PRECISION(15));
	json_decref(root);
	assert_int_equal(strncmp(whole, wanted, strlen(wanted)), 0);
	free(whole);
	free(wanted);
	report_free(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_keys_are_unique),
		cmocka_unit_test(test_json_has_all),
		cmocka_unit_test(test_json_of_nothing),
		cmocka_unit_test(test_text_has_all),
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_formats),
		cmocka_unit_test(test_rejected),
		cmocka_unit_test(test_out_of_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
