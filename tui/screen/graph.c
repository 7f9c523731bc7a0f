#include "tui/screen/graph.h"

#include <math.h>

unsigned graph_samples(const struct canvas *c, int cols)
{
	return (unsigned)(cols < 0 ? 0 : cols) * (c->utf8 ? 2 : 1);
}

double graph_top(double value)
{
	double decade;

	if (!(value > 0) || !isfinite(value))
		return 1;
	decade = pow(10, floor(log10(value)));
	for (int i = 0; i < 7; i++) {
		static const double step[] = {1, 1.5, 2, 3, 5, 7.5, 10};

		if (value <= step[i] * decade * 1.000001)
			return step[i] * decade;
	}
	return 10 * decade;
}

/* How many of `steps` the sample fills: anything above nothing is seen. */
static int height(const struct graph_sample *s, double top, int steps)
{
	double h;

	if (!(s->value > 0))
		return 0;
	h = ceil((double)s->value / top * steps - 1e-6);
	return h > steps ? steps : h < 1 ? 1 : (int)h;
}

/* Dots of a braille cell's left and right column, from the bottom: U+2800 + the sum of the filled ones. */
static wchar_t braille(int left, int right)
{
	static const int dots[2][5] = {{0, 0x40, 0x44, 0x46, 0x47}, {0, 0x80, 0xa0, 0xb0, 0xb8}};

	return (wchar_t)(0x2800 + dots[0][left] + dots[1][right]);
}

static int within(int filled, int below, int most)
{
	int rest = filled - below;

	return rest < 0 ? 0 : rest > most ? most : rest;
}

static void column_braille(
	struct canvas *c, struct rect r, int col, const struct graph_sample pair[2], const struct graph *g)
{
	int left = height(&pair[0], g->top, r.rows * 4), right = height(&pair[1], g->top, r.rows * 4);

	for (int row = 0; row < r.rows; row++) {
		int below = (r.rows - 1 - row) * 4;
		int l = within(left, below, 4), h = within(right, below, 4);

		if (l || h)
			canvas_put(c, r.row + row, r.col + col, braille(l, h), g->style);
	}
}

static void column_ascii(
	struct canvas *c, struct rect r, int col, const struct graph_sample *sample, const struct graph *g)
{
	static const wchar_t part[] = L" .:#";
	int filled = height(sample, g->top, r.rows * 3);

	for (int row = 0; row < r.rows; row++) {
		int here = within(filled, (r.rows - 1 - row) * 3, 3);

		if (here)
			canvas_put(c, r.row + row, r.col + col, part[here], g->style);
	}
}

void graph_draw(struct canvas *c, struct rect r, const struct graph *g)
{
	static const struct graph_sample none = {.value = -1};
	unsigned each = c->utf8 ? 2 : 1, room = graph_samples(c, r.cols);
	unsigned skip = g->count > room ? g->count - room : 0, shown = g->count - skip;

	for (int col = 0; col < r.cols; col++) {
		struct graph_sample here[2] = {none, none};
		bool lost = false;

		for (unsigned i = 0; i < each; i++) {
			unsigned at = (unsigned)col * each + i;

			if (at + shown < room)
				continue;
			here[i] = g->sample[skip + at + shown - room];
			lost = lost || here[i].lost;
		}
		if (c->utf8)
			column_braille(c, r, col, here, g);
		else
			column_ascii(c, r, col, here, g);
		if (lost)
			canvas_put(c, r.row, r.col + col, canvas_glyph(c, GLYPH_LOST), STYLE_LOSS);
	}
}

void graph_axis(struct canvas *c, struct rect r, const char *top)
{
	int width = r.cols - 1;

	canvas_printf(c, r.row, r.col, width, STYLE_DIM, "%*s", width, top);
	if (r.rows > 1)
		canvas_printf(c, r.row + r.rows - 1, r.col, width, STYLE_DIM, "%*s", width, "0");
	for (int row = 0; row < r.rows; row++)
		canvas_put(c, r.row + row, r.col + width, canvas_glyph(c, GLYPH_AXIS), STYLE_DIM);
}

void graph_bar(struct canvas *c, struct rect r, double part, enum style style)
{
	int filled = (int)lround((part < 0 ? 0 : part > 1 ? 1 : part) * r.cols);

	for (int col = 0; col < r.cols; col++)
		canvas_put(c, r.row, r.col + col, canvas_glyph(c, col < filled ? GLYPH_FULL : GLYPH_EMPTY),
			col < filled ? style : STYLE_DIM);
}

void graph_strip(struct canvas *c, struct rect r, const uint8_t *value, unsigned count)
{
	static const wchar_t block[] = L" ▁▂▃▄▅▆▇█", ascii[] = L" .:-=+*#@";

	for (int col = 0; col < r.cols; col++) {
		unsigned from = (unsigned)col * count / (unsigned)r.cols;
		unsigned to = (unsigned)(col + 1) * count / (unsigned)r.cols;
		unsigned most = 0;

		for (unsigned i = from; i < (to > from ? to : from + 1) && i < count; i++)
			most = value[i] > most ? value[i] : most;
		canvas_put(c, r.row, r.col + col, (c->utf8 ? block : ascii)[(most * 8 + 254) / 255],
			most ? STYLE_LOSS : STYLE_DIM);
	}
}
