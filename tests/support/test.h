/* What every test begins with: cmocka, which wants four headers before its own, and the few names that all
 * of them use. */
#ifndef TESTS_SUPPORT_TEST_H
#define TESTS_SUPPORT_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "proto/sys/clock.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define MS           ((uint64_t)NS_PER_MS)
#define SECOND       ((uint64_t)NS_PER_S)
#define START_NS     (UINT64_C(5000) * NS_PER_S) /* where virtual time begins */

#endif
