/* One direction of an emulated link, in virtual time: what becomes of each IP packet, and the link's own
 * count, which is the truth that a measurement is compared with.
 *
 *     loss before -> policer -> buffer -> rate, grants -> loss behind, copies -> delay, jitter, reordering
 *
 * Takes `now`, never less than before; knows no socket and no clock. One thread. Chance comes from a seed,
 * and each concern has a sequence of its own: so changing one setting doesn't move what another decides. */
#ifndef TESTS_SUPPORT_LINE_H
#define TESTS_SUPPORT_LINE_H

#include "tests/support/line_queue.h"
#include "tests/support/line_rate.h"

enum { LINE_WAIT_BIN_US = 50, LINE_WAIT_BINS = 200000 }; /* up to 10 s */

/* How late packets are, their order kept. */
enum line_law {
	LINE_UNIFORM,     /* up to jitter_ms */
	LINE_EXPONENTIAL, /* with a mean of jitter_ms, up to ten times that */
	LINE_SPIKES,      /* about each spike_every_ms all wait for the end of a stall of jitter_ms / 2 to
			     jitter_ms */
};

struct line_loss {
	double share;
	double burst; /* mean length in packets of what is lost in a row; up to 1: each by itself */
};

/* All that is 0 is not there. Shares are 0..1. */
struct line_settings {
	struct line_rate_plan rate;
	bool by_flow;
	double buffer_bytes, buffer_ms; /* the smaller one that is there; never less than two large packets */
	double burst_ms, burst_variation;  /* packets leave together each burst_ms (1 +- variation) */
	double policer_bps, policer_bytes; /* its bucket; full at first */
	struct line_loss before, behind;   /* the bottleneck */
	double duplicate;
	double delay_ms, jitter_ms;
	enum line_law law;
	double hold_ms; /* for which a draw of the jitter counts; 0: each packet draws */
	double spike_every_ms;
	double reorder, reorder_ms; /* this share is held back for so long, and others pass */
	double data_bytes;          /* length of the packets that are a test's data; 0: 600 and more */
};

/* in + duplicated = out + lost_before + policed + overflowed + lost_behind + waiting, and the same in bytes.
 * Whoever takes released packets counts those that nobody wanted. */
struct line_count {
	uint64_t packets, bytes;
};

struct line_counts {
	struct line_count in, out, lost_before, policed, overflowed, lost_behind, duplicated, waiting;
	uint64_t reordered;
};

/* From the first packet of data that came in to the last one: what the link could carry meanwhile. */
struct line_span {
	uint64_t first_ns, last_ns;
	double offered_bits, idle_ms;
};

struct line_loss_state {
	uint64_t random;
	bool is_bad;
};

struct line {
	const struct line_settings *settings;
	uint64_t random_jitter, random_fate, random_grant;
	struct line_loss_state before, behind;
	uint64_t start_ns;
	struct line_rate server, account; /* the same course: one ahead of time, one for the count */
	struct line_queue queue;
	struct line_packet *served;
	uint64_t free_ns;  /* when what is served has left */
	uint64_t grant_ns; /* the next one */
	double grant_bits; /* left over from the last one */
	double tokens;     /* bytes */
	uint64_t tokens_ns;
	uint64_t last_due_ns, order;
	double held_ms; /* jitter that counts until hold_until_ns */
	uint64_t hold_until_ns, spike_from_ns, spike_to_ns;
	struct line_packet **heap; /* packets that have left the bottleneck, by when they come out */
	size_t under_way, heap_room;
	double offered_bits, idle_ns;
	double span_offered_bits, span_idle_ns; /* when the first data came in */
	struct line_span span;
	struct line_counts all, data;
	uint32_t wait[LINE_WAIT_BINS]; /* data, by how long they waited in the buffer */
	uint64_t waits;
};

/* Sets one by the name that the emulator's options have, such as "buffer-ms".
 * 0, or -EINVAL: no such name, or no value for it; or what opening a trace says. */
int line_set(struct line_settings *s, const char *name, const char *text);

/* NULL: no memory. The settings must stay. */
struct line *line_new(const struct line_settings *settings, uint64_t seed, uint64_t now_ns);
void line_free(struct line *l);

/* Takes in an IP packet. */
void line_take(struct line *l, const void *ip, size_t size, uint64_t now_ns);

/* The next packet that has come out, which the caller frees; NULL when there is none yet. */
struct line_packet *line_release(struct line *l, uint64_t now_ns);

/* When to ask again, unless a packet comes in before; CLOCK_NEVER when nothing is under way. */
uint64_t line_due_ns(const struct line *l);

/* Brings what the link could carry, offered_bits, up to `now`. */
void line_account(struct line *l, uint64_t now_ns);

/* The same, and counts what waits. */
void line_settle(struct line *l, uint64_t now_ns);

/* How long data waited in the buffer: the share's percentile in ms; 0 when there was none. */
double line_wait_ms(const struct line *l, double share);

#endif
