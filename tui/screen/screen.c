#include "tui/screen/screen.h"

#include <curses.h>
#include <errno.h>
#include <langinfo.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <term.h>
#include <termios.h>
#include <unistd.h>

#include "tui/screen/theme.h"

enum { SCREEN_ESCAPE_MS = 25, SCREEN_RESTORE_BYTES = 256 };

struct screen {
	SCREEN *curses;
	int in, out;
	bool mouse;
	struct theme_terminal terminal;
	struct canvas canvas;
	struct canvas shown; /* what curses has been told */
	attr_t attributes[STYLES];
	short pair[STYLES];
};

/* For a crash: what puts the terminal right, ready to be written from a signal's handler. */
static struct {
	volatile sig_atomic_t armed;
	int fd;
	struct termios modes;
	char text[SCREEN_RESTORE_BYTES];
	size_t size;
} restore;

static const int fatal_signals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};
enum { FATAL_SIGNALS = sizeof fatal_signals / sizeof *fatal_signals };
static struct sigaction before[FATAL_SIGNALS];

/* Also where ^S has stopped it: without that kind of flow control it starts again. */
static void let_flow(void)
{
	struct termios modes;

	if (tcgetattr(restore.fd, &modes) == 0 && (modes.c_iflag & IXON)) {
		modes.c_iflag &= ~(tcflag_t)IXON;
		tcsetattr(restore.fd, TCSANOW, &modes);
	}
	tcflow(restore.fd, TCOON);
	tcflush(restore.fd, TCOFLUSH);
}

void screen_restore(void)
{
	if (!restore.armed)
		return;
	restore.armed = 0;
	let_flow();
	tcsetattr(restore.fd, TCSANOW, &restore.modes);
	if (write(restore.fd, restore.text, restore.size) < 0)
		return;
}

/* The signal comes again, to whoever had it before, and ends the process as it would have. */
static void crash(int number)
{
	screen_restore();
	for (unsigned i = 0; i < FATAL_SIGNALS; i++)
		if (fatal_signals[i] == number)
			sigaction(number, &before[i], NULL);
	raise(number);
}

/* NULL: the terminal has nothing of the kind. */
static void add_restore(const char *text)
{
	size_t size = text ? strlen(text) : 0;

	if (restore.size + size > sizeof restore.text)
		return;
	memcpy(restore.text + restore.size, text ? text : "", size);
	restore.size += size;
}

static char *capability(const char *name)
{
	char *text = tigetstr(name);

	return text == (char *)-1 ? NULL : text;
}

static void arm(struct screen *s, const struct termios *modes)
{
	struct sigaction action = {.sa_handler = crash};

	restore.fd = s->out;
	restore.modes = *modes;
	restore.size = 0;
	add_restore(s->mouse ? "\033[?1000l\033[?1006l" : NULL);
	add_restore(capability("sgr0"));
	add_restore(capability("cnorm"));
	add_restore(capability("rmkx"));
	add_restore(capability("rmcup"));
	restore.armed = 1;
	for (unsigned i = 0; i < FATAL_SIGNALS; i++)
		sigaction(fatal_signals[i], &action, &before[i]);
}

static void disarm(void)
{
	if (!restore.armed)
		return;
	restore.armed = 0;
	for (unsigned i = 0; i < FATAL_SIGNALS; i++)
		sigaction(fatal_signals[i], &before[i], NULL);
}

void screen_set_theme(struct screen *s, enum option_theme theme)
{
	for (int style = 0; style < STYLES; style++) {
		struct theme_look look = theme_look(theme, (enum style)style, &s->terminal);

		s->attributes[style] = (attr_t)look.attributes;
		s->pair[style] = 0;
		if (s->terminal.colours < 8 || (look.foreground < 0 && look.background < 0))
			continue;
		s->pair[style] = (short)(style + 1);
		init_pair(s->pair[style], look.foreground, look.background);
	}
	free(s->shown.cell);
	memset(&s->shown, 0, sizeof s->shown); /* everything must be set again */
}

static void learn_terminal(struct screen *s)
{
	const char *no_color = getenv("NO_COLOR");

	if (no_color && no_color[0])
		return;
	if (!has_colors() || start_color() == ERR || use_default_colors() == ERR)
		return;
	s->terminal = (struct theme_terminal){COLORS, COLOR_PAIRS};
}

/* ^C stays a signal, as users expect; ^Z is a key, because a stopped screen must be put away first. */
static void set_modes(struct screen *s)
{
	struct termios modes;

	cbreak();
	noecho();
	nonl();
	keypad(stdscr, TRUE);
	meta(stdscr, TRUE);
	set_escdelay(SCREEN_ESCAPE_MS);
	curs_set(0);
	s->mouse =
		mousemask(BUTTON1_CLICKED | BUTTON1_PRESSED | BUTTON4_PRESSED | BUTTON5_PRESSED, NULL) != 0;
	mouseinterval(0);
	if (tcgetattr(s->in, &modes) == 0) {
		modes.c_cc[VSUSP] = _POSIX_VDISABLE;
		tcsetattr(s->in, TCSANOW, &modes);
		def_prog_mode();
	}
}

