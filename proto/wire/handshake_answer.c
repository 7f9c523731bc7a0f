/* The server's answers to the extended CONNECT. One key tells what an answer is: "refused", "token" or
 * "cookie". An answer with two of them is rejected, and so is one of another version, unless it is a refusal.
 */
#include <assert.h>
#include <string.h>

#include "proto/sys/text.h"
#include "proto/wire/handshake_private.h"

enum { ASSIGNED = 3 };

static void append_welcome(struct wire_json_text *t, const struct handshake_answer *a)
{
	const uint16_t *port = a->assignment.port;

	assert(a->cap_rate_bps <= WIRE_JSON_COUNT_MAX);
	wire_json_append(t, ",\"token\":");
	wire_json_append_hex(t, a->token, sizeof(a->token));
	wire_json_append(t, ",\"ports\":[%u,%u,%u],\"key\":%u", port[0], port[1], port[2], a->assignment.key);
	handshake_append_features(t, a->features);
	wire_json_append(t, ",\"caps\":{\"rate\":%llu,\"duration\":%u,\"tests\":%u}",
		(unsigned long long)a->cap_rate_bps, a->cap_duration_s, a->cap_tests);
}

static void append_refusal(struct wire_json_text *t, const struct handshake_answer *a)
{
	char text[HANDSHAKE_TEXT];

	assert(a->refusal > REFUSED_NOT && a->refusal < REFUSALS);
	text_sanitise(text, sizeof(text), a->text, strnlen(a->text, sizeof(a->text)));
	wire_json_append(t, ",\"refused\":\"%s\",\"wait\":%u,\"text\":", refusal_name(a->refusal), a->wait_s);
	wire_json_append_string(t, text);
}

size_t handshake_encode_answer(
	uint8_t out[HANDSHAKE_BYTES], const struct handshake_answer *a, const struct key *key)
{
	char text[HANDSHAKE_BYTES + 1];
	struct wire_json_text t = {.text = text, .room = sizeof(text)};

	wire_json_append(&t, "{\"wyndrvr\":%d,\"nonce\":", HANDSHAKE_VERSION);
	wire_json_append_hex(&t, a->nonce, sizeof(a->nonce));
	if (a->kind == ANSWER_WELCOME) {
		append_welcome(&t, a);
	} else if (a->kind == ANSWER_REFUSED) {
		append_refusal(&t, a);
	} else {
		wire_json_append(&t, ",\"cookie\":");
		wire_json_append_hex(&t, a->cookie, sizeof(a->cookie));
	}
	if (key)
		handshake_append_mac(&t, 0, key);
	wire_json_append(&t, "}");
	memcpy(out, text, t.used);
	return t.used;
}

static bool read_ports(const json_t *root, struct handshake_answer *a)
{
	const json_t *list = json_object_get(root, "ports");
	uint16_t *port = a->assignment.port;

	if (!json_is_array(list) || json_array_size(list) != ASSIGNED)
		return false;
	for (size_t i = 0; i < ASSIGNED; i++) {
		uint64_t count;

		if (!wire_json_read_count(json_array_get(list, i), 1, UINT16_MAX, &count))
			return false;
		port[i] = (uint16_t)count;
	}
	if (port[0] == port[1] && port[1] == port[2])
		return a->features & FEATURE_SINGLE_PORT;
	return port[0] != port[1] && port[1] != port[2] && port[0] != port[2];
}

static bool read_caps(const json_t *root, struct handshake_answer *a)
{
	const json_t *caps = json_object_get(root, "caps");
	const json_t *rate = json_object_get(caps, "rate");

	if (caps && !json_is_object(caps))
		return false;
	return (!rate || wire_json_read_count(rate, 0, WIRE_JSON_COUNT_MAX, &a->cap_rate_bps)) &&
	       handshake_read_number(caps, "duration", false, &a->cap_duration_s) &&
	       handshake_read_number(caps, "tests", false, &a->cap_tests);
}

static bool read_welcome(const json_t *root, struct handshake_answer *a)
{
	return wire_json_read_hex(json_object_get(root, "token"), a->token, sizeof(a->token)) &&
	       handshake_read_features(root, &a->features) && read_ports(root, a) &&
	       handshake_read_number(root, "key", true, &a->assignment.key) &&
	       a->assignment.key <= WIRE_CHANNEL_MAX && read_caps(root, a);
}

static bool read_cookie(const json_t *root, struct handshake_answer *a)
{
	return wire_json_read_hex(json_object_get(root, "cookie"), a->cookie, sizeof(a->cookie));
}

static bool read_refusal(const json_t *root, struct handshake_answer *a)
{
	const char *name = json_string_value(json_object_get(root, "refused"));
	const json_t *text = json_object_get(root, "text");

	for (unsigned i = REFUSED_NOT + 1; name && i < REFUSALS; i++)
		if (strcmp(name, refusal_name((enum refusal)i)) == 0)
			a->refusal = (enum refusal)i;
	if (a->refusal == REFUSED_NOT || (text && !json_is_string(text)))
		return false;
	if (text)
		text_sanitise(a->text, sizeof(a->text), json_string_value(text), json_string_length(text));
	return handshake_read_number(root, "wait", false, &a->wait_s);
}

static bool read_kind(const json_t *root, struct handshake_answer *a)
{
	static const struct {
		const char *key;
		bool (*read)(const json_t *root, struct handshake_answer *a);
	} kinds[] = {
		[ANSWER_COOKIE] = {"cookie", read_cookie},
		[ANSWER_WELCOME] = {"token", read_welcome},
		[ANSWER_REFUSED] = {"refused", read_refusal},
	};
	const size_t none = sizeof(kinds) / sizeof(kinds[0]);
	size_t found = none;

	for (size_t i = 0; i < none; i++) {
		if (!json_object_get(root, kinds[i].key))
			continue;
		if (found != none)
			return false;
		found = i;
	}
	if (found == none)
		return false;
	a->kind = (enum handshake_answer_kind)found;
	return kinds[found].read(root, a);
}

enum wire_reject handshake_decode_answer(const uint8_t *bytes, size_t size, struct handshake_answer *a)
{
	json_t *root;
	uint32_t version;
	bool ok;

	*a = (struct handshake_answer){0};
	if (size < 2 || size > HANDSHAKE_BYTES || bytes[0] != '{' || bytes[size - 1] != '}')
		return REJECT_BODY;
	root = wire_json_open(bytes, size);
	ok = handshake_read_number(root, "wyndrvr", true, &version) &&
	     wire_json_read_hex(json_object_get(root, "nonce"), a->nonce, sizeof(a->nonce)) &&
	     handshake_read_optional(root, "mac", a->mac, sizeof(a->mac), &a->has_mac) &&
	     read_kind(root, a) && (version == HANDSHAKE_VERSION || a->kind == ANSWER_REFUSED);
	json_decref(root);
	return ok ? WIRE_OK : REJECT_BODY;
}

bool handshake_verify_answer(
	const uint8_t *bytes, size_t size, const struct handshake_answer *a, const struct key *key)
{
	return a->has_mac && handshake_check_mac(bytes, size, a->mac, key);
}
