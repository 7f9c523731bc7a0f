/* What has happened between two snapshots. Pure functions: any thread. */
#ifndef TUI_CLIENT_INTERVAL_H
#define TUI_CLIENT_INTERVAL_H

#include "proto/report/report.h"

/* Traffic sent on the UPLOAD port and received on the DOWNLOAD port, and the last round trip of each port
 * that has measured one; the times are the caller's to fill in. */
struct report_interval interval_between(
	const struct session_snapshot *before, const struct session_snapshot *now);

#endif
