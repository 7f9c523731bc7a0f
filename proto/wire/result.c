/* jansson reads and writes; tables name the counters, so that encoding and decoding agree. */
#include "proto/wire/result.h"

#include <jansson.h>
#include <string.h>

#include "proto/sys/clock.h"
#include "proto/wire/json.h"

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

enum {
	PATTERN_OUTAGES = 4, /* as many as a message has room for */
	CAPACITY_NUMBERS = 7,
	CAPACITY_LEAST = 4, /* without percentiles */
	LOAD_NUMBERS = 4,
	LOAD_LEAST = 2, /* without lateness */
};

static json_t *numbers(const uint64_t *value, unsigned count)
{
	json_t *array = json_array();

	for (unsigned i = 0; i < count; i++)
		json_array_append_new(array,
			json_integer((json_int_t)(value[i] < WIRE_JSON_COUNT_MAX ? value[i]
										 : WIRE_JSON_COUNT_MAX)));
	return array;
}

static bool read_numbers(const json_t *array, uint64_t *value, unsigned count)
{
	if (!json_is_array(array) || json_array_size(array) < count)
		return false;
	for (unsigned i = 0; i < count; i++)
		if (!wire_json_read_count(json_array_get(array, i), 0, WIRE_JSON_COUNT_MAX, &value[i]))
			return false;
	return true;
}

/* "capacity":[bits a second, interval in ppm, limit, ended early, 10th, 50th, 90th percentile of windows] */
static void encode_capacity(json_t *object, const struct sent_half *h)
{
	const struct path_capacity *c = &h->capacity;
	uint64_t value[CAPACITY_NUMBERS] = {
		c->bps, c->ci_ppm, c->limit, h->ended != ENDED_TIME, c->p10_bps, c->p50_bps, c->p90_bps};

	if (c->bps)
		json_object_set_new(object, "capacity", numbers(value, CAPACITY_NUMBERS));
}

static bool decode_capacity(json_t *object, struct sent_half *h)
{
	json_t *array = json_object_get(object, "capacity");
	uint64_t value[CAPACITY_NUMBERS] = {0};
	unsigned told = json_array_size(array) < CAPACITY_NUMBERS ? CAPACITY_LEAST : CAPACITY_NUMBERS;

	if (!array)
		return true;
	if (!read_numbers(array, value, told) || value[1] > UINT32_MAX || value[2] > CAPACITY_CEILING ||
		value[3] > 1)
		return false;
	h->capacity = (struct path_capacity){
		.bps = value[0],
		.ci_ppm = (uint32_t)value[1],
		.limit = (enum capacity_limit)value[2],
		.p10_bps = value[4],
		.p50_bps = value[5],
		.p90_bps = value[6],
	};
	h->ended = value[3] ? ENDED_CERTAIN : ENDED_TIME;
	return true;
}

/* "ended":why. Peers that don't say it knew one reason, and said it with the capacity. */
static void encode_ended(json_t *object, enum test_ended ended)
{
	if (ended)
		json_object_set_new(object, "ended", json_integer(ended));
}

static bool decode_ended(json_t *object, enum test_ended *ended)
{
	json_t *why = json_object_get(object, "ended");
	uint64_t value;

	if (!why)
		return true;
	if (!wire_json_read_count(why, 0, ENDED_BUDGET, &value))
		return false;
	*ended = (enum test_ended)value;
	return true;
}

/* "bucket":[kind, bits a second, bytes] */
static void encode_bucket(json_t *object, const struct bucket_result *b)
{
	uint64_t value[] = {b->kind, b->rate_bps, b->bytes};

	if (b->kind)
		json_object_set_new(object, "bucket", numbers(value, 3));
}

static bool decode_bucket(json_t *object, struct bucket_result *b)
{
	json_t *array = json_object_get(object, "bucket");
	uint64_t value[3];

	if (!array)
		return true;
	if (!read_numbers(array, value, 3) || value[0] > BUCKET_POLICER)
		return false;
	*b = (struct bucket_result){(enum bucket_kind)value[0], value[1], value[2]};
	return true;
}

/* "load":[CPU in thousandths, offload, latest in us, late turns in thousandths] */
static void encode_load(json_t *object, const struct host_load *l)
{
	uint64_t value[LOAD_NUMBERS] = {
		l->cpu_permille, l->offload, l->late_max_ns / NS_PER_US, l->late_permille};

	if (l->known)
		json_object_set_new(object, "load", numbers(value, LOAD_NUMBERS));
}

static bool decode_load(json_t *object, struct host_load *l)
{
	json_t *array = json_object_get(object, "load");
	uint64_t value[LOAD_NUMBERS] = {0};
	unsigned told = json_array_size(array) < LOAD_NUMBERS ? LOAD_LEAST : LOAD_NUMBERS;

	if (!array)
		return true;
	if (!read_numbers(array, value, told) || value[0] > UINT32_MAX || value[1] > 1 || value[3] > 1000)
		return false;
	*l = (struct host_load){
		.known = true,
		.cpu_permille = (uint32_t)value[0],
		.offload = value[1],
		.late_max_ns = value[2] * NS_PER_US,
		.late_permille = (uint32_t)value[3],
	};
	return true;
}

static json_t *outages(const struct loss_pattern *p)
{
	json_t *array = json_array();

	for (unsigned i = 0; i < p->outages && i < PATTERN_OUTAGES; i++) {
		const struct loss_outage *o = &p->outage[i];

		json_array_append_new(array, numbers((uint64_t[]){o->start_ns, o->length_ns, o->lost}, 3));
	}
	return array;
}

