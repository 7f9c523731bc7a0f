/* What a test is, and what both of its ends know of it: kinds of port, directions, orders, phases, refusals,
 * counters, and the two halves of a result. Plain values, units in names, no pointers; nothing here needs
 * more than the C library.
 *
 * A result has two halves: the end that sends makes one, the end that receives the other. Each is one struct
 * in mail, in the message, in the record and in the snapshot, so each step is one assignment. A figure that
 * both ends are to know belongs in the half of the end that measures it. */
#ifndef PROTO_RECORD_TEST_H
#define PROTO_RECORD_TEST_H

#include <stdbool.h>
#include <stdint.h>

enum port_kind { PORT_CONTROL, PORT_UPLOAD, PORT_DOWNLOAD, PORT_KINDS };

/* "CONTROL", "UPLOAD", "DOWNLOAD". */
const char *port_kind_name(enum port_kind kind);

enum test_direction { TEST_UP, TEST_DOWN, TEST_DIRECTIONS };

/* What is to be known of a direction: code asks its row and seldom the direction itself. */
struct direction {
	const char *name;               /* "up": in documents, and hashed in the agreed record */
	const char *noun, *title, *one; /* "upload", "Upload", "An upload" */
	const char *command, *answer;   /* "BWUP" on the wire; "BWUP ack" is the log's name of its answer */
	enum port_kind port;            /* whose workers, at both ends, move the data */
	bool client_sends;              /* or else the server */
	bool classic;                   /* classic servers have it too */
};

extern const struct direction directions_table[TEST_DIRECTIONS];

/* Sets of directions: 1 << TEST_UP and so on. Those that a port carries; those of a set that a classic server
 * lacks; and the first of a set, TEST_UP where it is empty. */
unsigned directions_of_port(enum port_kind kind);
unsigned directions_not_classic(unsigned set);
enum test_direction directions_first(unsigned set);

/* What is to be measured. */
struct test_order {
	enum test_direction direction;
	uint32_t channel;
	uint64_t start_ns; /* 0: with the first report */
	uint64_t duration_ns;
	uint64_t rate_bps; /* 0 = max */
	uint32_t datagram_bytes;
	bool search;           /* find the rate; rate_bps is then its upper limit */
	uint32_t until_ppm;    /* ... and end once it is known this well; 0: after the whole duration */
	uint64_t budget_bytes; /* ends when so much has been sent, at the IP layer; 0: no matter how much */
};

enum test_phase {
	TEST_NONE,
	TEST_ASKING, /* the command is out, not yet acknowledged */
	TEST_RUNNING,
	TEST_AWAITING, /* sending is over, the result has not arrived yet */
	TEST_COMPLETE,
	TEST_INCOMPLETE, /* over without the peer's result, or before its time */
	TEST_FAILED,     /* never started */
};

/* Why a server refuses a client or a test. */
enum refusal { REFUSED_NOT, REFUSED_BUSY, REFUSED_AUTH, REFUSED_VERSION, REFUSED_LIMIT, REFUSALS };

/* "busy", "auth", "version", "limit": for the wire, scripts and people. */
const char *refusal_name(enum refusal refusal);

enum {
	TEST_DURATION_MAX_S = 86400,
	TEST_UID_BYTES = 37, /* a UUID and its NUL */
};

/* What a source has sent. */
struct source_counters {
	uint64_t packets; /* transmissions, retransmissions included */
	uint64_t bytes;   /* UDP payload, headers of ours included */
	uint64_t retransmitted_packets;
	uint64_t lost_packets;   /* transmissions that reports have shown to be lost so far */
	uint64_t reports;        /* FLOW_CONTROL received */
	uint64_t heard_packets;  /* data sequences that the last report shows as arrived */
	uint64_t unsent_packets; /* numbered, but not taken by the network: should be 0 */
	uint64_t send_errors;
};

/* What a sink has received. packets = unique_packets + duplicates. */
struct sink_counters {
	uint64_t packets;
	uint64_t bytes;
	uint64_t unique_packets;        /* data sequences that arrived */
	uint64_t duplicates;            /* arrivals of a data sequence that was there already */
	uint64_t network_duplicates;    /* the same channel sequence twice: counted nowhere else */
	uint64_t retransmitted_packets; /* arrivals of retransmissions */
	uint64_t reordered;             /* arrivals below the highest channel sequence (RFC 4737, 3.3) */
	uint64_t host_drops;            /* datagrams lost in this host's own receive buffer */
	uint64_t reports;               /* FLOW_CONTROL sent */
	uint64_t missing_packets;       /* transmissions that have not arrived, among those that could have */
	uint64_t holes;                 /* data sequences missing now */
};

enum capacity_limit {
	CAPACITY_UNKNOWN,  /* no limit found yet */
	CAPACITY_NETWORK,  /* the bottleneck was busy: the result is its rate */
	CAPACITY_SENDER,   /* the source couldn't send faster: the path carries at least this much */
	CAPACITY_RECEIVER, /* the receiver's host lost whatever came faster */
	CAPACITY_CEILING,  /* the highest rate allowed was reached */
};

