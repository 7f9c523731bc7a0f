#include "proto/measure/path_samples.h"

#include "proto/sys/clock.h"

#include <math.h>
#include <stddef.h>

/* What leaves in one call leaves so soon after one another. */
static const double TOGETHER_NS = 1000;

const struct path_point *path_samples_point(const struct path_samples *p, unsigned back)
{
	unsigned known = p->points < PATH_POINTS ? p->points : PATH_POINTS;

	if (back >= known)
		back = known - 1;
	return &p->point[(p->points - 1 - back) % PATH_POINTS];
}

static void learn_base(struct path_samples *p, int64_t delay_ns, uint64_t now_ns)
{
	uint64_t bin = now_ns / (clock_ms(PATH_BASE_BIN_MS));
	uint64_t old = p->points == 0 || bin - p->bin > PATH_BASE_BINS ? PATH_BASE_BINS : bin - p->bin;
	int64_t *smallest = &p->base_ns[bin % PATH_BASE_BINS];

	for (uint64_t i = 0; i < old; i++)
		p->base_ns[(bin + PATH_BASE_BINS - i) % PATH_BASE_BINS] = INT64_MAX;
	p->bin = bin;
	if (delay_ns < *smallest)
		*smallest = delay_ns;
}

bool path_samples_add(struct path_samples *p, const struct path_sample *s, uint64_t now_ns)
{
	struct path_point point = {
		.packets = s->packets,
		.bytes = s->bytes,
		.next_channel = s->next_channel,
		.host_drops = s->host_drops,
		.arrival_ns = s->arrival_ns,
		.sent_ns = s->arrival_ns - (uint64_t)s->delay_last_ns,
		.delay_ns = s->delay_min_ns,
	};
	const struct path_point *last = p->points > 0 ? path_samples_point(p, 0) : NULL;

	if (s->packets == 0 || s->packets > s->next_channel || s->bytes / s->packets > UINT16_MAX)
		return false;
	if (last && (s->packets <= last->packets || s->next_channel <= last->next_channel ||
			    s->arrival_ns < last->arrival_ns || s->bytes < last->bytes ||
			    s->host_drops < last->host_drops))
		return false;
	learn_base(p, s->delay_min_ns, now_ns);
	p->point[p->points++ % PATH_POINTS] = point;
	return true;
}

bool path_samples_span(const struct path_samples *p, const struct path_point *from, struct path_span *span)
{
	const struct path_point *to = path_samples_point(p, 0);
	uint64_t got = to->packets - from->packets;
	double bits_each = 8.0 * (double)(to->bytes - from->bytes) / (got ? (double)got : 1);
	double left_ns = (double)(int64_t)(to->sent_ns - from->sent_ns);

	*span = (struct path_span){
		.ns = (double)(to->arrival_ns - from->arrival_ns),
		.sent = to->next_channel - from->next_channel,
		.host_lost = to->host_drops - from->host_drops,
		.began_ns = from->sent_ns,
	};
	if (got == 0 || span->ns <= 0 || left_ns < 0)
		return false;
	span->lost = span->sent > got ? span->sent - got : 0;
	span->send_bps = bits_each * (double)span->sent / fmax(left_ns, TOGETHER_NS) * (double)NS_PER_S;
	span->deliver_bps = bits_each * (double)got / span->ns * (double)NS_PER_S;
	return true;
}

unsigned path_samples_back(const struct path_samples *p, uint64_t least_ns)
{
	uint64_t end_ns = path_samples_point(p, 0)->arrival_ns;
	unsigned back = 1;

	while (back + 1 < PATH_POINTS && back + 1 < p->points &&
		end_ns - path_samples_point(p, back)->arrival_ns < least_ns)
		back++;
	return back;
}

static uint64_t above_base(const struct path_samples *p, int64_t delay_ns)
{
	int64_t base_ns = INT64_MAX;

	for (unsigned i = 0; i < PATH_BASE_BINS; i++)
		if (p->base_ns[i] < base_ns)
			base_ns = p->base_ns[i];
	/* A peer may claim anything: the difference may not fit into a signed number. */
	return delay_ns > base_ns ? (uint64_t)delay_ns - (uint64_t)base_ns : 0;
}

uint64_t path_samples_queue_ns(const struct path_samples *p, unsigned back)
{
	return above_base(p, path_samples_point(p, back)->delay_ns);
}

uint64_t path_samples_last_queue_ns(const struct path_samples *p)
{
	const struct path_point *last = path_samples_point(p, 0);

	return above_base(p, (int64_t)(last->arrival_ns - last->sent_ns));
}
