/* Where holes lie in a sequence, as a strip of cells for a screen. Pure functions: any thread. */
#ifndef PROTO_MEASURE_HOLES_H
#define PROTO_MEASURE_HOLES_H

#include "proto/measure/span.h"
#include "proto/record/snapshot.h"

/* A strip from the lowest missing number to `end`, which is one above the highest that counts. A set with
 * more than HOLES_RUNS runs is shown up to where those end. */
enum { HOLES_RUNS = 512 };
void holes_draw(struct hole_strip *strip, const struct span_set *missing, uint64_t end);

/* Adds the holes of another set to a strip that has been drawn. */
void holes_add(struct hole_strip *strip, const struct span_set *missing);

#endif
