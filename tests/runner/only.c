// SPDX-License-Identifier: GPL-2.0
/*
 * only.c - linked into every test program: the environment variable TEST_ONLY
 * names the test that is to run, alone; with * and ? as in file names.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

__attribute__((constructor)) static void take_test_only(void)
{
	const char *pattern = getenv("TEST_ONLY");

	if (pattern)
		cmocka_set_test_filter(pattern);
}
