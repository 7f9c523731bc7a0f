#include "tui/panels/actions.h"

#include <curses.h>
#include <stdarg.h>
#include <string.h>

#include "proto/sys/clock.h"
#include "tui/panels/test_dialog.h"
#include "tui/screen/keys.h"

enum { NOTICE_S = 4, CONTROL_Z = 26, HELP_ROWS_EACH = 4 /* of a key, where the help is narrow */ };

void actions_notice(struct app *a, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(a->ui.notice, sizeof a->ui.notice, format, arguments);
	va_end(arguments);
	a->ui.notice_ns = clock_now_ns() + clock_s(NOTICE_S);
}

static void tell(struct app *a, enum command_kind kind)
{
	struct command command = {.kind = kind};

	bridge_tell(a->bridge, &command);
}

static void move_view(struct app *a, long moments)
{
	size_t at = ui_moment(&a->ui, &a->history);

	if (moments < 0 && (size_t)-moments > at)
		at = 0;
	else
		at += (size_t)moments;
	if (at + 1 >= a->history.count)
		a->ui.frozen = false;
	else
		ui_look_at(&a->ui, &a->history, at);
}

/* One sample of the graphs. */
static long one_step(const struct app *a)
{
	double moments =
		ui_scale_s(a->ui.scale) * NS_PER_S / (double)(a->history.tick_ns ? a->history.tick_ns : 1);

	return moments < 1 ? 1 : (long)moments;
}

static void move_focus(struct app *a, int by)
{
	a->ui.focus = (enum port_kind)(((int)a->ui.focus + by + PORT_KINDS) % PORT_KINDS);
}

static void freeze(struct app *a)
{
	if (a->ui.frozen)
		a->ui.frozen = false;
	else if (a->history.count)
		ui_look_at(&a->ui, &a->history, a->history.count - 1);
}

static void next_theme(struct app *a)
{
	a->options.theme = (enum option_theme)((a->options.theme + 1) % OPTION_THEMES);
	screen_set_theme(a->screen, a->options.theme);
	actions_notice(a, "Theme: %s", options_theme_name(a->options.theme));
}

static void look_around(struct app *a, enum action action)
{
	long second = (long)history_per_second(&a->history);

	switch (action) {
	case ACTION_BACK:
		move_view(a, -one_step(a));
		break;
	case ACTION_FORTH:
		move_view(a, one_step(a));
		break;
	case ACTION_FAR_BACK:
		move_view(a, -10 * second);
		break;
	case ACTION_FAR_FORTH:
		move_view(a, 10 * second);
		break;
	case ACTION_BEGIN:
		ui_look_at(&a->ui, &a->history, 0);
		break;
	case ACTION_LIVE:
		a->ui.frozen = false;
		break;
	case ACTION_WORST:
		ui_look_at(&a->ui, &a->history, history_worst(&a->history));
		break;
	default:
		freeze(a);
		break;
	}
}

static void change_view(struct app *a, enum action action)
{
	static const char *const unit[] = {"bits", "bytes", "packets"};

	switch (action) {
	case ACTION_NEXT_PANEL:
		move_focus(a, 1);
		break;
	case ACTION_PREVIOUS_PANEL:
		move_focus(a, -1);
		break;
	case ACTION_ZOOM:
		a->ui.zoomed = !a->ui.zoomed;
		break;
	case ACTION_UNIT:
		a->ui.unit = (enum unit)((a->ui.unit + 1) % UNITS);
		actions_notice(a, "Speeds in %s a second", unit[a->ui.unit]);
		break;
	case ACTION_FINER:
		a->ui.scale -= a->ui.scale > 0;
		actions_notice(a, "A point of a graph is %g s", ui_scale_s(a->ui.scale));
		break;
	case ACTION_COARSER:
		a->ui.scale += a->ui.scale + 1 < UI_SCALES;
		actions_notice(a, "A point of a graph is %g s", ui_scale_s(a->ui.scale));
		break;
	case ACTION_THEME:
		next_theme(a);
		break;
	case ACTION_HELP:
		a->ui.help = true;
		a->ui.help_row = 0;
		break;
	case ACTION_TERMS:
		test_dialog_open(&a->ui.terms, &a->view);
		break;
	case ACTION_PICTURE:
		save_picture(a);
		break;
	default:
		break;
	}
}

static void start(struct app *a, unsigned directions)
{
	struct command command = {.kind = COMMAND_START, .directions = directions};

	a->ui.frozen = false; /* who starts a test wants to see it */
	bridge_tell(a->bridge, &command);
}

static void act(struct app *a, enum action action)
{
	static const enum command_kind command[ACTIONS] = {
		[ACTION_STOP] = COMMAND_STOP,
		[ACTION_RETRY] = COMMAND_RETRY,
		[ACTION_SERVER] = COMMAND_WATCH,
		[ACTION_SAVE] = COMMAND_SAVE,
		[ACTION_QUIT] = COMMAND_QUIT,
	};

	if (keys_tests(action)) {
		start(a, keys_tests(action));
		return;
	}
	switch (action) {
	case ACTION_STOP:
	case ACTION_RETRY:
	case ACTION_SERVER:
	case ACTION_SAVE:
	case ACTION_QUIT:
		tell(a, command[action]);
		break;
	case ACTION_FREEZE:
	case ACTION_BACK:
	case ACTION_FORTH:
	case ACTION_FAR_BACK:
	case ACTION_FAR_FORTH:
	case ACTION_BEGIN:
	case ACTION_LIVE:
	case ACTION_WORST:
		look_around(a, action);
		break;
	default:
		change_view(a, action);
		break;
	}
}

static void help_key(struct app *a, int key)
{
	int most = HELP_ROWS_EACH * (int)keys_rows;

	switch (keys_action(key)) {
	case ACTION_NEXT_PANEL:
		a->ui.help_row += a->ui.help_row < most;
		break;
	case ACTION_PREVIOUS_PANEL:
		a->ui.help_row -= a->ui.help_row > 0;
		break;
	case ACTION_QUIT:
	case ACTION_HELP:
	case ACTION_LIVE: /* Esc */
		a->ui.help = false;
		break;
	default:
		break;
	}
}

static void click(struct app *a, const struct layout *l, int row, int col)
{
	enum port_kind kind = layout_panel_at(l, row, col);

	if (kind != PORT_KINDS)
		a->ui.focus = kind;
}

static void take_terms(struct app *a)
{
	struct command command = {.kind = COMMAND_TERMS};

	if (!test_dialog_take(&a->ui.terms, &a->options))
		return;
	command.rate_bps = a->options.rate_bps;
	command.duration_s = a->options.duration_s;
	bridge_tell(a->bridge, &command);
}

void actions_key(struct app *a, const struct layout *l, int key, int row, int col)
{
	a->ui.notice[0] = '\0';
	if (key == CONTROL_Z)
		screen_suspend(a->screen);
	else if (key == SCREEN_GONE)
		tell(a, COMMAND_HANGUP);
	else if (a->ui.terms.open && (key == '\n' || key == '\r' || key == KEY_ENTER))
		take_terms(a);
	else if (a->ui.terms.open)
		test_dialog_key(&a->ui.terms, key);
	else if (key == SCREEN_CLICK)
		click(a, l, row, col);
	else if (key == SCREEN_WHEEL_UP || key == SCREEN_WHEEL_DOWN)
		move_view(a, (key == SCREEN_WHEEL_UP ? -1 : 1) * (long)history_per_second(&a->history));
	else if (a->ui.help)
		help_key(a, key);
	else
		act(a, keys_action(key));
}
