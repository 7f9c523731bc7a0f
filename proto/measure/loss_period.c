/* Blocks are searched after 128 begins, then at twice as many each time, so that the cost of searching
 * does not grow with the losses. The begins of a block are ascending. */
#include "proto/measure/loss_period.h"

#include <math.h>
#include <stdbool.h>

static const double SHARE_MIN = 0.1;
static const double SURE = 7; /* standard deviations: some hundred distances are tried */

enum { HITS_MIN = 6 };

/* How many pairs of begins in the block are from..to apart. */
static uint64_t count_pairs(const struct loss_period *p, uint64_t from, uint64_t to)
{
	uint64_t pairs = 0;

	for (unsigned i = 0, low = 0, high = 0; i < p->n; i++) {
		while (p->block[i] - p->block[low] > to)
			low++;
		while (high < i && p->block[i] - p->block[high] >= from)
			high++;
		pairs += high - low;
	}
	return pairs;
}

static struct loss_distance try_distance(const struct loss_period *p, uint64_t distance)
{
	uint64_t asked = 0;

	for (unsigned i = p->n; i > 0 && p->block[i - 1] - p->block[0] >= distance; i--)
		asked++;
	return (struct loss_distance){
		.packets = distance,
		.asked = asked,
		.hits = count_pairs(p, distance, distance),
		.beside = count_pairs(p, distance + 1, distance + LOSS_PERIOD_BESIDE),
	};
}

static double by_chance(const struct loss_distance *d)
{
	return (double)d->beside / LOSS_PERIOD_BESIDE;
}

static double share_of(const struct loss_distance *d)
{
	double left = (double)d->asked - by_chance(d);

	return left > 0 ? ((double)d->hits - by_chance(d)) / left : 0;
}

static bool is_period(const struct loss_distance *d)
{
	double chance = by_chance(d);

	return d->hits >= HITS_MIN && share_of(d) >= SHARE_MIN &&
	       (double)d->hits - chance > SURE * sqrt(chance) + HITS_MIN - 1;
}

/* All multiples of a period are found as well as itself: a shorter one need not be better. */
static bool is_better(const struct loss_distance *d, const struct loss_distance *than)
{
	double factor = d->packets < than->packets ? 0.8 : 1.25;

	return is_period(d) && share_of(d) > factor * share_of(than);
}

static struct loss_distance search(const struct loss_period *p)
{
	struct loss_distance best = {0};

	for (unsigned a = 1; a <= LOSS_PERIOD_ANCHORS; a++) {
		unsigned anchor = a * p->n / LOSS_PERIOD_ANCHORS;

		for (unsigned back = 1; back <= LOSS_PERIOD_BACK && back < anchor; back++) {
			uint64_t distance = p->block[anchor - 1] - p->block[anchor - 1 - back];
			struct loss_distance d;

			if (distance > LOSS_PERIOD_MAX)
				break;
			d = try_distance(p, distance);
			if (is_better(&d, &best))
				best = d;
		}
	}
	return best;
}

static bool begins_at(const struct span_set *missing, uint64_t number)
{
	return span_contains(missing, number) && !span_contains(missing, number - 1);
}

static void ask(struct loss_distance *d, const struct span_set *missing, uint64_t begin)
{
	uint64_t at = begin - d->packets;

	if (begin <= missing->base + d->packets + LOSS_PERIOD_BESIDE)
		return;
	d->asked++;
	d->hits += begins_at(missing, at);
	for (unsigned i = 1; i <= LOSS_PERIOD_BESIDE; i++)
		d->beside += begins_at(missing, at - i);
}

void loss_period_add(struct loss_period *p, const struct span_set *missing, uint64_t begin)
{
	struct loss_distance found;

	if (p->best.packets)
		ask(&p->best, missing, begin);
	p->block[p->n++] = begin;
	p->begins++;
	if (p->n < LOSS_PERIOD_BLOCK)
		return;
	if (p->begins >= p->search_at) {
		found = search(p);
		if (found.packets != p->best.packets && is_better(&found, &p->best))
			p->best = found;
		p->search_at = 2 * p->begins;
	}
	p->n = 0;
}

uint64_t loss_period_result(const struct loss_period *p, double *share)
{
	struct loss_distance d = p->best;

	if (d.packets == 0 && p->begins < LOSS_PERIOD_BLOCK)
		d = search(p);
	if (!is_period(&d))
		d = (struct loss_distance){0};
	*share = d.packets ? fmin(share_of(&d), 1) : 0;
	return d.packets;
}
