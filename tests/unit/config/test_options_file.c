/* The configuration file: where it is, what it may say, and the line that an error names. */
#include "tests/support/options_home.h"

static const struct {
	const char *text, *key, *json;
} good_files[] = {
	{"bind_port=9000", "bind_port", "9000"},
	{"bind_port = 9000\n", "bind_port", "9000"},
	{"bind_port: 9000\r\n", "bind_port", "9000"},
	{"\xef\xbb\xbf"
	 "bind_port=9000\n",
		"bind_port", "9000"},
	{"# text\n; text\n\n   \t\nbind_port=9000", "bind_port", "9000"},
	{"duration=7\n  bind_port=9000", "bind_port", "9000"},
	{"  # [text]\nbind_port=9000", "bind_port", "9000"},
	{"port_parallelability=SINGLE  # <-- Set to SINGLE", "port_parallelability", "\"SINGLE\""},
	{"port_parallelability=SINGLE\t; so", "port_parallelability", "\"SINGLE\""},
	{"port_parallelability=thread", "port_parallelability", "\"THREAD\""},
	{"connection_parallelibility=THREAD", "connection_parallelibility", "\"THREAD\""},
	{"connection_parallelability=THREAD", "connection_parallelibility", "\"THREAD\""},
	{"bind_addr=::1", "bind_addr", "\"::1\""},
	{"bind_addr=a#b", "bind_addr", "\"a#b\""},
	{"port_ranges=7000", "port_ranges", "\"7000\""},
	{"port_ranges=7000-7000", "port_ranges", "\"7000\""},
	{"port_ranges = 9000 - 9010 , 1-2,65535", "port_ranges", "\"9000-9010,1-2,65535\""},
	{"test_drop_rate=0.1", "test_drop_rate", "0.1"},
	{"test_drop_rate=1", "test_drop_rate", "1.0"},
	{"interval=0.05", "interval", "0.05"},
	{"rate=1k", "rate", "1000"},
	{"rate=1000", "rate", "1000"},
	{"rate=2.5M", "rate", "2500000"},
	{"rate=1000G", "rate", "1000000000000"},
	{"rate=max", "rate", "\"max\""},
	{"budget=none", "budget", "\"none\""},
	{"budget=0", "budget", "\"none\""},
	{"budget=15MB", "budget", "15000000"},
	{"budget=15M", "budget", "15000000"},
	{"budget=300kB", "budget", "300000"},
	{"budget=300K", "budget", "300000"},
	{"budget=1.5GB", "budget", "1500000000"},
	{"budget=10000B", "budget", "10000"},
	{"budget=10000", "budget", "10000"},
	{"budget=1000000G", "budget", "1000000000000000"},
	{"packet_length=auto", "packet_length", "\"auto\""},
	{"packet_length=1400", "packet_length", "1400"},
	{"bw_packet_length=1362", "bw_packet_length", "1362"},
	{"test_verbose=YES", "test_verbose", "true"},
	{"test_verbose=on", "test_verbose", "true"},
	{"test_verbose=1", "test_verbose", "true"},
	{"test_verbose=off", "test_verbose", "false"},
	{"test_verbose=True", "test_verbose", "true"},
	{"test_verbose=no", "test_verbose", "false"},
	{"test_verbose=yes ; so", "test_verbose", "true"},
	{"key_file=a;b", "key_file", "\"a;b\""},
	{"max_send_time=0", "max_send_time", "500"},
	{"max_send_time=1", "max_send_time", "1"},
	{"incoming_sleep=1000000", "incoming_sleep", "1000000"},
};

static void test_good_files(void **state)
{
	struct options o;
	char error[OPTIONS_ERROR];
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(good_files); i++) {
		put("c", good_files[i].text);
		if (load(&o, PROGRAM_SERVER, "--config c", error))
			fail_msg("%s: %s", good_files[i].text, error);
		assert_setting(&o, good_files[i].key, good_files[i].json);
	}
}

