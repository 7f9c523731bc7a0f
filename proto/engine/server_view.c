#include "proto/engine/server_view.h"

#include "proto/sys/clock.h"

void watch_set(struct watch *w, bool on)
{
	w->on = on;
}

uint64_t watch_due_ns(const struct watch *w)
{
	return w->on ? w->ask_ns : CLOCK_NEVER;
}

bool watch_ask(struct watch *w, uint64_t now_ns)
{
	if (!w->on || now_ns < w->ask_ns)
		return false;
	w->ask_ns = now_ns + (uint64_t)WATCH_ASK_MS * NS_PER_MS;
	w->open++;
	return true;
}

enum wire_reject watch_take(struct watch *w, const struct peer_view *view)
{
	if (w->open == 0)
		return REJECT_CHANNEL;
	w->open--;
	if (view->clock_ns >= w->latest.clock_ns)
		w->latest = *view;
	return WIRE_OK;
}

bool watch_answer(struct watch *w, uint64_t now_ns)
{
	uint64_t *token = &w->spent_ns[w->answers % WATCH_ANSWERS]; /* the one that was spent first */

	if (w->answers >= WATCH_ANSWERS && now_ns - *token < NS_PER_S)
		return false;
	*token = now_ns;
	w->answers++;
	return true;
}
