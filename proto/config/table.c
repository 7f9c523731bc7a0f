/* Owns the option table. A new setting is a field of struct options and a row here: the file, the variables,
 * the flags, the help and --create-config follow from it. */
#include "proto/config/table.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "proto/wire/wire.h"

enum {
	BOTH = PROGRAM_SERVER | PROGRAM_CLIENT,
	MAX_PORT = 65535,
	MAX_US = 1000000,
	MAX_MS = 3600000,
	/* The payload of classic data packets, around its characters. */
	DUMMY_BYTES = sizeof("{\"dummy_data\": \"\"}") - 1,
	MIN_DATAGRAM = WIRE_HEADER_BYTES + DUMMY_BYTES,
	DEFAULT_CHARACTERS = 900,
};

const char *const option_group_names[OPTION_GROUPS] = {
	[GROUP_ACTION] = "What to do",
	[GROUP_TEST] = "Test",
	[GROUP_CONNECTION] = "Connection",
	[GROUP_LIMITS] = "Limits",
	[GROUP_OUTPUT] = "Output",
	[GROUP_TUNING] = "Tuning",
	[GROUP_AIDS] = "Testing aids",
	[GROUP_CONFIGURATION] = "Configuration",
};

/* clang-format off */
#define FIELD(member) .offset = offsetof(struct options, member), \
	.size = sizeof(((struct options *)NULL)->member)

#define FLAG(member) .name = #member, .flag_only = true, .type = OPTION_BOOL, FIELD(member)

#define TEST_FLAG(word, test, text) {.name = (word), .flag_only = true, .type = OPTION_TEST, \
	.group = GROUP_ACTION, .programs = PROGRAM_CLIENT, .min = (test), FIELD(tests), .help = (text)}

#define MILLISECONDS(first) .type = OPTION_INTEGER, .min = (first), .max = MAX_MS, .unit = "ms"
#define MICROSECONDS(first) .type = OPTION_INTEGER, .min = (first), .max = MAX_US, .unit = "us"