/* What the search for a path's capacity has found. */
struct path_capacity {
	uint64_t bps;    /* IP layer (RFC 9097); 0: nothing */
	uint32_t ci_ppm; /* half of the 95 % confidence interval, in millionths of it */
	enum capacity_limit limit;
	uint64_t p10_bps, p50_bps,
		p90_bps; /* of 100 ms windows while the bottleneck was busy; 0: not known */
};

/* Why a source has stopped. */
enum test_ended {
	ENDED_TIME,    /* its time was over; or something else ended it, and it is incomplete */
	ENDED_CERTAIN, /* the capacity was known well enough */
	ENDED_BUDGET,  /* it had sent as many bytes as it may */
};

enum bucket_kind { BUCKET_NONE, BUCKET_SHAPER, BUCKET_POLICER };

/* The token bucket that the start of a test has revealed; all zero for NONE. */
struct bucket_result {
	enum bucket_kind kind;
	uint64_t rate_bps, bytes;
};

enum {
	LOSS_BURSTS = 12, /* lengths of 1, 2, 3-4, 5-8, ..., 513-1023, 1024 and more */
	LOSS_OUTAGES = 8, /* the longest are kept */
};

struct loss_outage {
	uint64_t start_ns, length_ns; /* since the test's start; how long nothing arrived */
	uint64_t lost;
};

/* How packets were lost, and how far late ones were overtaken. */
struct loss_pattern {
	uint64_t bursts, lost, longest; /* runs of losses, packets in them, packets in the longest */
	uint64_t burst[LOSS_BURSTS];    /* bursts by length */
	double mean;                    /* packets in a burst */
	uint64_t unread;                /* numbers that may or may not have been lost */
	uint64_t period;                /* packets from one burst to the next; 0: no period */
	double period_share;            /* of the bursts read, 0..1 */
	unsigned outages;
	struct loss_outage outage[LOSS_OUTAGES]; /* longest first */

	/* RFC 4737, section 4.2.2: packets that had arrived since the first one that overtook a late one.
	 * Exact while the hole is one of the latest LOSS_HOLES (loss_pattern.h); later, the distance to the
	 * highest number, which overstates it by what is missing in between. */
	uint64_t late, extent_max;
	double extent_mean;
	uint64_t late_max_ns; /* from the opening of a hole until it was filled; remembered holes only */
};

/* No burst is longer (pacer.h): a thread later than this has lost part of its rate. */
enum { HOST_LATE_US = 1000 };

/* What one end's worker cost its host, and how its host held it up. */
struct host_load {
	bool known;
	uint32_t cpu_permille;  /* of one CPU, by the worker's thread while data flowed */
	bool offload;           /* segmentation or joining by the kernel */
	uint32_t late_permille; /* of its turns that came more than HOST_LATE_US after they were due */
	uint64_t late_max_ns;   /* the latest */
};

/* What the end that sends knows when the test is over. */
struct sent_half {
	struct source_counters count;
	struct path_capacity capacity; /* of a search; bps 0: not known */
	struct bucket_result bucket;
	struct host_load load;
	uint64_t duration_ns; /* how long the sending took */
	enum test_ended ended;
};

/* How much of a received half is known. Each level includes the one before. */
enum received_known {
	RECEIVED_NOTHING,
	RECEIVED_TOTALS,   /* packets and bytes: from an older peer, or read off reports */
	RECEIVED_COUNTERS, /* all counters; the rest only from extended peers */
};

/* What the end that receives knows when the test is over. */
struct received_half {
	enum received_known known;
	struct sink_counters count;
	struct loss_pattern pattern;
	struct host_load load;
};

/* One test as its client or its server knows it. */
struct test_record {
	uint32_t id; /* counts tests of this session from 1; 0 = none */
	enum test_direction direction;
	enum test_phase phase;
	uint32_t channel;
	uint32_t datagram_bytes;
	uint32_t overhead_bytes;           /* of IP and UDP per datagram: 28, or 48 for IPv6; 0: not known */
	uint64_t asked_rate_bps, rate_bps; /* asked for, and granted; 0 = max */
	uint64_t asked_duration_ns, granted_duration_ns;
	uint64_t start_ns;
	uint32_t commands;    /* how many times the command was sent */
	enum refusal refusal; /* TEST_FAILED: the server said no */
	uint32_t wait_s;      /* ... and when it may be worth asking again */
	bool search;          /* the rate was to be found ... */
	uint32_t until_ppm; /* ... and the test to end once it was known this well; 0: not before its time */
	uint64_t budget_bytes; /* ends when so much has been sent, at the IP layer; 0: no matter how much */
	struct sent_half sent; /* its duration is the granted one until the test is over */
	struct received_half received;
	char uid[TEST_UID_BYTES];
	uint64_t result_ns; /* when a classic server last sent its result; 0: never */
	char hash[13];      /* of the agreed record; "": there is none */
};

#endif
