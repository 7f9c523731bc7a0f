/* Each side reads only its own stamps, and accepts one only while it is pending: each round trip counts once
 * even if the network duplicates packets, and forged ones are kept out. */
#include "proto/engine/heartbeat.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "proto/sys/clock.h"

void heartbeat_init(struct heartbeat *h, const struct heartbeat_plan *plan, uint64_t now_ns)
{
	*h = (struct heartbeat){
		.is_client = plan->is_client,
		.extended = plan->extended,
		.interval_ns = plan->interval_ns,
		.limit = plan->limit,
		.owd = plan->owd,
		.next_ns = now_ns,
		.peer_interval_ns = plan->is_client || plan->extended ? 0 : clock_s(HEARTBEAT_GUESS_S),
	};
}

static uint64_t answered(const struct heartbeat *h)
{
	return h->idle.round_trip.n + h->loaded.round_trip.n;
}

static bool all_sent(const struct heartbeat *h)
{
	/* Attempts lost before the first answer don't count towards the limit. */
	return h->limit && answered(h) > 0 && h->sent >= h->limit;
}

uint64_t heartbeat_due_ns(const struct heartbeat *h)
{
	return h->is_client && !all_sent(h) ? h->next_ns : CLOCK_NEVER;
}

static void note_outcome(struct heartbeat *h, uint64_t round_trip_ns)
{
	uint32_t *at = &h->recent_ns[h->outcomes++ % LATENCY_RECENT];

	*at = round_trip_ns < LATENCY_LOST ? (uint32_t)round_trip_ns : LATENCY_LOST - 1;
}

/* A round trip that straddles the start or end of a load says little about either state: its beginning
 * decides. */
static struct heartbeat_part *part_of(struct heartbeat *h, uint64_t began_ns)
{
	bool loaded = h->is_loaded ? began_ns >= h->loaded_ns : began_ns < h->loaded_ns;

	return loaded ? &h->loaded : &h->idle;
}

static void lose(struct heartbeat *h, uint64_t *pending)
{
	part_of(h, *pending)->lost++;
	*pending = 0;
	h->lost++;
	h->recent_ns[h->outcomes++ % LATENCY_RECENT] = LATENCY_LOST;
}

static void remember(struct heartbeat *h, uint64_t stamp_ns)
{
	uint64_t *slot = &h->pending[h->pending_at++ % HEARTBEAT_PENDING];

	if (*slot)
		lose(h, slot);
	*slot = stamp_ns;
	h->sent++;
}

static uint64_t interval(const struct heartbeat *h)
{
	uint64_t interval_ns = h->interval_ns;

	if (h->hurry_ns)
		interval_ns = h->hurry_ns;
	if (answered(h) == 0 && interval_ns > clock_ms(HEARTBEAT_FIRST_MS))
		interval_ns = clock_ms(HEARTBEAT_FIRST_MS);
	if (h->extended && !h->proven && interval_ns > clock_ms(HEARTBEAT_PROVE_MS))
		interval_ns = clock_ms(HEARTBEAT_PROVE_MS);
	return interval_ns;
}

/* How seldom beats must be to take no more than one `part`th of the rate. */
static uint64_t spread_ns(uint64_t rate_bps, unsigned part)
{
	return HEARTBEAT_BEAT_BYTES * UINT64_C(8) * NS_PER_S * part / rate_bps;
}

static uint64_t longer(uint64_t a_ns, uint64_t b_ns)
{
	return a_ns > b_ns ? a_ns : b_ns;
}

static uint64_t loaded_ns(const struct heartbeat *h, uint64_t rate_bps)
{
	uint64_t wanted_ns = longer(spread_ns(rate_bps, HEARTBEAT_SMALL_PART), clock_ms(HEARTBEAT_LOADED_MS));
	uint64_t least_ns = spread_ns(rate_bps, HEARTBEAT_LARGE_PART);

	wanted_ns = clock_earlier(clock_earlier(wanted_ns, clock_ms(HEARTBEAT_SCARCE_MS)), h->interval_ns);
	return longer(wanted_ns, clock_earlier(least_ns, clock_ms(HEARTBEAT_RARE_MS)));
}

