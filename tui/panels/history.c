#include "tui/panels/history.h"

#include <stdlib.h>
#include <string.h>

#include "proto/engine/heartbeat.h"
#include "proto/sys/clock.h"
#include "tui/client/interval.h"

void history_free(struct history *h)
{
	free(h->moment);
	*h = (struct history){0};
}

size_t history_per_second(const struct history *h)
{
	size_t n = h->tick_ns ? NS_PER_S / h->tick_ns : 1;

	return n ? n : 1;
}

static void join(struct moment *into, const struct moment *later)
{
	struct moment first = *into;

	*into = *later;
	for (int kind = 0; kind < PORT_KINDS; kind++) {
		struct moment_port *p = &into->port[kind];
		const struct moment_port *f = &first.port[kind];

		if (f->worst_ns > p->worst_ns)
			p->worst_ns = f->worst_ns;
		p->lost_now += f->lost_now;
		p->lost_data += f->lost_data;
		p->speed.bps = (p->speed.bps + f->speed.bps) / 2;
		p->speed.pps = (p->speed.pps + f->speed.pps) / 2;
		p->active = p->active || f->active;
	}
}

static void halve(struct history *h)
{
	for (size_t i = 0; 2 * i + 1 < h->count; i++) {
		h->moment[i] = h->moment[2 * i];
		join(&h->moment[i], &h->moment[2 * i + 1]);
	}
	h->count /= 2;
	h->tick_ns *= 2;
}

/* NULL when there is no memory: then the past ends here. */
static struct moment *next_moment(struct history *h)
{
	if (h->count == HISTORY_MOMENTS)
		halve(h);
	if (h->count == h->room) {
		size_t room = h->room ? 2 * h->room : 256;
		struct moment *moment = realloc(h->moment, room * sizeof *moment);

		if (!moment)
			return NULL;
		h->moment = moment;
		h->room = room;
	}
	return &h->moment[h->count++];
}

/* A heartbeat is known to be lost long after it was sent: the moment of its sending gets the mark. */
static void mark_lost(struct history *h, int kind)
{
	size_t ago = clock_ms(HEARTBEAT_LOST_MS) / h->tick_ns;

	if (h->count > 0)
		h->moment[h->count > ago ? h->count - 1 - ago : 0].port[kind].lost_now++;
}

static void read_outcomes(struct history *h, int kind, const struct latency_summary *l)
{
	if (l->outcomes < h->outcomes[kind])
		h->outcomes[kind] = 0; /* another session */
	if (l->outcomes - h->outcomes[kind] > LATENCY_RECENT)
		h->outcomes[kind] = l->outcomes - LATENCY_RECENT;
	for (; h->outcomes[kind] < l->outcomes; h->outcomes[kind]++) {
		uint32_t ns = l->recent_ns[h->outcomes[kind] % LATENCY_RECENT];

		if (ns == LATENCY_LOST)
			mark_lost(h, kind);
		else if (ns > h->worst_ns[kind])
			h->worst_ns[kind] = ns;
	}
}

static uint32_t clip(uint64_t ns)
{
	return ns < UINT32_MAX ? (uint32_t)ns : UINT32_MAX;
}

static uint64_t grown(uint64_t now, uint64_t before)
{
	return now >= before ? now - before : now; /* less: it has started over */
}

/* The latest test that the port carries; CONTROL's is the latest of all. */
static struct moment_test last_test(const struct session_snapshot *s, int kind)
{
	for (unsigned i = s->tests; i > 0; i--) {
		const struct test_record *r = &s->test[i - 1];

		if (kind != PORT_CONTROL && directions_table[r->direction].port != (enum port_kind)kind)
			continue;
		return (struct moment_test){
			.id = r->id,
			.direction = r->direction,
			.phase = r->phase,
			.commands = r->commands,
			.start_ns = r->start_ns,
			.duration_ns = r->granted_duration_ns,
			.rate_bps = r->rate_bps,
		};
	}
	return (struct moment_test){.direction = directions_first(directions_of_port((enum port_kind)kind))};
}

/* What has flowed since the previous moment. */
static void measure_data(
	struct moment_port *m, const struct port_snapshot *before, const struct port_snapshot *p)
{
	bool sends = directions_table[m->test.direction].client_sends;
	struct report_traffic traffic = sends ? interval_sent(before, p) : interval_received(before, p);
	double s = (double)grown(p->taken_ns, before->taken_ns) / NS_PER_S;
	uint64_t bytes_each = p->source.packets ? p->source.bytes / p->source.packets : 0;

