/* Between the engine's thread and the screen's: a copy of the view one way, commands the other. Neither side
 * ever waits for the other longer than a copy takes. */
#ifndef TUI_CLIENT_BRIDGE_H
#define TUI_CLIENT_BRIDGE_H

#include <pthread.h>

#include "tui/client/view.h"

enum command_kind {
	COMMAND_START, /* tests in these directions */
	COMMAND_STOP,
	COMMAND_TERMS, /* rate_bps and duration_s from now on */
	COMMAND_RETRY, /* ask the server again, now */
	COMMAND_WATCH, /* start or stop watching the server's side */
	COMMAND_SAVE,  /* make the document */
	COMMAND_QUIT,
	COMMAND_HANGUP, /* the terminal is gone */
};

struct command {
	enum command_kind kind;
	unsigned directions; /* a bit for each */
	uint64_t rate_bps;
	uint32_t duration_s;
};

enum { BRIDGE_COMMANDS = 16 };

struct bridge {
	pthread_mutex_t lock;
	struct view view;
	struct command command[BRIDGE_COMMANDS];
	unsigned commands;
	char *document; /* made by the engine's side, taken by the screen's; NULL: none */
	bool ended;     /* the screen is to end */
	int wake_fd;    /* of the engine's loop */
};

void bridge_init(struct bridge *b, int wake_fd);
void bridge_free(struct bridge *b);

/* The engine's side. */
void bridge_show(struct bridge *b, const struct view *view);
bool bridge_take(struct bridge *b, struct command *command);
void bridge_hand_document(struct bridge *b, char *document); /* malloc'ed; NULL: it could not be made */
void bridge_end(struct bridge *b);

/* The screen's side. bridge_look is false when it is to end; a command that finds the queue full is lost,
 * like a key that is pressed too often. */
bool bridge_look(struct bridge *b, struct view *view);
void bridge_tell(struct bridge *b, const struct command *command);
char *bridge_take_document(struct bridge *b);

#endif
