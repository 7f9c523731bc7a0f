/* Pre-shared keys: a file of named keys, one per line, that nobody else may read.
 *
 *     # comment
 *     NAME 64-HEX-DIGITS [rate=N] [duration=S]
 *
 * A client uses the first key, a server all of them; rate (bits a second, k M G) and duration
 * (seconds) are caps of that key. Secrets live in locked memory (sodium_mlock) and are wiped.
 * Loaded by main before any thread starts, const from then on. */
#ifndef PROTO_WIRE_KEYS_H
#define PROTO_WIRE_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { KEY_BYTES = 32, KEY_NAME = 33, KEYS_MAX = 256, KEYS_ERROR = 512 };

enum { KEYS_LINE = 256 + 1 }; /* the longest line of a file, and its NUL */

struct key {
	char name[KEY_NAME]; /* 1..32 of A-Z a-z 0-9 . _ - */
	uint8_t secret[KEY_BYTES];
	uint64_t rate_bps;   /* 0: no cap of its own */
	uint32_t duration_s; /* 0: no cap of its own */
};

struct keys;

/* Whether `text` is a valid name for a key. */
bool key_is_name(const char *text);

/* Reads a file. 0 or -errno, `error` then says "FILE:LINE: what is wrong"; a file that its group or
 * others can read or write, or that is not ours (or root's), is refused, and so is an empty
 * one. */
int keys_load(struct keys **out, const char *path, char error[KEYS_ERROR]);
void keys_free(struct keys *keys);

/* By name; NULL: there is none. The time it takes doesn't reveal how much of a name is right. */
const struct key *keys_find(const struct keys *keys, const char *name);

/* The first key of the file. */
const struct key *keys_first(const struct keys *keys);

/* A line for a key file with a new random key: for --genkey. Returns the bytes written without the
 * NUL; 0: not a valid name, or no room for KEYS_LINE. */
size_t keys_generate(char *out, size_t room, const char *name);

#endif
