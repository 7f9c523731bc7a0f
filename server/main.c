/* wyndrvrd: the headless server. Sets up, runs the main loop, cleans up. */
#include <netdb.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "proto/config/options.h"
#include "proto/config/run_once.h"
#include "proto/engine/runner.h"
#include "proto/sys/log.h"
#include "proto/sys/signals.h"
#include "proto/wire/keys.h"
#include "server/listener.h"

enum { EXIT_USAGE = 2 };

/* A client takes four descriptors, more in THREAD mode: we take as many as we are allowed. */
static void raise_descriptor_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit))
		return;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

static int serve(const struct options *o, const struct keys *keys, const struct address *local)
{
	struct runner_home home;
	struct signals signals;
	struct listener *listener;
	char name[ADDRESS_TEXT];
	int error = runner_home_open(&home, o);

	if (error)
		goto out;
	error = signals_open(&signals, home.loop);
	if (error)
		goto out_home;
	error = listener_open(&listener, o, keys, local, &home);
	if (error)
		goto out_signals;
	log_notice("Server started on %s", address_format(local, name));
	loop_run(home.loop);
	listener_close(listener);

out_signals:
	signals_close(&signals);
out_home:
	runner_home_close(&home);
out:
	if (error) {
		fprintf(stderr, "wyndrvrd: %s: %s\n", address_format(local, name), strerror(-error));
		return EXIT_FAILURE;
	}
	return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
	struct options options;
	struct keys *keys = NULL;
	struct address local;
	char error[OPTIONS_ERROR];
	int status;

	if (sodium_init() < 0) {
		fprintf(stderr, "wyndrvrd: no source of random numbers\n");
		return EXIT_FAILURE;
	}
	if (options_load(&options, PROGRAM_SERVER, argc, argv, error)) {
		fprintf(stderr, "wyndrvrd: %s\n", error);
		return EXIT_USAGE;
	}
	status = run_once(&options, PROGRAM_SERVER, NULL, argc, argv);
	if (status >= 0)
		return status;
	log_set_level(options.test_verbose ? LOG_VERBOSE : LOG_NORMAL);
	raise_descriptor_limit();
	status = address_resolve(&local, options.bind_addr, options.bind_port, true);
	if (status) {
		fprintf(stderr, "wyndrvrd: bind_addr: %s: %s\n", options.bind_addr, gai_strerror(status));
		return EXIT_USAGE;
	}
	if (options.key_file[0] && keys_load(&keys, options.key_file, error)) {
		fprintf(stderr, "wyndrvrd: key_file: %s\n", error);
		return EXIT_USAGE;
	}
	status = serve(&options, keys, &local);
	keys_free(keys);
	return status;
}
