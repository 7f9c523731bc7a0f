/* CMOCKA_TEST_FILTER in the environment, with * and ?, names the cases of a test that run; the others are
 * left out. Linked into every test as an object: nothing calls it. */
#include "tests/support/test.h"

#include <stdlib.h>

__attribute__((constructor)) static void choose_cases(void)
{
	const char *filter = getenv("CMOCKA_TEST_FILTER");

	if (filter)
		cmocka_set_test_filter(filter);
}
