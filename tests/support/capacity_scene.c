#include "tests/support/capacity_scene.h"

#include <assert.h>

uint64_t ms_to_ns(double ms)
{
	return (uint64_t)(ms * 1e6);
}

static void ring_push(struct scene_ring *r, struct scene_unit unit)
{
	assert(r->count < SCENE_RING);
	r->unit[(r->first + r->count++) % SCENE_RING] = unit;
}

/* By arrival: those that were held back go behind the ones that pass them. */
static void ring_insert(struct scene_ring *r, struct scene_unit unit)
{
	unsigned i = r->count;

	ring_push(r, unit);
	for (; i > 0; i--) {
		struct scene_unit *before = &r->unit[(r->first + i - 1) % SCENE_RING];

		if (before->at_ns <= unit.at_ns)
			break;
		r->unit[(r->first + i) % SCENE_RING] = *before;
		*before = unit;
	}
}

static struct scene_unit ring_pop(struct scene_ring *r)
{
	struct scene_unit unit = r->unit[r->first];

	r->first = (r->first + 1) % SCENE_RING;
	r->count--;
	return unit;
}

/* A walk takes a step of up to a third of its range ten times a period. */
static void walk_on(struct world *w)
{
	const struct scene *s = w->scene;

	w->walk += (2 * random_share(&w->random) - 1) * (s->high - s->low) / 3;
	if (w->walk < s->low)
		w->walk = 2 * s->low - w->walk;
	if (w->walk > s->high)
		w->walk = 2 * s->high - w->walk;
	w->walk_ns += ms_to_ns(s->period_s * 100);
}

static double course_factor(struct world *w, uint64_t at_ns)
{
	const struct scene *s = w->scene;
	double seconds = (double)(at_ns - w->start_ns) / 1e9;

	if (s->course == COURSE_SINE)
		return (s->high + s->low) / 2 +
		       (s->high - s->low) / 2 * sin(2 * M_PI * seconds / s->period_s);
	while (w->walk_ns <= at_ns)
		walk_on(w);
	return w->walk;
}

static double scene_rate(struct world *w, uint64_t at_ns)
{
	double rate = w->scene->rate[0].bps;

	if (w->scene->course != COURSE_STEPS)
		return rate * course_factor(w, at_ns);
	for (unsigned i = 1; i < SCENE_STEPS; i++)
		if (w->scene->rate[i].bps > 0 &&
			at_ns >= w->start_ns + (uint64_t)(w->scene->rate[i].at_s * 1e9))
			rate = w->scene->rate[i].bps;
	return rate;
}

/* Through the bottleneck: when it leaves, or 0 when there is no room. */
static uint64_t world_pass(struct world *w, double bytes, uint64_t now_ns)
{
	uint64_t begin_ns = now_ns > w->departed_ns ? now_ns : w->departed_ns;
	double per_ns = scene_rate(w, begin_ns) / 8e9, limit = w->scene->queue_bytes;
	double bucket = fmax(w->scene->bucket_bytes, bytes), tokens;

	while (w->queue.count > 0 && w->queue.unit[w->queue.first].at_ns <= now_ns)
		w->queued_bytes -= ring_pop(&w->queue).bytes;
	tokens = fmin(bucket, w->tokens + per_ns * (double)(begin_ns - w->tokens_ns));
	if (limit == 0 ? tokens < bytes : w->queued_bytes + bytes > limit)
		return 0;
	w->departed_ns = begin_ns;
	if (tokens < bytes) {
		w->departed_ns += (uint64_t)((bytes - tokens) / per_ns);
		tokens = bytes;
	}
	w->tokens = tokens - bytes;
	w->tokens_ns = w->departed_ns;
	if (w->scene->peak_bps > 0 &&
		w->departed_ns < begin_ns + (uint64_t)(bytes * 8e9 / w->scene->peak_bps))
		w->departed_ns = begin_ns + (uint64_t)(bytes * 8e9 / w->scene->peak_bps);
	w->queued_bytes += bytes;
	ring_push(&w->queue, (struct scene_unit){.at_ns = w->departed_ns, .bytes = bytes});
	return w->departed_ns > 0 ? w->departed_ns : 1;
}

