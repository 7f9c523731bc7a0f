/* Policy: whatever holds a secret, the keys or a piece of the file, lives in sodium_malloc memory: locked,
 * left out of core dumps, wiped when it is freed. No error quotes any part of a line, because a secret may be
 * anywhere in a malformed one. */
#include "proto/wire/keys.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proto/record/test.h"

enum {
	CHUNK_BYTES = 1024,
	PATH_SHOWN = 300,
	WHOLE_DIGITS = 13, /* of the highest rate */
	FRACTION_DIGITS = 9,
};

#define RATE_MIN_BPS UINT64_C(1000)
#define RATE_MAX_BPS UINT64_C(1000000000000)

struct keys {
	unsigned count;
	struct key key[KEYS_MAX];
};

struct reader {
	const char *path;
	char *error;
	int fd;
	unsigned number; /* of the line */
	size_t at, filled;
	char chunk[CHUNK_BYTES];
	char line[KEYS_LINE];
};

__attribute__((format(printf, 2, 3))) static int refuse(struct reader *r, const char *format, ...)
{
	size_t used = (size_t)snprintf(r->error, KEYS_ERROR, "%.*s:%u: ", PATH_SHOWN, r->path, r->number);
	va_list rest;

	va_start(rest, format);
	vsnprintf(r->error + used, KEYS_ERROR - used, format, rest);
	va_end(rest);
	return -EINVAL;
}

static int refuse_file(char error[KEYS_ERROR], const char *path, const char *what, int err)
{
	snprintf(error, KEYS_ERROR, "%.*s: %s", PATH_SHOWN, path, what);
	return -err;
}

bool key_is_name(const char *text)
{
	static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
	size_t size = strlen(text);

	return size > 0 && size < KEY_NAME && strspn(text, allowed) == size;
}

/* The end of the digits, or NULL: none, or more than `most`. */
static const char *read_digits(const char *text, unsigned most, uint64_t *value)
{
	const char *at = text;

	for (*value = 0; *at >= '0' && *at <= '9'; at++) {
		if (at == text + most)
			return NULL;
		*value = *value * 10 + (uint64_t)(*at - '0');
	}
	return at > text ? at : NULL;
}

static uint64_t rate_factor(const char *suffix)
{
	static const struct {
		const char *suffix;
		uint64_t factor;
	} rows[] = {{"", 1}, {"k", 1000}, {"K", 1000}, {"M", 1000000}, {"G", 1000000000}};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (strcmp(rows[i].suffix, suffix) == 0)
			return rows[i].factor;
	return 0;
}

static bool read_rate(const char *text, uint64_t *rate_bps)
{
	uint64_t whole, fraction = 0, scale = 1, factor;
	const char *at = read_digits(text, WHOLE_DIGITS, &whole);

	if (at && *at == '.') {
		const char *point = at;

		at = read_digits(at + 1, FRACTION_DIGITS, &fraction);
		for (point++; at && point < at; point++)
			scale *= 10;
	}
	factor = at ? rate_factor(at) : 0;
	if (factor == 0 || whole > RATE_MAX_BPS / factor)
		return false;
	*rate_bps = whole * factor + fraction * factor / scale;
	return *rate_bps >= RATE_MIN_BPS && *rate_bps <= RATE_MAX_BPS;
}

static bool read_duration(const char *text, uint32_t *duration_s)
{
	uint64_t value;
	const char *end = read_digits(text, WHOLE_DIGITS, &value);

	if (!end || *end || value < 1 || value > TEST_DURATION_MAX_S)
		return false;
	*duration_s = (uint32_t)value;
	return true;
}

static bool read_secret(const char *hex, uint8_t secret[KEY_BYTES])
{
	size_t size = strlen(hex);
	size_t used = 0;

	return size == 2 * KEY_BYTES &&
	       sodium_hex2bin(secret, KEY_BYTES, hex, size, NULL, &used, NULL) == 0 && used == KEY_BYTES;
}

static int take_cap(struct reader *r, struct key *key, const char *word)
{
	static const char rate[] = "rate=", duration[] = "duration=";

	if (strncmp(word, rate, strlen(rate)) == 0) {
		if (key->rate_bps)
			return refuse(r, "rate: there already; allowed: once");
		if (!read_rate(word + strlen(rate), &key->rate_bps))
			return refuse(r, "rate: not 1k..1000G bits/s");
	} else if (strncmp(word, duration, strlen(duration)) == 0) {
		if (key->duration_s)
			return refuse(r, "duration: there already; allowed: once");
		if (!read_duration(word + strlen(duration), &key->duration_s))
			return refuse(r, "duration: not 1..%d seconds", TEST_DURATION_MAX_S);
	} else {
		return refuse(r, "an unknown word behind the key; allowed: rate=N, duration=S");
	}
	return 0;
}

