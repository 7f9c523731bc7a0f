#include "tests/support/options_home.h"

#include <ftw.h>

char home[] = "/tmp/test_options.XXXXXX";

void split(struct command *c, const char *arguments)
{
	char *at, *rest = NULL;

	*c = (struct command){.argc = 1, .argv = {home}};
	snprintf(c->text, sizeof(c->text), "%s", arguments);
	for (at = strtok_r(c->text, " ", &rest); at; at = strtok_r(NULL, " ", &rest)) {
		assert_true(c->argc < ARGUMENTS - 1);
		c->argv[c->argc++] = at;
	}
}

int load(struct options *o, enum program program, const char *arguments, char *error)
{
	struct command c;

	split(&c, arguments);
	error[0] = '\0';
	return options_load(o, program, c.argc, c.argv, error);
}

const char *in_home(const char *name)
{
	static char path[128];

	snprintf(path, sizeof(path), "%s/%s", home, name);
	return path;
}

void put_bytes(const char *name, const char *bytes, size_t size)
{
	FILE *file = fopen(name, "w");

	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, size, file), size);
	assert_int_equal(fclose(file), 0);
}

void put(const char *name, const char *text)
{
	put_bytes(name, text, strlen(text));
}

const char *get(const char *name)
{
	static char text[TEXT];
	FILE *file = fopen(name, "r");
	size_t size;

	assert_non_null(file);
	size = fread(text, 1, sizeof(text) - 1, file);
	fclose(file);
	text[size] = '\0';
	return text;
}

void make_folder(const char *name)
{
	assert_int_equal(mkdir(name, 0755), 0);
}

static void pick(void *context, const char *name, const char *json)
{
	struct wanted *w = context;

	if (strcmp(name, w->name) == 0)
		snprintf(w->json, sizeof(w->json), "%s", json);
}

void assert_setting(const struct options *o, const char *name, const char *json)
{
	struct wanted w = {.name = name};

	options_each(o, pick, &w);
	if (strcmp(w.json, json) != 0)
		fail_msg("%s is %s, not %s", name, w.json, json);
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

int set_up(void **state)
{
	const struct option_row *row;
	char variable[OPTION_NAME];

	(void)state;
	for (row = options_table; row < options_table + options_rows; row++)
		unsetenv(option_variable(row->name, variable));
	unsetenv("XDG_CONFIG_HOME");
	strcpy(home + strlen(home) - strlen("XXXXXX"), "XXXXXX");
	if (!mkdtemp(home) || chdir(home))
		return -1;
	return setenv("HOME", home, 1);
}

int tear_down(void **state)
{
	(void)state;
	return chdir("/") || nftw(home, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}
