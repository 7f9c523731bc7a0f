/* JSON bodies <-> structs: heartbeats, the upload command, the result. Numbers are checked against
 * their ranges, text is sanitised, unknown keys are ignored. No state: any thread.
 *
 * Parsers return WIRE_OK or REJECT_BODY; formatters return the bytes written (no NUL counted), which
 * always fit in WIRE_MAX_BYTES - WIRE_HEADER_BYTES. */
#ifndef PROTO_WIRE_CLASSIC_H
#define PROTO_WIRE_CLASSIC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/record/test.h"
#include "proto/wire/wire.h"

enum {
	HEARTBEAT_BODY_STAMP = 48,       /* the JSON text of a time stamp and its NUL */
	CLASSIC_DURATION_DEFAULT_S = 30, /* what a classic BWUP without duration means */
	CLASSIC_DURATION_MAX_S = 86400,
};

/* A heartbeat's time stamps, each as JSON text (a number, or a string with its quotes), which is
 * given back as it came; "" when absent. HEARTBEAT_0 carries only `client`. */
struct heartbeat_body {
	char client[HEARTBEAT_BODY_STAMP];
	char server[HEARTBEAT_BODY_STAMP];
	/* Between extended peers, in answers: how long the packet before was held on this host, from the
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
 * Reading answers false when the text is no number or out of 0..2^63 ns. */
void heartbeat_body_write_stamp(char out[HEARTBEAT_BODY_STAMP], uint64_t ns);
bool heartbeat_body_read_stamp(const char *text, uint64_t *ns);

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
	/* Keys that classic peers ignore and our server adds. */
	bool has_counts;
	uint64_t unique_packets, duplicates, reordered, socket_drops;
};

size_t classic_encode_result(char out[WIRE_BODY_BYTES], const struct classic_result *m);
enum wire_reject classic_decode_result(const uint8_t *body, size_t size, struct classic_result *m);

/* A random UUID (RFC 4122, version 4). */
void classic_new_uid(char out[TEST_UID_BYTES]);

/* The classic handshake: "7000,7001,7002,26970". Parsing accepts exactly four decimal integers,
 * the ports 1..65535 and distinct, the key 0..WIRE_CHANNEL_MAX, and a trailing line end. */
struct classic_assignment {
	uint16_t port[3];
	uint32_t key;
};

size_t classic_encode_assignment(char out[WIRE_BODY_BYTES], const struct classic_assignment *m);
enum wire_reject classic_decode_assignment(const uint8_t *bytes, size_t size, struct classic_assignment *m);

#endif
