// SPDX-License-Identifier: GPL-2.0
/* test_namespace.c - what /proc tells of time namespaces is read right. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include "base/namespace.h"
#include <cmocka.h> /* after: it has a macro fail() */

static void offsets_are_read_of_both_clocks(void **state)
{
	struct clock_offsets offsets =
		clock_offsets_parse("monotonic        5000        17\n"
				    "boottime       100000         0\n");

	(void)state;
	assert_true(offsets.monotonic_ns == 5000000000017ULL);
	assert_true(offsets.boottime_ns == 100000000000000ULL);
}

static void an_earlier_clock_has_a_negative_offset(void **state)
{
	struct clock_offsets offsets =
		clock_offsets_parse("monotonic  -2 999999999\nboottime 0 0\n");
	uint64_t ours_ns = 10000000000ULL - 1000000001ULL;

	(void)state;
	assert_true(ours_ns - offsets.monotonic_ns == 10000000000ULL);
}

static void an_empty_file_of_clock_offsets_is_none(void **state)
{
	struct clock_offsets offsets = clock_offsets_parse("");

	(void)state;
	assert_true(!offsets.monotonic_ns && !offsets.boottime_ns);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(offsets_are_read_of_both_clocks),
		cmocka_unit_test(an_earlier_clock_has_a_negative_offset),
		cmocka_unit_test(an_empty_file_of_clock_offsets_is_none),
	};

	return cmocka_run_group_tests_name("namespace", tests, NULL, NULL);
}
