/* The fit. Let U be the envelope on the way up and D the one down, as heights at time 0 once a skew s
 * has been taken out: U(s) = min(up - s t), D(s) = min(down + s t). U + D is the round trip of the two
 * shortest ways. A wrong s makes it too small; one that makes it negative can't be.
 *
 * Moon et al. take the line with the least sum of distances to all points. A queue that stands in one
 * direction from the middle of a test on tilts that line; here the least sum of logarithms of the
 * distances is taken, to which points far above add little more the farther they are. A sum of concave
 * functions is least at a corner of what is allowed, so s is the slope of an edge of one of the hulls. */
#include "proto/measure/clock_fit.h"

#include <math.h>
#include <stddef.h>

static const double SKEW_MAX = CLOCK_FIT_SKEW_MAX_PPM * 1e-6;
static const double NEAR_NS = 2000;    /* how exact packet timestamps are */
static const double USUAL_SKEW = 1e-4; /* twice what crystals are sold as */

/* No clock is off by more than 36 years. */
static const int64_t DIFFERENCE_MAX = INT64_C(1) << 60;

enum {
	CANDIDATES_MAX = 2 * CLOCK_FIT_BINS + 4,
	SHIFT_BINS = CLOCK_FIT_BINS / 4, /* forgotten together when the window slides */
};

/* The points of one direction. */
struct cloud {
	double sign; /* of the skew in it */
	unsigned n;
	double at_ns[CLOCK_FIT_BINS], value_ns[CLOCK_FIT_BINS];
};

static double height(const struct cloud *c, unsigned i, double skew)
{
	return c->value_ns[i] - c->sign * skew * c->at_ns[i];
}

static double lowest(const struct cloud *c, double skew)
{
	double low = height(c, 0, skew);

	for (unsigned i = 1; i < c->n; i++)
		low = fmin(low, height(c, i, skew));
	return low;
}

static double distances(const struct cloud *c, double skew, double floor_ns)
{
	double sum = 0;

	for (unsigned i = 0; i < c->n; i++)
		sum += log1p((height(c, i, skew) - floor_ns) / NEAR_NS);
	return sum;
}

static double slope(const struct cloud *c, unsigned i, unsigned j)
{
	return (c->value_ns[j] - c->value_ns[i]) / (c->at_ns[j] - c->at_ns[i]);
}

/* Adds the slopes of the lower hull's edges as skews (A. M. Andrew's monotone chain, 1979). */
static unsigned add_edges(const struct cloud *c, double *skew, unsigned n)
{
	unsigned corner[CLOCK_FIT_BINS], corners = 0;

	for (unsigned i = 0; i < c->n; i++) {
		if (corners > 0 && c->at_ns[i] <= c->at_ns[corner[corners - 1]])
			continue;
		while (corners > 1 && slope(c, corner[corners - 2], corner[corners - 1]) >=
					      slope(c, corner[corners - 1], i))
			corners--;
		corner[corners++] = i;
	}
	for (unsigned i = 1; i < corners; i++) {
		double edge = c->sign * slope(c, corner[i - 1], corner[i]);

		if (fabs(edge) < SKEW_MAX)
			skew[n++] = edge;
	}
	return n;
}

static unsigned list_candidates(const struct cloud *up, const struct cloud *down, double last, double *skew)
{
	unsigned n = 0;

	skew[n++] = last;
	skew[n++] = 0;
	skew[n++] = SKEW_MAX;
	skew[n++] = -SKEW_MAX;
	n = add_edges(up, skew, n);
	return add_edges(down, skew, n);
}

/* Few points allow many lines: take the one closest to what was known before, which at first is no skew. */
static double unlikeliness(double skew, double last)
{
	return 2 * log1p(fabs(skew - last) / USUAL_SKEW);
}

/* False when every skew makes the round trip negative: the points don't share one line. */
static bool choose(struct clock_fit_line *line, const struct cloud *up, const struct cloud *down)
{
	double skew[CANDIDATES_MAX], best = INFINITY, last = line->skew;
	unsigned n = list_candidates(up, down, last, skew);

	for (unsigned i = 0; i < n; i++) {
		double up_ns = lowest(up, skew[i]), down_ns = lowest(down, skew[i]), cost;

		if (up_ns + down_ns < -NEAR_NS)
			continue;
		cost = distances(up, skew[i], up_ns) + distances(down, skew[i], down_ns) +
		       unlikeliness(skew[i], last);
		if (cost >= best)
			continue;
		best = cost;
		line->skew = skew[i];
		line->up_ns = up_ns;
		line->down_ns = down_ns;
	}
	return best < INFINITY;
}

/* How far the second lowest point between two times is above the line: the lowest may be the line's own,
 * and proves nothing. */
static double second_lowest(const struct cloud *c, double skew, double floor_ns, const double between[2])
{
	double low = INFINITY, second = INFINITY;

	for (unsigned i = 0; i < c->n; i++) {
		double above = height(c, i, skew) - floor_ns;

		if (c->at_ns[i] < between[0] || c->at_ns[i] > between[1])
			continue;
		second = fmin(second, fmax(low, above));
		low = fmin(low, above);
	}
	return second;
}

