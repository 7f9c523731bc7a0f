/* Chance from a seed: the same figures on every run and on every machine. */
#ifndef TESTS_SUPPORT_RANDOM_H
#define TESTS_SUPPORT_RANDOM_H

#include <stdbool.h>
#include <stdint.h>

/* splitmix64 (S. Vigna). The seed is the first state. */
uint64_t random_next(uint64_t *state);

/* 0 <= result < 1. */
double random_share(uint64_t *state);

/* True in this share of cases. */
bool random_chance(uint64_t *state, double share);

#endif
