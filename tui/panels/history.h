/* The session's past, for graphs and for looking back: a moment every 200 ms, from its beginning. When there
 * are too many, neighbours are joined and a moment lasts twice as long: the whole session stays in sight, in
 * bounded memory. Belongs to the screen's thread. */
#ifndef TUI_PANELS_HISTORY_H
#define TUI_PANELS_HISTORY_H

#include <stddef.h>

#include "tui/client/view.h"
#include "tui/screen/format.h"

enum { HISTORY_TICK_MS = 200, HISTORY_MOMENTS = 9000 };

/* The running or last test of a port. */
struct moment_test {
	uint32_t id;                   /* 0: none */
	enum test_direction direction; /* of a port without a test: what it carries */
	enum test_phase phase;
	uint32_t commands;
	uint64_t start_ns, duration_ns, rate_bps;
};

/* What a port's panel shows. */
struct moment_port {
	enum port_state state;
	int error;
	uint16_t local_port, remote_port;
	int32_t thread_id;
	uint64_t cpu_ns, steps; /* so far */
	uint64_t taken_ns;      /* when its counters were */
	uint64_t received_packets, sent_packets, socket_drops;
	uint64_t rejected[WIRE_REJECTS];
	uint64_t n, lost; /* round trips so far */
	uint32_t last_ns, p50_ns, p99_ns, jitter_ns;
	uint32_t worst_ns;  /* in this moment; 0: no round trip in it */
	uint32_t lost_now;  /* heartbeats that were sent in this moment and never answered */
	bool active;        /* data flows */
	struct speed speed; /* of data sent or received, in this moment */
	double there_bps;   /* where this end sends: what the reports say arrived; negative: unknown */
	uint64_t lost_data; /* transmissions lost in this moment */
	struct source_counters source;
	struct sink_counters sink;
	uint64_t report_ns;
	struct hole_strip holes;
	struct moment_test test;
};

struct moment {
	uint64_t at_ns;
	enum client_state state;
	struct moment_port port[PORT_KINDS];
};

struct history {
	struct moment *moment;
	size_t count, room;
	uint64_t tick_ns, due_ns;
	struct session_snapshot before; /* as the moment that is being made began */
	uint32_t worst_ns[PORT_KINDS];  /* ... and what has been seen since */
	uint64_t outcomes[PORT_KINDS];
};

void history_free(struct history *h);

/* Looks at a view; makes a moment when it is time to. */
void history_add(struct history *h, const struct view *v);

/* How a port did in the second up to moment `at`. */
struct history_second {
	struct speed speed;
	double there_bps;
	double cpu_share; /* 0..1 of one core */
	double steps;     /* a second */
};
struct history_second history_second(const struct history *h, size_t at, enum port_kind kind);

/* The moment that ends the worst second: the most lost, or else the slowest round trip. A graph up to it
 * shows that second. */
size_t history_worst(const struct history *h);

/* Moments that make a second. */
size_t history_per_second(const struct history *h);

#endif
