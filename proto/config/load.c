/* Owns the loading of struct options: defaults, file, environment and arguments, each overriding the one
 * before. The arguments are read first, because they name the file and say whether there is anything to
 * load at all; they are applied again at the end. */
#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "proto/config/table.h"
#include "proto/net/address.h"
#include "proto/sys/text.h"

enum { ARGUMENT_SHOWN = 64, DEFAULT_PORT = 6711 };

static const char default_host[] = "127.0.0.1";

/* A command line while it is read. */
struct reader {
	struct option_arguments *a;
	enum program program;
	char **next;          /* ends with NULL */
	struct options trial; /* each value is tried on this */
	char *error;
};

/* The error names `argument` as it was typed, up to its '='. */
__attribute__((format(printf, 3, 4))) static int refuse(
	struct reader *r, const char *argument, const char *format, ...)
{
	char shown[ARGUMENT_SHOWN], what[OPTION_PROBLEM];
	va_list rest;

	va_start(rest, format);
	vsnprintf(what, sizeof(what), format, rest);
	va_end(rest);
	text_sanitise(shown, sizeof(shown), argument, strcspn(argument, "="));
	snprintf(r->error, OPTIONS_ERROR, "%s: %s", shown, what);
	return -EINVAL;
}

static int give(struct reader *r, const char *argument, const struct option_row *row, const char *value)
{
	char problem[OPTION_PROBLEM];

	if (option_set(&r->trial, row, value, problem))
		return refuse(r, argument, "%s", problem);
	if (row->type == OPTION_TEST) { /* these add up, in their order */
		memcpy(r->a->tests, r->trial.tests, sizeof(r->a->tests));
		r->a->test_count = r->trial.test_count;
		return 0;
	}
	r->a->text[row - options_table] = value;
	return 0;
}

/* The row of "--bind-port", "--no-test-verbose" (`*negated`) or "-h"; NULL: there is none.
 * `name` is what was asked for, as the table would spell it. */
static const struct option_row *find_flag(const char *argument, char name[OPTION_NAME], bool *negated)
{
	const struct option_row *row;
	size_t dashes;
	char *at;

	*negated = false;
	if (strcmp(argument, "-h") == 0)
		argument = "--help";
	dashes = strspn(argument, "-");
	argument += dashes;
	snprintf(name, OPTION_NAME, "%.*s", (int)strcspn(argument, "="), argument);
	while ((at = strchr(name, '-')))
		*at = '_';
	row = option_find(name);
	if (!row && strncmp(name, "no_", strlen("no_")) == 0) {
		*negated = true;
		row = option_find(name + strlen("no_"));
		if (row && (row->type != OPTION_BOOL || row->flag_only))
			row = NULL;
	}
	return dashes == strlen("--") ? row : NULL;
}

static int read_flag(struct reader *r)
{
	const char *argument = *r->next++;
	const char *value = strchr(argument, '=');
	char name[OPTION_NAME], closest[OPTION_NAME], allowed[OPTION_ALLOWED];
	const struct option_row *row;
	bool negated;

	row = find_flag(argument, name, &negated);
	if (!row)
		return refuse(r, argument, "unknown flag; the closest is %s",
			option_flag(option_closest(name, r->program), closest));
	if (!option_is_taken(row, r->program))
		return refuse(r, argument, "only %s takes this flag",
			row->programs == PROGRAM_CLIENT ? "wyndrvr" : "wyndrvrd");
	if (negated && value)
		return refuse(r, argument, "takes no value");
	if (value)
		value++;
	else if (row->type == OPTION_BOOL)
		value = negated ? "false" : "true";
	else if (row->type == OPTION_TEST)
		value = "";
	else if (*r->next && strncmp(*r->next, "--", strlen("--")) != 0)
		value = *r->next++;
	else if (row->bare)
		value = row->bare;
	else
		return refuse(r, argument, "needs a value; allowed: %s", option_allowed(row, allowed));
	return give(r, argument, row, value);
}

static int read_address(struct reader *r, const char *address)
{
	struct option_arguments *a = r->a;
	uint16_t port = 0;
	int err = 0;

	if (address_split(address, a->host, sizeof(a->host), &port))
		return refuse(r, address, "not an address; allowed: [HOST][:PORT], with IPv6 in brackets");
	if (port)
		snprintf(a->port, sizeof(a->port), "%u", port);
	if (r->program != PROGRAM_SERVER && !r->trial.server)
		return 0;
	if (a->host[0])
		err = give(r, address, option_find("bind_addr"), a->host);
	if (!err && port)
		err = give(r, address, option_find("bind_port"), a->port);
	return err;
}

