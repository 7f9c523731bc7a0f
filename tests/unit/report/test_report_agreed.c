/* How tests between extended peers are shown: terms, refusals, the agreed record and where losses
 * happened; in both directions, as JSON and as text. */
#include "proto/record/outcome.h"
#include "tests/support/report_document.h"

/* 1000 sent, 950 arrived; of the 50 lost, 3 were not sent and 7 found no room. */
static struct test_record agreed(enum test_direction direction)
{
	struct test_record t = complete;

	t.direction = direction;
	t.asked_rate_bps = 5000000;
	t.rate_bps = 1000000;
	t.asked_duration_ns = 20 * UINT64_C(1000000000);
	t.granted_duration_ns = 10 * UINT64_C(1000000000);
	t.sent.count.unsent_packets = 3;
	t.received.count.host_drops = 7;
	t.received.count.network_duplicates = 4;
	t.search = true;
	t.sent.capacity = (struct path_capacity){.bps = 99000000,
		.ci_ppm = 2500,
		.limit = CAPACITY_NETWORK,
		.p10_bps = 80000000,
		.p50_bps = 98000000,
		.p90_bps = 104000000};
	t.sent.load = (struct host_load){.known = true,
		.cpu_permille = 125,
		.offload = true,
		.late_permille = 4,
		.late_max_ns = 2500000};
	t.sent.bucket = (struct bucket_result){BUCKET_POLICER, 99000000, 65000};
	t.received.pattern = (struct loss_pattern){
		.bursts = 4,
		.longest = 1100,
		.burst = {[0] = 2, [2] = 1, [LOSS_BURSTS - 1] = 1},
		.period = 10,
		.outages = 1,
		.outage = {{1500000000, 300000000, 20}},
		.extent_max = 4,
	};
	outcome_seal(&t);
	return t;
}

static void check_one(const struct test_record *t, const struct value_row *rows, size_t n)
{
	struct options options;
	struct report r;

	open_report(&r, &options, "192.0.2.1:6711");
	add_test(&r, t);
	check_values(&r, rows, n);
	report_free(&r);
}

static void test_json(void **state)
{
	static const struct value_row rows[] = {
		{"end.tests.0.complete", "true"},
		{"end.tests.0.ended_by", "\"duration\""},
		{"end.tests.0.asked", "{\"bits_per_second\":5000000,\"duration_s\":20.0}"},
		{"end.tests.0.granted", "{\"bits_per_second\":1000000,\"duration_s\":10.0}"},
		{"end.tests.0.agreed", "true"},
		{"end.tests.0.refused", "null"},
		{"end.tests.0.sent.packets", "1000"},
		{"end.tests.0.received.packets", "950"},
		{"end.tests.0.received.network_duplicates", "4"},
		{"end.tests.0.retransmitted_packets", "70"},
		{"end.tests.0.loss", "{\"packets\":50,\"percent\":5.0,\"sender_host\":3,\"path\":40,"
				     "\"receiver_host\":7,\"bursts\":{\"1\":2,\"4\":1,\"more\":1},"
				     "\"longest_burst\":1100,\"period\":10,\"outages\":[{\"start_s\":1.5,"
				     "\"length_s\":0.3,\"packets\":20}],\"reorder_extent\":4}"},
		{"end.tests.0.capacity_bits_per_second", "99000000"},
		{"end.tests.0.capacity_ci_percent", "0.25"},
		{"end.tests.0.capacity_p10_bits_per_second", "80000000"},
		{"end.tests.0.capacity_p50_bits_per_second", "98000000"},
		{"end.tests.0.capacity_p90_bits_per_second", "104000000"},
		{"end.tests.0.capacity_at_least", "false"},
		{"end.tests.0.limited_by", "\"path\""},
		{"end.tests.0.sender", "{\"cpu_percent\":12.5,\"offload\":true,\"late_percent\":0.4,"
				       "\"late_max_us\":2500.0}"},
		{"end.tests.0.shaping", "{\"kind\":\"policer\",\"bits_per_second\":99000000,"
					"\"bucket_bytes\":65000}"},
		{"end.tests.0.receiver", "null"},
		{"end.sum_sent.packets", "1000"},
		{"end.sum_received.lost_packets", "50"},
	};

	(void)state;
	for (int d = TEST_UP; d <= TEST_DOWN; d++) {
		struct test_record t = agreed((enum test_direction)d);
		char hash[32];
		const struct value_row own[] = {
			{"end.tests.0.direction", d == TEST_UP ? "\"up\"" : "\"down\""},
			{"end.tests.0.result_hash", hash},
		};

		snprintf(hash, sizeof(hash), "\"%s\"", t.hash);
		assert_int_equal(strlen(hash), 14);
		check_one(&t, rows, COUNT(rows));
		check_one(&t, own, COUNT(own));
	}
}

