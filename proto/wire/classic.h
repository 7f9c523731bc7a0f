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

#include "proto/wire/wire.h"

enum {
	MESSAGE_BODY = WIRE_MAX_BYTES - WIRE_HEADER_BYTES,
	MESSAGE_UID = 37,                /* a UUID and its NUL */
	MESSAGE_STAMP = 48,              /* the JSON text of a time stamp and its NUL */
	MESSAGE_DURATION_DEFAULT_S = 30, /* what a classic BWUP without duration means */
	MESSAGE_DURATION_MAX_S = 86400,
};

/* A heartbeat's time stamps, each as JSON text (a number, or a string with its quotes), which is
 * given back as it came; "" when absent. HEARTBEAT_0 carries only `client`. */
struct message_heartbeat {
	char client[MESSAGE_STAMP];
	char server[MESSAGE_STAMP];
	/* Between extended peers, in answers: how long the packet before was held on this host, from the
	 * kernel's receive time to this send; and, from the server, whether the client's address is proven.
	 */
	bool extended;
	uint64_t held_ns;
	bool proven;
};

size_t message_format_heartbeat(
	char out[MESSAGE_BODY], enum wire_type type, const struct message_heartbeat *m);
enum wire_reject message_parse_heartbeat(
	const uint8_t *body, size_t size, enum wire_type type, struct message_heartbeat *m);

/* Seconds with nine decimals, as a JSON number, and back to the nearest nanosecond.
 * Reading answers false when the text is no number or out of 0..2^63 ns. */
void message_write_stamp(char out[MESSAGE_STAMP], uint64_t ns);
bool message_read_stamp(const char *text, uint64_t *ns);

/* BWUP, and its acknowledgement ("ack": 0), which names the test's uid. */
struct message_command {
	uint32_t channel;
	uint32_t duration_s;
	bool is_ack;
	char uid[MESSAGE_UID];
};

size_t message_format_command(char out[MESSAGE_BODY], const struct message_command *m);
enum wire_reject message_parse_command(const uint8_t *body, size_t size, struct message_command *m);

/* TEST_RESULT. An acknowledgement carries only the guid. */
struct message_result {
	bool is_ack;
	char guid[MESSAGE_UID];
	char uid[MESSAGE_UID];
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

size_t message_format_result(char out[MESSAGE_BODY], const struct message_result *m);
enum wire_reject message_parse_result(const uint8_t *body, size_t size, struct message_result *m);

/* A random UUID (RFC 4122, version 4). */
void message_new_uid(char out[MESSAGE_UID]);

/* The classic handshake: "7000,7001,7002,26970". Parsing accepts exactly four decimal integers,
 * the ports 1..65535 and distinct, the key 0..WIRE_CHANNEL_MAX, and a trailing line end. */
struct message_assignment {
	uint16_t port[3];
	uint32_t key;
};

size_t message_format_assignment(char out[MESSAGE_BODY], const struct message_assignment *m);
enum wire_reject message_parse_assignment(const uint8_t *bytes, size_t size, struct message_assignment *m);

#endif
