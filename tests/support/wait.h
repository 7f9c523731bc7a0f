/* Waiting for another thread or for the network: the condition is looked at again and again, until
 * it holds or the limit is reached. No test waits in another way. */
#ifndef TESTS_SUPPORT_WAIT_H
#define TESTS_SUPPORT_WAIT_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/sys/clock.h"

enum { WAIT_LIMIT_MS = 10000, WAIT_LOOK_US = 500 };

/* Whether `holds` became true within WAIT_LIMIT_MS. */
bool wait_until(bool (*holds)(void *context), void *context);

#endif
