#include "tui/panels/panels.h"

#include <errno.h>
#include <locale.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proto/sys/log.h"
#include "proto/sys/signals.h"
#include "tui/client/controller.h"
#include "tui/panels/app.h"

struct panels {
	struct controller controller;
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

	job_interrupt(&p->controller.job, p->signals.caught);
}

static int run(struct panels *p)
{
	struct job *job = &p->controller.job;
	int error = signals_open(&p->signals, job->home.loop);

	if (error)
		goto out;
	/* A stop from outside would leave the screen as it is: ^Z is a key here. */
	signal(SIGTSTP, SIG_IGN);
	p->signals.caught_one = interrupted;
	p->signals.context = p;
	error = app_start(&p->app, job->plan.options, &p->controller.bridge);
	if (error)
		goto out;
	signals_set_last_act(screen_restore);
	job_run(job);
	signals_extend();
	bridge_end(&p->controller.bridge);
	app_stop(&p->app);
	signals_set_last_act(NULL);

out:
	job_close(job);
	signals_close(&p->signals);
	return error;
}

static void tell_results(const struct job *job)
{
	printf("wyndrvr %s\n", job->report.server);
	if (job->words.brief[0])
		printf("%s\n", job->words.brief);
	if (job->was_up)
		report_text_end(stdout, &job->report);
	fflush(stdout);
}

int panels_run(const struct options *options, const struct key *key)
{
	static struct panels panels; /* large, and there is one */
	struct job *job = &panels.controller.job;
	int error, status;

	setlocale(LC_CTYPE, "");
	log_set_level(LOG_QUIET); /* the screen is no place for lines */
	if (controller_open(&panels.controller, options, key)) {
		fprintf(stderr, "wyndrvr: %s\n", job->report.error);
		goto out;
	}
	error = run(&panels);
	if (error == -ENOTTY)
		fprintf(stderr, "wyndrvr: a terminal of type \"%s\" can't show the panels; see --no-tui\n",
			getenv("TERM"));
	else if (error)
		fprintf(stderr, "wyndrvr: %s\n", strerror(-error));
	else
		tell_results(job);
	if (error)
		job_break(job, error);
out:
	status = job_exit_code(job);
	controller_free(&panels.controller);
	return status;
}