/* As the Python program writes it, and its tests and users add to it. */
static const char python_file[] = "# wyndrvr configuration file\n"
				  "# All time values: microseconds (unless specified otherwise)\n"
				  "\n"
				  "# Server bind settings\n"
				  "bind_addr=0.0.0.0\n"
				  "bind_port=6711\n"
				  "\n"
				  "port_ranges=7000-8000\n"
				  "\n"
				  "connection_parallelibility=SINGLE\n"
				  "port_parallelability=THREAD\n"
				  "\n"
				  "incoming_blocking_level=0\n"
				  "incoming_sleep=0\n"
				  "\n"
				  "max_send_time=0\n"
				  "send_sleep=0\n"
				  "\n"
				  "heartbeat_rate=5000\n"
				  "adjustment_delay=1000\n"
				  "flow_control_rate=10\n"
				  "\n"
				  "server_block_time=100\n"
				  "client_block_time=100\n"
				  "ucm_delay=100\n"
				  "ucm_rate=100\n"
				  "bw_packet_length=900\n"
				  "duration=30\n"
				  "test_verbose=true\n"
				  "test_delay=0\n"
				  "test_drop_rate=0.0\n";

static const struct {
	const char *key, *json;
} python_settings[] = {
	{"bind_addr", "\"0.0.0.0\""},
	{"bind_port", "6711"},
	{"port_ranges", "\"7000-8000\""},
	{"connection_parallelibility", "\"SINGLE\""},
	{"port_parallelability", "\"THREAD\""},
	{"incoming_blocking_level", "0"},
	{"incoming_sleep", "0"},
	{"max_send_time", "500"}, /* no limit there, the default here */
	{"send_sleep", "0"},
	{"heartbeat_rate", "5000"},
	{"adjustment_delay", "1000"},
	{"flow_control_rate", "10"},
	{"server_block_time", "100"},
	{"client_block_time", "100"},
	{"ucm_delay", "100"},
	{"ucm_rate", "100"},
	{"bw_packet_length", "900"},
	{"duration", "30"},
	{"test_verbose", "true"},
	{"test_delay", "0"},
	{"test_drop_rate", "0.0"},
};

static void test_python_file(void **state)
{
	static const enum program programs[] = {PROGRAM_SERVER, PROGRAM_CLIENT};
	struct options o;
	char error[OPTIONS_ERROR];

	(void)state;
	put("c", python_file);
	for (size_t i = 0; i < COUNT(programs); i++) {
		if (load(&o, programs[i], "--config c", error))
			fail_msg("%s", error);
		for (size_t k = 0; k < COUNT(python_settings); k++)
			assert_setting(&o, python_settings[k].key, python_settings[k].json);
	}
}

#define RANGES_ALLOWED "; allowed: up to 32 of A-B or A with commas between, each 1..65535"
#define FIFTY          "##################################################"

#define BUDGET(value, wrong)                                                                          \
	{                                                                                             \
		"budget=" value,                                                                      \
			"c:1: budget: \"" value "\" " wrong "; allowed: none, or 10k..1000000G bytes" \
	}

