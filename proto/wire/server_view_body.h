/* What a server tells a client that watches it: each port of their session as the server sees it. JSON
 * bodies of the CONTROL port between extended peers, on the heartbeats' channel. Ranges are checked, unknown
 * keys ignored, and there is no text in it. No state: any thread.
 *
 *   {"cmd":"VIEW"}, client to server; the answer has one object for each port, in the order of port_kind:
 *   {"cmd":"VIEW","ack":0,"clock":T,"ports":[{"st":1,"tid":4711,...},{...},{...}]}
 *
 * Counters are raw and come with the server's clock, so that the client can work out rates from two answers.
 *
 * Decoding returns WIRE_OK or REJECT_BODY; encoding the bytes written, which always fit, or 0: no memory. */
#ifndef PROTO_WIRE_SERVER_VIEW_BODY_H
#define PROTO_WIRE_SERVER_VIEW_BODY_H

#include <stddef.h>
#include <stdint.h>

#include "proto/record/snapshot.h"
#include "proto/wire/seal.h"
#include "proto/wire/wire.h"

enum {
	SERVER_VIEW_BODY_BYTES = WIRE_BODY_BYTES - SEAL_TAG_BYTES
}; /* room for the largest values of everything */

/* Larger values are sent as this one: the most that jansson's integers hold. A clock in ns that has run for
 * 104 days is above WIRE_JSON_COUNT_MAX, so that is not the limit here. */
#define SERVER_VIEW_NUMBER_MAX ((uint64_t)INT64_MAX)

size_t server_view_body_encode_question(char out[WIRE_BODY_BYTES]);
enum wire_reject server_view_body_decode_question(const uint8_t *body, size_t size);

/* All but taken_ns, which is the client's own: decoding leaves 0 there. */
size_t server_view_body_encode(char out[WIRE_BODY_BYTES], const struct server_view *view);
enum wire_reject server_view_body_decode(const uint8_t *body, size_t size, struct server_view *view);

/* The part of a port's snapshot that the client is told. */
struct server_view_port server_view_body_port(const struct port_snapshot *snapshot);

#endif