static int take_line(struct reader *r, struct keys *keys)
{
	static const char blanks[] = " \t";
	struct key *key = &keys->key[keys->count];
	char *rest, *word = strtok_r(r->line, blanks, &rest);
	int err = 0;

	if (!word || *word == '#')
		return 0;
	if (keys->count == KEYS_MAX)
		return refuse(r, "too many keys; allowed: %d", KEYS_MAX);
	if (!key_is_name(word))
		return refuse(r, "no name; allowed: 1..%d of A-Z a-z 0-9 . _ -", KEY_NAME - 1);
	if (keys_find(keys, word))
		return refuse(r, "a name that is there already; allowed: once");
	strcpy(key->name, word);
	word = strtok_r(NULL, blanks, &rest);
	if (!word || !read_secret(word, key->secret))
		return refuse(r, "no key behind the name; allowed: %d hexadecimal digits", 2 * KEY_BYTES);
	while (!err && (word = strtok_r(NULL, blanks, &rest)))
		err = take_cap(r, key, word);
	keys->count++;
	return err;
}

/* 1, 0 at the end, or -errno. */
static int read_byte(struct reader *r, char *byte)
{
	if (r->at == r->filled) {
		ssize_t n;

		do
			n = read(r->fd, r->chunk, sizeof(r->chunk));
		while (n < 0 && errno == EINTR);
		if (n < 0)
			return refuse_file(r->error, r->path, strerror(errno), errno);
		r->at = 0;
		r->filled = (size_t)n;
		if (n == 0)
			return 0;
	}
	*byte = r->chunk[r->at++];
	return 1;
}

/* The next line without its end: 1, 0 after the last, or -errno. */
static int read_line(struct reader *r)
{
	size_t used = 0;
	char byte = '\0';
	int got;

	r->number++;
	while ((got = read_byte(r, &byte)) > 0 && byte != '\n') {
		if (byte == '\0')
			return refuse(r, "a NUL byte; allowed: text");
		if (used == KEYS_LINE - 1)
			return refuse(r, "too long; allowed: %d characters", KEYS_LINE - 1);
		r->line[used++] = byte;
	}
	if (used > 0 && r->line[used - 1] == '\r')
		used--;
	r->line[used] = '\0';
	return got == 0 && used > 0 ? 1 : got;
}

static int check_file(const struct reader *r)
{
	struct stat st;

	if (fstat(r->fd, &st) < 0)
		return refuse_file(r->error, r->path, strerror(errno), errno);
	if (!S_ISREG(st.st_mode))
		return refuse_file(r->error, r->path, "not a regular file", EINVAL);
	if (st.st_uid != geteuid() && st.st_uid != 0)
		return refuse_file(r->error, r->path,
			"belongs to somebody else; allowed: a file of the user who runs this, or "
			"of "
			"root",
			EACCES);
	if (st.st_mode & (S_IRWXG | S_IRWXO))
		return refuse_file(r->error, r->path,
			"others may use it; allowed: no rights for group and others (chmod 600)", EACCES);
	return 0;
}

static int read_keys(struct reader *r, struct keys *keys)
{
	int err = check_file(r);
	int got;

	if (err)
		return err;
	while ((got = read_line(r)) > 0) {
		err = take_line(r, keys);
		if (err)
			return err;
	}
	if (got == 0 && keys->count == 0)
		return refuse_file(r->error, r->path, "no key in it", EINVAL);
	return got;
}

int keys_load(struct keys **out, const char *path, char error[KEYS_ERROR])
{
	struct reader *r = NULL;
	struct keys *keys = NULL;
	int err;
	/* A pipe would make a blocking open() wait for its other end. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

	if (fd < 0)
		return refuse_file(error, path, strerror(errno), errno);
	if (sodium_init() >= 0) {
		r = sodium_malloc(sizeof(*r));
		keys = sodium_malloc(sizeof(*keys));
	}
	if (r && keys) {
		memset(keys, 0, sizeof(*keys));
		*r = (struct reader){.path = path, .error = error, .fd = fd};
		err = read_keys(r, keys);
	} else {
		err = refuse_file(error, path, strerror(ENOMEM), ENOMEM);
	}
	if (!err) {
		sodium_mprotect_readonly(keys);
		*out = keys;
		keys = NULL;
	}
	sodium_free(r);
	sodium_free(keys);
	close(fd);
	return err;
}

void keys_free(struct keys *keys)
{
	sodium_free(keys);
}

const struct key *keys_find(const struct keys *keys, const char *name)
{
	char padded[KEY_NAME] = "";
	const struct key *found = NULL;

	if (!key_is_name(name))
		return NULL;
	memcpy(padded, name, strlen(name));
	for (unsigned i = 0; i < keys->count; i++)
		if (sodium_memcmp(padded, keys->key[i].name, KEY_NAME) == 0)
			found = &keys->key[i];
	return found;
}

const struct key *keys_first(const struct keys *keys)
{
	return &keys->key[0];
}

size_t keys_generate(char *out, size_t room, const char *name)
{
	uint8_t secret[KEY_BYTES];
	char hex[2 * KEY_BYTES + 1];
	size_t used = 0;

	if (room < KEYS_LINE || !key_is_name(name))
		return 0;
	/* Without random numbers there is no secret to make. */
	if (sodium_init() < 0)
		abort();
	randombytes_buf(secret, sizeof(secret));
	sodium_bin2hex(hex, sizeof(hex), secret, sizeof(secret));
	used = (size_t)snprintf(out, room, "%s %s\n", name, hex);
	sodium_memzero(secret, sizeof(secret));
	sodium_memzero(hex, sizeof(hex));
	return used;
}
