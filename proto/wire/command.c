/* jansson reads and writes; tables name the counters, so that both ways agree. */
#include "proto/wire/command.h"

#include <jansson.h>
#include <string.h>

#include "proto/sys/text.h"
#include "proto/wire/json.h"
#include "proto/wire/result.h"

/* A data packet has a header and a stamp. */
enum { DATAGRAM_MIN = WIRE_HEADER_BYTES + WIRE_STAMP_BYTES };

#define SOURCE(key, member)                                   \
	{                                                     \
		key, offsetof(struct source_counters, member) \
	}
#define SINK(key, member)                                   \
	{                                                   \
		key, offsetof(struct sink_counters, member) \
	}

static const struct wire_json_counter source_counter[] = {
	SOURCE("packets", packets),
	SOURCE("bytes", bytes),
	SOURCE("retransmitted", retransmitted_packets),
	SOURCE("unsent", unsent_packets),
};

static const struct wire_json_counter sink_counter[] = {
	SINK("packets", packets),
	SINK("bytes", bytes),
	SINK("unique", unique_packets),
	SINK("duplicates", duplicates),
	SINK("network_duplicates", network_duplicates),
	SINK("retransmitted", retransmitted_packets),
	SINK("reordered", reordered),
	SINK("host_drops", host_drops),
};

enum {
	SOURCE_COUNTERS = sizeof source_counter / sizeof source_counter[0],
	SINK_COUNTERS = sizeof sink_counter / sizeof sink_counter[0],
};

static const char *command_name(enum test_direction direction)
{
	return direction == TEST_UP ? "BWUP" : "BWDN";
}

size_t command_encode(char out[WIRE_BODY_BYTES], const struct test_command *m)
{
	json_t *o = json_pack("{s:s}", "cmd", command_name(m->direction));

	if (m->is_answer)
		json_object_set_new(o, "ack", json_integer(0));
	json_object_set_new(o, "channel", json_integer(m->channel));
	if (m->is_answer && m->refusal) {
		json_object_set_new(o, "refused", json_string(refusal_name(m->refusal)));
		json_object_set_new(o, "wait", json_integer(m->wait_s));
		return wire_json_dump(o, out, WIRE_BODY_BYTES);
	}
	json_object_set_new(o, "duration", json_integer(m->duration_s));
	json_object_set_new(o, "rate", json_integer((json_int_t)m->rate_bps));
	if (m->is_answer)
		json_object_set_new(o, "uid", json_string(m->uid));
	if (m->is_answer && m->allowed_bps)
		json_object_set_new(o, "allowed", json_integer((json_int_t)m->allowed_bps));
	if (!m->is_answer)
		json_object_set_new(o, "length", json_integer(m->datagram_bytes));
	if (!m->is_answer && m->search)
		json_object_set_new(o, "search", json_integer(m->until_ppm));
	return wire_json_dump(o, out, WIRE_BODY_BYTES);
}

static bool read_direction(json_t *o, enum test_direction *direction)
{
	const char *name = json_string_value(json_object_get(o, "cmd"));

	for (int d = TEST_UP; d <= TEST_DOWN; d++) {
		if (name && strcmp(name, command_name((enum test_direction)d)) == 0) {
			*direction = (enum test_direction)d;
			return true;
		}
	}
	return false;
}

static bool read_uid(const json_t *o, char uid[TEST_UID_BYTES])
{
	const json_t *value = json_object_get(o, "uid");
	size_t size = json_string_length(value);

	return size > 0 && size < TEST_UID_BYTES &&
	       text_sanitise(uid, TEST_UID_BYTES, json_string_value(value), size) > 0;
}

/* "ack":0 marks an answer. */
static bool read_ack(json_t *o, bool *is_answer)
{
	uint64_t ack = 1;

	if (json_object_get(o, "ack") && !wire_json_read_count(json_object_get(o, "ack"), 0, 1, &ack))
		return false;
	*is_answer = ack == 0;
	return true;
}

static bool read_channel(json_t *o, uint32_t *channel)
{
	uint64_t value;

	if (!wire_json_read_count(json_object_get(o, "channel"), 0, WIRE_CHANNEL_MAX, &value) || value == 0)
		return false;
	*channel = (uint32_t)value;
	return true;
}

static bool read_refusal(json_t *o, struct test_command *m)
{
	const char *name = json_string_value(json_object_get(o, "refused"));
	uint64_t wait_s;

	for (int r = REFUSED_BUSY; r < REFUSALS; r++)
		if (name && strcmp(name, refusal_name((enum refusal)r)) == 0)
			m->refusal = (enum refusal)r;
	if (m->refusal == REFUSED_NOT ||
		!wire_json_read_count(json_object_get(o, "wait"), 0, UINT32_MAX, &wait_s))
		return false;
	m->wait_s = (uint32_t)wait_s;
	return true;
}

