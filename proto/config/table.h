/* What the files of config/ share and nothing else includes: table.c owns the table, value.c and ranges.c
 * convert values, load.c and file.c read, create.c writes. */
#ifndef PROTO_CONFIG_TABLE_H
#define PROTO_CONFIG_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include <jansson.h>

#include "proto/config/options.h"

enum option_type {
	OPTION_BOOL,
	OPTION_INTEGER, /* uint16_t, uint32_t or uint64_t: by the field's size */
	OPTION_DECIMAL, /* double */
	OPTION_RATE,    /* uint64_t, bits/s */
	OPTION_SIZE,    /* uint64_t, bytes */
	OPTION_ADDRESS, /* char[], a name or an IP address */
	OPTION_PATH,    /* char[] */
	OPTION_MODE,    /* enum parallelism */
	OPTION_TEST,    /* a flag that adds enum option_test `min` to tests */
	OPTION_THEME,   /* enum option_theme */
	OPTION_RANGES,  /* port_ranges and port_range_count */
};

enum option_group {
	GROUP_ACTION,
	GROUP_TEST,
	GROUP_CONNECTION,
	GROUP_LIMITS,
	GROUP_OUTPUT,
	GROUP_TUNING,
	GROUP_AIDS,
	GROUP_CONFIGURATION,
	OPTION_GROUPS,
};

enum {
	OPTIONS_ROWS_MAX = 64,
	OPTION_NAME = 48, /* room for a flag or a variable */
	OPTION_ALLOWED = 96,
	OPTION_DESCRIPTION = 320,
	OPTION_PROBLEM = 240,
	OPTION_PATH_SHOWN = 160, /* more of a path would leave no room for the problem */
};

struct option_row {
	const char *name;  /* in the file; as a flag with '-', as a variable in capitals */
	const char *alias; /* a second spelling that is in use; NULL: none */
	enum option_type type;
	enum option_group group;
	unsigned programs; /* bits of enum program: whose --help shows it */
	bool flag_only;    /* not in the file or the environment, and only a flag of `programs` */
	size_t offset, size;
	double min, max;
	const char *zero_word; /* stands for 0, beside min..max; NULL: none */
	const char *top_word;  /* stands for UINT64_MAX; NULL: none */
	const char *fallback;  /* the default, which every setting has; NULL: 0 or empty */
	const char *bare;      /* the value of the flag alone; NULL: it needs one */
	bool zero_is_default;  /* an integer whose 0 stands for its default */
	const char *unit;      /* NULL: none */
	const char *help;
};

extern const struct option_row options_table[];
extern const size_t options_rows;
extern const char *const option_group_names[OPTION_GROUPS];

/* By name or alias; NULL: there is none. */
const struct option_row *option_find(const char *name);

/* Whether `program` takes it as a flag; 0 stands for the file and the environment. */
bool option_is_taken(const struct option_row *row, unsigned program);

/* The most similar name that `program` takes. */
const char *option_closest(const char *name, unsigned program);

/* "--bind-port" and "WYNDRVR_BIND_PORT". */
const char *option_flag(const char *name, char out[OPTION_NAME]);
const char *option_variable(const char *name, char out[OPTION_NAME]);

/* Sets one value from text: the only way in, for the file, the environment and the flags.
 * 0, or -EINVAL with `problem` saying what is wrong and what is allowed; *o is then as it was. */
int option_set(
	struct options *o, const struct option_row *row, const char *text, char problem[OPTION_PROBLEM]);

/* The allowed values, for errors and help: "1..3600000 ms". */
const char *option_allowed(const struct option_row *row, char out[OPTION_ALLOWED]);

/* Help, allowed values and default in one line. */
const char *option_describe(const struct option_row *row, char out[OPTION_DESCRIPTION]);

/* The value as a new JSON value; NULL when out of memory. */
json_t *option_json(const struct options *o, const struct option_row *row);

/* ranges.c: the functions of one type. */
const char *option_set_ranges(struct options *o, const struct option_row *row, const char *text);
void option_allow_ranges(const struct option_row *row, char out[OPTION_ALLOWED]);
json_t *option_json_ranges(const struct options *o, const struct option_row *row);

void options_defaults(struct options *o);

/* Where each value came from, so that a later error can name the place. */
enum option_source { FROM_DEFAULT, FROM_FILE, FROM_VARIABLE, FROM_FLAG };

struct option_origins {
	char path[PATH_MAX]; /* the file; "": none was read */
	struct {
		enum option_source source;
		unsigned line;
	} row[OPTIONS_ROWS_MAX];
};

/* Checks what depends on more than one value. 0, or -EINVAL with `error` set. */
int options_check(const struct options *o, const struct option_origins *origins, char error[OPTIONS_ERROR]);

/* One command line, checked: the last text given for each row; NULL: none. A server's address is short for
 * --bind-addr and --bind-port. */
struct option_arguments {
	const char *text[OPTIONS_ROWS_MAX];
	enum option_test tests[OPTIONS_TESTS];
	unsigned test_count;
	char host[OPTIONS_HOST]; /* of the address; "": none */
	char port[sizeof("65535")];
};

int option_read_arguments(
	struct option_arguments *a, enum program program, int argc, char **argv, char error[OPTIONS_ERROR]);

/* The file that --config names; or else the first of the usual places that has one; or else the first of
 * these places; "" where there is no home folder. 0 or -errno with `error` set. */
int option_find_file(const struct options *o, char path[PATH_MAX], char error[OPTIONS_ERROR]);

/* Sets `error` to "PATH: " and the name of `number`, an errno, and returns it negative. */
int option_system_error(char error[OPTIONS_ERROR], const char *path, int number);

/* A line of a file; `row` is its place in the table. */
struct option_pair {
	size_t row;
	unsigned line;   /* from 1 */
	const char *key; /* as the file spells it */
	const char *value;
};

typedef int option_visit(void *context, const struct option_pair *pair, char problem[OPTION_PROBLEM]);

/* Gives each KEY=VALUE of a file to `visit`. The walk ends when `visit` returns -EINVAL, at an unknown or
 * repeated key, and at a line that is no setting. 0 or -errno with `error` set. */
int option_walk_file(
	FILE *file, const char *path, option_visit *visit, void *context, char error[OPTIONS_ERROR]);

#endif
