/* Paths without a bucket, or with what looks like one: none is found. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/support/bucket_scene.h"

static const struct scene rows[] = {
	{.name = "1G batches noise", PLAIN(GBIT, 20), .unit = 46, .spike_ms = 2},
	{.name = "10G noise", QUEUE(10 * GBIT, 20), .rtt_ms = 0.1, .unit = 46, .spike_ms = 2, .seconds = 4},
	{.name = "1G noise lost", PLAIN(GBIT, 20), .spike_ms = 2, .report_loss = 0.5},
	{.name = "100M loss 5% noise", PLAIN(100 * MBIT, 50), .loss = 0.05, .spike_ms = 2},
	{.name = "100M loss 5% shallow", PLAIN(100 * MBIT, 1), .loss = 0.05},
	{.name = "rtt 50 loss 5%", QUEUE(100 * MBIT, 50), .rtt_ms = 50, .loss = 0.05, .seconds = 10},
	{.name = "rtt 50 shallow", QUEUE(100 * MBIT, 1), .rtt_ms = 50, .seconds = 10},
	{.name = "2M", PLAIN(2 * MBIT, 200)},
	{.name = "10M", PLAIN(10 * MBIT, 50)},
	{.name = "100M", PLAIN(100 * MBIT, 50)},
	{.name = "1G", PLAIN(GBIT, 20)},
	{.name = "1G batches", PLAIN(GBIT, 20), .unit = 46},
	{.name = "10G", QUEUE(10 * GBIT, 100), .rtt_ms = 0.1, .unit = 46, .seconds = 4},
	{.name = "10G skew", QUEUE(10 * GBIT, 100), .rtt_ms = 0.1, .unit = 46, .skew_ppm = 100, .seconds = 4},
	{.name = "100M shallow", PLAIN(100 * MBIT, 1)},
	{.name = "10M shallow", PLAIN(10 * MBIT, 5)},
	{.name = "1G shallow", PLAIN(GBIT, 1)},
	{.name = "100M 8 packets", .rate = {{0, 100 * MBIT}}, .queue_bytes = 11.5e3, SHORT},
	{.name = "100M deep", PLAIN(100 * MBIT, 1000)},
	{.name = "100M loss 1%", PLAIN(100 * MBIT, 50), .loss = 0.01},
	{.name = "100M loss 5%", PLAIN(100 * MBIT, 50), .loss = 0.05},
	{.name = "100M loss 20%", PLAIN(100 * MBIT, 50), .loss = 0.2},
	{.name = "10M loss 5%", PLAIN(10 * MBIT, 50), .loss = 0.05},
	{.name = "10M loss 20%", PLAIN(10 * MBIT, 50), .loss = 0.2},
	{.name = "10M noise", PLAIN(10 * MBIT, 50), .spike_ms = 2},
	{.name = "100M noise", PLAIN(100 * MBIT, 50), .spike_ms = 2},
	{.name = "100M noise, shallow", PLAIN(100 * MBIT, 1), .spike_ms = 2},
	{.name = "1G noise", PLAIN(GBIT, 20), .spike_ms = 2},
	{.name = "100M noise, lost", PLAIN(100 * MBIT, 50), .spike_ms = 2, .report_loss = 0.5},
	{.name = "100M lost", PLAIN(100 * MBIT, 50), .report_loss = 0.5},
	{.name = "100M skew", PLAIN(100 * MBIT, 50), .skew_ppm = 100},
	{.name = "100M cross", PLAIN(100 * MBIT, 50), .cross_bps = 50 * MBIT},
	{.name = "cross from 1", PLAIN(100 * MBIT, 50), .cross_bps = 50 * MBIT, .cross_from_s = 1},
	{.name = "cross from 2", PLAIN(100 * MBIT, 50), .cross_bps = 20 * MBIT, .cross_from_s = 2},
	{.name = "cross from 3", PLAIN(100 * MBIT, 50), .cross_bps = 50 * MBIT, .cross_from_s = 3},
	{.name = "cross from 5", PLAIN(100 * MBIT, 50), .cross_bps = 50 * MBIT, .cross_from_s = 5},
	{.name = "cross to 3", PLAIN(100 * MBIT, 50), .cross_bps = 50 * MBIT, .cross_to_s = 3},
	{.name = "cross to 8", PLAIN(100 * MBIT, 50), .cross_bps = 50 * MBIT, .cross_to_s = 8},
	{.name = "cross 2 to 4",
		PLAIN(100 * MBIT, 50),
		.cross_bps = 50 * MBIT,
		.cross_from_s = 2,
		.cross_to_s = 4},
	{.name = "ceiling cross from 1",
		PLAIN(100 * MBIT, 50),
		.ceiling_bps = 80 * MBIT,
		.cross_bps = 50 * MBIT,
		.cross_from_s = 1},
	{.name = "10M cross from 1", PLAIN(10 * MBIT, 50), .cross_bps = 5 * MBIT, .cross_from_s = 1},
	{.name = "1G cross from 1", PLAIN(1000 * MBIT, 50), .cross_bps = 500 * MBIT, .cross_from_s = 1},
	{.name = "shallow cross from 1", PLAIN(100 * MBIT, 1), .cross_bps = 50 * MBIT, .cross_from_s = 1},
	{.name = "rtt 50 cross from 1",
		QUEUE(100 * MBIT, 50),
		.seconds = 10,
		.rtt_ms = 50,
		.cross_bps = 50 * MBIT,
		.cross_from_s = 1},
	{.name = "flood cross from 1",
		PLAIN(100 * MBIT, 50),
		.fixed_bps = 200 * MBIT,
		.cross_bps = 50 * MBIT,
		.cross_from_s = 1},
	{.name = "flood cross from 4",
		PLAIN(100 * MBIT, 50),
		.fixed_bps = 200 * MBIT,
		.cross_bps = 200 * MBIT,
		.cross_from_s = 4},
	{.name = "flood cross to 3",
		PLAIN(100 * MBIT, 50),
		.fixed_bps = 200 * MBIT,
		.cross_bps = 100 * MBIT,
		.cross_to_s = 3},
	{.name = "second from 1", PLAIN(100 * MBIT, 50), .second_starts_s = 1},
	{.name = "second from 2", PLAIN(100 * MBIT, 50), .second_starts_s = 2},
	{.name = "second, shallow", PLAIN(100 * MBIT, 2), .second_starts_s = 1},
	{.name = "second, noise", PLAIN(100 * MBIT, 50), .second_starts_s = 0.5, .spike_ms = 2},
	{.name = "second 1G", PLAIN(1000 * MBIT, 20), .second_starts_s = 1},
	{.name = "steps",
		.rate = {{0, 100 * MBIT}, {3, 30 * MBIT}, {6, 100 * MBIT}},
		.queue_bytes = 625e3,
		SHORT},
	{.name = "steps noise",
		.rate = {{0, 100 * MBIT}, {3, 30 * MBIT}, {6, 100 * MBIT}},
		.queue_bytes = 625e3,
		SHORT,
		.spike_ms = 2},
	{.name = "step down 1", .rate = {{0, 100 * MBIT}, {1, 30 * MBIT}}, .queue_bytes = 625e3, SHORT},
	{.name = "step down 2", .rate = {{0, 100 * MBIT}, {2, 80 * MBIT}}, .queue_bytes = 625e3, SHORT},
	{.name = "step down 2 noise",
		.rate = {{0, 100 * MBIT}, {2, 80 * MBIT}},
		.queue_bytes = 625e3,
		SHORT,
		.spike_ms = 2},
	{.name = "step up 3", .rate = {{0, 30 * MBIT}, {3, 100 * MBIT}}, .queue_bytes = 625e3, SHORT},
	{.name = "sender 300M", PLAIN(GBIT, 20), .sender_bps = 300 * MBIT},
	{.name = "ceiling 20M", PLAIN(100 * MBIT, 50), .ceiling_bps = 20 * MBIT},
	{.name = "receiver 5G",
		.rate = {{0, 50 * GBIT}},
		.queue_bytes = 600e6,
		.rtt_ms = 0.1,
		.receiver_bps = 5 * GBIT,
		.receiver_bytes = 400e3,
		.unit = 46,
		.seconds = 4},
	{.name = "receiver 100M", PLAIN(GBIT, 20), .receiver_bps = 100 * MBIT, .receiver_bytes = 400e3},
	{.name = "rtt 50", QUEUE(100 * MBIT, 50), .rtt_ms = 50, .seconds = 10},
	{.name = "rtt 300", QUEUE(100 * MBIT, 50), .rtt_ms = 300, .seconds = 10},
	{.name = "rtt 50 noise", QUEUE(100 * MBIT, 50), .rtt_ms = 50, .spike_ms = 2, .seconds = 10},
	{.name = "2x 2M", PLAIN(2 * MBIT, 200), TWICE(2 * MBIT)},
	{.name = "2x 10M", PLAIN(10 * MBIT, 50), TWICE(10 * MBIT)},
	{.name = "2x 100M", PLAIN(100 * MBIT, 50), TWICE(100 * MBIT)},
	{.name = "2x 100M noise", PLAIN(100 * MBIT, 50), TWICE(100 * MBIT), .spike_ms = 2},
	{.name = "2x 100M shallow", PLAIN(100 * MBIT, 1), TWICE(100 * MBIT)},
	{.name = "2x 1G", PLAIN(GBIT, 20), TWICE(GBIT)},
	{.name = "2x 1G noise", PLAIN(GBIT, 20), TWICE(GBIT), .spike_ms = 2},
	{.name = "2x 10G", QUEUE(10 * GBIT, 20), .rtt_ms = 0.1, TWICE(10 * GBIT), .unit = 46, .seconds = 4},
	{.name = "2x 100M loss 5%", PLAIN(100 * MBIT, 50), TWICE(100 * MBIT), .loss = 0.05},
	{.name = "half 100M loss 20%", PLAIN(100 * MBIT, 50), .fixed_bps = 50 * MBIT, .loss = 0.2},
	{.name = "half 100M", PLAIN(100 * MBIT, 50), .fixed_bps = 50 * MBIT},
	{.name = "flood receiver",
		PLAIN(GBIT, 20),
		.fixed_bps = 500 * MBIT,
		.receiver_bps = 100 * MBIT,
		.receiver_bytes = 400e3},
};

static void test_none(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		for (uint64_t seed = 1; seed <= SEEDS; seed++) {
			struct bucket_result r = scene_bucket(&rows[i], seed);

			print_message("%-24s kind %u, rate %.0f, bytes %.0f\n", rows[i].name, r.kind,
				(double)r.rate_bps, (double)r.bytes);
			assert_int_equal(r.kind, BUCKET_NONE);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
