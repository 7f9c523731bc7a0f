#include "tui/screen/format.h"

#include <inttypes.h>
#include <stdio.h>

#include "proto/sys/clock.h"
#include "proto/sys/text.h"

/* Three significant digits. */
static int decimals(double value)
{
	return value < 9.995 ? 2 : value < 99.95 ? 1 : 0;
}

static const char *const unit_name[UNITS] = {"bit/s", "B/s", "pkt/s"};

const char *format_axis(char out[FORMAT_TEXT], double value, enum unit unit)
{
	struct text_scaled s = text_scale(value);

	if (s.value > 0)
		snprintf(out, FORMAT_TEXT, "%g %s%s", s.value, s.prefix,
			unit == UNIT_BITS    ? "b/s"
			: unit == UNIT_BYTES ? "B/s"
					     : "p/s");
	else
		snprintf(out, FORMAT_TEXT, "%s", unit_name[unit]);
	return out;
}

const char *format_scaled(char out[FORMAT_TEXT], double value, enum unit unit)
{
	struct text_scaled s = text_scale(value);

	snprintf(out, FORMAT_TEXT, "%.*f %s%s", *s.prefix ? decimals(s.value) : 0, s.value, s.prefix,
		unit_name[unit]);
	return out;
}

double format_value(struct speed speed, enum unit unit)
{
	return unit == UNIT_BITS ? speed.bps : unit == UNIT_BYTES ? speed.bps / 8 : speed.pps;
}

const char *format_speed(char out[FORMAT_TEXT], struct speed speed, enum unit unit)
{
	return format_scaled(out, format_value(speed, unit), unit);
}

const char *format_count(char out[FORMAT_TEXT], uint64_t n)
{
	static const char prefix[] = "kMGTP";
	double value = (double)n / 1000;
	unsigned i = 0;

	if (n < 100000) {
		snprintf(out, FORMAT_TEXT, "%" PRIu64, n);
		return out;
	}
	for (; value >= 999.5 && i < 4; i++)
		value /= 1000;
	snprintf(out, FORMAT_TEXT, "%.*f%c", decimals(value), value, prefix[i]);
	return out;
}

const char *format_ms(char out[FORMAT_TEXT], uint64_t ns)
{
	double ms = clock_in_ms(ns);

	snprintf(out, FORMAT_TEXT, "%.*f", ms < 0.9995 ? 3 : decimals(ms), ms);
	return out;
}

const char *format_time(char out[FORMAT_TEXT], uint64_t ns)
{
	char number[FORMAT_TEXT];

	if (ns < 10 * (uint64_t)NS_PER_S)
		snprintf(out, FORMAT_TEXT, "%.18s ms", format_ms(number, ns));
	else
		snprintf(out, FORMAT_TEXT, "%.1f s", (double)ns / NS_PER_S);
	return out;
}

const char *format_clock(char out[FORMAT_TEXT], uint64_t ns)
{
	uint64_t s = ns / NS_PER_S;

	if (s < 3600)
		snprintf(out, FORMAT_TEXT, "%" PRIu64 ":%02" PRIu64, s / 60, s % 60);
	else
		snprintf(out, FORMAT_TEXT, "%" PRIu64 ":%02" PRIu64 ":%02" PRIu64, s / 3600, s / 60 % 60,
			s % 60);
	return out;
}

const char *format_percent(char out[FORMAT_TEXT], uint64_t part, uint64_t whole)
{
	double percent = whole ? 100.0 * (double)part / (double)whole : 0;

	if (part == 0)
		snprintf(out, FORMAT_TEXT, "0 %%");
	else if (percent < 0.0005)
		snprintf(out, FORMAT_TEXT, "<0.001 %%");
	else
		snprintf(out, FORMAT_TEXT, "%.*f %%", percent < 0.0995 ? 3 : percent < 9.95 ? 2 : 1, percent);
	return out;
}
