/* What the tests of the three-way exchange share: both roles in virtual time, joined by hand, so
 * that each message can be lost, doubled, delayed or forged. */
#ifndef TESTS_SUPPORT_HEARTBEAT_PAIR_H
#define TESTS_SUPPORT_HEARTBEAT_PAIR_H

#include <stdio.h>
#include <string.h>

#include "proto/engine/heartbeat.h"
#include "proto/sys/clock.h"
#include "tests/support/test.h"

#define LOST_NS     (clock_ms(HEARTBEAT_LOST_MS))
#define INTERVAL_NS (UINT64_C(10) * NS_PER_MS)

struct message {
	enum wire_type type;
	size_t size;
	char body[WIRE_BODY_BYTES];
};

enum wire_reject heartbeat_give(
	struct heartbeat *h, const struct message *m, uint64_t now_ns, struct message *out);

struct message text(enum wire_type type, const char *body);
struct message begin(struct heartbeat *client, uint64_t now_ns);
struct latency_summary summary(struct heartbeat *h);

struct pair {
	struct heartbeat client, server;
};

void heartbeat_pair_open(struct pair *p, uint64_t limit);

/* One whole exchange, each way taking this long; returns when it was over. */
uint64_t exchange(struct pair *p, uint64_t now_ns, uint64_t up_ns, uint64_t down_ns);

#endif
