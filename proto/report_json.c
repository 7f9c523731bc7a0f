/* The JSON document. Names stay once they are here; what is unknown is null. */
#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <time.h>

#include "proto/agreement.h"
#include "proto/clock.h"
#include "proto/report.h"
#include "proto/verdict.h"

static const char *const port_key[PORT_KINDS] = {"control", "upload", "download"};

static json_t *count(uint64_t n)
{
	return json_integer((json_int_t)n);
}

/* Rounded to what a person may want to read; never NaN. */
static json_t *real(double x, double step)
{
	return isfinite(x) ? json_real(round(x / step) * step) : json_null();
}

static json_t *micros(uint64_t ns)
{
	return json_real((double)ns / NS_PER_US);
}

static json_t *rate(uint64_t bytes, double seconds)
{
	return seconds > 0 ? real((double)bytes * 8 / seconds, 1) : json_null();
}

static json_t *timestamp(double seconds)
{
	time_t t = (time_t)seconds;
	struct tm utc;
	char text[32];

	gmtime_r(&t, &utc);
	strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &utc);
	return json_string(text);
}

static void add_option(void *context, const char *name, const char *json)
{
	json_object_set_new(context, name, json_loads(json, JSON_DECODE_ANY, NULL));
}

static json_t *start(const struct report *r)
{
	static const char *const mode[] = {"SINGLE", "THREAD", "PROCESS"};
	json_t *options = json_object(), *ports = json_object();

	options_each(r->options, add_option, options);
	for (int kind = 0; kind < PORT_KINDS; kind++)
		json_object_set_new(ports, port_key[kind], json_integer(r->port[kind]));
	return json_pack("{s:s, s:o, s:s, s:o, s:s, s:o, s:o}", "version", WYNDRVR_VERSION, "timestamp",
		timestamp(r->began), "server", r->server, "classic",
		r->connected ? json_boolean(r->classic) : json_null(), "mode",
		mode[r->options->port_parallelism], "ports",
		r->connected ? ports : (json_decref(ports), json_null()), "options", options);
}

static json_t *traffic(const struct report_traffic *t, double seconds)
{
	if (!t->active)
		return json_null();
	return json_pack("{s:o, s:o, s:o, s:o, s:o}", "packets", count(t->packets), "bytes", count(t->bytes),
		"bits_per_second", rate(t->bytes, seconds), "lost_packets", count(t->lost_packets),
		"retransmitted_packets", count(t->retransmitted_packets));
}

static json_t *interval(const struct report_interval *i)
{
	double seconds = i->end_s - i->start_s;
	json_t *latency = json_object();

	for (int kind = 0; kind < PORT_KINDS; kind++)
		json_object_set_new(latency, port_key[kind],
			i->latency_ns[kind] ? micros(i->latency_ns[kind]) : json_null());
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o}", "start", real(i->start_s, 1e-6), "end",
		real(i->end_s, 1e-6), "seconds", real(seconds, 1e-6), "sent", traffic(&i->sent, seconds),
		"received", traffic(&i->received, seconds), "latency_us", latency);
}

/* UDP payload and the headers below it: 8 bytes UDP, 20 or 40 bytes IP. */
static uint64_t ip_bytes(const struct report *r, const struct sink_counters *n)
{
	return n->bytes + n->packets * (8u + (r->server[0] == '[' ? 40u : 20u));
}

static json_t *counts(bool known, uint64_t n)
{
	return known ? count(n) : json_null();
}

static json_t *received(const struct report *r, const struct test_record *t, double seconds)
{
	const struct sink_counters *n = &t->received;
	bool known = t->counts_known;

	if (!t->received_known)
		return json_null();
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "packets", count(n->packets), "bytes",
		count(n->bytes), "bits_per_second", rate(n->bytes, seconds), "ip_bits_per_second",
		rate(ip_bytes(r, n), seconds), "unique_packets",
		counts(known || t->phase == TEST_INCOMPLETE, n->unique_packets), "duplicates",
		counts(known, n->duplicates), "network_duplicates", counts(t->agreed, n->network_duplicates),
		"reordered", counts(known, n->reordered));
}

