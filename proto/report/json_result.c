/* The result of one test in the JSON document: its figures, and how packets were lost. */
#include <stdio.h>

#include "proto/record/outcome.h"
#include "proto/report/json_build.h"

static json_t *outages(struct json_build *b, const struct loss_pattern *p)
{
	json_t *array = json_array();

	for (unsigned i = 0; i < p->outages; i++) {
		json_t *one = json_object();

		json_build_add(b, one, "start_s", json_build_seconds(p->outage[i].start_ns));
		json_build_add(b, one, "length_s", json_build_seconds(p->outage[i].length_ns));
		json_build_add(b, one, "packets", json_build_count(p->outage[i].lost));
		json_build_append(b, array, one);
	}
	return array;
}

/* Bursts by their length: {"1": 12, "2": 3, "4": 1 ...}, each key the greatest length it counts. */
static json_t *bursts(struct json_build *b, const struct loss_pattern *p)
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
		json_build_add(b, object, name, json_build_count(p->burst[i]));
	}
	return object;
}

json_t *json_build_result(struct json_build *b, const struct test_record *t)
{
	json_t *object = json_object(), *loss;

	json_build_figures(b, object, metrics_test, t);
	loss = json_object_get(object, "loss");
	if (outcome_is_agreed(t) && json_is_object(loss)) {
		json_build_add(b, loss, "bursts", bursts(b, &t->received.pattern));
		json_build_add(b, loss, "outages", outages(b, &t->received.pattern));
	}
	return object;
}
