/* A port's life and its turn. Policy of a turn: receive first, because a datagram that waits grows old
 * while one that is not sent yet doesn't; then mail, and what was received; then deadlines; then show
 * what has changed. */
#include "proto/engine/port.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proto/engine/port_private.h"
#include "proto/measure/holes.h"
#include "proto/sys/clock.h"

enum {
	PORT_PUBLISH_MS = 20,  /* a snapshot is no older than this */
	PORT_SILENT_MS = 1500, /* a heartbeat a second is usual */
	PORT_ANSWER_MS = 1,    /* until CONTROL's mailbox is looked at again */
	PORT_GATHER_US = 20,   /* asked for; a kernel's usual slack makes it 75 */
	PORT_GATHER_ROOM = 4,  /* the socket must have room for what comes in so many pauses of PAUSE_US */
	PORT_PAUSE_US = 100,
};

static const uint64_t PORT_GATHER_BPS = 4000000000;

/* Counts this turn, if it was due, and how late it is, while a test is at work here. */
static void note_lateness(struct port *p)
{
	uint64_t due_ns = p->task.deadline_ns, now_ns;

	if (due_ns == 0 || !(p->source.active || p->sink.active))
		return;
	now_ns = clock_now_ns();
	if (now_ns < due_ns)
		return;
	p->work.turns++;
	p->work.late_turns += now_ns - due_ns > clock_us(HOST_LATE_US);
	if (now_ns - due_ns > p->work.late_max_ns)
		p->work.late_max_ns = now_ns - due_ns;
}

/* Where data arrives fast, each batch would find this thread asleep: to wake it is work for the sender's
 * kernel, on loopback as much as a twelfth of all that it does. So it sleeps a moment by itself first. */
static uint64_t gather_ns(const struct port *p)
{
	uint64_t bps = p->sink.active ? p->work.arriving.bps : 0;
	uint64_t bytes = bps / 8 / (NS_PER_S / clock_us(PORT_PAUSE_US)) * PORT_GATHER_ROOM;

	return bps >= PORT_GATHER_BPS && bytes <= p->socket.receive_buffer_bytes ? clock_us(PORT_GATHER_US)
										 : 0;
}

static uint64_t step_task(struct loop_task *task, bool readable)
{
	struct port *p = (struct port *)((char *)task - offsetof(struct port, task));

	(void)readable; /* a turn looks at the socket in any case */
	note_lateness(p);
	task->gather_ns = gather_ns(p);
	return port_step(p);
}

static int open_socket(struct port *p, const struct address *connect_to)
{
	const struct options *o = p->options;
	struct address local;
	int error = p->single_port ? udp_open_shared(&p->socket, &p->local) : udp_open(&p->socket, &p->local);

	if (error)
		return error;
	if (connect_to)
		error = udp_connect(&p->socket, connect_to);
	if (!error)
		error = udp_local_address(&p->socket, &local);
	if (!error)
		error = udp_set_impair(&p->socket, o->test_drop_rate, clock_ms(o->test_delay_ms));
	if (error) {
		udp_close(&p->socket);
		return error;
	}
	if (!o->offload)
		udp_disable_offload(&p->socket);
	p->stats.local_port = address_port(&local);
	p->stats.receive_buffer_bytes = p->socket.receive_buffer_bytes;
	p->stats.send_buffer_bytes = p->socket.send_buffer_bytes;
	return 0;
}

/* To a socket for that address; NULL: to none. */
static void move(struct port *p, const struct address *to)
{
	struct loop *loop = p->task.loop;

	loop_remove(&p->task);
	udp_close(&p->socket);
	/* Until the new address is proven there is nobody to send data to. */
	p->peer_known = false;
	if (!to || open_socket(p, to))
		p->socket.fd = -1; /* the client's next heartbeat is another try */
	p->task.fd = p->socket.fd;
	if (loop_add(loop, &p->task))
		p->stats.state = PORT_FAILED;
}

