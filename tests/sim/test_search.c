/* A source whose rate follows the reports, against a real sink in virtual time: what it finds, when it ends,
 * and how the sink sees what was lost on the way. */
#include "tests/support/transfer.h"

#define MBIT UINT64_C(1000000)

static const struct {
	const char *name;
	struct transfer_plan plan;
	uint64_t least_bps, most_bps; /* UDP payload; 0, 0: nothing is found */
	enum capacity_limit limit;
	bool early;
} rows[] = {
	{"a bottleneck",
		{WAY(0, 0, 5, 0), WAY(0, 0, 5, 0), PLAN(0, 4, 100), .extended = true, .search = true,
			.bottleneck_bps = 20 * MBIT},
		19400000, 20600000, CAPACITY_NETWORK, false},
	{"another, with loss by chance",
		{WAY(.01, 0, 5, 0), WAY(.01, 0, 5, 0), PLAN(0, 4, 100), .extended = true, .search = true,
			.bottleneck_bps = 8 * MBIT},
		7600000, 8400000, CAPACITY_NETWORK, false},
	{"the asked rate is the most",
		{WAY(0, 0, 5, 0), WAY(0, 0, 5, 0), PLAN(10000, 3, 100), .extended = true, .search = true,
			.bottleneck_bps = 50 * MBIT},
		9500000, 10300000, CAPACITY_CEILING, false},
	{"until it is known to 5 %",
		{WAY(0, 0, 5, 0), WAY(0, 0, 5, 0), PLAN(0, 10, 100), .extended = true, .search = true,
			.until_ppm = 50000, .bottleneck_bps = 20 * MBIT},
		19000000, 21000000, CAPACITY_NETWORK, true},
	{"a classic peer",
		{WAY(0, 0, 5, 0), WAY(0, 0, 5, 0), PLAN(5000, 2, 100), .search = true, .until_ppm = 50000}, 0,
		0, CAPACITY_UNKNOWN, false},
};

/* Steps of 50 ms until the source is done; returns how long that took. */
static uint64_t run_source(struct transfer *t)
{
	while (!source_finished(&t->source, t->now_ns))
		run_until(t, t->now_ns + 50 * MS);
	return t->now_ns - START_NS;
}

static void check_found(const struct transfer *t, size_t i)
{
	/* The result counts headers too. */
	double share = (double)DATAGRAM / (DATAGRAM + OVERHEAD);
	struct path_capacity c = source_capacity(&t->source);
	double payload_bps = (double)c.bps * share;

	print_message("\tfound %.2f Mbit/s +- %.2f %%\n", payload_bps / 1e6, c.ci_ppm / 1e4);
	assert_true(payload_bps >= (double)rows[i].least_bps && payload_bps <= (double)rows[i].most_bps);
	assert_int_equal(c.limit, rows[i].limit);
	assert_true(c.p10_bps <= c.p50_bps && c.p50_bps <= c.p90_bps);
	if (rows[i].limit == CAPACITY_NETWORK && !rows[i].early)
		assert_true((double)c.p10_bps * share >= (double)rows[i].least_bps * 0.95 &&
			    (double)c.p90_bps * share <= (double)rows[i].most_bps * 1.05);
	assert_int_equal(t->source.ended, rows[i].early ? ENDED_CERTAIN : ENDED_TIME);
	if (rows[i].early)
		assert_in_range(c.ci_ppm, 0, rows[i].plan.until_ppm);
}

static void test_found(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct transfer *t = transfer_new(&rows[i].plan);
		uint64_t took_ns;

		print_message("%s\n", rows[i].name);
		took_ns = run_source(t);
		if (rows[i].early)
			assert_in_range(took_ns, 100 * MS, rows[i].plan.duration_ns * 3 / 4);
		else
			assert_in_range(
				took_ns, rows[i].plan.duration_ns, rows[i].plan.duration_ns + 50 * MS);
		check_found(t, i);
		transfer_free(t);
	}
}

/* Without anything to search by, a source sends as it would without a search: at the rate, or as fast as it
 * can. */
