// SPDX-License-Identifier: GPL-2.0
/* test_printable.c - names that others chose, on a terminal and in JSON. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "text/printable.h"

static void assert_both(const char *text, const char *terminal,
			const char *json)
{
	char out[64];

	printable(out, sizeof(out), text);
	assert_string_equal(out, terminal);
	printable_utf8(out, sizeof(out), text);
	assert_string_equal(out, json);
}

#define BAD "\xef\xbf\xbd"

static void what_is_utf8_stays(void **state)
{
	(void)state;
	assert_both("make", "make", "make");
	assert_both("gr\xc3\xbc\xc3\x9f", "gr\xc3\xbc\xc3\x9f",
		    "gr\xc3\xbc\xc3\x9f");
	assert_both("\xe2\x82\xac\xf0\x9f\x90\xa7",
		    "\xe2\x82\xac\xf0\x9f\x90\xa7",
		    "\xe2\x82\xac\xf0\x9f\x90\xa7");
}

static void what_moves_the_cursor_is_no_part_of_a_line(void **state)
{
	(void)state;
	assert_both("a\n9\x1b[7m\x7f", "a?9?[7m?", "a\n9\x1b[7m\x7f");
	/* CSI in one character */
	assert_both("\xc2\x9b"
		    "7m",
		    "?7m",
		    "\xc2\x9b"
		    "7m");
}

static void half_characters_and_wrong_ones_are_replaced(void **state)
{
	(void)state;
	assert_both("\xe9t\xe9", "?t?", BAD "t" BAD);
	assert_both("caf\xc3", "caf?", "caf" BAD);
	/* longer than it need be, a surrogate, beyond the last character */
	assert_both("\xc0\xaf", "??", BAD BAD);
	assert_both("\xed\xa0\x80", "???", BAD BAD BAD);
	assert_both("\xf4\x90\x80\x80", "????", BAD BAD BAD BAD);
}

static void no_character_is_cut_for_want_of_room(void **state)
{
	char out[5];

	(void)state;
	printable(out, sizeof(out), "abc\xc3\xbc");
	assert_string_equal(out, "abc");
	printable_utf8(out, sizeof(out), "ab\xff");
	assert_string_equal(out, "ab");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_utf8_stays),
		cmocka_unit_test(what_moves_the_cursor_is_no_part_of_a_line),
		cmocka_unit_test(half_characters_and_wrong_ones_are_replaced),
		cmocka_unit_test(no_character_is_cut_for_want_of_room),
	};

	return cmocka_run_group_tests_name("printable", tests, NULL, NULL);
}
