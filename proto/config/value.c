/* Owns the conversion of a setting between text, its field in struct options, and JSON: one entry of `types`
 * for each type. The locale is ignored: a file means the same everywhere. */
#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <strings.h>

#include "proto/config/number.h"
#include "proto/config/table.h"
#include "proto/sys/text.h"

enum { VALUE_SHOWN = 48 };

static const char *const mode_names[] = {
	[PARALLEL_SINGLE] = "SINGLE",
	[PARALLEL_THREAD] = "THREAD",
	[PARALLEL_PROCESS] = "PROCESS", /* known, but refused when the values are checked */
};

/* Setters return what is wrong, as a phrase behind the value, or NULL. */
typedef const char *set_value(struct options *o, const struct option_row *row, const char *text);
typedef void say_allowed(const struct option_row *row, char out[OPTION_ALLOWED]);
typedef json_t *make_json(const struct options *o, const struct option_row *row);

struct type {
	set_value *set;
	say_allowed *allowed;
	make_json *json;
};

static void *field(struct options *o, const struct option_row *row)
{
	return (char *)o + row->offset;
}

static const void *const_field(const struct options *o, const struct option_row *row)
{
	return (const char *)o + row->offset;
}

static void store_integer(struct options *o, const struct option_row *row, uint64_t value)
{
	switch (row->size) {
	case sizeof(uint16_t):
		*(uint16_t *)field(o, row) = (uint16_t)value;
		break;
	case sizeof(uint32_t):
		*(uint32_t *)field(o, row) = (uint32_t)value;
		break;
	default:
		assert(row->size == sizeof(uint64_t));
		*(uint64_t *)field(o, row) = value;
	}
}

static uint64_t load_integer(const struct options *o, const struct option_row *row)
{
	switch (row->size) {
	case sizeof(uint16_t):
		return *(const uint16_t *)const_field(o, row);
	case sizeof(uint32_t):
		return *(const uint32_t *)const_field(o, row);
	default:
		assert(row->size == sizeof(uint64_t));
		return *(const uint64_t *)const_field(o, row);
	}
}

static const char *set_bool(struct options *o, const struct option_row *row, const char *text)
{
	static const char *const words[][2] = {{"false", "true"}, {"no", "yes"}, {"off", "on"}, {"0", "1"}};
	size_t i;

	for (i = 0; i < 2 * sizeof(words) / sizeof(words[0]); i++) {
		if (strcasecmp(text, words[i / 2][i % 2]) != 0)
			continue;
		*(bool *)field(o, row) = i % 2;
		return NULL;
	}
	return "is neither true nor false";
}

static void allow_bool(const struct option_row *row, char out[OPTION_ALLOWED])
{
	(void)row;
	snprintf(out, OPTION_ALLOWED, "true, false, yes, no, on, off, 1, 0");
}

static json_t *json_bool(const struct options *o, const struct option_row *row)
{
	return json_boolean(*(const bool *)const_field(o, row));
}

static bool is_zero_word(const struct option_row *row, const char *text)
{
	return row->zero_word && strcmp(text, row->zero_word) == 0;
}

static const char *set_integer(struct options *o, const struct option_row *row, const char *text)
{
	uint64_t value = 0;
	const char *end;

	if (!is_zero_word(row, text)) {
		if (!text[0] || text[strspn(text, "0123456789")])
			return "is not a whole number";
		end = number_whole(text, &value);
		if (!end || (double)value < row->min || (double)value > row->max)
			return "is out of range";
		if (value == 0 && row->zero_is_default)
			number_whole(row->fallback, &value);
	}
	store_integer(o, row, value);
	return NULL;
}

static void allow_number(const struct option_row *row, char out[OPTION_ALLOWED])
{
	snprintf(out, OPTION_ALLOWED, "%s%s%.10g..%.10g%s%s", row->zero_word ? row->zero_word : "",
		row->zero_word ? ", or " : "", row->min, row->max, row->unit ? " " : "",
		row->unit ? row->unit : "");
}

