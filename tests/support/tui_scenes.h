/* Scenes for screens, each the end of a small story. */
#ifndef TESTS_SUPPORT_TUI_SCENES_H
#define TESTS_SUPPORT_TUI_SCENES_H

#include <errno.h>

#include "tests/support/tui_fake.h"
#include "tui/panels/paint.h"
#include "tui/panels/test_dialog.h"

enum { SCENE_MBIT = 1000 * 1000 };

void scene_waiting(struct fake *f);
void scene_idle(struct fake *f);

/* An upload that loses now and then, twelve of thirty seconds in. */
void scene_upload(struct fake *f);

void scene_both(struct fake *f);

/* One that lost on the path, one that was ended early. */
void scene_held_up(struct fake *f);
void scene_results(struct fake *f);

void scene_frozen(struct fake *f);
void scene_zoomed(struct fake *f);
void scene_zoomed_control(struct fake *f);
void scene_help(struct fake *f);
void scene_help_end(struct fake *f);
void scene_terms(struct fake *f);
void scene_not_reached(struct fake *f);
void scene_lost(struct fake *f);
void scene_refused(struct fake *f);
void scene_port_failed(struct fake *f);
void scene_classic(struct fake *f);
void scene_watching(struct fake *f);
struct scene scene_of(const struct fake *f);

#endif
