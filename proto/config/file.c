/* Owns the reading of a configuration file: where it is, and what its lines mean. inih parses the lines;
 * the reader in front of it counts them and deals with what inih would accept or misread: sections,
 * "# comments" after a value, indented lines (a continuation to inih), NUL bytes, and lines longer than its
 * buffer. */
#include <errno.h>
#include <ini.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proto/config/table.h"
#include "proto/sys/text.h"

enum { KEY_SHOWN = 48 };

struct walk {
	FILE *file;
	const char *path;
	option_visit *visit;
	void *context;
	char *line; /* getline's */
	size_t room;
	unsigned number;
	unsigned seen[OPTIONS_ROWS_MAX]; /* the line of each key; 0: not seen yet */
	int err;
	char *error;
};

__attribute__((format(printf, 2, 3))) static int refuse(struct walk *w, const char *format, ...)
{
	char what[KEY_SHOWN + OPTION_PROBLEM];
	va_list rest;

	va_start(rest, format);
	vsnprintf(what, sizeof(what), format, rest);
	va_end(rest);
	snprintf(w->error, OPTIONS_ERROR, "%.*s:%u: %s", OPTION_PATH_SHOWN, w->path, w->number, what);
	w->err = -EINVAL;
	return w->err;
}

int option_system_error(char error[OPTIONS_ERROR], const char *path, int number)
{
	snprintf(error, OPTIONS_ERROR, "%.*s: %s", OPTION_PATH_SHOWN, path, strerror(number));
	return -number;
}

/* Cuts off a comment: a '#' or ';' at the start of the line or after a blank, and the rest. */
static void cut_comment(char *line)
{
	char *at;

	for (at = line; (at = strpbrk(at, "#;")); at++) {
		if (at > line && at[-1] != ' ' && at[-1] != '\t')
			continue;
		*at = '\0';
		return;
	}
}

/* As fgets(); NULL at the end of the file and once the walk has failed. */
static char *read_line(char *out, int room, void *context)
{
	static const char bom[] = "\xef\xbb\xbf";
	const size_t most = (size_t)room - sizeof("\r\n"); /* what inih promises to hold */
	struct walk *w = context;
	ssize_t size;
	char *at;

	if (w->err)
		return NULL;
	size = getline(&w->line, &w->room, w->file);
	if (size < 0) {
		if (!feof(w->file))
			w->err = option_system_error(w->error, w->path, errno);
		return NULL;
	}
	w->number++;
	at = w->line;
	if (strlen(at) != (size_t)size)
		refuse(w, "a NUL byte; allowed: text");
	if (w->number == 1 && strncmp(at, bom, strlen(bom)) == 0)
		at += strlen(bom);
	at += strspn(at, " \t");
	cut_comment(at);
	at[strcspn(at, "\r\n")] = '\0';
	if (*at == '[')
		refuse(w, "a section; allowed: KEY=VALUE without sections");
	else if (strlen(at) > most)
		refuse(w, "too long; allowed: up to %zu characters", most);
	return w->err ? NULL : strcpy(out, at);
}

/* inih's handler: not 0 to go on. */
static int take_pair(void *context, const char *section, const char *name, const char *value)
{
	struct walk *w = context;
	const struct option_row *row = option_find(name);
	struct option_pair pair = {.line = w->number, .key = name, .value = value};
	char key[KEY_SHOWN], problem[OPTION_PROBLEM];

	(void)section;
	text_sanitise(key, sizeof(key), name, strlen(name));
	if (!row || !option_is_taken(row, 0))
		return !refuse(w, "%s: unknown key; the closest is %s", key, option_closest(name, 0));
	pair.row = (size_t)(row - options_table);
	if (w->seen[pair.row])
		return !refuse(w, "%s: there already, on line %u; allowed: once", key, w->seen[pair.row]);
	w->seen[pair.row] = w->number;
	if (w->visit(w->context, &pair, problem))
		return !refuse(w, "%s: %s", key, problem);
	return true;
}

int option_walk_file(
	FILE *file, const char *path, option_visit *visit, void *context, char error[OPTIONS_ERROR])
{
	struct walk w = {.file = file, .path = path, .visit = visit, .context = context, .error = error};
	int bad_line = ini_parse_stream(read_line, &w, take_pair, &w);

	/* inih goes on after a line that it can't parse, so an earlier problem may be known already. */
	if (bad_line > 0 && (!w.err || (unsigned)bad_line < w.number)) {
		w.number = (unsigned)bad_line;
		refuse(&w, "not a setting; allowed: KEY=VALUE, # comment");
	}
	free(w.line);
	return w.err;
}

static int join(char path[PATH_MAX], const char *folder, const char *rest)
{
	size_t size = strlen(folder);
	const char *slash = size && folder[size - 1] == '/' ? "" : "/";
	int needed = snprintf(path, PATH_MAX, "%s%s%s", folder, slash, rest);

	return needed < PATH_MAX ? 0 : -ENAMETOOLONG;
}

static bool is_folder(const char *path)
{
	size_t size = strlen(path);
	struct stat st;

	return path[size - 1] == '/' || (stat(path, &st) == 0 && S_ISDIR(st.st_mode));
}

static const char *home_folder(void)
{
	const char *home = getenv("HOME");
	const struct passwd *user;

	if (home && *home)
		return home;
	user = getpwuid(getuid());
	return user ? user->pw_dir : NULL;
}

/* A relative XDG_CONFIG_HOME is to be ignored (XDG Base Directory Specification). */
static int find_usual(char path[PATH_MAX])
{
	const char *xdg = getenv("XDG_CONFIG_HOME");
	const char *home = home_folder();
	char old[PATH_MAX];
	int err = 0;

	path[0] = '\0';
	if (xdg && *xdg == '/')
		err = join(path, xdg, "wyndrvr/config");
	else if (home)
		err = join(path, home, ".config/wyndrvr/config");
	if (err || !home || access(path, F_OK) == 0)
		return err;
	if (join(old, home, ".wyndrvr/config") == 0 && access(old, F_OK) == 0)
		strcpy(path, old);
	return 0;
}

int option_find_file(const struct options *o, char path[PATH_MAX], char error[OPTIONS_ERROR])
{
	int err = 0;

	if (!o->config[0])
		err = find_usual(path);
	else if (is_folder(o->config))
		err = join(path, o->config, "config");
	else
		strcpy(path, o->config);
	return err ? option_system_error(error, "configuration file", -err) : 0;
}
