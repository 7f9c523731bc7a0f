/* What the server's log says about a client, made from its snapshots. The listener's thread only. */
#ifndef SERVER_SESSION_LOG_H
#define SERVER_SESSION_LOG_H

#include "proto/sys/log.h"
#include "server/clients.h"

/* A line for each port that has measured a round trip since the last call. */
void session_log_latency(struct client *c, const struct session_snapshot *snapshot, struct log_limit *limit);

/* A line for each test that has begun or ended since. */
void session_log_tests(struct client *c, const struct session_snapshot *snapshot);

/* What is known of the tests that the end of the session cuts short. */
void session_log_unfinished(const struct client *c, const struct session_snapshot *snapshot);

/* The session's latencies, and what its ports have refused, a line a port. */
void session_log_summary(const struct client *c, const struct session_snapshot *snapshot);

#endif
