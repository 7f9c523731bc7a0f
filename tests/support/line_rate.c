#include "tests/support/line_rate.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/sys/clock.h"
#include "tests/support/random.h"

enum { PIECES_OF_PERIOD = 64 }; /* of a sine, and of a walk from bound to bound */

static const double pi = 3.14159265358979323846;

int line_rate_parse(double *bps, const char *text)
{
	static const struct {
		char letter;
		double factor;
	} units[] = {{'\0', 1}, {'k', 1e3}, {'M', 1e6}, {'G', 1e9}};
	char *end;
	double value = strtod(text, &end);

	if (end == text || !(value >= 0))
		return -EINVAL;
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (*end == units[i].letter && (!*end || !end[1])) {
			*bps = value * units[i].factor;
			return 0;
		}
	return -EINVAL;
}

static int add_row(struct line_rate_plan *plan, double from_ms, const char *rate)
{
	struct line_rate_row *grown, row = {.from_ms = from_ms};

	if (line_rate_parse(&row.bps, rate) || !(from_ms >= 0) ||
		(plan->rows ? from_ms <= plan->row[plan->rows - 1].from_ms : from_ms > 0))
		return -EINVAL;
	grown = realloc(plan->row, (plan->rows + 1) * sizeof(row));
	if (!grown)
		return -ENOMEM;
	plan->row = grown;
	plan->row[plan->rows++] = row;
	return 0;
}

static void forget_rows(struct line_rate_plan *plan, bool repeats)
{
	free(plan->row);
	plan->row = NULL;
	plan->rows = 0;
	plan->repeats = repeats;
}

int line_rate_parse_steps(struct line_rate_plan *plan, const char *text)
{
	char *copy = strdup(text), *rest = NULL, *end;
	int rc = copy ? 0 : -ENOMEM;

	forget_rows(plan, false);
	for (char *item = copy ? strtok_r(copy, ",", &rest) : NULL; item && !rc;
		item = strtok_r(NULL, ",", &rest)) {
		double from_ms = strtod(item, &end);

		rc = end == item || *end != ':' ? -EINVAL : add_row(plan, from_ms, end + 1);
	}
	free(copy);
	return rc ? rc : plan->rows ? 0 : -EINVAL;
}

int line_rate_read_trace(struct line_rate_plan *plan, const char *path)
{
	FILE *file = fopen(path, "re");
	char line[128], rate[32];
	double from_ms;
	int rc = 0;

	if (!file)
		return -errno;
	forget_rows(plan, true);
	while (!rc && fgets(line, sizeof(line), file)) {
		if (*line == '#' || *line == '\n')
			continue;
		rc = sscanf(line, "%lf %31s", &from_ms, rate) == 2 ? add_row(plan, from_ms, rate) : -EINVAL;
	}
	fclose(file);
	return rc ? rc : plan->rows >= 2 ? 0 : -EINVAL;
}

bool line_rate_is_limited(const struct line_rate_plan *plan)
{
	return plan->rows || plan->bps > 0;
}

double line_rate_nominal_bps(const struct line_rate_plan *plan)
{
	double bits = 0;

	if (!plan->rows)
		return plan->bps;
	if (plan->rows == 1)
		return plan->row[0].bps;
	for (size_t i = 0; i + 1 < plan->rows; i++)
		bits += plan->row[i].bps * (plan->row[i + 1].from_ms - plan->row[i].from_ms);
	return bits / plan->row[plan->rows - 1].from_ms;
}

/* The row at that time, and *left_ms until the next one: infinite when there is none. */
static double row_bps(const struct line_rate_plan *plan, double at_ms, double *left_ms)
{
	const struct line_rate_row *last = &plan->row[plan->rows - 1];
	size_t low = 0, high = plan->rows;

	if (plan->repeats)
		at_ms = fmod(at_ms, last->from_ms);
	while (high - low > 1) {
		size_t middle = (low + high) / 2;

		if (plan->row[middle].from_ms <= at_ms)
			low = middle;
		else
			high = middle;
	}
	*left_ms = high < plan->rows ? plan->row[high].from_ms - at_ms : INFINITY;
	return plan->row[low].bps;
}

/* A step of a walk in the logarithm of its factor, reflected at its bounds. */
static double walk_factor(struct line_rate *r)
{
	double low = log(r->plan->walk_low), high = log(r->plan->walk_high), u = random_share(&r->random);
	/* A uniform step of this width has a standard deviation of 1; that of the walk after walk_ms is its
	 * range. */
	double step = (u - 0.5) * sqrt(12.0 / PIECES_OF_PERIOD) * (high - low);

	r->walk += step;
	if (r->walk > high)
		r->walk = fmax(low, 2 * high - r->walk);
	if (r->walk < low)
		r->walk = fmin(high, 2 * low - r->walk);
	return exp(r->walk);
}

static void begin_piece(struct line_rate *r)
{
	const struct line_rate_plan *plan = r->plan;
	double at_ms = clock_in_ms(r->at_ns - r->start_ns), piece_ms = INFINITY;

	r->bps = plan->rows ? row_bps(plan, at_ms, &piece_ms) : plan->bps;
	if (plan->sine_ms > 0) {
		piece_ms = fmin(piece_ms, plan->sine_ms / PIECES_OF_PERIOD);
		r->bps *= 1 + plan->sine_share * sin(2 * pi * (at_ms + piece_ms / 2) / plan->sine_ms);
	}
	if (plan->walk_ms > 0) {
		piece_ms = fmin(piece_ms, plan->walk_ms / PIECES_OF_PERIOD);
		r->bps *= walk_factor(r);
	}
	r->until_ns = piece_ms < INFINITY ? r->at_ns + (uint64_t)ceil(piece_ms * NS_PER_MS) : CLOCK_NEVER;
}

void line_rate_start(struct line_rate *r, const struct line_rate_plan *plan, uint64_t seed, uint64_t now_ns)
{
	*r = (struct line_rate){.plan = plan, .random = seed, .start_ns = now_ns, .at_ns = now_ns};
	if (plan->walk_ms > 0)
		r->walk = log(plan->walk_low) +
			  random_share(&r->random) * log(plan->walk_high / plan->walk_low);
	begin_piece(r);
}

double line_rate_offer(struct line_rate *r, uint64_t until_ns)
{
	double bits = 0;

	while (r->at_ns < until_ns) {
		uint64_t end_ns = clock_earlier(until_ns, r->until_ns);

		bits += r->bps * (double)(end_ns - r->at_ns) / NS_PER_S;
		r->at_ns = end_ns;
		if (end_ns == r->until_ns)
			begin_piece(r);
	}
	return bits;
}

uint64_t line_rate_serve(struct line_rate *r, uint64_t from_ns, double bits)
{
	line_rate_offer(r, from_ns);
	for (;;) {
		double piece = r->bps * (double)(r->until_ns - r->at_ns) / NS_PER_S;

		if (bits <= piece) {
			r->at_ns += r->bps > 0 ? (uint64_t)(bits / r->bps * NS_PER_S + 0.5) : 0;
			return r->at_ns;
		}
		if (r->until_ns == CLOCK_NEVER)
			return CLOCK_NEVER;
		bits -= piece;
		r->at_ns = r->until_ns;
		begin_piece(r);
	}
}