static void come_sooner(struct heartbeat *h, uint64_t now_ns)
{
	if (h->hurry_ns && h->next_ns > now_ns + h->hurry_ns)
		h->next_ns = now_ns + h->hurry_ns;
}

void heartbeat_hurry(struct heartbeat *h, uint64_t rate_bps, uint64_t now_ns)
{
	h->hurry_ns = rate_bps ? loaded_ns(h, rate_bps) : 0;
	come_sooner(h, now_ns);
}

void heartbeat_seek(struct heartbeat *h, uint64_t now_ns)
{
	h->hurry_ns = clock_earlier(interval(h), clock_ms(HEARTBEAT_FIRST_MS));
	come_sooner(h, now_ns);
}

/* The server's stamp between extended peers is text: the time and the challenge, in hexadecimal. */
static void write_challenge(char out[HEARTBEAT_BODY_STAMP], uint64_t now_ns, uint64_t challenge)
{
	char stamp[HEARTBEAT_BODY_STAMP];

	heartbeat_body_write_stamp(stamp, now_ns);
	snprintf(out, HEARTBEAT_BODY_STAMP, "\"%.*s-%016" PRIx64 "\"", HEARTBEAT_BODY_STAMP - 20, stamp,
		challenge);
}

/* HEARTBEAT_0 and 1 carry our own stamp; 1 and 2 say how long we held the packet they answer. */
static void write_output(const struct heartbeat *h, uint64_t now_ns, struct heartbeat_output *out)
{
	struct heartbeat_body *m = &out->message;

	m->extended = h->extended;
	m->held_ns = now_ns - out->received_ns;
	m->interval_ms = (uint32_t)(h->interval_ns / NS_PER_MS);
	if (out->type == WIRE_HEARTBEAT_0)
		heartbeat_body_write_stamp(m->client, now_ns);
	else if (out->type == WIRE_HEARTBEAT_1 && h->extended)
		write_challenge(m->server, now_ns, out->challenge);
	else if (out->type == WIRE_HEARTBEAT_1)
		heartbeat_body_write_stamp(m->server, now_ns);
	out->size = heartbeat_body_encode(out->body, out->type, m);
}

void heartbeat_begin(struct heartbeat *h, uint64_t now_ns, struct heartbeat_output *out)
{
	/* Stay on the beat, but don't make up for missed ones. */
	h->next_ns += interval(h);
	if (h->next_ns <= now_ns)
		h->next_ns = now_ns + interval(h);
	*out = (struct heartbeat_output){.type = WIRE_HEARTBEAT_0};
	remember(h, now_ns);
	write_output(h, now_ns, out);
}

void heartbeat_restamp(struct heartbeat *h, uint64_t now_ns, struct heartbeat_output *out)
{
	if (out->type != WIRE_HEARTBEAT_2)
		h->pending[(h->pending_at - 1) % HEARTBEAT_PENDING] = now_ns;
	write_output(h, now_ns, out);
}

/* A stamp has been through a JSON number, perhaps a double, and may have lost its last digits. */
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
static uint64_t next_jitter(uint64_t jitter_ns, uint64_t last_ns, uint64_t round_trip_ns)
{
	uint64_t d = round_trip_ns > last_ns ? round_trip_ns - last_ns : last_ns - round_trip_ns;

	return last_ns ? jitter_ns - jitter_ns / 16 + d / 16 : jitter_ns;
}

static void count(struct heartbeat *h, struct heartbeat_part *part, uint64_t round_trip_ns)
{
	h->jitter_ns = next_jitter(h->jitter_ns, h->last_ns, round_trip_ns);
	h->last_ns = round_trip_ns;
	part->jitter_ns = next_jitter(part->jitter_ns, part->last_ns, round_trip_ns);
	part->last_ns = round_trip_ns;
	histogram_add(&part->round_trip, round_trip_ns);
	note_outcome(h, round_trip_ns);
}