/* In the order of --help and of a created file. */
const struct option_row options_table[] = {
	TEST_FLAG("bwup", OPTION_BWUP, "test the upload bandwidth, print the result and end"),
	TEST_FLAG("bwdown", OPTION_BWDOWN, "test the download bandwidth; tests run in the order given"),
	TEST_FLAG("bwboth", OPTION_BWBOTH, "test both at the same time"),
	{FLAG(server), .group = GROUP_ACTION, .programs = PROGRAM_CLIENT,
	 .help = "be the server: run wyndrvrd with the other arguments"},

	{.name = "duration", .group = GROUP_TEST, .programs = PROGRAM_CLIENT, FIELD(duration_s),
	 .type = OPTION_INTEGER, .min = 1, .max = 86400, .unit = "s", .fallback = "30",
	 .help = "length of a bandwidth test"},
	{.name = "rate", .group = GROUP_TEST, .programs = PROGRAM_CLIENT, FIELD(rate_bps),
	 .type = OPTION_RATE, .min = 1e3, .max = 1e12, .zero_word = "max", .top_word = "auto",
	 .unit = "bits/s", .fallback = "auto",
	 .help = "rate to send at, such as 2.5M; auto searches for what the path carries without filling its "
		 "queues, max is as fast as both hosts can"},
	{.name = "until", .group = GROUP_TEST, .programs = PROGRAM_CLIENT, FIELD(until_percent),
	 .type = OPTION_DECIMAL, .min = 0, .max = 50, .unit = "%", .fallback = "0",
	 .help = "with --rate auto, end when the 95 % confidence interval of the capacity is this narrow; 0: "
		 "never"},
	{.name = "budget", .group = GROUP_TEST, .programs = PROGRAM_CLIENT, FIELD(budget_bytes),
	 .type = OPTION_SIZE, .min = 1e4, .max = 1e15, .zero_word = "none", .unit = "bytes", .fallback = "none",
	 .help = "most data that a test sends, headers of IP and UDP included, such as 15MB; it ends there, "
		 "with what it knows; 0 is none, too"},
	{.name = "packet_length", .group = GROUP_TEST, .programs = PROGRAM_CLIENT,
	 FIELD(packet_length), .type = OPTION_INTEGER, .min = MIN_DATAGRAM, .max = WIRE_MAX_BYTES,
	 .zero_word = "auto", .unit = "bytes", .fallback = "auto",
	 .help = "UDP payload of a data packet; auto is the largest that the path takes unfragmented, or follows "
		 "from bw_packet_length where that is set or the server is classic"},
	{.name = "bw_packet_length", .group = GROUP_TEST, .programs = PROGRAM_CLIENT,
	 FIELD(bw_packet_length), .type = OPTION_INTEGER, .min = 1,
	 .max = WIRE_MAX_BYTES - MIN_DATAGRAM, .unit = "characters", .fallback = "900",
	 .help = "dummy data in a classic data packet"},
	{.name = "count", .flag_only = true, .group = GROUP_TEST, .programs = PROGRAM_CLIENT,
	 FIELD(count), .type = OPTION_INTEGER, .max = 1e9,
	 .help = "end after N heartbeats; 0, the default, goes on until interrupted"},

	{.name = "bind_addr", .group = GROUP_CONNECTION, .programs = PROGRAM_SERVER,
	 FIELD(bind_addr), .type = OPTION_ADDRESS, .fallback = "0.0.0.0",
	 .help = "address that the server listens on"},
	{.name = "bind_port", .group = GROUP_CONNECTION, .programs = PROGRAM_SERVER,
	 FIELD(bind_port), .type = OPTION_INTEGER, .min = 1, .max = MAX_PORT, .fallback = "6711",
	 .help = "main port of the server"},
	{.name = "port_ranges", .group = GROUP_CONNECTION, .programs = PROGRAM_SERVER,
	 FIELD(port_ranges), .type = OPTION_RANGES, .min = 1, .max = MAX_PORT,
	 .fallback = "7000-8000", .help = "ports that the server gives to its clients, three each"},
	{.name = "connection_parallelibility", .alias = "connection_parallelability",
	 .group = GROUP_CONNECTION, .programs = PROGRAM_SERVER, FIELD(connection_parallelism),
	 .type = OPTION_MODE, .fallback = "SINGLE",
	 .help = "one thread for all clients, or one for each"},
	{.name = "port_parallelability", .group = GROUP_CONNECTION, .programs = BOTH,
	 FIELD(port_parallelism), .type = OPTION_MODE, .fallback = "THREAD",
	 .help = "one thread for the three ports of a client, or one for each"},
	{.name = "connect_timeout", .group = GROUP_CONNECTION, .programs = PROGRAM_CLIENT,
	 FIELD(connect_timeout_s), .type = OPTION_DECIMAL, .min = 0.1, .max = 3600, .unit = "s",
	 .fallback = "5", .help = "time to wait for the server"},
	{.name = "wait", .group = GROUP_CONNECTION, .programs = PROGRAM_CLIENT, FIELD(wait_s),
	 .type = OPTION_DECIMAL, .max = 86400, .unit = "s", .fallback = "0",
	 .help = "how long to keep trying while the server is busy"},
	{.name = "key_file", .group = GROUP_CONNECTION, .programs = BOTH, FIELD(key_file),
	 .type = OPTION_PATH, .fallback = "",
	 .help = "file of pre-shared keys; a server with one refuses clients without a key, a "
		 "client uses the first"},
	{FLAG(genkey), .group = GROUP_CONFIGURATION, .programs = BOTH,
	 .help = "print a line for a key file with a new key, and end"},
	{.name = "single_port", .group = GROUP_CONNECTION, .programs = BOTH, FIELD(single_port),
	 .type = OPTION_BOOL, .fallback = "false",
	 .help = "carry all three channels over the server's main port"},

	{.name = "max_sessions", .group = GROUP_LIMITS, .programs = PROGRAM_SERVER,
	 FIELD(max_sessions), .type = OPTION_INTEGER, .min = 1, .max = 20000, .fallback = "2000",
	 .help = "clients at a time"},
	{.name = "max_sessions_per_address", .group = GROUP_LIMITS, .programs = PROGRAM_SERVER,
	 FIELD(max_sessions_per_address), .type = OPTION_INTEGER, .min = 1, .max = 20000,
	 .fallback = "64", .help = "... from one IPv4 address or IPv6 /64; loopback is exempt"},
	{.name = "max_session_age", .group = GROUP_LIMITS, .programs = PROGRAM_SERVER,
	 FIELD(max_session_age_s), .type = OPTION_INTEGER, .min = 1, .max = 1e9, .unit = "s",
	 .fallback = "604800", .help = "a session ends after this time"},
	{.name = "max_requests", .group = GROUP_LIMITS, .programs = PROGRAM_SERVER,
	 FIELD(max_requests), .type = OPTION_INTEGER, .min = 1, .max = 1e6, .fallback = "50",
	 .help = "first requests answered per second for each address; loopback is exempt"},
	{.name = "max_tests", .group = GROUP_LIMITS, .programs = PROGRAM_SERVER, FIELD(max_tests),
	 .type = OPTION_INTEGER, .min = 1, .max = 20000, .fallback = "64",
	 .help = "tests running at a time"},
	{.name = "max_downloads_per_address", .group = GROUP_LIMITS, .programs = PROGRAM_SERVER,
	 FIELD(max_downloads_per_address), .type = OPTION_INTEGER, .min = 1, .max = 20000,
	 .fallback = "4", .help = "downloads running at a time for each address; loopback is exempt"},
	{.name = "max_rate", .group = GROUP_LIMITS, .programs = PROGRAM_SERVER, FIELD(max_rate_bps),
	 .type = OPTION_RATE, .min = 1e3, .max = 1e12, .zero_word = "max", .unit = "bits/s",
	 .fallback = "max", .help = "highest rate of a test"},
	{.name = "max_total_rate", .group = GROUP_LIMITS, .programs = PROGRAM_SERVER,
	 FIELD(max_total_rate_bps), .type = OPTION_RATE, .min = 1e3, .max = 1e12, .zero_word = "max",
	 .unit = "bits/s", .fallback = "max", .help = "highest rate of all tests, which share it evenly"},
	{.name = "max_duration", .group = GROUP_LIMITS, .programs = PROGRAM_SERVER,
	 FIELD(max_duration_s), .type = OPTION_INTEGER, .min = 1, .max = 86400, .unit = "s",
	 .fallback = "3600", .help = "longest test"},
	{.name = "load_lease", .group = GROUP_LIMITS, .programs = PROGRAM_SERVER,
	 FIELD(load_lease_ms), .type = OPTION_INTEGER, .min = 100, .max = 1000, .unit = "ms",
	 .fallback = "1000", .help = "a download stops after this long without proof that it arrives"},

	{FLAG(no_tui), .group = GROUP_OUTPUT, .programs = PROGRAM_CLIENT,
	 .help = "plain lines instead of the screen"},
	{.name = "theme", .group = GROUP_OUTPUT, .programs = PROGRAM_CLIENT, FIELD(theme),
	 .type = OPTION_THEME, .fallback = "default", .help = "colours of the screen"},
	{.name = "ascii", .group = GROUP_OUTPUT, .programs = PROGRAM_CLIENT, FIELD(ascii),
	 .type = OPTION_BOOL, .fallback = "false",
	 .help = "draw the screen with ASCII characters only"},
	{FLAG(watch), .group = GROUP_OUTPUT, .programs = PROGRAM_CLIENT,
	 .help = "show the server's side of the session on the screen too"},
	{FLAG(json), .group = GROUP_OUTPUT, .programs = PROGRAM_CLIENT,
	 .help = "one JSON document on stdout instead of the screen"},
	{.name = "interval", .group = GROUP_OUTPUT, .programs = PROGRAM_CLIENT, FIELD(interval_s),
	 .type = OPTION_DECIMAL, .min = 0.05, .max = 3600, .unit = "s", .fallback = "1",
	 .help = "time between two lines of figures"},
	{.name = "test_verbose", .group = GROUP_OUTPUT, .programs = BOTH, FIELD(test_verbose),
	 .type = OPTION_BOOL, .fallback = "false", .help = "log every command and report"},

	{.name = "offload", .group = GROUP_TUNING, .programs = BOTH, FIELD(offload), .type = OPTION_BOOL,
	 .fallback = "true",
	 .help = "let the kernel cut and join datagrams (UDP_SEGMENT, UDP_GRO) where it can"},
	{.name = "incoming_blocking_level", .group = GROUP_TUNING, .programs = BOTH,
	 FIELD(incoming_blocking_us), MICROSECONDS(0), .fallback = "0",
	 .help = "how long a port keeps polling its socket without blocking after a datagram "
		 "arrived"},
	{.name = "incoming_sleep", .group = GROUP_TUNING, .programs = BOTH,
	 FIELD(incoming_sleep_us), MICROSECONDS(0), .fallback = "0",
	 .help = "pause before each blocking wait, so that datagrams gather into batches"},
	{.name = "max_send_time", .group = GROUP_TUNING, .programs = BOTH, FIELD(max_send_us),
	 MICROSECONDS(0), .fallback = "500", .zero_is_default = true,
	 .help = "longest a port sends data before it looks at its socket again; 0 means the default"},
	{.name = "send_sleep", .group = GROUP_TUNING, .programs = BOTH, FIELD(send_sleep_us),
	 MICROSECONDS(0), .fallback = "0", .help = "pause after such a turn of sending"},
	{.name = "heartbeat_rate", .group = GROUP_TUNING, .programs = PROGRAM_CLIENT,
	 FIELD(heartbeat_ms), MILLISECONDS(1), .fallback = "1000",
	 .help = "time between heartbeats on each port"},
	{.name = "adjustment_delay", .group = GROUP_TUNING, .programs = BOTH,
	 FIELD(adjustment_delay_ms), MILLISECONDS(1), .fallback = "1000",
	 .help = "FLOW_CONTROL is sent every adjustment_delay/flow_control_rate ms"},
	{.name = "flow_control_rate", .group = GROUP_TUNING, .programs = BOTH,
	 FIELD(flow_control_rate), .type = OPTION_INTEGER, .min = 1, .max = 1000, .fallback = "10",
	 .help = "FLOW_CONTROL reports in each adjustment_delay"},
	{.name = "server_block_time", .group = GROUP_TUNING, .programs = PROGRAM_SERVER,
	 FIELD(server_block_ms), MILLISECONDS(1), .fallback = "100",
	 .help = "longest the loop of a server's port waits before it looks at its timers"},
	{.name = "client_block_time", .group = GROUP_TUNING, .programs = PROGRAM_CLIENT,
	 FIELD(client_block_ms), MILLISECONDS(1), .fallback = "100",
	 .help = "longest the loop of a client's port waits before it looks at its timers"},
	{.name = "ucm_delay", .group = GROUP_TUNING, .programs = PROGRAM_CLIENT,
	 FIELD(ucm_delay_ms), MILLISECONDS(1), .fallback = "100",
	 .help = "time before an unacknowledged command (BWUP) is sent again"},
	{.name = "ucm_rate", .group = GROUP_TUNING, .programs = PROGRAM_SERVER,
	 FIELD(ucm_rate_ms), MILLISECONDS(1), .fallback = "100",
	 .help = "time between repeats of an unacknowledged TEST_RESULT"},

	{.name = "test_delay", .group = GROUP_AIDS, .programs = BOTH, FIELD(test_delay_ms),
	 MILLISECONDS(0), .fallback = "0", .bare = "100",
	 .help = "delay every packet sent; the flag alone means 100 ms"},
	{.name = "test_drop_rate", .group = GROUP_AIDS, .programs = BOTH, FIELD(test_drop_rate),
	 .type = OPTION_DECIMAL, .max = 1, .fallback = "0.0",
	 .help = "share of sent packets to drop on purpose"},

	{.name = "config", .flag_only = true, .group = GROUP_CONFIGURATION, .programs = BOTH,
	 FIELD(config), .type = OPTION_PATH, .help = "the configuration file, or its folder"},
	{FLAG(create_config), .group = GROUP_CONFIGURATION, .programs = BOTH,
	 .help = "write the configuration file with the flags given here, or edit their lines in "
		 "an existing one, and end"},
	{FLAG(version), .group = GROUP_CONFIGURATION, .programs = BOTH,
	 .help = "print the version and end"},
	{FLAG(man), .group = GROUP_CONFIGURATION, .programs = BOTH,
	 .help = "print the manual page, for man(1), and end"},
	{FLAG(help), .group = GROUP_CONFIGURATION, .programs = BOTH, .help = "print this and end"},
};
/* clang-format on */

