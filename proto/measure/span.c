/* A ring of chunks of SPAN_CHUNK bits behind a directory of their member counts.
 *
 * The directory decides: a chunk whose count is 0 or SPAN_CHUNK has no meaningful bits, whatever
 * its memory holds. The first change that leaves a chunk mixed writes its bits out, so sliding,
 * filling and clearing touch the directory alone, and the bits can come from malloc as they are. */
#include "proto/measure/span.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
	CHUNK_LOW = SPAN_CHUNK - 1,
	WORD_BITS = 64,
	CHUNK_WORDS = SPAN_CHUNK / WORD_BITS,
	COUNTS_IN_WORD = sizeof(uint64_t) / sizeof(uint16_t),
};

static uint64_t chunk_begin(uint64_t number)
{
	return number & ~(uint64_t)CHUNK_LOW;
}

static uint64_t chunk_last(uint64_t number)
{
	return number | CHUNK_LOW;
}

static uint64_t chunk_index(const struct span_set *set, uint64_t number)
{
	return (number & (set->window - 1)) / SPAN_CHUNK;
}

static uint64_t *chunk_words(const struct span_set *set, uint64_t number)
{
	return set->bits + chunk_index(set, number) * CHUNK_WORDS;
}

/* Gives the bits of an empty or full chunk their meaning, before it becomes mixed. */
static void chunk_write_out(uint64_t *words, uint16_t count)
{
	if (count == 0)
		memset(words, 0, CHUNK_WORDS * sizeof(*words));
	else if (count == SPAN_CHUNK)
		memset(words, 0xff, CHUNK_WORDS * sizeof(*words));
}

static uint64_t window_end(const struct span_set *set)
{
	return set->base + set->window;
}

int span_set_init(struct span_set *set, uint64_t window)
{
	uint64_t rounded = UINT64_C(2) * SPAN_CHUNK;

	*set = (struct span_set){0};
	if (window > SPAN_MAX)
		return -ENOMEM;
	while (rounded < window)
		rounded *= 2;
	set->window = rounded;
	set->count = calloc(rounded / SPAN_CHUNK, sizeof(*set->count));
	set->bits = malloc(rounded / WORD_BITS * sizeof(*set->bits));
	if (set->count && set->bits)
		return 0;
	span_set_free(set);
	return -ENOMEM;
}

void span_set_free(struct span_set *set)
{
	free(set->count);
	free(set->bits);
	*set = (struct span_set){0};
}

static void drop_all(struct span_set *set)
{
	memset(set->count, 0, set->window / SPAN_CHUNK * sizeof(*set->count));
	set->members = 0;
}

/* Makes one number a member or not; true if that was a change. */
static bool change_one(struct span_set *set, uint64_t number, bool member)
{
	uint16_t *count = &set->count[chunk_index(set, number)];
	uint64_t *words = chunk_words(set, number);
	uint64_t *word = &words[(number & CHUNK_LOW) / WORD_BITS];
	uint64_t bit = (uint64_t)1 << (number % WORD_BITS);

	if (*count == (member ? SPAN_CHUNK : 0))
		return false;
	chunk_write_out(words, *count);
	if (((*word & bit) != 0) == member)
		return false;
	*word ^= bit;
	*count = (uint16_t)(member ? *count + 1 : *count - 1);
	set->members += member ? 1 : UINT64_MAX;
	return true;
}

/* The same for a part of one chunk, word by word; returns how many numbers changed. */
static uint64_t change_part(struct span_set *set, struct span part, bool member)
{
	uint16_t *count = &set->count[chunk_index(set, part.begin)];
	uint64_t *words = chunk_words(set, part.begin);
	uint64_t first = (part.begin & CHUNK_LOW) / WORD_BITS;
	uint64_t last = (part.end & CHUNK_LOW) / WORD_BITS;
	uint64_t changed = 0;

	if (*count == (member ? SPAN_CHUNK : 0))
		return 0;
	chunk_write_out(words, *count);
	for (uint64_t i = first; i <= last; i++) {
		uint64_t mask = UINT64_MAX;
		uint64_t flip;

		if (i == first)
			mask &= UINT64_MAX << (part.begin % WORD_BITS);
		if (i == last)
			mask &= UINT64_MAX >> (WORD_BITS - 1 - part.end % WORD_BITS);
		flip = mask & (member ? ~words[i] : words[i]);
		words[i] ^= flip;
		changed += (uint64_t)__builtin_popcountll(flip);
	}
	*count = (uint16_t)(member ? *count + changed : *count - changed);
	return changed;
}

