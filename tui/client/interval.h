/* What has happened between two snapshots. Pure functions: any thread. */
#ifndef TUI_CLIENT_INTERVAL_H
#define TUI_CLIENT_INTERVAL_H

#include "proto/report/report.h"

/* What a port has sent, or received, of tests' data. */
struct report_traffic interval_sent(const struct port_snapshot *before, const struct port_snapshot *now);
struct report_traffic interval_received(const struct port_snapshot *before, const struct port_snapshot *now);

/* That of all ports, and the last round trip of each port that has measured one; the times are the caller's
 * to fill in. */
struct report_interval interval_between(
	const struct session_snapshot *before, const struct session_snapshot *now);

#endif
