// SPDX-License-Identifier: GPL-2.0
/*
 * test_error.c - what loader/base/error.h promises: one line, whatever is
 * quoted in it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include "base/error.h"
/* last: it makes a macro of the name fail, which error.h uses */
#include <cmocka.h>

static void what_is_quoted_cannot_break_the_line(void **state)
{
	struct error err = {};

	(void)state;
	assert_int_equal(bad_input(&err, "'%s' is wrong", "a\nb\033[2J\x7f\r"),
			 -EINVAL);
	assert_string_equal(err.text, "'a?b?[2J?\?' is wrong");
	assert_int_equal(err.exit_status, 2);
}

static void other_letters_than_ascii_stay(void **state)
{
	struct error err = {};

	(void)state;
	bad_input(&err, "%s", "\xc3\xa4\xc2\xa0");
	assert_string_equal(err.text, "\xc3\xa4\xc2\xa0");
	/* a CSI in one character, and a half one */
	bad_input(&err, "%s", "\xc2\x9b[2J\xc2");
	assert_string_equal(err.text, "?\?[2J?");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_quoted_cannot_break_the_line),
		cmocka_unit_test(other_letters_than_ascii_stay),
	};

	return cmocka_run_group_tests_name("error", tests, NULL, NULL);
}
