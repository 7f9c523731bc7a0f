#include "proto/record/verdict.h"

#include <inttypes.h>
#include <stdio.h>

#include "proto/record/outcome.h"
#include "proto/sys/clock.h"
#include "proto/sys/text.h"

enum {
	BUSY_PERMILLE = 850, /* of a CPU: a thread that does little else */
	PAUSE_MS = 5,        /* a turn as late has been missed: several bursts are due at once */
	RANGE_PERCENT = 133, /* the 90th percentile of the 10th: less is not worth a word */
	/* Packets up to 20 ms late make windows of 100 ms of a steady rate as different as (100 + 20) / (100
	   - 20). */
	VARIES_PERCENT = 150,
	CI_NOTHING_PPM = 1000000, /* an interval as wide says nothing */
	QUEUE_SEEN_MS = 2,        /* added to the median under load: something queues */
};

static bool reaches(const struct test_record *t, uint64_t rate_bps)
{
	return rate_bps &&
	       clock_bps(t->sent.count.bytes, (double)t->sent.duration_ns) > 0.97 * (double)rate_bps;
}

static bool more_than(uint64_t part, uint64_t whole, unsigned permille)
{
	return part * 1000 > whole * permille;
}

static bool is_busy(const struct host_load *h)
{
	return h->known && h->cpu_permille >= BUSY_PERMILLE;
}

static bool is_often_late(const struct host_load *h)
{
	return h->known && h->late_permille >= VERDICT_LATE_PERMILLE;
}

/* Of a host that is known to be the limit: a single long pause may have been enough. */
static bool was_paused(const struct host_load *h)
{
	return is_often_late(h) || (h->known && h->late_max_ns >= clock_ms(PAUSE_MS));
}

static enum verdict_limit sender(const struct test_record *t)
{
	if (is_busy(&t->sent.load))
		return LIMIT_SENDER_CPU;
	return was_paused(&t->sent.load) ? LIMIT_SENDER_PAUSED : LIMIT_SENDER_HOST;
}

static enum verdict_limit receiver(const struct test_record *t)
{
	if (is_busy(&t->received.load))
		return LIMIT_RECEIVER_CPU;
	if (was_paused(&t->received.load))
		return LIMIT_RECEIVER_PAUSED;
	return outcome_loss(t).receiver_host > 0 ? LIMIT_SOCKET_BUFFER : LIMIT_RECEIVER_HOST;
}

/* Enough of them to be what held a test back. */
static bool is_receivers_loss(const struct test_record *t)
{
	struct loss loss = outcome_loss(t);

	return loss.receiver_host > loss.path && more_than(loss.receiver_host, t->sent.count.packets, 5);
}

/* A search could not send what it wanted to: the sender's doing, unless the receiver lost much, or only the
 * receiver shows signs of it. */
static enum verdict_limit slower_host(const struct test_record *t)
{
	enum verdict_limit limit = sender(t);
	bool receiver_suffered = is_busy(&t->received.load) || outcome_loss(t).receiver_host > 0;

	if (is_receivers_loss(t) || (limit == LIMIT_SENDER_HOST && receiver_suffered))
		return receiver(t);
	return limit;
}

/* The bottleneck was busy, and its rate is known. */
static bool is_measured_path(const struct test_record *t)
{
	return t->sent.capacity.limit == CAPACITY_NETWORK && t->sent.capacity.ci_ppm < CI_NOTHING_PPM;
}

/* Taken for the path's limit, and yet no two windows agree: where the host was at its own, that is the
 * reason. */
static enum verdict_limit doubtful_path(const struct test_record *t)
{
	if (is_measured_path(t) || t->sent.bucket.kind)
		return LIMIT_PATH;
	return is_busy(&t->sent.load) || is_often_late(&t->sent.load) ? sender(t) : LIMIT_UNKNOWN;
}