/* What only the other side can know is null until it has said so. */
static void test_json_not_agreed(void **state)
{
	static const struct value_row down[] = {
		{"end.tests.0.agreed", "false"},
		{"end.tests.0.result_hash", "null"},
		{"end.tests.0.sent", "null"},
		{"end.tests.0.received.packets", "950"},
		{"end.tests.0.received.duplicates", "30"},
		{"end.tests.0.received.network_duplicates", "null"},
		{"end.tests.0.retransmitted_packets", "null"},
		{"end.tests.0.loss", "null"},
		{"end.sum_sent", "null"},
		{"end.sum_received", "null"},
	};
	static const struct value_row refused[] = {
		{"end.tests.0.complete", "false"},
		{"end.tests.0.ended_by", "null"},
		{"end.tests.0.asked", "{\"bits_per_second\":null,\"duration_s\":20.0}"},
		{"end.tests.0.granted", "null"},
		{"end.tests.0.refused", "\"busy\""},
		{"end.tests.0.received", "null"},
	};
	struct test_record t = agreed(TEST_DOWN);

	(void)state;
	t.hash[0] = '\0';
	t.phase = TEST_INCOMPLETE;
	check_one(&t, down, COUNT(down));
	t = (struct test_record){
		.phase = TEST_FAILED,
		.direction = TEST_DOWN,
		.refusal = REFUSED_BUSY,
		.wait_s = 5,
		.asked_duration_ns = 20 * UINT64_C(1000000000),
	};
	check_one(&t, refused, COUNT(refused));
}

/* Each loss belongs to the first host that could have caused it; together they are all losses. */
static void test_loss_split(void **state)
{
	static const struct {
		uint64_t sent, unique, duplicates, unsent, drops;
		struct loss loss;
	} rows[] = {
		{0, 0, 0, 0, 0, {0, 0, 0, 0}},
		{100, 90, 10, 5, 5, {0, 0, 0, 0}},
		{100, 80, 10, 0, 0, {10, 0, 10, 0}},
		{100, 80, 10, 3, 2, {10, 3, 5, 2}},
		{100, 80, 10, 99, 99, {10, 10, 0, 0}},
		{100, 80, 10, 4, 99, {10, 4, 0, 6}},
		{100, 0, 0, 0, 0, {100, 0, 100, 0}},
		{100, 100, 50, 0, 0, {0, 0, 0, 0}},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct test_record t = {
			.sent.count = {.packets = rows[i].sent, .unsent_packets = rows[i].unsent},
			.received.count = {.unique_packets = rows[i].unique,
				.duplicates = rows[i].duplicates,
				.host_drops = rows[i].drops},
			.received.known = RECEIVED_COUNTERS,
		};
		struct loss loss = outcome_loss(&t);

		print_message("row %zu\n", i);
		assert_int_equal(loss.packets, rows[i].loss.packets);
		assert_int_equal(loss.sender_host, rows[i].loss.sender_host);
		assert_int_equal(loss.path, rows[i].loss.path);
		assert_int_equal(loss.receiver_host, rows[i].loss.receiver_host);
	}
}

