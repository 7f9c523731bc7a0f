/* The extended handshake on the main port: CONNECT with a JSON object, and the server's answers.
 * Texts are sanitised, ranges checked, unknown keys ignored. No state: any thread. The exchange is
 * in PROTOCOL.md.
 *
 * question, always HANDSHAKE_BYTES long, so that no answer is longer:
 *   CONNECT {"wyndrvr":1,"nonce":"32 hex","features":["bwdn",...],"cookie":"32 hex","key":"name",
 *            "mac":"64 hex","pad":"..."}           cookie, key and mac only where there is one
 * answers, each with the question's nonce:
 *   {"wyndrvr":1,"nonce":"...","cookie":"32 hex"}
 *   {"wyndrvr":1,"nonce":"...","token":"32 hex","ports":[7000,7001,7002],"key":26970,
 *    "features":[...],"caps":{"rate":R,"duration":D,"tests":T},"mac":"64 hex"}
 *   {"wyndrvr":1,"nonce":"...","refused":"busy","wait":S,"text":"..."}
 * mac = BLAKE2b-256 keyed with the pre-shared key, over the bytes from the '{' to before ,"mac". */
#ifndef PROTO_WIRE_HANDSHAKE_H
#define PROTO_WIRE_HANDSHAKE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/record/test.h"
#include "proto/wire/classic.h"
#include "proto/wire/keys.h"

enum {
	HANDSHAKE_BYTES = 512,
	HANDSHAKE_VERSION = 1,
	HANDSHAKE_NONCE = 16,
	HANDSHAKE_COOKIE = 16,
	HANDSHAKE_TOKEN = 16,
	HANDSHAKE_MAC = 32,
	HANDSHAKE_TEXT = 96,
};

/* Features, as bits; names on the wire in handshake.c's table. Unknown names are ignored. */
enum {
	FEATURE_BWDN = 1 << 0,        /* the download test */
	FEATURE_REPORTS = 1 << 1,     /* receiver reports behind the spans */
	FEATURE_RESULT = 1 << 2,      /* one agreed result */
	FEATURE_SINGLE_PORT = 1 << 3, /* all three channels on the main port */
	FEATURE_PATH_MTU = 1 << 4,    /* questions about the path's largest datagram are answered */
	FEATURES_OURS =
		FEATURE_BWDN | FEATURE_REPORTS | FEATURE_RESULT | FEATURE_SINGLE_PORT | FEATURE_PATH_MTU,
};

struct handshake_question {
	uint32_t version;
	uint8_t nonce[HANDSHAKE_NONCE];
	uint32_t features;
	bool has_cookie;
	uint8_t cookie[HANDSHAKE_COOKIE];
	char key[KEY_NAME]; /* "": none */
	bool has_mac;
	uint8_t mac[HANDSHAKE_MAC];
};

/* Writes exactly HANDSHAKE_BYTES; with `key`, its name and the mac are included. */
void handshake_encode_question(
	uint8_t out[HANDSHAKE_BYTES], const struct handshake_question *h, const struct key *key);

/* What kind of question a datagram is: the classic one is the seven bytes CONNECT with an optional
 * line end; the extended one has its size and its prefix. Cheap: a first look before anything else.
 */
enum handshake_kind { HANDSHAKE_NONE, HANDSHAKE_CLASSIC, HANDSHAKE_EXTENDED };
enum handshake_kind handshake_kind(const uint8_t *bytes, size_t size);

/* WIRE_OK or REJECT_BODY. A version other than ours is decoded as far as possible, so that it can be refused
 * as such. */
enum wire_reject handshake_decode_question(const uint8_t *bytes, size_t size, struct handshake_question *h);

/* Whether the question's mac was made with `key`; constant time. */
bool handshake_verify_question(
	const uint8_t *bytes, size_t size, const struct handshake_question *h, const struct key *key);

enum handshake_answer_kind { ANSWER_COOKIE, ANSWER_WELCOME, ANSWER_REFUSED };

struct handshake_answer {
	enum handshake_answer_kind kind;
	uint8_t nonce[HANDSHAKE_NONCE];
	uint8_t cookie[HANDSHAKE_COOKIE];
	uint8_t token[HANDSHAKE_TOKEN];
	struct classic_assignment assignment; /* single_port: the main port three times */
	uint32_t features;
	uint64_t cap_rate_bps;   /* 0: no cap */
	uint32_t cap_duration_s; /* 0: no cap */
	uint32_t cap_tests;      /* at a time */
	enum refusal refusal;
	uint32_t wait_s;
	char text[HANDSHAKE_TEXT];
	bool has_mac;
	uint8_t mac[HANDSHAKE_MAC];
};

/* Returns the length, at most HANDSHAKE_BYTES; with `key`, the mac is included. */
size_t handshake_encode_answer(
	uint8_t out[HANDSHAKE_BYTES], const struct handshake_answer *a, const struct key *key);
enum wire_reject handshake_decode_answer(const uint8_t *bytes, size_t size, struct handshake_answer *a);
bool handshake_verify_answer(
	const uint8_t *bytes, size_t size, const struct handshake_answer *a, const struct key *key);

#endif
