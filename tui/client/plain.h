/* The client without a screen: lines of text for people and scripts, or one JSON document. */
#ifndef TUI_CLIENT_PLAIN_H
#define TUI_CLIENT_PLAIN_H

#include "proto/config/options.h"
#include "proto/wire/keys.h"

/* Runs the whole job and returns the exit code; `key` NULL: none. The main thread, once. */
int plain_run(const struct options *options, const struct key *key);

#endif
