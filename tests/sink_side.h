/* What the tests of the receiving side share: an open sink in virtual time, and arrivals as rows.
 */
#ifndef TESTS_SINK_SIDE_H
#define TESTS_SINK_SIDE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "proto/clock.h"
#include "proto/sink.h"

#define START_NS    (UINT64_C(5000) * NS_PER_S)
#define DURATION_NS (UINT64_C(2) * NS_PER_S)
#define END_NS      (START_NS + DURATION_NS)
#define INTERVAL_NS (UINT64_C(100) * NS_PER_MS)
#define QUIET_NS    ((uint64_t)SINK_QUIET_MS * NS_PER_MS)
#define LINGER_NS   ((uint64_t)SINK_LINGER_MS * NS_PER_MS)
#define COUNT(a)    (sizeof(a) / sizeof((a)[0]))

enum { CHANNEL = 4711, DATAGRAM = 937 };

static const struct test_order order = {
	.channel = CHANNEL,
	.start_ns = START_NS,
	.duration_ns = DURATION_NS,
};

static inline void open_sink(struct sink *k)
{
	assert_int_equal(sink_open(k, &order, INTERVAL_NS), 0);
}

/* A packet with a channel sequence that carries that piece of data. */
static inline enum wire_reject arrive(
	struct sink *k, uint64_t sequence, uint64_t data, uint64_t now_ns)
{
	struct wire_header h = {
		.type = WIRE_BANDWIDTH_TEST,
		.channel = CHANNEL,
		.sequence = sequence,
		.offset = sequence - data,
	};

	return sink_data(k, &h, DATAGRAM, now_ns);
}

struct arrival {
	uint64_t sequence, data;
};

enum { ARRIVALS = 12 };

#endif