int option_read_arguments(
	struct option_arguments *a, enum program program, int argc, char **argv, char error[OPTIONS_ERROR])
{
	struct reader r = {.a = a, .program = program, .next = argv + (argc > 0), .error = error};
	const char *address = NULL;
	bool flags = true;
	int err = 0;

	*a = (struct option_arguments){.host = ""};
	while (!err && *r.next) {
		if (flags && strcmp(*r.next, "--") == 0) {
			flags = false;
			r.next++;
		} else if (flags && **r.next == '-') {
			err = read_flag(&r);
		} else if (address) {
			err = refuse(&r, *r.next, "a second address; allowed: one");
		} else {
			address = *r.next++;
		}
	}
	/* Last, because --server may come after it. */
	if (!err && address)
		err = read_address(&r, address);
	return err;
}

static void apply_arguments(
	const struct option_arguments *a, struct options *o, struct option_origins *origins)
{
	char problem[OPTION_PROBLEM];
	int err = 0;
	size_t i;

	for (i = 0; i < options_rows; i++) {
		if (!a->text[i])
			continue;
		err |= option_set(o, &options_table[i], a->text[i], problem);
		origins->row[i].source = FROM_FLAG;
	}
	memcpy(o->tests, a->tests, sizeof(o->tests));
	o->test_count = a->test_count;
	assert(!err); /* they were checked as they were read */
	(void)err;
}

struct target {
	struct options *o;
	struct option_origins *origins;
};

static int load_pair(void *context, const struct option_pair *pair, char problem[OPTION_PROBLEM])
{
	struct target *t = context;

	t->origins->row[pair->row].source = FROM_FILE;
	t->origins->row[pair->row].line = pair->line;
	return option_set(t->o, &options_table[pair->row], pair->value, problem);
}

static int load_file(struct options *o, struct option_origins *origins, char error[OPTIONS_ERROR])
{
	struct target target = {o, origins};
	int err = option_find_file(o, origins->path, error);
	FILE *file;

	if (err || !origins->path[0])
		return err;
	file = fopen(origins->path, "re");
	if (!file) {
		if (!o->config[0] && (errno == ENOENT || errno == ENOTDIR))
			return 0;
		return option_system_error(error, origins->path, errno);
	}
	err = option_walk_file(file, origins->path, load_pair, &target, error);
	fclose(file);
	return err;
}

static int load_variable(const struct target *t, size_t i, const char *name, char error[OPTIONS_ERROR])
{
	char variable[OPTION_NAME], problem[OPTION_PROBLEM];
	const char *text = name ? getenv(option_variable(name, variable)) : NULL;

	if (!text)
		return 0;
	t->origins->row[i].source = FROM_VARIABLE;
	if (!option_set(t->o, &options_table[i], text, problem))
		return 0;
	snprintf(error, OPTIONS_ERROR, "%s: %s", variable, problem);
	return -EINVAL;
}

static int load_environment(struct options *o, struct option_origins *origins, char error[OPTIONS_ERROR])
{
	const struct target target = {o, origins};
	const struct option_row *row = options_table;
	int err = 0;
	size_t i;

	for (i = 0; !err && i < options_rows; i++, row++) {
		if (row->flag_only)
			continue;
		err = load_variable(&target, i, row->alias, error);
		if (!err)
			err = load_variable(&target, i, row->name, error);
	}
	return err;
}

static void set_peer(struct options *o, enum program program, const struct option_arguments *a)
{
	if (program == PROGRAM_SERVER || o->server) {
		strcpy(o->host, o->bind_addr);
		o->port = o->bind_port;
		return;
	}
	strcpy(o->host, a->host[0] ? a->host : default_host);
	o->port = a->port[0] ? (uint16_t)strtoul(a->port, NULL, 10) : DEFAULT_PORT;
}

int options_load(struct options *o, enum program program, int argc, char **argv, char error[OPTIONS_ERROR])
{
	struct option_origins origins = {.path = ""};
	struct option_arguments a;
	int err = option_read_arguments(&a, program, argc, argv, error);

	options_defaults(o);
	if (err)
		return -EINVAL;
	apply_arguments(&a, o, &origins);
	/* With --server, wyndrvrd loads the rest. */
	if (!o->help && !o->man && !o->version && !o->create_config && !o->server) {
		err = load_file(o, &origins, error);
		if (!err)
			err = load_environment(o, &origins, error);
		apply_arguments(&a, o, &origins);
		if (!err)
			err = options_check(o, &origins, error);
	}
	set_peer(o, program, &a);
	return err ? -EINVAL : 0;
}
