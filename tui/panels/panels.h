/* The client on a terminal: panels until the user quits, then the results as text. */
#ifndef TUI_PANELS_PANELS_H
#define TUI_PANELS_PANELS_H

#include <stdbool.h>

#include "proto/config/options.h"
#include "proto/wire/keys.h"

/* Whether standard input and output are a terminal that can show panels. */
bool panels_possible(void);

/* Runs the whole job and returns the exit code; `key` NULL: none. The main thread, once. */
int panels_run(const struct options *options, const struct key *key);

#endif