/* What the search ran into. */
static enum verdict_limit searched(const struct test_record *t)
{
	switch (t->sent.capacity.limit) {
	case CAPACITY_NETWORK:
		return doubtful_path(t);
	case CAPACITY_SENDER:
		return slower_host(t);
	case CAPACITY_RECEIVER:
		return receiver(t);
	case CAPACITY_CEILING:
		return t->asked_rate_bps ? LIMIT_ASKED_RATE : LIMIT_SERVER_CAP;
	case CAPACITY_UNKNOWN:
		break;
	}
	return LIMIT_UNKNOWN;
}

enum verdict_limit verdict_limit(const struct test_record *t)
{
	struct loss loss = outcome_loss(t);
	bool capped = t->rate_bps && (t->asked_rate_bps == 0 || t->rate_bps < t->asked_rate_bps);

	if (t->phase == TEST_FAILED || !t->received.known || t->sent.count.packets == 0)
		return LIMIT_UNKNOWN;
	if (t->search && t->sent.capacity.bps)
		return searched(t);
	if (is_receivers_loss(t))
		return receiver(t);
	if (more_than(loss.path, t->sent.count.packets, 10))
		return LIMIT_PATH;
	if (reaches(t, t->rate_bps))
		return capped ? LIMIT_SERVER_CAP : LIMIT_ASKED_RATE;
	if (t->received.count.host_drops > 0)
		return receiver(t); /* its drops have held back an unlimited sender */
	if (is_busy(&t->sent.load))
		return LIMIT_SENDER_CPU;
	if (is_busy(&t->received.load))
		return LIMIT_RECEIVER_CPU;
	if (is_often_late(&t->sent.load))
		return LIMIT_SENDER_PAUSED;
	return t->rate_bps == 0 && !t->search && t->sent.load.known ? sender(t) : LIMIT_UNKNOWN;
}

bool verdict_blames_sender(enum verdict_limit limit)
{
	return limit == LIMIT_SENDER_CPU || limit == LIMIT_SENDER_PAUSED || limit == LIMIT_SENDER_HOST;
}

bool verdict_blames_receiver(enum verdict_limit limit)
{
	return limit == LIMIT_RECEIVER_CPU || limit == LIMIT_RECEIVER_PAUSED ||
	       limit == LIMIT_RECEIVER_HOST || limit == LIMIT_SOCKET_BUFFER;
}

bool verdict_is_least(const struct test_record *t)
{
	return verdict_limit(t) != LIMIT_PATH;
}

static bool is_apart(const struct path_capacity *c, uint64_t percent)
{
	return c->p10_bps && (double)c->p90_bps * 100 > (double)c->p10_bps * (double)percent;
}

const char *verdict_range(const struct path_capacity *c, char out[VERDICT_RANGE])
{
	struct text_scaled high = text_scale((double)c->p90_bps);
	double low = is_apart(c, RANGE_PERCENT) ? high.value * (double)c->p10_bps / (double)c->p90_bps : 0;
	int decimals = low < 10 ? 2 : 1;

	out[0] = '\0';
	if (low > 0)
		snprintf(out, VERDICT_RANGE, "%.*f .. %.*f %sbit/s", decimals, low, decimals, high.value,
			high.prefix);
	return out;
}

/* By more than jitter explains, and to both sides of the mean: a few windows of a search that had not settled
 * yet lie on one. A sender that was held up makes any path look so. */
static bool varies(const struct test_record *t)
{
	const struct path_capacity *c = &t->sent.capacity;

	return is_apart(c, VARIES_PERCENT) && c->p10_bps * 10 < c->bps * 9 && c->p90_bps * 10 > c->bps * 11 &&
	       !is_often_late(&t->sent.load);
}

