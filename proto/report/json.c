/* The JSON document. A name never changes once it is here; what is unknown is null. */
#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "proto/record/outcome.h"
#include "proto/report/json_build.h"
#include "proto/report/report.h"
#include "proto/sys/clock.h"

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

struct options_object {
	struct json_build *build;
	json_t *object;
};

static void add_option(void *context, const char *name, const char *json)
{
	struct options_object *o = context;

	json_build_add(o->build, o->object, name, json_loads(json, JSON_DECODE_ANY, NULL));
}

static json_t *options(struct json_build *b, const struct report *r)
{
	struct options_object o = {b, json_object()};

	options_each(r->options, add_option, &o);
	return o.object;
}

static json_t *ports(struct json_build *b, const struct report *r)
{
	json_t *object = json_object();

	for (int kind = 0; kind < PORT_KINDS; kind++)
		json_build_add(b, object, port_key[kind], json_integer(r->port[kind]));
	return object;
}

static json_t *start(struct json_build *b, const struct report *r)
{
	static const char *const mode[] = {"SINGLE", "THREAD", "PROCESS"};
	json_t *object = json_object();

	json_build_add(b, object, "version", json_string(WYNDRVR_VERSION));
	json_build_add(b, object, "timestamp", timestamp(r->began));
	json_build_add(b, object, "server", json_string(r->server));
	json_build_add(b, object, "classic", r->connected ? json_boolean(r->classic) : json_null());
	json_build_add(b, object, "mode", json_string(mode[r->options->port_parallelism]));
	json_build_add(b, object, "ports", r->connected ? ports(b, r) : json_null());
	json_build_add(b, object, "options", options(b, r));
	return object;
}

static json_t *rate(uint64_t bytes, double seconds)
{
	return seconds > 0 ? json_build_real(clock_bps(bytes, seconds * NS_PER_S), 1) : json_null();
}

static json_t *traffic(struct json_build *b, const struct report_traffic *t, double seconds)
{
	json_t *object;

	if (!t->active)
		return json_null();
	object = json_object();
	json_build_add(b, object, "packets", json_build_count(t->packets));
	json_build_add(b, object, "bytes", json_build_count(t->bytes));
	json_build_add(b, object, "bits_per_second", rate(t->bytes, seconds));
	json_build_add(b, object, "lost_packets", json_build_count(t->lost_packets));
	json_build_add(b, object, "retransmitted_packets", json_build_count(t->retransmitted_packets));
	return object;
}

static json_t *last_latencies(struct json_build *b, const struct report_interval *i)
{
	json_t *object = json_object();

	for (int kind = 0; kind < PORT_KINDS; kind++)
		json_build_add(b, object, port_key[kind],
			i->latency_ns[kind] ? json_build_micros(i->latency_ns[kind]) : json_null());
	return object;
}

static json_t *interval(struct json_build *b, const struct report_interval *i)
{
	double seconds = i->end_s - i->start_s;
	json_t *object = json_object();

	json_build_add(b, object, "start", json_build_real(i->start_s, 1e-6));
	json_build_add(b, object, "end", json_build_real(i->end_s, 1e-6));
	json_build_add(b, object, "seconds", json_build_real(seconds, 1e-6));
	json_build_add(b, object, "sent", traffic(b, &i->sent, seconds));
	json_build_add(b, object, "received", traffic(b, &i->received, seconds));
	json_build_add(b, object, "latency_us", last_latencies(b, i));
	return object;
}

/* Of the tests that have a result. */
struct sums {
	bool any;
	uint64_t sent_bytes, sent_packets, received_bytes, received_packets;
	uint64_t lost;
	double seconds;
};

/* How long a test ran while no earlier one did: tests that ran at the same time share it. */
static double alone_s(const struct report *r, unsigned at)
{
	const struct test_record *t = &r->test[at];
	uint64_t begin_ns = t->start_ns, end_ns = t->start_ns + t->sent.duration_ns;

	for (unsigned i = 0; i < at; i++) {
		const struct test_record *o = &r->test[i];

		if (metrics_loss_known(o) && o->direction != t->direction && begin_ns >= o->start_ns &&
			begin_ns < o->start_ns + o->sent.duration_ns)
			begin_ns = o->start_ns + o->sent.duration_ns;
	}
	return end_ns > begin_ns ? (double)(end_ns - begin_ns) / NS_PER_S : 0;
}

static struct sums sum_up(const struct report *r)
{
	struct sums s = {0};

	for (unsigned i = 0; i < r->tests; i++) {
		const struct test_record *t = &r->test[i];

		if (!metrics_loss_known(t))
			continue;
		s.any = true;
		s.sent_bytes += t->sent.count.bytes;
		s.sent_packets += t->sent.count.packets;
		s.received_bytes += t->received.count.bytes;
		s.received_packets += t->received.count.packets;
		s.lost += outcome_loss(t).packets;
		s.seconds += alone_s(r, i);
	}
	return s;
}

static json_t *sum(struct json_build *b, const struct sums *s, uint64_t bytes, uint64_t packets)
{
	double lost_percent = s->sent_packets ? 100.0 * (double)s->lost / (double)s->sent_packets : 0;
	json_t *object;

	if (!s->any)
		return json_null();
	object = json_object();
	json_build_add(b, object, "bytes", json_build_count(bytes));
	json_build_add(b, object, "bits_per_second", rate(bytes, s->seconds));
	json_build_add(b, object, "packets", json_build_count(packets));
	json_build_add(b, object, "lost_packets", json_build_count(s->lost));
	json_build_add(b, object, "lost_percent", json_build_real(lost_percent, 1e-6));
	return object;
}

