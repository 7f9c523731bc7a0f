/* The settings: what variables and flags may say, which source wins, and the help. */
#include "tests/support/options_home.h"

static void test_defaults(void **state)
{
	struct options o;
	char error[OPTIONS_ERROR];

	(void)state;
	assert_int_equal(load(&o, PROGRAM_CLIENT, "", error), 0);
	assert_string_equal(o.host, "127.0.0.1");
	assert_int_equal(o.port, 6711);
	assert_string_equal(o.bind_addr, "0.0.0.0");
	assert_int_equal(o.bind_port, 6711);
	assert_int_equal(o.port_range_count, 1);
	assert_int_equal(o.port_ranges[0].first, 7000);
	assert_int_equal(o.port_ranges[0].last, 8000);
	assert_int_equal(o.connection_parallelism, PARALLEL_SINGLE);
	assert_int_equal(o.port_parallelism, PARALLEL_THREAD);
	assert_int_equal(o.max_send_us, 500);
	assert_int_equal(o.heartbeat_ms, 1000);
	assert_int_equal(o.duration_s, 30);
	assert_true(o.rate_bps == OPTION_RATE_AUTO);
	assert_int_equal(o.count, 0);
	assert_int_equal(o.budget_bytes, 0);
	assert_int_equal(o.test_count, 0);
	assert_string_equal(o.key_file, "");
	assert_false(o.single_port);
	assert_int_equal(o.load_lease_ms, 1000);
	assert_setting(&o, "max_rate", "\"max\"");
	assert_setting(&o, "max_total_rate", "\"max\"");
	assert_true(o.interval_s == 1 && o.connect_timeout_s == 5 && o.test_drop_rate == 0);
	assert_int_equal(options_datagram_bytes(&o, 0), 938);
	o.packet_length = 500;
	assert_int_equal(options_datagram_bytes(&o, 1400), 500);
}

static void test_table(void **state)
{
	const struct option_row *row;

	(void)state;
	for (row = options_table; row < options_table + options_rows; row++) {
		if (option_find(row->name) != row || !row->programs || !row->help ||
			(!row->flag_only && !row->fallback))
			fail_msg("row %s", row->name);
		if (strlen(row->name) + sizeof("WYNDRVR_") > OPTION_NAME)
			fail_msg("%s is too long", row->name);
	}
}

static const struct {
	const char *arguments, *key, *json;
} good_flags[] = {
	{"--bind-port 9000", "bind_port", "9000"},
	{"--bind-port=9000", "bind_port", "9000"},
	{"--bind-port 5 --bind-port 9000", "bind_port", "9000"},
	{"--test-verbose", "test_verbose", "true"},
	{"--test-verbose=no", "test_verbose", "false"},
	{"--test-verbose --no-test-verbose", "test_verbose", "false"},
	{"--connection-parallelibility THREAD", "connection_parallelibility", "\"THREAD\""},
	{"--connection-parallelability THREAD", "connection_parallelibility", "\"THREAD\""},
	{"--port-ranges 9000-9010,9020", "port_ranges", "\"9000-9010,9020\""},
	{"--rate 1.5k", "rate", "1500"},
	{"--budget 15MB", "budget", "15000000"},
	{"--test-delay", "test_delay", "100"},
	{"--test-delay --test-verbose", "test_delay", "100"},
	{"--test-delay 20", "test_delay", "20"},
	{"--test-delay=20", "test_delay", "20"},
	{"", "test_delay", "0"},
	{"--max-send-time 0", "max_send_time", "500"},
	{"--max-send-time 1", "max_send_time", "1"},
};

static void test_good_flags(void **state)
{
	static const enum program programs[] = {PROGRAM_SERVER, PROGRAM_CLIENT};
	struct options o;
	char error[OPTIONS_ERROR];
	size_t i;

	(void)state;
	for (i = 0; i < 2 * COUNT(good_flags); i++) {
		if (load(&o, programs[i % 2], good_flags[i / 2].arguments, error))
			fail_msg("%s: %s", good_flags[i / 2].arguments, error);
		assert_setting(&o, good_flags[i / 2].key, good_flags[i / 2].json);
	}
	assert_int_equal(load(&o, PROGRAM_CLIENT, "--no-tui --json --bwup --count 7", error), 0);
	assert_true(o.no_tui && o.json && o.test_count == 1 && o.tests[0] == OPTION_BWUP && !o.server &&
		    o.count == 7);
	assert_int_equal(load(&o, PROGRAM_CLIENT, "-h", error), 0);
	assert_true(o.help && !o.version && !o.create_config);
	assert_int_equal(load(&o, PROGRAM_SERVER, "--version", error), 0);
	assert_true(o.version && !o.help);
}