/* The receiver's host takes its time for each unit, and has a buffer. The kernel stamps what comes there. */
static bool host_takes(const struct world *w, struct scene_flow *f, double bytes, uint64_t at_ns)
{
	double ns = bytes * 8e9 / w->scene->receiver_bps;
	double room_ns = w->scene->receiver_bytes * 8e9 / w->scene->receiver_bps;

	if (f->host_until_ns < at_ns)
		f->host_until_ns = at_ns;
	if ((double)(f->host_until_ns - at_ns) + ns > room_ns)
		return false;
	f->host_until_ns += (uint64_t)ns;
	return true;
}

/* How late a packet is that comes out of the bottleneck now. */
static double jitter_ms(struct world *w, uint64_t now_ns)
{
	double most = w->scene->jitter_ms;
	double share = w->scene->jitter == JITTER_NONE ? 0 : random_share(&w->random);

	switch (w->scene->jitter) {
	case JITTER_UNIFORM:
		return most * share;
	case JITTER_EXPONENTIAL:
		return fmin(-log(1 - share) * most / 3, 3 * most);
	case JITTER_SPIKES:
		return share < 0.005 ? most * share / 0.005 : 0;
	case JITTER_SLOW:
		if (now_ns >= w->drift_ns) {
			w->drift_ms = w->drift_to_ms;
			w->drift_to_ms = most * share;
			w->drift_from_ns = now_ns;
			w->drift_ns = now_ns + ms_to_ns(1 + 19 * random_share(&w->random));
		}
		return w->drift_ms + (w->drift_to_ms - w->drift_ms) * (double)(now_ns - w->drift_from_ns) /
					     (double)(w->drift_ns - w->drift_from_ns);
	case JITTER_GRANTS:
		while (w->grant_ns < now_ns)
			w->grant_ns += ms_to_ns(most * (0.7 + 0.6 * random_share(&w->random)));
		return (double)(w->grant_ns - now_ns) / 1e6;
	case JITTER_NONE:
		break;
	}
	return 0;
}

/* Behind the bottleneck: when it arrives. Reordered ones are passed by those behind them. */
static uint64_t way_to_receiver(struct world *w, struct scene_flow *f, uint64_t left_ns)
{
	uint64_t at_ns = left_ns + ms_to_ns(w->scene->rtt_ms / 2 + jitter_ms(w, left_ns));

	if (w->scene->reorder > 0 && random_share(&w->random) < w->scene->reorder)
		return at_ns + ms_to_ns(w->scene->reorder_ms * random_share(&w->random));
	if (at_ns < f->last_arrival_ns)
		at_ns = f->last_arrival_ns;
	return at_ns;
}

/* What a packet takes longer than through an idle bottleneck. */
static double added_ms(struct world *w, double bytes, uint64_t now_ns, uint64_t left_ns)
{
	double own_ns = w->scene->bucket_bytes > 0 ? 0 : bytes * 8e9 / scene_rate(w, now_ns);

	return fmax(0, (double)(left_ns - now_ns) - own_ns) / 1e6;
}

double flow_sent_bytes(const struct scene_flow *f)
{
	return (double)f->sent * (SCENE_PAYLOAD + SCENE_OVERHEAD);
}

