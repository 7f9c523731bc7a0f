/* What the user has done to the view. Belongs to the screen's thread. */
#ifndef TUI_PANELS_UI_H
#define TUI_PANELS_UI_H

#include "tui/client/view.h"
#include "tui/panels/history.h"
#include "tui/screen/format.h"

enum { UI_FIELD = 24, UI_NOTICE = 100, UI_PROBLEM = 160, UI_SCALES = 7 };

/* The dialog for the next tests' terms. */
struct ui_test_dialog {
	bool open;
	unsigned field; /* 0: rate, 1: duration */
	bool fresh;     /* the first key replaces what is there */
	char text[2][UI_FIELD];
	char problem[UI_PROBLEM];
};

struct ui {
	enum port_kind focus;
	bool zoomed;
	enum unit unit;
	unsigned scale; /* of time: ui_scale_s */
	bool frozen;
	uint64_t at_ns; /* the moment looked at, while frozen */
	bool help;
	int help_row; /* the first that is shown */
	struct ui_test_dialog terms;
	char notice[UI_NOTICE]; /* "" : none */
	uint64_t notice_ns;     /* shown until then */
};

/* Seconds of a graph's sample. */
double ui_scale_s(unsigned scale);

/* The moment that is to be shown; 0 when there is none yet. */
size_t ui_moment(const struct ui *ui, const struct history *h);

/* Moves the view; freezes it, unless that leads to the newest moment. */
void ui_look_at(struct ui *ui, const struct history *h, size_t moment);

/* What is going on, for the help line. */
unsigned ui_situation(const struct ui *ui, const struct view *v);

#endif
