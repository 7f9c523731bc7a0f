/* What a program may be asked to do instead of its work: --help, --version, --create-config, --genkey. */
#ifndef PROTO_ERRAND_H
#define PROTO_ERRAND_H

#include "proto/options.h"

/* Runs the errand that the options ask for and returns the exit code: 0, or 2 with the reason on standard
 * error; -1 when there is none. main() only. */
int errand_run(const struct options *o, enum program program, int argc, char **argv);

#endif
