/* Scenes for buckets, and what was found in them. */
#ifndef TESTS_SUPPORT_BUCKET_SCENE_H
#define TESTS_SUPPORT_BUCKET_SCENE_H

#include "tests/support/capacity_link.h"

#define MBIT 1e6
#define GBIT 1e9

#define SHORT           .rtt_ms = 0.1, .seconds = 10
#define QUEUE(bps, ms)  .rate = {{0, bps}}, .queue_bytes = (bps) / 8e3 * (ms)
#define PLAIN(bps, ms)  QUEUE(bps, ms), SHORT
#define SHAPER(bps, b)  PLAIN(bps, 50), .bucket_bytes = (b)
#define POLICER(bps, b) .rate = {{0, bps}}, .bucket_bytes = (b), SHORT
#define TWICE(bps)      .fixed_bps = 2 * (bps)

enum { SEEDS = 5 };

struct bucket_result scene_bucket(const struct scene *scene, uint64_t seed);

#endif
