/* Decoding: duplicate keys, anything after the object, and a number or text outside its range make the body
 * refused.
 *
 * Encoding: in the classic peers' key order. A result is written as text, because each of its real numbers
 * needs the fewest digits that keep its value. No locale matters, as real numbers get their decimal point
 * afterwards. */
#include "proto/wire/classic.h"

#include <assert.h>
#include <math.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/sys/text.h"
#include "proto/wire/json.h"

enum {
	REAL = 40,
	ASSIGNMENT_NUMBERS = 4,
	ASSIGNMENT_PORTS = 3,
};

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

static bool get_count(const json_t *root, const char *key, uint64_t *count)
{
	return wire_json_read_count(json_object_get(root, key), 0, WIRE_JSON_COUNT_MAX, count);
}

static bool get_real(const json_t *root, const char *key, double *real)
{
	const json_t *value = json_object_get(root, key);

	*real = json_number_value(value);
	return json_is_number(value) && isfinite(*real) && *real >= 0;
}

static bool get_uid(const json_t *root, const char *key, char uid[TEST_UID_BYTES])
{
	const json_t *value = json_object_get(root, key);
	size_t size = json_string_length(value);

	if (size == 0 || size >= TEST_UID_BYTES)
		return false;
	text_sanitise(uid, TEST_UID_BYTES, json_string_value(value), size);
	return true;
}

static bool get_channel(const json_t *root, uint32_t *channel)
{
	const json_t *value = json_object_get(root, "channel");
	uint64_t count;

	if (!json_is_integer(value) || !wire_json_read_count(value, 1, WIRE_CHANNEL_MAX, &count))
		return false;
	*channel = (uint32_t)count;
	return true;
}

static bool get_duration(const json_t *root, uint32_t *duration_s)
{
	const json_t *value = json_object_get(root, "duration");
	uint64_t count = CLASSIC_DURATION_DEFAULT_S;

	if (value && !wire_json_read_count(value, 1, TEST_DURATION_MAX_S, &count))
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

size_t classic_encode_command(char out[WIRE_BODY_BYTES], const struct classic_command *m)
{
	json_t *o = json_pack("{s:s}", "cmd", "BWUP");

	if (m->is_ack)
		json_object_set_new(o, "ack", json_integer(0));
	json_object_set_new(o, "channel", json_integer(m->channel));
	json_object_set_new(o, "duration", json_integer(m->duration_s));
	if (m->is_ack)
		json_object_set_new(o, "uid", json_string(m->uid));
	return wire_json_dump(o, out, WIRE_BODY_BYTES);
}

enum wire_reject classic_decode_command(const uint8_t *body, size_t size, struct classic_command *m)
{
	json_t *root = wire_json_open(body, size);
	bool ok;

	*m = (struct classic_command){0};
	ok = get_kind(root, "BWUP", &m->is_ack) && get_channel(root, &m->channel) &&
	     get_duration(root, &m->duration_s) && (!m->is_ack || get_uid(root, "uid", m->uid));
	json_decref(root);
	return ok ? WIRE_OK : REJECT_BODY;
}

size_t classic_encode_result(char out[WIRE_BODY_BYTES], const struct classic_result *m)
{
	struct wire_json_text b = {.text = out, .room = WIRE_BODY_BYTES};
	char real[REAL];

	wire_json_append(&b, "{\"cmd\":\"TEST_RESULT\",\"ack\":%d,\"guid\":", m->is_ack ? 0 : 1);
	wire_json_append_string(&b, m->guid);
	if (!m->is_ack) {
		wire_json_append(&b, ",\"uid\":");
		wire_json_append_string(&b, m->uid);
		wire_json_append(&b, ",\"channel\":%u", m->channel);
		wire_json_append(&b, ",\"bytes_received\":%llu", (unsigned long long)m->bytes_received);
		wire_json_append(&b, ",\"bandwidth_bps\":%s", format_real(real, m->bandwidth_bps));
		wire_json_append(&b, ",\"retransmit_count\":%llu", (unsigned long long)m->retransmit_count);
		if (m->has_packet_count)
			wire_json_append(&b, ",\"packet_count\":%llu", (unsigned long long)m->packet_count);
		wire_json_append(&b, ",\"duration\":%s", format_real(real, m->duration_s));
	}
	if (!m->is_ack && m->has_counts)
		wire_json_append(&b,
			",\"unique_packets\":%llu,\"duplicates\":%llu,\"reordered\":%llu,"
			"\"socket_drops\":%llu",
			(unsigned long long)m->unique_packets, (unsigned long long)m->duplicates,
			(unsigned long long)m->reordered, (unsigned long long)m->socket_drops);
	wire_json_append(&b, "}");
	return b.used;
}

static bool get_measured(const json_t *root, struct classic_result *m)
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

enum wire_reject classic_decode_result(const uint8_t *body, size_t size, struct classic_result *m)
{
	json_t *root = wire_json_open(body, size);
	bool ok;

	*m = (struct classic_result){0};
	ok = get_kind(root, "TEST_RESULT", &m->is_ack) && get_uid(root, "guid", m->guid);
	if (ok && !m->is_ack)
		ok = get_uid(root, "uid", m->uid) && get_channel(root, &m->channel) && get_measured(root, m);
	json_decref(root);
	return ok ? WIRE_OK : REJECT_BODY;
}

void classic_new_uid(char out[TEST_UID_BYTES])
{
	uint8_t b[16];

	/* Safe to repeat, and needed before threads may share the generator. */
	if (sodium_init() < 0)
		abort();
	randombytes_buf(b, sizeof(b));
	b[6] = (uint8_t)((b[6] & 0x0f) | 0x40);
	b[8] = (uint8_t)((b[8] & 0x3f) | 0x80);
	snprintf(out, TEST_UID_BYTES, "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x",
		b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13], b[14],
		b[15]);
}

