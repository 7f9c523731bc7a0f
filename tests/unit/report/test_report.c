/* The JSON document of made-up snapshots: its names, its values, and null for what is not known. */
#include "tests/support/report_document.h"

static const char latency_keys[] =
	"n lost min_us mean_us p50_us p90_us p95_us p99_us max_us jitter_us up down";

static void test_names(void **state)
{
	static const struct {
		const char *path, *keys;
	} rows[] = {
		{"", "schema start intervals end warnings error"},
		{"start", "version timestamp server classic mode ports options"},
		{"start.ports", "control upload download"},
		{"intervals.0", "start end seconds sent received latency_us"},
		{"intervals.0.sent", "packets bytes bits_per_second lost_packets retransmitted_packets"},
		{"intervals.0.received", "packets bytes bits_per_second lost_packets retransmitted_packets"},
		{"intervals.0.latency_us", "control upload download"},
		{"end", "tests sum_sent sum_received latency responsiveness_rpm grade queues owd ports "
			"standing_queue"},
		{"end.tests.0", "direction channel duration_s complete ended_by sent received "
				"retransmitted_packets loss asked granted agreed result_hash "
				"capacity_bits_per_second capacity_ci_percent capacity_p10_bits_per_second "
				"capacity_p50_bits_per_second capacity_p90_bits_per_second capacity_at_least "
				"limited_by "
				"shaping sender receiver "
				"refused"},
		{"end.tests.0.sent", "packets bytes bits_per_second"},
		{"end.tests.0.received", "packets bytes bits_per_second ip_bits_per_second "
					 "unique_packets duplicates network_duplicates "
					 "reordered"},
		{"end.tests.0.asked", "bits_per_second duration_s"},
		{"end.tests.0.granted", "bits_per_second duration_s"},
		{"end.tests.0.loss", "packets percent sender_host path receiver_host bursts "
				     "longest_burst period outages reorder_extent"},
		{"end.sum_sent", "bytes bits_per_second packets lost_packets lost_percent"},
		{"end.sum_received", "bytes bits_per_second packets lost_packets lost_percent"},
		{"end.latency", "control upload download"},
		{"end.latency.control", "idle loaded"},
		{"end.latency.upload", "idle loaded"},
		{"end.latency.download", "idle loaded"},
		{"end.latency.control.idle", latency_keys},
		{"end.latency.control.loaded", latency_keys},
		{"error", "code message"},
	};
	struct options options;
	struct report r;
	json_t *root;

	(void)state;
	open_report(&r, &options, "192.0.2.1:6711");
	add_test(&r, &complete);
	assert_int_equal(report_add_interval(
				 &r, &(struct report_interval){.sent.active = true, .received.active = true}),
		0);
	report_fail(&r, "timeout", "no answer");
	root = document(&r);
	for (size_t i = 0; i < COUNT(rows); i++)
		check_keys(root, rows[i].path, rows[i].keys);
	json_decref(root);
	report_free(&r);
}

static void test_start(void **state)
{
	static const struct value_row rows[] = {
		{"schema", "\"wyndrvr/1\""},
		{"start.version", "\"" WYNDRVR_VERSION "\""},
		{"start.timestamp", "\"2024-02-29T12:34:56Z\""},
		{"start.server", "\"192.0.2.1:6711\""},
		{"start.classic", "true"},
		{"start.mode", "\"SINGLE\""},
		{"start.ports", "{\"control\":7000,\"upload\":7001,\"download\":7002}"},
		{"intervals", "[]"},
		{"end.tests", "[]"},
		{"end.sum_sent", "null"},
		{"end.sum_received", "null"},
		{"warnings", "[]"},
		{"error", "null"},
	};
	struct options options;
	struct report r;
	json_t *root;

	(void)state;
	open_report(&r, &options, "192.0.2.1:6711");
	options.port_parallelism = PARALLEL_SINGLE;
	r.began = 1709210096.75;
	check_values(&r, rows, COUNT(rows));

	/* What the modes are called; nothing is known of a server that never answered. */
	options.port_parallelism = PARALLEL_THREAD;
	r.connected = false;
	root = document(&r);
	check(root, "start.mode", "\"THREAD\"");
	check(root, "start.classic", "null");
	check(root, "start.ports", "null");
	json_decref(root);
	options.port_parallelism = PARALLEL_PROCESS;
	root = document(&r);
	check(root, "start.mode", "\"PROCESS\"");
	json_decref(root);
	report_free(&r);
}

