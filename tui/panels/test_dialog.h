/* The dialog for rate and duration of the next tests. It only edits text: nothing waits for it. The screen's
 * thread only. */
#ifndef TUI_PANELS_TEST_DIALOG_H
#define TUI_PANELS_TEST_DIALOG_H

#include "proto/config/options.h"
#include "tui/panels/ui.h"

void test_dialog_open(struct ui_test_dialog *t, const struct view *v);

/* A key that is not Enter. */
void test_dialog_key(struct ui_test_dialog *t, int key);

/* Enter: true when both fields are valid and now in `o`; otherwise the dialog says what is wrong. */
bool test_dialog_take(struct ui_test_dialog *t, struct options *o);

#endif
