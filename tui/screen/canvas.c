#include "tui/screen/canvas.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

static const struct {
	wchar_t utf8, ascii;
} glyphs[GLYPHS] = {
	[GLYPH_RULE] = {L'─', L'-'},
	[GLYPH_UP] = {L'▲', L'^'},
	[GLYPH_DOWN] = {L'▼', L'v'},
	[GLYPH_TO] = {L'→', L'>'},
	[GLYPH_LOST] = {L'×', L'x'},
	[GLYPH_FOCUS] = {L'▶', L'>'},
	[GLYPH_FULL] = {L'█', L'#'},
	[GLYPH_EMPTY] = {L'░', L'.'},
	[GLYPH_AXIS] = {L'┤', L'|'},
	[GLYPH_MORE] = {L'…', L'~'},
};

int canvas_resize(struct canvas *c, int rows, int cols)
{
	struct canvas_cell *cell = calloc((size_t)rows * (size_t)cols, sizeof *cell);

	if (!cell)
		return -ENOMEM;
	free(c->cell);
	c->cell = cell;
	c->rows = rows;
	c->cols = cols;
	canvas_clear(c, (struct rect){0, 0, rows, cols});
	return 0;
}

void canvas_free(struct canvas *c)
{
	free(c->cell);
	c->cell = NULL;
}

void canvas_put(struct canvas *c, int row, int col, wchar_t ch, enum style style)
{
	if (row < 0 || row >= c->rows || col < 0 || col >= c->cols)
		return;
	if (c->grey && style != STYLE_HEAD && style != STYLE_BOX && style != STYLE_KEY)
		style = STYLE_DIM;
	c->cell[row * c->cols + col] = (struct canvas_cell){ch, style};
}

void canvas_clear(struct canvas *c, struct rect r)
{
	for (int row = r.row; row < r.row + r.rows; row++)
		for (int col = r.col; col < r.col + r.cols; col++)
			canvas_put(c, row, col, L' ', STYLE_TEXT);
}

wchar_t canvas_glyph(const struct canvas *c, enum glyph glyph)
{
	return c->utf8 ? glyphs[glyph].utf8 : glyphs[glyph].ascii;
}

/* Decodes one character; anything that is not UTF-8 is one '?' a byte. */
static wchar_t next_char(const char **text)
{
	const unsigned char *t = (const unsigned char *)*text;
	unsigned more = t[0] >= 0xf0 ? 3 : t[0] >= 0xe0 ? 2 : t[0] >= 0xc0 ? 1 : 0;
	wchar_t ch = more ? t[0] & (0x3f >> more) : t[0];

	if (t[0] >= 0x80 && t[0] < 0xc0)
		ch = L'?';
	for (unsigned i = 1; i <= more; i++) {
		if ((t[i] & 0xc0) != 0x80) {
			(*text)++;
			return L'?';
		}
		ch = ch << 6 | (t[i] & 0x3f);
	}
	*text += 1 + more;
	return ch;
}

int canvas_text(struct canvas *c, int row, int col, int width, enum style style, const char *text)
{
	int used = 0;

	while (*text && used < width) {
		wchar_t ch = next_char(&text);

		if (ch < L' ' || (ch >= 0x7f && (!c->utf8 || wcwidth(ch) != 1)))
			ch = L'?';
		canvas_put(c, row, col + used++, ch, style);
	}
	return used;
}

int canvas_printf(struct canvas *c, int row, int col, int width, enum style style, const char *format, ...)
{
	char text[512];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	return canvas_text(c, row, col, width, style, text);
}

struct canvas_line canvas_line(struct canvas *c, struct rect r, int row)
{
	return (struct canvas_line){
		.canvas = c,
		.row = r.row + row,
		.col = r.col,
		.end = r.col + r.cols,
		.full = row >= r.rows,
	};
}

int canvas_columns(const char *text)
{
	int n = 0;

	for (; *text; text++)
		n += ((unsigned char)*text & 0xc0) != 0x80;
	return n;
}

void line_add(struct canvas_line *l, enum style style, const char *format, ...)
{
	char text[256];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	l->full = l->full || l->col + canvas_columns(text) > l->end;
	if (!l->full)
		l->col += canvas_text(l->canvas, l->row, l->col, l->end - l->col, style, text);
}

void line_field(struct canvas_line *l, const char *label, enum style style, const char *format, ...)
{
	char text[256];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	l->full = l->full || l->col + canvas_columns(label) + canvas_columns(text) + 2 > l->end;
	line_add(l, STYLE_LABEL, " %s ", label);
	line_add(l, style, "%s", text);
}

void line_glyph(struct canvas_line *l, enum style style, enum glyph glyph)
{
	l->full = l->full || l->col >= l->end;
	if (!l->full)
		canvas_put(l->canvas, l->row, l->col++, canvas_glyph(l->canvas, glyph), style);
}

void canvas_rule(struct canvas *c, struct rect r, enum style style)
{
	for (int col = r.col; col < r.col + r.cols; col++)
		canvas_put(c, r.row, col, canvas_glyph(c, GLYPH_RULE), style);
}

static void write_char(FILE *out, wchar_t ch)
{
	unsigned long u = (unsigned long)ch;

	if (u < 0x80) {
		fputc((int)u, out);
	} else if (u < 0x800) {
		fputc((int)(0xc0 | u >> 6), out);
		fputc((int)(0x80 | (u & 0x3f)), out);
	} else {
		if (u < 0x10000) {
			fputc((int)(0xe0 | u >> 12), out);
		} else {
			fputc((int)(0xf0 | u >> 18), out);
			fputc((int)(0x80 | (u >> 12 & 0x3f)), out);
		}
		fputc((int)(0x80 | (u >> 6 & 0x3f)), out);
		fputc((int)(0x80 | (u & 0x3f)), out);
	}
}

void canvas_write(const struct canvas *c, FILE *out)
{
	for (int row = 0; row < c->rows; row++) {
		const struct canvas_cell *cell = &c->cell[row * c->cols];
		int end = c->cols;

		while (end > 0 && cell[end - 1].ch == L' ')
			end--;
		for (int col = 0; col < end; col++)
			write_char(out, cell[col].ch);
		fputc('\n', out);
	}
}