static double percent_lost(uint64_t lost, uint64_t sent)
{
	return sent ? 100.0 * (double)lost / (double)sent : 0;
}

/* Whether both counts are there, so that what is missing can be told. */
static bool loss_known(const struct test_record *t)
{
	return t->received_known && (t->direction == TEST_UP || t->agreed);
}

static json_t *outages(const struct loss_pattern *p)
{
	json_t *array = json_array();

	for (unsigned i = 0; i < p->outages; i++)
		json_array_append_new(
			array, json_pack("{s:o, s:o, s:o}", "start_s",
				       real((double)p->outage[i].start_ns / NS_PER_S, 1e-6), "length_s",
				       real((double)p->outage[i].length_ns / NS_PER_S, 1e-6), "packets",
				       count(p->outage[i].lost)));
	return array;
}

/* Bursts by their length: {"1": 12, "2": 3, "4": 1 ...}, each up to so many packets. */
static json_t *bursts(const struct loss_pattern *p)
{
	json_t *object = json_object();
	char name[24];

	for (unsigned i = 0; i < LOSS_BURSTS; i++) {
		if (!p->burst[i])
			continue;
		if (i == LOSS_BURSTS - 1)
			snprintf(name, sizeof name, "more");
		else
			snprintf(name, sizeof name, "%u", i == LOSS_BURSTS - 2 ? 1023 : 1u << i);
		json_object_set_new(object, name, count(p->burst[i]));
	}
	return object;
}

static void add_pattern(json_t *loss, const struct test_record *t)
{
	const struct loss_pattern *p = &t->pattern;
	bool known = t->agreed;

	json_object_set_new(loss, "bursts", known ? bursts(p) : json_null());
	json_object_set_new(loss, "longest_burst", counts(known, p->longest));
	json_object_set_new(loss, "period", known && p->period ? count(p->period) : json_null());
	json_object_set_new(loss, "outages", known ? outages(p) : json_null());
	json_object_set_new(loss, "reorder_extent", counts(known, p->extent_max));
}

static json_t *loss(const struct test_record *t)
{
	struct loss l = agreement_loss(t);
	json_t *object;

	if (!loss_known(t))
		return json_null();
	object = json_pack("{s:o, s:o, s:o, s:o, s:o}", "packets", count(l.packets), "percent",
		real(percent_lost(l.packets, t->sent.packets), 1e-6), "sender_host",
		counts(t->counts_known, l.sender_host), "path", counts(t->counts_known, l.path),
		"receiver_host", counts(t->counts_known, l.receiver_host));
	add_pattern(object, t);
	return object;
}

static json_t *sent(const struct test_record *t, double seconds)
{
	if (t->direction == TEST_DOWN && !t->agreed)
		return json_null();
	return json_pack("{s:o, s:o, s:o}", "packets", count(t->sent.packets), "bytes", count(t->sent.bytes),
		"bits_per_second", rate(t->sent.bytes, seconds));
}

/* Rate in bits a second (null: as fast as it goes) and duration. */
static json_t *terms(uint64_t rate_bps, uint64_t duration_ns)
{
	return json_pack("{s:o, s:o}", "bits_per_second", rate_bps ? count(rate_bps) : json_null(),
		"duration_s", real((double)duration_ns / NS_PER_S, 1e-6));
}

static json_t *host(const struct host_load *h)
{
	return h->known ? json_pack("{s:o, s:b}", "cpu_percent", real((double)h->cpu_permille / 10, 1e-3),
				  "offload", h->offload)
			: json_null();
}

