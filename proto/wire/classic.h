/* What classic peers say in JSON <-> structs: the upload command and the result; and the answer to a classic
 * CONNECT. Numbers are checked against their ranges, text is sanitised, unknown keys are ignored. No state:
 * any thread.
 *
 * Decoding returns WIRE_OK or REJECT_BODY; encoding the bytes written, without a NUL, which always fit in
 * WIRE_BODY_BYTES. */
#ifndef PROTO_WIRE_CLASSIC_H
#define PROTO_WIRE_CLASSIC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/record/test.h"
#include "proto/wire/wire.h"

enum {
	CLASSIC_DURATION_DEFAULT_S = 30, /* what a classic BWUP without duration means */
};

/* BWUP, and its acknowledgement ("ack": 0), which names the test's uid. */
struct classic_command {
	uint32_t channel;
	uint32_t duration_s;
	bool is_ack;
	char uid[TEST_UID_BYTES];
};

size_t classic_encode_command(char out[WIRE_BODY_BYTES], const struct classic_command *m);
enum wire_reject classic_decode_command(const uint8_t *body, size_t size, struct classic_command *m);

/* TEST_RESULT. An acknowledgement carries only the guid. */
struct classic_result {
	bool is_ack;
	char guid[TEST_UID_BYTES];
	char uid[TEST_UID_BYTES];
	uint32_t channel;
	uint64_t bytes_received;
	double bandwidth_bps;
	uint64_t retransmit_count;
	bool has_packet_count; /* older servers leave it out */
	uint64_t packet_count;
	double duration_s;
	/* Keys that our server adds and classic peers ignore. */
	bool has_counts;
	uint64_t unique_packets, duplicates, reordered, socket_drops;
};

size_t classic_encode_result(char out[WIRE_BODY_BYTES], const struct classic_result *m);
enum wire_reject classic_decode_result(const uint8_t *body, size_t size, struct classic_result *m);

/* A random UUID (RFC 4122, version 4). */
void classic_new_uid(char out[TEST_UID_BYTES]);

/* The classic handshake: "7000,7001,7002,26970". Decoding accepts exactly four decimal integers,
 * the ports 1..65535 and distinct, the key 0..WIRE_CHANNEL_MAX, and a trailing line end. */
struct classic_assignment {
	uint16_t port[3];
	uint32_t key;
};

size_t classic_encode_assignment(char out[WIRE_BODY_BYTES], const struct classic_assignment *m);
enum wire_reject classic_decode_assignment(const uint8_t *bytes, size_t size, struct classic_assignment *m);

#endif