/* How far the line could be turned between what lies close to it in the first third and in the last,
 * which is at least a third later. */
static double freedom(const struct cloud *c, double skew, double floor_ns)
{
	double first = c->at_ns[0], last = c->at_ns[c->n - 1], third = (last - first) / 3;
	double early = second_lowest(c, skew, floor_ns, (double[]){first, first + third});
	double late = second_lowest(c, skew, floor_ns, (double[]){last - third, last});

	return third > 0 ? fmin((early + late) / third, SKEW_MAX) : SKEW_MAX;
}

/* The bins' points; the shortest round trip among them. */
static double collect(const struct clock_fit *o, struct cloud *up, struct cloud *down)
{
	double rtt_ns = INFINITY;

	up->n = down->n = 0;
	for (unsigned i = 0; i < CLOCK_FIT_BINS; i++) {
		const struct clock_fit_bin *b = &o->bin[i];

		if (!b->used)
			continue;
		up->at_ns[up->n] = (double)b->up.at_ns;
		up->value_ns[up->n++] = (double)b->up.value_ns;
		down->at_ns[down->n] = (double)b->down.at_ns;
		down->value_ns[down->n++] = (double)b->down.value_ns;
		rtt_ns = fmin(rtt_ns, (double)b->rtt_ns);
	}
	return rtt_ns;
}

/* Forgets the older half of `used` bins, at least one. */
static void forget_half(struct clock_fit *o, unsigned used)
{
	unsigned left = (used + 1) / 2;

	for (unsigned i = 0; left > 0; i++) {
		left -= o->bin[i].used;
		o->bin[i].used = false;
	}
}

static void fit(struct clock_fit *o)
{
	struct clock_fit_line *line = &o->line;
	struct cloud up = {.sign = 1}, down = {.sign = -1};

	line->rtt_ns = collect(o, &up, &down);
	while (up.n > 0 && !choose(line, &up, &down)) {
		forget_half(o, up.n);
		line->rtt_ns = collect(o, &up, &down);
	}
	line->valid = up.n > 0;
	if (!line->valid)
		return;
	line->middle_ns = (up.at_ns[0] + up.at_ns[up.n - 1]) / 2;
	line->skew_err =
		fmin(freedom(&up, line->skew, line->up_ns), freedom(&down, line->skew, line->down_ns));
}

static void lower(struct clock_fit_point *point, const struct clock_fit_point *other, double skew)
{
	double rise = skew * (double)(other->at_ns - point->at_ns);

	if ((double)(other->value_ns - point->value_ns) < rise)
		*point = *other;
}

static void merge(struct clock_fit_bin *into, const struct clock_fit_bin *from, double skew)
{
	if (!from->used)
		return;
	if (!into->used) {
		*into = *from;
		return;
	}
	lower(&into->up, &from->up, skew);
	lower(&into->down, &from->down, -skew);
	if (from->rtt_ns < into->rtt_ns)
		into->rtt_ns = from->rtt_ns;
}

static void widen(struct clock_fit *o)
{
	for (unsigned i = 0; i < CLOCK_FIT_BINS; i++) {
		struct clock_fit_bin bin = o->bin[i];

		o->bin[i].used = false;
		merge(&o->bin[i / 2], &bin, o->line.skew);
	}
	o->width_bits++;
}

static void slide(struct clock_fit *o, uint64_t bins)
{
	for (uint64_t i = 0; i < CLOCK_FIT_BINS; i++)
		if (i + bins < CLOCK_FIT_BINS)
			o->bin[i] = o->bin[i + bins];
		else
			o->bin[i].used = false;
	o->start_ns += (int64_t)(bins << o->width_bits);
}

/* The bin of a time; makes room for it. NULL when it is older than the window. */
static struct clock_fit_bin *bin_of(struct clock_fit *o, int64_t at_ns)
{
	uint64_t index;

	if (at_ns < o->start_ns)
		return o->start_ns == 0 ? &o->bin[0] : NULL;
	while ((index = (uint64_t)(at_ns - o->start_ns) >> o->width_bits) >= CLOCK_FIT_BINS) {
		if (o->width_bits < CLOCK_FIT_WIDTH_MAX_BITS)
			widen(o);
		else
			slide(o, index - CLOCK_FIT_BINS + SHIFT_BINS);
		o->line.valid = false;
	}
	return &o->bin[index];
}

static void begin(struct clock_fit *o, const struct clock_fit_exchange *x)
{
	*o = (struct clock_fit){
		.origin_ns = x->client_sent_ns,
		.base_ns = x->server_received_ns - x->client_sent_ns,
		.width_bits = CLOCK_FIT_WIDTH_MIN_BITS,
	};
}

static bool in_reach(int64_t difference_ns)
{
	return difference_ns > -DIFFERENCE_MAX && difference_ns < DIFFERENCE_MAX;
}

