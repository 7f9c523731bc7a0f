/* A client's life from its beginning to its end: reach the server, open a session, run the tests in turn,
 * try again, end; and keep the outcome in a report. It knows nothing of screens and lines: a face is told
 * what happens and reads the rest from the job, in the main thread, as a part of the job's step.
 *
 *   asking -> assigned -> up -> tests in turn -> end
 *
 * and from any of them to failed: the end, or, with a user who looks on, asking again.
 *
 * A task of the main loop; the main thread only. */
#ifndef TUI_CLIENT_JOB_H
#define TUI_CLIENT_JOB_H

#include "tui/client/cause.h"
#include "tui/client/test_queue.h"

enum { JOB_RETRY_S = 5 }; /* between two attempts to reach a server */

enum job_event {
	JOB_ASSIGNED, /* the server has named three ports: client.assignment */
	JOB_UP,       /* and all three have heard from it */
	JOB_FAILED,   /* no session: client.state and words; and report.error, unless it is interactive */
	JOB_TESTED,   /* tests are over: they are in the report, the latest last */
	JOB_LOOKED,   /* every look_ms: the snapshot is fresh, if there is a session */
};

struct job_plan {
	const struct options *options; /* outlives the job */
	const struct key *key;         /* NULL: none */
	/* A user is there: the job goes on when its tests are over, asks again when it has no session, and
	 * ends when it is told to. Otherwise it ends by itself, and the first thing that goes wrong ends it.
	 */
	bool interactive;
	unsigned look_ms;
	void (*tell)(void *context, enum job_event event);
	void *context; /* of `tell` */
};

struct job {
	struct loop_task task;
	struct job_plan plan;
	struct runner_home home;
	struct address server;
	struct client client;
	struct test_queue test_queue;
	struct report report;
	enum client_state told;   /* what the face knows of */
	struct cause_words words; /* why there is no session; kept until there is one */
	bool asked;               /* client is open */
	bool was_up;              /* at least once */
	bool watching;            /* the server's side is asked for */
	bool stopped;             /* the user ends tests early: no failure */
	unsigned tries;
	uint64_t now_ns;   /* of this step */
	uint64_t retry_ns; /* when the server is tried again; 0: not by itself */
	uint64_t end_ns;   /* when to end; CLOCK_NEVER: not yet known */
	int signal;        /* that ended it; 0: none */
};

/* Resolves the server's address and begins to ask it. 0, or another value: report.error says why, and only
 * job_free and job_exit_code are left to call. */
int job_open(struct job *j, const struct job_plan *plan);

/* Until it ends. */
void job_run(struct job *j);

/* Ends the session; the report then holds all that is known. */
void job_close(struct job *j);
void job_free(struct job *j);

/* Something that the face needs has failed, and the job with it; called instead of job_run. `error`: -errno.
 */
void job_break(struct job *j, int error);

/* Stops what is running, and ends when its counters are in, at most half a second later. */
void job_end(struct job *j);
/* The same, for a signal. */
void job_interrupt(struct job *j, int number);

/* Asks the server again now, unless it is being asked or there is a session. */
void job_retry(struct job *j);

/* Only while the client is up, and the directions (a bit for each) are free. */
void job_start_tests(struct job *j, unsigned directions);
void job_stop_tests(struct job *j);

/* Of the next test. */
void job_set_terms(struct job *j, uint64_t rate_bps, uint32_t duration_s);

/* Whether the server is to show its side, in this session and the ones after it. */
void job_watch(struct job *j, bool on);

/* All that is known so far. */
const struct report *job_report(struct job *j);

int job_exit_code(const struct job *j);

#endif
