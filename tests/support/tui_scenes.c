#include "tests/support/tui_scenes.h"

void scene_waiting(struct fake *f)
{
	fake_open(f);
	f->view.state = CLIENT_ASKING;
	fake_run(f, 7);
}

void scene_idle(struct fake *f)
{
	fake_open(f);
	fake_up(f);
	fake_note(f, EVENT_NOTE, "Ports assigned: CONTROL 40001, UPLOAD 40002, DOWNLOAD 40003");
	fake_note(f, EVENT_GOOD, "Connected: extended, a thread for each port");
	fake_run(f, 120);
}

void scene_upload(struct fake *f)
{
	static const struct fake_test plan = {TEST_UP, 100 * SCENE_MBIT, 95 * SCENE_MBIT, 30, 17};

	scene_idle(f);
	fake_start(f, &plan);
	fake_run(f, 121);
	fake_outcome(&f->view.snapshot.port[PORT_UPLOAD].latency, LATENCY_LOST);
	fake_step(f);
}

void scene_both(struct fake *f)
{
	static const struct fake_test up = {TEST_UP, 0, 0, 30, 0}, down = {TEST_DOWN, 0, 0, 30, 60};

	scene_idle(f);
	fake_start(f, &up);
	fake_start(f, &down);
	fake_run(f, 73);
}

void scene_held_up(struct fake *f)
{
	static const struct fake_test up = {TEST_UP, 0, 0, 10, 0};

	scene_idle(f);
	fake_start(f, &up);
	fake_run(f, 100);
	fake_end(f, TEST_UP, TEST_COMPLETE);
	fake_run(f, 15);
}

void scene_results(struct fake *f)
{
	static const struct fake_test up = {TEST_UP, 95 * SCENE_MBIT, 95 * SCENE_MBIT, 10, 300};
	static const struct fake_test down = {TEST_DOWN, 0, 0, 30, 0};

	scene_idle(f);
	fake_start(f, &up);
	fake_run(f, 100);
	fake_end(f, TEST_UP, TEST_COMPLETE);
	fake_run(f, 20);
	fake_start(f, &down);
	fake_run(f, 41);
	fake_end(f, TEST_DOWN, TEST_INCOMPLETE);
	fake_run(f, 15);
}

void scene_frozen(struct fake *f)
{
	scene_results(f);
	ui_look_at(&f->ui, &f->history, history_worst(&f->history));
}

void scene_zoomed(struct fake *f)
{
	scene_upload(f);
	fake_refuse(f, PORT_UPLOAD);
	f->ui.zoomed = true;
}

void scene_zoomed_control(struct fake *f)
{
	scene_results(f);
	fake_refuse(f, PORT_CONTROL);
	f->ui.zoomed = true;
	f->ui.focus = PORT_CONTROL;
}

void scene_help(struct fake *f)
{
	scene_idle(f);
	f->ui.help = true;
}

void scene_help_end(struct fake *f)
{
	scene_help(f);
	f->ui.help_row = 1000;
}

void scene_terms(struct fake *f)
{
	static struct options options; /* large */

	scene_idle(f);
	f->view.rate_bps = 20 * SCENE_MBIT;
	test_dialog_open(&f->ui.terms, &f->view);
	test_dialog_key(&f->ui.terms, '9');
	test_dialog_key(&f->ui.terms, 'X');
	test_dialog_take(&f->ui.terms, &options);
}

void scene_not_reached(struct fake *f)
{
	scene_waiting(f);
	f->view.state = CLIENT_UNREACHED;
	f->view.tries = 3;
	snprintf(f->view.problem, sizeof f->view.problem,
		"it assigned ports, but not all of them answer: a firewall in between?");
	fake_note(f, EVENT_ERROR,
		"Not reached: it assigned ports, but not all of them answer: a firewall in between?");
	f->view.retry_ns = f->view.now_ns + 5 * (uint64_t)NS_PER_S;
	fake_run(f, 12);
}

void scene_lost(struct fake *f)
{
	scene_both(f);
	f->view.state = CLIENT_LOST;
	snprintf(f->view.problem, sizeof f->view.problem, "silent for 9 s");
	fake_note(f, EVENT_ERROR, "The server is silent; asking it again");
	fake_run(f, 3);
	f->view.state = CLIENT_ASKING;
	f->view.tries = 2;
	fake_run(f, 20);
}

void scene_refused(struct fake *f)
{
	scene_waiting(f);
	f->view.state = CLIENT_REFUSED;
	snprintf(f->view.problem, sizeof f->view.problem, "auth: no such key here");
	fake_note(f, EVENT_ERROR, "Refused (auth: no such key here)");
	fake_run(f, 4);
}

void scene_port_failed(struct fake *f)
{
	struct port_snapshot *p;

	scene_upload(f);
	p = &f->view.snapshot.port[PORT_DOWNLOAD];
	p->state = PORT_FAILED;
	p->error = EHOSTUNREACH;
	fake_run(f, 30);
}

void scene_classic(struct fake *f)
{
	static const struct fake_test plan = {TEST_UP, 100 * SCENE_MBIT, 100 * SCENE_MBIT, 30, 0};

	fake_open(f);
	fake_up(f);
	f->view.classic = true;
	f->view.threads = false;
	f->view.cap_duration_s = 0;
	snprintf(f->view.server, sizeof f->view.server, "[2001:db8:85a3:8d3:1319:8a2e:370:7348]:6711");
	for (int kind = 0; kind < PORT_KINDS; kind++)
		f->view.snapshot.port[kind].thread_id = 4710;
	fake_note(f, EVENT_GOOD, "Connected: a classic server, uploads only, one loop");
	fake_run(f, 30);
	fake_start(f, &plan);
	fake_run(f, 64);
}

void scene_watching(struct fake *f)
{
	struct server_view *peer = &f->view.snapshot.peer;

	scene_both(f);
	f->view.watching = true;
	f->view.keyed = true;
	f->view.cap_rate_bps = UINT64_C(10000) * SCENE_MBIT;
	peer->taken_ns = f->view.now_ns - 230 * NS_PER_MS;
	for (int kind = 0; kind < PORT_KINDS; kind++)
		peer->port[kind] = (struct server_view_port){
			.state = PORT_UP,
			.thread_id = 8121 + kind,
			.cpu_ns = 3450 * (uint64_t)NS_PER_MS,
			.steps = 184022,
			.received_packets = kind == PORT_UPLOAD ? 686021 : 204,
			.sent_packets = kind == PORT_DOWNLOAD ? 686300 : 205,
			.socket_drops = kind == PORT_UPLOAD ? 12 : 0,
			.latency_n = 203,
			.latency_last_ns = 80 * NS_PER_US,
			.latency_p50_ns = 85 * NS_PER_US,
			.latency_p99_ns = 410 * NS_PER_US,
		};
}

struct scene scene_of(const struct fake *f)
{
	return (struct scene){
		.view = &f->view,
		.history = &f->history,
		.ui = &f->ui,
		.at = ui_moment(&f->ui, &f->history),
	};
}
