/* The worker's side of a test: data out at the pacer's rate, reports, and the mail that begins and ends
 * them. */
#include <assert.h>
#include <string.h>

#include "proto/engine/port_private.h"
#include "proto/sys/clock.h"
#include "proto/sys/log.h"

enum {
	/* Below this rate datagrams leave one by one: a system call for each costs little there, and a
	 * virtual router that loses a joined message loses all of it, which no real one does. */
	PORT_ONE_BY_ONE_BPS = 300000000,
	PORT_RETRY_US = 200, /* after the kernel had no room for data */
	PORT_REPORT_MS = 1,  /* the shortest time between two classic reports */
};

/* Tells CONTROL what has come of its mail. It would wait for that for ever: what doesn't fit into its mailbox
 * is kept for the next turn. */
static void answer(struct port *p, const struct mail *mail)
{
	if (p->answers == 0 && mailbox_post(&p->sibling[PORT_CONTROL].mailbox, mail))
		return;
	assert(p->answers < PORT_ANSWERS);
	p->answer[p->answers++] = *mail;
}

/* True when none is left. */
static bool answer_again(struct port *p)
{
	unsigned told = 0;

	while (told < p->answers && mailbox_post(&p->sibling[PORT_CONTROL].mailbox, &p->answer[told]))
		told++;
	p->answers -= told;
	memmove(p->answer, p->answer + told, p->answers * sizeof p->answer[0]);
	return p->answers == 0;
}

/* Sends data until the pacer says no, the kernel has no room, or the turn is over and the socket needs a
 * look. True when the turn was too short. */
static bool pour(struct port *p)
{
	uint64_t now_ns = clock_now_ns();
	uint64_t turn_ends_ns = now_ns + clock_us(p->options->max_send_us);
	struct source *s = &p->source;

	if (now_ns < p->retry_ns)
		return false;
	for (;;) {
		unsigned staged = source_fill(s, now_ns);
		uint64_t rate_bps = s->pacer.rate_bps;
		int sent;

		if (staged == 0)
			return false;
		p->socket.one_by_one = rate_bps && rate_bps < PORT_ONE_BY_ONE_BPS;
		sent = udp_send_many(&p->socket, &p->peer, s->buffer, s->order.datagram_bytes, staged);
		if (sent < 0) {
			p->stats.send_errors++;
			p->stats.error = -sent;
			s->count.send_errors++;
			sent = 0;
		}
		source_sent(s, (unsigned)sent, now_ns);
		p->stats.sent_packets += (unsigned)sent;
		p->stats.sent_bytes += (uint64_t)(unsigned)sent * s->order.datagram_bytes;
		now_ns = clock_now_ns();
		if (sent == 0) {
			p->retry_ns = now_ns + clock_us(PORT_RETRY_US);
			return false;
		}
		if (now_ns >= turn_ends_ns) {
			p->retry_ns = now_ns + clock_us(p->options->send_sleep_us);
			return p->options->send_sleep_us == 0;
		}
	}
}

/* What this thread has cost since the test's work began. */
static struct host_load load_of(const struct port *p, bool offload)
{
	const struct port_work *w = &p->work;
	uint64_t ns = clock_now_ns() - w->began_ns, cpu_ns = clock_thread_cpu_ns() - w->cpu_ns;

	return (struct host_load){
		.known = w->began_ns > 0,
		.cpu_permille = ns ? (uint32_t)(cpu_ns * 1000 / ns) : 0,
		.offload = offload,
		.late_permille = w->turns ? (uint32_t)(w->late_turns * 1000 / w->turns) : 0,
		.late_max_ns = w->late_max_ns,
	};
}

/* What the session's ports have sent besides data: this one up to now, the others as they show it. */
static uint64_t side_bytes(struct port *p)
{
	uint64_t bytes = p->stats.side_bytes;

	for (int kind = 0; kind < PORT_KINDS; kind++) {
		struct port_snapshot other;

		if (p->kind == (enum port_kind)kind)
			continue;
		port_read(&p->sibling[kind], &other, NULL);
		bytes += other.side_bytes;
	}
	return bytes;
}

/* Heartbeats, reports of a test the other way and what is said of tests cross the bottleneck too: the path
 * has carried them beside the data. */
static uint64_t side_bps(struct port *p, uint64_t now_ns)
{
	return (uint64_t)clock_bps(side_bytes(p) - p->work.side_bytes, (double)(now_ns - p->work.began_ns));
}

static void add_besides(struct path_capacity *c, uint64_t bps)
{
	if (c->bps)
		c->bps += bps;
	if (c->p50_bps) {
		c->p10_bps += bps;
		c->p50_bps += bps;
		c->p90_bps += bps;
	}
}

