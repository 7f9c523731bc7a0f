/* What decoding and encoding JSON objects share. Internal to wire. */
#ifndef PROTO_WIRE_JSON_H
#define PROTO_WIRE_JSON_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/record/test.h"

/* Above this a double, which many peers hold numbers in, can't tell neighbours apart. */
#define WIRE_JSON_COUNT_MAX (UINT64_C(1) << 53)

/* All the bytes as one object, or NULL: not JSON, not an object, anything after it, duplicate keys, nested
 * too deeply, longer than a message, or no memory. */
json_t *wire_json_open(const uint8_t *bytes, size_t size);

/* An integer, or a real number without a fraction, in min..max. */
bool wire_json_read_count(const json_t *value, uint64_t min, uint64_t max, uint64_t *count);

/* Exactly `size` bytes as hexadecimal digits. */
bool wire_json_read_hex(const json_t *value, uint8_t *out, size_t size);

/* Keys that several messages of extended peers have: "uid":"text", sanitised; "ack":0, which marks an answer,
 * 1 or none; "channel":1..WIRE_CHANNEL_MAX. False when the value is not that. */
bool wire_json_read_uid(const json_t *object, char uid[TEST_UID_BYTES]);
bool wire_json_read_ack(const json_t *object, bool *is_answer);
bool wire_json_read_channel(const json_t *object, uint32_t *channel);

/* A counter of a struct, a uint64_t, and its key in JSON. */
struct wire_json_counter {
	const char *key;
	size_t offset;
};

/* Writing adds the counters of `from` to an object, each at most `max`. Reading requires them all, none above
 * `max`. */
void wire_json_write_counters(json_t *object, const void *from, const struct wire_json_counter *counter,
	unsigned count, uint64_t max);
bool wire_json_read_counters(
	json_t *object, void *to, const struct wire_json_counter *counter, unsigned count, uint64_t max);

/* Writes an object and releases it. Returns the bytes written; 0 when they don't fit in `room`. */
size_t wire_json_dump(json_t *object, char *out, size_t room);

/* Where a key of the outermost object, and its value, begin in text known to be JSON: the index of
 * the key's opening quote; `size` when the key is missing or written with escapes. */
size_t wire_json_find(const char *text, size_t size, const char *key, size_t *value);

/* The index just past the string whose opening quote is at `at`. */
size_t wire_json_skip_string(const char *text, size_t size, size_t at);

/* Text being written; the caller makes sure that it fits. */
struct wire_json_text {
	char *text;
	size_t used, room; /* room for the final NUL included */
};

__attribute__((format(printf, 2, 3))) void wire_json_append(
	struct wire_json_text *t, const char *format, ...);

/* Sanitised text as a JSON string, with its quotes. */
void wire_json_append_string(struct wire_json_text *t, const char *text);

/* Bytes as a JSON string of hexadecimal digits, with its quotes. */
void wire_json_append_hex(struct wire_json_text *t, const uint8_t *bytes, size_t size);

#endif
