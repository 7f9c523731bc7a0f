/* What limited a test, how the path behaves under load, and whether a figure deserves trust: plain words and
 * grades made from records. Pure functions: any thread. */
#ifndef PROTO_RECORD_VERDICT_H
#define PROTO_RECORD_VERDICT_H

#include "proto/record/snapshot.h"

enum verdict_limit {
	LIMIT_UNKNOWN,
	LIMIT_PATH,
	LIMIT_SENDER_CPU,
	LIMIT_SENDER_PAUSED, /* its thread didn't get its turns in time, though it needed little CPU */
	LIMIT_SENDER_HOST,   /* it could not go faster, and neither of the two says why */
	LIMIT_RECEIVER_CPU,
	LIMIT_RECEIVER_PAUSED,
	LIMIT_RECEIVER_HOST, /* it took no more, lost nothing, and neither of the two says why */
	LIMIT_SOCKET_BUFFER, /* the receiver's */
	LIMIT_SERVER_CAP,
	LIMIT_ASKED_RATE,
	VERDICT_LIMITS,
};

enum {
	VERDICT_TEXT = 160,
	VERDICT_RANGE = 40,
	VERDICT_LATE_PERMILLE = 10, /* of a thread's turns that come late: from here on it was held up */
};

/* What limited a test. Everything that names a host goes by it, so that one result names one host. */
enum verdict_limit verdict_limit(const struct test_record *t);
bool verdict_blames_sender(enum verdict_limit limit);
bool verdict_blames_receiver(enum verdict_limit limit);

/* The path may carry more than the capacity that was found: it wasn't the limit. */
bool verdict_is_least(const struct test_record *t);

/* "32.0 .. 61.0 Mbit/s": where the path's rate lay for 80 % of the time, by windows of 100 ms; "" where that
 * isn't known, or isn't apart by more than a third. */
const char *verdict_range(const struct path_capacity *c, char out[VERDICT_RANGE]);

/* "path", "sender_cpu" ...: for scripts. */
const char *verdict_limit_name(enum verdict_limit limit);

/* One sentence with the evidence. */
void verdict_sentence(const struct test_record *t, char out[VERDICT_TEXT]);

/* Round trips a minute under load: 60 s divided by the mean loaded round trip of CONTROL and the ports that
 * carried data (the idea: draft-ietf-ippm-responsiveness). 0: no round trip under load. */
uint32_t verdict_responsiveness(const struct session_snapshot *s);

/* 'A' to 'F' by what load adds to the latency: the 95th percentile under load less the median without, of the
 * port that suffered most. Below 5 ms A, 30 B, 60 C, 200 D, 400 E, else F. '-': not known. */
char verdict_grade(const struct session_snapshot *s);
uint64_t verdict_added_ns(const struct session_snapshot *s);

/* The bottleneck's standing queue under load: the most that load adds to a port's median, and how many bytes
 * pass in that time at the rate of test `t`. */
struct verdict_queue {
	uint64_t ns, bytes;
};
struct verdict_queue verdict_standing_queue(const struct session_snapshot *s, const struct test_record *t);

/* Whether CONTROL, which carries no data, suffers with the loaded port: then both share one queue; otherwise
 * the bottleneck has queues per flow. Nothing is known unless something queued. */
enum verdict_queues { QUEUES_UNKNOWN, QUEUES_SHARED, QUEUES_PER_FLOW };
enum verdict_queues verdict_queues(const struct session_snapshot *s);

#endif