static const struct {
	enum program program;
	const char *arguments, *error;
} bad_flags[] = {
	{PROGRAM_CLIENT, "--bind-prot 5", "--bind-prot: unknown flag; the closest is --bind-port"},
	{PROGRAM_CLIENT, "--bwpu=1", "--bwpu: unknown flag; the closest is --bwup"},
	{PROGRAM_CLIENT, "-json", "-json: unknown flag; the closest is --json"},
	{PROGRAM_CLIENT, "---json", "---json: unknown flag; the closest is --json"},
	{PROGRAM_CLIENT, "--no-duration", "--no-duration: unknown flag; the closest is --duration"},
	{PROGRAM_CLIENT, "--no-json", "--no-json: unknown flag; the closest is --json"},
	{PROGRAM_SERVER, "--verbose", "--verbose: unknown flag; the closest is --version"},
	{PROGRAM_SERVER, "--json", "--json: only wyndrvr takes this flag"},
	{PROGRAM_SERVER, "--count=3", "--count: only wyndrvr takes this flag"},
	{PROGRAM_CLIENT, "--bind-port", "--bind-port: needs a value" ONE_TO_65535},
	{PROGRAM_CLIENT, "--bind-port --json", "--bind-port: needs a value" ONE_TO_65535},
	{PROGRAM_CLIENT, "--bind-port -5", "--bind-port: \"-5\" is not a whole number" ONE_TO_65535},
	{PROGRAM_CLIENT, "--bind-port= x", "--bind-port: \"\" is not a whole number" ONE_TO_65535},
	{PROGRAM_CLIENT, "--bind-port x --bind-port 5",
		"--bind-port: \"x\" is not a whole number" ONE_TO_65535},
	{PROGRAM_CLIENT, "--no-test-verbose=1", "--no-test-verbose: takes no value"},
	{PROGRAM_CLIENT, "--json=2",
		"--json: \"2\" is neither true nor false; allowed: true, "
		"false, yes, no, on, off, 1, 0"},
	{PROGRAM_CLIENT, "--test-delay host",
		"--test-delay: \"host\" is not a whole number; allowed: 0..3600000 ms"},
	{PROGRAM_CLIENT, "--test-delay=", "--test-delay: \"\" is not a whole number; allowed: 0..3600000 ms"},
	{PROGRAM_CLIENT, "a b", "b: a second address; allowed: one"},
	{PROGRAM_CLIENT, "a:0", "a:0: not an address; allowed: [HOST][:PORT], with IPv6 in brackets"},
	{PROGRAM_CLIENT, "--help --duration x",
		"--duration: \"x\" is not a whole number; allowed: 1..86400 s"},
	{PROGRAM_CLIENT, "--port-parallelability PROCESS",
		"port_parallelability: PROCESS is not available; allowed: SINGLE, THREAD (set by "
		"--port-parallelability)"},
};

static void test_bad_flags(void **state)
{
	struct options o;
	char error[OPTIONS_ERROR];
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(bad_flags); i++) {
		if (load(&o, bad_flags[i].program, bad_flags[i].arguments, error) != -EINVAL)
			fail_msg("taken: %s", bad_flags[i].arguments);
		if (strcmp(error, bad_flags[i].error) != 0)
			fail_msg("%s: %s", bad_flags[i].arguments, error);
	}
}

static const struct {
	enum program program;
	const char *arguments, *host;
	uint16_t port;
} addresses[] = {
	{PROGRAM_CLIENT, "", "127.0.0.1", 6711},
	{PROGRAM_CLIENT, ":9", "127.0.0.1", 9},
	{PROGRAM_CLIENT, "example.org", "example.org", 6711},
	{PROGRAM_CLIENT, "--json 192.0.2.1:9 --bwup", "192.0.2.1", 9},
	{PROGRAM_CLIENT, "-- --json", "--json", 6711},
	{PROGRAM_CLIENT, "-- [2001:db8::1]:9", "2001:db8::1", 9},
	{PROGRAM_CLIENT, "--bind-port 5 --bind-addr ::1", "127.0.0.1", 6711},
	{PROGRAM_SERVER, "", "0.0.0.0", 6711},
	{PROGRAM_SERVER, ":9", "0.0.0.0", 9},
	{PROGRAM_SERVER, "[::1]:9", "::1", 9},
	{PROGRAM_SERVER, "192.0.2.1 --bind-port 5", "192.0.2.1", 5},
	{PROGRAM_CLIENT, ":9 --server", "0.0.0.0", 9},
};

