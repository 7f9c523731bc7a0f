#include "proto/wire/command.h"

#include <jansson.h>
#include <string.h>

#include "proto/wire/json.h"

/* A data packet has a header and a stamp. */
enum { DATAGRAM_MIN = WIRE_HEADER_BYTES + WIRE_STAMP_BYTES };

size_t command_encode(char out[WIRE_BODY_BYTES], const struct test_command *m)
{
	json_t *o = json_pack("{s:s}", "cmd", directions_table[m->direction].command);

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
	if (!m->is_answer && m->budget_bytes)
		json_object_set_new(o, "budget",
			json_integer(
				(json_int_t)(m->budget_bytes < WIRE_JSON_COUNT_MAX ? m->budget_bytes
										   : WIRE_JSON_COUNT_MAX)));
	return wire_json_dump(o, out, WIRE_BODY_BYTES);
}

static bool read_direction(json_t *o, enum test_direction *direction)
{
	const char *name = json_string_value(json_object_get(o, "cmd"));

	for (int d = 0; d < TEST_DIRECTIONS; d++) {
		if (name && strcmp(name, directions_table[d].command) == 0) {
			*direction = (enum test_direction)d;
			return true;
		}
	}
	return false;
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

/* "budget":N: until so many bytes have been sent, at the IP layer; 0: no matter how many. */
static bool read_budget(json_t *o, struct test_command *m)
{
	json_t *budget = json_object_get(o, "budget");

	return !budget || wire_json_read_count(budget, 0, WIRE_JSON_COUNT_MAX, &m->budget_bytes);
}

static bool read_terms(json_t *o, struct test_command *m)
{
	uint64_t duration_s, length = 0;

	if (!wire_json_read_count(json_object_get(o, "duration"), 0, TEST_DURATION_MAX_S, &duration_s) ||
		duration_s == 0)
		return false;
	if (!wire_json_read_count(json_object_get(o, "rate"), 0, WIRE_JSON_COUNT_MAX, &m->rate_bps))
		return false;
	if (m->is_answer && !wire_json_read_uid(o, m->uid))
		return false;
	if (m->is_answer && json_object_get(o, "allowed") &&
		!wire_json_read_count(json_object_get(o, "allowed"), 0, WIRE_JSON_COUNT_MAX, &m->allowed_bps))
		return false;
	if (!m->is_answer &&
		!wire_json_read_count(json_object_get(o, "length"), DATAGRAM_MIN, WIRE_MAX_BYTES, &length))
		return false;
	if (!m->is_answer && (!read_search(o, m) || !read_budget(o, m)))
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
	good = o && read_direction(o, &m->direction) && wire_json_read_ack(o, &m->is_answer) &&
	       wire_json_read_channel(o, &m->channel);
	if (good && m->is_answer && json_object_get(o, "refused"))
		good = read_refusal(o, m);
	else
		good = good && read_terms(o, m);
	json_decref(o);
	return good ? WIRE_OK : REJECT_BODY;
}
