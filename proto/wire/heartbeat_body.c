/* The bodies are text: stamps go back as they came, and there is no time for a JSON library's tree where a
 * body is written.
 *
 * Stamps are read digit by digit instead of through a double, which can't hold today's wall clock to the
 * nanosecond. */
#include "proto/wire/heartbeat_body.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "proto/sys/clock.h"
#include "proto/wire/json.h"

enum {
	NS_DIGITS = 9,
	NS_MAX_DIGITS = 19,  /* of 2^63 */
	EXPONENT_MAX = 1000, /* beyond it, every stamp is 0 or out of range */
	STAMP_MAX = 44,      /* characters of a time stamp that are accepted */
	/* An extended HEARTBEAT_0 is at least as long as its answer, which goes to an unproven address. */
	HEARTBEAT_PAD = 128,
	INTERVAL_MS_MAX = 3600000,
	INTERVAL_TEXT = 40,
};

#define NS_MAX (UINT64_C(1) << 63)

void heartbeat_body_write_stamp(char out[HEARTBEAT_BODY_STAMP], uint64_t ns)
{
	snprintf(out, HEARTBEAT_BODY_STAMP, "%llu.%09llu", (unsigned long long)(ns / NS_PER_S),
		(unsigned long long)(ns % NS_PER_S));
}

/* Digits without leading zeros, and how many of them stand before the decimal point (fewer than
 * none: zeros follow the point first). */
struct decimal {
	char digit[HEARTBEAT_BODY_STAMP];
	int digits;
	int point;
};

static const char *read_digits(const char *text, struct decimal *d, bool is_fraction)
{
	for (; *text >= '0' && *text <= '9'; text++) {
		if (d->digits > 0 || *text != '0')
			d->digit[d->digits++] = *text;
		if (is_fraction ? d->digits == 0 : d->digits > 0)
			d->point += is_fraction ? -1 : 1;
	}
	return text;
}

static const char *read_exponent(const char *text, struct decimal *d)
{
	bool is_negative = *text == '-';
	int exponent = 0;

	if (*text == '-' || *text == '+')
		text++;
	if (*text < '0' || *text > '9')
		return NULL;
	for (; *text >= '0' && *text <= '9'; text++)
		if (exponent < EXPONENT_MAX)
			exponent = exponent * 10 + (*text - '0');
	d->point += is_negative ? -exponent : exponent;
	return text;
}

static bool read_decimal(const char *text, struct decimal *d)
{
	const char *begin = text;

	*d = (struct decimal){0};
	if (strlen(text) >= HEARTBEAT_BODY_STAMP)
		return false;
	text = read_digits(text, d, false);
	if (text == begin || (*begin == '0' && text > begin + 1))
		return false;
	if (*text == '.') {
		begin = text + 1;
		text = read_digits(begin, d, true);
		if (text == begin)
			return false;
	}
	if (*text == 'e' || *text == 'E')
		text = read_exponent(text + 1, d);
	return text && *text == '\0';
}

bool heartbeat_body_read_stamp(const char *text, uint64_t *ns)
{
	struct decimal d;
	uint64_t value = 0;
	int whole;

	if (!read_decimal(text, &d))
		return false;
	whole = d.point + NS_DIGITS;
	if (d.digits > 0 && whole > NS_MAX_DIGITS)
		return false;
	for (int i = 0; d.digits > 0 && i < whole; i++)
		value = value * 10 + (i < d.digits ? (uint64_t)(d.digit[i] - '0') : 0);
	if (whole >= 0 && whole < d.digits && d.digit[whole] >= '5')
		value++;
	if (value > NS_MAX)
		return false;
	*ns = value;
	return true;
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

/* The interval takes its room from the pad: the length stays the same. */
static void append_question(struct wire_json_text *b, const struct heartbeat_body *m)
{
	char interval[INTERVAL_TEXT] = "";
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
