/* Parsing: doubled keys, anything behind the object, and a number or text outside its range refuse
 * the body.
 *
 * Writing: snprintf in the classic peers' key order. It depends on no locale: times are written
 * from integers, and real numbers get their decimal point afterwards. */
#include "proto/wire/classic.h"

#include <inttypes.h>

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/sys/text.h"
#include "proto/wire/json.h"

enum {
	STAMP_MAX = 44, /* characters of a time stamp that are accepted */
	REAL = 40,
	/* An extended HEARTBEAT_0 is at least as long as its answer, which goes to an unproven address. */
	HEARTBEAT_PAD = 128,
	INTERVAL_MS_MAX = 3600000,
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

	if (value && !wire_json_read_count(value, 1, CLASSIC_DURATION_MAX_S, &count))
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

/* Copies a number or string as the peer wrote it. */
static bool copy_stamp(char out[HEARTBEAT_BODY_STAMP], const char *text, size_t size, const char *key)
{
	size_t begin, end;

	if (wire_json_find(text, size, key, &begin) == size)
		return false;
	end = begin;
	if (text[begin] == '"')
		end = wire_json_skip_string(text, size, begin);
	else
		while (end < size && memchr("+-.0123456789eE", text[end], 15))
			end++;
	if (end == begin || end - begin > STAMP_MAX)
		return false;
	memcpy(out, text + begin, end - begin);
	out[end - begin] = '\0';
	return true;
}

/* What is said of the interval comes out of the pad: the length stays the same. */
static void append_question(struct wire_json_text *b, const struct heartbeat_body *m)
{
	char interval[REAL] = "";
	int used = 0;

	if (m->interval_ms)
		used = snprintf(interval, sizeof interval, ", \"interval_ms\": %" PRIu32, m->interval_ms);
	wire_json_append(
		b, "{\"timestamp\": %s%s, \"pad\": \"%0*d\"}", m->client, interval, HEARTBEAT_PAD - used, 0);
}

size_t heartbeat_body_encode(char out[WIRE_BODY_BYTES], enum wire_type type, const struct heartbeat_body *m)
{
	struct wire_json_text b = {.text = out, .room = WIRE_BODY_BYTES};

	assert(type <= WIRE_HEARTBEAT_2 && *m->client && (type == WIRE_HEARTBEAT_0 || *m->server));
	if (type == WIRE_HEARTBEAT_0 && m->extended)
		append_question(&b, m);
	else if (type == WIRE_HEARTBEAT_0)
		wire_json_append(&b, "{\"timestamp\": %s}", m->client);
	else
		wire_json_append(&b, "{\"client_timestamp\": %s, \"server_timestamp\": %s%s", m->client,
			m->server, m->extended ? "" : "}");
	if (type != WIRE_HEARTBEAT_0 && m->extended)
		wire_json_append(&b, ", \"held_ns\": %" PRIu64 ", \"proven\": %d}", m->held_ns, m->proven);
	return b.used;
}

/* Both are there, or neither is. */
static bool read_held(const json_t *root, struct heartbeat_body *m)
{
	const json_t *held = json_object_get(root, "held_ns");
	uint64_t proven = 0;

	if (!held)
		return true;
	m->extended = true;
	if (!wire_json_read_count(held, 0, WIRE_JSON_COUNT_MAX, &m->held_ns) ||
		!wire_json_read_count(json_object_get(root, "proven"), 0, 1, &proven))
		return false;
	m->proven = proven == 1;
	return true;
}

static bool read_interval(const json_t *root, struct heartbeat_body *m)
{
	const json_t *interval = json_object_get(root, "interval_ms");
	uint64_t ms;

	if (!interval)
		return true;
	if (!wire_json_read_count(interval, 1, INTERVAL_MS_MAX, &ms))
		return false;
	m->interval_ms = (uint32_t)ms;
	return true;
}

enum wire_reject heartbeat_body_decode(
	const uint8_t *body, size_t size, enum wire_type type, struct heartbeat_body *m)
{
	const char *text = (const char *)body;
	json_t *root = wire_json_open(body, size);
	bool ok;

	assert(type <= WIRE_HEARTBEAT_2);
	*m = (struct heartbeat_body){0};
	ok = root && read_held(root, m) && read_interval(root, m);
	json_decref(root);
	if (type == WIRE_HEARTBEAT_0)
		ok = ok && copy_stamp(m->client, text, size, "timestamp");
	else
		ok = ok && copy_stamp(m->client, text, size, "client_timestamp") &&
		     copy_stamp(m->server, text, size, "server_timestamp");
	return ok ? WIRE_OK : REJECT_BODY;
}

size_t classic_encode_command(char out[WIRE_BODY_BYTES], const struct classic_command *m)
{
	struct wire_json_text b = {.text = out, .room = WIRE_BODY_BYTES};

	wire_json_append(&b, "{\"cmd\":\"BWUP\",%s\"channel\":%u,\"duration\":%u",
		m->is_ack ? "\"ack\":0," : "", m->channel, m->duration_s);
	if (m->is_ack) {
		wire_json_append(&b, ",\"uid\":");
		wire_json_append_string(&b, m->uid);
	}
	wire_json_append(&b, "}");
	return b.used;
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