static void count_option(void *context, const char *name, const char *json)
{
	json_t *options_there = context, *value = json_loads(json, JSON_DECODE_ANY, NULL);

	print_message("%s\n", name);
	assert_non_null(value);
	assert_true(json_equal(value, json_object_get(options_there, name)));
	json_object_del(options_there, name);
	json_decref(value);
}

/* Every setting that belongs there, with its value, and no other. */
static void test_options(void **state)
{
	struct options options;
	struct report r;
	json_t *root;

	(void)state;
	open_report(&r, &options, "192.0.2.1:6711");
	options.heartbeat_ms = 123;
	options.test_drop_rate = .25;
	root = document(&r);
	assert_true(json_object_size(at(root, "start.options")) > 10);
	options_each(&options, count_option, at(root, "start.options"));
	assert_int_equal(json_object_size(at(root, "start.options")), 0);
	json_decref(root);
	report_free(&r);
}

static void test_latency(void **state)
{
	static const struct value_row rows[] = {
		{"end.latency.control.idle",
			"{\"n\":9,\"lost\":1,\"min_us\":0.001,\"mean_us\":2.5,\"p50_us\":3.0,\"p90_us\":4000."
			"0,"
			"\"p95_us\":4500.0,\"p99_us\":5000000.0,\"max_us\":6000000.123,\"jitter_us\":0.75,"
			"\"up\":null,\"down\":null}"},
		{"end.latency.control.loaded.n", "3"},
		{"end.latency.control.loaded.p50_us", "12.0"},
		{"end.latency.control.loaded.up", "{\"n\":3,\"p50_us\":7.0,\"p95_us\":8.0,\"p99_us\":9.5}"},
		{"end.latency.control.loaded.down", "null"},
		{"end.latency.upload.idle",
			"{\"n\":0,\"lost\":7,\"min_us\":null,\"mean_us\":null,\"p50_us\":null,\"p90_us\":"
			"null,"
			"\"p95_us\":null,\"p99_us\":null,\"max_us\":null,\"jitter_us\":null,\"up\":null,"
			"\"down\":null}"},
	};
	struct options options;
	struct report r;

	(void)state;
	open_report(&r, &options, "192.0.2.1:6711");
	r.end.port[PORT_CONTROL].latency.idle = (struct latency_part){
		.n = 9,
		.lost = 1,
		.min_ns = 1,
		.mean_ns = 2500,
		.p50_ns = 3000,
		.p90_ns = 4000000,
		.p95_ns = 4500000,
		.p99_ns = 5000000000,
		.max_ns = 6000000123,
		.jitter_ns = 750,
	};
	r.end.port[PORT_CONTROL].latency.loaded = (struct latency_part){.n = 3, .p50_ns = 12000};
	r.end.port[PORT_CONTROL].latency.owd.loaded[TEST_UP] = (struct owd_part){3, 7000, 8000, 9500};
	r.end.port[PORT_UPLOAD].latency.idle = (struct latency_part){.lost = 7};
	check_values(&r, rows, COUNT(rows));
	report_free(&r);
}