void heartbeat_load(struct heartbeat *h, bool is_loaded, uint64_t now_ns)
{
	if (is_loaded == h->is_loaded)
		return;
	h->is_loaded = is_loaded;
	h->loaded_ns = now_ns;
}

uint64_t heartbeat_mean_ns(const struct heartbeat *h)
{
	return answered(h) ? (h->idle.round_trip.sum_ns + h->loaded.round_trip.sum_ns) / answered(h) : 0;
}

static enum wire_reject measure(
	struct heartbeat *h, const char *stamp, const struct heartbeat_body *m, uint64_t received_ns)
{
	uint64_t stamp_ns, began_ns, round_trip_ns, *pending;

	if (!heartbeat_body_read_stamp(stamp, &stamp_ns))
		return REJECT_BODY;
	pending = find_pending(h, stamp_ns);
	if (!pending || *pending > received_ns)
		return REJECT_SEQUENCE;
	began_ns = *pending;
	round_trip_ns = received_ns - began_ns;
	*pending = 0;
	/* The peer can't have held it for longer than the whole round trip. */
	if (m->extended && m->held_ns < round_trip_ns)
		round_trip_ns -= m->held_ns;
	count(h, part_of(h, began_ns), round_trip_ns);
	return WIRE_OK;
}

/* Splits off the time in front of the challenge; returns the challenge, or NULL if the stamp has none. */
static const char *split_stamp(const char *stamp, char time[HEARTBEAT_BODY_STAMP])
{
	const char *dash = strchr(stamp, '-');

	if (stamp[0] != '"' || !dash)
		return NULL;
	snprintf(time, HEARTBEAT_BODY_STAMP, "%.*s", (int)(dash - stamp - 1), stamp + 1);
	return dash;
}

static bool read_challenge(const char *stamp, char time[HEARTBEAT_BODY_STAMP], uint64_t challenge)
{
	const char *dash = split_stamp(stamp, time);
	char expected[20];

	if (!dash)
		return false;
	snprintf(expected, sizeof expected, "-%016" PRIx64 "\"", challenge);
	return strlen(dash) == strlen(expected) && sodium_memcmp(dash, expected, strlen(expected)) == 0;
}

static enum wire_reject take_2(
	struct heartbeat *h, const struct heartbeat_body *m, const struct heartbeat_packet *packet)
{
	char time[HEARTBEAT_BODY_STAMP];

	if (!h->extended)
		return measure(h, m->server, m, packet->received_ns);
	if (!read_challenge(m->server, time, packet->challenge))
		return REJECT_BODY;
	return measure(h, time, m, packet->received_ns);
}

/* The first round trip to a server that knows our address. Earlier attempts served to introduce us or failed,
 * and say nothing about the path. */
static void begin_count(struct heartbeat *h)
{
	memset(h->pending, 0, sizeof h->pending);
	h->proven = true;
	h->sent = 1;
	h->lost = h->idle.lost = h->loaded.lost = 0;
}

/* The server doesn't know our address yet: this exchange introduces it, and the next one counts. */
static enum wire_reject introduce(
	struct heartbeat *h, const struct heartbeat_body *m, const struct heartbeat_packet *packet)
{
	uint64_t stamp_ns, *pending;

	if (!heartbeat_body_read_stamp(m->client, &stamp_ns))
		return REJECT_BODY;
	pending = find_pending(h, stamp_ns);
	if (!pending)
		return REJECT_SEQUENCE;
	*pending = 0;
	h->sent--;
	h->next_ns = packet->now_ns + clock_ms(HEARTBEAT_AGAIN_MS);
	return WIRE_OK;
}

/* The four timestamps of a pending exchange. The server's stamp is the time of its answer, after it had held
 * the request for as long as it says. */
