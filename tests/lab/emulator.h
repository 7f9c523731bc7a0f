/* What the emulator of links has counted, and how it prints that. */
#ifndef TESTS_LAB_EMULATOR_H
#define TESTS_LAB_EMULATOR_H

#include <stdbool.h>
#include <stdint.h>

#include "tests/support/line.h"

enum {
	EMULATOR_WINDOW_MS = 100,
	EMULATOR_WINDOWS = 36000,
	EMULATOR_LATE_BINS = 2000, /* of 10 us; the last one has all that were later */
};

enum { EMULATOR_UP, EMULATOR_DOWN, EMULATOR_WAYS };

/* What a link offered and what came out of it, since the start, at the end of a window. */
struct emulator_window {
	double offered_bits;
	uint64_t out_bytes;
};

struct emulator_way {
	const char *netns; /* where its packets come from */
	int fd;
	struct line_settings settings;
	struct line *line;
	uint64_t unwanted; /* packets that the receiving host's device would not take */
	struct emulator_window window[EMULATOR_WINDOWS];
};

struct emulator {
	uint64_t seed, start_ns;
	bool is_realtime;
	struct emulator_way way[EMULATOR_WAYS];
	unsigned windows;
	uint64_t late[EMULATOR_LATE_BINS], delivered, late_max_ns;
};

/* A line of JSON on stdout: for each way all its counts (packets and bytes of IP), the same of the test's
 * data alone, what the link could carry from the first to the last data, how long data waited, and windows;
 * and how late the emulator itself was. */
void emulator_report(struct emulator *e, const char *device, uint64_t now_ns);

#endif
