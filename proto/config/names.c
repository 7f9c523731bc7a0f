/* The names of settings: found, guessed, and written as flags and variables. */
#include <ctype.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "proto/config/table.h"

const struct option_row *option_find(const char *name)
{
	const struct option_row *row;

	for (row = options_table; row < options_table + options_rows; row++) {
		if (strcmp(name, row->name) == 0)
			return row;
		if (row->alias && strcmp(name, row->alias) == 0)
			return row;
	}
	return NULL;
}

bool option_is_taken(const struct option_row *row, unsigned program)
{
	return !row->flag_only || (row->programs & program);
}

const char *option_flag(const char *name, char out[OPTION_NAME])
{
	char *at;

	snprintf(out, OPTION_NAME, "--%s", name);
	while ((at = strchr(out, '_')))
		*at = '-';
	return out;
}

const char *option_variable(const char *name, char out[OPTION_NAME])
{
	char *at;

	snprintf(out, OPTION_NAME, "WYNDRVR_%s", name);
	for (at = out; *at; at++)
		*at = (char)toupper((unsigned char)*at);
	return out;
}

static size_t min_size(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Levenshtein's, one row of the matrix at a time; only the first OPTION_NAME characters count. */
static size_t edit_distance(const char *a, const char *b)
{
	size_t a_size = strnlen(a, OPTION_NAME), b_size = strnlen(b, OPTION_NAME);
	size_t cost[OPTION_NAME + 1];
	size_t i, j, diagonal, above;

	for (j = 0; j <= b_size; j++)
		cost[j] = j;
	for (i = 1; i <= a_size; i++) {
		diagonal = cost[0];
		cost[0] = i;
		for (j = 1; j <= b_size; j++) {
			above = cost[j];
			cost[j] =
				min_size(diagonal + (a[i - 1] != b[j - 1]), min_size(above, cost[j - 1]) + 1);
			diagonal = above;
		}
	}
	return cost[b_size];
}

const char *option_closest(const char *name, unsigned program)
{
	const char *closest = NULL;
	size_t least = SIZE_MAX;
	size_t i, distance;

	for (i = 0; i < options_rows; i++) {
		distance = edit_distance(name, options_table[i].name);
		if (distance >= least || !option_is_taken(&options_table[i], program))
			continue;
		least = distance;
		closest = options_table[i].name;
	}
	return closest;
}
