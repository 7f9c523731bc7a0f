/* The job's side of the panels: does what the screen's commands say, and shows the job to it. The job calls
 * it: the main thread only. */
#ifndef TUI_CLIENT_CONTROLLER_H
#define TUI_CLIENT_CONTROLLER_H

#include "tui/client/bridge.h"
#include "tui/client/job.h"

struct controller {
	struct job job;
	struct bridge bridge;
	struct session_snapshot before; /* what the events so far cover */
	struct view view;
};

/* Opens the job, and the bridge to the screen. Returns what job_open does; to be freed in either case. */
int controller_open(struct controller *p, const struct options *options, const struct key *key);
void controller_free(struct controller *p);

#endif
