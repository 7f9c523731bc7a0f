#include "tui/screen/keys.h"

#include <curses.h>

#include "proto/config/options.h"

#define ALWAYS (WHILE_LIVE | WHILE_FROZEN | WHILE_TESTING | WHILE_GONE)

/* In the order of the help line: what matters most comes first. */
const struct key_row keys_table[] = {
	{ACTION_RETRY, {'R'}, "R", "ask again", WHILE_GONE,
		"ask the server again now, when there is no session"},
	{ACTION_UPLOAD, {'u'}, "u", "upload", WHILE_LIVE, "start an upload test"},
	{ACTION_DOWNLOAD, {'d'}, "d", "download", WHILE_LIVE, "start a download test"},
	{ACTION_BOTH, {'b'}, "b", "both", WHILE_LIVE, "start an upload and a download at once"},
	{ACTION_STOP, {'s'}, "s", "stop", WHILE_TESTING,
		"stop the running tests; what they have counted is kept"},
	{ACTION_BACK, {'h', KEY_LEFT}, "Left h", "back", WHILE_FROZEN,
		"look at an earlier moment (freezes the view)"},
	{ACTION_FORTH, {'l', KEY_RIGHT}, "Right l", "forth", WHILE_FROZEN, "look at a later moment"},
	{ACTION_WORST, {'w'}, "w", "worst", WHILE_FROZEN,
		"go to the worst second: the most lost, or else the slowest round trip"},
	{ACTION_LIVE, {'G', KEY_END, 27}, "G End Esc", "live", WHILE_FROZEN, "back to what happens now"},
	{ACTION_HELP, {'?', KEY_F(1)}, "?", "help", ALWAYS, "this help"},
	{ACTION_QUIT, {'q'}, "q", "quit", ALWAYS, "quit; the results stay on the terminal"},
	{ACTION_TERMS, {'r'}, "r", "rate", WHILE_LIVE, "change rate and duration of the next tests"},
	{ACTION_ZOOM, {'\n', KEY_ENTER, '\r', 'z'}, "Enter z", "zoom",
		WHILE_LIVE | WHILE_FROZEN | WHILE_TESTING,
		"show the panel that has the focus alone, and back"},
	{ACTION_FREEZE, {' ', 'f'}, "Space f", "freeze", WHILE_LIVE | WHILE_TESTING,
		"freeze the view, and back; the traffic goes on"},
	{ACTION_NEXT_PANEL, {'j', KEY_DOWN, '\t'}, "Down j Tab", "panel", WHILE_LIVE,
		"focus on the next panel"},
	{ACTION_PREVIOUS_PANEL, {'k', KEY_UP, KEY_BTAB}, "Up k", NULL, 0, "focus on the previous panel"},
	{ACTION_UNIT, {'x'}, "x", "unit", WHILE_LIVE | WHILE_TESTING, "show bits, bytes or packets a second"},
	{ACTION_FAR_BACK, {'H', KEY_PPAGE}, "PgUp H", NULL, 0, "ten seconds back"},
	{ACTION_FAR_FORTH, {'L', KEY_NPAGE}, "PgDn L", NULL, 0, "ten seconds forth"},
	{ACTION_BEGIN, {'g', KEY_HOME}, "g Home", NULL, 0, "to the beginning of the session"},
	{ACTION_FINER, {'+', '='}, "+", "time", WHILE_LIVE, "graphs show a shorter time, finer"},
	{ACTION_COARSER, {'-'}, "-", NULL, 0, "graphs show a longer time"},
	{ACTION_SERVER, {'v'}, "v", "server", WHILE_LIVE,
		"show the server's side of this session, and hide it"},
	{ACTION_SAVE, {'S'}, "S", "save", WHILE_LIVE,
		"save the session's results as JSON, in this directory"},
	{ACTION_PICTURE, {'P'}, "P", NULL, 0, "save the screen as text, in this directory"},
	{ACTION_THEME, {'t'}, "t", NULL, 0, "change the colours"},
};
const size_t keys_rows = sizeof keys_table / sizeof *keys_table;

static const enum option_test tests_of[ACTIONS] = {
	[ACTION_UPLOAD] = OPTION_BWUP,
	[ACTION_DOWNLOAD] = OPTION_BWDOWN,
	[ACTION_BOTH] = OPTION_BWBOTH,
};

enum action keys_action(int key)
{
	for (size_t i = 0; i < keys_rows; i++)
		for (int k = 0; k < KEYS_EACH && keys_table[i].key[k]; k++)
			if (keys_table[i].key[k] == key)
				return keys_table[i].action;
	return ACTION_NONE;
}

unsigned keys_tests(enum action action)
{
	return tests_of[action];
}

const char *keys_starter(unsigned tests)
{
	for (size_t i = 0; i < keys_rows; i++)
		if (tests_of[keys_table[i].action] == tests)
			return keys_table[i].name;
	return "";
}