static void begin_work(struct port *p)
{
	p->work = (struct port_work){
		.began_ns = clock_now_ns(),
		.cpu_ns = clock_thread_cpu_ns(),
		.side_bytes = side_bytes(p),
	};
}

/* Tells all ports of the session. A full mailbox: what is told next makes up for it. */
static void tell_pace(struct port *p, enum test_direction direction, uint64_t bps)
{
	struct mail mail = {.kind = MAIL_PACE, .order.direction = direction, .share_bps = bps};

	p->pace_bps[direction] = bps;
	for (int kind = 0; kind < PORT_KINDS; kind++)
		if (p->kind != (enum port_kind)kind)
			mailbox_post(&p->sibling[kind].mailbox, &mail);
}

void port_set_load(struct port *p, bool on)
{
	p->loaded = on;
	for (int d = 0; d < TEST_DIRECTIONS && !on; d++)
		p->pace_bps[d] = 0;
}

void port_arriving(struct port *p, enum test_direction direction, uint64_t bytes, uint64_t at_ns)
{
	load_rate_add(&p->work.arriving, bytes, at_ns);
	if (load_rate_is_news(&p->work.arriving))
		tell_pace(p, direction, p->work.arriving.bps);
}

static void finish_source(struct port *p, uint64_t now_ns)
{
	struct source *s = &p->source;
	uint64_t duration_ns = s->order.start_ns ? now_ns - s->order.start_ns : 0;
	struct mail mail = {.kind = MAIL_SOURCE_DONE, .order = s->order};
	struct sent_half *half = &mail.sent;

	*half = (struct sent_half){
		.count = s->count,
		.capacity = source_capacity(s),
		.bucket = source_bucket(s),
		.load = load_of(p, p->socket.send_offload),
		.duration_ns = duration_ns < s->order.duration_ns ? duration_ns : s->order.duration_ns,
		.ended = s->ended,
	};
	add_besides(&half->capacity, side_bps(p, now_ns));
	if (half->bucket.kind)
		half->bucket.rate_bps += side_bps(p, now_ns);
	p->stats.source = s->count;
	source_close(s);
	tell_pace(p, mail.order.direction, 0);
	answer(p, &mail);
}

bool port_send_data(struct port *p)
{
	bool more;

	if (!p->source.active)
		return false;
	if (!p->peer_known)
		return false;
	more = pour(p);
	p->dirty = true;
	if (!source_finished(&p->source, clock_now_ns()))
		return more;
	finish_source(p, clock_now_ns());
	return false;
}

static void finish_sink(struct port *p)
{
	struct mail mail = {
		.kind = MAIL_SINK_DONE,
		.order = p->sink.order,
		.received =
			{
				.known = RECEIVED_COUNTERS,
				.load = load_of(p, p->socket.receive_offload),
			},
	};

	sink_counters(&p->sink, &mail.received.count);
	sink_pattern(&p->sink, &mail.received.pattern);
	p->stats.sink = mail.received.count;
	sink_close(&p->sink);
	tell_pace(p, mail.order.direction, 0);
	answer(p, &mail);
}

/* What arrives of the data that flows the other way. */
static uint64_t against_bps(const struct port *p, enum test_direction direction)
{
	uint64_t bps = 0;

	for (int d = 0; d < TEST_DIRECTIONS; d++)
		if (directions_table[d].client_sends != directions_table[direction].client_sends)
			bps += p->pace_bps[d];
	return bps;
}

void port_report(struct port *p)
{
	struct wire_header h = {.type = WIRE_FLOW_CONTROL, .channel = p->sink.order.channel};
	uint8_t body[WIRE_MAX_BYTES];
	struct feedback report;
	enum test_direction direction = p->sink.order.direction;
	uint64_t now_ns = clock_now_ns();

	if (!p->sink.active)
		return;
	if (p->extended)
		port_arriving(p, direction, p->sink.count.bytes, now_ns);
	p->sink.opposite_bps = against_bps(p, direction);
	if (sink_report(&p->sink, now_ns, &report)) {
		h.sequence = p->report_sequence++;
		port_send(p, &h, body, feedback_encode(body, &report));
		log_verbose("%s sent FLOW_CONTROL", p->is_client ? "Client" : "Server");
	}
	/* What still waits in the socket has arrived in time, however late we get to it. */
	if (sink_finished(&p->sink, now_ns) && p->drained)
		finish_sink(p);
}

