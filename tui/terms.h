/* The dialog for rate and duration of the next tests. It only edits text: nothing waits for it. The screen's
 * thread only. */
#ifndef TUI_TERMS_H
#define TUI_TERMS_H

#include "proto/options.h"
#include "tui/ui.h"

void terms_open(struct ui_terms *t, const struct view *v);

/* A key that is not Enter. */
void terms_key(struct ui_terms *t, int key);

/* Enter: true when both fields are good and now in `o`; otherwise the dialog says what is wrong. */
bool terms_take(struct ui_terms *t, struct options *o);

#endif
