/* The tests that the user has asked for: run one after the other, tried again while the server is busy, their
 * records handed to the report as they end. The main thread only. */
#ifndef TUI_CLIENT_TEST_QUEUE_H
#define TUI_CLIENT_TEST_QUEUE_H

#include "proto/report/report.h"
#include "tui/client/client.h"

struct test_queue {
	const struct options *options;
	struct client *client;
	struct report *report;
	uint64_t rate_bps; /* of the next test; 0: max */
	uint32_t duration_s;
	unsigned next;           /* in options->tests */
	unsigned started;        /* tests that run, or have run */
	uint32_t reported;       /* id of the last test known to have ended */
	unsigned again;          /* directions in which a test waits: for the path's size to be known, ... */
	uint64_t again_ns;       /* ... or, because the server was busy, until this time */
	bool hole_told;          /* the user has been told of the path's MTU black hole */
	uint64_t linger_ends_ns; /* a classic result may be repeated until then */
};

void test_queue_init(
	struct test_queue *a, const struct options *options, struct client *client, struct report *report);

/* The directions of all tests. */
unsigned test_queue_directions(const struct options *options);

/* The session is up: starts the first test. */
void test_queue_begin(struct test_queue *a);

/* Starts tests that are not on the list, in free directions: none runs there or is about to. While the
 * search for the path's largest datagram lasts, they wait: test_queue_step starts them. */
bool test_queue_is_free(const struct test_queue *a, enum test_direction direction);
void test_queue_start(struct test_queue *a, unsigned directions);

/* There is a new session, whose tests count from 1 again; those of the list that have begun are over. */
void test_queue_renew(struct test_queue *a);

/* Looks at the client's snapshot and moves on. True when all is done. */
bool test_queue_step(struct test_queue *a, uint64_t now_ns);

/* The session ends before its tests do: puts what is known of them into the report. */
void test_queue_cut_short(struct test_queue *a);

#endif
