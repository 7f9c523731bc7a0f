#include "tui/panels/app.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "proto/sys/clock.h"
#include "tui/panels/actions.h"
#include "tui/panels/paint.h"

enum { APP_PATIENCE_MS = 10 }; /* with a terminal that has stopped reading */

static struct layout draw(struct app *a)
{
	struct canvas *c = screen_canvas(a->screen);
	struct scene scene = {
		.view = &a->view,
		.history = &a->history,
		.ui = &a->ui,
		.at = ui_moment(&a->ui, &a->history),
	};
	struct layout l = {0};

	if (!c)
		return l;
	l = paint(c, &scene);
	screen_show(a->screen);
	return l;
}

static void take_document(struct app *a)
{
	char *document = bridge_take_document(a->bridge);

	if (document)
		save_document(a, document);
	free(document);
}

/* Frames keep their pace however fast keys come; a key shows in the next one or sooner. */
static void *run(void *context)
{
	struct app *a = context;
	uint64_t frame_ns = 0;

	while (bridge_look(a->bridge, &a->view)) {
		struct layout l;
		int key, row = 0, col = 0;
		uint64_t now_ns = clock_now_ns();

		history_add(&a->history, &a->view);
		take_document(a);
		l = draw(a);
		frame_ns = now_ns + clock_ms(APP_FRAME_MS);
		do {
			now_ns = clock_now_ns();
			key = screen_key(a->screen,
				now_ns < frame_ns ? (int)((frame_ns - now_ns) / NS_PER_MS) : 0, &row, &col);
			if (key != SCREEN_NOTHING)
				actions_key(a, &l, key, row, col);
		} while (key != SCREEN_NOTHING && key != SCREEN_GONE && clock_now_ns() < frame_ns);
		if (key == SCREEN_GONE)
			break;
	}
	/* One write of eight bytes to an empty event fd: it can't fail. */
	(void)!write(a->ended_fd, &(uint64_t){1}, sizeof(uint64_t));
	return NULL;
}

static int start_thread(struct app *a)
{
	sigset_t all, before;
	int error;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	error = pthread_create(&a->thread, NULL, run, a);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return -error;
}

int app_start(struct app *a, const struct options *options, struct bridge *bridge)
{
	struct screen_plan plan = {
		.out = stdout,
		.in = stdin,
		.theme = options->theme,
		.ascii = options->ascii,
	};
	int error;

	a->bridge = bridge;
	a->options = *options;
	a->ui.focus = PORT_UPLOAD;
	a->ui.scale = 1;
	bridge_look(bridge, &a->view);
	a->ended_fd = eventfd(0, EFD_CLOEXEC);
	if (a->ended_fd < 0)
		return -errno;
	error = -ENOTTY;
	a->screen = screen_open(&plan);
	if (!a->screen)
		goto out;
	error = start_thread(a);
	if (!error)
		return 0;
	screen_close(a->screen);
out:
	close(a->ended_fd);
	return error;
}

void app_stop(struct app *a)
{
	struct pollfd ended = {.fd = a->ended_fd, .events = POLLIN};

	do
		screen_unblock();
	while (poll(&ended, 1, APP_PATIENCE_MS) < 1);
	pthread_join(a->thread, NULL);
	close(a->ended_fd);
	screen_unblock();
	screen_close(a->screen);
	history_free(&a->history);
}