size_t classic_encode_assignment(char out[WIRE_BODY_BYTES], const struct classic_assignment *m)
{
	int n = snprintf(out, WIRE_BODY_BYTES, "%u,%u,%u,%u", m->port[0], m->port[1], m->port[2], m->key);

	return (size_t)n;
}

/* Reads one number of at most `max` and moves *at past it. */
static bool take_number(const uint8_t *bytes, size_t size, size_t *at, uint32_t max, uint32_t *number)
{
	size_t begin = *at;

	for (*number = 0; *at < size && bytes[*at] >= '0' && bytes[*at] <= '9'; ++*at) {
		*number = *number * 10 + (uint32_t)(bytes[*at] - '0');
		if (*number > max)
			return false;
	}
	return *at > begin;
}

static bool ends_line(const uint8_t *bytes, size_t size)
{
	return size == 0 || (size == 1 && bytes[0] == '\n') ||
	       (size == 2 && bytes[0] == '\r' && bytes[1] == '\n');
}

enum wire_reject classic_decode_assignment(const uint8_t *bytes, size_t size, struct classic_assignment *m)
{
	uint32_t number[ASSIGNMENT_NUMBERS];
	size_t at = 0;

	for (size_t i = 0; i < ASSIGNMENT_NUMBERS; i++) {
		uint32_t max = i < ASSIGNMENT_PORTS ? UINT16_MAX : WIRE_CHANNEL_MAX;

		if (i > 0 && (at == size || bytes[at++] != ','))
			return REJECT_BODY;
		if (!take_number(bytes, size, &at, max, &number[i]) ||
			(i < ASSIGNMENT_PORTS && number[i] == 0))
			return REJECT_BODY;
	}
	if (!ends_line(bytes + at, size - at) || number[0] == number[1] || number[0] == number[2] ||
		number[1] == number[2])
		return REJECT_BODY;
	*m = (struct classic_assignment){
		.port = {(uint16_t)number[0], (uint16_t)number[1], (uint16_t)number[2]},
		.key = number[3],
	};
	return WIRE_OK;
}
