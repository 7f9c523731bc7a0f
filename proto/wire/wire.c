/* Nothing is allocated, and nothing outside the given size is read. */
#include "proto/wire/wire.h"

#include <assert.h>
#include <stdbool.h>

#include "proto/sys/bytes.h"

enum {
	CHANNEL_AT = 1,
	SEQUENCE_AT = 4,
	OFFSET_AT = 12,
	RECEIPT_AT = 8, /* in a stamp */
	COUNT_BYTES = 4,
	PAIR_BYTES = 16,
};

void wire_encode(uint8_t out[WIRE_HEADER_BYTES], const struct wire_header *h)
{
	assert(h->type < WIRE_TYPES && h->channel <= WIRE_CHANNEL_MAX);
	bytes_put(out, h->type, CHANNEL_AT);
	bytes_put(out + CHANNEL_AT, h->channel, SEQUENCE_AT - CHANNEL_AT);
	bytes_put(out + SEQUENCE_AT, h->sequence, OFFSET_AT - SEQUENCE_AT);
	bytes_put(out + OFFSET_AT, h->offset, WIRE_HEADER_BYTES - OFFSET_AT);
}

enum wire_reject wire_decode(const uint8_t *bytes, size_t size, struct wire_header *h)
{
	if (size < WIRE_HEADER_BYTES)
		return REJECT_SHORT;
	if (bytes[0] >= WIRE_TYPES)
		return REJECT_TYPE;
	*h = (struct wire_header){
		.type = (enum wire_type)bytes[0],
		.channel = (uint32_t)bytes_get(bytes + CHANNEL_AT, SEQUENCE_AT - CHANNEL_AT),
		.sequence = bytes_get(bytes + SEQUENCE_AT, OFFSET_AT - SEQUENCE_AT),
		.offset = bytes_get(bytes + OFFSET_AT, WIRE_HEADER_BYTES - OFFSET_AT),
	};
	return WIRE_OK;
}

uint64_t wire_data_sequence(const struct wire_header *h)
{
	return h->sequence - h->offset;
}

unsigned wire_run(const uint8_t *bytes, size_t size, unsigned count)
{
	uint64_t sequence = bytes_get(bytes + SEQUENCE_AT, OFFSET_AT - SEQUENCE_AT);
	const uint8_t *at = bytes + size;
	unsigned n = 0;

	for (; n < count; n++, at += size)
		if (memcmp(at, bytes, SEQUENCE_AT) != 0 ||
			memcmp(at + OFFSET_AT, bytes + OFFSET_AT, WIRE_HEADER_BYTES - OFFSET_AT) != 0 ||
			bytes_get(at + SEQUENCE_AT, OFFSET_AT - SEQUENCE_AT) != sequence + n + 1)
			break;
	return n;
}

void wire_encode_stamp(uint8_t out[WIRE_STAMP_BYTES], const struct wire_stamp *stamp)
{
	bytes_put(out, stamp->sent_ns, RECEIPT_AT);
	bytes_put(out + RECEIPT_AT, stamp->receipt, WIRE_STAMP_BYTES - RECEIPT_AT);
}

void wire_decode_stamp(const uint8_t bytes[WIRE_STAMP_BYTES], struct wire_stamp *stamp)
{
	stamp->sent_ns = bytes_get(bytes, RECEIPT_AT);
	stamp->receipt = bytes_get(bytes + RECEIPT_AT, WIRE_STAMP_BYTES - RECEIPT_AT);
}

void wire_encode_question(uint8_t out[WIRE_QUESTION_BYTES], uint32_t number)
{
	bytes_put(out, number, WIRE_QUESTION_BYTES);
}

uint32_t wire_decode_question(const uint8_t bytes[WIRE_QUESTION_BYTES])
{
	return (uint32_t)bytes_get(bytes, WIRE_QUESTION_BYTES);
}

size_t wire_encode_spans(uint8_t *out, const struct wire_spans *spans)
{
	uint8_t *at = out + COUNT_BYTES;

	assert(spans->count <= WIRE_SPANS_MAX);
	bytes_put(out, spans->count, COUNT_BYTES);
	for (uint32_t i = 0; i < spans->count; i++, at += PAIR_BYTES) {
		bytes_put(at, spans->span[i].begin, PAIR_BYTES / 2);
		bytes_put(at + PAIR_BYTES / 2, spans->span[i].end, PAIR_BYTES / 2);
	}
	return (size_t)(at - out);
}

/* Whether `next` begins above `last` with at least one number between them. */
static bool leaves_gap(struct span last, struct span next)
{
	return next.begin > last.end && next.begin - last.end > 1;
}

enum wire_reject wire_decode_spans(const uint8_t *body, size_t size, struct wire_spans *spans, size_t *used)
{
	uint64_t count;
	const uint8_t *at;

	spans->count = 0;
	if (size < COUNT_BYTES)
		return REJECT_SHORT;
	count = bytes_get(body, COUNT_BYTES);
	if (count > WIRE_SPANS_MAX || size - COUNT_BYTES < count * PAIR_BYTES)
		return REJECT_SHORT;
	at = body + COUNT_BYTES;
	for (uint32_t i = 0; i < count; i++, at += PAIR_BYTES) {
		struct span s = {
			.begin = bytes_get(at, PAIR_BYTES / 2),
			.end = bytes_get(at + PAIR_BYTES / 2, PAIR_BYTES / 2),
		};

		if (s.begin > s.end || (i > 0 && !leaves_gap(spans->span[i - 1], s)))
			return REJECT_SEQUENCE;
		spans->span[i] = s;
	}
	spans->count = (uint32_t)count;
	if (used)
		*used = (size_t)(at - body);
	return WIRE_OK;
}
