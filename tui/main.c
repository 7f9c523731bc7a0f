/* wyndrvr: the client. Chooses what to run. */
#include <errno.h>
#include <limits.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proto/config/options.h"
#include "proto/config/run_once.h"
#include "proto/sys/log.h"
#include "proto/wire/keys.h"
#include "tui/client/cause.h"
#include "tui/client/plain.h"
#include "tui/manual.h"
#include "tui/panels/panels.h"

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
	struct keys *keys = NULL;
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
	status = run_once(&options, PROGRAM_CLIENT, manual_sections(), argc, argv);
	if (status >= 0)
		return status;
	if (options.server)
		return become_server(argc, argv);
	log_set_level(options.json ? LOG_ERRORS : options.test_verbose ? LOG_VERBOSE : LOG_NORMAL);
	if (options.key_file[0] && keys_load(&keys, options.key_file, error)) {
		fprintf(stderr, "wyndrvr: key_file: %s\n", error);
		return EXIT_USAGE;
	}
	if (!options.no_tui && !options.json && !options.count && panels_possible())
		status = panels_run(&options, keys ? keys_first(keys) : NULL);
	else
		status = plain_run(&options, keys ? keys_first(keys) : NULL);
	keys_free(keys);
	return status;
}
