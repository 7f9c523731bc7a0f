/* One table of keys: what the screen does, its help line, its help screen and the manual come from it. */
#ifndef TUI_SCREEN_KEYS_H
#define TUI_SCREEN_KEYS_H

#include <stdbool.h>
#include <stddef.h>

enum action {
	ACTION_NONE,
	ACTION_UPLOAD,
	ACTION_DOWNLOAD,
	ACTION_BOTH,
	ACTION_STOP,
	ACTION_TERMS,
	ACTION_NEXT_PANEL,
	ACTION_PREVIOUS_PANEL,
	ACTION_ZOOM,
	ACTION_UNIT,
	ACTION_FREEZE,
	ACTION_BACK,
	ACTION_FORTH,
	ACTION_FAR_BACK,
	ACTION_FAR_FORTH,
	ACTION_BEGIN,
	ACTION_LIVE,
	ACTION_WORST,
	ACTION_FINER,
	ACTION_COARSER,
	ACTION_SERVER,
	ACTION_THEME,
	ACTION_RETRY,
	ACTION_SAVE,
	ACTION_PICTURE,
	ACTION_HELP,
	ACTION_QUIT,
	ACTIONS,
};

/* What is going on: each is one bit. */
enum situation {
	WHILE_LIVE = 1,
	WHILE_FROZEN = 2,
	WHILE_TESTING = 4,
	WHILE_GONE = 8, /* no session */
};

enum { KEYS_EACH = 4 };

struct key_row {
	enum action action;
	int key[KEYS_EACH]; /* as curses reports them; 0: no more */
	const char *name;   /* of the keys, for people */
	const char *brief;  /* in the help line; NULL: not there */
	unsigned when;      /* situations in which the help line shows it */
	const char *help;   /* one sentence, for help screen and manual */
};

extern const struct key_row keys_table[];
extern const size_t keys_rows;

/* What a key means; ACTION_NONE: nothing. */
enum action keys_action(int key);

/* The directions, a bit for each, in which an action starts tests; 0: none. */
unsigned keys_tests(enum action action);

/* The key that starts tests in these directions; "": there is none. */
const char *keys_starter(unsigned tests);

#endif
