/* One test in the JSON document. */
#include "proto/record/outcome.h"
#include "proto/record/verdict.h"
#include "proto/report/json_private.h"

/* UDP payload and the headers below it: 8 bytes UDP, 20 or 40 bytes IP. */
static uint64_t ip_bytes(const struct report *r, const struct sink_counters *n)
{
	return n->bytes + n->packets * (8u + (r->server[0] == '[' ? 40u : 20u));
}

static json_t *received(const struct report *r, const struct test_record *t, double seconds)
{
	const struct sink_counters *n = &t->received.count;
	bool known = t->received.known == RECEIVED_COUNTERS;

	if (!t->received.known)
		return json_null();
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "packets", report_json_count(n->packets),
		"bytes", report_json_count(n->bytes), "bits_per_second", report_json_rate(n->bytes, seconds),
		"ip_bits_per_second", report_json_rate(ip_bytes(r, n), seconds), "unique_packets",
		report_json_counts(known || t->phase == TEST_INCOMPLETE, n->unique_packets), "duplicates",
		report_json_counts(known, n->duplicates), "network_duplicates",
		report_json_counts(outcome_is_agreed(t), n->network_duplicates), "reordered",
		report_json_counts(known, n->reordered));
}

static json_t *outages(const struct loss_pattern *p)
{
	json_t *array = json_array();

	for (unsigned i = 0; i < p->outages; i++)
		json_array_append_new(array,
			json_pack("{s:o, s:o, s:o}", "start_s",
				report_json_real((double)p->outage[i].start_ns / NS_PER_S, 1e-6), "length_s",
				report_json_real((double)p->outage[i].length_ns / NS_PER_S, 1e-6), "packets",
				report_json_count(p->outage[i].lost)));
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
		json_object_set_new(object, name, report_json_count(p->burst[i]));
	}
	return object;
}

static void add_pattern(json_t *loss, const struct test_record *t)
{
	const struct loss_pattern *p = &t->received.pattern;
	bool known = outcome_is_agreed(t);

	json_object_set_new(loss, "bursts", known ? bursts(p) : json_null());
	json_object_set_new(loss, "longest_burst", report_json_counts(known, p->longest));
	json_object_set_new(loss, "period", known && p->period ? report_json_count(p->period) : json_null());
	json_object_set_new(loss, "outages", known ? outages(p) : json_null());
	json_object_set_new(loss, "reorder_extent", report_json_counts(known, p->extent_max));
}

static json_t *loss(const struct test_record *t)
{
	struct loss l = outcome_loss(t);
	json_t *object;

	if (!report_json_loss_known(t))
		return json_null();
	object = json_pack("{s:o, s:o, s:o, s:o, s:o}", "packets", report_json_count(l.packets), "percent",
		report_json_real(report_json_percent(l.packets, t->sent.count.packets), 1e-6), "sender_host",
		report_json_counts(t->received.known == RECEIVED_COUNTERS, l.sender_host), "path",
		report_json_counts(t->received.known == RECEIVED_COUNTERS, l.path), "receiver_host",
		report_json_counts(t->received.known == RECEIVED_COUNTERS, l.receiver_host));
	add_pattern(object, t);
	return object;
}

static json_t *sent(const struct test_record *t, double seconds)
{
	if (t->direction == TEST_DOWN && !outcome_is_agreed(t))
		return json_null();
	return json_pack("{s:o, s:o, s:o}", "packets", report_json_count(t->sent.count.packets), "bytes",
		report_json_count(t->sent.count.bytes), "bits_per_second",
		report_json_rate(t->sent.count.bytes, seconds));
}

/* Rate in bits a second (null: as fast as it goes) and duration. */
static json_t *terms(uint64_t rate_bps, uint64_t duration_ns)
{
	return json_pack("{s:o, s:o}", "bits_per_second",
		rate_bps ? report_json_count(rate_bps) : json_null(), "duration_s",
		report_json_real((double)duration_ns / NS_PER_S, 1e-6));
}

static json_t *host(const struct host_load *h)
{
	return h->known ? json_pack("{s:o, s:b, s:o, s:o}", "cpu_percent",
				  report_json_real((double)h->cpu_permille / 10, 1e-3), "offload", h->offload,
				  "late_percent", report_json_real((double)h->late_permille / 10, 1e-3),
				  "late_max_us", report_json_micros(h->late_max_ns))
			: json_null();
}

static json_t *shaping(const struct bucket_result *b)
{
	static const char *const kind[] = {NULL, "shaper", "policer"};

	return b->kind ? json_pack("{s:s, s:o, s:o}", "kind", kind[b->kind], "bits_per_second",
				 report_json_count(b->rate_bps), "bucket_bytes", report_json_count(b->bytes))
		       : json_null();
}

json_t *report_json_test(const struct report *r, const struct test_record *t)
{
	double seconds = (double)t->sent.duration_ns / NS_PER_S;
	json_t *object = json_pack("{s:s, s:i, s:o, s:b, s:o, s:o, s:o, s:o}", "direction",
		t->direction == TEST_UP ? "up" : "down", "channel", (int)t->channel, "duration_s",
		report_json_real(seconds, 1e-6), "complete", t->phase == TEST_COMPLETE, "sent",
		sent(t, seconds), "received", received(r, t, seconds), "retransmitted_packets",
		report_json_loss_known(t) || t->direction == TEST_UP
			? report_json_count(t->sent.count.retransmitted_packets)
			: json_null(),
		"loss", loss(t));

	json_object_set_new(object, "asked", terms(t->asked_rate_bps, t->asked_duration_ns));
	json_object_set_new(object, "granted",
		t->phase == TEST_FAILED ? json_null() : terms(t->rate_bps, t->granted_duration_ns));
	json_object_set_new(object, "capacity_bits_per_second",
		t->sent.capacity.bps ? report_json_count(t->sent.capacity.bps) : json_null());
	json_object_set_new(object, "capacity_ci_percent",
		t->sent.capacity.bps ? report_json_real((double)t->sent.capacity.ci_ppm / 1e4, 1e-4)
				     : json_null());
	json_object_set_new(object, "limited_by", json_string(verdict_limit_name(verdict_limit(t))));
	json_object_set_new(object, "shaping", shaping(&t->sent.bucket));
	json_object_set_new(object, "sender", host(&t->sent.load));
	json_object_set_new(object, "receiver", host(&t->received.load));
	json_object_set_new(object, "agreed", json_boolean(outcome_is_agreed(t)));
	json_object_set_new(object, "result_hash", outcome_is_agreed(t) ? json_string(t->hash) : json_null());
	json_object_set_new(
		object, "refused", t->refusal ? json_string(refusal_name(t->refusal)) : json_null());
	return object;
}
