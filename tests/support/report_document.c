#include "tests/support/report_document.h"

const struct test_record complete = {
	.id = 1,
	.direction = TEST_UP,
	.phase = TEST_COMPLETE,
	.channel = 4711,
	.datagram_bytes = 1000,
	.overhead_bytes = 28,
	.sent.duration_ns = 10 * UINT64_C(1000000000),
	.sent.count = {.packets = 1000, .bytes = 1000000, .retransmitted_packets = 70, .reports = 99},
	.received.count =
		{
			.packets = 950,
			.bytes = 950000,
			.unique_packets = 920,
			.duplicates = 30,
			.reordered = 5,
			.host_drops = 2,
		},
	.received.known = RECEIVED_COUNTERS,
};

void open_report(struct report *r, struct options *options, const char *server)
{
	options_defaults(options);
	report_init(r, options, server);
	r->connected = r->classic = true;
	for (int kind = 0; kind < PORT_KINDS; kind++)
		r->port[kind] = (uint16_t)(7000 + kind);
}

void add_test(struct report *r, const struct test_record *t)
{
	report_add_test(r, t);
}

json_t *document(const struct report *r)
{
	json_error_t error;
	json_t *root;
	size_t size;
	char *text;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	assert_int_equal(report_json(out, r), 0);
	fclose(out);
	assert_int_equal(text[size - 1], '\n');
	assert_null(strstr(text, "nan"));
	assert_null(strstr(text, "inf"));
	root = json_loads(text, 0, &error);
	if (!root)
		fail_msg("%s in line %d of\n%s", error.text, error.line, text);
	free(text);
	return root;
}

json_t *at(json_t *root, const char *path)
{
	char copy[256], *rest = NULL;

	snprintf(copy, sizeof(copy), "%s", path);
	for (char *key = strtok_r(copy, ".", &rest); key && root; key = strtok_r(NULL, ".", &rest))
		root = json_is_array(root) ? json_array_get(root, strtoul(key, NULL, 10))
					   : json_object_get(root, key);
	return root;
}

void check(json_t *root, const char *path, const char *wanted)
{
	json_t *value = at(root, path);
	char *got;

	print_message("%s\n", path);
	assert_non_null(value);
	got = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT | JSON_REAL_PRECISION(12));
	assert_string_equal(got, wanted);
	free(got);
}

void check_keys(json_t *root, const char *path, const char *keys)
{
	json_t *object = at(root, path);
	char copy[1024], *rest = NULL;
	size_t n = 0;

	print_message("%s: %s\n", path, keys);
	assert_true(json_is_object(object));
	snprintf(copy, sizeof(copy), "%s", keys);
	for (char *key = strtok_r(copy, " ", &rest); key; key = strtok_r(NULL, " ", &rest), n++)
		assert_non_null(json_object_get(object, key));
	assert_int_equal(json_object_size(object), n);
}

void check_values(const struct report *r, const struct value_row *rows, size_t n)
{
	json_t *root = document(r);

	for (size_t i = 0; i < n; i++)
		check(root, rows[i].path, rows[i].json);
	json_decref(root);
}
