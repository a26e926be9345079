// SPDX-License-Identifier: GPL-2.0
/*
 * test_install.c - a policy outside of the tree builds from the installed
 * files, and from nothing else.  Run from the top of the tree.
 *
 * Environment: BUILD, where overhigh was built.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

static char dir[64] = "/tmp/overhigh-install.XXXXXX";

static int make_dir(void **state)
{
	(void)state;
	/* make must not take this for a part of a build that is under way */
	unsetenv("MAKEFLAGS");
	unsetenv("MAKELEVEL");
	return !mkdtemp(dir);
}

/* The words are put together in this file: no user's text is in them. */
static int shell(const char *format, ...) __attribute__((format(printf, 1, 2)));

static int shell(const char *format, ...)
{
	char line[1024];
	va_list args;

	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	return system(line);
}

static int remove_dir(void **state)
{
	(void)state;
	return shell("rm -rf %s", dir);
}

static void an_outside_policy_builds_from_the_installed_files(void **state)
{
	const char *build = getenv("BUILD");

	(void)state;
	assert_int_equal(shell("make -s install BUILD=%s DESTDIR=%s "
			       "PREFIX=/usr >%s/log 2>&1 || { cat %s/log; "
			       "false; }",
			       build ? build : "build", dir, dir, dir),
			 0);
	assert_int_equal(
		shell("cp -r examples/out-of-tree-policy %s/policy", dir), 0);
	/* there is nothing of the tree to be found from there */
	assert_int_equal(shell("cd %s/policy && make -s clean && "
			       "make -s PREFIX=%s/usr && test -s half.bpf.o",
			       dir, dir),
			 0);
}

static void everything_is_installed(void **state)
{
	static const char *const files[] = {
		"sbin/overhigh",
		"share/man/man8/overhigh.8",
		"include/overhigh/overhigh.h",
		"include/overhigh/overhigh_policy.h",
		"include/overhigh/overhigh_hook.h",
		"include/overhigh/overhigh_curve.h",
		"include/overhigh/policy.bpf.h",
		"lib/overhigh/policies/linear.bpf.o",
		"lib/overhigh/policies/quadratic.bpf.o",
		"lib/overhigh/policies/rate.bpf.o",
		"lib/overhigh/policies/ladder.bpf.o",
	};
	char path[256];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(files) / sizeof(*files); i++) {
		snprintf(path, sizeof(path), "%s/usr/%s", dir, files[i]);
		if (access(path, R_OK))
			fail_msg("%s is not installed", files[i]);
	}
}

/* The example is shown as ten lines. */
static void the_example_has_a_makefile_of_ten_lines(void **state)
{
	(void)state;
	assert_int_equal(shell("test $(wc -l "
			       "<examples/out-of-tree-policy/Makefile) -le 10"),
			 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			an_outside_policy_builds_from_the_installed_files),
		cmocka_unit_test(everything_is_installed),
		cmocka_unit_test(the_example_has_a_makefile_of_ten_lines),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
