/* What the screen's thread holds, for the files that act on it; app.h says who it is. */
#ifndef TUI_PANELS_APP_STATE_H
#define TUI_PANELS_APP_STATE_H

#include <pthread.h>

#include "tui/client/bridge.h"
#include "tui/panels/ui.h"
#include "tui/screen/screen.h"

struct app {
	struct bridge *bridge;
	struct screen *screen;
	struct options options; /* a copy: theme, rate and duration change here */
	struct ui ui;
	struct history history;
	struct view view;
	pthread_t thread;
	int ended_fd; /* an event fd: readable when the thread is done */
};

#endif
