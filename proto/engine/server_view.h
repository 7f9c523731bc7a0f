/* When a client asks for its server's view, which answers it takes, and how often a server answers. Takes
 * `now`: no clock, no socket. Not thread-safe: it belongs to one CONTROL port. The bodies are in
 * server_view_body.h. */
#ifndef PROTO_ENGINE_SERVER_VIEW_H
#define PROTO_ENGINE_SERVER_VIEW_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/record/snapshot.h"

enum {
	SERVER_VIEW_ASK_MS = 500, /* between two questions */
	SERVER_VIEW_ANSWERS = 4,  /* in any second, at most */
};

struct server_view_dialog {
	bool on;                   /* client: somebody watches */
	uint64_t ask_ns;           /* client: no question before this */
	uint64_t open;             /* client: questions that may still be answered */
	struct server_view latest; /* client: taken_ns 0: none yet */
	/* Server: one token per answer; it comes back a second after it was spent. */
	uint64_t spent_ns[SERVER_VIEW_ANSWERS];
	uint64_t answers;
};

/* Client: switching off and on again brings no question forward. The latest view is kept. */
void server_view_set(struct server_view_dialog *w, bool on);

/* Client: when the next question is due; CLOCK_NEVER while nobody watches. */
uint64_t server_view_due_ns(const struct server_view_dialog *w);

/* Client: whether a question is to be sent now; then it counts as sent. */
bool server_view_ask(struct server_view_dialog *w, uint64_t now_ns);

/* Client: takes an answer that arrived at view->taken_ns. REJECT_CHANNEL: nothing was asked. An answer that
 * another one has overtaken is dropped. */
enum wire_reject server_view_take(struct server_view_dialog *w, const struct server_view *view);

/* Server: whether a question may be answered now; then a token is spent. */
bool server_view_answer(struct server_view_dialog *w, uint64_t now_ns);

#endif
