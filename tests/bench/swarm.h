/* What a swarm of classic clients is told to do and what it measures. One thread, one run a process. */
#ifndef TESTS_BENCH_SWARM_H
#define TESTS_BENCH_SWARM_H

#include <stdint.h>

#include "proto/measure/histogram.h"
#include "proto/net/address.h"
#include "tests/bench/process.h"

struct swarm_options {
	struct address server;
	unsigned clients, sources;
	unsigned pid; /* of the server; 0: it is not watched */
	double interval_s, seconds, ramp_s;
};

struct swarm_result {
	unsigned connected;
	unsigned silent;     /* no valid answer to CONNECT */
	unsigned not_up;     /* ports assigned, but one of them is silent */
	uint64_t connect_ns; /* until every client was connected or had given up */
	uint64_t sent, answered, stray, send_errors;
	struct histogram round_trip;
	struct process_sample before, at_start, at_end; /* of the server */
	double own_cpu_share;
};

/* 0, or -errno when a socket can't be had or the watched server isn't there. */
int swarm_run(const struct swarm_options *options, struct swarm_result *result);

#endif
