/* The dialog for rate and duration of the next tests. It only edits text: nothing waits for it. The screen's
 * thread only. */
#ifndef TUI_PANELS_TEST_DIALOG_H
#define TUI_PANELS_TEST_DIALOG_H

#include "proto/config/options.h"
#include "tui/panels/ui.h"

void terms_open(struct ui_terms *t, const struct view *v);

/* A key that is not Enter. */
void terms_key(struct ui_terms *t, int key);

/* Enter: true when both fields are good and now in `o`; otherwise the dialog says what is wrong. */
bool terms_take(struct ui_terms *t, struct options *o);

#endif