static json_t *json_whole(const struct options *o, const struct option_row *row)
{
	uint64_t value = load_integer(o, row);

	if (value == 0 && row->zero_word)
		return json_string(row->zero_word);
	if (value == UINT64_MAX && row->top_word)
		return json_string(row->top_word);
	return json_integer((json_int_t)value);
}

static const char *set_decimal(struct options *o, const struct option_row *row, const char *text)
{
	double value;
	const char *end = number_decimal(text, &value);

	if (end && row->unit && strcmp(end, row->unit) == 0) /* "1%" */
		end += strlen(end);
	if (!end || *end)
		return "is not a number";
	if (value < row->min || value > row->max)
		return "is out of range";
	*(double *)field(o, row) = value;
	return NULL;
}

static json_t *json_decimal(const struct options *o, const struct option_row *row)
{
	return json_real(*(const double *)const_field(o, row));
}

static const char *set_rate(struct options *o, const struct option_row *row, const char *text)
{
	double value = 0;

	if (row->top_word && strcmp(text, row->top_word) == 0) {
		store_integer(o, row, UINT64_MAX);
		return NULL;
	}
	if (!is_zero_word(row, text)) {
		if (!number_scaled(text, "", &value))
			return "is not a number with k, M, G or nothing behind it";
		if (value < row->min || value > row->max)
			return "is out of range";
	}
	store_integer(o, row, (uint64_t)(value + 0.5));
	return NULL;
}

static const char *set_size(struct options *o, const struct option_row *row, const char *text)
{
	double value = 0;

	if (!is_zero_word(row, text)) {
		if (!number_scaled(text, "B", &value))
			return "is not a number with k, M, G, B, kB, MB, GB or nothing behind it";
		if (value != 0 && (value < row->min || value > row->max))
			return "is out of range";
	}
	store_integer(o, row, (uint64_t)(value + 0.5));
	return NULL;
}

static void allow_rate(const struct option_row *row, char out[OPTION_ALLOWED])
{
	snprintf(out, OPTION_ALLOWED, "%s%s%s, or %.10gk..%.10gG %s", row->top_word ? row->top_word : "",
		row->top_word ? ", " : "", row->zero_word, row->min / 1e3, row->max / 1e9, row->unit);
}

static const char *set_path(struct options *o, const struct option_row *row, const char *text)
{
	size_t size = strlen(text);

	if (size == 0 && !(row->fallback && !*row->fallback))
		return "is empty";
	if (size >= row->size)
		return "is too long";
	memcpy(field(o, row), text, size + 1);
	return NULL;
}

static const char *set_address(struct options *o, const struct option_row *row, const char *text)
{
	const char *at;

	for (at = text; *at; at++)
		if (!isgraph((unsigned char)*at))
			return "has a blank or a character that is not ASCII in it";
	return set_path(o, row, text);
}

static void allow_address(const struct option_row *row, char out[OPTION_ALLOWED])
{
	(void)row;
	snprintf(out, OPTION_ALLOWED, "name or IP address");
}

static void allow_path(const struct option_row *row, char out[OPTION_ALLOWED])
{
	snprintf(out, OPTION_ALLOWED, "1..%zu characters", row->size - 1);
}

static json_t *json_text(const struct options *o, const struct option_row *row)
{
	return json_string(const_field(o, row));
}

static const char *set_mode(struct options *o, const struct option_row *row, const char *text)
{
	size_t i;

	for (i = 0; i < sizeof(mode_names) / sizeof(mode_names[0]); i++) {
		if (strcasecmp(text, mode_names[i]) != 0)
			continue;
		*(enum parallelism *)field(o, row) = (enum parallelism)i;
		return NULL;
	}
	return "is not a mode";
}

static void allow_mode(const struct option_row *row, char out[OPTION_ALLOWED])
{
	(void)row;
	snprintf(out, OPTION_ALLOWED, "%s, %s", mode_names[PARALLEL_SINGLE], mode_names[PARALLEL_THREAD]);
}

static json_t *json_mode(const struct options *o, const struct option_row *row)
{
	return json_string(mode_names[*(const enum parallelism *)const_field(o, row)]);
}

