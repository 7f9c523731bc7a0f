/* What a server tells a client that watches it: each port of their session as the server sees it. JSON
 * bodies of the CONTROL port between extended peers, on the heartbeats' channel. Ranges are checked, unknown
 * keys ignored, and there is no text in it. No state: any thread.
 *
 *   {"cmd":"VIEW"}, client to server; the answer has one object for each port, in the order of port_kind:
 *   {"cmd":"VIEW","ack":0,"clock":T,"ports":[{"st":1,"tid":4711,...},{...},{...}]}
 *
 * Counters are raw and the server's clock is with them, so that the client can make rates of what differs
 * between two answers.
 *
 * Parsers return WIRE_OK or REJECT_BODY; formatters the bytes written, which always fit, or 0: no memory. */
#ifndef PROTO_WIRE_SERVER_VIEW_BODY_H
#define PROTO_WIRE_SERVER_VIEW_BODY_H

#include <stddef.h>
#include <stdint.h>

#include "proto/record/snapshot.h"
#include "proto/wire/classic.h"
#include "proto/wire/seal.h"

enum { PEER_VIEW_BODY = MESSAGE_BODY - SEAL_TAG_BYTES }; /* room for the largest values of everything */

/* Larger values are written as this one: what jansson's integers hold. A clock in ns that has run for
 * 104 days is above FIELDS_COUNT_MAX, so that is not the limit here. */
#define PEER_VIEW_MAX ((uint64_t)INT64_MAX)

size_t peer_view_write_question(char out[MESSAGE_BODY]);
enum wire_reject peer_view_read_question(const uint8_t *body, size_t size);

/* All but taken_ns, which is the client's own: reading leaves 0 there. */
size_t peer_view_write(char out[MESSAGE_BODY], const struct peer_view *view);
enum wire_reject peer_view_read(const uint8_t *body, size_t size, struct peer_view *view);

/* What of a port's snapshot is told. */
struct peer_port peer_view_port(const struct port_snapshot *snapshot);

#endif