static json_t *test(const struct report *r, const struct test_record *t)
{
	double seconds = (double)t->duration_ns / NS_PER_S;
	json_t *object = json_pack("{s:s, s:i, s:o, s:b, s:o, s:o, s:o, s:o}", "direction",
		t->direction == TEST_UP ? "up" : "down", "channel", (int)t->channel, "duration_s",
		real(seconds, 1e-6), "complete", t->phase == TEST_COMPLETE, "sent", sent(t, seconds),
		"received", received(r, t, seconds), "retransmitted_packets",
		loss_known(t) || t->direction == TEST_UP ? count(t->sent.retransmitted_packets) : json_null(),
		"loss", loss(t));

	json_object_set_new(object, "asked", terms(t->asked_rate_bps, t->asked_duration_ns));
	json_object_set_new(object, "granted",
		t->phase == TEST_FAILED ? json_null() : terms(t->rate_bps, t->granted_duration_ns));
	json_object_set_new(
		object, "capacity_bits_per_second", t->capacity.bps ? count(t->capacity.bps) : json_null());
	json_object_set_new(object, "capacity_ci_percent",
		t->capacity.bps ? real((double)t->capacity.ci_ppm / 1e4, 1e-4) : json_null());
	json_object_set_new(object, "limited_by", json_string(verdict_limit_name(verdict_limit(t))));
	json_object_set_new(object, "sender", host(&t->sender));
	json_object_set_new(object, "receiver", host(&t->receiver));
	json_object_set_new(object, "agreed", json_boolean(t->agreed));
	json_object_set_new(object, "result_hash", t->agreed ? json_string(t->hash) : json_null());
	json_object_set_new(
		object, "refused", t->refusal ? json_string(hello_refusal_name(t->refusal)) : json_null());
	return object;
}

struct sum {
	uint64_t bytes, packets;
};

static json_t *sum_object(struct sum sum, double seconds, uint64_t lost, uint64_t sent)
{
	return json_pack("{s:o, s:o, s:o, s:o, s:o}", "bytes", count(sum.bytes), "bits_per_second",
		rate(sum.bytes, seconds), "packets", count(sum.packets), "lost_packets", count(lost),
		"lost_percent", real(percent_lost(lost, sent), 1e-6));
}

/* How long a test ran while no earlier one did: tests that ran at once share their time. */
static double alone_s(const struct report *r, unsigned at)
{
	const struct test_record *t = &r->test[at];
	uint64_t begin_ns = t->start_ns, end_ns = t->start_ns + t->duration_ns;

	for (unsigned i = 0; i < at; i++) {
		const struct test_record *o = &r->test[i];

		if (loss_known(o) && o->direction != t->direction && begin_ns >= o->start_ns &&
			begin_ns < o->start_ns + o->duration_ns)
			begin_ns = o->start_ns + o->duration_ns;
	}
	return end_ns > begin_ns ? (double)(end_ns - begin_ns) / NS_PER_S : 0;
}

/* iperf3's names; null while no test has a result. */
static void add_sums(json_t *end, const struct report *r)
{
	struct sum out = {0}, in = {0};
	double seconds = 0;
	uint64_t lost = 0;
	bool any = false;

	for (unsigned i = 0; i < r->tests; i++) {
		const struct test_record *t = &r->test[i];

		if (!loss_known(t))
			continue;
		any = true;
		out.bytes += t->sent.bytes;
		out.packets += t->sent.packets;
		in.bytes += t->received.bytes;
		in.packets += t->received.packets;
		lost += agreement_loss(t).packets;
		seconds += alone_s(r, i);
	}
	json_object_set_new(end, "sum_sent", any ? sum_object(out, seconds, lost, out.packets) : json_null());
	json_object_set_new(
		end, "sum_received", any ? sum_object(in, seconds, lost, out.packets) : json_null());
}

static json_t *latency_part(const struct latency_part *l)
{
	bool any = l->n > 0;

	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "n", count(l->n), "lost",
		count(l->lost), "min_us", any ? micros(l->min_ns) : json_null(), "mean_us",
		any ? micros(l->mean_ns) : json_null(), "p50_us", any ? micros(l->p50_ns) : json_null(),
		"p90_us", any ? micros(l->p90_ns) : json_null(), "p95_us",
		any ? micros(l->p95_ns) : json_null(), "p99_us", any ? micros(l->p99_ns) : json_null(),
		"max_us", any ? micros(l->max_ns) : json_null(), "jitter_us",
		any ? micros(l->jitter_ns) : json_null());
}

