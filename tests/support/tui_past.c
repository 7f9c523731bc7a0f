#include "tests/support/tui_past.h"

struct view view;
struct history history;

int past_begin(void **state)
{
	(void)state;
	memset(&view, 0, sizeof view);
	view.state = CLIENT_UP;
	view.was_up = true;
	view.now_ns = PAST_START_NS;
	return 0;
}

int past_end(void **state)
{
	(void)state;
	history_free(&history);
	return 0;
}

void past_tick(void)
{
	view.now_ns += PAST_TICK_NS;
	for (int kind = 0; kind < PORT_KINDS; kind++)
		view.snapshot.port[kind].taken_ns = view.now_ns;
	history_add(&history, &view);
}

const struct moment_port *past_last(enum port_kind kind)
{
	return &history.moment[history.count - 1].port[kind];
}

void past_near(double is, double expected)
{
	double error = is > expected ? is - expected : expected - is;
	double allowed = 1e-6 * (expected > 0 ? expected : -expected) + 1e-9;

	if (error > allowed)
		print_message("%g is not %g\n", is, expected);
	assert_true(error <= allowed);
}
