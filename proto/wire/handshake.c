/* Policy: a question of the wrong size or prefix costs two comparisons. Of one in another version only the
 * version and the nonce must be valid, as its refusal is made from them. */
#include "proto/wire/handshake.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>

#include "proto/wire/handshake_private.h"

enum {
	CONNECT_BYTES = 7,
	JSON_AT = CONNECT_BYTES + 1,
	MAC_TEXT = 2 * HANDSHAKE_MAC + 2, /* with its quotes */
};

static const char prefix[] = "CONNECT {\"wyndrvr\":";

static const struct {
	uint32_t bit;
	const char *name;
} feature_names[] = {
	{FEATURE_BWDN, "bwdn"},
	{FEATURE_REPORTS, "reports"},
	{FEATURE_RESULT, "result"},
	{FEATURE_SINGLE_PORT, "single_port"},
	{FEATURE_PATH_MTU, "path_mtu"},
};

enum { FEATURE_NAMES = sizeof(feature_names) / sizeof(feature_names[0]) };

void handshake_append_features(struct wire_json_text *t, uint32_t features)
{
	const char *comma = "";

	wire_json_append(t, ",\"features\":[");
	for (size_t i = 0; i < FEATURE_NAMES; i++) {
		if (!(features & feature_names[i].bit))
			continue;
		wire_json_append(t, "%s\"%s\"", comma, feature_names[i].name);
		comma = ",";
	}
	wire_json_append(t, "]");
}

static uint32_t feature_bit(const char *name)
{
	for (size_t i = 0; i < FEATURE_NAMES; i++)
		if (strcmp(name, feature_names[i].name) == 0)
			return feature_names[i].bit;
	return 0;
}

bool handshake_read_features(const json_t *root, uint32_t *features)
{
	const json_t *list = json_object_get(root, "features");

	*features = 0;
	if (list && !json_is_array(list))
		return false;
	for (size_t i = 0; i < json_array_size(list); i++) {
		const char *name = json_string_value(json_array_get(list, i));

		if (!name)
			return false;
		*features |= feature_bit(name);
	}
	return true;
}

bool handshake_read_number(const json_t *object, const char *key, bool needed, uint32_t *number)
{
	const json_t *value = json_object_get(object, key);
	uint64_t count = 0;

	if (value ? !wire_json_read_count(value, 0, UINT32_MAX, &count) : needed)
		return false;
	*number = (uint32_t)count;
	return true;
}

bool handshake_read_optional(const json_t *root, const char *key, uint8_t *out, size_t size, bool *has)
{
	const json_t *value = json_object_get(root, key);

	*has = value && wire_json_read_hex(value, out, size);
	return *has || !value;
}

static void make_mac(uint8_t mac[HANDSHAKE_MAC], const char *json, size_t size, const struct key *key)
{
	crypto_generichash(mac, HANDSHAKE_MAC, (const uint8_t *)json, size, key->secret, sizeof(key->secret));
}

void handshake_append_mac(struct wire_json_text *t, size_t begin, const struct key *key)
{
	uint8_t mac[HANDSHAKE_MAC];

	make_mac(mac, t->text + begin, t->used - begin, key);
	wire_json_append(t, ",\"mac\":");
	wire_json_append_hex(t, mac, sizeof(mac));
}

/* Whether the object ends at `at`, apart from padding. */
static bool ends_object(const char *text, size_t size, size_t at)
{
	static const char pad[] = ",\"pad\":\"";
	const size_t quote = strlen(pad) - 1;

	if (size > at + quote && memcmp(text + at, pad, strlen(pad)) == 0)
		at = wire_json_skip_string(text, size, at + quote);
	return size == at + 1 && text[at] == '}';
}

bool handshake_check_mac(
	const uint8_t *json, size_t size, const uint8_t mac[HANDSHAKE_MAC], const struct key *key)
{
	const char *text = (const char *)json;
	size_t value;
	size_t at = wire_json_find(text, size, "mac", &value);
	uint8_t made[HANDSHAKE_MAC];

	if (at == size || at == 0 || text[at - 1] != ',' || size - value < MAC_TEXT ||
		!ends_object(text, size, value + MAC_TEXT))
		return false;
	make_mac(made, text, at - 1, key);
	return sodium_memcmp(made, mac, sizeof(made)) == 0;
}

