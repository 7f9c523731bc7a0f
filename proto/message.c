/* Parsing: jansson checks the whole body, so that what is read later is known to be JSON. Nesting
 * is measured before, because jansson recurses and allocates for every level. Doubled keys,
 * anything behind the object, and a number or text outside its range refuse the body.
 *
 * Writing: snprintf in the classic peers' key order. It depends on no locale: times are written
 * from integers, and real numbers get their decimal point afterwards. */
#include "proto/message.h"

#include <assert.h>
#include <jansson.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/text.h"

enum {
	DEPTH_MAX = 8,
	STAMP_MAX = 44,           /* characters of a time stamp that are accepted */
	QUOTED = 2 * MESSAGE_UID, /* a uid with every character escaped */
	REAL = 40,
};

/* Above it a double, which is what many peers hold numbers in, can't tell neighbours apart. */
#define COUNT_MAX (UINT64_C(1) << 53)

struct buffer {
	char *text;
	size_t used;
};

__attribute__((format(printf, 2, 3))) static void append(struct buffer *b, const char *format, ...)
{
	size_t room = MESSAGE_BODY - b->used;
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(b->text + b->used, room, format, args);
	va_end(args);
	assert(n >= 0 && (size_t)n < room);
	b->used += (size_t)n;
}

/* Sanitised text holds no control characters, so only these two need an escape. */
static const char *escape(char out[QUOTED], const char *text)
{
	char *at = out;

	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			*at++ = '\\';
		*at++ = *text;
	}
	*at = '\0';
	return out;
}

/* The shorter of 15 and 17 digits that reads back as the same number. */
static const char *format_real(char out[REAL], double value)
{
	char text[REAL];
	char *at = out;

	assert(isfinite(value) && value >= 0);
	snprintf(text, sizeof(text), "%.15g", value);
	if (strtod(text, NULL) != value)
		snprintf(text, sizeof(text), "%.17g", value);
	for (const char *in = text; *in;) {
		size_t point = strcspn(in, "0123456789e+-");

		*at++ = point ? '.' : *in;
		in += point ? point : 1;
	}
	*at = '\0';
	return out;
}

/* The index behind the string whose opening quote is at `at`. */
static size_t skip_string(const char *text, size_t size, size_t at)
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
		at = text[at] == '"' ? skip_string(text, size, at) : at + 1;
	}
	return depth <= DEPTH_MAX;
}

static json_t *open_object(const uint8_t *body, size_t size)
{
	const char *text = (const char *)body;
	json_t *root;

	if (size > MESSAGE_BODY || !is_shallow(text, size))
		return NULL;
	root = json_loadb(text, size, JSON_REJECT_DUPLICATES, NULL);
	if (root && !json_is_object(root)) {
		json_decref(root);
		root = NULL;
	}
	return root;
}

/* An integer, or a real number without a fraction, in min..max. */
static bool read_count(const json_t *value, uint64_t min, uint64_t max, uint64_t *count)
{
	double real = json_real_value(value);

	if (json_is_integer(value)) {
		if (json_integer_value(value) < 0)
			return false;
		*count = (uint64_t)json_integer_value(value);
	} else {
		if (!json_is_real(value) || !(real >= 0 && real <= (double)COUNT_MAX) ||
			floor(real) != real)
			return false;
		*count = (uint64_t)real;
	}
	return *count >= min && *count <= max;
}

static bool get_count(const json_t *root, const char *key, uint64_t *count)
{
	return read_count(json_object_get(root, key), 0, COUNT_MAX, count);
}

static bool get_real(const json_t *root, const char *key, double *real)
{
	const json_t *value = json_object_get(root, key);

	*real = json_number_value(value);
	return json_is_number(value) && isfinite(*real) && *real >= 0;
}

static bool get_uid(const json_t *root, const char *key, char uid[MESSAGE_UID])
{
	const json_t *value = json_object_get(root, key);
	size_t size = json_string_length(value);

	if (size == 0 || size >= MESSAGE_UID)
		return false;
	text_sanitise(uid, MESSAGE_UID, json_string_value(value), size);
	return true;
}

