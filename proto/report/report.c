#include "proto/report/report.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "proto/record/outcome.h"
#include "proto/record/verdict.h"
#include "proto/sys/clock.h"
#include "proto/sys/text.h"

/* Names from a command line may be any bytes; what is reported is UTF-8, cut at a character boundary. */
__attribute__((format(printf, 3, 0))) static void write_text(
	char *out, size_t room, const char *format, va_list arguments)
{
	char raw[2 * REPORT_TEXT];
	int size = vsnprintf(raw, sizeof raw, format, arguments);

	if (size < 0)
		size = 0;
	text_sanitise(out, room, raw, (size_t)size < sizeof raw ? (size_t)size : sizeof raw - 1);
}

void report_init(struct report *r, const struct options *options, const char *server)
{
	*r = (struct report){.options = options, .began = (double)clock_wall_ns() / NS_PER_S};
	text_sanitise(r->server, sizeof r->server, server, strlen(server));
}

void report_free(struct report *r)
{
	free(r->interval);
	r->interval = NULL;
	r->intervals = r->room = 0;
}

int report_add_interval(struct report *r, const struct report_interval *interval)
{
	if (r->intervals == r->room) {
		size_t room = r->room ? 2 * r->room : 64;
		struct report_interval *grown = realloc(r->interval, room * sizeof *grown);

		if (!grown)
			return -ENOMEM;
		r->interval = grown;
		r->room = room;
	}
	r->interval[r->intervals++] = *interval;
	return 0;
}

void report_warn(struct report *r, const char *format, ...)
{
	va_list arguments;

	if (r->warnings == REPORT_WARNINGS)
		return;
	va_start(arguments, format);
	write_text(r->warning[r->warnings++], REPORT_TEXT, format, arguments);
	va_end(arguments);
}

void report_fail(struct report *r, const char *code, const char *format, ...)
{
	va_list arguments;

	if (r->error_code[0])
		return; /* the first error is the cause of the others */
	snprintf(r->error_code, sizeof r->error_code, "%s", code);
	va_start(arguments, format);
	write_text(r->error, sizeof r->error, format, arguments);
	va_end(arguments);
}

void report_add_test(struct report *r, const struct test_record *test)
{
	r->tests_ever++;
	if (r->tests == REPORT_TESTS)
		memmove(r->test, r->test + 1, --r->tests * sizeof *r->test);
	r->test[r->tests++] = *test;
}

/* Only a late sender counts: what a late receiver gets, the kernel has stamped in time. */
enum { DOUBT_LATE_PERMILLE = 50 };

const char *report_doubt(const struct test_record *test, char out[REPORT_TEXT])
{
	enum verdict_limit limit = verdict_limit(test);
	struct loss loss = outcome_loss(test);

	out[0] = '\0';
	if (loss.receiver_host > 0 && !verdict_blames_sender(limit))
		snprintf(out, REPORT_TEXT, "%" PRIu64 " datagrams found no room in the receiver's socket%s",
			loss.receiver_host,
			verdict_blames_receiver(limit) ? ": the figure is its host's, not the path's" : "");
	else if (test->sent.load.late_permille >= DOUBT_LATE_PERMILLE && !verdict_blames_receiver(limit))
		snprintf(out, REPORT_TEXT,
			"the sender was held up: %.1f %% of its turns came more than %d ms late, by up to "
			"%.1f ms",
			(double)test->sent.load.late_permille / 10, HOST_LATE_US / 1000,
			clock_in_ms(test->sent.load.late_max_ns));
	return out;
}
