/* The body of FLOW_CONTROL: the spans that are missing, followed by the receiver's report between extended
 * peers. Big-endian; PROTOCOL.md has the byte table. No state: any thread. */
#ifndef PROTO_WIRE_FEEDBACK_H
#define PROTO_WIRE_FEEDBACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/wire/wire.h"

enum {
	FEEDBACK_REPORT_BYTES = 136,
	FEEDBACK_DATAGRAM_BYTES = 1232, /* the longest, with header and tag: it passes wherever IPv6 does */
	/* Spans that leave room for the report and the tag: (1232 - 20 - 4 - 136 - 16) / 16. */
	FEEDBACK_SPANS_MAX = 66,
	FEEDBACK_VERSION = 1,
};

struct feedback {
	struct wire_spans spans;
	bool has_report;    /* what follows is valid only then */
	uint64_t waited_ns; /* in the sink's socket: least since the last report; on the wire in whole us */
	uint64_t from;      /* the spans cover data sequences from here on */
	uint64_t clock_ns;  /* the sink's monotonic clock when this was written */
	uint64_t packets, bytes; /* received so far, without network duplicates */
	uint64_t unique_packets, duplicates, network_duplicates, reordered;
	uint64_t next_channel; /* one above the highest channel sequence received */
	uint64_t host_drops;   /* datagrams lost in the sink's own receive buffer */
	int64_t delay_min_ns,
		delay_last_ns;     /* arrival - send time, clocks not aligned; since the last report */
	uint64_t receipt_sequence; /* a data packet that arrived, ... */
	uint64_t receipt;          /* ... and the receipt it carried; 0: none has arrived yet */
	uint64_t allowed_bps;      /* the most that the sink's side lets the source send; 0: no limit */
	uint64_t arrival_ns; /* of packet next_channel - 1, by clock_ns' clock; 0: no news since the last
				report */
};

/* Layout of the report: u16 version, u16 its bytes, u32 waited, then the fields above from `from` to
 * `arrival_ns`, 8 bytes each: 8 + 16 x 8 = 136 bytes. Returns the bytes written.
 */
size_t feedback_encode(uint8_t out[WIRE_MAX_BYTES], const struct feedback *f);

/* A report of a later version is read as far as we know it; bytes after it are ignored. `extended`: a report
 * must be there. WIRE_OK or the reason for refusal. */
enum wire_reject feedback_decode(const uint8_t *body, size_t size, bool extended, struct feedback *f);

#endif