static void test_intervals(void **state)
{
	static const struct value_row rows[] = {
		{"intervals.0.start", "0.0"},
		{"intervals.0.end", "0.5"},
		{"intervals.0.seconds", "0.5"},
		{"intervals.0.sent", "{\"packets\":10,\"bytes\":1000,\"bits_per_second\":16000.0,"
				     "\"lost_packets\":3,\"retransmitted_packets\":2}"},
		{"intervals.0.latency_us", "{\"control\":1.5,\"upload\":null,\"download\":2.0}"},
		{"intervals.0.received", "null"},
		{"intervals.1.sent", "null"},
		{"intervals.1.received", "{\"packets\":20,\"bytes\":3000,\"bits_per_second\":48000.0,"
					 "\"lost_packets\":4,\"retransmitted_packets\":5}"},
		{"intervals.2.received.bits_per_second", "null"},
		{"intervals.2.sent.bits_per_second", "null"},
		{"intervals.2.seconds", "0.0"},
		{"intervals.3.start", "null"},
		{"intervals.3.end", "null"},
		{"intervals.3.sent.bits_per_second", "null"},
	};
	static const struct report_interval intervals[] = {
		{0, .5, {true, 10, 1000, 3, 2}, {0}, {1500, 0, 2000}},
		{.5, 1, {0}, {true, 20, 3000, 4, 5}, {0}},
		{1, 1, {true, 10, 1000, 0, 0}, {true, 1, 1, 0, 0}, {0}},
		{(double)NAN, (double)INFINITY, {true, 10, 1000, 0, 0}, {0}, {0}},
	};
	struct options options;
	struct report r;
	json_t *root;

	(void)state;
	open_report(&r, &options, "192.0.2.1:6711");
	for (size_t i = 0; i < COUNT(intervals); i++)
		assert_int_equal(report_add_interval(&r, &intervals[i]), 0);
	check_values(&r, rows, COUNT(rows));
	for (unsigned i = 0; i < 1000; i++)
		assert_int_equal(report_add_interval(&r, &(struct report_interval){.start_s = i}), 0);
	root = document(&r);
	assert_int_equal(json_array_size(at(root, "intervals")), COUNT(intervals) + 1000);
	check(root, "intervals.1003.start", "999.0");
	json_decref(root);
	report_free(&r);
}

static void test_warnings_and_error(void **state)
{
	struct options options;
	struct report r;
	json_t *root;

	(void)state;
	open_report(&r, &options, "192.0.2.1:6711");
	report_fail(&r, "timeout", "%d tries", 5);
	report_fail(&r, "system", "a consequence");
	for (unsigned i = 0; i < REPORT_WARNINGS + 3; i++)
		report_warn(&r, "warning %u", i);
	root = document(&r);
	check(root, "error", "{\"code\":\"timeout\",\"message\":\"5 tries\"}");
	assert_int_equal(json_array_size(at(root, "warnings")), REPORT_WARNINGS);
	check(root, "warnings.0", "\"warning 0\"");
	json_decref(root);
	report_free(&r);
}

/* Text that came from a command line need not be UTF-8, and may be cut anywhere: the document is
 * whole all the same. */
static void test_any_text(void **state)
{
	static const char *const rows[] = {"\xff\xfe", "caf\xc3\xa9", "caf\xe9", "\x1b[31mred\n", "\"\\"};
	char longest[2 * REPORT_TEXT];

	(void)state;
	for (size_t i = 0; i < COUNT(rows) + 2; i++) {
		const char *text = i < COUNT(rows) ? rows[i] : longest;
		struct options options;
		struct report r;
		json_t *root;

		print_message("text %zu\n", i);
		/* "é" and again, from an even place and from an odd one. */
		longest[0] = 'x';
		for (size_t n = i % 2; n + 2 < sizeof(longest); n += 2)
			memcpy(&longest[n], "\xc3\xa9", 3);
		open_report(&r, &options, text);
		report_warn(&r, "%s", text);
		report_fail(&r, "address", "%s", text);
		root = document(&r);
		assert_true(json_is_string(at(root, "start.server")));
		assert_true(json_is_string(at(root, "warnings.0")));
		assert_true(json_is_string(at(root, "error.message")));
		assert_null(strchr(json_string_value(at(root, "error.message")), '\x1b'));
		json_decref(root);
		report_free(&r);
	}
}

static void test_not_written(void **state)
{
	FILE *full = fopen("/dev/full", "w");
	struct options options;
	struct report r;

	(void)state;
	if (!full)
		skip();
	open_report(&r, &options, "192.0.2.1:6711");
	assert_int_equal(report_json(full, &r), -EIO);
	report_free(&r);
	fclose(full);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_start),
		cmocka_unit_test(test_options),
		cmocka_unit_test(test_latency),
		cmocka_unit_test(test_intervals),
		cmocka_unit_test(test_warnings_and_error),
		cmocka_unit_test(test_any_text),
		cmocka_unit_test(test_not_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
