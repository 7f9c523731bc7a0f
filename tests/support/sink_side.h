/* What the tests of the receiving side share: an open sink in virtual time, and arrivals as rows.
 */
#ifndef TESTS_SUPPORT_SINK_SIDE_H
#define TESTS_SUPPORT_SINK_SIDE_H

#include <stdlib.h>
#include <string.h>

#include "proto/engine/sink.h"
#include "proto/engine/source.h"
#include "proto/sys/clock.h"
#include "tests/support/test.h"

#define DURATION_NS (UINT64_C(2) * NS_PER_S)
#define END_NS      (START_NS + DURATION_NS)
#define INTERVAL_NS (UINT64_C(100) * NS_PER_MS)
#define QUIET_NS    (clock_ms(SINK_QUIET_MS))
#define LINGER_NS   (clock_ms(SINK_LINGER_MS))

enum { CHANNEL = 4711, DATAGRAM = 937 };

struct sink_plan sink_plan_of(bool extended);
void open_sink(struct sink *k);

/* A datagram with that header; behind it, when and with what receipt number it left. */
enum wire_reject take(
	struct sink *k, const struct wire_header *h, uint64_t sent_ns, uint64_t receipt, uint64_t now_ns);

/* A packet with a channel sequence that carries that piece of data. */
enum wire_reject arrive(struct sink *k, uint64_t sequence, uint64_t data, uint64_t now_ns);

struct arrival {
	uint64_t sequence, data;
};

enum { ARRIVALS = 12 };

#endif
