#include "tests/support/tui_fake.h"

void fake_note(void *context, enum event_kind kind, const char *text)
{
	struct fake *f = context;
	struct view_event *e = &f->view.event[f->view.events++ % VIEW_EVENTS];

	e->at_ns = f->view.now_ns;
	e->kind = kind;
	snprintf(e->text, sizeof e->text, "%s", text);
}

void fake_open(struct fake *f)
{
	memset(f, 0, sizeof *f);
	f->ui.focus = PORT_UPLOAD;
	f->ui.scale = 1;
	f->view.now_ns = FAKE_START_NS;
	f->view.threads = true;
	f->view.tries = 1;
	f->view.duration_s = 30;
	f->view.cap_duration_s = 60;
	snprintf(f->view.server, sizeof f->view.server, "192.0.2.7:6711");
}

void fake_close(struct fake *f)
{
	history_free(&f->history);
}

void fake_up(struct fake *f)
{
	f->view.state = CLIENT_UP;
	f->view.was_up = true;
	f->view.opened_ns = f->view.now_ns;
	for (int kind = 0; kind < PORT_KINDS; kind++) {
		struct port_snapshot *p = &f->view.snapshot.port[kind];

		p->state = PORT_UP;
		p->local_port = (uint16_t)(51001 + kind);
		p->remote_port = (uint16_t)(40001 + kind);
		p->thread_id = 4711 + kind;
	}
}

void fake_outcome(struct latency_summary *l, uint32_t ns)
{
	l->recent_ns[l->outcomes++ % LATENCY_RECENT] = ns;
	l->sent++;
	if (ns == LATENCY_LOST) {
		l->lost++;
		return;
	}
	l->n++;
	l->last_ns = ns;
}

static bool fake_is_busy(const struct port_snapshot *p)
{
	return p->source_active || p->sink_active;
}

static void fake_parts(struct latency_summary *l, bool busy, uint64_t p50_us)
{
	struct latency_part *part = busy ? &l->loaded : &l->idle;
	struct owd_part *ways = busy ? l->owd.loaded : l->owd.idle;

	part->n++;
	part->mean_ns = part->p50_ns = p50_us * NS_PER_US;
	part->p95_ns = 2 * part->p50_ns;
	part->p99_ns = 3 * part->p50_ns;
	for (int d = TEST_UP; d <= TEST_DOWN; d++)
		ways[d] = (struct owd_part){part->n, part->p50_ns / 2, part->p95_ns / 2, part->p99_ns / 2};
}

static void fake_port_step(struct fake *f, int kind)
{
	struct port_snapshot *p = &f->view.snapshot.port[kind];
	bool busy = fake_is_busy(p);
	uint32_t idle_us = 71 + (f->step * 7 + (unsigned)kind * 13) % 29 + (f->step % 50 == 49 ? 320 : 0);
	uint32_t busy_us = 700 + f->step * 37 % 500;

	if (p->state != PORT_UP)
		return;
	p->taken_ns = f->view.now_ns;
	p->cpu_ns += (busy ? 44 : 2) * (uint64_t)NS_PER_MS * FAKE_STEP_MS / 100;
	p->steps += busy ? 2150 : 21;
	p->sent_packets++;
	p->received_packets++;
	fake_outcome(&p->latency, (busy ? busy_us : idle_us) * NS_PER_US);
	p->latency.p50_ns = busy ? 930 * NS_PER_US : 85 * NS_PER_US;
	p->latency.p99_ns = busy ? 1190 * NS_PER_US : 402 * NS_PER_US;
	p->latency.jitter_ns = busy ? 146 * NS_PER_US : 9 * NS_PER_US;
	fake_parts(&p->latency, busy, busy ? 930 : 85);
}

/* Where holes are: two clusters. */
static void fake_holes(struct port_snapshot *p, uint64_t packets)
{
	p->holes = (struct hole_strip){.first = packets - packets / 8, .end = packets};
	for (unsigned i = 0; i < HOLE_CELLS; i++)
		p->holes.cell[i] = (uint8_t)(i < 7 ? 40 * i : i > 30 && i < 34 ? 255 : 0);
}

static void fake_send(struct port_snapshot *p, unsigned packets, unsigned lost)
{
	struct source_counters *s = &p->source;

	s->packets += packets;
	s->bytes += packets * (uint64_t)FAKE_DATAGRAM;
	s->lost_packets += lost;
	s->retransmitted_packets += lost;
	s->heard_packets += packets - lost;
	s->reports += FAKE_STEP_MS / 10;
	p->sent_packets += packets;
	if (s->lost_packets)
		fake_holes(p, s->packets);
}

static void fake_receive(struct port_snapshot *p, unsigned packets, unsigned lost)
{
	struct sink_counters *k = &p->sink;

	k->packets += packets - lost;
	k->unique_packets += packets - lost;
	k->bytes += (packets - lost) * (uint64_t)FAKE_DATAGRAM;
	k->missing_packets += lost;
	k->holes += lost;
	k->reordered += lost / 3;
	k->reports += FAKE_STEP_MS / 10;
	p->received_packets += packets - lost;
	if (k->missing_packets)
		fake_holes(p, k->packets);
}

static struct port_snapshot *fake_port(struct fake *f, enum test_direction direction)
{
	return &f->view.snapshot.port[direction == TEST_UP ? PORT_UPLOAD : PORT_DOWNLOAD];
}

