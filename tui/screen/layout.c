#include "tui/screen/layout.h"

/* The parts that share the rows between head and help. */
enum part { CONTROL, UPLOAD, DOWNLOAD, RESULTS, SERVER, LOG, PARTS };

/* Who gets the next row once all have their sensible minimum: first what makes an 80x24 terminal complete,
 * then the graphs. Results and server begin with a title and two rows at once. */
static const enum part first_rows[] = {
	LOG, CONTROL, UPLOAD, DOWNLOAD, UPLOAD, DOWNLOAD, UPLOAD, DOWNLOAD, SERVER, RESULTS, LOG, LOG};
static const enum part more_rows[] = {UPLOAD, DOWNLOAD, UPLOAD, DOWNLOAD, CONTROL, RESULTS, LOG};

enum { PANEL_LEAST = 3, TABLE_LEAST = 3, SERVER_ROWS = 4 };

static int wanted(enum part part, const int rows[PARTS], const struct layout_wish *wish)
{
	switch (part) {
	case RESULTS:
		return rows[part] ? 1 : TABLE_LEAST;
	case SERVER:
		return wish->server && !rows[part] ? SERVER_ROWS : 0;
	default:
		return 1;
	}
}

static int hand_out(
	int rows[PARTS], int left, const enum part *order, unsigned count, const struct layout_wish *wish)
{
	for (unsigned i = 0; i < count; i++) {
		int more = wanted(order[i], rows, wish);

		if (more > left)
			continue;
		rows[order[i]] += more;
		left -= more;
	}
	return left;
}

static void share(int rows[PARTS], int height, const struct layout_wish *wish)
{
	int left = height - 3 * PANEL_LEAST;

	rows[CONTROL] = rows[UPLOAD] = rows[DOWNLOAD] = PANEL_LEAST;
	left = hand_out(rows, left, first_rows, sizeof first_rows / sizeof *first_rows, wish);
	while (left > 0)
		left = hand_out(rows, left, more_rows, sizeof more_rows / sizeof *more_rows, wish);
}

/* Wide: three panels of the whole height. */
static void share_panels(int rows[PARTS], int height)
{
	rows[CONTROL] = height / 4 > PANEL_LEAST ? height / 4 : PANEL_LEAST;
	rows[UPLOAD] = (height - rows[CONTROL] + 1) / 2;
	rows[DOWNLOAD] = height - rows[CONTROL] - rows[UPLOAD];
}

static void share_zoomed(int rows[PARTS], int height, const struct layout_wish *wish)
{
	enum part panel = (enum part)wish->focus;
	int tables = height >= 20 ? TABLE_LEAST + 1 : 0;

	rows[RESULTS] = tables;
	rows[LOG] = height >= 30 ? tables : 0;
	rows[panel] = height - rows[RESULTS] - rows[LOG];
}

/* A terminal too low for three panels shows the one that has the focus. */
static void stack(int rows[PARTS], int height, const struct layout_wish *wish)
{
	if (wish->zoomed || height < 3 * PANEL_LEAST)
		share_zoomed(rows, height, wish);
	else
		share(rows, height, wish);
}

static int place(struct rect *r, struct rect area, int used, int rows)
{
	*r = (struct rect){area.row + used, area.col, rows, area.cols};
	return used + rows;
}

static void place_side(struct layout *l, struct rect side, const struct layout_wish *wish)
{
	int server = wish->server ? SERVER_ROWS : 0, results = (side.rows - server) * 2 / 5, used;

	used = place(&l->results, side, 0, results < TABLE_LEAST ? 0 : results);
	used = place(&l->server, side, used, server);
	place(&l->log, side, used, side.rows - used);
}

struct layout layout_make(int rows, int cols, const struct layout_wish *wish)
{
	struct layout l = {.head = {0, 0, 1, cols}, .help = {rows - 1, 0, 1, cols}};
	struct rect body = {1, 0, rows - 2, cols};
	int share_of[PARTS] = {0}, used = 0;

	if (rows < LAYOUT_ROWS_MIN || cols < LAYOUT_COLS_MIN)
		return (struct layout){.head = l.head};
	if (cols >= LAYOUT_WIDE_COLS && body.rows >= 3 * PANEL_LEAST && !wish->zoomed) {
		struct rect side = body;

		side.cols = cols * 2 / 5 < 80 ? cols * 2 / 5 : 80;
		body.cols -= side.cols + 1;
		side.col = body.cols + 1;
		place_side(&l, side, wish);
		share_panels(share_of, body.rows);
		for (int kind = 0; kind < PORT_KINDS; kind++)
			used = place(&l.panel[kind], body, used, share_of[kind]);
		return l;
	}
	stack(share_of, body.rows, wish);
	for (int kind = 0; kind < PORT_KINDS; kind++)
		used = place(&l.panel[kind], body, used, share_of[kind]);
	used = place(&l.results, body, used, share_of[RESULTS]);
	used = place(&l.server, body, used, share_of[SERVER]);
	place(&l.log, body, used, share_of[LOG]);
	return l;
}

enum port_kind layout_panel_at(const struct layout *l, int row, int col)
{
	for (int kind = 0; kind < PORT_KINDS; kind++) {
		const struct rect *r = &l->panel[kind];

		if (row >= r->row && row < r->row + r->rows && col >= r->col && col < r->col + r->cols)
			return (enum port_kind)kind;
	}
	return PORT_KINDS;
}