static void test_addresses(void **state)
{
	struct options o;
	char error[OPTIONS_ERROR];
	bool server;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(addresses); i++) {
		if (load(&o, addresses[i].program, addresses[i].arguments, error))
			fail_msg("%s: %s", addresses[i].arguments, error);
		assert_string_equal(o.host, addresses[i].host);
		assert_int_equal(o.port, addresses[i].port);
		server = addresses[i].program == PROGRAM_SERVER || o.server;
		assert_int_equal(server && strcmp(o.bind_addr, o.host) == 0, server);
		assert_int_equal(server && o.bind_port == o.port, server);
	}
}

/* Tests run in the order given, and as often. */
static void test_tests(void **state)
{
	static const struct {
		const char *arguments;
		unsigned count;
		enum option_test tests[4];
	} rows[] = {
		{"", 0, {0}},
		{"--bwup", 1, {OPTION_BWUP}},
		{"--bwdown --bwup", 2, {OPTION_BWDOWN, OPTION_BWUP}},
		{"--bwup --bwdown", 2, {OPTION_BWUP, OPTION_BWDOWN}},
		{"--bwboth --json --bwdown host --bwboth --duration 5 --bwup", 4,
			{OPTION_BWBOTH, OPTION_BWDOWN, OPTION_BWBOTH, OPTION_BWUP}},
		{"--bwdown --bwdown --bwdown", 3, {OPTION_BWDOWN, OPTION_BWDOWN, OPTION_BWDOWN}},
	};
	static const char flag[] = " --bwup";
	struct option_arguments a;
	struct options o;
	char *argv[OPTIONS_TESTS + 3] = {home};
	char error[OPTIONS_ERROR];

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		if (load(&o, PROGRAM_CLIENT, rows[i].arguments, error))
			fail_msg("%s: %s", rows[i].arguments, error);
		print_message("%s\n", rows[i].arguments);
		assert_int_equal(o.test_count, rows[i].count);
		for (unsigned n = 0; n < rows[i].count; n++)
			assert_int_equal(o.tests[n], rows[i].tests[n]);
	}
	/* As many as there is room for, and one more. */
	for (int n = 1; n <= OPTIONS_TESTS + 1; n++)
		argv[n] = (char *)(uintptr_t)(flag + 1);
	assert_int_equal(option_read_arguments(&a, PROGRAM_CLIENT, OPTIONS_TESTS + 2, argv, error), -EINVAL);
	argv[OPTIONS_TESTS + 1] = NULL;
	assert_int_equal(option_read_arguments(&a, PROGRAM_CLIENT, OPTIONS_TESTS + 1, argv, error), 0);
	assert_int_equal(a.test_count, OPTIONS_TESTS);
	assert_int_equal(load(&o, PROGRAM_SERVER, "--bwdown", error), -EINVAL);
	assert_string_equal(error, "--bwdown: only wyndrvr takes this flag");
}

