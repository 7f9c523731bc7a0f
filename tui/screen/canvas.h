/* A grid of styled characters that panels draw on: what the terminal is to show, before any terminal is
 * there. Everything outside the grid is clipped. One thread. */
#ifndef TUI_SCREEN_CANVAS_H
#define TUI_SCREEN_CANVAS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <wchar.h>

/* What a character means; the theme says how it looks. */
enum style {
	STYLE_TEXT,
	STYLE_DIM,
	STYLE_LABEL,
	STYLE_VALUE,
	STYLE_TITLE,
	STYLE_FOCUS, /* the title of the panel that has the focus */
	STYLE_HEAD,  /* the first line */
	STYLE_KEY,   /* a key's name in the help */
	STYLE_GOOD,
	STYLE_WARN,
	STYLE_BAD,
	STYLE_RATE,
	STYLE_LATENCY,
	STYLE_LOSS,
	STYLE_BOX, /* a dialog's or an overlay's text */
	STYLES,
};

/* Signs that have a stand-in where the terminal knows ASCII only. */
enum glyph {
	GLYPH_RULE,
	GLYPH_UP,
	GLYPH_DOWN,
	GLYPH_TO,
	GLYPH_LOST,
	GLYPH_FOCUS,
	GLYPH_FULL, /* of a progress bar */
	GLYPH_EMPTY,
	GLYPH_AXIS,
	GLYPH_MORE,
	GLYPHS,
};

struct rect {
	int row, col, rows, cols;
};

struct canvas_cell {
	wchar_t ch;
	enum style style;
};

struct canvas {
	int rows, cols;
	bool utf8;
	bool grey; /* everything drawn is stale: every style becomes STYLE_DIM */
	struct canvas_cell *cell;
};

/* (Re)sizes and clears. 0 or -ENOMEM, and then nothing has changed. */
int canvas_resize(struct canvas *c, int rows, int cols);
void canvas_free(struct canvas *c);
void canvas_clear(struct canvas *c, struct rect r);

void canvas_put(struct canvas *c, int row, int col, wchar_t ch, enum style style);
wchar_t canvas_glyph(const struct canvas *c, enum glyph glyph);

/* UTF-8 text, cut at `width` columns; returns the columns used. What is not one column wide is shown
 * as '?'. */
int canvas_text(struct canvas *c, int row, int col, int width, enum style style, const char *text);
__attribute__((format(printf, 6, 7))) int canvas_printf(
	struct canvas *c, int row, int col, int width, enum style style, const char *format, ...);

/* The columns that a text takes, if it is UTF-8. */
int canvas_columns(const char *text);

/* A line of text from here to the right end of `r`, word by word; everything from the first word that does
 * not fit is left out. */
struct canvas_line {
	struct canvas *canvas;
	int row, col, end;
	bool full;
};
struct canvas_line canvas_line(struct canvas *c, struct rect r, int row);
__attribute__((format(printf, 3, 4))) void line_add(
	struct canvas_line *l, enum style style, const char *format, ...);

/* A label and a value behind it: both or neither. */
__attribute__((format(printf, 4, 5))) void line_field(
	struct canvas_line *l, const char *label, enum style style, const char *format, ...);
void line_glyph(struct canvas_line *l, enum style style, enum glyph glyph);

/* A horizontal rule over the first row of `r`. */
void canvas_rule(struct canvas *c, struct rect r, enum style style);

/* The text alone, a line each row, blanks at the end cut. */
void canvas_write(const struct canvas *c, FILE *out);

#endif