/* The hash is of all that is agreed on, and of nothing that one side alone knows. */
static void test_hash(void **state)
{
	struct test_record t = agreed(TEST_UP), other;

	(void)state;
	other = t;
	other.id++;
	other.channel++;
	other.start_ns++;
	other.sent.count.reports++;
	other.sent.count.heard_packets++;
	other.received.count.reports++;
	outcome_seal(&other);
	assert_string_equal(other.hash, t.hash);
	for (unsigned i = 0; i < 12; i++) {
		uint64_t *const field[] = {&other.sent.duration_ns, &other.sent.count.packets,
			&other.sent.count.bytes, &other.sent.count.retransmitted_packets,
			&other.received.count.packets, &other.received.count.bytes,
			&other.received.count.unique_packets, &other.received.count.duplicates,
			&other.received.count.network_duplicates, &other.received.count.reordered,
			&other.sent.count.unsent_packets, &other.received.count.host_drops};

		print_message("field %u\n", i);
		other = t;
		++*field[i];
		outcome_seal(&other);
		assert_string_not_equal(other.hash, t.hash);
	}
	other = t;
	other.direction = TEST_DOWN;
	outcome_seal(&other);
	assert_string_not_equal(other.hash, t.hash);
	other = t;
	other.uid[0] = 'x';
	outcome_seal(&other);
	assert_string_not_equal(other.hash, t.hash);
}

/* The text of one test; the caller frees it. */
static char *text_of(const struct test_record *t)
{
	struct options options;
	struct report r;
	size_t size;
	char *text;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	open_report(&r, &options, "192.0.2.1:6711");
	add_test(&r, t);
	report_text_end(out, &r);
	fclose(out);
	report_free(&r);
	print_message("%s", text);
	return text;
}

static void check_text(const struct test_record *t, const char *const has[], const char *const lacks[])
{
	char *text = text_of(t);

	for (; *has; has++)
		if (!strstr(text, *has))
			fail_msg("lacks %s", *has);
	for (; *lacks; lacks++)
		if (strstr(text, *lacks))
			fail_msg("has %s", *lacks);
	free(text);
}

static void test_text(void **state)
{
	static const char *const both[] = {"asked 5.000 Mbit/s, granted 1.000 Mbit/s\n",
		"10.00 s of 20 s asked\n", "800.0 kbit/s, 1000 packets", "760.0 kbit/s, 950 packets",
		"4 doubled by the network",
		"50 packets (5.000 %): sender's host 3, path 40, receiver's host 7\n",
		"both ends hold the same record, ", NULL};
	static const char *const none[] = {"incomplete", "unknown", "Refused", NULL};
	static const char *const varying[] = {"32.0 .. 104.0 Mbit/s for 80 % of the time\n", NULL};
	static const char *const at_budget[] = {"10.00 s of 20 s asked, ended at its budget\n", NULL};
	static const char *const alone[] = {"=== Download", "950 packets", "incomplete", NULL};
	static const char *const not_alone[] = {"Sent", "Lost  ", "same record", "budget", NULL};
	static const char *const refused[] = {"=== Download", "Refused (busy): try again in 5 s\n", NULL};
	static const char *const not_refused[] = {
		"Sent", "Received", "Agreed", "granted", "Not started", NULL};
	struct test_record t;

	(void)state;
	for (int d = TEST_UP; d <= TEST_DOWN; d++) {
		const char *const own[] = {d == TEST_UP ? "=== Upload" : "=== Download", t.hash, NULL};
		const char *const not_own[] = {d == TEST_UP ? "=== Download" : "=== Upload", NULL};

		t = agreed((enum test_direction)d);
		check_text(&t, both, none);
		check_text(&t, own, not_own);
	}
	t.sent.capacity.p10_bps = 32000000;
	check_text(&t, varying, none);
	t.sent.ended = ENDED_BUDGET;
	check_text(&t, at_budget, none);
	t.hash[0] = '\0';
	t.phase = TEST_INCOMPLETE;
	check_text(&t, alone, not_alone);
	t.phase = TEST_FAILED;
	t.refusal = REFUSED_BUSY;
	t.wait_s = 5;
	check_text(&t, refused, not_refused);
}