static json_t *latency(const struct latency_summary *l)
{
	return json_pack("{s:o, s:o}", "idle", latency_part(&l->idle), "loaded", latency_part(&l->loaded));
}

/* The port's whose error is the smallest. */
static json_t *owd(const struct session_snapshot *s)
{
	const struct oneway_summary *best = NULL;

	for (int kind = 0; kind < PORT_KINDS; kind++) {
		const struct oneway_summary *o = &s->port[kind].latency.oneway;

		if (o->known && (!best || o->offset_err_ns < best->offset_err_ns))
			best = o;
	}
	if (!best)
		return json_null();
	return json_pack("{s:I, s:o, s:o, s:o, s:o, s:o, s:o}", "offset_ns", (json_int_t)best->offset_ns,
		"offset_err_ns", count(best->offset_err_ns), "skew_ppm", json_real(best->skew_ppm), "up_us",
		micros(best->up_ns), "down_us", micros(best->down_ns), "queue_up_us",
		micros(best->queue_up_ns), "queue_down_us", micros(best->queue_down_ns));
}

static json_t *queues(const struct session_snapshot *s)
{
	static const char *const name[] = {NULL, "shared", "per_flow"};
	const char *is = name[verdict_queues(s)];

	return is ? json_string(is) : json_null();
}

static json_t *standing_queue(const struct report *r)
{
	struct verdict_queue q;

	if (r->tests == 0 || verdict_grade(&r->end) == '-')
		return json_null();
	q = verdict_standing_queue(&r->end, &r->test[r->tests - 1]);
	return json_pack("{s:o, s:o}", "us", micros(q.ns), "bytes", count(q.bytes));
}

static void add_responsiveness(json_t *object, const struct session_snapshot *s)
{
	uint32_t rpm = verdict_responsiveness(s);
	char grade[] = {verdict_grade(s), '\0'};

	json_object_set_new(object, "responsiveness_rpm", rpm ? count(rpm) : json_null());
	json_object_set_new(object, "grade", grade[0] == '-' ? json_null() : json_string(grade));
	json_object_set_new(object, "queues", queues(s));
	json_object_set_new(object, "owd", owd(s));
}

static json_t *end(const struct report *r)
{
	json_t *object = json_object(), *tests = json_array();

	for (unsigned i = 0; i < r->tests; i++)
		json_array_append_new(tests, test(r, &r->test[i]));
	json_object_set_new(object, "tests", tests);
	add_sums(object, r);
	json_object_set_new(object, "latency",
		json_pack("{s:o, s:o, s:o}", "control", latency(&r->end.port[PORT_CONTROL].latency), "upload",
			latency(&r->end.port[PORT_UPLOAD].latency), "download",
			latency(&r->end.port[PORT_DOWNLOAD].latency)));
	add_responsiveness(object, &r->end);
	json_object_set_new(object, "standing_queue", standing_queue(r));
	return object;
}

int report_json(FILE *out, const struct report *r)
{
	json_t *root = json_object(), *intervals = json_array(), *warnings = json_array();
	int error;

	for (size_t i = 0; i < r->intervals; i++)
		json_array_append_new(intervals, interval(&r->interval[i]));
	for (unsigned i = 0; i < r->warnings; i++)
		json_array_append_new(warnings, json_string(r->warning[i]));
	json_object_set_new(root, "schema", json_string("wyndrvr/1"));
	json_object_set_new(root, "start", start(r));
	json_object_set_new(root, "intervals", intervals);
	json_object_set_new(root, "end", end(r));
	json_object_set_new(root, "warnings", warnings);
	json_object_set_new(root, "error",
		r->error_code[0] ? json_pack("{s:s, s:s}", "code", r->error_code, "message", r->error)
				 : json_null());
	error = json_dumpf(root, out, JSON_INDENT(2) | JSON_REAL_PRECISION(15)) ? -EIO : 0;
	json_decref(root);
	if (fputc('\n', out) == EOF || fflush(out))
		error = -EIO;
	return error;
}
