/* Values below HISTOGRAM_SUB have a bucket each. From there on every power of two is cut into
 * HISTOGRAM_SUB buckets of equal width, which is its top bits read as an index. Counters saturate
 * instead of wrapping. */
#include "proto/measure/histogram.h"

struct bucket_range {
	uint64_t low, width;
};

static unsigned bucket_of(uint64_t value_ns)
{
	unsigned shift;

	if (value_ns < HISTOGRAM_SUB)
		return (unsigned)value_ns;
	if (value_ns >> HISTOGRAM_MAX_BITS)
		return HISTOGRAM_BUCKETS - 1;
	shift = 63 - HISTOGRAM_SUB_BITS - (unsigned)__builtin_clzll(value_ns);
	return shift * HISTOGRAM_SUB + (unsigned)(value_ns >> shift);
}

static struct bucket_range range_of(unsigned bucket)
{
	unsigned shift;

	if (bucket < HISTOGRAM_SUB)
		return (struct bucket_range){.low = bucket, .width = 1};
	shift = bucket / HISTOGRAM_SUB - 1;
	return (struct bucket_range){
		.low = (uint64_t)(bucket - shift * HISTOGRAM_SUB) << shift,
		.width = (uint64_t)1 << shift,
	};
}

static uint64_t clamp(uint64_t value, uint64_t low, uint64_t high)
{
	if (value < low)
		return low;
	return value > high ? high : value;
}

static uint64_t add_saturating(uint64_t a, uint64_t b, uint64_t limit)
{
	return b > limit - a ? limit : a + b;
}

static void widen(struct histogram *h, uint64_t min_ns, uint64_t max_ns)
{
	if (h->n == 0 || min_ns < h->min_ns)
		h->min_ns = min_ns;
	if (max_ns > h->max_ns)
		h->max_ns = max_ns;
}

void histogram_add(struct histogram *h, uint64_t value_ns)
{
	uint32_t *bucket = &h->bucket[bucket_of(value_ns)];

	widen(h, value_ns, value_ns);
	h->n++;
	h->sum_ns = add_saturating(h->sum_ns, value_ns, UINT64_MAX);
	*bucket = (uint32_t)add_saturating(*bucket, 1, UINT32_MAX);
}

void histogram_merge(struct histogram *into, const struct histogram *from)
{
	if (from->n == 0)
		return;
	widen(into, from->min_ns, from->max_ns);
	into->n += from->n;
	into->sum_ns = add_saturating(into->sum_ns, from->sum_ns, UINT64_MAX);
	for (unsigned i = bucket_of(from->min_ns); i <= bucket_of(from->max_ns); i++)
		into->bucket[i] = (uint32_t)add_saturating(into->bucket[i], from->bucket[i], UINT32_MAX);
}

/* Nearest rank, 1..n. */
static uint64_t rank_of(uint64_t n, double percent)
{
	/* Percentages such as 99.9 have no exact double; a product that lands a hair above a whole
	 * rank must not be taken for the next one. */
	double exact = percent / 100 * (double)n * (1 - 1e-12);
	uint64_t rank;

	if (!(exact > 0))
		return 1;
	if (exact >= (double)n)
		return n;
	rank = (uint64_t)exact;
	if ((double)rank < exact)
		rank++;
	return rank;
}

uint64_t histogram_percentile(const struct histogram *h, double percent)
{
	struct bucket_range range;
	uint64_t counted = 0;
	uint64_t seen = 0;
	uint64_t rank;
	unsigned i, first = bucket_of(h->min_ns), last = bucket_of(h->max_ns);

	/* Not h->n, which keeps counting when a bucket is saturated. */
	for (i = first; i <= last; i++)
		counted += h->bucket[i];
	if (counted == 0)
		return 0;
	rank = rank_of(counted, percent);
	for (i = first; i < last; i++) {
		seen += h->bucket[i];
		if (seen >= rank)
			break;
	}
	range = range_of(i);
	return clamp(range.low + (range.width - 1) / 2, h->min_ns, h->max_ns);
}

uint64_t histogram_mean(const struct histogram *h)
{
	return h->n == 0 ? 0 : h->sum_ns / h->n;
}