void handshake_encode_question(
	uint8_t out[HANDSHAKE_BYTES], const struct handshake_question *h, const struct key *key)
{
	char text[HANDSHAKE_BYTES + 1];
	struct wire_json_text t = {.text = text, .room = sizeof(text)};

	wire_json_append(&t, "%s%u,\"nonce\":", prefix, h->version);
	wire_json_append_hex(&t, h->nonce, sizeof(h->nonce));
	handshake_append_features(&t, h->features);
	if (h->has_cookie) {
		wire_json_append(&t, ",\"cookie\":");
		wire_json_append_hex(&t, h->cookie, sizeof(h->cookie));
	}
	if (key) {
		wire_json_append(&t, ",\"key\":");
		wire_json_append_string(&t, key->name);
		handshake_append_mac(&t, JSON_AT, key);
	}
	wire_json_append(&t, ",\"pad\":\"");
	wire_json_append(&t, "%0*d\"}", (int)(HANDSHAKE_BYTES - strlen("\"}") - t.used), 0);
	assert(t.used == HANDSHAKE_BYTES);
	memcpy(out, text, HANDSHAKE_BYTES);
}

static bool ends_line(const uint8_t *bytes, size_t size)
{
	return size == 0 || (size == 1 && bytes[0] == '\n') ||
	       (size == 2 && bytes[0] == '\r' && bytes[1] == '\n');
}

enum handshake_kind handshake_kind(const uint8_t *bytes, size_t size)
{
	if (size == HANDSHAKE_BYTES)
		return memcmp(bytes, prefix, strlen(prefix)) == 0 ? HANDSHAKE_EXTENDED : HANDSHAKE_NONE;
	if (size < CONNECT_BYTES || memcmp(bytes, prefix, CONNECT_BYTES) != 0)
		return HANDSHAKE_NONE;
	return ends_line(bytes + CONNECT_BYTES, size - CONNECT_BYTES) ? HANDSHAKE_CLASSIC : HANDSHAKE_NONE;
}

static bool read_key(const json_t *root, char name[KEY_NAME])
{
	const json_t *value = json_object_get(root, "key");
	const char *text = json_string_value(value);

	if (!value)
		return true;
	if (!text || !key_is_name(text))
		return false;
	strcpy(name, text);
	return true;
}

static bool read_details(const json_t *root, struct handshake_question *h)
{
	return handshake_read_features(root, &h->features) &&
	       handshake_read_optional(root, "cookie", h->cookie, sizeof(h->cookie), &h->has_cookie) &&
	       read_key(root, h->key) &&
	       handshake_read_optional(root, "mac", h->mac, sizeof(h->mac), &h->has_mac) &&
	       h->has_mac == (h->key[0] != '\0');
}

enum wire_reject handshake_decode_question(const uint8_t *bytes, size_t size, struct handshake_question *h)
{
	json_t *root;
	bool ok;

	*h = (struct handshake_question){0};
	if (handshake_kind(bytes, size) != HANDSHAKE_EXTENDED || bytes[size - 1] != '}')
		return REJECT_BODY;
	root = wire_json_open(bytes + JSON_AT, size - JSON_AT);
	ok = handshake_read_number(root, "wyndrvr", true, &h->version) &&
	     wire_json_read_hex(json_object_get(root, "nonce"), h->nonce, sizeof(h->nonce)) &&
	     (read_details(root, h) || h->version != HANDSHAKE_VERSION);
	json_decref(root);
	return ok ? WIRE_OK : REJECT_BODY;
}

bool handshake_verify_question(
	const uint8_t *bytes, size_t size, const struct handshake_question *h, const struct key *key)
{
	return h->has_mac && size > JSON_AT &&
	       handshake_check_mac(bytes + JSON_AT, size - JSON_AT, h->mac, key);
}
