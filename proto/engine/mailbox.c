#include "proto/engine/mailbox.h"

#include <stdint.h>
#include <unistd.h>

void mailbox_init(struct mailbox *box)
{
	*box = (struct mailbox){.wake_fd = -1};
	pthread_mutex_init(&box->lock, NULL);
}

void mailbox_free(struct mailbox *box)
{
	pthread_mutex_destroy(&box->lock);
}

bool mailbox_post(struct mailbox *box, const struct mail *mail)
{
	unsigned count;
	bool taken;

	pthread_mutex_lock(&box->lock);
	count = atomic_load_explicit(&box->count, memory_order_relaxed);
	taken = count < MAILBOX_ROOM;
	if (taken) {
		box->mail[(box->first + count) % MAILBOX_ROOM] = *mail;
		atomic_store_explicit(&box->count, count + 1, memory_order_release);
	}
	pthread_mutex_unlock(&box->lock);

	/* A full counter (EAGAIN) still wakes, so the result doesn't matter. */
	if (taken && box->wake_fd >= 0 && write(box->wake_fd, &(uint64_t){1}, sizeof(uint64_t)) < 0)
		return true;
	return taken;
}

bool mailbox_take(struct mailbox *box, struct mail *mail)
{
	unsigned count;

	if (atomic_load_explicit(&box->count, memory_order_acquire) == 0)
		return false;
	pthread_mutex_lock(&box->lock);
	count = atomic_load_explicit(&box->count, memory_order_relaxed);
	*mail = box->mail[box->first];
	box->first = (box->first + 1) % MAILBOX_ROOM;
	atomic_store_explicit(&box->count, count - 1, memory_order_release);
	pthread_mutex_unlock(&box->lock);
	return true;
}
