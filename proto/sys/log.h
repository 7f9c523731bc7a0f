/* Log lines on standard error: one per event, one write each, dropped when nobody reads. Any thread. */
#ifndef PROTO_SYS_LOG_H
#define PROTO_SYS_LOG_H

#include <stdbool.h>
#include <stdint.h>

enum log_level { LOG_QUIET, LOG_ERRORS, LOG_NORMAL, LOG_VERBOSE };

/* Once, before any thread starts. */
void log_set_level(enum log_level level);

__attribute__((format(printf, 1, 2))) void log_error(const char *format, ...);
__attribute__((format(printf, 1, 2))) void log_line(const char *format, ...);
__attribute__((format(printf, 1, 2))) void log_verbose(const char *format, ...);

/* A line on standard output, whatever the level: whoever started the server waits for it. */
__attribute__((format(printf, 1, 2))) void log_notice(const char *format, ...);

/* A limit on the lines of one kind of event, so that a peer can't flood the log. */
struct log_limit {
	uint32_t lines_per_s;
	const char *what; /* "malformed requests": for the line that counts what was left out */
	uint64_t second;
	uint32_t lines;
	uint64_t left_out;
};

/* Whether a line of this kind may be written now. The first call in a new second logs how many were left out.
 * Called only by the thread that owns the limit. */
bool log_allowed(struct log_limit *limit, uint64_t now_ns);

#endif
