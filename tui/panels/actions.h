/* What keys do. The screen's thread only. */
#ifndef TUI_PANELS_ACTIONS_H
#define TUI_PANELS_ACTIONS_H

#include "tui/panels/app_state.h"
#include "tui/screen/layout.h"

/* A key as screen_key reports it, with the place of a click. */
void actions_key(struct app *a, const struct layout *l, int key, int row, int col);

/* Shows a message in the help line for a while. */
__attribute__((format(printf, 2, 3))) void actions_notice(struct app *a, const char *format, ...);

/* save.c: files in the working directory, named by time; a message says how it went. */
void save_picture(struct app *a);
void save_document(struct app *a, const char *document);

#endif
