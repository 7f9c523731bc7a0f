/* How each style looks: by the theme, and by what the terminal can do. The screen's thread. */
#ifndef TUI_SCREEN_THEME_H
#define TUI_SCREEN_THEME_H

#include "proto/config/options.h"
#include "tui/screen/canvas.h"

/* What the terminal can show. */
struct theme_terminal {
	int colours; /* 0: none */
	int pairs;
};

/* Foreground and background, -1: the terminal's own; and the curses attributes. */
struct theme_look {
	short foreground, background;
	unsigned long attributes;
};

/* The look of a style. With 8 or 16 colours the nearest of those, without colours by attributes alone:
 * nothing is told by colour alone in any case. */
struct theme_look theme_look(
	enum option_theme theme, enum style style, const struct theme_terminal *terminal);

#endif