const char *verdict_limit_name(enum verdict_limit limit)
{
	static const char *const name[VERDICT_LIMITS] = {
		[LIMIT_UNKNOWN] = "unknown",
		[LIMIT_PATH] = "path",
		[LIMIT_SENDER_CPU] = "sender_cpu",
		[LIMIT_SENDER_PAUSED] = "sender_paused",
		[LIMIT_SENDER_HOST] = "sender_host",
		[LIMIT_RECEIVER_CPU] = "receiver_cpu",
		[LIMIT_RECEIVER_PAUSED] = "receiver_paused",
		[LIMIT_RECEIVER_HOST] = "receiver_host",
		[LIMIT_SOCKET_BUFFER] = "socket_buffer",
		[LIMIT_SERVER_CAP] = "server_cap",
		[LIMIT_ASKED_RATE] = "asked_rate",
	};

	return name[limit];
}

static double share(uint64_t part, uint64_t whole)
{
	return whole ? 100.0 * (double)part / (double)whole : 0;
}

static void blame_cpu(const struct host_load *h, const char *who, char out[VERDICT_TEXT])
{
	int used = snprintf(out, VERDICT_TEXT, "the %s: its thread used %.0f %% of a CPU%s", who,
		(double)h->cpu_permille / 10, h->offload ? "" : ", without offload");

	if (h->late_permille > 0)
		snprintf(out + used, VERDICT_TEXT - (size_t)used,
			"; %.1f %% of its turns came late, by up to %.1f ms", (double)h->late_permille / 10,
			clock_in_ms(h->late_max_ns));
}

static void blame_pauses(const struct host_load *h, const char *who, char out[VERDICT_TEXT])
{
	snprintf(out, VERDICT_TEXT,
		"the %s: it was held up, %.1f %% of its turns came late, by up to %.1f ms; its thread used "
		"%.0f %% of a CPU",
		who, (double)h->late_permille / 10, clock_in_ms(h->late_max_ns),
		(double)h->cpu_permille / 10);
}

static void blame_host(const struct host_load *h, const char *what, char out[VERDICT_TEXT])
{
	int used = snprintf(out, VERDICT_TEXT, "%s", what);

	if (h->known)
		snprintf(out + used, VERDICT_TEXT - (size_t)used, "; its thread used %.0f %% of a CPU%s",
			(double)h->cpu_permille / 10, h->offload ? "" : ", without offload");
}

static void blame_path(const struct test_record *t, double lost_percent, char out[VERDICT_TEXT])
{
	const struct bucket_result *b = &t->sent.bucket;

	if (b->kind)
		snprintf(out, VERDICT_TEXT, "the path: a %s of %.1f Mbit/s with a bucket of %.0f kB",
			b->kind == BUCKET_SHAPER ? "shaper" : "policer", (double)b->rate_bps / 1e6,
			(double)b->bytes / 1e3);
	else if (is_measured_path(t) && varies(t))
		snprintf(out, VERDICT_TEXT, "the path: its rate varies");
	else if (is_measured_path(t))
		snprintf(out, VERDICT_TEXT, "the path: its bottleneck was busy");
	else
		snprintf(out, VERDICT_TEXT, "the path: it lost %.2f %%", lost_percent);
}

void verdict_sentence(const struct test_record *t, char out[VERDICT_TEXT])
{
	struct loss loss = outcome_loss(t);
	uint64_t sent = t->sent.count.packets;

	switch (verdict_limit(t)) {
	case LIMIT_PATH:
		blame_path(t, share(loss.path, sent), out);
		break;
	case LIMIT_SENDER_CPU:
		blame_cpu(&t->sent.load, "sender", out);
		break;
	case LIMIT_SENDER_PAUSED:
		blame_pauses(&t->sent.load, "sender", out);
		break;
	case LIMIT_SENDER_HOST:
		blame_host(&t->sent.load, "the sender: it could not go faster", out);
		break;
	case LIMIT_RECEIVER_CPU:
		blame_cpu(&t->received.load, "receiver", out);
		break;
	case LIMIT_RECEIVER_PAUSED:
		blame_pauses(&t->received.load, "receiver", out);
		break;
	case LIMIT_RECEIVER_HOST:
		blame_host(&t->received.load,
			"the receiver: it took no more, what came faster waited in its socket", out);
		break;
	case LIMIT_SOCKET_BUFFER:
		snprintf(out, VERDICT_TEXT, "the receiver's socket buffer: it had no room for %.3f %%",
			share(loss.receiver_host, sent));
		break;
	case LIMIT_SERVER_CAP:
		snprintf(out, VERDICT_TEXT, "the server's limit");
		break;
	case LIMIT_ASKED_RATE:
		snprintf(out, VERDICT_TEXT, "the asked rate; the path carries it");
		break;
	default:
		snprintf(out, VERDICT_TEXT, "not known");
		break;
	}
}

