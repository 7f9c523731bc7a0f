/* Which tests may run, and how much of the server's rate each gets. The listener's thread only: the CONTROL
 * ports ask by mail and are answered by mail. */
#ifndef SERVER_TEST_GRANTS_H
#define SERVER_TEST_GRANTS_H

#include "server/clients.h"

struct test_grants {
	const struct options *options;
	struct clients *clients;
};

void test_grants_init(struct test_grants *g, const struct options *options, struct clients *clients);

/* MAIL_ASK_GRANT or MAIL_TEST_OVER. False: the answer can't be posted just now, and nothing has changed;
 * to be tried again. */
bool test_grants_take(struct test_grants *g, const struct mail *mail);

/* Tells running tests their shares where these have changed. To be called now and then, since sessions end
 * too. */
void test_grants_divide(struct test_grants *g);

#endif