/* "search":U: until the rate is known to U millionths; 0: for the whole duration. */
static bool read_search(json_t *o, struct test_command *m)
{
	json_t *search = json_object_get(o, "search");
	uint64_t ppm;

	if (!search)
		return true;
	if (!wire_json_read_count(search, 0, 1000000, &ppm))
		return false;
	m->search = true;
	m->until_ppm = (uint32_t)ppm;
	return true;
}

static bool read_terms(json_t *o, struct test_command *m)
{
	uint64_t duration_s, length = 0;

	if (!wire_json_read_count(json_object_get(o, "duration"), 0, CLASSIC_DURATION_MAX_S, &duration_s) ||
		duration_s == 0)
		return false;
	if (!wire_json_read_count(json_object_get(o, "rate"), 0, WIRE_JSON_COUNT_MAX, &m->rate_bps))
		return false;
	if (m->is_answer && !read_uid(o, m->uid))
		return false;
	if (m->is_answer && json_object_get(o, "allowed") &&
		!wire_json_read_count(json_object_get(o, "allowed"), 0, WIRE_JSON_COUNT_MAX, &m->allowed_bps))
		return false;
	if (!m->is_answer &&
		!wire_json_read_count(json_object_get(o, "length"), DATAGRAM_MIN, WIRE_MAX_BYTES, &length))
		return false;
	if (!m->is_answer && !read_search(o, m))
		return false;
	m->duration_s = (uint32_t)duration_s;
	m->datagram_bytes = (uint32_t)length;
	return true;
}

enum wire_reject command_decode(const uint8_t *body, size_t size, struct test_command *m)
{
	json_t *o = wire_json_open(body, size);
	bool good;

	*m = (struct test_command){0};
	good = o && read_direction(o, &m->direction) && read_ack(o, &m->is_answer) &&
	       read_channel(o, &m->channel);
	if (good && m->is_answer && json_object_get(o, "refused"))
		good = read_refusal(o, m);
	else
		good = good && read_terms(o, m);
	json_decref(o);
	return good ? WIRE_OK : REJECT_BODY;
}

size_t result_encode(char out[WIRE_BODY_BYTES], const struct result_message *m)
{
	json_t *o = json_pack("{s:s, s:i, s:I, s:s}", "cmd", "TEST_RESULT", "ack", m->is_answer ? 0 : 1,
		"channel", (json_int_t)m->channel, "uid", m->uid);
	json_t *counters = json_object();

	if (m->has_sent) {
		wire_json_write_counters(
			counters, &m->sent.count, source_counter, SOURCE_COUNTERS, WIRE_JSON_COUNT_MAX);
		json_object_set_new(counters, "duration_ns", json_integer((json_int_t)m->sent.duration_ns));
		result_encode_capacity(counters, &m->sent.capacity);
		result_encode_bucket(counters, &m->sent.bucket);
		result_encode_load(counters, &m->sent.load);
		json_object_set_new(o, "sent", counters);
	} else {
		wire_json_write_counters(
			counters, &m->received.count, sink_counter, SINK_COUNTERS, WIRE_JSON_COUNT_MAX);
		result_encode_pattern(counters, &m->received.pattern);
		result_encode_load(counters, &m->received.load);
		json_object_set_new(o, "received", counters);
	}
	return wire_json_dump(o, out, WIRE_BODY_BYTES);
}

static bool decode_sent(json_t *o, struct sent_half *h)
{
	return wire_json_read_counters(o, &h->count, source_counter, SOURCE_COUNTERS, WIRE_JSON_COUNT_MAX) &&
	       wire_json_read_count(
		       json_object_get(o, "duration_ns"), 0, WIRE_JSON_COUNT_MAX, &h->duration_ns) &&
	       result_decode_capacity(o, &h->capacity) && result_decode_bucket(o, &h->bucket) &&
	       result_decode_load(o, &h->load);
}

static bool decode_received(json_t *o, struct received_half *h)
{
	h->known = RECEIVED_COUNTERS;
	return wire_json_read_counters(o, &h->count, sink_counter, SINK_COUNTERS, WIRE_JSON_COUNT_MAX) &&
	       result_decode_pattern(o, &h->pattern) && result_decode_load(o, &h->load);
}

enum wire_reject result_decode(const uint8_t *body, size_t size, struct result_message *m)
{
	json_t *o = wire_json_open(body, size);
	json_t *sent = json_object_get(o, "sent"), *received = json_object_get(o, "received");
	const char *name = json_string_value(json_object_get(o, "cmd"));
	bool good;

	*m = (struct result_message){.has_sent = sent != NULL};
	good = o && name && strcmp(name, "TEST_RESULT") == 0 && read_ack(o, &m->is_answer) &&
	       read_channel(o, &m->channel) && read_uid(o, m->uid);
	if (good && sent)
		good = decode_sent(sent, &m->sent);
	else
		good = good && decode_received(received, &m->received);
	json_decref(o);
	return good ? WIRE_OK : REJECT_BODY;
}