static void take_exchange(
	struct heartbeat *h, const struct heartbeat_body *m, const struct heartbeat_packet *packet)
{
	struct clock_fit_exchange x = {.client_received_ns = packet->received_ns};
	char time[HEARTBEAT_BODY_STAMP];
	uint64_t *pending;

	if (!split_stamp(m->server, time) || !heartbeat_body_read_stamp(time, &x.server_sent_ns) ||
		!heartbeat_body_read_stamp(m->client, &x.client_sent_ns))
		return;
	pending = find_pending(h, x.client_sent_ns);
	if (!pending)
		return;
	x.client_sent_ns = *pending;
	x.server_received_ns = x.server_sent_ns - m->held_ns;
	owd_sample(h->owd, &x, part_of(h, *pending) == &h->loaded);
}

/* What is seen counts at once when it is longer, and by a quarter when it is shorter: the network may have
 * doubled a heartbeat. */
static void learn_interval(struct heartbeat *h, const struct heartbeat_body *m, uint64_t now_ns)
{
	uint64_t last_ns = h->asked_ns, gap_ns = now_ns - last_ns;

	h->asked_ns = now_ns;
	if (m->interval_ms) {
		h->peer_interval_ns = clock_ms(m->interval_ms);
		return;
	}
	if (last_ns == 0)
		return;
	if (gap_ns > clock_s(HEARTBEAT_LONGEST_S))
		gap_ns = clock_s(HEARTBEAT_LONGEST_S);
	if (gap_ns > h->peer_interval_ns)
		h->peer_interval_ns = gap_ns;
	else
		h->peer_interval_ns -= (h->peer_interval_ns - gap_ns) / 4;
}

static enum wire_reject take_0(
	struct heartbeat *h, struct heartbeat_body *m, const struct heartbeat_packet *packet)
{
	learn_interval(h, m, packet->now_ns);
	remember(h, packet->now_ns);
	m->proven = packet->proven;
	return WIRE_OK;
}

static enum wire_reject take_1(
	struct heartbeat *h, const struct heartbeat_body *m, const struct heartbeat_packet *packet)
{
	enum wire_reject reason;

	if (h->owd && m->proven)
		take_exchange(h, m, packet);
	reason = h->extended && !m->proven ? introduce(h, m, packet)
					   : measure(h, m->client, m, packet->received_ns);
	if (!reason && m->proven && !h->proven)
		begin_count(h);
	return reason;
}

enum wire_reject heartbeat_input(
	struct heartbeat *h, const struct heartbeat_packet *packet, struct heartbeat_output *answer)
{
	struct heartbeat_body *m = &answer->message;
	enum wire_reject reason;

	*answer = (struct heartbeat_output){
		.received_ns = packet->received_ns,
		.challenge = packet->challenge,
	};
	if (h->is_client != (packet->type == WIRE_HEARTBEAT_1))
		return REJECT_TYPE;
	reason = heartbeat_body_decode(packet->body, packet->size, packet->type, m);
	if (reason)
		return reason;
	if (packet->type == WIRE_HEARTBEAT_2)
		return take_2(h, m, packet);
	reason = packet->type == WIRE_HEARTBEAT_0 ? take_0(h, m, packet) : take_1(h, m, packet);
	if (reason)
		return reason;
	answer->type = packet->type == WIRE_HEARTBEAT_0 ? WIRE_HEARTBEAT_1 : WIRE_HEARTBEAT_2;
	write_output(h, packet->now_ns, answer);
	return WIRE_OK;
}

bool heartbeat_expire(struct heartbeat *h, uint64_t now_ns)
{
	uint64_t before = h->lost;

	for (unsigned i = 0; i < HEARTBEAT_PENDING; i++) {
		if (h->pending[i] && now_ns > h->pending[i] + clock_ms(HEARTBEAT_LOST_MS))
			lose(h, &h->pending[i]);
	}
	return h->lost > before;
}