static void flow_send_unit(struct world *w, struct scene_flow *f, unsigned unit, uint64_t now_ns)
{
	double bytes = unit * (double)(SCENE_PAYLOAD + SCENE_OVERHEAD);
	uint64_t left_ns, at_ns;

	f->sent += unit;
	if (w->scene->budget_bytes > 0 && flow_sent_bytes(f) >= w->scene->budget_bytes)
		f->is_over = true;
	if (w->scene->loss_before > 0 && random_share(&w->random) < w->scene->loss_before) {
		f->unlucky += unit;
		return;
	}
	left_ns = world_pass(w, bytes, now_ns);
	if (left_ns == 0)
		return;
	if (f->queued < SCENE_DELAYS && f->sent % (16 * unit) < unit)
		f->queued_ms[f->queued++] = (float)added_ms(w, bytes, now_ns, left_ns);
	if (random_share(&w->random) < w->scene->loss) {
		f->unlucky += unit;
		return;
	}
	at_ns = way_to_receiver(w, f, left_ns);
	/* The receiver is held up for a while: all that comes then is read after it. */
	if (w->scene->spike_ms > 0 && random_share(&w->random) < 0.005)
		at_ns += ms_to_ns(w->scene->spike_ms * random_share(&w->random));
	if (at_ns > f->last_arrival_ns && w->scene->reorder == 0)
		f->last_arrival_ns = at_ns;
	if (w->scene->receiver_bps > 0 && !host_takes(w, f, bytes, at_ns)) {
		f->dropped += unit;
		return;
	}
	ring_insert(&f->way, (struct scene_unit){
				     .at_ns = at_ns,
				     .read_ns = f->host_until_ns > at_ns ? f->host_until_ns : at_ns,
				     .sent_ns = now_ns,
				     .channel = f->sent,
				     .packets = unit,
				     .drops = f->dropped,
			     });
	f->dropped = 0;
}

/* When the sender's host gets to send again. */
static void flow_sleep(struct world *w, struct scene_flow *f, uint64_t sent_bytes, uint64_t now_ns)
{
	if (f->send_ns > now_ns) /* nobody wakes up in time */
		f->send_ns += (uint64_t)(60e3 * random_share(&w->random));
	if (w->scene->sender_bps > 0) {
		if (f->busy_until_ns < now_ns)
			f->busy_until_ns = now_ns;
		f->busy_until_ns += (uint64_t)((double)sent_bytes * 8e9 / w->scene->sender_bps);
		if (f->send_ns < f->busy_until_ns)
			f->send_ns = f->busy_until_ns;
	}
	if (w->scene->spike_ms > 0 && random_share(&w->random) < 0.005)
		f->send_ns += ms_to_ns(w->scene->spike_ms * random_share(&w->random));
	if (w->scene->late_ms > 0 && random_share(&w->random) < 0.05)
		f->send_ns += ms_to_ns(w->scene->late_ms * random_share(&w->random));
	if (f->send_ns <= now_ns)
		f->send_ns = now_ns + 1;
}

/* A host that stands still: what is due then happens when it goes on. */
static void hosts_stop(struct world *w, struct scene_flow *f, uint64_t now_ns)
{
	double most[] = {w->scene->sender_pause_ms, w->scene->receiver_pause_ms};
	uint64_t *until[] = {&f->slept_ns, &f->paused_ns};

	for (unsigned i = 0; i < 2; i++) {
		if (most[i] == 0 || now_ns < f->next_stop_ns[i])
			continue;
		if (i == 1)
			f->paused_from_ns = now_ns;
		*until[i] = now_ns + ms_to_ns(most[i] * (0.15 + 0.85 * random_share(&w->random)));
		f->next_stop_ns[i] = *until[i] + ms_to_ns(75 + 225 * random_share(&w->random));
	}
	if (f->send_ns < f->slept_ns)
		f->send_ns = f->slept_ns;
	if (f->report_ns < f->paused_ns)
		f->report_ns = f->paused_ns;
	if (f->reports > 0 && f->report[f->first_report].at_ns < f->slept_ns)
		f->report[f->first_report].at_ns = f->slept_ns;
}

/* As a source does. */
static void flow_set_rate(struct world *w, struct scene_flow *f, uint64_t now_ns)
{
	uint64_t found = capacity_rate_bps(&f->capacity, now_ns);
	uint64_t rate = w->scene->fixed_bps > 0 ? (uint64_t)w->scene->fixed_bps : found;
	bool is_fast = rate > NS_PER_S;
	uint64_t bytes = (is_fast && w->scene->unit ? w->scene->unit : 1) * (uint64_t)SCENE_PAYLOAD;
	uint64_t burst = is_fast ? SCENE_BATCH * (uint64_t)SCENE_PAYLOAD : 2 * (uint64_t)SCENE_PAYLOAD;

	if (!is_fast && burst < rate / 8 * capacity_burst_ns(&f->capacity) / NS_PER_S)
		burst = rate / 8 * capacity_burst_ns(&f->capacity) / NS_PER_S;
	if (f->pacer.rate_bps != rate)
		pacer_set_rate(&f->pacer, rate, burst > 2 * bytes ? burst : 2 * bytes, now_ns);
}

