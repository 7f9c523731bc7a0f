/* Interprets the series of points. */
#include "proto/measure/bucket.h"

#include "proto/sys/clock.h"

#include <math.h>

/* No rate is known more exactly: the knee is where delivery drops below the rate plus this share of it. */
static const double RATE_ERROR = 0.03;
static const double LEAST_EXCESS = 0.05; /* over the rate, before the knee */
/* Random losses vary with the square root of their number: this many times that is not random. */
static const double CHANCES = 6;
static const double NOISES = 8;           /* this many times the noise of arrivals is no noise */
static const double HEAD_SHARE = 1 / 3.0; /* of the test: the knee comes no later */
static const double DEBT_SHARE = 0.35;    /* of the bucket: how many of its tokens may be missing */
static const double BUSY_SHARE = 0.3;     /* of an interval: if packets queue this long, the path was busy */
/* Least loss on the path after the knee, of what was sent; and of all losses, the receiving host's share. */
static const double LEAST_LOSS = 0.005, HOST_SHARE = 0.3;
static const double CLUSTER = 4;       /* times the even share: losses that come together */
static const double IDLE_LOSS = 0.002; /* of the rate: what a bucket that saves may seem to lose */
/* Never idle: packets queue for this share of the time, or this share of them is lost. */
static const double FULL_SHARE = 0.95, FULL_LOSS = 0.05;

enum {
	LEAST_POINTS = 3,
	/* Anything smaller is no bucket: in time at the rate, and in packets. */
	LEAST_US = 1250,
	LEAST_FIRST_US = 1500, /* where the test begins faster than the rate */
	LEAST_PACKETS = 10,
	PEAK_POINTS = 5,
	BEHIND_MS = 50, /* after the knee: its cause is looked for there */
	SAVED_MS = 100, /* of the rate: short idle times don't fill a bucket this large */
	/* Of the rate: how far delivery may be off where the path is never idle, and elsewhere. */
	STEADY_FULL_MS = 7,
	STEADY_MS = 6,
};

static double us(double n)
{
	return n * (double)NS_PER_US;
}

static double ms(double n)
{
	return n * (double)NS_PER_MS;
}

/* --- the series: nothing had arrived at point 0 --- */

static double at_ns(const struct bucket *b, unsigned i)
{
	return i == 0 ? b->origin_ns : (double)b->point[i - 1].ns;
}

/* What arrived between two points. */
static struct bucket_point between(const struct bucket *b, unsigned from, unsigned to)
{
	struct bucket_point p = to > 0 ? b->point[to - 1] : (struct bucket_point){0};
	struct bucket_point q = from > 0 ? b->point[from - 1] : (struct bucket_point){0};

	return (struct bucket_point){
		.bytes = p.bytes - q.bytes,
		.sent = p.sent - q.sent,
		.lost = p.lost - q.lost,
		.host_lost = p.host_lost - q.host_lost,
		.queued_ns = p.queued_ns - q.queued_ns,
		.busy_ns = p.busy_ns - q.busy_ns,
		.busy_bytes = p.busy_bytes - q.busy_bytes,
	};
}

static double between_ns(const struct bucket *b, unsigned from, unsigned to)
{
	return at_ns(b, to) - at_ns(b, from);
}

/* What was delivered over a rate, in bytes per nanosecond. */
static double excess(const struct bucket *b, unsigned from, unsigned to, double rate)
{
	return between(b, from, to).bytes - rate * between_ns(b, from, to);
}

static bool is_busy(const struct bucket *b, unsigned from, unsigned to)
{
	return between(b, from, to).queued_ns > BUSY_SHARE * between_ns(b, from, to);
}

/* All packets between a point and the next one were queued. */
static bool is_full(const struct bucket *b, unsigned i)
{
	return between(b, i, i + 1).queued_ns > FULL_SHARE * between_ns(b, i, i + 1);
}

/* --- the knee --- */

struct knee {
	unsigned low, peak; /* points */
	double bytes, rate;
};

/* What was delivered in the second half while it was busy. If it wasn't, a search knows better; without one
 * it is all that was delivered then. */
static double sustained(const struct bucket *b, double found)
{
	unsigned last = b->points, half = last;
	struct bucket_point p;

	while (half > 1 && at_ns(b, half) > at_ns(b, last) / 2)
		half--;
	p = between(b, half, last);
	if (is_busy(b, half, last) && p.busy_ns > 0)
		return p.busy_bytes / p.busy_ns;
	return found > 0 || half == last ? found : p.bytes / between_ns(b, half, last);
}

/* Of the reports while the queue stays all should say the same. The one at which the rise begins was chosen
 * for how little had arrived: if its last packet was held up, more was on its way. */
