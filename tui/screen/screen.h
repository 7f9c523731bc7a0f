/* The terminal: nothing else talks to curses. The terminal is as it was before on every way out, a crash
 * included. One screen in a process; its thread only, but for screen_unblock. */
#ifndef TUI_SCREEN_SCREEN_H
#define TUI_SCREEN_SCREEN_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "proto/config/options.h"
#include "tui/screen/canvas.h"

struct screen;

/* What screen_key reports beside curses' keys. */
enum {
	SCREEN_NOTHING = -1,
	SCREEN_GONE = -2,
	SCREEN_CLICK = -3,
	SCREEN_WHEEL_UP = -4,
	SCREEN_WHEEL_DOWN = -5
};

struct screen_plan {
	const char *terminal; /* NULL: TERM says */
	FILE *out, *in;
	enum option_theme theme;
	bool ascii; /* whatever the locale says */
};

/* NULL when this terminal can't be used, with errno or errno 0 for an unknown type. */
struct screen *screen_open(const struct screen_plan *plan);
void screen_close(struct screen *s);

/* The canvas to draw on: as large as the terminal is now. NULL when there is no memory. */
struct canvas *screen_canvas(struct screen *s);

/* Shows the canvas. */
void screen_show(struct screen *s);

/* Waits up to `wait_ms` for a key: a character, a KEY_ of curses, or one of the above. Where a click was is
 * in *row and *col. */
int screen_key(struct screen *s, int wait_ms, int *row, int *col);

void screen_set_theme(struct screen *s, enum option_theme theme);

/* Leaves the terminal to the shell until the process is continued. */
void screen_suspend(struct screen *s);

/* Any thread: makes a write to a terminal that has stopped reading fail or return, so that the screen can
 * end. What it has not shown is lost. */
void screen_unblock(void);

/* Puts the terminal right at once, from a signal's handler: before a process ends that can't wait. */
void screen_restore(void);

#endif
