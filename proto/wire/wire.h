/* The layout of binary messages: the 20-byte header, the stamp of data, questions about the path, and the
 * body of FLOW_CONTROL. Big-endian on the wire; the layout is in PROTOCOL.md. No state: any thread. */
#ifndef PROTO_WIRE_WIRE_H
#define PROTO_WIRE_WIRE_H

#include <stddef.h>
#include <stdint.h>

#include "proto/measure/span.h"
#include "proto/record/reject.h"

enum {
	WIRE_HEADER_BYTES = 20,
	WIRE_STAMP_BYTES = 16,
	WIRE_QUESTION_BYTES = 4,
	WIRE_MAX_BYTES = 1400, /* no control, heartbeat or report datagram is longer */
	WIRE_BODY_BYTES = WIRE_MAX_BYTES - WIRE_HEADER_BYTES,
	WIRE_CHANNEL_MAX = 0xffffff,
	WIRE_SPANS_MAX = 86, /* the most pairs that fit: (1400 - 20 - 4) / 16 */
};

enum wire_type {
	WIRE_HEARTBEAT_0,
	WIRE_HEARTBEAT_1,
	WIRE_HEARTBEAT_2,
	WIRE_FLOW_CONTROL,
	WIRE_BANDWIDTH_TEST,
	WIRE_DATA, /* not data: a question about the path's largest datagram, or its answer */
	WIRE_CONTROL,
	WIRE_TEST_RESULT,
	WIRE_TYPES,
};

struct wire_header {
	enum wire_type type;
	uint32_t channel; /* 24 bits */
	uint64_t sequence;
	uint64_t offset;
};

void wire_encode(uint8_t out[WIRE_HEADER_BYTES], const struct wire_header *h);

/* WIRE_OK, REJECT_SHORT or REJECT_TYPE. */
enum wire_reject wire_decode(const uint8_t *bytes, size_t size, struct wire_header *h);

/* Which piece of data a BANDWIDTH_TEST packet carries: sequence - offset, mod 2^64. */
uint64_t wire_data_sequence(const struct wire_header *h);

/* How many of the `count` datagrams that lie behind this one, of the same size, go on from it: the same type,
 * channel and offset, and one sequence after another. */
unsigned wire_run(const uint8_t *bytes, size_t size, unsigned count);

/* Follows the header of data between extended peers. */
struct wire_stamp {
	uint64_t sent_ns; /* by the sender's clock */
	uint64_t receipt; /* receipt.h; 0: nobody asks for a proof of arrival */
};

void wire_encode_stamp(uint8_t out[WIRE_STAMP_BYTES], const struct wire_stamp *stamp);
void wire_decode_stamp(const uint8_t bytes[WIRE_STAMP_BYTES], struct wire_stamp *stamp);

/* The body of a question about the path's largest datagram, and of its answer: a number, padded with zeros to
 * the size that is asked about. */
void wire_encode_question(uint8_t out[WIRE_QUESTION_BYTES], uint32_t number);
uint32_t wire_decode_question(const uint8_t bytes[WIRE_QUESTION_BYTES]);

/* The body of FLOW_CONTROL: data sequences not yet received, ascending; the last span normally
 * ends at UINT64_MAX. */
struct wire_spans {
	uint32_t count;
	struct span span[WIRE_SPANS_MAX];
};

/* Writes 4 + 16 * count bytes and returns their number. */
size_t wire_encode_spans(uint8_t *out, const struct wire_spans *spans);

/* Refuses a count above WIRE_SPANS_MAX or beyond `size` (REJECT_SHORT), and spans that are empty,
 * overlap, touch or do not ascend (REJECT_SEQUENCE). Bytes after the spans are ignored; *used, unless NULL,
 * is set to where they begin. */
enum wire_reject wire_decode_spans(const uint8_t *body, size_t size, struct wire_spans *spans, size_t *used);

#endif
