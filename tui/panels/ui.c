#include "tui/panels/ui.h"

#include "proto/sys/clock.h"
#include "tui/screen/keys.h"

double ui_scale_s(unsigned scale)
{
	static const double seconds[UI_SCALES] = {0.2, 0.4, 1, 2, 5, 15, 60};

	return seconds[scale < UI_SCALES ? scale : UI_SCALES - 1];
}

/* Binary search: moments are in order of time. */
static size_t find(const struct history *h, uint64_t at_ns)
{
	size_t low = 0, high = h->count;

	while (low + 1 < high) {
		size_t middle = low + (high - low) / 2;

		if (h->moment[middle].at_ns <= at_ns)
			low = middle;
		else
			high = middle;
	}
	return low;
}

size_t ui_moment(const struct ui *ui, const struct history *h)
{
	if (h->count == 0)
		return 0;
	return ui->frozen ? find(h, ui->at_ns) : h->count - 1;
}

void ui_look_at(struct ui *ui, const struct history *h, size_t moment)
{
	if (h->count == 0)
		return;
	if (moment >= h->count)
		moment = h->count - 1;
	ui->frozen = true;
	ui->at_ns = h->moment[moment].at_ns;
}

unsigned ui_situation(const struct ui *ui, const struct view *v)
{
	if (ui->frozen)
		return WHILE_FROZEN;
	if (v->state != CLIENT_UP)
		return WHILE_GONE;
	for (unsigned i = 0; i < v->snapshot.tests; i++)
		if (v->snapshot.test[i].phase == TEST_ASKING || v->snapshot.test[i].phase == TEST_RUNNING)
			return WHILE_TESTING;
	return WHILE_LIVE;
}
