/* The JSON document. Names stay once they are here; what is unknown is null. */
#include <errno.h>
#include <time.h>

#include "proto/record/outcome.h"
#include "proto/record/verdict.h"
#include "proto/report/json_private.h"

static const char *const port_key[PORT_KINDS] = {"control", "upload", "download"};

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
	return json_pack("{s:o, s:o, s:o, s:o, s:o}", "packets", report_json_count(t->packets), "bytes",
		report_json_count(t->bytes), "bits_per_second", report_json_rate(t->bytes, seconds),
		"lost_packets", report_json_count(t->lost_packets), "retransmitted_packets",
		report_json_count(t->retransmitted_packets));
}

static json_t *interval(const struct report_interval *i)
{
	double seconds = i->end_s - i->start_s;
	json_t *latency = json_object();

	for (int kind = 0; kind < PORT_KINDS; kind++)
		json_object_set_new(latency, port_key[kind],
			i->latency_ns[kind] ? report_json_micros(i->latency_ns[kind]) : json_null());
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o}", "start", report_json_real(i->start_s, 1e-6), "end",
		report_json_real(i->end_s, 1e-6), "seconds", report_json_real(seconds, 1e-6), "sent",
		traffic(&i->sent, seconds), "received", traffic(&i->received, seconds), "latency_us",
		latency);
}

struct sum {
	uint64_t bytes, packets;
};

static json_t *sum_object(struct sum sum, double seconds, uint64_t lost, uint64_t sent)
{
	return json_pack("{s:o, s:o, s:o, s:o, s:o}", "bytes", report_json_count(sum.bytes),
		"bits_per_second", report_json_rate(sum.bytes, seconds), "packets",
		report_json_count(sum.packets), "lost_packets", report_json_count(lost), "lost_percent",
		report_json_real(report_json_percent(lost, sent), 1e-6));
}

/* How long a test ran while no earlier one did: tests that ran at once share their time. */
static double alone_s(const struct report *r, unsigned at)
{
	const struct test_record *t = &r->test[at];
	uint64_t begin_ns = t->start_ns, end_ns = t->start_ns + t->sent.duration_ns;

	for (unsigned i = 0; i < at; i++) {
		const struct test_record *o = &r->test[i];

		if (report_json_loss_known(o) && o->direction != t->direction && begin_ns >= o->start_ns &&
			begin_ns < o->start_ns + o->sent.duration_ns)
			begin_ns = o->start_ns + o->sent.duration_ns;
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

		if (!report_json_loss_known(t))
			continue;
		any = true;
		out.bytes += t->sent.count.bytes;
		out.packets += t->sent.count.packets;
		in.bytes += t->received.count.bytes;
		in.packets += t->received.count.packets;
		lost += outcome_loss(t).packets;
		seconds += alone_s(r, i);
	}
	json_object_set_new(end, "sum_sent", any ? sum_object(out, seconds, lost, out.packets) : json_null());
	json_object_set_new(
		end, "sum_received", any ? sum_object(in, seconds, lost, out.packets) : json_null());
}

static json_t *latency_part(const struct latency_part *l)
{
	bool any = l->n > 0;

	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "n", report_json_count(l->n),
		"lost", report_json_count(l->lost), "min_us",
		any ? report_json_micros(l->min_ns) : json_null(), "mean_us",
		any ? report_json_micros(l->mean_ns) : json_null(), "p50_us",
		any ? report_json_micros(l->p50_ns) : json_null(), "p90_us",
		any ? report_json_micros(l->p90_ns) : json_null(), "p95_us",
		any ? report_json_micros(l->p95_ns) : json_null(), "p99_us",
		any ? report_json_micros(l->p99_ns) : json_null(), "max_us",
		any ? report_json_micros(l->max_ns) : json_null(), "jitter_us",
		any ? report_json_micros(l->jitter_ns) : json_null());
}

static json_t *owd_part(const struct owd_part *p)
{
	if (p->n == 0)
		return json_null();
	return json_pack("{s:o, s:o, s:o, s:o}", "n", report_json_count(p->n), "p50_us",
		report_json_micros(p->p50_ns), "p95_us", report_json_micros(p->p95_ns), "p99_us",
		report_json_micros(p->p99_ns));
}

static json_t *latency_state(const struct latency_part *l, const struct owd_part ways[TEST_DIRECTIONS])
{
	json_t *object = latency_part(l);

	json_object_set_new(object, "up", owd_part(&ways[TEST_UP]));
	json_object_set_new(object, "down", owd_part(&ways[TEST_DOWN]));
	return object;
}

static json_t *latency(const struct latency_summary *l)
{
	return json_pack("{s:o, s:o}", "idle", latency_state(&l->idle, l->owd.idle), "loaded",
		latency_state(&l->loaded, l->owd.loaded));
}

/* The port's whose error is the smallest. */
static json_t *owd(const struct session_snapshot *s)
{
	const struct owd_summary *best = NULL;

	for (int kind = 0; kind < PORT_KINDS; kind++) {
		const struct owd_summary *o = &s->port[kind].latency.owd;

		if (o->known && (!best || o->offset_err_ns < best->offset_err_ns))
			best = o;
	}
	if (!best)
		return json_null();
	return json_pack("{s:I, s:o, s:o, s:o, s:o, s:o, s:o}", "offset_ns", (json_int_t)best->offset_ns,
		"offset_err_ns", report_json_count(best->offset_err_ns), "skew_ppm",
		json_real(best->skew_ppm), "up_us", report_json_micros(best->up_ns), "down_us",
		report_json_micros(best->down_ns), "queue_up_us", report_json_micros(best->queue_up_ns),
		"queue_down_us", report_json_micros(best->queue_down_ns));
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
	return json_pack("{s:o, s:o}", "us", report_json_micros(q.ns), "bytes", report_json_count(q.bytes));
}

static void add_responsiveness(json_t *object, const struct session_snapshot *s)
{
	uint32_t rpm = verdict_responsiveness(s);
	char grade[] = {verdict_grade(s), '\0'};

	json_object_set_new(object, "responsiveness_rpm", rpm ? report_json_count(rpm) : json_null());
	json_object_set_new(object, "grade", grade[0] == '-' ? json_null() : json_string(grade));
	json_object_set_new(object, "queues", queues(s));
	json_object_set_new(object, "owd", owd(s));
}

static json_t *end(const struct report *r)
{
	json_t *object = json_object(), *tests = json_array();

	for (unsigned i = 0; i < r->tests; i++)
		json_array_append_new(tests, report_json_test(r, &r->test[i]));
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
