/* One table of the report's fields, in their order on the wire, serves encoding and decoding. Only what a
 * reader's arithmetic needs is checked: counts that fit together, and delays whose difference doesn't
 * overflow. */
#include "proto/wire/feedback.h"

#include <assert.h>
#include <string.h>

#include "proto/sys/bytes.h"
#include "proto/sys/clock.h"

enum {
	VERSION_BYTES = 2,
	LENGTH_AT = 2,
	WAITED_AT = 4,
	WAITED_BYTES = 4,
	FIELDS_AT = 8,
	FIELD_BYTES = 8,
};

#define DELAY_MAX_NS (INT64_C(1) << 62)

static const size_t fields[] = {
	offsetof(struct feedback, from),
	offsetof(struct feedback, clock_ns),
	offsetof(struct feedback, packets),
	offsetof(struct feedback, bytes),
	offsetof(struct feedback, unique_packets),
	offsetof(struct feedback, duplicates),
	offsetof(struct feedback, network_duplicates),
	offsetof(struct feedback, reordered),
	offsetof(struct feedback, next_channel),
	offsetof(struct feedback, host_drops),
	offsetof(struct feedback, delay_min_ns),
	offsetof(struct feedback, delay_last_ns),
	offsetof(struct feedback, receipt_sequence),
	offsetof(struct feedback, receipt),
	offsetof(struct feedback, allowed_bps),
	offsetof(struct feedback, arrival_ns),
};

enum { FIELDS = sizeof(fields) / sizeof(fields[0]) };

static_assert(FIELDS_AT + FIELDS * FIELD_BYTES == FEEDBACK_REPORT_BYTES, "layout");

size_t feedback_encode(uint8_t out[WIRE_MAX_BYTES], const struct feedback *f)
{
	size_t used = wire_encode_spans(out, &f->spans);
	uint8_t *report = out + used;
	uint64_t waited_us = f->waited_ns / NS_PER_US;

	if (!f->has_report)
		return used;
	assert(f->spans.count <= FEEDBACK_SPANS_MAX);
	bytes_put(report, FEEDBACK_VERSION, VERSION_BYTES);
	bytes_put(report + LENGTH_AT, FEEDBACK_REPORT_BYTES, VERSION_BYTES);
	bytes_put(report + WAITED_AT, waited_us < UINT32_MAX ? waited_us : UINT32_MAX, WAITED_BYTES);
	for (size_t i = 0; i < FIELDS; i++) {
		uint64_t value;

		memcpy(&value, (const uint8_t *)f + fields[i], sizeof(value));
		bytes_put(report + FIELDS_AT + i * FIELD_BYTES, value, FIELD_BYTES);
	}
	return used + FEEDBACK_REPORT_BYTES;
}

static bool is_delay(int64_t ns)
{
	return ns >= -DELAY_MAX_NS && ns <= DELAY_MAX_NS;
}

static bool is_plausible(const struct feedback *f)
{
	return f->unique_packets <= f->packets && f->duplicates <= f->packets - f->unique_packets &&
	       is_delay(f->delay_min_ns) && is_delay(f->delay_last_ns);
}

static enum wire_reject read_report(const uint8_t *report, size_t size, struct feedback *f)
{
	uint64_t length;

	if (size < FEEDBACK_REPORT_BYTES)
		return REJECT_SHORT;
	length = bytes_get(report + LENGTH_AT, VERSION_BYTES);
	if (bytes_get(report, VERSION_BYTES) < FEEDBACK_VERSION || length < FEEDBACK_REPORT_BYTES)
		return REJECT_BODY;
	if (length > size)
		return REJECT_SHORT;
	f->waited_ns = bytes_get(report + WAITED_AT, WAITED_BYTES) * NS_PER_US;
	for (size_t i = 0; i < FIELDS; i++) {
		uint64_t value = bytes_get(report + FIELDS_AT + i * FIELD_BYTES, FIELD_BYTES);

		memcpy((uint8_t *)f + fields[i], &value, sizeof(value));
	}
	f->has_report = is_plausible(f);
	return f->has_report ? WIRE_OK : REJECT_BODY;
}

enum wire_reject feedback_decode(const uint8_t *body, size_t size, bool extended, struct feedback *f)
{
	size_t used;
	enum wire_reject reject;

	f->has_report = false;
	reject = wire_decode_spans(body, size, &f->spans, &used);
	if (reject != WIRE_OK || !extended)
		return reject;
	return read_report(body + used, size - used, f);
}
