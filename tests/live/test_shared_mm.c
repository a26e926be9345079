// SPDX-License-Identifier: GPL-2.0
/*
 * test_shared_mm.c - memory that several processes use, or that its main thread
 * has left: the process that it belongs to is judged, and pays.
 */
#include <signal.h>

#include "live.h"

static struct live_cmd cmd;

/* share, with these words, started under a policy. */
static void share(const char *policy, const char *words)
{
	const char *dir = getenv("TEST_PROGS");

	live_overhigh(&cmd, "exec %s -- %s/share %s", policy,
		      dir ? dir : "build/tests", words);
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
	};

	return cmocka_run_group_tests_name("shared_mm", tests, NULL, NULL);
}