static json_t *one_way(struct json_build *b, const struct owd_part *p)
{
	json_t *object;

	if (p->n == 0)
		return json_null();
	object = json_object();
	json_build_figures(b, object, metrics_one_way, p);
	return object;
}

static json_t *latency_state(
	struct json_build *b, const struct latency_part *l, const struct owd_part way[TEST_DIRECTIONS])
{
	json_t *object = json_object();

	json_build_figures(b, object, metrics_latency, l);
	json_build_add(b, object, "up", one_way(b, &way[TEST_UP]));
	json_build_add(b, object, "down", one_way(b, &way[TEST_DOWN]));
	return object;
}

static json_t *latency(struct json_build *b, const struct latency_summary *l)
{
	json_t *object = json_object();

	json_build_add(b, object, "idle", latency_state(b, &l->idle, l->owd.idle));
	json_build_add(b, object, "loaded", latency_state(b, &l->loaded, l->owd.loaded));
	return object;
}

static json_t *latencies(struct json_build *b, const struct session_snapshot *s)
{
	json_t *object = json_object();

	for (int kind = 0; kind < PORT_KINDS; kind++)
		json_build_add(b, object, port_key[kind], latency(b, &s->port[kind].latency));
	return object;
}

/* Those of the port with the smallest error. */
static json_t *clocks(struct json_build *b, const struct session_snapshot *s)
{
	const struct owd_summary *best = NULL;
	json_t *object;

	for (int kind = 0; kind < PORT_KINDS; kind++) {
		const struct owd_summary *o = &s->port[kind].latency.owd;

		if (o->known && (!best || o->offset_err_ns < best->offset_err_ns))
			best = o;
	}
	if (!best)
		return json_null();
	object = json_object();
	json_build_add(b, object, "offset_ns", json_integer(best->offset_ns));
	json_build_add(b, object, "offset_err_ns", json_build_count(best->offset_err_ns));
	json_build_add(b, object, "skew_ppm", json_real(best->skew_ppm));
	json_build_add(b, object, "up_us", json_build_micros(best->up_ns));
	json_build_add(b, object, "down_us", json_build_micros(best->down_ns));
	json_build_add(b, object, "queue_up_us", json_build_micros(best->queue_up_ns));
	json_build_add(b, object, "queue_down_us", json_build_micros(best->queue_down_ns));
	return object;
}

/* Only the reasons that occurred. */
static json_t *rejected(struct json_build *b, const uint64_t n[WIRE_REJECTS])
{
	json_t *object = json_object();

	for (int reason = WIRE_OK + 1; reason < WIRE_REJECTS; reason++)
		if (n[reason])
			json_build_add(b, object, wire_reject_name((enum wire_reject)reason),
				json_build_count(n[reason]));
	return object;
}

static json_t *port_figures(struct json_build *b, const struct session_snapshot *s)
{
	json_t *object = json_object();

	for (int kind = 0; kind < PORT_KINDS; kind++) {
		json_t *one = json_object();

		json_build_figures(b, one, metrics_port, &s->port[kind]);
		json_build_add(b, one, "rejected", rejected(b, s->port[kind].rejected));
		json_build_add(b, object, port_key[kind], one);
	}
	return object;
}

static json_t *end(struct json_build *b, const struct report *r)
{
	json_t *object = json_object(), *tests = json_array();
	struct sums s = sum_up(r);
	struct metric_load load = {&r->end, r->tests ? &r->test[r->tests - 1] : NULL};

	for (unsigned i = 0; i < r->tests; i++)
		json_build_append(b, tests, json_build_result(b, &r->test[i]));
	json_build_add(b, object, "tests", tests);
	json_build_add(b, object, "sum_sent", sum(b, &s, s.sent_bytes, s.sent_packets));
	json_build_add(b, object, "sum_received", sum(b, &s, s.received_bytes, s.received_packets));
	json_build_add(b, object, "latency", latencies(b, &r->end));
	json_build_figures(b, object, metrics_load, &load);
	json_build_add(b, object, "owd", clocks(b, &r->end));
	json_build_add(b, object, "ports", port_figures(b, &r->end));
	return object;
}

static json_t *failure(struct json_build *b, const struct report *r)
{
	json_t *object;

	if (!r->error_code[0])
		return json_null();
	object = json_object();
	json_build_add(b, object, "code", json_string(r->error_code));
	json_build_add(b, object, "message", json_string(r->error));
	return object;
}

static json_t *document(struct json_build *b, const struct report *r)
{
	json_t *root = json_object(), *intervals = json_array(), *warnings = json_array();

	for (size_t i = 0; i < r->intervals; i++)
		json_build_append(b, intervals, interval(b, &r->interval[i]));
	for (unsigned i = 0; i < r->warnings; i++)
		json_build_append(b, warnings, json_string(r->warning[i]));
	json_build_add(b, root, "schema", json_string("wyndrvr/1"));
	json_build_add(b, root, "start", start(b, r));
	json_build_add(b, root, "intervals", intervals);
	json_build_add(b, root, "end", end(b, r));
	json_build_add(b, root, "warnings", warnings);
	json_build_add(b, root, "error", failure(b, r));
	return root;
}

int report_json(FILE *out, const struct report *r)
{
	struct json_build b = {0};
	json_t *root = document(&b, r);
	char *text = b.failed ? NULL : json_dumps(root, JSON_INDENT(2) | JSON_REAL_PRECISION(15));
	int error = text ? 0 : -ENOMEM;

	json_decref(root);
	if (text && (fprintf(out, "%s\n", text) < 0 || fflush(out)))
		error = -EIO;
	free(text);
	return error;
}
