/* Files that the user asks for. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tui/panels/actions.h"

enum { SAVE_NAME = 64, SAVE_TRIES = 100 };

/* Never overwrites a file: the second one within a second gets a number. */
static FILE *create(char name[SAVE_NAME], const char *suffix)
{
	char time_text[24];
	time_t now = time(NULL);
	struct tm local;
	int fd = -1;

	localtime_r(&now, &local);
	strftime(time_text, sizeof time_text, "%Y%m%d-%H%M%S", &local);
	snprintf(name, SAVE_NAME, "wyndrvr-%s%s", time_text, suffix);
	for (int i = 2; i < SAVE_TRIES; i++) {
		fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
		if (fd >= 0 || errno != EEXIST)
			break;
		snprintf(name, SAVE_NAME, "wyndrvr-%s-%d%s", time_text, i, suffix);
	}
	return fd < 0 ? NULL : fdopen(fd, "w");
}

static void finish(struct app *a, FILE *out, const char *name)
{
	int failed = !out || ferror(out);

	if (out && fclose(out))
		failed = 1;
	if (failed)
		actions_notice(a, "%s: %s", name, strerror(errno));
	else
		actions_notice(a, "Saved: %s", name);
}

void save_picture(struct app *a)
{
	struct canvas *c = screen_canvas(a->screen);
	char name[SAVE_NAME];
	FILE *out = create(name, ".txt");

	if (out && c)
		canvas_write(c, out);
	finish(a, out, name);
}

void save_document(struct app *a, const char *document)
{
	char name[SAVE_NAME];
	FILE *out = create(name, ".json");

	if (out)
		fputs(document, out);
	finish(a, out, name);
}