static void test_classic(void **state)
{
	static const uint64_t rates[] = {0, 5 * MBIT};

	(void)state;
	for (size_t i = 0; i < COUNT(rates); i++) {
		struct source_plan plan = {
			.order = {.channel = CHANNEL,
				.start_ns = START_NS,
				.duration_ns = NS_PER_S,
				.rate_bps = rates[i],
				.datagram_bytes = DATAGRAM,
				.search = true},
			.segments = SEGMENTS,
		};
		struct source s;

		assert_int_equal(source_open(&s, &plan), 0);
		assert_false(s.order.search);
		assert_int_equal(s.pacer.rate_bps, rates[i]);
		plan.extended = true;
		source_close(&s);
		assert_int_equal(source_open(&s, &plan), 0);
		assert_int_equal(s.searched_bps, CAPACITY_START_BPS);
		source_close(&s);
	}
}

/* As fast as it can, until the receiver's own socket loses something; the path may lose what it likes. */
static void test_unlimited(void **state)
{
	static const struct {
		const char *name;
		unsigned host, path; /* lost of 100 packets in 10 ms, in the tenth report and later */
		uint64_t least_bps, most_bps;
	} ways[] = {
		{"nothing lost", 0, 0, 0, 0},
		{"lost on the path", 0, 10, 0, 0},
		{"lost in the receiver's socket", 6, 0, 18000000, 19900000},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(ways); i++) {
		struct source_plan plan = {.order = {.channel = CHANNEL,
						   .start_ns = START_NS,
						   .duration_ns = NS_PER_S,
						   .datagram_bytes = DATAGRAM},
			.segments = SEGMENTS,
			.extended = true};
		struct feedback f = {.has_report = true, .spans = {.count = 1}};
		struct source_feedback with = {.feedback = &f};
		struct source s;

		print_message("%s\n", ways[i].name);
		assert_int_equal(source_open(&s, &plan), 0);
		for (unsigned n = 1; n <= 10; n++) {
			uint64_t now_ns = START_NS + n * 10 * MS;

			for (unsigned sent = 0; sent < 100; sent += SEGMENTS / 4) {
				assert_true(source_fill(&s, now_ns) >= SEGMENTS / 4);
				source_sent(&s, SEGMENTS / 4, now_ns);
			}
			assert_int_equal(s.pacer.rate_bps, 0);
			f.next_channel += 100;
			f.packets += n < 10 ? 100 : 100 - ways[i].host - ways[i].path;
			f.host_drops += n < 10 ? 0 : ways[i].host;
			f.bytes = f.packets * DATAGRAM;
			f.unique_packets = f.packets;
			f.spans.span[0] = (struct span){f.next_channel, UINT64_MAX};
			f.arrival_ns = now_ns;
			f.delay_last_ns = f.delay_min_ns = MS;
			with.sequence = n;
			assert_int_equal(source_report(&s, &with, now_ns), WIRE_OK);
		}
		assert_in_range(s.pacer.rate_bps, ways[i].least_bps, ways[i].most_bps);
		source_close(&s);
	}
}

/* What was lost, and how: none of it is left unread in the end. */
static void test_pattern(void **state)
{
	static const struct {
		double drop;
		uint64_t jitter_ms;
		double least_mean, most_mean; /* packets in a burst */
		bool late;
	} ways[] = {{0, 0, 0, 0, false}, {.05, 0, 1, 1.2, false}, {.3, 0, 1.3, 1.6, false},
		{.05, 20, 1, 1.2, true}};

	(void)state;
	for (size_t i = 0; i < COUNT(ways); i++) {
		struct transfer_plan plan = {WAY(ways[i].drop, 0, 5, ways[i].jitter_ms), WAY(0, 0, 5, 0),
			PLAN(8000, 3, 100), .extended = true, .seed = i};
		struct transfer *t = transfer_new(&plan);
		struct sink_counters got;
		struct loss_pattern p;

		print_message("%.0f %%, %ju ms\n", 100 * ways[i].drop, (uintmax_t)ways[i].jitter_ms);
		run_out(t);
		sink_counters(&t->sink, &got);
		sink_pattern(&t->sink, &p);
		assert_int_equal(p.lost, got.missing_packets);
		assert_int_equal(p.unread, 0);
		assert_int_equal(p.bursts > 0, ways[i].drop > 0);
		assert_true(p.mean >= ways[i].least_mean && p.mean <= ways[i].most_mean);
		assert_int_equal(p.late > 0, ways[i].late);
		assert_int_equal(p.late, got.reordered);
		assert_int_equal(p.outages, 0);
		transfer_free(t);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_found),
		cmocka_unit_test(test_classic),
		cmocka_unit_test(test_unlimited),
		cmocka_unit_test(test_pattern),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