/* The same for any span inside the window: whole chunks change in the directory only. */
static uint64_t change_span(struct span_set *set, struct span span, bool member)
{
	uint16_t target = member ? SPAN_CHUNK : 0;
	uint64_t changed = 0;

	for (uint64_t begin = span.begin; begin <= span.end; begin = chunk_last(begin) + 1) {
		uint16_t *count = &set->count[chunk_index(set, begin)];
		struct span part = {.begin = begin, .end = chunk_last(begin)};

		if (part.end > span.end)
			part.end = span.end;
		if (part.end - part.begin == CHUNK_LOW) {
			changed += (uint64_t)abs(target - *count);
			*count = target;
		} else {
			changed += change_part(set, part, member);
		}
	}
	set->members += member ? changed : -changed;
	return changed;
}

/* Moves the window up until `number` lies in its last chunk. */
static void slide_to(struct span_set *set, uint64_t number)
{
	uint64_t base = chunk_last(number) + 1 - set->window;
	uint64_t before = set->members;

	if (base >= window_end(set))
		drop_all(set);
	else if (before > 0)
		change_span(set, (struct span){.begin = set->base, .end = base - 1}, false);
	set->forgotten += before - set->members;
	set->base = base;
}

uint64_t span_add(struct span_set *set, struct span span)
{
	assert(span.begin <= span.end && span.end <= SPAN_MAX);
	if (span.end >= window_end(set))
		slide_to(set, span.end);
	if (span.begin < set->base)
		span.begin = set->base;
	if (span.begin == span.end)
		return change_one(set, span.begin, true);
	return change_span(set, span, true);
}

uint64_t span_remove(struct span_set *set, struct span span)
{
	if (span.end >= window_end(set))
		span.end = window_end(set) - 1;
	if (span.begin < set->base)
		span.begin = set->base;
	if (set->members == 0)
		return 0;
	if (span.begin == span.end)
		return change_one(set, span.begin, false);
	return change_span(set, span, false);
}

bool span_contains(const struct span_set *set, uint64_t number)
{
	uint16_t count;

	if (number < set->base || number >= window_end(set))
		return false;
	count = set->count[chunk_index(set, number)];
	if (count == 0 || count == SPAN_CHUNK)
		return count != 0;
	return chunk_words(set, number)[(number & CHUNK_LOW) / WORD_BITS] >> (number % WORD_BITS) & 1;
}

/* How many of the first `n` counts equal `value`, up to the first that does not. */
static uint64_t equal_counts(const uint16_t *count, uint64_t n, uint16_t value)
{
	uint64_t pattern = value * (UINT64_MAX / UINT16_MAX);
	uint64_t four;
	uint64_t i = 0;

	for (; i + COUNTS_IN_WORD <= n; i += COUNTS_IN_WORD) {
		memcpy(&four, &count[i], sizeof(four));
		if (four != pattern)
			break;
	}
	while (i < n && count[i] == value)
		i++;
	return i;
}

/* The start of the first chunk at or above that of `number` whose count is not `value`. The search
 * ends with the ring's memory, which can be short of the window's end or past it. */
static uint64_t skip_chunks(const struct span_set *set, uint64_t number, uint16_t value)
{
	uint64_t index = chunk_index(set, number);
	uint64_t n = set->window / SPAN_CHUNK - index;

	return chunk_begin(number) + equal_counts(set->count + index, n, value) * SPAN_CHUNK;
}

/* The first number at or above `number` in a mixed chunk that is a member, or is not; the start of
 * the next chunk if there is none. */
static uint64_t find_in_chunk(const struct span_set *set, uint64_t number, bool member)
{
	const uint64_t *words = chunk_words(set, number);
	uint64_t invert = member ? 0 : UINT64_MAX;
	uint64_t i = (number & CHUNK_LOW) / WORD_BITS;
	uint64_t word = (words[i] ^ invert) & (UINT64_MAX << (number % WORD_BITS));

	while (word == 0 && ++i < CHUNK_WORDS)
		word = words[i] ^ invert;
	if (word == 0)
		return chunk_last(number) + 1;
	return chunk_begin(number) + i * WORD_BITS + (uint64_t)__builtin_ctzll(word);
}

/* The first number at or above `number` that is a member, or is not; the window's end if none. */
static uint64_t find(const struct span_set *set, uint64_t number, bool member)
{
	uint16_t none = member ? 0 : SPAN_CHUNK;

	while (number < window_end(set)) {
		uint16_t count = set->count[chunk_index(set, number)];
		uint64_t next = chunk_last(number) + 1;

		if (count == none) {
			number = skip_chunks(set, number, none);
			continue;
		}
		if (count == SPAN_CHUNK - none)
			return number;
		number = find_in_chunk(set, number, member);
		if (number < next)
			return number;
	}
	return window_end(set);
}

bool span_next(const struct span_set *set, uint64_t from, struct span *run)
{
	uint64_t begin = from < set->base ? set->base : from;

	if (set->members == 0 || begin >= window_end(set))
		return false;
	begin = find(set, begin, true);
	if (begin == window_end(set))
		return false;
	*run = (struct span){.begin = begin, .end = find(set, begin, false) - 1};
	return true;
}
