/* Waiting for another thread or for the network: the condition is looked at again and again, until
 * it holds or the limit is reached. No test waits in another way. */
#ifndef TESTS_SUPPORT_WAIT_H
#define TESTS_SUPPORT_WAIT_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/sys/clock.h"

enum { WAIT_LIMIT_MS = 10000, WAIT_LOOK_US = 500 };

/* Whether `holds` became true within WAIT_LIMIT_MS. */
static inline bool wait_until(bool (*holds)(void *context), void *context)
{
	uint64_t limit_ns = clock_now_ns() + clock_ms(WAIT_LIMIT_MS);

	while (!holds(context)) {
		if (clock_now_ns() > limit_ns)
			return false;
		clock_sleep_ns(clock_us(WAIT_LOOK_US));
	}
	return true;
}

#endif
