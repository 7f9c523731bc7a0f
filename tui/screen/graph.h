/* Graphs as pure functions from samples to cells: an area over time, the newest sample at the right edge. Any
 * thread. */
#ifndef TUI_SCREEN_GRAPH_H
#define TUI_SCREEN_GRAPH_H

#include "tui/screen/canvas.h"

/* One point in time. */
struct graph_sample {
	float value; /* negative: unknown, nothing is drawn */
	bool lost;   /* marked on the top row */
};

enum { GRAPH_AXIS_COLS = 9 };

/* Samples that fit side by side into `cols`: braille has two in a cell. */
unsigned graph_samples(const struct canvas *c, int cols);

/* The lowest of 1, 1.5, 2, 3, 5, 7.5 x 10^k that is not below `value`; 1 for what is not above 0. */
double graph_top(double value);

/* The last graph_samples() of `sample`, the newest right; `top` is the value of a full column. */
struct graph {
	const struct graph_sample *sample;
	unsigned count;
	double top;
	enum style style;
};
void graph_draw(struct canvas *c, struct rect r, const struct graph *g);

/* The scale left of a graph: `top` in words at its first row, 0 at its last. */
void graph_axis(struct canvas *c, struct rect r, const char *top);

/* A part of a bar, 0..1. */
void graph_bar(struct canvas *c, struct rect r, double part, enum style style);

/* A strip of darkness, `count` values from 0 to 255 spread over the row. */
void graph_strip(struct canvas *c, struct rect r, const uint8_t *value, unsigned count);

#endif