static const struct {
	const char *text, *error;
} bad_files[] = {
	{"bind_port=x", "c:1: bind_port: \"x\" is not a whole number" ONE_TO_65535},
	{"\n\nbind_port=x", "c:3: bind_port: \"x\" is not a whole number" ONE_TO_65535},
	{"bind_port=", "c:1: bind_port: \"\" is not a whole number" ONE_TO_65535},
	{"bind_port= # 5", "c:1: bind_port: \"\" is not a whole number" ONE_TO_65535},
	{"bind_port=+5", "c:1: bind_port: \"+5\" is not a whole number" ONE_TO_65535},
	{"bind_port=0x50", "c:1: bind_port: \"0x50\" is not a whole number" ONE_TO_65535},
	{"bind_port=0", "c:1: bind_port: \"0\" is out of range" ONE_TO_65535},
	{"bind_port=65536", "c:1: bind_port: \"65536\" is out of range" ONE_TO_65535},
	{"bind_port=99999999999999999999999", "c:1: bind_port: \"99999999999999999999999\" is out of "
					      "range" ONE_TO_65535},
	{"bind_port=\x1b[2J", "c:1: bind_port: \"?[2J\" is not a whole number" ONE_TO_65535},
	{"heartbeat_rate=0", "c:1: heartbeat_rate: \"0\" is out of range; allowed: 1..3600000 ms"},
	{"packet_length=37", "c:1: packet_length: \"37\" is out of range; allowed: auto, or 38..1400 bytes"},
	BUDGET("15MiB", "is not a number with k, M, G, B, kB, MB, GB or nothing behind it"),
	BUDGET("15 MB", "is not a number with k, M, G, B, kB, MB, GB or nothing behind it"),
	BUDGET("15mB", "is not a number with k, M, G, B, kB, MB, GB or nothing behind it"),
	BUDGET("15BM", "is not a number with k, M, G, B, kB, MB, GB or nothing behind it"),
	BUDGET("MB", "is not a number with k, M, G, B, kB, MB, GB or nothing behind it"),
	BUDGET("-1", "is not a number with k, M, G, B, kB, MB, GB or nothing behind it"),
	BUDGET("9.9kB", "is out of range"),
	BUDGET("1000001G", "is out of range"),
	{"test_drop_rate=1.1", "c:1: test_drop_rate: \"1.1\" is out of range; allowed: 0..1"},
	{"test_drop_rate=-0.1", "c:1: test_drop_rate: \"-0.1\" is not a number; allowed: 0..1"},
	{"test_drop_rate=nan", "c:1: test_drop_rate: \"nan\" is not a number; allowed: 0..1"},
	{"test_drop_rate=0,1", "c:1: test_drop_rate: \"0,1\" is not a number; allowed: 0..1"},
	{"test_drop_rate=1.", "c:1: test_drop_rate: \"1.\" is not a number; allowed: 0..1"},
	{"rate=999", "c:1: rate: \"999\" is out of range; allowed: auto, max, or 1k..1000G bits/s"},
	{"rate=1000.1G", "c:1: rate: \"1000.1G\" is out of range; allowed: auto, max, or 1k..1000G bits/s"},
	{"rate=5T", "c:1: rate: \"5T\" is not a number with k, M, G or nothing behind it; allowed: "
		    "auto, max, or 1k..1000G bits/s"},
	{"test_verbose=maybe", "c:1: test_verbose: \"maybe\" is neither true nor false; allowed: "
			       "true, false, yes, no, on, off, 1, 0"},
	{"port_parallelability=FORK",
		"c:1: port_parallelability: \"FORK\" is not a mode; allowed: SINGLE, THREAD"},
	{"bind_addr=a b", "c:1: bind_addr: \"a b\" has a blank or a character that is not ASCII in "
			  "it; allowed: name or IP address"},
	{"port_ranges=7000-", "c:1: port_ranges: \"7000-\" is not a list of ports" RANGES_ALLOWED},
	{"port_ranges=7000,", "c:1: port_ranges: \"7000,\" is not a list of ports" RANGES_ALLOWED},
	{"port_ranges=0-5", "c:1: port_ranges: \"0-5\" has a port that is out of range" RANGES_ALLOWED},
	{"port_ranges=9-5",
		"c:1: port_ranges: \"9-5\" has a range that ends before it begins" RANGES_ALLOWED},
	{"\nport_ranges=1-9,9-12", "c:2: port_ranges: \"1-9,9-12\" has ranges that overlap" RANGES_ALLOWED},
	{"port_ranges=1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,"
	 "29,30,31,32,33",
		"c:1: port_ranges: \"1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19\" has too "
		"many "
		"ranges" RANGES_ALLOWED},
	{"bind_port=5\n# two\nbind_port=5", "c:3: bind_port: there already, on line 1; allowed: once"},
	{"connection_parallelability=SINGLE\nconnection_parallelibility=SINGLE",
		"c:2: connection_parallelibility: there already, on line 1; allowed: once"},
	{"bind_prot=5", "c:1: bind_prot: unknown key; the closest is bind_port"},
	{"json=true", "c:1: json: unknown key; the closest is rate"},
	{"[server]\nbind_port=5", "c:1: a section; allowed: KEY=VALUE without sections"},
	{"bind_port", "c:1: not a setting; allowed: KEY=VALUE, # comment"},
	{"duration=5\nbind_port # = 5\nrate=x", "c:2: not a setting; allowed: KEY=VALUE, # comment"},
	{"rate=5k\nbind_addr=" FIFTY FIFTY FIFTY FIFTY, "c:2: too long; allowed: up to 197 characters"},
	{"port_parallelability=PROCESS",
		"c:1: port_parallelability: PROCESS is not available; allowed: SINGLE, THREAD"},
	{"#\nconnection_parallelability=PROCESS", "c:2: connection_parallelibility: PROCESS is not "
						  "available; allowed: SINGLE, THREAD"},
};

