#include "tui/panels/panels.h"

#include <errno.h>
#include <locale.h>
#include <netdb.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proto/sys/clock.h"
#include "proto/sys/log.h"
#include "proto/sys/signals.h"
#include "tui/client/controller.h"
#include "tui/client/exits.h"
#include "tui/panels/app.h"

struct panels {
	struct controller controller;
	struct bridge bridge;
	struct app app;
	struct signals signals;
};

bool panels_possible(void)
{
	const char *terminal = getenv("TERM");

	return isatty(STDIN_FILENO) && isatty(STDOUT_FILENO) && terminal && terminal[0] &&
	       strcmp(terminal, "dumb") != 0;
}

static void interrupted(void *context)
{
	struct panels *p = context;

	controller_interrupt(&p->controller);
}

static int run(struct panels *p, const struct controller_plan *plan)
{
	int error = signals_open(&p->signals, plan->home->loop);

	if (error)
		return error;
	/* Stopped from outside the screen would be left as it is: ^Z is a key here. */
	signal(SIGTSTP, SIG_IGN);
	p->signals.caught_one = interrupted;
	p->signals.context = p;
	error = controller_open(&p->controller, plan);
	if (error)
		goto out;
	error = app_start(&p->app, plan->options, &p->bridge);
	if (error)
		goto out_pilot;
	signals_set_last_act(screen_restore);
	loop_run(plan->home->loop);
	signals_extend();
	bridge_end(&p->bridge);
	app_stop(&p->app);
	signals_set_last_act(NULL);

out_pilot:
	controller_close(&p->controller);
out:
	signals_close(&p->signals);
	return error;
}

static int exit_code(const struct panels *p)
{
	if (p->signals.caught)
		return EXIT_SIGNAL + p->signals.caught;
	if (p->controller.hung_up)
		return EXIT_SIGNAL + SIGHUP;
	return controller_exit_code(&p->controller);
}

static void tell_results(const struct panels *p)
{
	const struct controller *controller = &p->controller;

	printf("wyndrvr %s\n", controller->view.server);
	if (controller->view.problem[0])
		printf("%s\n", controller->view.problem);
	report_text_end(stdout, &controller->report);
	fflush(stdout);
}

int panels_run(const struct options *options, const struct key *key)
{
	static struct panels panels; /* large, and there is one */
	struct runner_home home;
	struct controller_plan plan = {
		.options = options,
		.key = key,
		.home = &home,
		.bridge = &panels.bridge,
		.watch = options->watch,
	};
	int error;

	setlocale(LC_CTYPE, "");
	log_set_level(LOG_QUIET); /* the screen is no place for lines */
	error = address_resolve(&plan.server, options->host, options->port, false);
	if (error) {
		fprintf(stderr, "wyndrvr: %s: %s\n", options->host, gai_strerror(error));
		return EXIT_UNREACHED;
	}
	error = runner_home_open(&home, options);
	if (error) {
		fprintf(stderr, "wyndrvr: %s\n", strerror(-error));
		return EXIT_INCOMPLETE;
	}
	bridge_init(&panels.bridge, loop_wake_fd(home.loop));
	error = run(&panels, &plan);
	runner_home_close(&home);
	if (error == -ENOTTY)
		fprintf(stderr, "wyndrvr: a terminal of type \"%s\" can't show the panels; see --no-tui\n",
			getenv("TERM"));
	else if (error)
		fprintf(stderr, "wyndrvr: %s\n", strerror(-error));
	else
		tell_results(&panels);
	error = error ? EXIT_INCOMPLETE : exit_code(&panels);
	report_free(&panels.controller.report);
	bridge_free(&panels.bridge);
	return error;
}