	m->there_bps = -1;
	if (before->taken_ns == 0 || p->taken_ns <= before->taken_ns)
		return;
	m->speed = (struct speed){8.0 * (double)traffic.bytes / s, (double)traffic.packets / s};
	m->lost_data = traffic.lost_packets;
	if (p->source.packets)
		m->there_bps = 8.0 * (double)grown(p->source.heard_packets, before->source.heard_packets) *
			       (double)bytes_each / s;
}

static void measure(struct moment_port *m, const struct port_snapshot *p)
{
	*m = (struct moment_port){
		.state = p->state,
		.error = p->error,
		.local_port = p->local_port,
		.remote_port = p->remote_port,
		.thread_id = p->thread_id,
		.cpu_ns = p->cpu_ns,
		.steps = p->steps,
		.taken_ns = p->taken_ns,
		.received_packets = p->received_packets,
		.sent_packets = p->sent_packets,
		.socket_drops = p->socket_drops,
		.n = p->latency.n,
		.lost = p->latency.lost,
		.last_ns = clip(p->latency.last_ns),
		.p50_ns = clip(p->latency.p50_ns),
		.p99_ns = clip(p->latency.p99_ns),
		.jitter_ns = clip(p->latency.jitter_ns),
		.active = p->source_active || p->sink_active,
		.source = p->source,
		.sink = p->sink,
		.report_ns = p->report_ns,
		.holes = p->holes,
	};
	memcpy(m->rejected, p->rejected, sizeof m->rejected);
}

void history_add(struct history *h, const struct view *v)
{
	const struct session_snapshot *s = &v->snapshot;
	struct moment *m;

	if (!h->tick_ns) {
		h->tick_ns = clock_ms(HISTORY_TICK_MS);
		h->due_ns = v->now_ns;
	}
	for (int kind = 0; kind < PORT_KINDS; kind++)
		read_outcomes(h, kind, &s->port[kind].latency);
	if (v->now_ns < h->due_ns || !v->was_up)
		return;
	h->due_ns += h->tick_ns;
	if (h->due_ns <= v->now_ns)
		h->due_ns = v->now_ns + h->tick_ns;
	m = next_moment(h);
	if (!m)
		return;
	m->at_ns = v->now_ns;
	m->state = v->state;
	for (int kind = 0; kind < PORT_KINDS; kind++) {
		measure(&m->port[kind], &s->port[kind]);
		m->port[kind].test = last_test(s, kind);
		measure_data(&m->port[kind], &h->before.port[kind], &s->port[kind]);
		m->port[kind].worst_ns = h->worst_ns[kind];
		h->worst_ns[kind] = 0;
	}
	h->before = *s;
}

struct history_second history_second(const struct history *h, size_t at, enum port_kind kind)
{
	size_t span = history_per_second(h), first = at > span ? at - span : 0;
	const struct moment_port *end, *begin;
	struct history_second s = {.there_bps = -1};
	double ns;

	if (h->count == 0)
		return s;
	end = &h->moment[at].port[kind];
	begin = &h->moment[first].port[kind];
	/* The current speed, not the mean of a second that was half idle. */
	for (size_t i = first + (at > first); i <= at; i++) {
		const struct moment_port *p = &h->moment[i].port[kind];

		s.speed.bps += p->speed.bps / (double)(at - first + (at == first));
		s.speed.pps += p->speed.pps / (double)(at - first + (at == first));
	}
	s.there_bps = end->there_bps;
	ns = (double)end->taken_ns - (double)begin->taken_ns;
	if (ns <= 0 || end->thread_id != begin->thread_id)
		return s;
	/* Where one thread serves all, it serves the next session too, whose ports count from 0. */
	s.cpu_share = (double)grown(end->cpu_ns, begin->cpu_ns) / ns;
	s.steps = (double)grown(end->steps, begin->steps) / ns * NS_PER_S;
	return s;
}

size_t history_worst(const struct history *h)
{
	size_t span = history_per_second(h), worst = 0;
	uint64_t worst_lost = 0, worst_ns = 0;

	for (size_t i = 0; i < h->count; i++) {
		uint64_t lost = 0, ns = 0;

		for (size_t k = i + 1 > span ? i + 1 - span : 0; k <= i; k++) {
			for (int kind = 0; kind < PORT_KINDS; kind++) {
				const struct moment_port *p = &h->moment[k].port[kind];

				lost += p->lost_now + p->lost_data;
				ns = p->worst_ns > ns ? p->worst_ns : ns;
			}
		}
		if (lost > worst_lost || (lost == worst_lost && ns > worst_ns)) {
			worst = i;
			worst_lost = lost;
			worst_ns = ns;
		}
	}
	return worst;
}
