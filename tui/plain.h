/* The client without a screen: lines of text for people and scripts, or one JSON document. */
#ifndef TUI_PLAIN_H
#define TUI_PLAIN_H

#include "proto/keys.h"
#include "proto/options.h"

/* Runs the whole job and returns the exit code; `key` NULL: none. The main thread, once. */
int plain_run(const struct options *options, const struct key *key);

#endif