/* Tells CONTROL that this port can't work: the test is over, with a half of zeros. */
static void refuse(struct port *p, const struct mail *mail, enum mail_kind kind)
{
	struct mail reply = {.kind = kind, .order = mail->order};

	if (kind == MAIL_SINK_DONE)
		reply.received.known = RECEIVED_COUNTERS;
	answer(p, &reply);
}

/* A server's source needs proof that its data arrives: the last packet must leave within the lease. */
static void start_source(struct port *p, const struct mail *mail)
{
	const struct options *o = p->options;
	struct source_plan plan = {
		.order = mail->order,
		.waits = !p->is_client,
		.extended = p->extended,
		.segments = udp_segments(&p->socket, mail->order.datagram_bytes),
		.lease_ns = p->is_client ? 0 : clock_ms(o->load_lease_ms) * 9 / 10,
		.share_bps = p->is_client ? 0 : mail->share_bps,
		.allowed_bps = p->is_client ? mail->share_bps : 0,
		.overhead_bytes = address_header_bytes(&p->peer),
		.ramps = true,
	};

	if (p->source.active || source_open(&p->source, &plan))
		refuse(p, mail, MAIL_SOURCE_DONE);
	else
		begin_work(p);
}

static void open_sink(struct port *p, const struct mail *mail)
{
	const struct options *o = p->options;
	uint64_t interval_ns = clock_ms(o->adjustment_delay_ms) / o->flow_control_rate;
	struct sink_plan plan = {
		.order = mail->order,
		.extended = p->extended,
		.may_starve = p->is_client,
		.report_interval_ns = interval_ns,
		.now_ns = clock_now_ns(),
		.allowed_bps = p->is_client ? 0 : mail->share_bps,
	};

	if (interval_ns < clock_ms(PORT_REPORT_MS))
		plan.report_interval_ns = clock_ms(PORT_REPORT_MS);
	if (p->sink.active || sink_open(&p->sink, &plan)) {
		refuse(p, mail, MAIL_SINK_DONE);
		return;
	}
	begin_work(p);
	p->socket.joined_most = 0;
	p->report_sequence = 0;
	log_verbose("%s started %s bandwidth test", p->is_client ? "Client" : "Server",
		directions_table[mail->order.direction].noun);
}

static void change_share(struct port *p, const struct mail *mail)
{
	if (p->source.active)
		source_set_share(&p->source, mail->share_bps, clock_now_ns());
	if (p->sink.active)
		p->sink.allowed_bps = mail->share_bps;
}

/* What CONTROL alone gets. */
static bool take_control_mail(struct port *p, const struct mail *mail)
{
	switch (mail->kind) {
	case MAIL_START_TEST:
		control_start(&p->control, &mail->order, clock_now_ns());
		return true;
	case MAIL_STOP_TEST:
		control_stop(&p->control, clock_now_ns());
		return true;
	case MAIL_VIEW_SERVER:
		port_view_server(p, mail->on);
		return true;
	case MAIL_GRANT:
	case MAIL_SOURCE_DONE:
	case MAIL_SINK_DONE:
		control_take_mail(&p->control, mail, clock_now_ns());
		return true;
	default:
		return false;
	}
}

/* What the port that does a test's work gets. */
static void take_work_mail(struct port *p, const struct mail *mail)
{
	if (mail->kind == MAIL_START_SOURCE)
		start_source(p, mail);
	else if (mail->kind == MAIL_OPEN_SINK)
		open_sink(p, mail);
	else if (mail->kind == MAIL_SHARE)
		change_share(p, mail);
	else if (mail->kind == MAIL_STOP_SOURCE && p->source.active)
		finish_source(p, clock_now_ns());
	else if (mail->kind == MAIL_FINISH_SINK && p->sink.active)
		sink_source_done(&p->sink, mail->sent.count.packets);
	else if (mail->kind == MAIL_CLOSE_SINK && p->sink.active)
		finish_sink(p);
}

static void take_mail(struct port *p, const struct mail *mail)
{
	if (mail->kind == MAIL_REBIND)
		port_rebind(p, mail);
	else if (mail->kind == MAIL_LOAD)
		port_set_load(p, mail->on);
	else if (mail->kind == MAIL_PACE)
		p->pace_bps[mail->order.direction] = mail->share_bps;
	else if (!take_control_mail(p, mail))
		take_work_mail(p, mail);
}

void port_abandon(struct port *p)
{
	if (p->source.active)
		finish_source(p, clock_now_ns());
	if (p->sink.active)
		finish_sink(p);
	answer_again(p);
}

void port_read_mail(struct port *p)
{
	struct mail mail;

	while (answer_again(p) && mailbox_take(&p->mailbox, &mail)) {
		p->dirty = true;
		take_mail(p, &mail);
	}
}