const size_t options_rows = sizeof(options_table) / sizeof(options_table[0]);

static_assert(sizeof(options_table) / sizeof(options_table[0]) <= OPTIONS_ROWS_MAX,
	"the arrays beside the table are too small");

const char *option_describe(const struct option_row *row, char out[OPTION_DESCRIPTION])
{
	char allowed[OPTION_ALLOWED];

	if (!row->fallback)
		snprintf(out, OPTION_DESCRIPTION, "%s", row->help);
	else if (row->type == OPTION_BOOL)
		snprintf(out, OPTION_DESCRIPTION, "%s (default %s)", row->help, row->fallback);
	else if (!*row->fallback)
		snprintf(out, OPTION_DESCRIPTION, "%s (%s; none by default)", row->help,
			option_allowed(row, allowed));
	else
		snprintf(out, OPTION_DESCRIPTION, "%s (%s; default %s)", row->help,
			option_allowed(row, allowed), row->fallback);
	return out;
}

void options_defaults(struct options *o)
{
	char problem[OPTION_PROBLEM];
	const struct option_row *row;
	int err = 0;

	*o = (struct options){.port = 0};
	for (row = options_table; row < options_table + options_rows; row++)
		if (row->fallback)
			err |= option_set(o, row, row->fallback, problem);
	assert(!err);
	(void)err;
}