void port_rebind(struct port *p, const struct mail *mail)
{
	/* A heartbeat that was taken before is a replay; whoever sent it must not move us. */
	if (p->single_port && mail->counter >= p->seal.next)
		move(p, &mail->address);
}

void port_give_way(struct port *p, uint64_t now_ns)
{
	if (p->single_port && now_ns > p->heard_ns + clock_ms(PORT_SILENT_MS))
		move(p, NULL);
}

static struct port made_of(const struct port_plan *plan)
{
	bool is_extended_client = plan->is_client && plan->secret;

	return (struct port){
		.kind = plan->kind,
		.is_client = plan->is_client,
		.options = plan->options,
		.peer = plan->peer,
		.peer_known = plan->is_client,
		.socket.fd = -1,
		.single_port = plan->single_port,
		.local = plan->local,
		.key = plan->key,
		.extended = plan->secret != NULL,
		.asks_path = plan->asks_path && is_extended_client && plan->kind == PORT_UPLOAD &&
			     options_length_is_auto(plan->options),
		.gate = plan->gate,
		.session = plan->session,
	};
}

static void init_parts(struct port *p, const struct port_plan *plan)
{
	const struct options *o = plan->options;
	struct heartbeat_plan heartbeat = {
		.is_client = plan->is_client,
		.extended = p->extended,
		.interval_ns = clock_ms(o->heartbeat_ms),
		.limit = o->count,
		.owd = p->owd,
	};
	uint64_t repeat_ns = clock_ms(plan->is_client ? o->ucm_delay_ms : o->ucm_rate_ms);

	mailbox_init(&p->mailbox);
	pthread_mutex_init(&p->published_lock, NULL);
	heartbeat_init(&p->heartbeat, &heartbeat, clock_now_ns());
	control_init(&p->control, plan->is_client, p->extended,
		control_repeat_ns(plan->is_client, p->extended, repeat_ns), plan->key);
	if (plan->secret)
		seal_init(&p->seal, plan->is_client, plan->kind, plan->secret);
	crypto_shorthash_keygen(p->challenge_key);
}

int port_open(struct port *p, const struct port_plan *plan)
{
	int error;

	*p = made_of(plan);
	if (plan->is_client && plan->secret) {
		p->owd = calloc(1, sizeof *p->owd);
		if (!p->owd)
			return -ENOMEM;
	}
	error = plan->single_port ? 0 : open_socket(p, plan->is_client ? &plan->peer : NULL);
	if (error) {
		free(p->owd);
		return error;
	}
	p->task = (struct loop_task){.fd = p->socket.fd, .step = step_task};
	p->published = p->stats;
	init_parts(p, plan);
	return 0;
}

void port_close(struct port *p)
{
	free(p->owd);
	source_close(&p->source);
	sink_close(&p->sink);
	udp_close(&p->socket);
	sodium_memzero(&p->seal, sizeof p->seal);
	mailbox_free(&p->mailbox);
	pthread_mutex_destroy(&p->published_lock);
}

/* Holes are drawn on a screen, which only a client has. */
static void show_source(struct port_snapshot *now, const struct source *s, bool holes)
{
	now->source = s->count;
	now->report_ns = s->count.reports ? s->repair.report_ns : 0;
	if (!holes)
		return;
	holes_draw(&now->holes, &s->repair.lost, s->repair.heard_data);
	if (now->holes.end == 0)
		holes_draw(&now->holes, &s->repair.under_way, s->repair.heard_data);
	else
		holes_add(&now->holes, &s->repair.under_way);
}

static void show_sink(struct port_snapshot *now, const struct sink *k, bool holes)
{
	sink_counters(k, &now->sink);
	now->report_ns = k->count.reports ? k->reported_ns : 0;
	if (holes)
		holes_draw(&now->holes, &k->missing, k->next_data);
}

