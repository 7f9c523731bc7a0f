/* Owns nothing. /proc/PID/stat is read behind the last ')', because a process may name itself
 * anything. */
#include "tests/bench/process.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "proto/sys/clock.h"

enum { TEXT = 4096 };

static int read_text(unsigned pid, const char *name, char text[TEXT])
{
	char path[64];
	FILE *file;
	size_t size;

	snprintf(path, sizeof(path), "/proc/%u/%s", pid, name);
	file = fopen(path, "re");
	if (!file)
		return errno == ENOENT ? -ESRCH : -errno;
	size = fread(text, 1, TEXT - 1, file);
	text[size] = '\0';
	fclose(file);
	return size ? 0 : -ESRCH;
}

int process_read(unsigned pid, struct process_sample *sample)
{
	char text[TEXT];
	const char *at;
	unsigned long user, system, rss_kb = 0;
	unsigned threads = 0;
	int rc;

	*sample = (struct process_sample){0};
	rc = read_text(pid, "stat", text);
	if (rc)
		return rc;
	at = strrchr(text, ')');
	if (!at ||
		sscanf(at + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &system) != 2)
		return -EBADMSG;
	rc = read_text(pid, "status", text);
	if (rc)
		return rc;
	at = strstr(text, "\nVmRSS:");
	if (at)
		sscanf(at, " VmRSS: %lu", &rss_kb);
	at = strstr(text, "\nThreads:");
	if (at)
		sscanf(at, " Threads: %u", &threads);
	*sample = (struct process_sample){
		.taken_ns = clock_now_ns(),
		.cpu_ns = (uint64_t)(user + system) * NS_PER_S / (uint64_t)sysconf(_SC_CLK_TCK),
		.rss_bytes = (uint64_t)rss_kb * 1024,
		.threads = threads,
	};
	return 0;
}

double process_cpu_share(const struct process_sample *from, const struct process_sample *to)
{
	if (!from->taken_ns || to->taken_ns <= from->taken_ns)
		return 0;
	return (double)(to->cpu_ns - from->cpu_ns) / (double)(to->taken_ns - from->taken_ns);
}
