// SPDX-License-Identifier: GPL-2.0
/*
 * test_shared_mm.c - memory that several processes use, or that its main thread
 * has left: the process that it belongs to is judged, and pays.  What a child
 * of fork has from its parent.
 */
#include <signal.h>
#include <unistd.h>

#include "live.h"

static struct live_cmd cmd;

/* share, with these words, started under a policy. */
static void share(const char *policy, const char *words)
{
	const char *dir = getenv("TEST_PROGS");

	live_overhigh(&cmd, "exec %s -- %s/share %s", policy,
		      dir ? dir : "build/tests", words);
	/* a loader stays until the last of its processes has ended */
	LIVE_UNTIL(access(LIVE_PINS, F_OK), LIVE_WAIT_MS, "%s is still there",
		   LIVE_PINS);
}

#define KILLED (128 + SIGKILL)

static void
a_child_is_not_signalled_for_its_parent_before_its_exec(void **state)
{
	(void)state;
	share("--action signal --signal TERM --limit 32M", "spawn 48 20");
	LIVE_ASSERT(cmd.status == 0, "exit %d: %s%s", cmd.status, cmd.out,
		    cmd.err);
	LIVE_ASSERT(strstr(cmd.out, "hit=0 handled=1"), "%s%s", cmd.out,
		    cmd.err);
}

static void a_parent_is_signalled_for_what_its_vfork_child_takes(void **state)
{
	(void)state;
	share("--action signal --signal TERM --limit 32M", "vfork 48");
	/* it has no handler: it ends */
	LIVE_ASSERT(cmd.status == 128 + SIGTERM, "exit %d: %s%s", cmd.status,
		    cmd.out, cmd.err);
}

static void a_parent_is_killed_for_what_its_vfork_child_takes(void **state)
{
	(void)state;
	share("--action kill --limit 32M", "vfork 48");
	LIVE_ASSERT(cmd.status == KILLED, "exit %d: %s%s", cmd.status, cmd.out,
		    cmd.err);
}

static void
a_parent_is_killed_for_what_children_on_its_memory_take(void **state)
{
	(void)state;
	share("--action kill --limit 32M", "clone 64");
	LIVE_ASSERT(cmd.status == KILLED, "exit %d: %s%s", cmd.status, cmd.out,
		    cmd.err);
}

static void a_later_step_finds_a_process_without_its_main_thread(void **state)
{
	(void)state;
	share("--action none --limit 32M --grace 500ms --then kill",
	      "leader 48");
	LIVE_ASSERT(cmd.status == KILLED, "exit %d: %s%s", cmd.status, cmd.out,
		    cmd.err);
}

/* ---- after fork ---- */

static void assert_hit(int hit)
{
	char word[32];

	snprintf(word, sizeof(word), "hit=%d", hit);
	LIVE_ASSERT(cmd.status == 0 && strstr(cmd.out, word), "exit %d: %s%s",
		    cmd.status, cmd.out, cmd.err);
}

static void
a_forked_child_is_not_signalled_for_its_parent_before_its_exec(void **state)
{
	(void)state;
	share("--action signal --signal TERM --limit 32M", "fork 48 5");
	assert_hit(0);
	assert_non_null(strstr(cmd.out, "handled=1"));
}

static void
what_a_child_brings_into_a_governed_cgroup_is_not_counted_before_its_exec(
	void **state)
{
	const char *dir = getenv("TEST_PROGS");
	const char *root = live_cgroup_root(NULL), *cgroup;

	(void)state;
	if (!root)
		LIVE_SKIP("there is no cgroup2");
	cgroup = live_cgroup(root, "joins");
	live_run("");
	live_ok("set %s --action kill --limit 64M", cgroup);
	live_shell(&cmd, "%s/share join 96 %s/cgroup.procs",
		   dir ? dir : "build/tests", cgroup);
	assert_hit(0);
	/* but what it takes itself is */
	live_ok("set %s --action kill --limit 12M --force", cgroup);
	live_shell(&cmd, "%s/share join 96 %s/cgroup.procs",
		   dir ? dir : "build/tests", cgroup);
	assert_hit(1);
	live_run_stop();
}

static void a_forked_child_that_does_not_exec_counts_in_full(void **state)
{
	(void)state;
	share("--action kill --limit 64M", "save 56 16");
	assert_hit(1);
}

static void
of_a_forked_child_only_growth_counts_if_the_policy_says_so(void **state)
{
	(void)state;
	share("--action kill --limit 64M --fork-grown", "save 56 16");
	assert_hit(0);
	share("--action kill --limit 64M --fork-grown", "save 56 80");
	assert_hit(1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		LIVE_TEST(
			a_child_is_not_signalled_for_its_parent_before_its_exec),
		LIVE_TEST(a_parent_is_signalled_for_what_its_vfork_child_takes),
		LIVE_TEST(a_parent_is_killed_for_what_its_vfork_child_takes),
		LIVE_TEST(
			a_parent_is_killed_for_what_children_on_its_memory_take),
		LIVE_TEST(a_later_step_finds_a_process_without_its_main_thread),
		LIVE_TEST(
			a_forked_child_is_not_signalled_for_its_parent_before_its_exec),
		LIVE_TEST(
			what_a_child_brings_into_a_governed_cgroup_is_not_counted_before_its_exec),
		LIVE_TEST(a_forked_child_that_does_not_exec_counts_in_full),
		LIVE_TEST(
			of_a_forked_child_only_growth_counts_if_the_policy_says_so),
	};

	return cmocka_run_group_tests_name("shared_mm", tests, NULL, NULL);
}