/* Turns an exchange into points. On an idle path the packets crossed half a round trip after they were sent
 * and before they were received; that moment is when the clocks were compared. */
static bool read_exchange(
	const struct clock_fit *o, const struct clock_fit_exchange *x, struct clock_fit_bin *bin)
{
	uint64_t whole_ns = x->client_received_ns - x->client_sent_ns;
	uint64_t hold_ns = x->server_sent_ns - x->server_received_ns;
	uint64_t rtt_ns = whole_ns > hold_ns ? whole_ns - hold_ns : 0;
	int64_t begin_ns = (int64_t)(x->client_sent_ns - o->origin_ns);

	if (!in_reach((int64_t)whole_ns) || x->client_received_ns < x->client_sent_ns ||
		x->server_sent_ns < x->server_received_ns || hold_ns > whole_ns + whole_ns / 1000)
		return false;
	*bin = (struct clock_fit_bin){
		.used = true,
		.rtt_ns = (int64_t)((double)rtt_ns + o->line.skew * (double)hold_ns),
		.up.at_ns = begin_ns + (int64_t)(rtt_ns / 2),
		.up.value_ns = (int64_t)(x->server_received_ns - x->client_sent_ns - o->base_ns),
		.down.at_ns = begin_ns + (int64_t)(whole_ns - rtt_ns / 2),
		.down.value_ns = (int64_t)(x->client_received_ns - x->server_sent_ns + o->base_ns),
	};
	return in_reach(begin_ns) && in_reach(bin->up.value_ns) && in_reach(bin->down.value_ns);
}

static double above_up(const struct clock_fit_line *line, const struct clock_fit_bin *b)
{
	return (double)b->up.value_ns - line->skew * (double)b->up.at_ns - line->up_ns;
}

static double above_down(const struct clock_fit_line *line, const struct clock_fit_bin *b)
{
	return (double)b->down.value_ns + line->skew * (double)b->down.at_ns - line->down_ns;
}

/* A new fit where the line does not hold, and after 1, 2, 4, 8... samples; in between the envelopes are
 * only lowered. */
static void follow(struct clock_fit *o, struct clock_fit_bin *bin, const struct clock_fit_bin *sample)
{
	struct clock_fit_line *line = &o->line;

	line->up_ns += fmin(above_up(line, sample), 0);
	line->down_ns += fmin(above_down(line, sample), 0);
	line->rtt_ns = fmin(line->rtt_ns, (double)sample->rtt_ns);
	if (!line->valid || line->up_ns + line->down_ns < -NEAR_NS || (o->samples & (o->samples - 1)) == 0)
		fit(o);
	if (!line->valid) { /* the clock has jumped in the last bin */
		*bin = *sample;
		fit(o);
	}
}

static uint64_t whole(double ns)
{
	return ns > 0 ? (uint64_t)(ns + 0.5) : 0;
}

static double error_ns(const struct clock_fit_line *line, double at_ns)
{
	return fmax(line->rtt_ns, 0) / 2 + line->skew_err * fabs(at_ns - line->middle_ns);
}

bool clock_fit_sample(struct clock_fit *o, const struct clock_fit_exchange *x, struct clock_fit_delay *delay)
{
	struct clock_fit_line *line = &o->line;
	struct clock_fit_bin sample, *bin;
	double half_ns;

	if (o->samples == 0)
		begin(o, x);
	if (!read_exchange(o, x, &sample))
		return false;
	bin = bin_of(o, sample.up.at_ns);
	if (!bin)
		return false;
	merge(bin, &sample, line->skew);
	o->samples++;
	follow(o, bin, &sample);
	half_ns = fmax(line->up_ns + line->down_ns, 0) / 2;
	*delay = (struct clock_fit_delay){
		.queue_up_ns = whole(above_up(line, &sample)),
		.queue_down_ns = whole(above_down(line, &sample)),
		.err_ns = whole(error_ns(line, (double)sample.up.at_ns)),
	};
	delay->up_ns = delay->queue_up_ns + whole(half_ns);
	delay->down_ns = delay->queue_down_ns + whole(half_ns);
	return true;
}

bool clock_fit_estimate(struct clock_fit *o, uint64_t client_ns, struct clock_fit_estimate *estimate)
{
	const struct clock_fit_line *line = &o->line;
	double at_ns = (double)(int64_t)(client_ns - o->origin_ns);
	double relative_ns;

	if (o->samples > 0)
		fit(o);
	if (!line->valid)
		return false;
	relative_ns = (line->up_ns - line->down_ns) / 2 + line->skew * at_ns;
	*estimate = (struct clock_fit_estimate){
		.offset_ns = (int64_t)(o->base_ns + (uint64_t)llround(relative_ns)),
		.offset_err_ns = whole(error_ns(line, at_ns)),
		.skew_ppm = line->skew * 1e6,
		.skew_err_ppm = line->skew_err * 1e6,
		.rtt_min_ns = whole(line->rtt_ns),
	};
	return true;
}
