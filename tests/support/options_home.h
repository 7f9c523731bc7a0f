/* What the tests of the settings share: for each test a home folder, which
 * is the current one as well; files in it; command lines. */
#ifndef TESTS_SUPPORT_OPTIONS_HOME_H
#define TESTS_SUPPORT_OPTIONS_HOME_H

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proto/config/options.h"
#include "proto/config/table.h"
#include "tests/support/test.h"

enum { ARGUMENTS = 16, TEXT = 8192 };

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

#define ONE_TO_65535 "; allowed: 1..65535"

extern char home[];

/* A command line from one string; a blank parts its arguments. */
struct command {
	int argc;
	char *argv[ARGUMENTS];
	char text[512];
};

void split(struct command *c, const char *arguments);
int load(struct options *o, enum program program, const char *arguments, char *error);
const char *in_home(const char *name);
void put_bytes(const char *name, const char *bytes, size_t size);
void put(const char *name, const char *text);
const char *get(const char *name);
void make_folder(const char *name);

struct wanted {
	const char *name;
	char json[512];
};

/* What options_each() says of a setting. */
void assert_setting(const struct options *o, const char *name, const char *json);

int set_up(void **state);
int tear_down(void **state);

#endif