/* Each source over the one before. */
static void test_precedence(void **state)
{
	struct options o;
	char error[OPTIONS_ERROR];

	(void)state;
	put("c", "bind_port=1\nheartbeat_rate=1\nucm_rate=1");
	assert_int_equal(setenv("WYNDRVR_HEARTBEAT_RATE", "2", 1), 0);
	assert_int_equal(setenv("WYNDRVR_UCM_RATE", "2", 1), 0);
	assert_int_equal(load(&o, PROGRAM_CLIENT, "--config=c --ucm-rate 3", error), 0);
	assert_int_equal(o.bind_port, 1);
	assert_int_equal(o.heartbeat_ms, 2);
	assert_int_equal(o.ucm_rate_ms, 3);
	assert_int_equal(o.ucm_delay_ms, 100);

	assert_int_equal(setenv("WYNDRVR_UCM_RATE", "", 1), 0);
	assert_int_equal(load(&o, PROGRAM_CLIENT, "--ucm-rate 3", error), -EINVAL);
	assert_string_equal(error, "WYNDRVR_UCM_RATE: \"\" is not a whole number; allowed: 1..3600000 ms");
	assert_int_equal(unsetenv("WYNDRVR_UCM_RATE"), 0);

	assert_int_equal(setenv("WYNDRVR_CONNECTION_PARALLELABILITY", "PROCESS", 1), 0);
	assert_int_equal(load(&o, PROGRAM_CLIENT, "", error), -EINVAL);
	assert_string_equal(error,
		"connection_parallelibility: PROCESS is not available; allowed: SINGLE, THREAD "
		"(set by WYNDRVR_CONNECTION_PARALLELIBILITY)");
	assert_int_equal(setenv("WYNDRVR_CONNECTION_PARALLELIBILITY", "THREAD", 1), 0);
	assert_int_equal(load(&o, PROGRAM_CLIENT, "", error), 0);
	assert_int_equal(o.connection_parallelism, PARALLEL_THREAD);
	assert_int_equal(unsetenv("WYNDRVR_HEARTBEAT_RATE"), 0);
	assert_int_equal(unsetenv("WYNDRVR_CONNECTION_PARALLELABILITY"), 0);
	assert_int_equal(unsetenv("WYNDRVR_CONNECTION_PARALLELIBILITY"), 0);
}

/* What ends before it starts ignores the file and whatever can't be had. */
static void test_without_a_start(void **state)
{
	static const char *const flags[] = {"--help", "--version", "--create-config", "--server"};
	struct options o;
	char error[OPTIONS_ERROR], arguments[128];
	size_t i;

	(void)state;
	put("c", "nonsense");
	for (i = 0; i < COUNT(flags); i++) {
		snprintf(arguments, sizeof(arguments), "--config c %s --port-parallelability PROCESS",
			flags[i]);
		if (load(&o, PROGRAM_CLIENT, arguments, error))
			fail_msg("%s: %s", flags[i], error);
	}
}

/* Every flag of the program is in its help, and no line is too wide. */
static void test_help(void **state)
{
	static const enum program programs[] = {PROGRAM_SERVER, PROGRAM_CLIENT};
	const struct option_row *row;
	char entry[OPTION_NAME + 16], flag[OPTION_NAME], *text, *line, *rest;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(programs); i++) {
		text = options_help(programs[i]);
		assert_non_null(text);
		for (row = options_table; row < options_table + options_rows; row++) {
			option_flag(row->name, flag);
			snprintf(entry, sizeof(entry), "\n  %s%s ",
				row->type == OPTION_BOOL && !row->flag_only ? "--[no-]"
				: strcmp(row->name, "help") == 0            ? "-h, --"
									    : "--",
				flag + strlen("--"));
			if (!strstr(text, entry) != !(row->programs & programs[i]))
				fail_msg("%s for program %d", flag, programs[i]);
		}
		for (line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
			if (strlen(line) > 80)
				fail_msg("%s", line);
		free(text);
	}
}

/* In the help and in the manual: a boolean's words are not listed, and where there is no default, none is
 * shown. */
static void test_defaults_in_the_help(void **state)
{
	static const struct {
		const char *name, *end;
	} rows[] = {
		{"ascii", " (default false)"},
		{"offload", " (default true)"},
		{"key_file", " (1..4095 characters; none by default)"},
		{"duration", " (1..86400 s; default 30)"},
		{"port_parallelability", " (SINGLE, THREAD; default THREAD)"},
		{"count", "goes on until interrupted"},
	};
	char description[OPTION_DESCRIPTION];
	char *text[] = {options_help(PROGRAM_SERVER), options_help(PROGRAM_CLIENT),
		options_man(PROGRAM_SERVER, NULL), options_man(PROGRAM_CLIENT, NULL)};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		option_describe(option_find(rows[i].name), description);
		assert_true(strlen(description) > strlen(rows[i].end));
		assert_string_equal(description + strlen(description) - strlen(rows[i].end), rows[i].end);
	}
	for (size_t i = 0; i < COUNT(text); i++) {
		assert_non_null(text[i]);
		assert_null(strstr(text[i], "default )"));
		assert_null(strstr(text[i], "yes, no, on"));
		free(text[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_defaults),
		TEST(test_table),
		TEST(test_good_flags),
		TEST(test_bad_flags),
		TEST(test_addresses),
		TEST(test_tests),
		TEST(test_precedence),
		TEST(test_without_a_start),
		TEST(test_help),
		TEST(test_defaults_in_the_help),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
