/* The rows. Most name a field; a getter is for what follows from several. */
#include "proto/record/outcome.h"
#include "proto/record/verdict.h"
#include "proto/report/metrics.h"
#include "proto/sys/clock.h"

#define ROWS(a)         a, sizeof(a) / sizeof *(a)
#define AT(type, field) .at = offsetof(struct type, field), .bytes = sizeof(((struct type *)0)->field)

#define KNOWN(type, name, condition)           \
	static bool name(const void *record)   \
	{                                      \
		const struct type *r = record; \
                                               \
		return condition;              \
	}

#define GET(type, name, member, value)                        \
	static union metric_value name(const void *record)    \
	{                                                     \
		const struct type *r = record;                \
                                                              \
		return (union metric_value){.member = value}; \
	}

/* A test. */

bool metrics_loss_known(const struct test_record *r)
{
	return r->received.known >= RECEIVED_TOTALS &&
	       (directions_table[r->direction].client_sends || outcome_is_agreed(r));
}

static double bps(const struct test_record *r, uint64_t bytes)
{
	return clock_bps(bytes, (double)r->sent.duration_ns);
}

static const char *shaping_name(const struct bucket_result *b)
{
	static const char *const name[] = {"none", "shaper", "policer"};

	return name[b->kind];
}

static const char *ended_name(enum test_ended ended)
{
	static const char *const name[] = {"duration", "until", "budget"};

	return name[ended];
}

KNOWN(test_record, is_complete, r->phase == TEST_COMPLETE)
KNOWN(test_record, has_time, r->sent.duration_ns > 0)
KNOWN(test_record, has_ip_rate, r->sent.duration_ns > 0 && r->overhead_bytes > 0)
KNOWN(test_record, has_sent, directions_table[r->direction].client_sends || outcome_is_agreed(r))
KNOWN(test_record, has_received, r->received.known >= RECEIVED_TOTALS)
KNOWN(test_record, has_counts, r->received.known == RECEIVED_COUNTERS)
KNOWN(test_record, has_unique, r->received.known == RECEIVED_COUNTERS || r->phase == TEST_INCOMPLETE)
KNOWN(test_record, has_resent, directions_table[r->direction].client_sends || metrics_loss_known(r))
KNOWN(test_record, has_loss, metrics_loss_known(r))
KNOWN(test_record, is_agreed, outcome_is_agreed(r))
KNOWN(test_record, has_period, outcome_is_agreed(r) && r->received.pattern.period)
KNOWN(test_record, was_granted, r->phase != TEST_FAILED)
KNOWN(test_record, has_asked_rate, r->asked_rate_bps)
KNOWN(test_record, has_rate, r->rate_bps)
KNOWN(test_record, has_capacity, r->sent.capacity.bps)
KNOWN(test_record, has_percentiles, r->sent.capacity.p50_bps)
KNOWN(test_record, has_shaping, r->sent.bucket.kind)
KNOWN(test_record, has_sender, r->sent.load.known)
KNOWN(test_record, has_receiver, r->received.load.known)
KNOWN(test_record, is_refused, r->refusal)

GET(test_record, direction, text, directions_table[r->direction].name)
GET(test_record, complete, count, r->phase == TEST_COMPLETE)
GET(test_record, ended_by, text, ended_name(r->sent.ended))
GET(test_record, sent_bps, real, bps(r, r->sent.count.bytes))
GET(test_record, received_bps, real, bps(r, r->received.count.bytes))
GET(test_record, ip_bps, real,
	bps(r, r->received.count.bytes + r->received.count.packets * r->overhead_bytes))
GET(test_record, lost, count, outcome_loss(r).packets)
GET(test_record, lost_sender, count, outcome_loss(r).sender_host)
GET(test_record, lost_path, count, outcome_loss(r).path)
GET(test_record, lost_receiver, count, outcome_loss(r).receiver_host)
GET(test_record, lost_ratio, real,
	r->sent.count.packets ? (double)outcome_loss(r).packets / (double)r->sent.count.packets : 0)
GET(test_record, is_least, count, verdict_is_least(r))
GET(test_record, limited_by, text, verdict_limit_name(verdict_limit(r)))
GET(test_record, shaping_kind, text, shaping_name(&r->sent.bucket))
GET(test_record, agreed, count, outcome_is_agreed(r))
GET(test_record, hash, text, r->hash)
GET(test_record, refused, text, refusal_name(r->refusal))

#define TEST(field) AT(test_record, field)

