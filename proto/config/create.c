/* Owns the writing of a configuration file: a new one with every setting, or new values in some lines of
 * an existing one.
 *
 * The parser that loads a file also walks an existing one here, while it is copied: only the bytes of a
 * value are replaced. A file that the parser refuses is left alone, and so is one whose new text it would
 * refuse. A file is replaced as a whole, by rename(). */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proto/config/table.h"

static const char preamble[] =
	"# Settings for wyndrvr and wyndrvrd, one KEY=VALUE per line; # starts a comment.\n"
	"# Flags and WYNDRVR_* variables override them.\n";

/* One call of options_create_config(). */
struct job {
	const struct option_arguments *a;
	const char *path;
	FILE *report;
	char *error;
};

struct text {
	char *bytes; /* NUL-terminated */
	size_t size;
};

/* The copy of an existing file while it is walked. */
struct copy {
	const struct job *job;
	const char *from;
	unsigned line; /* lines copied */
	FILE *to;
	bool seen[OPTIONS_ROWS_MAX];
	bool changed;
};

static int fail(const struct job *job, int number)
{
	return option_system_error(job->error, job->path, number);
}

static int walk_text(const struct job *job, const struct text *text, option_visit *visit, void *context)
{
	FILE *file = fmemopen(text->bytes, text->size, "r");
	int err;

	if (!file)
		return fail(job, errno);
	err = option_walk_file(file, job->path, visit, context, job->error);
	fclose(file);
	return err;
}

static int accept_pair(void *context, const struct option_pair *pair, char problem[OPTION_PROBLEM])
{
	(void)context;
	(void)pair;
	(void)problem;
	return 0;
}

static int read_all(const struct job *job, int fd, struct text *text)
{
	FILE *out = open_memstream(&text->bytes, &text->size);
	char block[4096];
	ssize_t got;
	int err = 0;

	if (!out)
		return fail(job, errno);
	while ((got = read(fd, block, sizeof(block))) > 0)
		fwrite(block, 1, (size_t)got, out);
	if (got < 0)
		err = fail(job, errno);
	if (fclose(out) && !err)
		err = fail(job, ENOMEM);
	return err;
}

static int write_all(int fd, const struct text *text)
{
	size_t done = 0;
	ssize_t sent;

	while (done < text->size) {
		sent = write(fd, text->bytes + done, text->size - done);
		if (sent < 0 && errno != EINTR)
			return -errno;
		done += sent > 0 ? (size_t)sent : 0;
	}
	return fsync(fd) ? -errno : 0;
}

/* A symbolic link stays one: its target is replaced. */
static int replace(const struct job *job, const struct text *text, const struct stat *old)
{
	char *real = realpath(job->path, NULL);
	const char *path = real ? real : job->path;
	const mode_t mask = umask(0);
	const mode_t mode = old ? old->st_mode & 07777 : 0666 & ~mask;
	char temporary[PATH_MAX];
	int fd = -1, err = 0;

	umask(mask);
	if (snprintf(temporary, sizeof(temporary), "%s.XXXXXX", path) >= PATH_MAX)
		err = -ENAMETOOLONG;
	else if ((fd = mkostemp(temporary, O_CLOEXEC)) < 0)
		err = -errno;
	if (err)
		goto out;
	err = write_all(fd, text);
	if (!err && fchmod(fd, mode))
		err = -errno;
	if (close(fd) && !err)
		err = -errno;
	if (!err && rename(temporary, path))
		err = -errno;
	if (err)
		unlink(temporary);
out:
	free(real);
	return err ? fail(job, -err) : 0;
}

static int make_folders(const struct job *job)
{
	char folder[PATH_MAX];
	char *slash = strcpy(folder, job->path);

	while ((slash = strchr(slash + 1, '/'))) {
		*slash = '\0';
		if (mkdir(folder, 0755) && errno != EEXIST)
			return option_system_error(job->error, folder, errno);
		*slash = '/';
	}
	return 0;
}

static int render(const struct job *job, struct text *text)
{
	FILE *out = open_memstream(&text->bytes, &text->size);
	char description[OPTION_DESCRIPTION];
	const char *value;
	size_t i;

	if (!out)
		return fail(job, errno);
	fputs(preamble, out);
	for (i = 0; i < options_rows; i++) {
		if (options_table[i].flag_only)
			continue;
		value = job->a->text[i] ? job->a->text[i] : options_table[i].fallback;
		fprintf(out, "\n# %s\n%s=%s\n", option_describe(&options_table[i], description),
			options_table[i].name, value);
	}
	return fclose(out) ? fail(job, ENOMEM) : 0;
}