static const char *const theme_names[OPTION_THEMES] = {
	[THEME_DEFAULT] = "default",
	[THEME_LIGHT] = "light",
	[THEME_DARK] = "dark",
	[THEME_COLOUR_BLIND] = "colour-blind",
	[THEME_PLAIN] = "plain",
};

const char *options_theme_name(enum option_theme theme)
{
	return theme_names[theme];
}

static const char *set_theme(struct options *o, const struct option_row *row, const char *text)
{
	for (int i = 0; i < OPTION_THEMES; i++) {
		if (strcasecmp(text, theme_names[i]) != 0)
			continue;
		*(enum option_theme *)field(o, row) = (enum option_theme)i;
		return NULL;
	}
	return "is not a theme";
}

static void allow_theme(const struct option_row *row, char out[OPTION_ALLOWED])
{
	int used = 0;

	(void)row;
	for (int i = 0; i < OPTION_THEMES && used < OPTION_ALLOWED; i++)
		used += snprintf(
			out + used, (size_t)(OPTION_ALLOWED - used), "%s%s", i ? ", " : "", theme_names[i]);
}

static json_t *json_theme(const struct options *o, const struct option_row *row)
{
	return json_string(theme_names[*(const enum option_theme *)const_field(o, row)]);
}

/* The flag itself says which test; there is no text. */
static const char *add_test(struct options *o, const struct option_row *row, const char *text)
{
	(void)text;
	if (o->test_count == OPTIONS_TESTS)
		return "is one test too many";
	o->tests[o->test_count++] = (enum option_test)row->min;
	return NULL;
}

static void allow_test(const struct option_row *row, char out[OPTION_ALLOWED])
{
	(void)row;
	snprintf(out, OPTION_ALLOWED, "up to %d tests", OPTIONS_TESTS);
}

static json_t *json_tests(const struct options *o, const struct option_row *row)
{
	(void)row;
	return json_integer(o->test_count);
}

static const struct type types[] = {
	[OPTION_BOOL] = {set_bool, allow_bool, json_bool},
	[OPTION_INTEGER] = {set_integer, allow_number, json_whole},
	[OPTION_DECIMAL] = {set_decimal, allow_number, json_decimal},
	[OPTION_RATE] = {set_rate, allow_rate, json_whole},
	[OPTION_SIZE] = {set_size, allow_rate, json_whole},
	[OPTION_ADDRESS] = {set_address, allow_address, json_text},
	[OPTION_PATH] = {set_path, allow_path, json_text},
	[OPTION_MODE] = {set_mode, allow_mode, json_mode},
	[OPTION_TEST] = {add_test, allow_test, json_tests},
	[OPTION_THEME] = {set_theme, allow_theme, json_theme},
	[OPTION_RANGES] = {option_set_ranges, option_allow_ranges, option_json_ranges},
};

int option_set(
	struct options *o, const struct option_row *row, const char *text, char problem[OPTION_PROBLEM])
{
	const char *wrong = types[row->type].set(o, row, text);
	char shown[VALUE_SHOWN], allowed[OPTION_ALLOWED];

	if (!wrong)
		return 0;
	text_sanitise(shown, sizeof(shown), text, strlen(text));
	snprintf(problem, OPTION_PROBLEM, "\"%s\" %s; allowed: %s", shown, wrong,
		option_allowed(row, allowed));
	return -EINVAL;
}

int options_set(struct options *o, const char *name, const char *text, char error[OPTIONS_ERROR])
{
	const struct option_row *row = option_find(name);
	char problem[OPTION_PROBLEM];

	assert(row);
	if (!option_set(o, row, text, problem))
		return 0;
	snprintf(error, OPTIONS_ERROR, "%s", problem);
	return -EINVAL;
}

const char *option_allowed(const struct option_row *row, char out[OPTION_ALLOWED])
{
	types[row->type].allowed(row, out);
	return out;
}

json_t *option_json(const struct options *o, const struct option_row *row)
{
	return types[row->type].json(o, row);
}