static double bytes_at(const struct bucket *b, const struct knee *k)
{
	double sum = excess(b, k->low, k->peak, k->rate);
	double held_ns = k->low > 0 ? b->point[k->low - 1].late_ns : 0;
	unsigned n = 1;

	for (unsigned i = k->peak; k->peak > 0 && i < b->points && n < PEAK_POINTS && is_full(b, i); i++, n++)
		sum += excess(b, k->low, i + 1, k->rate);
	return sum / n - held_ns * k->rate;
}

static struct knee find_knee(const struct bucket *b, double rate)
{
	struct knee k = {.rate = rate};
	double most = 0, steep = rate * (1 + RATE_ERROR);

	for (unsigned i = 1, low = 0; i <= b->points; i++) {
		double rise = excess(b, low, i, steep);

		if (rise > most) {
			most = rise;
			k.peak = i;
		}
		if (rise < 0)
			low = i;
	}
	for (unsigned i = 1; i < k.peak; i++)
		if (excess(b, k.low, i, rate) <= 0)
			k.low = i;
	k.bytes = bytes_at(b, &k);
	return k;
}

static double each_bytes(const struct bucket *b, const struct knee *k)
{
	struct bucket_point p = between(b, 0, k->peak);

	return p.bytes / fmax(1, p.sent - p.lost - p.host_lost);
}

/* Delivery between reports while there was a queue should be the rate. The root of the mean square. */
static double noise_bytes(const struct bucket *b, const struct knee *k)
{
	double squares = 0, n = 0;

	for (unsigned i = 1; i < b->points; i++) {
		double e = excess(b, i, i + 1, k->rate);
		bool is_rise = i >= k->low && i <= k->peak;

		if (is_rise || between(b, i - 1, i).queued_ns <= 0 ||
			between(b, i, i + 1).busy_ns < between_ns(b, i, i + 1))
			continue;
		squares += e * e;
		n++;
	}
	return n > 0 ? sqrt(squares / n) : 0;
}

/* How much random loss may change what is delivered before the knee. */
static double chance_bytes(const struct bucket *b, const struct knee *k)
{
	struct bucket_point before = between(b, 0, k->peak - 1);
	double share = fmax(0, before.lost + before.host_lost) / fmax(1, before.sent);

	return each_bytes(b, k) * sqrt(share * between(b, k->low, k->peak).sent);
}

static bool is_early(const struct bucket *b, const struct knee *k)
{
	return between_ns(b, 0, k->peak) < HEAD_SHARE * between_ns(b, 0, b->points);
}

/* The bucket was full, and the knee is not just noise. */
static bool is_significant(const struct bucket *b, const struct knee *k)
{
	if (k->peak == 0 || (k->low > 0 && is_full(b, k->low - 1)))
		return false;
	return k->bytes > LEAST_PACKETS * each_bytes(b, k) &&
	       k->bytes > us(k->low > 0 ? LEAST_US : LEAST_FIRST_US) * k->rate &&
	       k->bytes > LEAST_EXCESS * k->rate * between_ns(b, k->low, k->peak) &&
	       k->bytes > CHANCES * chance_bytes(b, k) && k->bytes > NOISES * noise_bytes(b, k);
}

/* A policer drops nothing before the knee. Random losses are spread evenly. */
static bool has_lost_before(const struct bucket *b, const struct knee *k)
{
	struct bucket_point all = between(b, k->low, k->peak - 1);

	for (unsigned i = k->low + 1; i < k->peak; i++) {
		struct bucket_point p = between(b, i - 1, i);

		if (p.lost > LEAST_PACKETS && p.lost > CLUSTER * all.lost * p.sent / all.sent)
			return true;
	}
	return false;
}

/* While packets were lost, others were queued: a short queue, from which the source has backed off since. */
static bool is_queue_full(const struct bucket *b, unsigned from, unsigned to)
{
	double lossy_ns = 0, queued_ns = 0;

	for (unsigned i = from; i < to; i++) {
		struct bucket_point p = between(b, i, i + 1);

		if (p.lost <= LEAST_LOSS * p.sent)
			continue;
		lossy_ns += between_ns(b, i, i + 1);
		queued_ns += p.queued_ns;
	}
	return queued_ns > BUSY_SHARE * lossy_ns;
}

/* What limited delivery just after the knee. */
static enum bucket_kind kind_of(const struct bucket *b, const struct knee *k)
{
	double ns = fmax(ms(BEHIND_MS), between_ns(b, k->low, k->peak));
	unsigned end = k->peak;
	struct bucket_point p;

