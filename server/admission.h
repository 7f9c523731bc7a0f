/* The main port's questions: who may get a session, and what the answer is. No state is kept before an
 * address is proven; only well-formed questions are answered, with no more bytes than they had. The
 * listener's thread only. */
#ifndef SERVER_ADMISSION_H
#define SERVER_ADMISSION_H

#include "proto/net/udp.h"
#include "proto/sys/log.h"
#include "server/clients.h"
#include "server/cookie.h"
#include "server/rate_limit.h"

struct admission {
	const struct options *options;
	const struct keys *keys; /* NULL: no key is required */
	struct clients *clients;
	struct udp_socket *socket;
	struct address local;
	struct mailbox *gate;
	struct cookie_jar jar;
	struct rate_limit *rates;
	uint64_t classic_full_ns; /* one token bucket for all classic questions */
	bool exhausted;           /* the ports have run out, and the log has said so */
	struct log_limit malformed, refused;
	uint64_t ignored; /* datagrams that were not answered */
};

/* 0 or -ENOMEM. The caller has set the fields up to `gate`. */
int admission_open(struct admission *admission);
void admission_close(struct admission *admission);

/* Takes one datagram of the main port. */
void admission_input(struct admission *admission, const struct udp_datagram *d);

#endif