static bool carried(const struct port_snapshot *p)
{
	return p->source.packets > 0 || p->sink.packets > 0;
}

uint32_t verdict_responsiveness(const struct session_snapshot *s)
{
	uint64_t n = 0;
	double sum_ns = 0;

	for (int kind = 0; kind < PORT_KINDS; kind++) {
		const struct latency_part *l = &s->port[kind].latency.loaded;

		if (kind != PORT_CONTROL && !carried(&s->port[kind]))
			continue;
		n += l->n;
		sum_ns += (double)l->mean_ns * (double)l->n;
	}
	return n && sum_ns > 0 ? (uint32_t)(60.0 * NS_PER_S * (double)n / sum_ns) : 0;
}

static uint64_t added(const struct latency_summary *l)
{
	return l->loaded.p95_ns > l->idle.p50_ns ? l->loaded.p95_ns - l->idle.p50_ns : 0;
}

static bool is_measured(const struct latency_summary *l)
{
	return l->idle.n > 0 && l->loaded.n > 0;
}

uint64_t verdict_added_ns(const struct session_snapshot *s)
{
	uint64_t most = 0;

	for (int kind = 0; kind < PORT_KINDS; kind++)
		if (is_measured(&s->port[kind].latency) && added(&s->port[kind].latency) > most)
			most = added(&s->port[kind].latency);
	return most;
}

char verdict_grade(const struct session_snapshot *s)
{
	static const uint64_t below_ms[] = {5, 30, 60, 200, 400};
	uint64_t added_ns = verdict_added_ns(s);
	bool any = false;
	int i = 0;

	for (int kind = 0; kind < PORT_KINDS; kind++)
		any = any || is_measured(&s->port[kind].latency);
	while (i < 5 && added_ns >= below_ms[i] * NS_PER_MS)
		i++;
	return any ? (char)('A' + i) : '-';
}

static uint64_t risen(const struct latency_summary *l)
{
	return l->loaded.p50_ns > l->idle.p50_ns ? l->loaded.p50_ns - l->idle.p50_ns : 0;
}

struct verdict_queue verdict_standing_queue(const struct session_snapshot *s, const struct test_record *t)
{
	struct verdict_queue q = {0};

	for (int kind = 0; kind < PORT_KINDS; kind++)
		if (is_measured(&s->port[kind].latency) && risen(&s->port[kind].latency) > q.ns)
			q.ns = risen(&s->port[kind].latency);
	if (t->sent.duration_ns)
		q.bytes = (uint64_t)((double)t->received.count.bytes * (double)q.ns /
				     (double)t->sent.duration_ns);
	return q;
}

enum verdict_queues verdict_queues(const struct session_snapshot *s)
{
	const struct latency_summary *control = &s->port[PORT_CONTROL].latency;
	uint64_t most = 0;

	for (int kind = PORT_UPLOAD; kind <= PORT_DOWNLOAD; kind++)
		if (carried(&s->port[kind]) && is_measured(&s->port[kind].latency) &&
			risen(&s->port[kind].latency) > most)
			most = risen(&s->port[kind].latency);
	if (!is_measured(control) || most < clock_ms(QUEUE_SEEN_MS))
		return QUEUES_UNKNOWN;
	return risen(control) * 2 > most ? QUEUES_SHARED : QUEUES_PER_FLOW;
}
