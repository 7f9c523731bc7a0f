/* What the tests of the extended conversation share: both ends of it in virtual time, joined by links. The
 * ports that send and receive, and the listener that grants, are played by a few lines. */
#ifndef TESTS_SUPPORT_EXTENDED_PAIR_H
#define TESTS_SUPPORT_EXTENDED_PAIR_H

#include <errno.h>

#include "proto/engine/control.h"
#include "proto/sys/clock.h"
#include "tests/support/link.h"
#include "tests/support/test.h"

#define REPEAT_NS (UINT64_C(100) * NS_PER_MS)

enum { KEY = 26970, DATAGRAM = 1000, SECONDS = 2, QUIET_MS = 200, DIRECTIONS = 2, RATE_BPS = 8000000 };

/* The port that does the work of one direction. */
struct worker {
	struct test_order order;
	uint64_t ends_ns;  /* CLOCK_NEVER: it is idle */
	uint64_t early_ns; /* a source that may end early does so long before its time */
	unsigned begun;
};

/* What the listener allows. */
struct gate {
	unsigned refusals; /* this many questions first, with this time to wait */
	uint32_t wait_s;
	uint64_t rate_bps, duration_ns; /* 0: as asked for */
	unsigned asked, over;
};

struct side {
	struct control control;
	struct link *out;
	struct worker worker[DIRECTIONS];
	unsigned refused;
};

struct pair {
	uint64_t now_ns;
	struct side client, server;
	struct gate gate;
};

void extended_pair_open(struct pair *p, const struct link_impair *impair, uint64_t seed);
void extended_pair_close(struct pair *p);
void side_receive(struct side *s, struct link *in, uint64_t now_ns);

/* Until neither side has anything left to do, or `limit_ns`. */
void run(struct pair *p, uint64_t limit_ns);

int start(struct pair *p, enum test_direction direction);

/* The latest test in a direction; phase TEST_NONE: there is none. */
struct test_record latest(const struct side *s, enum test_direction direction);

/* Both ends tell the same story. */
void check_agreement(const struct pair *p, enum test_direction direction, enum test_phase phase);

#endif
