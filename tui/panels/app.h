/* The screen's thread: keys in, frames out. It owns curses, focus, freeze and history, and knows the engine
 * by the bridge alone. */
#ifndef TUI_PANELS_APP_H
#define TUI_PANELS_APP_H

#include <pthread.h>

#include "tui/client/bridge.h"
#include "tui/panels/ui.h"
#include "tui/screen/screen.h"

enum { APP_FRAME_MS = 100 };

struct app {
	struct bridge *bridge;
	struct screen *screen;
	struct options options; /* a copy: theme, rate and duration change here */
	struct ui ui;
	struct history history;
	struct view view;
	pthread_t thread;
	int ended_fd; /* an event fd: readable when the thread is through */
};

/* Opens the terminal and starts the thread. 0 or -errno; -ENOTTY: this terminal can't be used. */
int app_start(struct app *a, const struct options *options, struct bridge *bridge);

/* After bridge_end: joins the thread, however stuck its terminal is, and gives the terminal back. */
void app_stop(struct app *a);

#endif
