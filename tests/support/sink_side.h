/* What the tests of the receiving side share: an open sink in virtual time, and arrivals as rows.
 */
#ifndef TESTS_SUPPORT_SINK_SIDE_H
#define TESTS_SUPPORT_SINK_SIDE_H

#include <stdlib.h>
#include <string.h>

#include "proto/engine/sink.h"
#include "proto/engine/source.h"
#include "proto/sys/bytes.h"
#include "proto/sys/clock.h"
#include "tests/support/test.h"

#define DURATION_NS (UINT64_C(2) * NS_PER_S)
#define END_NS      (START_NS + DURATION_NS)
#define INTERVAL_NS (UINT64_C(100) * NS_PER_MS)
#define QUIET_NS    (clock_ms(SINK_QUIET_MS))
#define LINGER_NS   (clock_ms(SINK_LINGER_MS))

enum { CHANNEL = 4711, DATAGRAM = 937 };

static inline struct sink_plan sink_plan_of(bool extended)
{
	return (struct sink_plan){
		.order =
			{
				.channel = CHANNEL,
				.start_ns = START_NS,
				.duration_ns = DURATION_NS,
			},
		.extended = extended,
		.report_interval_ns = INTERVAL_NS,
		.now_ns = START_NS,
	};
}

static inline void open_sink(struct sink *k)
{
	struct sink_plan plan = sink_plan_of(false);

	assert_int_equal(sink_open(k, &plan), 0);
}

/* A datagram with that header; behind it, when and with what receipt number it left. */
static inline enum wire_reject take(
	struct sink *k, const struct wire_header *h, uint64_t sent_ns, uint64_t receipt, uint64_t now_ns)
{
	uint8_t bytes[DATAGRAM] = {0};
	struct sink_packet packet = {.header = h, .bytes = bytes, .size = DATAGRAM, .received_ns = now_ns};

	wire_encode(bytes, h);
	bytes_put(bytes + WIRE_HEADER_BYTES, sent_ns, 8);
	bytes_put(bytes + WIRE_HEADER_BYTES + 8, receipt, 8);
	return sink_data(k, &packet);
}

/* A packet with a channel sequence that carries that piece of data. */
static inline enum wire_reject arrive(struct sink *k, uint64_t sequence, uint64_t data, uint64_t now_ns)
{
	struct wire_header h = {
		.type = WIRE_BANDWIDTH_TEST,
		.channel = CHANNEL,
		.sequence = sequence,
		.offset = sequence - data,
	};

	return take(k, &h, now_ns, 1, now_ns);
}

struct arrival {
	uint64_t sequence, data;
};

enum { ARRIVALS = 12 };

#endif
