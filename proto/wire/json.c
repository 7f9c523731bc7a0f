/* Reading: jansson checks the whole body, so that what is read later is known to be JSON. Nesting
 * is measured before, because jansson recurses and allocates for every level.
 *
 * Writing: text that doesn't fit is our own bug, so it is asserted. */
#include "proto/wire/json.h"

#include <assert.h>
#include <math.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "proto/sys/text.h"
#include "proto/wire/wire.h"

enum {
	DEPTH_MAX = 8,
	HEX_BYTES_MAX = 32, /* the longest number that is written in hexadecimal */
};

size_t wire_json_skip_string(const char *text, size_t size, size_t at)
{
	for (at++; at < size && text[at] != '"'; at++)
		if (text[at] == '\\')
			at++;
	return at < size ? at + 1 : size;
}

static size_t skip_space(const char *text, size_t size, size_t at)
{
	while (at < size && memchr(" \t\r\n", text[at], 4))
		at++;
	return at;
}

static int depth_change(char c)
{
	if (c == '{' || c == '[')
		return 1;
	return c == '}' || c == ']' ? -1 : 0;
}

static bool is_shallow(const char *text, size_t size)
{
	int depth = 0;

	for (size_t at = 0; at < size && depth <= DEPTH_MAX;) {
		depth += depth_change(text[at]);
		at = text[at] == '"' ? wire_json_skip_string(text, size, at) : at + 1;
	}
	return depth <= DEPTH_MAX;
}

json_t *wire_json_open(const uint8_t *bytes, size_t size)
{
	const char *text = (const char *)bytes;
	json_t *root;

	if (size > WIRE_BODY_BYTES || !is_shallow(text, size))
		return NULL;
	root = json_loadb(text, size, JSON_REJECT_DUPLICATES, NULL);
	if (root && !json_is_object(root)) {
		json_decref(root);
		root = NULL;
	}
	return root;
}

bool wire_json_read_count(const json_t *value, uint64_t min, uint64_t max, uint64_t *count)
{
	double real = json_real_value(value);

	if (json_is_integer(value)) {
		if (json_integer_value(value) < 0)
			return false;
		*count = (uint64_t)json_integer_value(value);
	} else {
		if (!json_is_real(value) || !(real >= 0 && real <= (double)WIRE_JSON_COUNT_MAX) ||
			floor(real) != real)
			return false;
		*count = (uint64_t)real;
	}
	return *count >= min && *count <= max;
}

bool wire_json_read_hex(const json_t *value, uint8_t *out, size_t size)
{
	size_t length = json_string_length(value);
	size_t used = 0;

	return length == 2 * size &&
	       sodium_hex2bin(out, size, json_string_value(value), length, NULL, &used, NULL) == 0 &&
	       used == size;
}

size_t wire_json_find(const char *text, size_t size, const char *key, size_t *value)
{
	size_t length = strlen(key);
	int depth = 0;

	for (size_t at = 0; at < size;) {
		size_t end = at + 1;

		depth += depth_change(text[at]);
		if (text[at] == '"') {
			size_t colon;

			end = wire_json_skip_string(text, size, at);
			colon = skip_space(text, size, end);
			if (depth == 1 && end - at == length + 2 && memcmp(text + at + 1, key, length) == 0 &&
				colon < size && text[colon] == ':') {
				*value = skip_space(text, size, colon + 1);
				return at;
			}
		}
		at = end;
	}
	return size;
}

void wire_json_append(struct wire_json_text *t, const char *format, ...)
{
	size_t room = t->room - t->used;
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(t->text + t->used, room, format, args);
	va_end(args);
	assert(n >= 0 && (size_t)n < room);
	t->used += (size_t)n;
}

/* Sanitised text holds no control characters, so only these two need an escape. */
void wire_json_append_string(struct wire_json_text *t, const char *text)
{
	wire_json_append(t, "\"");
	while (*text) {
		size_t plain = strcspn(text, "\"\\");

		wire_json_append(t, "%.*s", (int)plain, text);
		text += plain;
		if (*text)
			wire_json_append(t, "\\%c", *text++);
	}
	wire_json_append(t, "\"");
}

void wire_json_append_hex(struct wire_json_text *t, const uint8_t *bytes, size_t size)
{
	char hex[2 * HEX_BYTES_MAX + 1];

	assert(size <= HEX_BYTES_MAX);
	wire_json_append(t, "\"%s\"", sodium_bin2hex(hex, sizeof(hex), bytes, size));
}

void wire_json_write_counters(json_t *object, const void *from, const struct wire_json_counter *counter,
	unsigned count, uint64_t max)
{
	for (unsigned i = 0; i < count; i++) {
		uint64_t value;

		memcpy(&value, (const char *)from + counter[i].offset, sizeof value);
		json_object_set_new(
			object, counter[i].key, json_integer((json_int_t)(value < max ? value : max)));
	}
}

bool wire_json_read_counters(
	json_t *object, void *to, const struct wire_json_counter *counter, unsigned count, uint64_t max)
{
	for (unsigned i = 0; i < count; i++) {
		uint64_t value;

		if (!wire_json_read_count(json_object_get(object, counter[i].key), 0, max, &value))
			return false;
		memcpy((char *)to + counter[i].offset, &value, sizeof value);
	}
	return true;
}

size_t wire_json_dump(json_t *object, char *out, size_t room)
{
	size_t size = json_dumpb(object, out, room, JSON_COMPACT);

	json_decref(object);
	return size <= room ? size : 0;
}

bool wire_json_read_uid(const json_t *o, char uid[TEST_UID_BYTES])
{
	const json_t *value = json_object_get(o, "uid");
	size_t size = json_string_length(value);

	return size > 0 && size < TEST_UID_BYTES &&
	       text_sanitise(uid, TEST_UID_BYTES, json_string_value(value), size) > 0;
}

bool wire_json_read_ack(const json_t *o, bool *is_answer)
{
	uint64_t ack = 1;

	if (json_object_get(o, "ack") && !wire_json_read_count(json_object_get(o, "ack"), 0, 1, &ack))
		return false;
	*is_answer = ack == 0;
	return true;
}

bool wire_json_read_channel(const json_t *o, uint32_t *channel)
{
	uint64_t value;

	if (!wire_json_read_count(json_object_get(o, "channel"), 0, WIRE_CHANNEL_MAX, &value) || value == 0)
		return false;
	*channel = (uint32_t)value;
	return true;
}
