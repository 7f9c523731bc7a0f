#include "proto/config/run_once.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

#include "proto/wire/keys.h"

enum { RUN_ONCE_USAGE = 2 };

static const char *name(enum program program)
{
	return program == PROGRAM_SERVER ? "wyndrvrd" : "wyndrvr";
}

static int generate_key(void)
{
	char line[KEYS_LINE];

	keys_generate(line, sizeof line, "wyndrvr");
	fputs(line, stdout);
	sodium_memzero(line, sizeof line);
	return 0;
}

static int put(char *text)
{
	fputs(text ? text : "", stdout);
	free(text);
	return 0;
}

static int create_config(const struct options *o, enum program program, int argc, char **argv)
{
	char error[OPTIONS_ERROR], *report;

	if (options_create_config(o, program, argc, argv, &report, error)) {
		fprintf(stderr, "%s: %s\n", name(program), error);
		return RUN_ONCE_USAGE;
	}
	return put(report);
}

int run_once(const struct options *o, enum program program, const struct options_manual *manual, int argc,
	char **argv)
{
	if (o->help)
		return put(options_help(program));
	if (o->man)
		return put(options_man(program, manual));
	if (o->version) {
		printf("%s %s\n", name(program), WYNDRVR_VERSION);
		return 0;
	}
	if (o->genkey)
		return generate_key();
	return o->create_config ? create_config(o, program, argc, argv) : -1;
}
