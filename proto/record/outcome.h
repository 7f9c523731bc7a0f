/* The one record of a test that both ends make from both ends' counters. Any thread. */
#ifndef PROTO_RECORD_OUTCOME_H
#define PROTO_RECORD_OUTCOME_H

#include "proto/record/snapshot.h"

/* What became of the transmissions that didn't arrive. packets = sent - unique - duplicates. */
struct loss {
	uint64_t packets;
	uint64_t sender_host; /* numbered, but not handed to the network */
	uint64_t path;
	uint64_t receiver_host; /* no room in the receiving socket's buffer */
};

struct loss outcome_loss(const struct test_record *r);

/* Fills r->hash: 12 hex digits of BLAKE2b over the record's canonical text, which holds nothing that only one
 * side knows. */
void outcome_seal(struct test_record *r);

/* Whether the record has been sealed: both ends have made it from both ends' counters. */
bool outcome_is_agreed(const struct test_record *r);

/* Fills r->received of a test without a result with what the last report showed to have arrived. */
void outcome_guess(struct test_record *r);

#endif
