/* Not strtod(), which follows the locale and accepts hexadecimal, infinity and NaN. */
#include "proto/config/number.h"

#include <ctype.h>
#include <string.h>

const char *number_whole(const char *text, uint64_t *value)
{
	const char *at = text;

	for (*value = 0; isdigit((unsigned char)*at); at++) {
		if (*value > UINT64_MAX / 10 - 1)
			return NULL;
		*value = *value * 10 + (uint64_t)(*at - '0');
	}
	return at > text ? at : NULL;
}

const char *number_decimal(const char *text, double *value)
{
	uint64_t whole, fraction = 0;
	const char *at = number_whole(text, &whole);
	const char *point = at;
	double scale = 1;

	if (at && *at == '.') {
		at = number_whole(at + 1, &fraction);
		for (point++; at && point < at; point++)
			scale *= 10;
	}
	*value = (double)whole + (double)fraction / scale;
	return at;
}

const char *number_scaled(const char *text, const char *unit, double *value)
{
	static const struct {
		const char *prefix;
		double factor;
	} prefixes[] = {{"k", 1e3}, {"K", 1e3}, {"M", 1e6}, {"G", 1e9}};
	const char *end = number_decimal(text, value);

	for (size_t i = 0; end && i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
		if (strncmp(end, prefixes[i].prefix, 1) != 0)
			continue;
		*value *= prefixes[i].factor;
		end++;
		break;
	}
	if (end && strcmp(end, unit) == 0)
		end += strlen(end);
	return end && !*end ? end : NULL;
}