/* As fast as it can, and what was asked for was granted. */
static void test_text_of_rates(void **state)
{
	static const struct {
		uint64_t asked_bps, granted_bps;
		const char *text; /* NULL: not worth a line */
	} rows[] = {
		{0, 0, NULL},
		{5000, 5000, NULL},
		{0, 5000, "asked max, granted 5.000 kbit/s\n"},
		{6000, 5000, "asked 6.000 kbit/s, granted 5.000 kbit/s\n"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct test_record t = agreed(TEST_DOWN);
		char *text;

		t.asked_rate_bps = rows[i].asked_bps;
		t.rate_bps = rows[i].granted_bps;
		t.search = false;
		text = text_of(&t);
		if (rows[i].text)
			assert_non_null(strstr(text, rows[i].text));
		else
			assert_null(strstr(text, "granted"));
		free(text);
	}
}

static void test_doubt(void **state)
{
	struct test_record t = agreed(TEST_DOWN);
	char text[REPORT_TEXT];

	(void)state;
	assert_non_null(strstr(report_doubt(&t, text), "7 datagrams"));
	t.received.count.host_drops = 0;
	assert_string_equal(report_doubt(&t, text), "");
	t.received.load = (struct host_load){.known = true, .late_permille = 500, .late_max_ns = 9000000};
	t.sent.load.late_permille = 49;
	assert_string_equal(report_doubt(&t, text), "");
	t.sent.load.late_permille = 50;
	assert_non_null(strstr(report_doubt(&t, text), "5.0 % of its turns"));
	assert_non_null(strstr(text, "2.5 ms"));
}

/* Warnings name the host that the verdict names, or none. */
static void test_doubt_of_one_host(void **state)
{
	static const struct {
		const char *name;
		enum capacity_limit found;
		uint32_t sender_cpu, sender_late, receiver_cpu;
		uint64_t drops;
		const char *has, *lacks;
	} rows[] = {
		{"the path, a few drops", CAPACITY_NETWORK, 100, 0, 100, 7, "7 datagrams", "figure"},
		{"the path, sender late", CAPACITY_NETWORK, 100, 50, 100, 0, "the sender", "receiver"},
		{"the receiver", CAPACITY_RECEIVER, 100, 0, 990, 7, "figure is its host's", "sender"},
		{"the receiver, sender late", CAPACITY_RECEIVER, 100, 50, 990, 0, "", "sender"},
		{"sender busy, a few drops", CAPACITY_SENDER, 900, 0, 100, 7, "", "receiver"},
		{"sender held up, a few drops", CAPACITY_SENDER, 370, 50, 100, 7, "the sender", "receiver"},
		{"sender idle, a few drops", CAPACITY_SENDER, 370, 0, 100, 7, "figure is its host's",
			"sender"},
		{"a server's limit, a few drops", CAPACITY_CEILING, 100, 0, 100, 7, "7 datagrams", "figure"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct test_record t = agreed(TEST_DOWN);
		char text[REPORT_TEXT];

		print_message("%s\n", rows[i].name);
		t.sent.bucket.kind = BUCKET_NONE;
		t.sent.capacity.limit = rows[i].found;
		t.sent.load = (struct host_load){.known = true,
			.cpu_permille = rows[i].sender_cpu,
			.late_permille = rows[i].sender_late};
		t.received.load = (struct host_load){.known = true, .cpu_permille = rows[i].receiver_cpu};
		t.received.count.host_drops = rows[i].drops;
		report_doubt(&t, text);
		assert_non_null(strstr(text, rows[i].has));
		assert_null(strstr(text, rows[i].lacks));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_json),
		cmocka_unit_test(test_json_not_agreed),
		cmocka_unit_test(test_loss_split),
		cmocka_unit_test(test_hash),
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_text_of_rates),
		cmocka_unit_test(test_doubt),
		cmocka_unit_test(test_doubt_of_one_host),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