static void fake_flow(struct fake *f, const struct test_record *t)
{
	struct port_snapshot *p = fake_port(f, t->direction);
	uint64_t bps = t->rate_bps ? t->rate_bps : UINT64_C(941000000);
	unsigned packets = (unsigned)(bps / 8 / FAKE_DATAGRAM / FAKE_STEPS_S);
	unsigned lost = f->step % 23 < 2 ? f->lossy[t->direction] : 0;

	if (t->phase != TEST_RUNNING)
		return;
	p->report_ns = f->view.now_ns - 4 * NS_PER_MS;
	if (t->direction == TEST_UP)
		fake_send(p, packets - f->step % 5, lost);
	else
		fake_receive(p, packets - f->step % 7, lost);
}

static void fake_look(struct fake *f)
{
	struct events_listener listener = {.tell = fake_note, .context = f};

	events_between(&f->before, &f->view.snapshot, &listener);
	f->before = f->view.snapshot;
	history_add(&f->history, &f->view);
}

void fake_step(struct fake *f)
{
	f->view.now_ns += clock_ms(FAKE_STEP_MS);
	f->step++;
	if (f->view.state == CLIENT_UP) {
		for (int kind = 0; kind < PORT_KINDS; kind++)
			fake_port_step(f, kind);
		for (unsigned i = 0; i < f->view.snapshot.tests; i++)
			fake_flow(f, &f->view.snapshot.test[i]);
	}
	fake_look(f);
}

void fake_run(struct fake *f, unsigned tenths)
{
	while (tenths-- > 0)
		fake_step(f);
}

void fake_refuse(struct fake *f, enum port_kind kind)
{
	struct moment_port *last = &f->history.moment[f->history.count - 1].port[kind];

	last->rejected[REJECT_PEER] = 1;
	last->rejected[REJECT_TAG] = 3;
}

static struct test_record *fake_last(struct fake *f, enum test_direction direction)
{
	struct session_snapshot *s = &f->view.snapshot;
	struct test_record *last = NULL;

	for (unsigned i = 0; i < s->tests; i++)
		if (s->test[i].direction == direction)
			last = &s->test[i];
	return last;
}

void fake_start(struct fake *f, const struct fake_test *plan)
{
	struct session_snapshot *s = &f->view.snapshot;
	struct test_record *t = &s->test[s->tests++];
	struct port_snapshot *p = fake_port(f, plan->direction);

	*t = (struct test_record){
		.id = s->tests,
		.direction = plan->direction,
		.phase = TEST_ASKING,
		.commands = 1,
		.datagram_bytes = FAKE_DATAGRAM,
		.asked_rate_bps = plan->asked_bps,
		.asked_duration_ns = plan->seconds * (uint64_t)NS_PER_S,
	};
	f->lossy[plan->direction] = plan->lossy;
	fake_run(f, 2);
	t->phase = TEST_RUNNING;
	t->rate_bps = plan->granted_bps;
	t->granted_duration_ns = t->sent.duration_ns = t->asked_duration_ns;
	t->start_ns = f->view.now_ns;
	snprintf(t->uid, sizeof t->uid, "6f1c29ae-58d0-4b1e-9d6e-c3f1a2b4d5%02u", s->tests);
	p->source = (struct source_counters){0};
	p->sink = (struct sink_counters){0};
	p->holes = (struct hole_strip){0};
	p->source_active = plan->direction == TEST_UP;
	p->sink_active = plan->direction == TEST_DOWN;
}

static void fake_fill_counters(struct test_record *t, const struct port_snapshot *p)
{
	if (t->direction == TEST_UP) {
		t->sent.count = p->source;
		t->received.count.packets = t->received.count.unique_packets = t->sent.count.heard_packets;
		t->received.count.bytes = t->sent.count.heard_packets * FAKE_DATAGRAM;
	} else {
		t->received.count = p->sink;
		t->sent.count.packets = p->sink.packets + p->sink.missing_packets;
		t->sent.count.bytes = t->sent.count.packets * FAKE_DATAGRAM;
	}
	t->received.known = RECEIVED_COUNTERS;
}

/* A search on a path whose rate varies; up, by a sender that was held up. */
static void fake_find(struct test_record *t)
{
	t->search = true;
	t->sent.capacity = (struct path_capacity){
		.bps = 95200000,
		.ci_ppm = 31000,
		.limit = CAPACITY_NETWORK,
		.p10_bps = 64000000,
		.p50_bps = 96000000,
		.p90_bps = 122000000,
	};
	if (t->direction == TEST_DOWN)
		return;
	t->sent.capacity.limit = CAPACITY_SENDER;
	t->sent.load = (struct host_load){.known = true,
		.cpu_permille = 230,
		.offload = true,
		.late_permille = 49,
		.late_max_ns = 16 * NS_PER_MS};
}

static void fake_put_result(struct fake *f, const struct test_record *t)
{
	struct view_test *v = &f->view.test[f->view.tests_over++ % VIEW_TESTS];

	*v = (struct view_test){
		.record = *t,
		.at_ns = f->view.now_ns,
		.idle_ns = 85 * NS_PER_US,
		.loaded_ns = 930 * NS_PER_US,
	};
	verdict_sentence(t, v->limit);
}

void fake_end(struct fake *f, enum test_direction direction, enum test_phase phase)
{
	struct test_record *t = fake_last(f, direction);
	struct port_snapshot *p = fake_port(f, direction);

	p->source_active = p->sink_active = false;
	t->sent.duration_ns = f->view.now_ns - t->start_ns;
	t->phase = TEST_AWAITING;
	fake_step(f);
	t->phase = phase;
	fake_fill_counters(t, p);
	fake_find(t);
	if (phase == TEST_COMPLETE)
		snprintf(t->hash, sizeof t->hash, "%s", "3fa90cd1e27b");
	fake_put_result(f, t);
	fake_step(f);
}
