/* Plain values, units in names, no pointers: all that a reader outside the engine ever sees. */
#ifndef PROTO_RECORD_SNAPSHOT_H
#define PROTO_RECORD_SNAPSHOT_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/record/reject.h"
#include "proto/record/test.h"

enum port_state {
	PORT_WAITING, /* not heard from the peer yet, or its address is not proven */
	PORT_UP,
	PORT_FAILED, /* see `error` */
};

enum { LATENCY_RECENT = 32 };

/* In place of a round trip: the heartbeat was not answered in time. */
#define LATENCY_LOST UINT32_MAX

/* Part of a port's round trips. */
struct latency_part {
	uint64_t n, lost;
	uint64_t min_ns, mean_ns, p50_ns, p90_ns, p95_ns, p99_ns, max_ns;
	uint64_t jitter_ns;
};

/* One-way delays. */
struct owd_part {
	uint64_t n, p50_ns, p95_ns, p99_ns;
};

/* Each direction by itself: owd.h. Clients of extended servers only. */
struct owd_summary {
	bool known;
	int64_t offset_ns; /* the server's clock minus this one */
	uint64_t offset_err_ns;
	double skew_ppm;
	uint64_t up_ns, down_ns; /* medians, each wrong by up to offset_err_ns */
	/* Indexed by enum test_direction, with the same error; idle and loaded as in latency_summary. */
	struct owd_part idle[TEST_DIRECTIONS], loaded[TEST_DIRECTIONS];
	/* Median delay under load above the bare path's; needs no offset. */
	uint64_t queue_up_ns, queue_down_ns;
};

/* Round trips of one port. Percentiles and mean over all of them; jitter as in RFC 3550, 6.4.1,
 * with the round-trip time in place of the transit time. */
struct latency_summary {
	uint64_t n;
	uint64_t sent;
	uint64_t lost; /* not answered in time */
	uint64_t last_ns;
	uint64_t min_ns, mean_ns, p50_ns, p90_ns, p99_ns, max_ns;
	uint64_t jitter_ns;
	struct latency_part idle, loaded; /* begun while no data flowed in the session, and while it did */
	struct owd_summary owd;
	/* A ring: outcome k, a round trip or LATENCY_LOST, is at k % LATENCY_RECENT. */
	uint64_t outcomes;
	uint32_t recent_ns[LATENCY_RECENT];
};

enum { HOLE_CELLS = 48 };

/* Where in the sequence data is missing: first..end in HOLE_CELLS parts, and how much of each is missing, in
 * 255ths, rounded up. */
struct hole_strip {
	uint64_t first, end; /* both 0: nothing is missing */
	uint8_t cell[HOLE_CELLS];
};

struct port_snapshot {
	enum port_state state;
	int error;         /* positive errno of a failed port */
	uint64_t taken_ns; /* when these values were read */
	uint16_t local_port, remote_port;
	int32_t thread_id;
	uint64_t cpu_ns; /* of the thread that serves this port */
	uint64_t steps;
	uint64_t last_heard_ns;    /* 0: never */
	uint64_t peer_interval_ns; /* server: between the client's heartbeats; 0: not known */
	uint64_t received_packets, received_bytes;
	uint64_t sent_packets, sent_bytes;
	uint64_t side_bytes; /* of what was sent besides data, at the IP layer */
	uint64_t send_errors;
	uint64_t socket_drops;
	uint64_t rejected[WIRE_REJECTS];
	uint32_t receive_buffer_bytes, send_buffer_bytes; /* as granted by the kernel */
	bool send_offload, receive_offload;
	/* Client's UPLOAD: the largest UDP payload that is not fragmented; 0: not known. */
	uint32_t path_bytes;
	bool path_searching; /* ... may change soon */
	bool path_hole;      /* ... and routers drop larger ones without telling this host */
	struct latency_summary latency;
	bool source_active, sink_active;
	struct source_counters source; /* of the running or last test */
	struct sink_counters sink;
	uint64_t report_ns; /* when the last FLOW_CONTROL was sent or received; 0: none in this test */
	struct hole_strip holes;
};

/* What a server tells about one of its ports: see port_snapshot. */
struct server_view_port {
	enum port_state state;
	int32_t thread_id;
	uint64_t cpu_ns, steps;
	uint64_t received_packets, received_bytes;
	uint64_t sent_packets, sent_bytes;
	uint64_t socket_drops;
	uint64_t rejected; /* all reasons together */
	uint32_t receive_buffer_bytes;
	uint64_t latency_n, latency_lost; /* round trips measured by the server */
	uint64_t latency_last_ns, latency_p50_ns, latency_p99_ns;
	bool source_active, sink_active;
};

/* The latest view that a watching client has received. */
struct server_view {
	uint64_t taken_ns; /* the client's clock when it arrived; 0: none */
	uint64_t clock_ns; /* the server's when it was written */
	struct server_view_port port[PORT_KINDS];
};

enum { SNAPSHOT_TESTS = 8 };

struct session_snapshot {
	uint64_t taken_ns;
	struct port_snapshot port[PORT_KINDS];
	struct test_record test[SNAPSHOT_TESTS]; /* the latest, oldest first */
	unsigned tests;
	struct server_view peer; /* a watching extended client: the server's side */
};

#endif
