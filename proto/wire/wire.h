/* The 20-byte packet header, the binary body of FLOW_CONTROL, and why a datagram is refused.
 * Big-endian on the wire; the layout is in PROTOCOL.md. No state: any thread. */
#ifndef PROTO_WIRE_WIRE_H
#define PROTO_WIRE_WIRE_H

#include <stddef.h>
#include <stdint.h>

#include "proto/measure/span.h"

enum {
	WIRE_HEADER_BYTES = 20,
	WIRE_MAX_BYTES = 1400, /* no control, heartbeat or report datagram is longer */
	WIRE_CHANNEL_MAX = 0xffffff,
	WIRE_SPANS_MAX = 86, /* the most pairs that fit: (1400 - 20 - 4) / 16 */
};

enum wire_type {
	WIRE_HEARTBEAT_0,
	WIRE_HEARTBEAT_1,
	WIRE_HEARTBEAT_2,
	WIRE_FLOW_CONTROL,
	WIRE_BANDWIDTH_TEST,
	WIRE_DATA, /* no data: a question about the path's largest datagram, or its answer */
	WIRE_CONTROL,
	WIRE_TEST_RESULT,
	WIRE_TYPES,
};

/* Why a datagram was refused: counted by reason, never answered. */
enum wire_reject {
	WIRE_OK,
	REJECT_SHORT,    /* shorter than its header or its own count says */
	REJECT_LONG,     /* longer than its kind may be */
	REJECT_TYPE,     /* no such type, or not on this port or in this direction */
	REJECT_PEER,     /* not from the address this port talks with */
	REJECT_CHANNEL,  /* no test or heartbeat on this channel */
	REJECT_SEQUENCE, /* a sequence or span outside what is possible */
	REJECT_BODY,     /* a body that is not what its type demands */
	REJECT_TAG,      /* no tag, or one made without the session's secret */
	REJECT_REPLAY,   /* a sealed message that was taken before, or is too old to tell */
	WIRE_REJECTS,
};

struct wire_header {
	enum wire_type type;
	uint32_t channel; /* 24 bits */
	uint64_t sequence;
	uint64_t offset;
};

/* The name of a reason, such as "short": for logs and reports. */
const char *wire_reject_name(enum wire_reject reason);

void wire_encode(uint8_t out[WIRE_HEADER_BYTES], const struct wire_header *h);

/* WIRE_OK, REJECT_SHORT or REJECT_TYPE. */
enum wire_reject wire_decode(const uint8_t *bytes, size_t size, struct wire_header *h);

/* Which piece of data a BANDWIDTH_TEST packet carries: sequence - offset, mod 2^64. */
uint64_t wire_data_sequence(const struct wire_header *h);

/* The body of FLOW_CONTROL: data sequences not yet received, ascending; the last span normally
 * ends at UINT64_MAX. */
struct wire_spans {
	uint32_t count;
	struct span span[WIRE_SPANS_MAX];
};

/* Writes 4 + 16 * count bytes and returns their number. */
size_t wire_encode_spans(uint8_t *out, const struct wire_spans *spans);

/* Refuses a count above WIRE_SPANS_MAX or beyond `size` (REJECT_SHORT), and spans that are empty,
 * overlap, touch or do not ascend (REJECT_SEQUENCE). Bytes behind the spans are ignored;
 * *used, unless NULL, is set to where they begin. */
enum wire_reject wire_decode_spans(const uint8_t *body, size_t size, struct wire_spans *spans, size_t *used);

#endif
