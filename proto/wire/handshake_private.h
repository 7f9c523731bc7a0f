/* What the handshake's questions and answers share. Internal to handshake.c and handshake_answer.c. */
#ifndef PROTO_WIRE_HANDSHAKE_PRIVATE_H
#define PROTO_WIRE_HANDSHAKE_PRIVATE_H

#include "proto/wire/handshake.h"
#include "proto/wire/json.h"

/* The field "features". A missing list reads as an empty one. */
void handshake_append_features(struct wire_json_text *t, uint32_t features);
bool handshake_read_features(const json_t *root, uint32_t *features);

/* A number up to UINT32_MAX; unless it is `needed`, a missing one is 0. */
bool handshake_read_number(const json_t *object, const char *key, bool needed, uint32_t *number);

/* Optional bytes; *has tells whether they are there. */
bool handshake_read_optional(const json_t *root, const char *key, uint8_t *out, size_t size, bool *has);

/* The field "mac", over what was written from `begin` on. */
void handshake_append_mac(struct wire_json_text *t, size_t begin, const struct key *key);

/* Whether `mac`, read from this JSON object, was made with `key`, and covers everything but padding. */
bool handshake_check_mac(
	const uint8_t *json, size_t size, const uint8_t mac[HANDSHAKE_MAC], const struct key *key);

#endif
