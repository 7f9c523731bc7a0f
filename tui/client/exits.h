/* What the client's exit code says. */
#ifndef TUI_CLIENT_EXITS_H
#define TUI_CLIENT_EXITS_H

enum {
	EXIT_DONE = 0,
	EXIT_INCOMPLETE = 1, /* the test failed or has no whole result */
	EXIT_USAGE = 2,      /* flags or configuration */
	EXIT_UNREACHED = 3,  /* the server did not answer */
	EXIT_REFUSED = 5,    /* the server answered no */
	EXIT_SIGNAL = 128,   /* + the signal's number */
};

#endif
