#include "tests/support/wait.h"

bool wait_until(bool (*holds)(void *context), void *context)
{
	uint64_t limit_ns = clock_now_ns() + clock_ms(WAIT_LIMIT_MS);

	while (!holds(context)) {
		if (clock_now_ns() > limit_ns)
			return false;
		clock_sleep_ns(clock_us(WAIT_LOOK_US));
	}
	return true;
}
