/* Where everything goes on a screen of any size. A pure function: any thread. */
#ifndef TUI_SCREEN_LAYOUT_H
#define TUI_SCREEN_LAYOUT_H

#include "proto/record/snapshot.h"
#include "tui/screen/canvas.h"

enum {
	LAYOUT_ROWS_MIN = 5, /* below these there is only the request for a larger one */
	LAYOUT_COLS_MIN = 30,
	LAYOUT_WIDE_COLS = 150, /* from here on results and events stand beside the panels */
};

/* What has no room has no rows: below the least size, all but the head. */
struct layout {
	struct rect head, panel[PORT_KINDS], results, server, log, help;
};

struct layout_wish {
	enum port_kind focus;
	bool zoomed; /* the focused panel alone */
	bool server; /* the server's side is watched */
};

struct layout layout_make(int rows, int cols, const struct layout_wish *wish);

/* Which panel is at this place; PORT_KINDS: none. */
enum port_kind layout_panel_at(const struct layout *l, int row, int col);

#endif