static void complete_snapshot(struct port *p, uint64_t now_ns)
{
	struct port_snapshot *now = &p->stats;

	now->taken_ns = now_ns;
	now->thread_id = gettid();
	now->cpu_ns = clock_thread_cpu_ns();
	now->last_heard_ns = p->heard_ns;
	now->peer_interval_ns = p->heartbeat.peer_interval_ns;
	now->remote_port = p->peer_known ? address_port(&p->peer) : 0;
	now->socket_drops = p->socket.drops;
	port_show_path(p);
	now->send_offload = p->socket.send_offload;
	now->receive_offload = p->socket.receive_offload;
	now->source_active = p->source.active;
	now->sink_active = p->sink.active;
	if (p->source.active)
		show_source(now, &p->source, p->is_client);
	if (p->sink.active)
		show_sink(now, &p->sink, p->is_client);
	heartbeat_summary(&p->heartbeat, now_ns, &now->latency);
}

static void publish_tests(struct port *p)
{
	p->published_tests = control_records(&p->control, p->published_test);
	for (unsigned i = 0; i < p->published_tests; i++)
		p->published_test[i].overhead_bytes = address_header_bytes(&p->peer);
}

/* While a reader is copying, this turn's news waits for the next turn; the port never waits. */
static void publish(struct port *p, uint64_t now_ns)
{
	if (!p->dirty || now_ns < p->publish_ns)
		return;
	complete_snapshot(p, now_ns);
	if (pthread_mutex_trylock(&p->published_lock))
		return;
	p->published = p->stats;
	if (p->kind == PORT_CONTROL) {
		publish_tests(p);
		p->published_peer = p->watch.latest;
	}
	pthread_mutex_unlock(&p->published_lock);
	p->dirty = false;
	p->publish_ns = now_ns + clock_ms(PORT_PUBLISH_MS);
}

/* When this port next has something to do on its own. */
static uint64_t next_turn(struct port *p, uint64_t now_ns)
{
	const struct options *o = p->options;
	uint64_t due_ns = now_ns + clock_ms(p->is_client ? o->client_block_ms : o->server_block_ms);
	uint64_t output_ns = port_output_due_ns(p, now_ns);

	if (output_ns < due_ns)
		due_ns = output_ns;
	if (p->dirty && p->publish_ns < due_ns)
		due_ns = p->publish_ns;
	if (p->answers > 0)
		due_ns = clock_earlier(due_ns, now_ns + clock_ms(PORT_ANSWER_MS));
	/* While datagrams arrive in quick succession, polling is cheaper than being woken. */
	if (now_ns < p->heard_ns + clock_us(o->incoming_blocking_us))
		return now_ns;
	return due_ns;
}

uint64_t port_step(struct port *p)
{
	bool more = false;
	uint64_t now_ns;

	p->stats.steps++;
	if (p->stats.state != PORT_FAILED) {
		more = port_input(p);
		p->drained = !more;
		more = port_output(p) || more;
	}
	if (p->stats.state == PORT_FAILED)
		port_abandon(p);
	now_ns = clock_now_ns();
	publish(p, now_ns);
	if (p->stats.state == PORT_FAILED) {
		if (p->dirty || p->answers > 0)
			return now_ns + clock_ms(PORT_PUBLISH_MS);
		loop_remove(&p->task); /* its socket would wake us for ever */
		return CLOCK_NEVER;
	}
	return more ? now_ns : next_turn(p, now_ns);
}

unsigned port_read(struct port *p, struct port_snapshot *out, struct test_record tests[CONTROL_TESTS])
{
	unsigned n;

	pthread_mutex_lock(&p->published_lock);
	*out = p->published;
	n = p->published_tests;
	if (tests)
		memcpy(tests, p->published_test, n * sizeof *tests);
	pthread_mutex_unlock(&p->published_lock);
	return tests ? n : 0;
}

void port_read_peer(struct port *p, struct server_view *out)
{
	pthread_mutex_lock(&p->published_lock);
	*out = p->published_peer;
	pthread_mutex_unlock(&p->published_lock);
}
