/* The client without a screen: lines of text for people and scripts, or one JSON document. */
#ifndef TUI_PLAIN_H
#define TUI_PLAIN_H

#include "proto/options.h"

/* Runs the whole job and returns the exit code. The main thread, once. */
int plain_run(const struct options *options);

#endif
