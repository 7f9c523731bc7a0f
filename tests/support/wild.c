#include "tests/support/wild.h"

/* Between the two, as many in each factor of two. */
static double draw(uint64_t *random, double low, double high)
{
	return low * pow(high / low, random_share(random));
}

static void draw_path(struct scene *s, uint64_t *random, const double bps[2], const double buffer_ms[2])
{
	s->rate[0].bps = draw(random, bps[0], bps[1]);
	s->rtt_ms = draw(random, 2, 80);
	s->queue_bytes = fmax(s->rate[0].bps / 8e3 * draw(random, buffer_ms[0], buffer_ms[1]), 2 * 1500);
}

static void draw_jitter(struct scene *s, uint64_t *random)
{
	static const enum scene_jitter law[] = {
		JITTER_UNIFORM, JITTER_EXPONENTIAL, JITTER_SLOW, JITTER_SPIKES};

	s->jitter = law[random_next(random) % COUNT(law)];
	s->jitter_ms = draw(random, 0.2, 30);
}

static void draw_kind(enum wild_kind kind, struct scene *s, uint64_t *random)
{
	static const double usual[] = {2e6, 300e6}, deep[] = {40, 400}, fast[] = {10e6, 300e6};

	draw_path(s, random, usual, deep);
	switch (kind) {
	case WILD_JITTER:
		draw_jitter(s, random);
		break;
	case WILD_BURSTS:
		s->jitter = JITTER_GRANTS;
		s->jitter_ms = draw(random, 1, 15);
		s->loss = random_next(random) % 2 ? 0.01 : 0;
		break;
	case WILD_SHALLOW:
		draw_path(s, random, fast, (double[]){3, 10});
		s->rtt_ms = draw(random, 20, 200);
		break;
	case WILD_POLICER:
		s->queue_bytes = 0;
		s->bucket_bytes = fmax(s->rate[0].bps / 8 * draw(random, 0.01, 1), 20 * 1500);
		break;
	case WILD_LOSS:
		*(random_next(random) % 2 ? &s->loss : &s->loss_before) = draw(random, 0.001, 0.2);
		break;
	case WILD_REORDER:
		s->reorder = 0.02;
		s->reorder_ms = draw(random, 0.5, 8);
		break;
	case WILD_LONG:
		s->rtt_ms = draw(random, 80, 600);
		break;
	case WILD_VARYING:
		s->course = random_next(random) % 2 ? COURSE_SINE : COURSE_WALK;
		s->low = 0.3 + 0.4 * random_share(random);
		s->high = 1 + random_share(random);
		s->period_s = draw(random, 0.3, 3);
		break;
	case WILD_SLOW:
		draw_path(s, random, (double[]){64e3, 2e6}, (double[]){200, 2000});
		break;
	default:
		break;
	}
}

const char *wild_name(enum wild_kind kind)
{
	static const char *const name[WILD_KINDS] = {"clean", "jitter", "bursts", "shallow", "policer",
		"loss", "reorder", "long", "varying", "slow", "busy", "paused"};

	return name[kind];
}

struct scene wild_draw(enum wild_kind kind, uint64_t seed, double seconds)
{
	uint64_t random = seed * 1000003 + kind;
	struct scene s = {.seconds = seconds};
	bool held_up = kind == WILD_BUSY || kind == WILD_PAUSED;
	double pause_ms;

	draw_kind(held_up ? (enum wild_kind)(random_next(&random) % WILD_SLOW) : kind, &s, &random);
	pause_ms = draw(&random, 3, 20);
	s.name = wild_name(kind);
	if (kind == WILD_BUSY)
		s.late_ms = draw(&random, 1, 10);
	if (kind == WILD_PAUSED)
		*(random_next(&random) % 2 ? &s.sender_pause_ms : &s.receiver_pause_ms) = pause_ms;
	return s;
}

struct wild_limits wild_limits(enum wild_kind kind, const struct scene *s)
{
	struct wild_limits l = {.error = 0.03, .loss = 0.005, .queue_ms = 5 + s->jitter_ms};

	(void)kind;
	if (s->queue_bytes == 0 || s->queue_bytes < s->rate[0].bps / 8e3 * 15)
		l.loss = 0.02;
	if (s->course != COURSE_STEPS)
		l = (struct wild_limits){0.05, 0.01, 25};
	if (s->rate[0].bps <= 2e6)
		l = (struct wild_limits){0.05, 0.01, 1e9};
	return l;
}

struct wild_run wild_run(enum wild_kind kind, uint64_t seed, double seconds)
{
	struct wild_run r = {.scene = wild_draw(kind, seed, seconds)};
	struct world *w = world_new(&r.scene, seed);
	uint64_t end_ns = world_run(w);

	r.truth_bps = r.scene.course == COURSE_STEPS ? r.scene.rate[0].bps : w->offered_bits / w->offered_s;
	r.truth_bps *= 1 - r.scene.loss;
	r.outcome = flow_outcome(&w->flow[0], r.truth_bps, end_ns);
	r.error = r.outcome.estimate_bps / r.truth_bps - 1;
	free(w);
	return r;
}
