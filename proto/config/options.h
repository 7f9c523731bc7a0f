/* Every setting of both programs: one table gives its name, type, range, default, unit and help; from
 * it come the configuration file, the WYNDRVR_* variables, the flags, --help and --create-config.
 *
 * main() loads one `struct options` before any thread starts; from then on it is const. */
#ifndef PROTO_CONFIG_OPTIONS_H
#define PROTO_CONFIG_OPTIONS_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/record/test.h"

enum parallelism { PARALLEL_SINGLE, PARALLEL_THREAD, PARALLEL_PROCESS };

struct port_range {
	uint16_t first, last; /* both belong to it */
};

/* Tests that begin at once: a bit for each direction. */
enum option_test {
	OPTION_BWUP = 1 << TEST_UP,
	OPTION_BWDOWN = 1 << TEST_DOWN,
	OPTION_BWBOTH = OPTION_BWUP | OPTION_BWDOWN,
};

/* In the place of a rate. */
#define OPTION_RATE_AUTO UINT64_MAX

enum option_theme { THEME_DEFAULT, THEME_LIGHT, THEME_DARK, THEME_COLOUR_BLIND, THEME_PLAIN, OPTION_THEMES };

enum { OPTIONS_TESTS = 32, OPTIONS_RANGES = 32, OPTIONS_HOST = 256, OPTIONS_ERROR = 512 };

struct options {
	/* The peer (client) or the listening address (server): "[HOST][:PORT]". */
	char host[OPTIONS_HOST];
	uint16_t port;

	char bind_addr[OPTIONS_HOST];
	uint16_t bind_port;
	struct port_range port_ranges[OPTIONS_RANGES];
	unsigned port_range_count;
	enum parallelism connection_parallelism;
	enum parallelism port_parallelism;
	uint32_t incoming_blocking_us;
	uint32_t incoming_sleep_us;
	uint32_t max_send_us;
	uint32_t send_sleep_us;
	uint32_t heartbeat_ms;
	uint32_t adjustment_delay_ms;
	uint32_t flow_control_rate;
	uint32_t server_block_ms;
	uint32_t client_block_ms;
	uint32_t ucm_delay_ms;
	uint32_t ucm_rate_ms;
	uint32_t bw_packet_length;
	uint32_t duration_s;
	char key_file[PATH_MAX]; /* "": no pre-shared key */
	bool single_port;
	/* The server's limits. */
	uint32_t max_sessions, max_sessions_per_address;
	uint32_t max_tests, max_downloads_per_address;
	uint64_t max_rate_bps, max_total_rate_bps; /* 0: no limit */
	uint32_t max_duration_s;
	uint32_t max_session_age_s;
	uint32_t max_requests; /* first requests a second and address */
	uint32_t load_lease_ms;
	bool test_verbose;
	uint32_t test_delay_ms;
	double test_drop_rate;
	bool offload; /* by the kernel: segments when sending, joins when receiving */

	/* The client's flags. */
	bool no_tui;
	bool ascii;
	enum option_theme theme;
	bool watch;                            /* the server's side too */
	enum option_test tests[OPTIONS_TESTS]; /* in the order given */
	unsigned test_count;
	double wait_s; /* how long to try again when the server is busy */
	double interval_s;
	uint64_t rate_bps;    /* 0 = max; OPTION_RATE_AUTO = found by a search */
	double until_percent; /* the search may end when it knows the capacity so well; 0: not before its time
			       */
	uint64_t budget_bytes;  /* that a test may send at the IP layer; 0: any number */
	uint32_t packet_length; /* whole UDP payload; 0 = follows from bw_packet_length */
	double connect_timeout_s;
	bool json;
	uint64_t count; /* heartbeats to exchange; 0 = until interrupted */

	/* What to do instead of running. */
	bool server; /* wyndrvr --server */
	bool create_config;
	bool genkey;
	bool version;
	bool help;
	bool man;
	char config[PATH_MAX]; /* --config, a file or a folder; "" = the usual places */
};

enum program { PROGRAM_SERVER = 1, PROGRAM_CLIENT = 2 };

/* Defaults, then the configuration file, then the environment, then the arguments.
 * 0, or -EINVAL with `error` set to "FILE:LINE: KEY: what is wrong and what is allowed" (or the
 * variable's or flag's name in front). A missing file is an error only when --config named it.
 * With --create-config, --help or --version the cross-checks and the file's content don't fail it. */
int options_load(struct options *o, enum program program, int argc, char **argv, char error[OPTIONS_ERROR]);

/* Sets one value from text, as its flag would: for values that a user changes while the program runs. 0, or
 * -EINVAL with `error` saying what is wrong and what is allowed. */
int options_set(struct options *o, const char *name, const char *text, char error[OPTIONS_ERROR]);

/* "default", "light" ... */
const char *options_theme_name(enum option_theme theme);

/* The UDP payload of a data packet: packet_length, or what a bw_packet_length that is not the default makes
 * it: WIRE_HEADER_BYTES + the length of {"dummy_data": "..."}; otherwise `path_bytes`, up to WIRE_MAX_BYTES.
 * path_bytes 0: not known, or a classic peer; then the default's. */
uint32_t options_datagram_bytes(const struct options *o, uint32_t path_bytes);

/* Whether it follows from the path. */
bool options_length_is_auto(const struct options *o);

/* The text of --help for one program, as wide as 80 columns. Caller frees; NULL when out of memory. */
char *options_help(enum program program);

/* Sections of the manual page that only the program knows. */
struct options_entry {
	const char *left, *text; /* left NULL: the end */
};
struct options_section {
	const char *title;
	const struct options_entry *entry;
};
struct options_manual {
	const struct options_section *section;
	size_t sections;
};

/* The manual page, in the language of man(7); the same, and `manual` may be NULL. */
char *options_man(enum program program, const struct options_manual *manual);

/* --create-config: writes the file that `o->config` (or the usual place) names, with comments and
 * the flags given in argv, or edits the lines of those flags in an existing one, and leaves the
 * rest of it (comments, order, line ends) as it is. `report` gets the lines to print on stdout:
 * "Created ...: PATH", "WARNING: Edited existing configuration file: PATH" and "key: old -> new",
 * or "Configuration file unchanged: PATH". 0 or -errno with `error` set. */
int options_create_config(const struct options *o, enum program program, int argc, char **argv, char **report,
	char error[OPTIONS_ERROR]);

/* Calls `row` for every setting that goes into the JSON document's start.options:
 * its name and its value as JSON text. */
void options_each(const struct options *o, void (*row)(void *context, const char *name, const char *json),
	void *context);

#endif
