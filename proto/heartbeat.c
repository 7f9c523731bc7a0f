/* A side reads only its own stamps, and takes one only while it is pending: that makes each round trip
 * count once, whatever the network doubles, and keeps forged ones out. */
#include "proto/heartbeat.h"

#include <string.h>

#include "proto/clock.h"

void heartbeat_init(
	struct heartbeat *h, bool is_client, uint64_t interval_ns, uint64_t limit, uint64_t now_ns)
{
	*h = (struct heartbeat){
		.is_client = is_client,
		.interval_ns = interval_ns,
		.limit = limit,
		.next_ns = now_ns,
	};
}

static bool all_sent(const struct heartbeat *h)
{
	/* Tries that were lost before the first answer don't use up the limit. */
	return h->limit && h->round_trip.n > 0 && h->sent >= h->limit;
}

uint64_t heartbeat_due_ns(const struct heartbeat *h)
{
	return h->is_client && !all_sent(h) ? h->next_ns : CLOCK_NEVER;
}

static void remember(struct heartbeat *h, uint64_t stamp_ns)
{
	uint64_t *slot = &h->pending[h->pending_at++ % HEARTBEAT_PENDING];

	h->lost += *slot != 0;
	*slot = stamp_ns;
	h->sent++;
}

size_t heartbeat_begin(struct heartbeat *h, uint64_t now_ns, char body[MESSAGE_BODY])
{
	struct message_heartbeat m = {0};
	uint64_t interval_ns = h->interval_ns;

	if (h->round_trip.n == 0 && interval_ns > (uint64_t)HEARTBEAT_FIRST_MS * NS_PER_MS)
		interval_ns = (uint64_t)HEARTBEAT_FIRST_MS * NS_PER_MS;
	/* Keep the beat, but don't make up for beats that were missed. */
	h->next_ns += interval_ns;
	if (h->next_ns <= now_ns)
		h->next_ns = now_ns + interval_ns;
	remember(h, now_ns);
	message_write_stamp(m.client, now_ns);
	return message_format_heartbeat(body, WIRE_HEARTBEAT_0, &m);
}

/* A stamp has gone through a JSON number, perhaps a double, and may have lost its last digits. */
static uint64_t *find_pending(struct heartbeat *h, uint64_t stamp_ns)
{
	for (unsigned i = 0; i < HEARTBEAT_PENDING; i++) {
		uint64_t p = h->pending[i];

		if (p && (p > stamp_ns ? p - stamp_ns : stamp_ns - p) < NS_PER_US)
			return &h->pending[i];
	}
	return NULL;
}

/* RFC 3550, 6.4.1: J += (|D| - J) / 16. */
static void update_jitter(struct heartbeat *h, uint64_t round_trip_ns)
{
	uint64_t d = round_trip_ns > h->last_ns ? round_trip_ns - h->last_ns : h->last_ns - round_trip_ns;

	if (h->round_trip.n > 0)
		h->jitter_ns = h->jitter_ns - h->jitter_ns / 16 + d / 16;
}

static enum wire_reject measure(struct heartbeat *h, const char *stamp, uint64_t received_ns)
{
	uint64_t stamp_ns, *pending;

	if (!message_read_stamp(stamp, &stamp_ns))
		return REJECT_BODY;
	pending = find_pending(h, stamp_ns);
	if (!pending || *pending > received_ns)
		return REJECT_SEQUENCE;
	update_jitter(h, received_ns - *pending);
	h->last_ns = received_ns - *pending;
	histogram_add(&h->round_trip, h->last_ns);
	*pending = 0;
	return WIRE_OK;
}

static enum wire_reject answer_0(
	struct heartbeat *h, struct message_heartbeat *m, uint64_t now_ns, struct heartbeat_answer *answer)
{
	remember(h, now_ns);
	message_write_stamp(m->server, now_ns);
	answer->type = WIRE_HEARTBEAT_1;
	answer->size = message_format_heartbeat(answer->body, WIRE_HEARTBEAT_1, m);
	return WIRE_OK;
}

enum wire_reject heartbeat_input(
	struct heartbeat *h, const struct heartbeat_packet *packet, struct heartbeat_answer *answer)
{
	struct message_heartbeat m;
	enum wire_reject reason;

	answer->size = 0;
	if (h->is_client != (packet->type == WIRE_HEARTBEAT_1))
		return REJECT_TYPE;
	reason = message_parse_heartbeat(packet->body, packet->size, packet->type, &m);
	if (reason)
		return reason;
	if (packet->type == WIRE_HEARTBEAT_0)
		return answer_0(h, &m, packet->now_ns, answer);
	if (packet->type == WIRE_HEARTBEAT_2)
		return measure(h, m.server, packet->received_ns);

	reason = measure(h, m.client, packet->received_ns);
	if (reason)
		return reason;
	answer->type = WIRE_HEARTBEAT_2;
	answer->size = message_format_heartbeat(answer->body, WIRE_HEARTBEAT_2, &m);
	return WIRE_OK;
}

void heartbeat_expire(struct heartbeat *h, uint64_t now_ns)
{
	for (unsigned i = 0; i < HEARTBEAT_PENDING; i++) {
		if (h->pending[i] && now_ns > h->pending[i] + (uint64_t)HEARTBEAT_LOST_MS * NS_PER_MS) {
			h->pending[i] = 0;
			h->lost++;
		}
	}
}

bool heartbeat_finished(const struct heartbeat *h)
{
	return all_sent(h) && h->round_trip.n + h->lost >= h->sent;
}

void heartbeat_summary(const struct heartbeat *h, struct latency_summary *out)
{
	const struct histogram *r = &h->round_trip;

	out->sent = h->sent;
	out->lost = h->lost;
	if (out->n == r->n)
		return; /* the rest follows from the round trips alone */
	*out = (struct latency_summary){
		.n = r->n,
		.sent = h->sent,
		.lost = h->lost,
		.last_ns = h->last_ns,
		.min_ns = r->min_ns,
		.mean_ns = histogram_mean(r),
		.p50_ns = histogram_percentile(r, 50),
		.p90_ns = histogram_percentile(r, 90),
		.p99_ns = histogram_percentile(r, 99),
		.max_ns = r->max_ns,
		.jitter_ns = h->jitter_ns,
	};
}
