/* wyndrvr: the client. Chooses what to run. */
#include <errno.h>
#include <limits.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proto/log.h"
#include "proto/options.h"
#include "tui/exits.h"
#include "tui/plain.h"

/* What the options ask for instead of measuring. -1: to measure. */
static int other_work(const struct options *o, int argc, char **argv)
{
	char error[OPTIONS_ERROR], *text = NULL;

	if (o->help) {
		text = options_help(PROGRAM_CLIENT);
		fputs(text ? text : "", stdout);
	} else if (o->version) {
		puts("wyndrvr " WYNDRVR_VERSION);
	} else if (o->create_config) {
		if (options_create_config(o, PROGRAM_CLIENT, argc, argv, &text, error)) {
			fprintf(stderr, "wyndrvr: %s\n", error);
			return EXIT_USAGE;
		}
		fputs(text, stdout);
	} else {
		return -1;
	}
	free(text);
	return EXIT_DONE;
}

/* The server is a program of its own: the one beside this one (or beside it in the build tree), else
 * the one in PATH. */
static int become_server(int argc, char **argv)
{
	static const char *const place[] = {"", "../server/"};
	char **arguments = calloc((size_t)argc + 1, sizeof *arguments);
	char self[PATH_MAX] = {0}, path[2 * PATH_MAX];
	char *slash;
	int n = 0;

	if (!arguments)
		return EXIT_INCOMPLETE;
	arguments[n++] = "wyndrvrd";
	for (int i = 1; i < argc; i++)
		if (strcmp(argv[i], "--server") != 0 && strcmp(argv[i], "--no-tui") != 0)
			arguments[n++] = argv[i];
	if (readlink("/proc/self/exe", self, sizeof self - 1) > 0 && (slash = strrchr(self, '/'))) {
		slash[1] = '\0';
		for (unsigned i = 0; i < sizeof place / sizeof *place; i++) {
			snprintf(path, sizeof path, "%s%swyndrvrd", self, place[i]);
			execv(path, arguments);
		}
	}
	execvp("wyndrvrd", arguments);
	fprintf(stderr, "wyndrvr: wyndrvrd, the server: %s\n", strerror(errno));
	free(arguments);
	return EXIT_INCOMPLETE;
}

int main(int argc, char **argv)
{
	struct options options;
	char error[OPTIONS_ERROR];
	int status;

	if (sodium_init() < 0) {
		fprintf(stderr, "wyndrvr: no source of random numbers\n");
		return EXIT_INCOMPLETE;
	}
	if (options_load(&options, PROGRAM_CLIENT, argc, argv, error)) {
		fprintf(stderr, "wyndrvr: %s\n", error);
		return EXIT_USAGE;
	}
	status = other_work(&options, argc, argv);
	if (status >= 0)
		return status;
	if (options.server)
		return become_server(argc, argv);
	log_set_level(options.json ? LOG_ERRORS : options.test_verbose ? LOG_VERBOSE : LOG_NORMAL);
	return plain_run(&options);
}