static const struct metric test_head[] = {
	{"direction", "direction", .type = METRIC_TEXT, .get = direction},
	{"channel", "channel", .type = METRIC_COUNT, TEST(channel)},
	{"duration_s", "duration", .type = METRIC_SECONDS, TEST(sent.duration_ns)},
	{"complete", "complete", .type = METRIC_BOOL, .get = complete},
	{"ended_by", "ended by", .type = METRIC_TEXT, .known = is_complete, .get = ended_by},
};

static const struct metric test_sent[] = {
	{"packets", "packets", .type = METRIC_COUNT, .lines = LINE_SENT, TEST(sent.count.packets)},
	{"bytes", "bytes", .type = METRIC_COUNT, .lines = LINE_SENT, TEST(sent.count.bytes)},
	{"bits_per_second", "#", "sent #", METRIC_SPEED, LINE_SENT_SPEED, .known = has_time, .get = sent_bps},
};

static const struct metric test_received[] = {
	{"packets", "packets", .type = METRIC_COUNT, .lines = LINE_RECEIVED | LINE_LOG,
		TEST(received.count.packets)},
	{"bytes", "bytes", .type = METRIC_COUNT, .lines = LINE_RECEIVED, TEST(received.count.bytes)},
	{"bits_per_second", "#", .type = METRIC_SPEED, .lines = LINE_RECEIVED_SPEED, .known = has_time,
		.get = received_bps},
	{"ip_bits_per_second", "at the IP layer", .type = METRIC_SPEED, .known = has_ip_rate, .get = ip_bps},
	{"unique_packets", "unique", .type = METRIC_COUNT, .lines = LINE_ARRIVALS | LINE_LOG,
		.known = has_unique, TEST(received.count.unique_packets)},
	{"duplicates", "duplicates", .type = METRIC_COUNT, .lines = LINE_ARRIVALS | LINE_LOG,
		.known = has_counts, TEST(received.count.duplicates)},
	{"network_duplicates", "doubled by the network", .type = METRIC_COUNT, .lines = LINE_ARRIVALS,
		.known = is_agreed, TEST(received.count.network_duplicates)},
	{"reordered", "reordered", .type = METRIC_COUNT, .lines = LINE_ARRIVALS | LINE_LOG,
		.known = has_counts, TEST(received.count.reordered)},
};

static const struct metric test_resent[] = {
	{"retransmitted_packets", "of them retransmissions", .type = METRIC_COUNT, .lines = LINE_RESENT,
		.known = has_resent, TEST(sent.count.retransmitted_packets)},
};

static const struct metric test_loss[] = {
	{"packets", "packets", .type = METRIC_COUNT, .lines = LINE_LOST, .get = lost},
	{"percent", " (#)", .type = METRIC_RATIO, .lines = LINE_LOST, .get = lost_ratio},
	{"sender_host", "sender's host #", .type = METRIC_COUNT, .lines = LINE_LOST_WHERE,
		.known = has_counts, .get = lost_sender},
	{"path", "path #", .type = METRIC_COUNT, .lines = LINE_LOST_WHERE, .known = has_counts,
		.get = lost_path},
	{"receiver_host", "receiver's host #", .type = METRIC_COUNT, .lines = LINE_LOST_WHERE,
		.known = has_counts, .get = lost_receiver},
	{"bursts", "bursts by length", .type = METRIC_NESTED},
	{"longest_burst", "longest burst", .type = METRIC_COUNT, .known = is_agreed,
		TEST(received.pattern.longest)},
	{"period", "period", .type = METRIC_COUNT, .known = has_period, TEST(received.pattern.period)},
	{"outages", "outages", .type = METRIC_NESTED},
	{"reorder_extent", "reorder extent", .type = METRIC_COUNT, .known = is_agreed,
		TEST(received.pattern.extent_max)},
};

static const struct metric test_asked[] = {
	{"bits_per_second", "rate", .type = METRIC_BPS, .known = has_asked_rate, TEST(asked_rate_bps)},
	{"duration_s", "duration", .type = METRIC_SECONDS, TEST(asked_duration_ns)},
};

static const struct metric test_granted[] = {
	{"bits_per_second", "rate", .type = METRIC_BPS, .known = has_rate, TEST(rate_bps)},
	{"duration_s", "duration", .type = METRIC_SECONDS, TEST(granted_duration_ns)},
};