/* "pattern":{"bursts":[by length],"longest":N,"period":[N, share in thousandths],"late":[N, extent, ns],
 * "outages":[[start ns, length ns, lost], ...]} */
static void encode_pattern(json_t *object, const struct loss_pattern *p)
{
	uint64_t period[] = {p->period, (uint64_t)(p->period_share * 1000)};
	uint64_t late[] = {p->late, p->extent_max, p->late_max_ns};
	json_t *pattern;

	if (p->bursts == 0 && p->late == 0 && p->outages == 0)
		return;
	pattern = json_pack("{s:o, s:o, s:o, s:o}", "bursts", numbers(p->burst, LOSS_BURSTS), "longest",
		numbers(&p->longest, 1), "period", numbers(period, 2), "late", numbers(late, 3));
	json_object_set_new(pattern, "outages", outages(p));
	json_object_set_new(object, "pattern", pattern);
}

static bool read_outages(json_t *array, struct loss_pattern *p)
{
	size_t count = json_array_size(array);

	if (!json_is_array(array) || count > LOSS_OUTAGES)
		return false;
	for (p->outages = 0; p->outages < count; p->outages++) {
		uint64_t value[3];

		if (!read_numbers(json_array_get(array, p->outages), value, 3))
			return false;
		p->outage[p->outages] = (struct loss_outage){value[0], value[1], value[2]};
	}
	return true;
}

static bool decode_pattern(json_t *object, struct loss_pattern *p)
{
	json_t *pattern = json_object_get(object, "pattern");
	uint64_t period[2], late[3];

	if (!pattern)
		return true;
	if (!read_numbers(json_object_get(pattern, "bursts"), p->burst, LOSS_BURSTS) ||
		!read_numbers(json_object_get(pattern, "longest"), &p->longest, 1) ||
		!read_numbers(json_object_get(pattern, "period"), period, 2) ||
		!read_numbers(json_object_get(pattern, "late"), late, 3) || period[1] > 1000 ||
		!read_outages(json_object_get(pattern, "outages"), p))
		return false;
	for (unsigned i = 0; i < LOSS_BURSTS; i++)
		p->bursts += p->burst[i];
	p->period = period[0];
	p->period_share = (double)period[1] / 1000;
	p->late = late[0];
	p->extent_max = late[1];
	p->late_max_ns = late[2];
	return true;
}

static json_t *encode_sent(const struct sent_half *h)
{
	json_t *o = json_object();

	wire_json_write_counters(o, &h->count, source_counter, SOURCE_COUNTERS, WIRE_JSON_COUNT_MAX);
	json_object_set_new(o, "duration_ns", json_integer((json_int_t)h->duration_ns));
	encode_capacity(o, h);
	encode_ended(o, h->ended);
	encode_bucket(o, &h->bucket);
	encode_load(o, &h->load);
	return o;
}

static json_t *encode_received(const struct received_half *h)
{
	json_t *o = json_object();

	wire_json_write_counters(o, &h->count, sink_counter, SINK_COUNTERS, WIRE_JSON_COUNT_MAX);
	encode_pattern(o, &h->pattern);
	encode_load(o, &h->load);
	return o;
}

size_t result_encode(char out[WIRE_BODY_BYTES], const struct result_message *m)
{
	json_t *o = json_pack("{s:s, s:i, s:I, s:s}", "cmd", "TEST_RESULT", "ack", m->is_answer ? 0 : 1,
		"channel", (json_int_t)m->channel, "uid", m->uid);

	if (m->has_sent)
		json_object_set_new(o, "sent", encode_sent(&m->sent));
	else
		json_object_set_new(o, "received", encode_received(&m->received));
	return wire_json_dump(o, out, WIRE_BODY_BYTES);
}

static bool decode_sent(json_t *o, struct sent_half *h)
{
	return wire_json_read_counters(o, &h->count, source_counter, SOURCE_COUNTERS, WIRE_JSON_COUNT_MAX) &&
	       wire_json_read_count(
		       json_object_get(o, "duration_ns"), 0, WIRE_JSON_COUNT_MAX, &h->duration_ns) &&
	       decode_capacity(o, h) && decode_ended(o, &h->ended) && decode_bucket(o, &h->bucket) &&
	       decode_load(o, &h->load);
}

static bool decode_received(json_t *o, struct received_half *h)
{
	h->known = RECEIVED_COUNTERS;
	return wire_json_read_counters(o, &h->count, sink_counter, SINK_COUNTERS, WIRE_JSON_COUNT_MAX) &&
	       decode_pattern(o, &h->pattern) && decode_load(o, &h->load);
}

enum wire_reject result_decode(const uint8_t *body, size_t size, struct result_message *m)
{
	json_t *o = wire_json_open(body, size);
	json_t *sent = json_object_get(o, "sent"), *received = json_object_get(o, "received");
	const char *name = json_string_value(json_object_get(o, "cmd"));
	bool good;

	*m = (struct result_message){.has_sent = sent != NULL};
	good = o && name && strcmp(name, "TEST_RESULT") == 0 && wire_json_read_ack(o, &m->is_answer) &&
	       wire_json_read_channel(o, &m->channel) && wire_json_read_uid(o, m->uid);
	if (good && sent)
		good = decode_sent(sent, &m->sent);
	else
		good = good && decode_received(received, &m->received);
	json_decref(o);
	return good ? WIRE_OK : REJECT_BODY;
}
