/* The parts of messages that are no JSON objects: time stamps, uids, the classic assignment.
 *
 * Stamps are read digit by digit instead of through a double, which can't hold today's wall clock
 * to the nanosecond. */
#include "proto/wire/classic.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/sys/clock.h"

enum {
	NS_DIGITS = 9,
	NS_MAX_DIGITS = 19,  /* of 2^63 */
	EXPONENT_MAX = 1000, /* beyond it, every stamp is 0 or out of range */
	ASSIGNMENT_NUMBERS = 4,
	ASSIGNMENT_PORTS = 3,
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

/* Reads one number of at most `max` and moves *at behind it. */
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