static bool get_channel(const json_t *root, uint32_t *channel)
{
	const json_t *value = json_object_get(root, "channel");
	uint64_t count;

	if (!json_is_integer(value) || !read_count(value, 1, WIRE_CHANNEL_MAX, &count))
		return false;
	*channel = (uint32_t)count;
	return true;
}

static bool get_duration(const json_t *root, uint32_t *duration_s)
{
	const json_t *value = json_object_get(root, "duration");
	uint64_t count = MESSAGE_DURATION_DEFAULT_S;

	if (value && !read_count(value, 1, MESSAGE_DURATION_MAX_S, &count))
		return false;
	*duration_s = (uint32_t)count;
	return true;
}

/* The command's name, and whether it is an acknowledgement. */
static bool get_kind(const json_t *root, const char *cmd, bool *is_ack)
{
	const char *got = json_string_value(json_object_get(root, "cmd"));
	const json_t *ack = json_object_get(root, "ack");

	if (!got || strcmp(got, cmd) != 0)
		return false;
	*is_ack = ack && json_integer_value(ack) == 0;
	return !ack || (json_is_integer(ack) && (*is_ack || json_integer_value(ack) == 1));
}

/* Where the value of a key of the outermost object begins, in text known to be JSON; `size` when
 * the key is missing or written with escapes. */
static size_t find_value(const char *text, size_t size, const char *key)
{
	size_t length = strlen(key);
	int depth = 0;

	for (size_t at = 0; at < size;) {
		size_t end = at + 1;

		depth += depth_change(text[at]);
		if (text[at] == '"') {
			size_t colon;

			end = skip_string(text, size, at);
			colon = skip_space(text, size, end);
			if (depth == 1 && end - at == length + 2 &&
				memcmp(text + at + 1, key, length) == 0 && colon < size &&
				text[colon] == ':')
				return skip_space(text, size, colon + 1);
		}
		at = end;
	}
	return size;
}

/* Copies a number or string as the peer wrote it. */
static bool copy_stamp(char out[MESSAGE_STAMP], const char *text, size_t size, const char *key)
{
	size_t begin = find_value(text, size, key);
	size_t end = begin;

	if (begin == size)
		return false;
	if (text[begin] == '"')
		end = skip_string(text, size, begin);
	else
		while (end < size && memchr("+-.0123456789eE", text[end], 15))
			end++;
	if (end == begin || end - begin > STAMP_MAX)
		return false;
	memcpy(out, text + begin, end - begin);
	out[end - begin] = '\0';
	return true;
}

size_t message_format_heartbeat(
	char out[MESSAGE_BODY], enum wire_type type, const struct message_heartbeat *m)
{
	struct buffer b = {.text = out};

	assert(type <= WIRE_HEARTBEAT_2 && *m->client && (type == WIRE_HEARTBEAT_0 || *m->server));
	if (type == WIRE_HEARTBEAT_0)
		append(&b, "{\"timestamp\": %s}", m->client);
	else
		append(&b, "{\"client_timestamp\": %s, \"server_timestamp\": %s}", m->client,
			m->server);
	return b.used;
}

enum wire_reject message_parse_heartbeat(
	const uint8_t *body, size_t size, enum wire_type type, struct message_heartbeat *m)
{
	const char *text = (const char *)body;
	json_t *root = open_object(body, size);
	bool ok = root != NULL;

	assert(type <= WIRE_HEARTBEAT_2);
	json_decref(root);
	*m = (struct message_heartbeat){0};
	if (type == WIRE_HEARTBEAT_0)
		ok = ok && copy_stamp(m->client, text, size, "timestamp");
	else
		ok = ok && copy_stamp(m->client, text, size, "client_timestamp") &&
		     copy_stamp(m->server, text, size, "server_timestamp");
	return ok ? WIRE_OK : REJECT_BODY;
}

