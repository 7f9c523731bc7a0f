/* Bandwidth receiver: packets in, spans and counters and FLOW_CONTROL reports out. No clock, no socket.
 * Not thread-safe: it belongs to the port that receives.
 *
 * Two numberings are followed side by side: data sequences say which pieces of data are there
 * (unique, duplicate, missing), channel sequences what the network did (reordered, doubled). */
#ifndef PROTO_SINK_H
#define PROTO_SINK_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/mailbox.h"
#include "proto/snapshot.h"
#include "proto/span.h"
#include "proto/wire.h"

enum {
	SINK_WINDOW = 1 << 25, /* sequences that a hole may lie back before it is given up */
	SINK_QUIET_MS = 200,   /* after the test's time: so long without data, and it is over */
	SINK_LINGER_MS = 2000, /* ... and so long at the most */
};

struct sink {
	bool active;
	struct test_order order;
	struct span_set missing;         /* data sequences below next_data that are not there */
	struct span_set missing_channel; /* the same for channel sequences */
	uint64_t next_data, next_channel; /* one above the highest seen */
	uint64_t report_interval_ns, report_due_ns;
	uint64_t last_data_ns;
	uint64_t drops_before; /* the socket's count when the test began */
	uint64_t socket_drops; /* the socket's count now; the port sets it */
	struct sink_counters count;
};

/* Starts a test whose clock runs from order->start_ns. 0 or -ENOMEM. */
int sink_open(struct sink *k, const struct test_order *order, uint64_t report_interval_ns);
void sink_close(struct sink *k);

/* Takes one data packet of `size` bytes, header included. */
enum wire_reject sink_data(struct sink *k, const struct wire_header *h, size_t size, uint64_t now_ns);

/* When a report is due, or the end. */
uint64_t sink_due_ns(const struct sink *k);

/* If a report is due, writes it and returns true. Before data has arrived there is one too: it says
 * that the sink is open. */
bool sink_report(struct sink *k, uint64_t now_ns, struct wire_spans *spans);

/* The test's time is up and the line has gone quiet. */
bool sink_finished(const struct sink *k, uint64_t now_ns);

/* The counters so far. */
void sink_counters(const struct sink *k, struct sink_counters *out);

#endif