static uint64_t flow_unit_bytes(const struct world *w, const struct scene_flow *f)
{
	return (f->pacer.rate_bps > NS_PER_S && w->scene->unit ? w->scene->unit : 1) *
	       (uint64_t)SCENE_PAYLOAD;
}

static uint64_t flow_ready_ns(const struct world *w, const struct scene_flow *f)
{
	uint64_t ready = f->pacer.burst_bytes / 2, bytes = flow_unit_bytes(w, f);

	return pacer_ready_ns(&f->pacer, ready > bytes ? ready : bytes);
}

/* A batch at the most, as soon as half a burst may leave. */
static void flow_send(struct world *w, struct scene_flow *f, uint64_t now_ns)
{
	uint64_t due_ns = flow_ready_ns(w, f), bytes, units;
	unsigned unit;

	if (now_ns > due_ns)
		capacity_note_lateness(&f->capacity, now_ns - due_ns);
	flow_set_rate(w, f, now_ns);
	bytes = flow_unit_bytes(w, f);
	unit = (unsigned)(bytes / SCENE_PAYLOAD);
	units = pacer_allowance(&f->pacer, now_ns) / bytes;
	if (units > SCENE_BATCH / unit)
		units = SCENE_BATCH / unit;
	pacer_consume(&f->pacer, units * bytes);
	for (uint64_t i = 0; i < units; i++)
		flow_send_unit(w, f, unit, now_ns);
	f->send_ns = flow_ready_ns(w, f);
	flow_sleep(w, f, units * bytes, now_ns);
}

/* In the receiver's socket: until the host had time for it, and went on. */
static uint64_t waited(const struct scene_flow *f, const struct scene_unit *u)
{
	bool is_paused = u->read_ns >= f->paused_from_ns && u->read_ns < f->paused_ns;

	return (is_paused ? f->paused_ns : u->read_ns) - u->at_ns;
}

static void flow_read(struct world *w, struct scene_flow *f, uint64_t now_ns)
{
	struct path_sample *s = &f->sample;

	while (f->way.count > 0 && f->way.unit[f->way.first].read_ns <= now_ns) {
		struct scene_unit u = ring_pop(&f->way);
		uint64_t waited_ns = waited(f, &u);
		uint64_t bin = (u.at_ns - f->starts_ns) / ms_to_ns(SCENE_BIN_MS);
		/* An odd offset and a drift: the clocks have nothing to do with each other. */
		double off_ns = (double)(u.at_ns - w->start_ns) * w->scene->skew_ppm / 1e6;

		uint64_t arrival_ns = u.at_ns - 123456789 + (uint64_t)(int64_t)off_ns;
		int64_t delay_ns = (int64_t)(arrival_ns - u.sent_ns);

		if (delay_ns < s->delay_min_ns)
			s->delay_min_ns = delay_ns;
		if (waited_ns < s->waited_ns)
			s->waited_ns = waited_ns;
		s->host_drops += u.drops;
		s->packets += u.packets;
		s->bytes += u.packets * (uint64_t)SCENE_PAYLOAD;
		if (u.channel > s->next_channel) {
			s->next_channel = u.channel;
			s->arrival_ns = arrival_ns;
			s->delay_last_ns = delay_ns;
		}
		if (bin < SCENE_BINS)
			f->got[bin] += (float)(u.packets * 8.0 * (SCENE_PAYLOAD + SCENE_OVERHEAD));
	}
}

