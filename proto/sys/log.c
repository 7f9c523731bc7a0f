#include "proto/sys/log.h"

#include <inttypes.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "proto/sys/clock.h"

enum { LOG_LINE = 1024 };

static enum log_level log_level = LOG_NORMAL;

void log_set_level(enum log_level level)
{
	log_level = level;
}

__attribute__((format(printf, 2, 0))) static void write_line(int fd, const char *format, va_list arguments)
{
	char line[LOG_LINE];
	int n = vsnprintf(line, sizeof line - 1, format, arguments);

	if (n < 0)
		return;
	if (n > LOG_LINE - 2)
		n = LOG_LINE - 2;
	line[n] = '\n';
	/* If nobody reads, the line is lost rather than the thread held up. A writable pipe has room for a
	 * line. */
	if (poll(&(struct pollfd){.fd = fd, .events = POLLOUT}, 1, 0) <= 0)
		return;
	/* One write, so that lines of several threads don't mix. A full disk must not stop us. */
	if (write(fd, line, (size_t)n + 1) < 0)
		return;
}

void log_error(const char *format, ...)
{
	va_list arguments;

	if (log_level < LOG_ERRORS)
		return;
	va_start(arguments, format);
	write_line(STDERR_FILENO, format, arguments);
	va_end(arguments);
}

void log_line(const char *format, ...)
{
	va_list arguments;

	if (log_level < LOG_NORMAL)
		return;
	va_start(arguments, format);
	write_line(STDERR_FILENO, format, arguments);
	va_end(arguments);
}

void log_verbose(const char *format, ...)
{
	va_list arguments;

	if (log_level < LOG_VERBOSE)
		return;
	va_start(arguments, format);
	write_line(STDERR_FILENO, format, arguments);
	va_end(arguments);
}

void log_notice(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	write_line(STDOUT_FILENO, format, arguments);
	va_end(arguments);
}

bool log_allowed(struct log_limit *limit, uint64_t now_ns)
{
	uint64_t second = now_ns / NS_PER_S;

	if (second != limit->second) {
		if (limit->left_out > 0)
			log_line("%" PRIu64 " %s left out of the log", limit->left_out, limit->what);
		limit->second = second;
		limit->lines = 0;
		limit->left_out = 0;
	}
	if (limit->lines < limit->lines_per_s) {
		limit->lines++;
		return true;
	}
	limit->left_out++;
	return false;
}
