/* Why a client fails: the word in the JSON document (error.code), the exit code, and the sentence, each in
 * one place. Pure functions: any thread. */
#ifndef TUI_CLIENT_CAUSE_H
#define TUI_CLIENT_CAUSE_H

#include "proto/report/report.h"
#include "tui/client/client.h"

/* What the client's exit code says. */
enum {
	EXIT_DONE = 0,
	EXIT_INCOMPLETE = 1, /* the test failed or has no whole result */
	EXIT_USAGE = 2,      /* flags or configuration */
	EXIT_UNREACHED = 3,  /* the server did not answer */
	EXIT_REFUSED = 5,    /* the server said no */
	EXIT_SIGNAL = 128,   /* + the signal's number */
};

enum cause {
	CAUSE_NONE,
	CAUSE_ADDRESS,     /* the server's name has no address */
	CAUSE_TIMEOUT,     /* no answer, or none yet */
	CAUSE_REFUSED,     /* a session or a test */
	CAUSE_SILENT,      /* a session's server is gone */
	CAUSE_PORT,        /* a socket of ours */
	CAUSE_SYSTEM,      /* something else of ours */
	CAUSE_INTERRUPTED, /* by a signal */
	CAUSE_NO_ANSWER,   /* to the order of a test */
	CAUSE_INCOMPLETE,  /* no result of a test */
	CAUSES,
};

/* "" for CAUSE_NONE. */
const char *cause_code(enum cause cause);
int cause_exit(enum cause cause);
/* The cause with that code: CAUSE_NONE when there is none. */
enum cause cause_named(const char *code);

/* Why the client has no session, or not yet; CAUSE_NONE when it is up. */
enum cause cause_of_client(const struct client *c);

/* The same in words: for a box that names the server, and as a sentence of its own. */
enum { CAUSE_BRIEF = 120 };
struct cause_words {
	char brief[CAUSE_BRIEF];
	char whole[REPORT_TEXT];
};
/* Before client_close; both are empty while there is nothing to explain. */
void cause_explain(const struct client *c, struct cause_words *words);

#endif
