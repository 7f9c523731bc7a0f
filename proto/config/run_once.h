/* What a program can be asked to do instead of its work: --help, --version, --man, --create-config, --genkey.
 */
#ifndef PROTO_CONFIG_RUN_ONCE_H
#define PROTO_CONFIG_RUN_ONCE_H

#include "proto/config/options.h"

/* Does what the options ask for and returns the exit code: 0, or 2 with the reason on standard error; -1 when
 * they ask for none of these. `manual`: what --man adds; NULL: nothing. main() only. */
int run_once(const struct options *o, enum program program, const struct options_manual *manual, int argc,
	char **argv);

#endif