size_t message_format_command(char out[MESSAGE_BODY], const struct message_command *m)
{
	struct buffer b = {.text = out};
	char uid[QUOTED];

	append(&b, "{\"cmd\":\"BWUP\",%s\"channel\":%u,\"duration\":%u",
		m->is_ack ? "\"ack\":0," : "", m->channel, m->duration_s);
	if (m->is_ack)
		append(&b, ",\"uid\":\"%s\"", escape(uid, m->uid));
	append(&b, "}");
	return b.used;
}

enum wire_reject message_parse_command(const uint8_t *body, size_t size, struct message_command *m)
{
	json_t *root = open_object(body, size);
	bool ok;

	*m = (struct message_command){0};
	ok = get_kind(root, "BWUP", &m->is_ack) && get_channel(root, &m->channel) &&
	     get_duration(root, &m->duration_s) && (!m->is_ack || get_uid(root, "uid", m->uid));
	json_decref(root);
	return ok ? WIRE_OK : REJECT_BODY;
}

size_t message_format_result(char out[MESSAGE_BODY], const struct message_result *m)
{
	struct buffer b = {.text = out};
	char id[QUOTED];
	char real[REAL];

	append(&b, "{\"cmd\":\"TEST_RESULT\",\"ack\":%d,\"guid\":\"%s\"", m->is_ack ? 0 : 1,
		escape(id, m->guid));
	if (!m->is_ack) {
		append(&b, ",\"uid\":\"%s\",\"channel\":%u", escape(id, m->uid), m->channel);
		append(&b, ",\"bytes_received\":%llu", (unsigned long long)m->bytes_received);
		append(&b, ",\"bandwidth_bps\":%s", format_real(real, m->bandwidth_bps));
		append(&b, ",\"retransmit_count\":%llu", (unsigned long long)m->retransmit_count);
		if (m->has_packet_count)
			append(&b, ",\"packet_count\":%llu", (unsigned long long)m->packet_count);
		append(&b, ",\"duration\":%s", format_real(real, m->duration_s));
	}
	if (!m->is_ack && m->has_counts)
		append(&b,
			",\"unique_packets\":%llu,\"duplicates\":%llu,\"reordered\":%llu,"
			"\"socket_drops\":%llu",
			(unsigned long long)m->unique_packets, (unsigned long long)m->duplicates,
			(unsigned long long)m->reordered, (unsigned long long)m->socket_drops);
	append(&b, "}");
	return b.used;
}

static bool get_measured(const json_t *root, struct message_result *m)
{
	m->has_packet_count = json_object_get(root, "packet_count") != NULL;
	m->has_counts = json_object_get(root, "unique_packets") != NULL;
	if (m->has_packet_count && !get_count(root, "packet_count", &m->packet_count))
		return false;
	if (m->has_counts && !(get_count(root, "unique_packets", &m->unique_packets) &&
				     get_count(root, "duplicates", &m->duplicates) &&
				     get_count(root, "reordered", &m->reordered) &&
				     get_count(root, "socket_drops", &m->socket_drops)))
		return false;
	return get_count(root, "bytes_received", &m->bytes_received) &&
	       get_real(root, "bandwidth_bps", &m->bandwidth_bps) &&
	       get_count(root, "retransmit_count", &m->retransmit_count) &&
	       get_real(root, "duration", &m->duration_s);
}

enum wire_reject message_parse_result(const uint8_t *body, size_t size, struct message_result *m)
{
	json_t *root = open_object(body, size);
	bool ok;

	*m = (struct message_result){0};
	ok = get_kind(root, "TEST_RESULT", &m->is_ack) && get_uid(root, "guid", m->guid);
	if (ok && !m->is_ack)
		ok = get_uid(root, "uid", m->uid) && get_channel(root, &m->channel) &&
		     get_measured(root, m);
	json_decref(root);
	return ok ? WIRE_OK : REJECT_BODY;
}
