/* What the two halves of the source share. Internal to it. */
#ifndef PROTO_ENGINE_SOURCE_PRIVATE_H
#define PROTO_ENGINE_SOURCE_PRIVATE_H

#include "proto/engine/source.h"

/* The oldest repair is judged, or forgotten. */
void source_forget_repair(struct source *s);

/* The first report of a source that waited for one. */
void source_start(struct source *s, uint64_t now_ns);

/* The limits have changed. */
void source_update_rate(struct source *s, uint64_t now_ns);

#endif