static void flow_write_report(struct world *w, struct scene_flow *f, uint64_t now_ns)
{
	flow_read(w, f, now_ns);
	f->sample.clock_ns = now_ns - 123456789;
	f->report_ns = now_ns + ms_to_ns(10 + random_share(&w->random) * (w->scene->spike_ms > 0 ? 2 : 0.2));
	if (f->sample.packets > 0 && random_share(&w->random) >= w->scene->report_loss) {
		assert(f->reports < SCENE_REPORTS);
		f->report[(f->first_report + f->reports++) % SCENE_REPORTS] =
			(struct scene_report){now_ns + ms_to_ns(w->scene->rtt_ms / 2), f->sample};
	}
	f->sample.delay_min_ns = INT64_MAX;
	f->sample.waited_ns = UINT64_MAX;
}

static void flow_take_report(struct world *w, struct scene_flow *f)
{
	struct scene_report *r = &f->report[f->first_report];

	f->first_report = (f->first_report + 1) % SCENE_REPORTS;
	f->reports--;
	r->sample.round_trip_ns = ms_to_ns(w->scene->rtt_ms);
	r->sample.sent_packets = f->sent;
	r->sample.waited_ns = r->sample.waited_ns == UINT64_MAX ? 0 : r->sample.waited_ns;
	if (r->sample.delay_min_ns == INT64_MAX)
		return;
	capacity_report(&f->capacity, &r->sample, r->at_ns);
	if (w->scene->until_percent > 0 && capacity_is_certain(&f->capacity, w->scene->until_percent))
		f->is_over = true;
	bucket_add(&f->bucket, &r->sample);
	flow_set_rate(w, f, r->at_ns);
	if (flow_ready_ns(w, f) < f->send_ns && f->busy_until_ns <= r->at_ns)
		f->send_ns = flow_ready_ns(w, f);
}

static uint64_t flow_due_ns(const struct scene_flow *f)
{
	uint64_t due = f->send_ns < f->report_ns ? f->send_ns : f->report_ns;
	uint64_t report = f->reports > 0 ? f->report[f->first_report].at_ns : UINT64_MAX;

	return due < report ? due : report;
}

static void flow_step(struct world *w, struct scene_flow *f, uint64_t now_ns)
{
	if (f->reports > 0 && f->report[f->first_report].at_ns <= now_ns)
		flow_take_report(w, f);
	else if (f->report_ns <= now_ns)
		flow_write_report(w, f, now_ns);
	else
		flow_send(w, f, now_ns);
}

static void world_cross(struct world *w)
{
	unsigned unit = w->scene->unit ? w->scene->unit : 1;
	double bytes = unit * (double)(SCENE_PAYLOAD + SCENE_OVERHEAD);

	world_pass(w, bytes, w->cross_ns);
	/* Constant overall, but not in step with anything. */
	w->cross_ns += (uint64_t)(bytes * 8e9 / w->scene->cross_bps * 2 * random_share(&w->random)) + 1;
	if (w->scene->cross_to_s > 0 && w->cross_ns >= w->start_ns + ms_to_ns(w->scene->cross_to_s * 1e3))
		w->cross_ns = UINT64_MAX;
}

struct world *world_new(const struct scene *scene, uint64_t seed)
{
	struct world *w = calloc(1, sizeof *w);

	assert(w);
	w->scene = scene;
	w->random = seed;
	w->start_ns = UINT64_C(77) * NS_PER_S + seed * 1234567;
	w->flows = scene->second_starts_s > 0 ? 2 : 1;
	w->cross_ns = UINT64_MAX;
	if (scene->cross_bps > 0)
		w->cross_ns = w->start_ns + ms_to_ns(scene->cross_from_s * 1e3);
	w->tokens = scene->bucket_bytes;
	w->tokens_ns = w->departed_ns = w->walk_ns = w->drift_ns = w->grant_ns = w->offered_ns = w->start_ns;
	w->walk = scene->low +
		  (scene->high - scene->low) * (scene->course == COURSE_WALK ? random_share(&w->random) : 0);
	for (unsigned i = 0; i < w->flows; i++) {
		struct scene_flow *f = &w->flow[i];
		struct capacity_plan plan = {
			.ceiling_bps = (uint64_t)scene->ceiling_bps,
			.datagram_bytes = SCENE_PAYLOAD,
			.overhead_bytes = SCENE_OVERHEAD,
		};

		f->bucket.overhead_bytes = SCENE_OVERHEAD;
		f->starts_ns = w->start_ns + (i ? ms_to_ns(scene->second_starts_s * 1e3) : 0);
		f->send_ns = f->starts_ns;
		f->report_ns = f->starts_ns + ms_to_ns(3);
		f->sample.delay_min_ns = INT64_MAX;
		f->sample.waited_ns = UINT64_MAX;
		capacity_init(&f->capacity, &plan, f->starts_ns);
		pacer_init(&f->pacer, capacity_rate_bps(&f->capacity, f->starts_ns), 2 * SCENE_PAYLOAD,
			f->starts_ns);
	}
	return w;
}

