/* Draws the whole screen on a canvas: a pure function of what is known and how the user wants to see it. The
 * parts are internal to the painting, but for tests. Any thread. */
#ifndef TUI_PANELS_PAINT_H
#define TUI_PANELS_PAINT_H

#include "tui/panels/history.h"
#include "tui/panels/ui.h"
#include "tui/screen/canvas.h"
#include "tui/screen/layout.h"

struct scene {
	const struct view *view;
	const struct history *history;
	const struct ui *ui;
	size_t at; /* the moment shown */
};

/* The canvas has the terminal's size. Returns where the parts are, for the mouse. */
struct layout paint(struct canvas *c, const struct scene *scene);

/* A panel: title, figures on the left, graphs on the right. */
void paint_panel(struct canvas *c, struct rect r, const struct scene *scene, enum port_kind kind);

/* The figures of a panel below its round trips, into the rows of `r`. */
void paint_conversation(struct canvas *c, struct rect r, const struct scene *scene);
void paint_data(struct canvas *c, struct rect r, const struct scene *scene, enum port_kind kind);

/* Why a port has refused datagrams; nothing where it has not. */
void paint_rejected(struct canvas *c, struct rect r, const struct moment_port *p);

/* LATENCY_TABLE_ROWS rows: all round trips of a port and its one-way delays. */
enum { LATENCY_TABLE_ROWS = 7 };
void paint_latency_table(struct canvas *c, struct rect r, const struct latency_summary *l);

void paint_head(struct canvas *c, struct rect r, const struct scene *scene);
void paint_results(struct canvas *c, struct rect r, const struct scene *scene);
void paint_server(struct canvas *c, struct rect r, const struct scene *scene);
void paint_log(struct canvas *c, struct rect r, const struct scene *scene);
void paint_help_line(struct canvas *c, struct rect r, const struct scene *scene);

/* Above all else: help, the dialog, why there is no session. */
void paint_over(struct canvas *c, const struct scene *scene);

/* The moment shown; NULL: there is none yet. */
const struct moment *paint_moment(const struct scene *scene);

/* A rule with a title in it; returns where text may continue. */
struct canvas_line paint_title(struct canvas *c, struct rect r, enum style style, const char *title);

#endif
