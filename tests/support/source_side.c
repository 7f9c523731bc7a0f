#include "tests/support/source_side.h"

void open_source(struct source *s, uint64_t rate_bps, uint32_t datagram, unsigned segments)
{
	struct source_plan plan = {
		.order =
			{
				.channel = CHANNEL,
				.start_ns = START_NS,
				.duration_ns = DURATION_NS,
				.rate_bps = rate_bps,
				.datagram_bytes = datagram,
			},
		.segments = segments,
	};

	assert_int_equal(source_open(s, &plan), 0);
}

void open_download(struct source *s, uint64_t rate_bps, uint64_t lease_ns)
{
	struct source_plan plan = {
		.order =
			{
				.channel = CHANNEL,
				.start_ns = START_NS,
				.duration_ns = DURATION_NS,
				.rate_bps = rate_bps,
				.datagram_bytes = DATAGRAM,
			},
		.waits = true,
		.extended = true,
		.segments = SEGMENTS,
		.lease_ns = lease_ns,
	};

	assert_int_equal(source_open(s, &plan), 0);
}

unsigned pour(struct source *s, unsigned most, uint64_t now_ns)
{
	unsigned sent = 0, staged;

	while (sent < most && (staged = source_fill(s, now_ns)) > 0) {
		unsigned taken = staged < most - sent ? staged : most - sent;

		source_sent(s, taken, now_ns);
		sent += taken;
	}
	return sent;
}

struct wire_header staged_header(const struct source *s, unsigned i)
{
	struct wire_header h;

	assert_true(i < s->staged);
	assert_int_equal(
		wire_decode(s->buffer + (size_t)i * s->order.datagram_bytes, s->order.datagram_bytes, &h),
		WIRE_OK);
	return h;
}
