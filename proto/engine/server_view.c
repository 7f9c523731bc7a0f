#include "proto/engine/server_view.h"

#include "proto/sys/clock.h"

void server_view_set(struct server_view_dialog *w, bool on)
{
	w->on = on;
}

uint64_t server_view_due_ns(const struct server_view_dialog *w)
{
	return w->on ? w->ask_ns : CLOCK_NEVER;
}

bool server_view_ask(struct server_view_dialog *w, uint64_t now_ns)
{
	if (!w->on || now_ns < w->ask_ns)
		return false;
	w->ask_ns = now_ns + clock_ms(SERVER_VIEW_ASK_MS);
	w->open++;
	return true;
}

enum wire_reject server_view_take(struct server_view_dialog *w, const struct server_view *view)
{
	if (w->open == 0)
		return REJECT_CHANNEL;
	w->open--;
	if (view->clock_ns >= w->latest.clock_ns)
		w->latest = *view;
	return WIRE_OK;
}

bool server_view_answer(struct server_view_dialog *w, uint64_t now_ns)
{
	uint64_t *token = &w->spent_ns[w->answers % SERVER_VIEW_ANSWERS]; /* the one that was spent first */

	if (w->answers >= SERVER_VIEW_ANSWERS && now_ns - *token < NS_PER_S)
		return false;
	*token = now_ns;
	w->answers++;
	return true;
}
