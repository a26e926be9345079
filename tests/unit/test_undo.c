// SPDX-License-Identifier: GPL-2.0
/*
 * test_undo.c - lines of the file that says what is to be undone in cgroups:
 * what was written is read again, and nothing else is taken.  Undoing itself is
 * in tests/live/test_responses.c.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <errno.h>
#include "cgroups/undo_line.h"
#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

static void what_is_written_is_read_again(void **state)
{
	static const struct undo undos[] = {
		{ 1, 0, KNOB_HIGH, "max", "67108864", "/sys/fs/cgroup/a" },
		{ ~0ULL, ~0ULL, KNOB_FREEZE, "0", "1", "/c/with a space/b" },
		{ 77, 5, KNOB_WEIGHT, "10000", "1", "/c/..a/b..c/.d" },
		{ 77, 5, KNOB_HIGH, "18446744073709551615", "0", "/c/e" },
	};
	char line[UNDO_LINE_MAX];
	struct undo undo;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(undos); i++) {
		assert_int_equal(undo_format(line, sizeof(line), &undos[i]), 0);
		assert_int_equal(line[strlen(line) - 1], '\n');
		line[strlen(line) - 1] = 0;
		assert_int_equal(undo_parse(line, &undo), 0);
		assert_true(undo.cgroup_id == undos[i].cgroup_id);
		assert_true(undo.until_ns == undos[i].until_ns);
		assert_int_equal(undo.knob, undos[i].knob);
		assert_string_equal(undo.old, undos[i].old);
		assert_string_equal(undo.wrote, undos[i].wrote);
		assert_string_equal(undo.path, undos[i].path);
	}
}

static void malformed_lines_of_the_undo_file_are_refused(void **state)
{
	static const char *const lines[] = {
		"",
		" ",
		"\t",
		"nonsense",
		"1 0 memory.high max 4096",
		"1 0 memory.high max 4096 ",
		"1 0 memory.high max /c/a",
		"1 0 memory.high max  4096 /c/a",
		" 1 0 memory.high max 4096 /c/a",
		"1  0 memory.high max 4096 /c/a",
		"0 0 memory.high max 4096 /c/a",
		"-1 0 memory.high max 4096 /c/a",
		"+1 0 memory.high max 4096 /c/a",
		"0x1 0 memory.high max 4096 /c/a",
		"18446744073709551616 0 memory.high max 4096 /c/a",
		"1 -1 memory.high max 4096 /c/a",
		"1 never memory.high max 4096 /c/a",
		"1 0 memory.max max 4096 /c/a",
		"1 0 cgroup.kill 0 1 /c/a",
		"1 0 ../a/memory.high max 4096 /c/a",
		"1 0 memory.high Max 4096 /c/a",
		"1 0 memory.high maximum 4096 /c/a",
		"1 0 memory.high max 4096K /c/a",
		"1 0 memory.high max -1 /c/a",
		"1 0 memory.high 000000000000000000000001 1 /c/a",
		"1 0 cpu.weight 100 10001 /c/a",
		"1 0 cpu.weight max 1 /c/a",
		"1 0 cgroup.freeze 0 2 /c/a",
		"1 0 cgroup.freeze max 1 /c/a",
		"1 0 memory.high max 4096 c/a",
		"1 0 memory.high max 4096 /c/..",
		"1 0 memory.high max 4096 /c/../a",
		"1 0 memory.high max 4096 /../a",
		"1 0 memory.high max 4096 /c/./a",
		"1 0 memory.high max 4096 /c/.",
		"1 0 memory.high max 4096  /c/a",
	};
	char line[256];
	struct undo undo;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(lines); i++) {
		snprintf(line, sizeof(line), "%s", lines[i]);
		if (undo_parse(line, &undo) != -EINVAL)
			fail_msg("'%s' is taken", lines[i]);
	}
}

static void what_does_not_fit_is_not_cut_off(void **state)
{
	static char path[8192];
	struct undo undo = { 1, 0, KNOB_HIGH, "max", "4096", path };
	char line[UNDO_LINE_MAX];

	(void)state;
	memset(path, 'a', sizeof(path) - 1);
	path[0] = '/';
	assert_int_equal(undo_format(line, sizeof(line), &undo), -E2BIG);
	path[4095] = 0;
	assert_int_equal(undo_format(line, sizeof(line), &undo), 0);
}

static void the_first_line_of_the_undo_file_names_its_loader(void **state)
{
	static const char *const lines[] = {
		"",
		"overhigh-responses",
		"overhigh-responses 1",
		"overhigh-responses 1 ",
		"overhigh-responses 1 0",
		"overhigh-responses 1 -5",
		"overhigh-responses 1 5 5",
		"overhigh-responses 2 5",
		"overhigh-responses 1 4294967297",
		"1 0 memory.high max 4096 /c/a",
	};
	char line[64];
	pid_t owner = 0;
	size_t i;

	(void)state;
	assert_int_equal(undo_head_format(line, sizeof(line), 4711), 0);
	line[strlen(line) - 1] = 0;
	assert_int_equal(undo_head_parse(line, &owner), 0);
	assert_int_equal(owner, 4711);
	for (i = 0; i < COUNT(lines); i++)
		if (undo_head_parse(lines[i], &owner) != -EINVAL)
			fail_msg("'%s' is taken", lines[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_written_is_read_again),
		cmocka_unit_test(malformed_lines_of_the_undo_file_are_refused),
		cmocka_unit_test(what_does_not_fit_is_not_cut_off),
		cmocka_unit_test(
			the_first_line_of_the_undo_file_names_its_loader),
	};

	return cmocka_run_group_tests_name("undo", tests, NULL, NULL);
}