static const struct metric test_found[] = {
	{"capacity_bits_per_second", "# at the IP layer", .type = METRIC_BPS, .lines = LINE_CAPACITY,
		.known = has_capacity, TEST(sent.capacity.bps)},
	{"capacity_ci_percent", "+- # (95 %)", .type = METRIC_PPM, .lines = LINE_CAPACITY,
		.known = has_capacity, TEST(sent.capacity.ci_ppm)},
	{"capacity_p10_bits_per_second", "10th percentile", .type = METRIC_BPS, .known = has_percentiles,
		TEST(sent.capacity.p10_bps)},
	{"capacity_p50_bits_per_second", "median", .type = METRIC_BPS, .known = has_percentiles,
		TEST(sent.capacity.p50_bps)},
	{"capacity_p90_bits_per_second", "90th percentile", .type = METRIC_BPS, .known = has_percentiles,
		TEST(sent.capacity.p90_bps)},
	{"capacity_at_least", "at least", .type = METRIC_BOOL, .known = has_capacity, .get = is_least},
	{"limited_by", "limited by", .type = METRIC_TEXT, .get = limited_by},
};

static const struct metric test_shaping[] = {
	{"kind", "kind", .type = METRIC_TEXT, .get = shaping_kind},
	{"bits_per_second", "rate", .type = METRIC_BPS, TEST(sent.bucket.rate_bps)},
	{"bucket_bytes", "bucket", .type = METRIC_COUNT, TEST(sent.bucket.bytes)},
};

#define HOST_ROWS(host)                                                                      \
	{"cpu_percent", "CPU", .type = METRIC_PERMILLE, TEST(host.cpu_permille)},            \
		{"offload", "offload", .type = METRIC_BOOL, TEST(host.offload)},             \
		{"late_percent", "late", .type = METRIC_PERMILLE, TEST(host.late_permille)}, \
	{                                                                                    \
		"late_max_us", "latest", .type = METRIC_NS, TEST(host.late_max_ns)           \
	}

static const struct metric test_sender[] = {HOST_ROWS(sent.load)};
static const struct metric test_receiver[] = {HOST_ROWS(received.load)};

static const struct metric test_end[] = {
	{"agreed", "agreed", .type = METRIC_BOOL, .get = agreed},
	{"result_hash", "both ends hold the same record, #", .type = METRIC_TEXT, .lines = LINE_AGREED,
		.known = is_agreed, .get = hash},
	{"refused", "refused", .type = METRIC_TEXT, .known = is_refused, .get = refused},
};

const struct metric_group metrics_test[] = {
	{NULL, NULL, ROWS(test_head)},
	{"sent", has_sent, ROWS(test_sent)},
	{"received", has_received, ROWS(test_received)},
	{NULL, NULL, ROWS(test_resent)},
	{"loss", has_loss, ROWS(test_loss)},
	{"asked", NULL, ROWS(test_asked)},
	{"granted", was_granted, ROWS(test_granted)},
	{NULL, NULL, ROWS(test_found)},
	{"shaping", has_shaping, ROWS(test_shaping)},
	{"sender", has_sender, ROWS(test_sender)},
	{"receiver", has_receiver, ROWS(test_receiver)},
	{NULL, NULL, ROWS(test_end)},
	{0},
};

/* A session under load. */

static char grade_of(const struct metric_load *r)
{
	return verdict_grade(r->session);
}

static const char *grade_name(char grade)
{
	static const char *const name[] = {"A", "B", "C", "D", "E", "F"};

	return grade == '-' ? "-" : name[grade - 'A'];
}

static const char *queues_name(enum verdict_queues queues)
{
	static const char *const name[] = {"unknown", "shared", "per_flow"};

	return name[queues];
}

static struct verdict_queue queue_of(const struct metric_load *r)
{
	return verdict_standing_queue(r->session, r->test);
}

KNOWN(metric_load, has_turns, verdict_responsiveness(r->session))
KNOWN(metric_load, has_grade, grade_of(r) != '-')
KNOWN(metric_load, has_queues, verdict_queues(r->session) != QUEUES_UNKNOWN)
KNOWN(metric_load, has_queue, r->test &&grade_of(r) != '-')

GET(metric_load, turns, count, verdict_responsiveness(r->session))
GET(metric_load, grade, text, grade_name(grade_of(r)))
GET(metric_load, queues, text, queues_name(verdict_queues(r->session)))
GET(metric_load, queue_ns, count, queue_of(r).ns)
GET(metric_load, queue_bytes, count, queue_of(r).bytes)

