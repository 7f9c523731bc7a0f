/* --create-config: what a new file says, and what it leaves of an existing one. */
#include "tests/support/options_home.h"

#include <glob.h>

static int create(const char *arguments, char **report, char *error)
{
	struct command c;
	struct options o;

	split(&c, arguments);
	assert_int_equal(options_load(&o, PROGRAM_CLIENT, c.argc, c.argv, error), 0);
	assert_true(o.create_config);
	return options_create_config(&o, PROGRAM_CLIENT, c.argc, c.argv, report, error);
}

static const char *report_of(const char *arguments)
{
	static char text[TEXT];
	char error[OPTIONS_ERROR], *report;

	if (create(arguments, &report, error))
		fail_msg("%s: %s", arguments, error);
	snprintf(text, sizeof(text), "%s", report);
	free(report);
	return text;
}

static unsigned mode_of(const char *name)
{
	struct stat st;

	assert_int_equal(stat(name, &st), 0);
	return st.st_mode & 07777;
}

static void test_new_file(void **state)
{
	const struct option_row *row;
	char line[PATH_MAX];
	struct options o;
	char error[OPTIONS_ERROR];
	mode_t mask = umask(022);

	(void)state;
	snprintf(line, sizeof(line), "Created configuration file: %s\n", in_home(".config/wyndrvr/config"));
	assert_string_equal(report_of("--create-config --rate 2.5M --count 3 --test-verbose"), line);
	assert_int_equal(mode_of(".config/wyndrvr"), 0755);
	assert_int_equal(mode_of(".config/wyndrvr/config"), 0644);
	umask(mask);
	for (row = options_table; row < options_table + options_rows; row++) {
		snprintf(line, sizeof(line), "\n%s=", row->name);
		assert_int_equal(strstr(get(".config/wyndrvr/config"), line) != NULL, !row->flag_only);
	}
	assert_non_null(strstr(get(".config/wyndrvr/config"),
		"\n# main port of the server (1..65535; default 6711)\nbind_port=6711\n"));
	assert_int_equal(load(&o, PROGRAM_SERVER, "", error), 0);
	assert_int_equal(o.rate_bps, 2500000);
	assert_true(o.test_verbose);
	assert_int_equal(o.bind_port, 6711);

	snprintf(line, sizeof(line), "Configuration file unchanged: %s\n", in_home(".config/wyndrvr/config"));
	assert_string_equal(report_of("--create-config"), line);
	assert_string_equal(report_of("--create-config --rate 2.5M"), line);
}

/* A folder, a folder that isn't there yet, and a file in the old place. */
static void test_places(void **state)
{
	(void)state;
	make_folder("a");
	assert_string_equal(
		report_of("--create-config --config a"), "Created configuration file: a/config\n");
	assert_string_equal(
		report_of("--create-config --config b/c/"), "Created configuration file: b/c/config\n");
	assert_string_equal(report_of("--create-config --config b/d"), "Created configuration file: b/d\n");
	assert_string_equal(get("b/d"), get("a/config"));
	assert_int_equal(setenv("XDG_CONFIG_HOME", in_home("xdg"), 1), 0);
	make_folder(".wyndrvr");
	put(".wyndrvr/config", "duration=1\n");
	report_of("--create-config --duration 2");
	assert_string_equal(get(".wyndrvr/config"), "duration=2\n");
	assert_int_equal(unlink(".wyndrvr/config"), 0);
	report_of("--create-config --duration 2");
	assert_non_null(strstr(get("xdg/wyndrvr/config"), "\nduration=2\n"));
}

