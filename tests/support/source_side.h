/* What the tests of the sending side share: an open source in virtual time. */
#ifndef TESTS_SUPPORT_SOURCE_SIDE_H
#define TESTS_SUPPORT_SOURCE_SIDE_H

#include <jansson.h>
#include <string.h>

#include "proto/engine/source.h"
#include "proto/sys/clock.h"
#include "tests/support/test.h"

#define DURATION_NS (UINT64_C(10) * NS_PER_S)

enum { CHANNEL = 4711, DATAGRAM = 125, SEGMENTS = 8 };

void open_source(struct source *s, uint64_t rate_bps, uint32_t datagram, unsigned segments);

/* A source that feeds a client: it waits for a report, and for proofs that its data arrives. */
void open_download(struct source *s, uint64_t rate_bps, uint64_t lease_ns);

/* Sends everything that may leave at `now_ns`, at most `most`; returns how many left. */
unsigned pour(struct source *s, unsigned most, uint64_t now_ns);

struct wire_header staged_header(const struct source *s, unsigned i);

#endif