uint64_t world_run(struct world *w)
{
	uint64_t end_ns = w->start_ns + ms_to_ns(w->scene->seconds * 1e3), now_ns = 0;
	uint64_t look_ns = w->start_ns;

	while (now_ns < end_ns) {
		struct scene_flow *next = &w->flow[0];

		if (w->flows > 1 && flow_due_ns(&w->flow[1]) < flow_due_ns(next))
			next = &w->flow[1];
		hosts_stop(w, next, flow_due_ns(next));
		now_ns = flow_due_ns(next);
		if (w->cross_ns < now_ns)
			world_cross(w);
		else
			flow_step(w, next, now_ns);
		if (w->flow[0].is_over)
			break;
		if (now_ns >= look_ns) {
			w->offered_bits += scene_rate(w, now_ns) * 0.01;
			w->offered_s += 0.01;
			look_ns += ms_to_ns(10);
		}
	}
	return now_ns;
}

static int compare_floats(const void *a, const void *b)
{
	float x = *(const float *)a, y = *(const float *)b;

	return (x > y) - (x < y);
}

double flow_reached_s(const struct scene_flow *f, double bps, double from_s)
{
	double enough = 0.95 * bps * SCENE_BIN_MS / 1e3 * 2;

	for (unsigned i = (unsigned)(from_s * 1e3 / SCENE_BIN_MS); i + 1 < SCENE_BINS; i++)
		if ((double)f->got[i] + (double)f->got[i + 1] >= enough)
			return i * (SCENE_BIN_MS / 1e3);
	return 1000;
}

double flow_mean_bps(const struct scene_flow *f, double from_s, double to_s)
{
	double bits = 0;

	for (unsigned i = (unsigned)(from_s * 1e3 / SCENE_BIN_MS); i < (unsigned)(to_s * 1e3 / SCENE_BIN_MS);
		i++)
		bits += (double)f->got[i];
	return bits / (to_s - from_s);
}

static uint64_t flow_under_way(const struct scene_flow *f)
{
	uint64_t packets = 0;

	for (unsigned i = 0; i < f->way.count; i++)
		packets += f->way.unit[(f->way.first + i) % SCENE_RING].packets;
	return packets;
}

struct scene_outcome flow_outcome(struct scene_flow *f, double truth_bps, uint64_t end_ns)
{
	struct capacity_result result = capacity_result(&f->capacity);
	double seconds = (double)(end_ns - f->starts_ns) / 1e9;
	struct scene_outcome o = {
		.estimate_bps = result.bps,
		.percent = result.percent,
		.limit = result.limit,
		.reached_s = flow_reached_s(f, truth_bps, 0),
		.mean_bps = flow_mean_bps(f, seconds / 4, seconds),
		.ended_s = seconds,
	};

	o.loss = 1 - (double)(f->sample.packets + flow_under_way(f) + f->unlucky) / (double)f->sent;
	qsort(f->queued_ms, f->queued, sizeof *f->queued_ms, compare_floats);
	o.queue_ms = f->queued > 0 ? (double)f->queued_ms[f->queued / 2] : 0;
	return o;
}

struct bucket_result scene_bucket(const struct scene *scene, uint64_t seed)
{
	struct world *w = world_new(scene, seed);
	struct scene_flow *f = &w->flow[0];
	struct bucket_result r;

	world_run(w);
	r = bucket_find(&f->bucket, scene->fixed_bps > 0 ? 0 : (uint64_t)capacity_result(&f->capacity).bps);
	free(w);
	return r;
}