static void test_bad_files(void **state)
{
	struct options o;
	char error[OPTIONS_ERROR];
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(bad_files); i++) {
		put("c", bad_files[i].text);
		if (load(&o, PROGRAM_CLIENT, "--config c", error) != -EINVAL)
			fail_msg("taken: %s", bad_files[i].text);
		assert_string_equal(error, bad_files[i].error);
	}
}

static void test_odd_files(void **state)
{
	static const char nul[] = "duration=5\nbind\0_port=5\n";
	struct options o;
	char error[OPTIONS_ERROR];

	(void)state;
	assert_int_equal(load(&o, PROGRAM_CLIENT, "--config c", error), -EINVAL);
	assert_string_equal(error, "c: No such file or directory");
	put_bytes("c", nul, sizeof(nul) - 1);
	assert_int_equal(load(&o, PROGRAM_CLIENT, "--config c", error), -EINVAL);
	assert_string_equal(error, "c:2: a NUL byte; allowed: text");

	assert_int_equal(unlink("c"), 0);
	make_folder("c");
	assert_int_equal(load(&o, PROGRAM_CLIENT, "--config c", error), -EINVAL);
	assert_string_equal(error, "c/config: No such file or directory");
	put("c/config", "duration=5");
	assert_int_equal(load(&o, PROGRAM_CLIENT, "--config c", error), 0);
	assert_int_equal(o.duration_s, 5);

	make_folder("c/d");
	make_folder("c/d/config");
	assert_int_equal(load(&o, PROGRAM_CLIENT, "--config c/d/", error), -EINVAL);
	assert_string_equal(error, "c/d/config: Is a directory");
}

/* Each of the usual places goes before the ones that have been filled so far. */
static void test_usual_places(void **state)
{
	struct options o;
	char error[OPTIONS_ERROR];

	(void)state;
	make_folder(".wyndrvr");
	put(".wyndrvr/config", "duration=1");
	assert_int_equal(load(&o, PROGRAM_CLIENT, "", error), 0);
	assert_int_equal(o.duration_s, 1);
	make_folder(".config");
	make_folder(".config/wyndrvr");
	put(".config/wyndrvr/config", "duration=2");
	assert_int_equal(load(&o, PROGRAM_CLIENT, "", error), 0);
	assert_int_equal(o.duration_s, 2);

	assert_int_equal(setenv("XDG_CONFIG_HOME", in_home("xdg"), 1), 0);
	assert_int_equal(load(&o, PROGRAM_CLIENT, "", error), 0);
	assert_int_equal(o.duration_s, 1);
	make_folder("xdg");
	make_folder("xdg/wyndrvr");
	put("xdg/wyndrvr/config", "duration=3");
	assert_int_equal(load(&o, PROGRAM_CLIENT, "", error), 0);
	assert_int_equal(o.duration_s, 3);
	assert_int_equal(setenv("XDG_CONFIG_HOME", "xdg", 1), 0);
	assert_int_equal(load(&o, PROGRAM_CLIENT, "", error), 0);
	assert_int_equal(o.duration_s, 2);
	put("c", "duration=4");
	assert_int_equal(load(&o, PROGRAM_CLIENT, "--config c", error), 0);
	assert_int_equal(o.duration_s, 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_good_files),
		TEST(test_python_file),
		TEST(test_bad_files),
		TEST(test_odd_files),
		TEST(test_usual_places),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
