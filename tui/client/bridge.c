#include "tui/client/bridge.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void bridge_init(struct bridge *b, int wake_fd)
{
	memset(b, 0, sizeof *b);
	b->wake_fd = wake_fd;
	pthread_mutex_init(&b->lock, NULL);
}

void bridge_free(struct bridge *b)
{
	pthread_mutex_destroy(&b->lock);
	free(b->document);
}

void bridge_show(struct bridge *b, const struct view *view)
{
	/* The screen is still copying the last one: skip this one, the next comes soon. */
	if (pthread_mutex_trylock(&b->lock))
		return;
	b->view = *view;
	pthread_mutex_unlock(&b->lock);
}

bool bridge_take(struct bridge *b, struct command *command)
{
	bool any;

	pthread_mutex_lock(&b->lock);
	any = b->commands > 0;
	if (any) {
		*command = b->command[0];
		memmove(b->command, b->command + 1, --b->commands * sizeof *b->command);
	}
	pthread_mutex_unlock(&b->lock);
	return any;
}

void bridge_hand_document(struct bridge *b, char *document)
{
	char *old;

	pthread_mutex_lock(&b->lock);
	old = b->document;
	b->document = document;
	pthread_mutex_unlock(&b->lock);
	free(old);
}

void bridge_end(struct bridge *b)
{
	pthread_mutex_lock(&b->lock);
	b->ended = true;
	pthread_mutex_unlock(&b->lock);
}

bool bridge_look(struct bridge *b, struct view *view)
{
	bool ended;

	pthread_mutex_lock(&b->lock);
	*view = b->view;
	ended = b->ended;
	pthread_mutex_unlock(&b->lock);
	return !ended;
}

void bridge_tell(struct bridge *b, const struct command *command)
{
	pthread_mutex_lock(&b->lock);
	if (b->commands < BRIDGE_COMMANDS)
		b->command[b->commands++] = *command;
	pthread_mutex_unlock(&b->lock);
	/* Should this fail, its loop looks again soon. */
	if (write(b->wake_fd, &(uint64_t){1}, sizeof(uint64_t)) < 0)
		return;
}

char *bridge_take_document(struct bridge *b)
{
	char *document;

	pthread_mutex_lock(&b->lock);
	document = b->document;
	b->document = NULL;
	pthread_mutex_unlock(&b->lock);
	return document;
}
