/* The exchange of both halves of a result between extended peers: JSON bodies of the CONTROL port. Ranges are
 * checked, unknown keys ignored; all but the counters and the duration may be missing. No state: any thread.
 *
 * Decoding returns WIRE_OK or REJECT_BODY; encoding the bytes written, which always fit. */
#ifndef PROTO_WIRE_RESULT_H
#define PROTO_WIRE_RESULT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/record/test.h"
#include "proto/wire/wire.h"

/* {"cmd":"TEST_RESULT","ack":1,"channel":C,"uid":"...","sent":{...}} or "received" in its place: the client
 * says what it has counted, the server answers ("ack":0) with the other half. */
struct result_message {
	bool is_answer;
	uint32_t channel;
	char uid[TEST_UID_BYTES];
	bool has_sent; /* else `received` is in it */
	struct sent_half sent;
	struct received_half received;
};

size_t result_encode(char out[WIRE_BODY_BYTES], const struct result_message *m);
enum wire_reject result_decode(const uint8_t *body, size_t size, struct result_message *m);

#endif
