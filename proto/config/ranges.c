/* The type of port_ranges: a list of ports and ranges of ports. */
#include <string.h>

#include "proto/config/number.h"
#include "proto/config/table.h"

static const char *skip_blanks(const char *at)
{
	return at + strspn(at, " \t");
}

/* "A" or "A-B", blanks around each; NULL when it is neither. */
static const char *parse_range(const char *at, uint64_t *first, uint64_t *last)
{
	at = number_whole(skip_blanks(at), first);
	if (!at)
		return NULL;
	*last = *first;
	at = skip_blanks(at);
	if (*at == '-')
		at = number_whole(skip_blanks(at + 1), last);
	return at ? skip_blanks(at) : NULL;
}

static bool overlaps(const struct port_range *ranges, unsigned count, uint64_t first, uint64_t last)
{
	unsigned i;

	for (i = 0; i < count; i++)
		if (first <= ranges[i].last && ranges[i].first <= last)
			return true;
	return false;
}

const char *option_set_ranges(struct options *o, const struct option_row *row, const char *text)
{
	struct port_range ranges[OPTIONS_RANGES];
	unsigned count = 0;
	uint64_t first, last;
	const char *at;

	for (at = text; at; at = *at ? at + 1 : NULL) {
		at = parse_range(at, &first, &last);
		if (!at || (*at && *at != ','))
			return "is not a list of ports";
		if ((double)first < row->min || (double)last > row->max)
			return "has a port that is out of range";
		if (first > last)
			return "has a range that ends before it begins";
		if (overlaps(ranges, count, first, last))
			return "has ranges that overlap";
		if (count == OPTIONS_RANGES)
			return "has too many ranges";
		ranges[count++] = (struct port_range){(uint16_t)first, (uint16_t)last};
	}
	memcpy(o->port_ranges, ranges, count * sizeof(ranges[0]));
	o->port_range_count = count;
	return NULL;
}

void option_allow_ranges(const struct option_row *row, char out[OPTION_ALLOWED])
{
	snprintf(out, OPTION_ALLOWED, "up to %d of A-B or A with commas between, each %.10g..%.10g",
		OPTIONS_RANGES, row->min, row->max);
}

json_t *option_json_ranges(const struct options *o, const struct option_row *row)
{
	char text[OPTIONS_RANGES * sizeof("65535-65535")] = "";
	const struct port_range *r = o->port_ranges;
	const struct port_range *end = r + o->port_range_count;
	size_t used = 0;

	(void)row;
	for (; r < end; r++) {
		used += (size_t)snprintf(text + used, sizeof(text) - used,
			r->first == r->last ? "%s%u" : "%s%u-%u", used ? "," : "", r->first, r->last);
	}
	return json_string(text);
}