bool options_length_is_auto(const struct options *o)
{
	return o->packet_length == 0 && o->bw_packet_length == DEFAULT_CHARACTERS;
}

uint32_t options_datagram_bytes(const struct options *o, uint32_t path_bytes)
{
	if (o->packet_length)
		return o->packet_length;
	if (path_bytes == 0 || !options_length_is_auto(o))
		return MIN_DATAGRAM + o->bw_packet_length;
	return path_bytes < WIRE_MAX_BYTES ? path_bytes : WIRE_MAX_BYTES;
}

void options_each(const struct options *o, void (*visit)(void *context, const char *name, const char *json),
	void *context)
{
	json_t *value;
	char *text;
	size_t i;

	for (i = 0; i < options_rows; i++) {
		if (options_table[i].flag_only)
			continue;
		value = option_json(o, &options_table[i]);
		text = json_dumps(value, JSON_ENCODE_ANY | JSON_REAL_PRECISION(15));
		json_decref(value);
		if (text)
			visit(context, options_table[i].name, text);
		free(text);
	}
}

/* FILE:LINE goes in front, where editors look for it; other places follow the problem. */
__attribute__((format(printf, 4, 5))) static int refuse(char error[OPTIONS_ERROR],
	const struct option_origins *origins, const struct option_row *row, const char *format, ...)
{
	size_t i = (size_t)(row - options_table);
	enum option_source source = origins->row[i].source;
	char what[OPTION_PROBLEM], place[OPTION_NAME];
	va_list rest;

	va_start(rest, format);
	vsnprintf(what, sizeof(what), format, rest);
	va_end(rest);
	if (source == FROM_FILE)
		snprintf(error, OPTIONS_ERROR, "%.*s:%u: %s: %s", OPTION_PATH_SHOWN, origins->path,
			origins->row[i].line, row->name, what);
	else if (source == FROM_DEFAULT)
		snprintf(error, OPTIONS_ERROR, "%s: %s", row->name, what);
	else
		snprintf(error, OPTIONS_ERROR, "%s: %s (set by %s)", row->name, what,
			source == FROM_FLAG ? option_flag(row->name, place)
					    : option_variable(row->name, place));
	return -EINVAL;
}

static int check_mode(enum parallelism mode, const struct option_origins *origins, const char *name,
	char error[OPTIONS_ERROR])
{
	const struct option_row *row = option_find(name);
	char allowed[OPTION_ALLOWED];

	if (mode != PARALLEL_PROCESS)
		return 0;
	return refuse(
		error, origins, row, "PROCESS is not available; allowed: %s", option_allowed(row, allowed));
}

int options_check(const struct options *o, const struct option_origins *origins, char error[OPTIONS_ERROR])
{
	int err = check_mode(o->connection_parallelism, origins, "connection_parallelibility", error);

	if (!err)
		err = check_mode(o->port_parallelism, origins, "port_parallelability", error);
	return err;
}
