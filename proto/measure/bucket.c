/* Collects the points: what each report adds. */
#include "proto/measure/bucket.h"

#include "proto/sys/clock.h"

#include <math.h>

/* A report that is later than this many intervals may hide idle time. */
static const double LATE = 1.5;
/* Steps that settle on the interval which a third of the reports keep. */
static const double LONGER = 1.02, SHORTER = 0.96;

enum {
	FULL_MS = 3000,  /* every report is kept until then, ... */
	KEEP_PARTS = 22, /* ... afterwards one in each such fraction of the elapsed time */
	KEEP_LEAST_MS = 5,
	QUEUE_US = 150, /* anything less may be noise */
};

static void learn_interval(struct bucket *b, double ns)
{
	if (b->interval_ns == 0)
		b->interval_ns = ns;
	b->interval_ns *= ns > b->interval_ns ? LONGER : SHORTER;
}

static double step_ns(const struct bucket *b)
{
	return (double)(path_samples_point(&b->path, 0)->arrival_ns -
			path_samples_point(&b->path, 1)->arrival_ns);
}

/* The running totals with the latest report added. */
static struct bucket_point follow(const struct bucket *b)
{
	const struct path_point *to = path_samples_point(&b->path, 0);
	const struct path_point *from = path_samples_point(&b->path, 1);
	double packets = (double)(to->packets - from->packets);
	double bytes = (double)(to->bytes - from->bytes) + b->overhead_bytes * packets;
	double sent = (double)(to->next_channel - from->next_channel);
	double host_lost = (double)(to->host_drops - from->host_drops);
	double queue_ns = (double)path_samples_queue_ns(&b->path, 0);
	double ns = step_ns(b);
	bool has_queued = queue_ns > QUEUE_US * (double)NS_PER_US,
	     is_busy = has_queued && ns < LATE * b->interval_ns;

	return (struct bucket_point){
		.ns = b->last.ns + (to->arrival_ns - from->arrival_ns),
		.bytes = b->last.bytes + bytes,
		.sent = b->last.sent + sent,
		.lost = b->last.lost + sent - packets - host_lost,
		.host_lost = b->last.host_lost + host_lost,
		.queued_ns = b->last.queued_ns + (has_queued ? ns : 0),
		.busy_ns = b->last.busy_ns + (is_busy ? ns : 0),
		.busy_bytes = b->last.busy_bytes + (is_busy ? bytes : 0),
		.late_ns = fmax(0, (double)(int64_t)(to->arrival_ns - to->sent_ns) - (double)to->delay_ns),
	};
}

static struct bucket_point first_point(const struct bucket *b)
{
	const struct path_point *p = path_samples_point(&b->path, 0);

	return (struct bucket_point){
		.bytes = (double)p->bytes + b->overhead_bytes * (double)p->packets,
		.sent = (double)p->next_channel,
		.lost = (double)(p->next_channel - p->packets) - (double)p->host_drops,
		.host_lost = (double)p->host_drops,
	};
}

/* Assumes that the packets of the first report came at the pace of those in the second, after the time in
 * which the first burst was saved up. */
static double origin_ns(const struct path_samples *path)
{
	const struct path_point *first = path_samples_point(path, 1), *second = path_samples_point(path, 0);
	double sent = (double)(second->next_channel - first->next_channel);
	double each_ns = (double)(int64_t)(second->sent_ns - first->sent_ns) / sent;
	double waited_ns = (double)(int64_t)(first->arrival_ns - first->sent_ns) - (double)first->delay_ns;
	double burst_ns = fmin(BUCKET_BURST_US * (double)NS_PER_US, BUCKET_BURST_PACKETS * each_ns);

	return -fmax(0, (double)first->next_channel * each_ns - burst_ns) - fmax(0, waited_ns);
}

static uint64_t gap_ns(uint64_t elapsed_ns)
{
	uint64_t full_ns = FULL_MS * (uint64_t)NS_PER_MS, least_ns = KEEP_LEAST_MS * (uint64_t)NS_PER_MS;
	uint64_t ns = elapsed_ns > full_ns ? (elapsed_ns - full_ns) / KEEP_PARTS : 0;

	return ns > least_ns ? ns : least_ns;
}

void bucket_add(struct bucket *b, const struct path_sample *s)
{
	if (!path_samples_add(&b->path, s, s->arrival_ns))
		return;
	if (b->points == 0) {
		b->last = first_point(b);
		b->point[b->points++] = b->last;
		return;
	}
	if (b->path.points == 2)
		b->origin_ns = origin_ns(&b->path);
	b->last = follow(b);
	learn_interval(b, step_ns(b));
	if (b->points < BUCKET_POINTS && b->last.ns - b->point[b->points - 1].ns >= gap_ns(b->last.ns))
		b->point[b->points++] = b->last;
}
