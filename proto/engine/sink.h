/* Bandwidth receiver: packets in, spans and counters and FLOW_CONTROL reports out. No clock, no socket.
 * Not thread-safe: it belongs to the port that receives.
 *
 * Two numberings are followed side by side: data sequences say which pieces of data are there
 * (unique, duplicate, missing), channel sequences what the network did (lost, reordered, doubled). */
#ifndef PROTO_ENGINE_SINK_H
#define PROTO_ENGINE_SINK_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/measure/loss_pattern.h"
#include "proto/measure/span.h"
#include "proto/record/test.h"
#include "proto/wire/feedback.h"
#include "proto/wire/wire.h"

enum {
	SINK_WINDOW = 1 << 25,    /* sequences a hole may lag behind before it is given up */
	SINK_QUIET_MS = 200,      /* after the test's time a sink closes after this much silence */
	SINK_LINGER_MS = 2000,    /* classic: ... and this long after that time at the latest */
	SINK_SILENCE_MS = 12000,  /* extended: ... at the latest; a source not heard by then never began */
	SINK_STARVED_MS = 3000,   /* a download that gets nothing for this long has been stopped */
	SINK_CERTAIN_MS = 500,    /* ... or has found the rate it searched for, if it may end then */
	SINK_REPORT_MS = 10,      /* the shortest time between two extended reports */
	SINK_AGAIN_MS = 400,      /* the longest while nothing has arrived */
	SINK_FIRST = 4,           /* packets that are each reported as they arrive */
	SINK_EAGER_MS = 500,      /* a searching source needs more reports for this long: ... */
	SINK_EAGER_PART = 10,     /* ... they may take this part of what arrives, ... */
	SINK_PART = 100,          /* ... and later this, ... */
	SINK_THIN_PART = 20,      /* ... or this where they would come too seldom otherwise, ... */
	SINK_THIN_MS = 200,       /* ... which is less often than this */
	SINK_LOSSY_MS = 40,       /* the longest time between two for a download with high loss, ... */
	SINK_LOSSY_MOST_MS = 100, /* ... and on a thin line */
	SINK_LOSSY_PART = 50,     /* high: more than this part of the packets of late */
	SINK_LOSSY_WINDOW_MS = 1000,
	SINK_OPPOSITE_PART = 50, /* reports take no more than this part of a test the other way */
	SINK_SETTLED = 4096,     /* packets that a late one may be behind before it counts as lost */
	SINK_READ_RUNS = 2048,   /* runs of losses looked at per report: 50 us */
};

struct sink {
	bool active;
	bool extended;
	bool may_starve; /* the source stops without feedback: a download */
	struct test_order order;
	struct span_set missing;          /* data sequences below next_data that are not there */
	struct span_set missing_channel;  /* the same for channel sequences */
	uint64_t next_data, next_channel; /* one above the highest seen */
	uint64_t report_interval_ns; /* the longest, if not on a thin line; extended reports come faster */
	uint64_t report_due_ns, reported_ns, report_from;
	uint64_t report_early_ns; /* extended: a packet that arrives after this is reported at once */
	uint64_t opposite_bps; /* a test the other way runs, and so much of it arrives; 0: none, or unknown */
	uint64_t lossy_ns, lossy_missing,
		lossy_packets; /* where the time begins that is looked at for losses */
	bool is_lossy;
	uint64_t last_data_ns;
	bool source_done; /* `expected` transmissions have been sent, no more will come */
	uint64_t expected;
	uint64_t recent_bytes; /* since the last report */
	uint64_t late_drops;   /* the socket's drops since the last data packet */
	unsigned drop_weight;  /* datagrams that one drop may stand for */
	int64_t delay_min_ns, delay_last_ns;
	uint64_t arrival_ns;    /* of the packet with the highest channel sequence */
	uint64_t waited_min_ns; /* since the last report: a queue that stands in the socket (CoDel: RFC 8289)
				 */
	uint64_t receipt_sequence, receipt;
	uint64_t allowed_bps;
	struct loss_track track;
	struct sink_counters count;
};

struct sink_plan {
	struct test_order order;
	bool extended;
	bool may_starve;
	uint64_t report_interval_ns;
	uint64_t now_ns;
	uint64_t allowed_bps; /* told to the source; 0: no limit */
};

/* Starts a test whose clock runs from order.start_ns. 0 or -ENOMEM. */
int sink_open(struct sink *k, const struct sink_plan *plan);
void sink_close(struct sink *k);

struct sink_packet {
	const struct wire_header *header;
	const uint8_t *bytes; /* the whole datagram */
	size_t size;
	uint64_t received_ns;
	uint64_t waited_ns; /* in the socket */
};

/* Takes one data packet. */
enum wire_reject sink_data(struct sink *k, const struct sink_packet *packet);

/* The same for those of the `count` datagrams behind it, as large and received at the same time, that go on
 * from it; returns how many. They are the rule where data arrives fast. */
unsigned sink_run(struct sink *k, const struct sink_packet *packet, unsigned count);

/* The socket has dropped `drops` messages, each of up to `weight` datagrams, before the datagram that
 * comes next. */
void sink_dropped(struct sink *k, uint64_t drops, unsigned weight);

/* The source is done, after this many transmissions. */
void sink_source_done(struct sink *k, uint64_t transmissions);

/* When a report is due, or the sink may close. */
uint64_t sink_due_ns(const struct sink *k);

/* If a report is due, writes it and returns true. Before data has arrived there is one too: it says
 * that the sink is open. */
bool sink_report(struct sink *k, uint64_t now_ns, struct feedback *f);

/* Everything has arrived, or the test's time is up and the line has gone quiet. */
bool sink_finished(const struct sink *k, uint64_t now_ns);

/* The counters so far. */
void sink_counters(const struct sink *k, struct sink_counters *out);

/* How packets were lost; to be called after the last packet. */
void sink_pattern(struct sink *k, struct loss_pattern *out);

#endif
