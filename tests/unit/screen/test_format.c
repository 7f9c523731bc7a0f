/* Figures as text, above all where they round to the next unit or lose a digit. */
#include "proto/sys/clock.h"
#include "tests/support/test.h"
#include "tui/screen/format.h"

#define AS_NS(ms) (uint64_t)((ms)*NS_PER_MS)

static const struct {
	double value;
	enum unit unit;
	const char *text;
} scaled[] = {
	{0, UNIT_BITS, "0 bit/s"},
	{1, UNIT_BITS, "1 bit/s"},
	{999.4, UNIT_BITS, "999 bit/s"},
	{999.5, UNIT_BITS, "1.00 kbit/s"},
	{1000, UNIT_BITS, "1.00 kbit/s"},
	{9994, UNIT_BITS, "9.99 kbit/s"},
	{9995, UNIT_BITS, "10.0 kbit/s"},
	{99940, UNIT_BITS, "99.9 kbit/s"},
	{99950, UNIT_BITS, "100 kbit/s"},
	{999499, UNIT_BITS, "999 kbit/s"},
	{999500, UNIT_BITS, "1.00 Mbit/s"},
	{95e6, UNIT_BITS, "95.0 Mbit/s"},
	{941e6, UNIT_BYTES, "941 MB/s"},
	{9.41e9, UNIT_BITS, "9.41 Gbit/s"},
	{400e9, UNIT_BITS, "400 Gbit/s"},
	{812e3, UNIT_PACKETS, "812 kpkt/s"},
	{1e12, UNIT_BITS, "1.00 Tbit/s"},
	{5e15, UNIT_BITS, "5000 Tbit/s"},
};

static void test_scaled(void **state)
{
	char text[FORMAT_TEXT];

	(void)state;
	for (size_t i = 0; i < COUNT(scaled); i++)
		assert_string_equal(format_scaled(text, scaled[i].value, scaled[i].unit), scaled[i].text);
}

static const struct {
	struct speed speed;
	enum unit unit;
	const char *text;
} speeds[] = {
	{{9.41e9, 812e3}, UNIT_BITS, "9.41 Gbit/s"},
	{{9.41e9, 812e3}, UNIT_BYTES, "1.18 GB/s"},
	{{9.41e9, 812e3}, UNIT_PACKETS, "812 kpkt/s"},
	{{0, 0}, UNIT_PACKETS, "0 pkt/s"},
	{{8, 0.2}, UNIT_BYTES, "1 B/s"},
};

static void test_speed(void **state)
{
	char text[FORMAT_TEXT];

	(void)state;
	for (size_t i = 0; i < COUNT(speeds); i++)
		assert_string_equal(format_speed(text, speeds[i].speed, speeds[i].unit), speeds[i].text);
}

static const struct {
	double value;
	enum unit unit;
	const char *text;
} axes[] = {
	{0, UNIT_BITS, "bit/s"},
	{0, UNIT_PACKETS, "pkt/s"},
	{1, UNIT_BITS, "1 b/s"},
	{500e3, UNIT_BYTES, "500 kB/s"},
	{1e9, UNIT_BITS, "1 Gb/s"},
	{20e3, UNIT_PACKETS, "20 kp/s"},
	{500e9, UNIT_BITS, "500 Gb/s"},
	{1e12, UNIT_BITS, "1 Tb/s"},
};

static void test_axis(void **state)
{
	char text[FORMAT_TEXT];

	(void)state;
	for (size_t i = 0; i < COUNT(axes); i++)
		assert_string_equal(format_axis(text, axes[i].value, axes[i].unit), axes[i].text);
}

static const struct {
	uint64_t n;
	const char *text;
} counts[] = {
	{0, "0"},
	{99999, "99999"},
	{100000, "100k"},
	{999499, "999k"},
	{999500, "1.00M"},
	{9994999, "9.99M"},
	{9995000, "10.0M"},
	{99950000, "100M"},
	{999500000, "1.00G"},
	{1234567890123, "1.23T"},
	{UINT64_MAX, "18447P"},
};

static void test_count(void **state)
{
	char text[FORMAT_TEXT];

	(void)state;
	for (size_t i = 0; i < COUNT(counts); i++)
		assert_string_equal(format_count(text, counts[i].n), counts[i].text);
}

static const struct {
	uint64_t ns;
	const char *ms, *time;
} times[] = {
	{0, "0.000", "0.000 ms"},
	{400, "0.000", "0.000 ms"},
	{71 * NS_PER_US, "0.071", "0.071 ms"},
	{AS_NS(0.9994), "0.999", "0.999 ms"},
	{AS_NS(0.9995), "1.00", "1.00 ms"},
	{AS_NS(9.9949), "9.99", "9.99 ms"},
	{AS_NS(9.995), "10.0", "10.0 ms"},
	{AS_NS(99.94), "99.9", "99.9 ms"},
	{AS_NS(99.95), "100", "100 ms"},
	{AS_NS(1200.0), "1200", "1200 ms"},
	{AS_NS(9999.0), "9999", "9999 ms"},
	{10 * (uint64_t)NS_PER_S, "10000", "10.0 s"},
	{UINT32_MAX, "4295", "4295 ms"},
};

static void test_time(void **state)
{
	char text[FORMAT_TEXT];

	(void)state;
	for (size_t i = 0; i < COUNT(times); i++) {
		assert_string_equal(format_ms(text, times[i].ns), times[i].ms);
		assert_string_equal(format_time(text, times[i].ns), times[i].time);
	}
}

static const struct {
	uint64_t ns;
	const char *text;
} clocks[] = {
	{0, "0:00"},
	{NS_PER_S - 1, "0:00"},
	{42 * (uint64_t)NS_PER_S, "0:42"},
	{60 * (uint64_t)NS_PER_S, "1:00"},
	{3599 * (uint64_t)NS_PER_S, "59:59"},
	{3600 * (uint64_t)NS_PER_S, "1:00:00"},
	{UINT64_C(100) * 3600 * NS_PER_S, "100:00:00"},
};

static void test_clock(void **state)
{
	char text[FORMAT_TEXT];

	(void)state;
	for (size_t i = 0; i < COUNT(clocks); i++)
		assert_string_equal(format_clock(text, clocks[i].ns), clocks[i].text);
}

static const struct {
	uint64_t part, whole;
	const char *text;
} percents[] = {
	{0, 0, "0 %"},
	{0, 100, "0 %"},
	{4, 100000, "0.004 %"},
	{994, 1000000, "0.099 %"},
	{995, 1000000, "0.10 %"},
	{9949, 100000, "9.95 %"},
	{995, 10000, "9.9 %"},
	{9960, 100000, "10.0 %"},
	{123, 1000, "12.3 %"},
	{1, 1, "100.0 %"},
	{1, 0, "<0.001 %"},
};

static void test_percent(void **state)
{
	char text[FORMAT_TEXT];

	(void)state;
	for (size_t i = 0; i < COUNT(percents); i++)
		assert_string_equal(
			format_percent(text, percents[i].part, percents[i].whole), percents[i].text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_scaled),
		cmocka_unit_test(test_speed),
		cmocka_unit_test(test_axis),
		cmocka_unit_test(test_count),
		cmocka_unit_test(test_time),
		cmocka_unit_test(test_clock),
		cmocka_unit_test(test_percent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
