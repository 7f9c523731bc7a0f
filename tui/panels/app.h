/* The screen's thread: keys in, frames out. It owns curses, focus, freeze and history, and knows the engine
 * only through the bridge. */
#ifndef TUI_PANELS_APP_H
#define TUI_PANELS_APP_H

#include "tui/panels/app_state.h"

enum { APP_FRAME_MS = 100 };

/* Opens the terminal and starts the thread. 0 or -errno; -ENOTTY: this terminal can't be used. */
int app_start(struct app *a, const struct options *options, struct bridge *bridge);

/* After bridge_end: joins the thread, however stuck its terminal is, and gives the terminal back. */
void app_stop(struct app *a);

#endif