	while (end < b->points && between_ns(b, k->peak, end) < ns)
		end++;
	p = between(b, k->peak - 1, end);
	if (p.host_lost > HOST_SHARE * (p.lost + p.host_lost))
		return BUCKET_NONE;
	if (is_busy(b, k->peak, end) || is_queue_full(b, k->peak, end))
		return BUCKET_SHAPER;
	return p.lost > LEAST_LOSS * p.sent && !has_lost_before(b, k) ? BUCKET_POLICER : BUCKET_NONE;
}

/* The bucket allows everything that came after the knee. */
static bool conforms(const struct bucket *b, const struct knee *k)
{
	double tokens = 0, least = 0;

	for (unsigned i = k->peak; i < b->points; i++) {
		tokens = fmin(k->bytes, tokens - excess(b, i, i + 1, k->rate * (1 + RATE_ERROR)));
		least = fmin(least, tokens);
	}
	return least > -DEBT_SHARE * k->bytes - us(LEAST_US) * k->rate;
}

/* Between a point and the next one there was a queue, or loss. */
static bool is_limited(const struct bucket *b, unsigned i)
{
	struct bucket_point p = between(b, i, i + 1);

	return p.lost > FULL_LOSS * p.sent || is_full(b, i);
}

static bool is_never_idle(const struct bucket *b, const struct knee *k)
{
	double limited_ns = 0;

	for (unsigned i = k->peak; i < b->points; i++)
		limited_ns += is_limited(b, i) ? between_ns(b, i, i + 1) : 0;
	return limited_ns > FULL_SHARE * between_ns(b, k->peak, b->points);
}

/* A bucket's rate is constant. What other traffic leaves over is not. */
static bool is_steady(const struct bucket *b, const struct knee *k, unsigned most_ms)
{
	double rate = between(b, k->peak, b->points).bytes / between_ns(b, k->peak, b->points), most = 0;

	for (unsigned i = k->peak; i < b->points; i++)
		if (is_limited(b, i))
			most = fmax(most, fabs(excess(b, k->peak, i + 1, rate)));
	return most < ms(most_ms) * rate;
}

/* What a path is idle for is lost, but not what a bucket has room for: it comes later. The mean over the
 * second half of the time behind the knee. */
static bool saves(const struct bucket *b, const struct knee *k)
{
	struct bucket_point all = between(b, k->peak, b->points);
	double rate = all.busy_ns > 0 ? all.busy_bytes / all.busy_ns * (1 - IDLE_LOSS) : 0, sum = 0;

	for (unsigned i = k->peak + 1; i <= b->points; i++)
		if (between_ns(b, k->peak, i) > between_ns(b, i, b->points))
			sum += excess(b, k->peak, i, rate) * between_ns(b, i - 1, i);
	return sum > 0;
}

/* A queue before the knee, or a bucket that takes long to fill, may really be other traffic starting. */
static bool is_proven(const struct bucket *b, const struct knee *k)
{
	if (!is_busy(b, k->low, k->peak) && k->bytes < ms(SAVED_MS) * k->rate)
		return true;
	if (is_never_idle(b, k))
		return is_steady(b, k, STEADY_FULL_MS);
	if (is_busy(b, k->peak, b->points))
		return saves(b, k) && is_steady(b, k, STEADY_MS);
	return !is_busy(b, k->low, k->peak) && !has_lost_before(b, k);
}

/* A report describes the end of a burst: before it, the bucket held more tokens. */
static double size_of(const struct bucket *b, const struct knee *k)
{
	double burst = fmin(us(BUCKET_BURST_US) * k->rate, BUCKET_BURST_PACKETS * each_bytes(b, k));

	return k->bytes + (k->low > 0 ? burst : 0);
}

/* Whatever reports say. */
static uint64_t whole(double n)
{
	return (uint64_t)fmin(fmax(n, 0), 0x1p63);
}

struct bucket_result bucket_find(const struct bucket *b, uint64_t rate_bps)
{
	double rate = sustained(b, (double)rate_bps / (8.0 * NS_PER_S));
	struct bucket_result none = {0}, r;
	struct knee k;

	if (b->points < LEAST_POINTS || rate <= 0)
		return none;
	k = find_knee(b, rate);
	if (!is_significant(b, &k) || !is_early(b, &k) || !conforms(b, &k) || !is_proven(b, &k))
		return none;
	r = (struct bucket_result){
		.kind = kind_of(b, &k),
		.rate_bps = whole(rate * 8 * NS_PER_S),
		.bytes = whole(size_of(b, &k)),
	};
	return r.kind == BUCKET_NONE ? none : r;
}
