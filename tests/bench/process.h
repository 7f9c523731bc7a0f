/* What another process costs, read from /proc. Any thread. */
#ifndef TESTS_BENCH_PROCESS_H
#define TESTS_BENCH_PROCESS_H

#include <stdint.h>

struct process_sample {
	uint64_t taken_ns, cpu_ns; /* user and system, all threads */
	uint64_t rss_bytes;
	unsigned threads;
};

/* 0, or -errno with *sample all zero (-ESRCH: there is no such process). */
int process_read(unsigned pid, struct process_sample *sample);

/* CPU time for each second between two samples: 1 is one core. 0 unless both were read. */
double process_cpu_share(const struct process_sample *from, const struct process_sample *to);

#endif
