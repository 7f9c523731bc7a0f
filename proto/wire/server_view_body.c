/* jansson reads and writes; one table names the counters, so that encoding and decoding agree. */
#include "proto/wire/server_view_body.h"

#include <jansson.h>
#include <string.h>

#include "proto/wire/json.h"

#define COUNTER(key, member)                                   \
	{                                                      \
		key, offsetof(struct server_view_port, member) \
	}

/* Short keys: three ports go into one datagram. */
static const struct wire_json_counter counters[] = {
	COUNTER("cpu", cpu_ns),
	COUNTER("steps", steps),
	COUNTER("rp", received_packets),
	COUNTER("rb", received_bytes),
	COUNTER("sp", sent_packets),
	COUNTER("sb", sent_bytes),
	COUNTER("drop", socket_drops),
	COUNTER("rej", rejected),
	COUNTER("n", latency_n),
	COUNTER("lost", latency_lost),
	COUNTER("last", latency_last_ns),
	COUNTER("p50", latency_p50_ns),
	COUNTER("p99", latency_p99_ns),
};

enum { COUNTERS = sizeof counters / sizeof counters[0] };

static json_t *number(uint64_t value)
{
	return json_integer((json_int_t)(value < SERVER_VIEW_NUMBER_MAX ? value : SERVER_VIEW_NUMBER_MAX));
}

static bool read_number(json_t *o, const char *key, uint64_t max, uint64_t *value)
{
	return wire_json_read_count(json_object_get(o, key), 0, max, value);
}

static json_t *write_port(const struct server_view_port *port)
{
	json_t *o = json_object();

	json_object_set_new(o, "st", number(port->state));
	json_object_set_new(o, "tid", number((uint64_t)port->thread_id));
	wire_json_write_counters(o, port, counters, COUNTERS, SERVER_VIEW_NUMBER_MAX);
	json_object_set_new(o, "buf", number(port->receive_buffer_bytes));
	json_object_set_new(o, "src", number(port->source_active));
	json_object_set_new(o, "snk", number(port->sink_active));
	return o;
}

static bool read_port(json_t *o, struct server_view_port *port)
{
	uint64_t state, thread_id, buffer, source, sink;

	if (!read_number(o, "st", PORT_FAILED, &state) || !read_number(o, "tid", INT32_MAX, &thread_id) ||
		!read_number(o, "buf", UINT32_MAX, &buffer) || !read_number(o, "src", 1, &source) ||
		!read_number(o, "snk", 1, &sink))
		return false;
	port->state = (enum port_state)state;
	port->thread_id = (int32_t)thread_id;
	port->receive_buffer_bytes = (uint32_t)buffer;
	port->source_active = source != 0;
	port->sink_active = sink != 0;
	return wire_json_read_counters(o, port, counters, COUNTERS, SERVER_VIEW_NUMBER_MAX);
}

static bool is_view(json_t *o)
{
	const char *name = json_string_value(json_object_get(o, "cmd"));

	return name && strcmp(name, "VIEW") == 0;
}

size_t server_view_body_encode_question(char out[WIRE_BODY_BYTES])
{
	return wire_json_dump(json_pack("{s:s}", "cmd", "VIEW"), out, SERVER_VIEW_BODY_BYTES);
}

enum wire_reject server_view_body_decode_question(const uint8_t *body, size_t size)
{
	json_t *o = wire_json_open(body, size);
	bool good = is_view(o) && !json_object_get(o, "ack");

	json_decref(o);
	return good ? WIRE_OK : REJECT_BODY;
}

size_t server_view_body_encode(char out[WIRE_BODY_BYTES], const struct server_view *view)
{
	json_t *o = json_pack("{s:s, s:i}", "cmd", "VIEW", "ack", 0);
	json_t *ports = json_array();

	json_object_set_new(o, "clock", number(view->clock_ns));
	for (int kind = 0; kind < PORT_KINDS; kind++)
		json_array_append_new(ports, write_port(&view->port[kind]));
	json_object_set_new(o, "ports", ports);
	return wire_json_dump(o, out, SERVER_VIEW_BODY_BYTES);
}

enum wire_reject server_view_body_decode(const uint8_t *body, size_t size, struct server_view *view)
{
	json_t *o = wire_json_open(body, size);
	json_t *ports = json_object_get(o, "ports");
	uint64_t ack;
	bool good;

	*view = (struct server_view){0};
	good = is_view(o) && read_number(o, "ack", 0, &ack) &&
	       read_number(o, "clock", SERVER_VIEW_NUMBER_MAX, &view->clock_ns) &&
	       json_array_size(ports) == PORT_KINDS;
	for (size_t kind = 0; good && kind < PORT_KINDS; kind++)
		good = read_port(json_array_get(ports, kind), &view->port[kind]);
	json_decref(o);
	return good ? WIRE_OK : REJECT_BODY;
}

struct server_view_port server_view_body_port(const struct port_snapshot *snapshot)
{
	struct server_view_port port = {
		.state = snapshot->state,
		.thread_id = snapshot->thread_id,
		.cpu_ns = snapshot->cpu_ns,
		.steps = snapshot->steps,
		.received_packets = snapshot->received_packets,
		.received_bytes = snapshot->received_bytes,
		.sent_packets = snapshot->sent_packets,
		.sent_bytes = snapshot->sent_bytes,
		.socket_drops = snapshot->socket_drops,
		.receive_buffer_bytes = snapshot->receive_buffer_bytes,
		.latency_n = snapshot->latency.n,
		.latency_lost = snapshot->latency.lost,
		.latency_last_ns = snapshot->latency.last_ns,
		.latency_p50_ns = snapshot->latency.p50_ns,
		.latency_p99_ns = snapshot->latency.p99_ns,
		.source_active = snapshot->source_active,
		.sink_active = snapshot->sink_active,
	};

	for (int reason = 0; reason < WIRE_REJECTS; reason++)
		port.rejected += snapshot->rejected[reason];
	return port;
}
