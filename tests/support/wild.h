/* Paths as people have them, drawn at random: for searches in virtual time. */
#ifndef TESTS_SUPPORT_WILD_H
#define TESTS_SUPPORT_WILD_H

#include "tests/support/capacity_scene.h"

enum wild_kind {
	WILD_CLEAN,
	WILD_JITTER,
	WILD_BURSTS,
	WILD_SHALLOW,
	WILD_POLICER,
	WILD_LOSS,
	WILD_REORDER,
	WILD_LONG,
	WILD_VARYING,
	WILD_SLOW,
	WILD_BUSY,   /* as one of the kinds before it, with late turns of the sender */
	WILD_PAUSED, /* ... with either host stopped now and then */
	WILD_KINDS,
};

/* What is asked of a run; shares of one. */
struct wild_limits {
	double error, loss, queue_ms;
};

const char *wild_name(enum wild_kind kind);

/* The path of a kind that the seed draws, for a test of so many seconds. */
struct scene wild_draw(enum wild_kind kind, uint64_t seed, double seconds);

struct wild_limits wild_limits(enum wild_kind kind, const struct scene *scene);

struct wild_run {
	struct scene scene;
	struct scene_outcome outcome;
	double truth_bps, error; /* of the estimate, signed */
};

struct wild_run wild_run(enum wild_kind kind, uint64_t seed, double seconds);

#endif