/* `report` goes on behind the warning; NULL: unchanged. */
static const struct {
	const char *before, *flags, *after, *report;
} edits[] = {
	{"bind_port=5\n", "--bind-port 9", "bind_port=9\n", "bind_port: 5 -> 9\n"},
	{"bind_port=5", "--bind-port 9", "bind_port=9", "bind_port: 5 -> 9\n"},
	{"#\r\n bind_port =\t5 \t# five\r\n#", "--bind-port 9", "#\r\n bind_port =\t9 \t# five\r\n#",
		"bind_port: 5 -> 9\n"},
	{"bind_port:5 ; =5\n", "--bind-port 9", "bind_port:9 ; =5\n", "bind_port: 5 -> 9\n"},
	{"\xef\xbb\xbf"
	 "duration=5\n",
		"--duration 9",
		"\xef\xbb\xbf"
		"duration=9\n",
		"duration: 5 -> 9\n"},
	{"duration= # 5\n", "--duration 9", "duration=9 # 5\n", "duration:  -> 9\n"},
	{"test_delay=5\nduration=5\n# duration=5\nucm_rate=5\n", "--ucm-rate 9 --duration 50",
		"test_delay=5\nduration=50\n# duration=5\nucm_rate=9\n",
		"duration: 5 -> 50\nucm_rate: 5 -> 9\n"},
	{"connection_parallelability=SINGLE\n", "--connection-parallelibility THREAD",
		"connection_parallelability=THREAD\n", "connection_parallelability: SINGLE -> THREAD\n"},
	{"", "--connection-parallelability THREAD", "connection_parallelibility=THREAD\n",
		"connection_parallelibility: (not set) -> THREAD\n"},
	{"duration=5\n", "--ucm-rate 9 --ucm-delay 8", "duration=5\nucm_delay=8\nucm_rate=9\n",
		"ucm_delay: (not set) -> 8\nucm_rate: (not set) -> 9\n"},
	{"#\r\nduration=5", "--ucm-rate 9", "#\r\nduration=5\r\nucm_rate=9\r\n",
		"ucm_rate: (not set) -> 9\n"},
	{"test_verbose=true\n", "--no-test-verbose", "test_verbose=false\n", "test_verbose: true -> false\n"},
	{"duration=bad\nucm_rate=5\n", "--ucm-rate 9", "duration=bad\nucm_rate=9\n", "ucm_rate: 5 -> 9\n"},
	{"port_parallelability=THREAD\n", "--port-parallelability PROCESS", "port_parallelability=PROCESS\n",
		"port_parallelability: THREAD -> PROCESS\n"},
	{" bind_port = 9 # 9", "--bind-port 9 --json", " bind_port = 9 # 9", NULL},
	{"bind_port=9\n", "", "bind_port=9\n", NULL},
	{"", "", "", NULL},
};

static void test_edits(void **state)
{
	char arguments[PATH_MAX], expected[2 * PATH_MAX];
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(edits); i++) {
		put("c", edits[i].before);
		snprintf(arguments, sizeof(arguments), "--create-config --config c %s", edits[i].flags);
		snprintf(expected, sizeof(expected), "%sonfiguration file%s: c\n%s",
			edits[i].report ? "WARNING: Edited existing c" : "C",
			edits[i].report ? "" : " unchanged", edits[i].report ? edits[i].report : "");
		assert_string_equal(report_of(arguments), expected);
		assert_string_equal(get("c"), edits[i].after);
	}
}

#define FIFTY "1234567890123456789012345678901234567890-xxxxxxxx"

static const struct {
	const char *text, *flags, *error;
} refused[] = {
	{"nonsense\nduration=5\n", "--duration 9", "c:1: not a setting; allowed: KEY=VALUE, # comment"},
	{"duration=5\n[a]\n", "--duration 9", "c:2: a section; allowed: KEY=VALUE without sections"},
	{"duration=5\nduration=6\n", "--duration 9",
		"c:2: duration: there already, on line 1; allowed: once"},
	{"duration=5\nfoo=6\n", "--duration 9", "c:2: foo: unknown key; the closest is rate"},
	{"", "--bind-addr " FIFTY FIFTY FIFTY FIFTY, "c:1: too long; allowed: up to 197 characters"},
};

static void test_refused(void **state)
{
	char arguments[PATH_MAX], error[OPTIONS_ERROR], *report;
	glob_t left;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(refused); i++) {
		put("c", refused[i].text);
		snprintf(arguments, sizeof(arguments), "--create-config --config c %s", refused[i].flags);
		assert_int_equal(create(arguments, &report, error), -EINVAL);
		assert_string_equal(error, refused[i].error);
		assert_null(report);
		assert_string_equal(get("c"), refused[i].text);
	}
	assert_int_equal(unlink("c"), 0);
	assert_int_equal(glob("*", 0, NULL, &left), GLOB_NOMATCH);
	put("file", "");
	assert_int_equal(create("--create-config --config file/c", &report, error), -ENOTDIR);
	assert_string_equal(error, "file/c: Not a directory");
	assert_int_equal(create("--create-config --config file/a/c", &report, error), -ENOTDIR);
	make_folder("config");
	assert_int_equal(create("--create-config --config ./", &report, error), -EISDIR);
	assert_string_equal(error, "./config: Is a directory");
}

/* A file keeps its mode, and a link to it stays a link. */
static void test_replacing(void **state)
{
	struct stat st;

	(void)state;
	make_folder("a");
	put("a/real", "duration=5\n");
	assert_int_equal(chmod("a/real", 0600), 0);
	assert_int_equal(symlink("a/real", "c"), 0);
	report_of("--create-config --config c --duration 9");
	assert_int_equal(lstat("c", &st), 0);
	assert_true(S_ISLNK(st.st_mode));
	assert_string_equal(get("a/real"), "duration=9\n");
	assert_int_equal(mode_of("a/real"), 0600);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_new_file),
		TEST(test_places),
		TEST(test_edits),
		TEST(test_refused),
		TEST(test_replacing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