struct screen *screen_open(const struct screen_plan *plan)
{
	struct screen *s = calloc(1, sizeof *s);
	struct termios modes;
	bool is_terminal;

	if (!s)
		return NULL;
	s->in = fileno(plan->in);
	s->out = fileno(plan->out);
	is_terminal = tcgetattr(s->out, &modes) == 0;
	errno = 0;
	s->curses = newterm(plan->terminal, plan->out, plan->in);
	if (!s->curses) {
		free(s);
		return NULL;
	}
	set_term(s->curses);
	s->canvas.utf8 = !plan->ascii && strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
	set_modes(s);
	learn_terminal(s);
	screen_set_theme(s, plan->theme);
	if (is_terminal)
		arm(s, &modes);
	return s;
}

void screen_close(struct screen *s)
{
	endwin();
	disarm();
	delscreen(s->curses);
	canvas_free(&s->canvas);
	canvas_free(&s->shown);
	free(s);
}

/* The size is asked for each time: a resize between two frames needs no signal, and none is lost. */
static void follow_size(struct screen *s, int *rows, int *cols)
{
	struct winsize size;

	getmaxyx(stdscr, *rows, *cols);
	if (ioctl(s->out, TIOCGWINSZ, &size) < 0 || size.ws_row == 0 || size.ws_col == 0)
		return;
	if (size.ws_row == *rows && size.ws_col == *cols)
		return;
	resizeterm(size.ws_row, size.ws_col);
	getmaxyx(stdscr, *rows, *cols);
}

struct canvas *screen_canvas(struct screen *s)
{
	int rows, cols;

	follow_size(s, &rows, &cols);
	if (rows == s->canvas.rows && cols == s->canvas.cols)
		return &s->canvas;
	return canvas_resize(&s->canvas, rows, cols) ? NULL : &s->canvas;
}

static void show_cell(struct screen *s, int row, int col, const struct canvas_cell *cell)
{
	wchar_t text[2] = {cell->ch, L'\0'};
	cchar_t ch;

	setcchar(&ch, text, s->attributes[cell->style], s->pair[cell->style], NULL);
	mvadd_wch(row, col, &ch);
}

void screen_show(struct screen *s)
{
	struct canvas *c = &s->canvas;
	bool all = s->shown.rows != c->rows || s->shown.cols != c->cols;

	if (all && canvas_resize(&s->shown, c->rows, c->cols))
		return;
	for (int i = 0; i < c->rows * c->cols; i++) {
		if (!all && c->cell[i].ch == s->shown.cell[i].ch &&
			c->cell[i].style == s->shown.cell[i].style)
			continue;
		show_cell(s, i / c->cols, i % c->cols, &c->cell[i]);
		s->shown.cell[i] = c->cell[i];
	}
	refresh();
}

static int read_mouse(int *row, int *col)
{
	MEVENT event;

	if (getmouse(&event) != OK)
		return SCREEN_NOTHING;
	*row = event.y;
	*col = event.x;
	if (event.bstate & BUTTON4_PRESSED)
		return SCREEN_WHEEL_UP;
	if (event.bstate & BUTTON5_PRESSED)
		return SCREEN_WHEEL_DOWN;
	return event.bstate & (BUTTON1_PRESSED | BUTTON1_CLICKED) ? SCREEN_CLICK : SCREEN_NOTHING;
}

/* A closed terminal is always readable, and never has anything. */
static bool is_gone(const struct screen *s)
{
	struct pollfd p = {.fd = s->in, .events = POLLIN};
	int waiting;

	if (poll(&p, 1, 0) <= 0)
		return false;
	return (p.revents & (POLLHUP | POLLERR | POLLNVAL)) ||
	       (ioctl(s->in, FIONREAD, &waiting) == 0 && waiting == 0);
}

int screen_key(struct screen *s, int wait_ms, int *row, int *col)
{
	wint_t ch;
	int kind;

	timeout(wait_ms);
	kind = get_wch(&ch);
	if (kind == ERR)
		return is_gone(s) ? SCREEN_GONE : SCREEN_NOTHING;
	if (kind == KEY_CODE_YES && ch == KEY_MOUSE)
		return read_mouse(row, col);
	if (kind == KEY_CODE_YES && ch == KEY_RESIZE)
		return SCREEN_NOTHING;
	/* Characters of other scripts have the numbers of curses' keys. */
	return kind == OK && ch > 0x7f ? SCREEN_NOTHING : (int)ch;
}

void screen_suspend(struct screen *s)
{
	(void)s;
	endwin();
	raise(SIGSTOP); /* in this thread: it must not run on until another one has taken the signal */
	refresh();
}

void screen_unblock(void)
{
	if (restore.armed)
		let_flow();
}
