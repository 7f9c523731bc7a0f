/* Bodies of heartbeats, which both dialects write as JSON, and their time stamps. Numbers are checked against
 * their ranges, unknown keys are ignored. No state: any thread.
 *
 * Decoding returns WIRE_OK or REJECT_BODY; encoding the bytes written, without a NUL, which always fit. */
#ifndef PROTO_WIRE_HEARTBEAT_BODY_H
#define PROTO_WIRE_HEARTBEAT_BODY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/wire/wire.h"

enum { HEARTBEAT_BODY_STAMP = 48 }; /* the JSON text of a time stamp and its NUL */

/* A heartbeat's time stamps, each as JSON text (a number, or a string with its quotes), which is returned as
 * it came; "" when absent. HEARTBEAT_0 carries only `client`. */
struct heartbeat_body {
	char client[HEARTBEAT_BODY_STAMP];
	char server[HEARTBEAT_BODY_STAMP];
	/* Between extended peers, in answers: how long the previous packet was held on this host, from the
	 * kernel's receive time to this send; and, from the server, whether the client's address is proven.
	 */
	bool extended;
	uint64_t held_ns;
	bool proven;
	uint32_t interval_ms; /* HEARTBEAT_0: the client's idle interval; 0: not said */
};

size_t heartbeat_body_encode(char out[WIRE_BODY_BYTES], enum wire_type type, const struct heartbeat_body *m);
enum wire_reject heartbeat_body_decode(
	const uint8_t *body, size_t size, enum wire_type type, struct heartbeat_body *m);

/* Seconds with nine decimals, as a JSON number, and back to the nearest nanosecond.
 * Reading returns false when the text is not a number or is outside 0..2^63 ns. */
void heartbeat_body_write_stamp(char out[HEARTBEAT_BODY_STAMP], uint64_t ns);
bool heartbeat_body_read_stamp(const char *text, uint64_t *ns);

#endif
