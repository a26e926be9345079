// SPDX-License-Identifier: GPL-2.0
/*
 * test_runner.c - what tests/runner promises: no failure, hang or death of a
 * test program goes by unseen, and what is tried again is shown.
 *
 * This program is its own sample: with SAMPLE set it has the tests below "as a
 * sample", of which TEST_ONLY chooses.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

static const char *self;

/* ---- as a sample ---- */

static void passes(void **state)
{
	(void)state;
}

static void is_skipped(void **state)
{
	(void)state;
	printf("SKIP is_skipped: for a reason\n");
	skip();
}

static void fails(void **state)
{
	(void)state;
	print_error("what was wrong\n");
	fail();
}

/* There is a file then, which its first time makes. */
static void fails_once(void **state)
{
	const char *path = getenv("SAMPLE");
	FILE *file = fopen(path, "r");

	(void)state;
	if (!file)
		fclose(fopen(path, "w"));
	else
		fclose(file);
	assert_non_null(file);
}

static void hangs(void **state)
{
	(void)state;
	for (;;)
		pause();
}

static void dies(void **state)
{
	(void)state;
	signal(SIGABRT, SIG_DFL);
	abort();
}

static void leaves(void **state)
{
	(void)state;
	exit(0);
}

static int sample(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(passes), cmocka_unit_test(is_skipped),
		cmocka_unit_test(fails),  cmocka_unit_test(fails_once),
		cmocka_unit_test(hangs),  cmocka_unit_test(dies),
		cmocka_unit_test(leaves),
	};

	return cmocka_run_group_tests_name("sample", tests, NULL, NULL);
}

/* ---- the runner ---- */

static char said[1 << 16];

/* Runs tests of the sample; returns the runner's exit status. */
static int run(const char *options, const char *tests)
{
	char command[4096];
	FILE *out;
	size_t n;
	int status;

	snprintf(command, sizeof(command),
		 "dir=$(mktemp -d); SAMPLE=$dir/once '%.*s/../runner/runner' "
		 "%s '%s:%s' 2>&1; status=$?; rm -r \"$dir\"; exit $status",
		 (int)(strrchr(self, '/') - self), self, options, self, tests);
	out = popen(command, "r");
	assert_non_null(out);
	n = fread(said, 1, sizeof(said) - 1, out);
	said[n] = '\0';
	status = pclose(out);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

/* A line of that beginning, in which the words are. */
static void assert_said(const char *how, const char *words)
{
	char *copy = strdup(said), *line, *rest = copy;

	while ((line = strsep(&rest, "\n")))
		if (!strncmp(line, how, strlen(how)) && strstr(line, words))
			break;
	if (!line)
		print_error("no '%s' with '%s' in:\n%s", how, words, said);
	assert_non_null(line);
	free(copy);
}

static void
what_passes_and_what_is_skipped_is_said_with_its_reason(void **state)
{
	(void)state;
	assert_int_equal(run("", "passes,is_skipped"), 0);
	assert_said("ok ", "test_runner passes");
	assert_said("skip ", "test_runner is_skipped: for a reason");
	assert_said("ended ", "test_runner ok");
}

static void a_failure_is_shown_with_what_was_said_about_it(void **state)
{
	(void)state;
	assert_int_equal(run("", "passes,fails"), 1);
	assert_said("FAIL ", "test_runner fails");
	assert_said("      ", "what was wrong");
	assert_said("ended ", "test_runner FAIL");
}

static void a_test_that_failed_is_run_once_more_alone(void **state)
{
	(void)state;
	assert_int_equal(run("--retry", "passes,fails_once"), 0);
	assert_said("again ", "test_runner fails_once");
	assert_said("ok ", "test_runner fails_once");
	assert_int_equal(run("--retry", "fails"), 1);
	assert_said("again ", "test_runner fails");
	assert_said("FAIL ", "test_runner fails");
	assert_int_equal(run("", "fails_once"), 1);
}

static void a_test_that_hangs_is_ended_and_named(void **state)
{
	(void)state;
	assert_int_equal(run("--bound 2", "hangs,passes"), 1);
	assert_said("FAIL ", "test_runner hangs has hung");
	assert_said("ok ", "test_runner passes");
}

static void a_program_that_ends_before_its_tests_do_has_failed(void **state)
{
	(void)state;
	assert_int_equal(run("", "dies"), 1);
	assert_said("FAIL ", "test_runner");
	assert_int_equal(run("", "leaves"), 1);
	assert_said("FAIL ", "test_runner leaves ended the program");
}

static void a_test_that_is_not_there_has_failed(void **state)
{
	(void)state;
	assert_int_equal(run("", "no_such_test"), 1);
	assert_said("FAIL ", "no test has run");
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			what_passes_and_what_is_skipped_is_said_with_its_reason),
		cmocka_unit_test(
			a_failure_is_shown_with_what_was_said_about_it),
		cmocka_unit_test(a_test_that_failed_is_run_once_more_alone),
		cmocka_unit_test(a_test_that_hangs_is_ended_and_named),
		cmocka_unit_test(
			a_program_that_ends_before_its_tests_do_has_failed),
		cmocka_unit_test(a_test_that_is_not_there_has_failed),
	};

	(void)argc;
	if (getenv("SAMPLE"))
		return sample();
	self = argv[0];
	return cmocka_run_group_tests_name("runner", tests, NULL, NULL);
}
