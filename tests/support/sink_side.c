#include "tests/support/sink_side.h"

struct sink_plan sink_plan_of(bool extended)
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

void open_sink(struct sink *k)
{
	struct sink_plan plan = sink_plan_of(false);

	assert_int_equal(sink_open(k, &plan), 0);
}

enum wire_reject take(
	struct sink *k, const struct wire_header *h, uint64_t sent_ns, uint64_t receipt, uint64_t now_ns)
{
	uint8_t bytes[DATAGRAM] = {0};
	struct sink_packet packet = {.header = h, .bytes = bytes, .size = DATAGRAM, .received_ns = now_ns};

	wire_encode(bytes, h);
	wire_encode_stamp(
		bytes + WIRE_HEADER_BYTES, &(struct wire_stamp){.sent_ns = sent_ns, .receipt = receipt});
	return sink_data(k, &packet);
}

enum wire_reject arrive(struct sink *k, uint64_t sequence, uint64_t data, uint64_t now_ns)
{
	struct wire_header h = {
		.type = WIRE_BANDWIDTH_TEST,
		.channel = CHANNEL,
		.sequence = sequence,
		.offset = sequence - data,
	};

	return take(k, &h, now_ns, 1, now_ns);
}
