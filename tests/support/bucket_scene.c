#include "tests/support/bucket_scene.h"

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