static const struct metric load_rows[] = {
	{"responsiveness_rpm", "round trips a minute", "# round trips a minute", METRIC_COUNT,
		.known = has_turns, .get = turns},
	{"grade", "grade", .type = METRIC_TEXT, .known = has_grade, .get = grade},
	{"queues", "queues", .type = METRIC_TEXT, .known = has_queues, .get = queues},
};

static const struct metric load_queue[] = {
	{"us", "# ms stood in it", "queue # ms", METRIC_NS, LINE_QUEUE, .get = queue_ns},
	{"bytes", "bytes", "# bytes", METRIC_COUNT, LINE_QUEUE, .get = queue_bytes},
};

const struct metric_group metrics_load[] = {
	{NULL, NULL, ROWS(load_rows)},
	{"standing_queue", has_queue, ROWS(load_queue)},
	{0},
};

/* Round trips, without load or with it, and delays of one direction. */

KNOWN(latency_part, has_trips, r->n > 0)

#define TRIPS(name, how, field, columns, in)                                                     \
	{                                                                                        \
		name, how, .type = METRIC_NS, .lines = in, .width = columns, .known = has_trips, \
			   AT(latency_part, field)                                               \
	}

static const struct metric latency_rows[] = {
	{"n", "n", .type = METRIC_COUNT, .lines = LINE_LOG, .width = 7, AT(latency_part, n)},
	{"lost", "lost", .type = METRIC_COUNT, .lines = LINE_LOG, .width = 5, AT(latency_part, lost)},
	TRIPS("min_us", "min", min_ns, 7, LINE_LOG),
	TRIPS("mean_us", "mean", mean_ns, 7, LINE_LOG),
	TRIPS("p50_us", "p50", p50_ns, 7, LINE_LOG),
	TRIPS("p90_us", "p90", p90_ns, 0, 0),
	TRIPS("p95_us", "p95", p95_ns, 7, 0),
	TRIPS("p99_us", "p99", p99_ns, 7, LINE_LOG),
	TRIPS("max_us", "max", max_ns, 7, LINE_LOG),
	TRIPS("jitter_us", "jitter", jitter_ns, 7, LINE_LOG),
};

const struct metric_group metrics_latency[] = {{NULL, NULL, ROWS(latency_rows)}, {0}};

static const struct metric one_way_rows[] = {
	{"n", "n", .type = METRIC_COUNT, AT(owd_part, n)},
	{"p50_us", "p50", .type = METRIC_NS, .width = 7, AT(owd_part, p50_ns)},
	{"p95_us", "p95", .type = METRIC_NS, .width = 7, AT(owd_part, p95_ns)},
	{"p99_us", "p99", .type = METRIC_NS, .width = 7, AT(owd_part, p99_ns)},
};

const struct metric_group metrics_one_way[] = {{NULL, NULL, ROWS(one_way_rows)}, {0}};

/* A port. */

#define PORT(field) AT(port_snapshot, field)

KNOWN(port_snapshot, has_path, r->path_bytes)
GET(port_snapshot, rejected, count, metrics_rejected(r->rejected))

static const struct metric port_rows[] = {
	{"sent_packets", "sent", .type = METRIC_COUNT, PORT(sent_packets)},
	{"sent_bytes", "bytes sent", .type = METRIC_COUNT, PORT(sent_bytes)},
	{"received_packets", "received", .type = METRIC_COUNT, PORT(received_packets)},
	{"received_bytes", "bytes received", .type = METRIC_COUNT, PORT(received_bytes)},
	{"send_errors", "send errors", .type = METRIC_COUNT, PORT(send_errors)},
	{"socket_drops", "dropped in this host", .type = METRIC_COUNT, PORT(socket_drops)},
	{"rejected_packets", "refused", .type = METRIC_COUNT, .get = rejected},
	{"path_bytes", "largest datagram", .type = METRIC_COUNT, .known = has_path, PORT(path_bytes)},
	{"receive_buffer_bytes", "# to receive", .type = METRIC_BUFFER, .lines = LINE_BUFFERS,
		PORT(receive_buffer_bytes)},
	{"send_buffer_bytes", "# to send", .type = METRIC_BUFFER, .lines = LINE_BUFFERS,
		PORT(send_buffer_bytes)},
	{"send_offload", "offload, sending", .type = METRIC_BOOL, PORT(send_offload)},
	{"receive_offload", "offload, receiving", .type = METRIC_BOOL, PORT(receive_offload)},
};

const struct metric_group metrics_port[] = {{NULL, NULL, ROWS(port_rows)}, {0}};