static int create(const struct job *job)
{
	struct text text = {.bytes = NULL};
	int err = render(job, &text);

	if (!err)
		err = walk_text(job, &text, accept_pair, NULL);
	if (!err)
		err = make_folders(job);
	if (!err)
		err = replace(job, &text, NULL);
	if (!err)
		fprintf(job->report, "Created configuration file: %s\n", job->path);
	free(text.bytes);
	return err;
}

/* Copies until `line` lines have been copied, or all. */
static void copy_lines(struct copy *c, unsigned line)
{
	const char *end;

	while (c->line < line && *c->from) {
		end = strchrnul(c->from, '\n');
		end += *end == '\n';
		fwrite(c->from, 1, (size_t)(end - c->from), c->to);
		c->from = end;
		c->line++;
	}
}

static void report_change(struct copy *c, const char *key, const char *from, const char *to)
{
	if (!c->changed)
		fprintf(c->job->report, "WARNING: Edited existing configuration file: %s\n", c->job->path);
	fprintf(c->job->report, "%s: %s -> %s\n", key, from, to);
	c->changed = true;
}

static int copy_pair(void *context, const struct option_pair *pair, char problem[OPTION_PROBLEM])
{
	struct copy *c = context;
	const char *text = c->job->a->text[pair->row];
	const char *value;

	(void)problem;
	c->seen[pair->row] = true;
	if (!text || strcmp(text, pair->value) == 0)
		return 0;
	copy_lines(c, pair->line - 1);
	/* The parser's value is the text after the first separator, trimmed. */
	value = strstr(strpbrk(c->from, "=:") + 1, pair->value);
	fwrite(c->from, 1, (size_t)(value - c->from), c->to);
	fputs(text, c->to);
	c->from = value + strlen(pair->value);
	report_change(c, pair->key, pair->value, text);
	return 0;
}

static void append_missing(struct copy *c, const struct text *old)
{
	const char *line_end = strstr(old->bytes, "\r\n") ? "\r\n" : "\n";
	bool unfinished = old->size && old->bytes[old->size - 1] != '\n';
	size_t i;

	for (i = 0; i < options_rows; i++) {
		if (!c->job->a->text[i] || c->seen[i] || options_table[i].flag_only)
			continue;
		fprintf(c->to, "%s%s=%s%s", unfinished ? line_end : "", options_table[i].name,
			c->job->a->text[i], line_end);
		unfinished = false;
		report_change(c, options_table[i].name, "(not set)", c->job->a->text[i]);
	}
}

/* `*changed` is the new text; empty when nothing changes. */
static int rewrite(const struct job *job, const struct text *old, struct text *changed)
{
	struct copy c = {.job = job, .from = old->bytes};
	int err;

	c.to = open_memstream(&changed->bytes, &changed->size);
	if (!c.to)
		return fail(job, errno);
	err = walk_text(job, old, copy_pair, &c);
	copy_lines(&c, UINT_MAX);
	append_missing(&c, old);
	if (fclose(c.to) && !err)
		err = fail(job, ENOMEM);
	if (!c.changed)
		changed->size = 0;
	return err;
}

static int edit(const struct job *job, int fd)
{
	struct text old = {.bytes = NULL}, changed = {.bytes = NULL};
	struct stat st;
	int err = fstat(fd, &st) ? fail(job, errno) : 0;

	if (!err)
		err = read_all(job, fd, &old);
	if (!err)
		err = rewrite(job, &old, &changed);
	if (!err && !changed.size) {
		fprintf(job->report, "Configuration file unchanged: %s\n", job->path);
	} else if (!err) {
		err = walk_text(job, &changed, accept_pair, NULL);
		if (!err)
			err = replace(job, &changed, &st);
	}
	free(old.bytes);
	free(changed.bytes);
	return err;
}

int options_create_config(const struct options *o, enum program program, int argc, char **argv, char **report,
	char error[OPTIONS_ERROR])
{
	struct option_arguments a;
	char path[PATH_MAX];
	struct job job = {.a = &a, .path = path, .error = error};
	size_t size;
	int fd, err = option_read_arguments(&a, program, argc, argv, error);

	*report = NULL;
	if (!err)
		err = option_find_file(o, path, error);
	if (!err && !path[0])
		err = option_system_error(error, "no home folder; --config can name a file", ENOENT);
	if (err)
		return err;
	job.report = open_memstream(report, &size);
	if (!job.report)
		return fail(&job, errno);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0)
		err = edit(&job, fd);
	else
		err = errno == ENOENT ? create(&job) : fail(&job, errno);
	if (fd >= 0)
		close(fd);
	if (fclose(job.report) && !err)
		err = fail(&job, ENOMEM);
	if (!err)
		return 0;
	free(*report);
	*report = NULL;
	return err;
}
