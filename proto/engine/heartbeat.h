/* The three-way exchange of one port and its round-trip statistics, both roles. Takes `now` and bodies:
 * no clock, no socket. Not thread-safe: it belongs to one port.
 *
 * client                                         server
 *   HEARTBEAT_0 {timestamp: T}                     ->  remembers nothing
 *   <- HEARTBEAT_1 {client_timestamp: T, server_timestamp: S}
 *   round trip = arrival - T, less the time that the server says it held the packet
 *   HEARTBEAT_2 {client_timestamp: T, server_timestamp: S}  ->  round trip = arrival - S */
#ifndef PROTO_ENGINE_HEARTBEAT_H
#define PROTO_ENGINE_HEARTBEAT_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/measure/histogram.h"
#include "proto/measure/owd.h"
#include "proto/record/snapshot.h"
#include "proto/wire/heartbeat_body.h"

enum {
	HEARTBEAT_PENDING = 64,   /* own stamps that may be unanswered at a time */
	HEARTBEAT_LOST_MS = 3000, /* without an answer for this long: lost */
	HEARTBEAT_FIRST_MS = 250, /* between tries until the first answer, unless the interval is shorter, */
	/* ... and while the peer is missed */
	HEARTBEAT_AGAIN_MS = 10,  /* ... after an answer that says the address is not proven yet */
	HEARTBEAT_PROVE_MS = 100, /* extended: between tries until the address is proven */
	HEARTBEAT_LOADED_MS = 50, /* the shortest under load, ... */
	HEARTBEAT_SCARCE_MS =
		1000,             /* ... and the longest, unless beats would then take too much of the line */
	HEARTBEAT_RARE_MS = 2000, /* ... when it is at most this */
	HEARTBEAT_BEAT_BYTES = 1300, /* three ports' HEARTBEAT_0 and 2, with IP and UDP headers */
	HEARTBEAT_SMALL_PART = 40,   /* of the rate: beats are no reason not to be fast, */
	HEARTBEAT_LARGE_PART = 10,   /* ... and a reason to be slower than without load */
	HEARTBEAT_GUESS_S = 15,      /* a classic client's interval, until it has shown another, */
	HEARTBEAT_LONGEST_S = 3600,  /* ... which is believed up to this */
	HEARTBEAT_OWD_MS = 100, /* between two summaries of the directions, which cost more than a beat */
};

struct heartbeat_part {
	struct histogram round_trip;
	uint64_t lost, last_ns, jitter_ns;
};

struct heartbeat {
	bool is_client;
	bool extended; /* held times, and stamps of the server that prove an address */
	bool proven;   /* client: the server has said that it knows this port's address */
	uint64_t interval_ns;
	uint64_t limit;    /* how many to exchange; 0: no limit */
	uint64_t hurry_ns; /* the interval under load; 0: none, or not known */
	uint64_t next_ns;
	/* Server: the time between the client's HEARTBEAT_0 while nothing hurries it, as it says itself or
	 * as it shows; and when the last one came. */
	uint64_t peer_interval_ns, asked_ns;
	uint64_t pending[HEARTBEAT_PENDING]; /* ring of own stamps; 0: answered or lost */
	unsigned pending_at;
	bool is_loaded;     /* data flows */
	uint64_t loaded_ns; /* ... since then; or it stopped then */
	uint64_t sent, lost, last_ns, jitter_ns;
	struct heartbeat_part idle, loaded; /* round trips, by what the session was doing when they began */
	struct owd *owd;                    /* extended client: each direction by itself; NULL: not wanted */
	uint64_t owd_due_ns;
	uint64_t outcomes;
	uint32_t recent_ns[LATENCY_RECENT];
};

struct heartbeat_plan {
	bool is_client, extended;
	uint64_t interval_ns;
	uint64_t limit;
	struct owd *owd; /* all zero, and outlives the heartbeat; NULL: none */
};

void heartbeat_init(struct heartbeat *h, const struct heartbeat_plan *plan, uint64_t now_ns);

/* Client: under load more samples are needed, but what the three ports send for them is to be small beside
 * the data. So much of it arrives in the slower direction; 0: no load, or not known. */
void heartbeat_hurry(struct heartbeat *h, uint64_t rate_bps, uint64_t now_ns);

/* Client: the peer, which should be heard, is not. Perhaps the path has moved this port's address, and the
 * peer has to be told. Holds until the next heartbeat_hurry. */
void heartbeat_seek(struct heartbeat *h, uint64_t now_ns);

/* Whether data flows now: a round trip counts as loaded or idle according to the moment it began. */
void heartbeat_load(struct heartbeat *h, bool is_loaded, uint64_t now_ns);

/* The mean of all round trips; 0 before the first. */
uint64_t heartbeat_mean_ns(const struct heartbeat *h);

/* Client: when the next HEARTBEAT_0 is due; CLOCK_NEVER when none will follow. */
uint64_t heartbeat_due_ns(const struct heartbeat *h);

struct heartbeat_packet {
	enum wire_type type;
	const uint8_t *body;
	size_t size;
	uint64_t received_ns; /* by the kernel */
	uint64_t now_ns;
	/* Server, extended: what only the holder of the packet's source address can know. The answer
	 * carries it, and HEARTBEAT_2 must return it. */
	uint64_t challenge;
	bool proven; /* ... and whether that address has been proven */
};

/* A heartbeat to send, and what it is written from. */
struct heartbeat_output {
	enum wire_type type;
	size_t size; /* 0: nothing to send */
	char body[WIRE_BODY_BYTES];
	struct heartbeat_body message;
	uint64_t received_ns, challenge; /* of the packet it answers */
};

/* Client: writes the HEARTBEAT_0 that is due. */
void heartbeat_begin(struct heartbeat *h, uint64_t now_ns, struct heartbeat_output *out);

/* Takes a heartbeat and writes the answer to it. WIRE_OK or the reason of refusal; a stamp of our own
 * that is not pending (forged, doubled, too late) is REJECT_SEQUENCE. */
enum wire_reject heartbeat_input(
	struct heartbeat *h, const struct heartbeat_packet *packet, struct heartbeat_output *answer);

/* Writes the same heartbeat again with the time `now_ns`, just before it leaves, so that its stamp does not
 * include the time spent writing it. Only the latest heartbeat can be restamped. */
void heartbeat_restamp(struct heartbeat *h, uint64_t now_ns, struct heartbeat_output *out);

/* Counts heartbeats as lost that have waited too long for an answer. True if there were any. */
bool heartbeat_expire(struct heartbeat *h, uint64_t now_ns);

/* `now_ns` is needed for the offset between the clocks. */
void heartbeat_summary(struct heartbeat *h, uint64_t now_ns, struct latency_summary *out);

#endif
