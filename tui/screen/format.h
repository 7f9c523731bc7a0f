/* Figures as short text for a screen. Pure functions: any thread. */
#ifndef TUI_SCREEN_FORMAT_H
#define TUI_SCREEN_FORMAT_H

#include <stdint.h>

enum { FORMAT_TEXT = 24 };

enum unit { UNIT_BITS, UNIT_BYTES, UNIT_PACKETS, UNITS };

/* A speed, in whatever the user wants to see. */
struct speed {
	double bps, pps;
};

/* "9.41 Gbit/s", "1.18 GB/s", "812 kpkt/s". */
const char *format_speed(char out[FORMAT_TEXT], struct speed speed, enum unit unit);

/* The same for one number that is in `unit` already, or in bits for the default unit. */
const char *format_scaled(char out[FORMAT_TEXT], double value, enum unit unit);
double format_value(struct speed speed, enum unit unit);

/* A round number for the end of an axis, short: "10 Gbit/s", "500 kB/s"; 0 is the unit alone. */
const char *format_axis(char out[FORMAT_TEXT], double value, enum unit unit);

/* "12345", "1.23M". */
const char *format_count(char out[FORMAT_TEXT], uint64_t n);

/* "0.071 ms", "12.3 ms", "1200 ms", "12.3 s". */
const char *format_time(char out[FORMAT_TEXT], uint64_t ns);

/* The number of milliseconds alone: "0.071", "12.3". */
const char *format_ms(char out[FORMAT_TEXT], uint64_t ns);

/* "0:42", "1:02:03". */
const char *format_clock(char out[FORMAT_TEXT], uint64_t ns);

/* "0 %", "0.004 %", "12.3 %". */
const char *format_percent(char out[FORMAT_TEXT], uint64_t part, uint64_t whole);

#endif
