// SPDX-License-Identifier: GPL-2.0
/*
 * test_save.c - what was set by hand can be carried over: to another version,
 * over the end of a loader.
 */
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "live.h"

static struct live_cmd cmd;

static const char *binary(void)
{
	const char *path = getenv("OVERHIGH");

	return path ? path : "build/overhigh";
}

static void save(void)
{
	live_shell(&cmd, "%s save >%s/saved", binary(), live_dir());
	LIVE_ASSERT(cmd.status == 0, "save: exit %d: %s", cmd.status, cmd.err);
}

/* Policies as list shows them; the pids are those of this test. */
static void list(char *text, size_t size)
{
	live_overhigh(&cmd, "list");
	LIVE_ASSERT(cmd.status == 0, "list: %s", cmd.err);
	snprintf(text, size, "%s", cmd.out);
}

static void what_is_saved_is_set_again(void **state)
{
	static char before[1 << 16], after[1 << 16];
	struct live_proc *proc, *ladder;
	const char *root = live_cgroup_root(NULL);

	(void)state;
	live_run("");
	proc = live_eat("hold=60");
	ladder = live_eat("hold=60");
	live_ok("set %d --action kill --limit 1G", proc->pid);
	live_shell(&cmd,
		   "%s set %d --action none --limit 1G --then 'signal:TERM "
		   "after 5s' --then 'kill after 10s'",
		   binary(), ladder->pid);
	LIVE_ASSERT(cmd.status == 0, "%s", cmd.err);
	live_ok("set --default --action none --limit 8G");
	if (root) {
		live_shell(&cmd, "%s set \"%s\" --action none --limit 4G",
			   binary(), live_cgroup(root, "a b'c"));
		LIVE_ASSERT(cmd.status == 0, "%s", cmd.err);
	}
	list(before, sizeof(before));
	save();
	live_run_stop();
	live_run("");
	live_ok("restore %s/saved", live_dir());
	list(after, sizeof(after));
	LIVE_ASSERT(!strcmp(before, after), "before:\n%safter:\n%s", before,
		    after);
	live_ok("unset --default");
	kill(proc->pid, SIGKILL);
	kill(ladder->pid, SIGKILL);
	live_run_stop();
}

static void a_process_that_has_ended_is_left_out(void **state)
{
	struct live_proc *proc;

	(void)state;
	live_run("");
	proc = live_eat("hold=60");
	live_ok("set %d --action kill --limit 1G", proc->pid);
	save();
	kill(proc->pid, SIGKILL);
	live_wait_end(proc, LIVE_WAIT_MS);
	live_overhigh(&cmd, "restore %s/saved", live_dir());
	LIVE_ASSERT(cmd.status == 0 && strstr(cmd.err, "0 of 1 policies"),
		    "exit %d: %s", cmd.status, cmd.err);
	live_run_stop();
}

static void policies_of_another_layout_are_carried_over(void **state)
{
	struct overhigh_control control;
	struct live_proc *proc;
	uint32_t key = 0;

	(void)state;
	live_run("--keep");
	proc = live_eat("hold=60");
	live_ok("set %d --action kill --limit 1G", proc->pid);
	live_run_stop();
	assert_int_equal(live_map_get("control", &key, &control), 0);
	control.abi = 2;
	assert_int_equal(live_map_set("control", &key, &control), 0);
	live_overhigh(&cmd, "list");
	LIVE_ASSERT(cmd.status && strstr(cmd.err, "overhigh save"),
		    "does not say how to keep them: %s", cmd.err);
	save();
	live_ok("unload --force");
	live_run("");
	live_ok("restore %s/saved", live_dir());
	live_overhigh(&cmd, "get %d", proc->pid);
	LIVE_ASSERT(strstr(cmd.out, "--action kill --limit 1G"), "has: %s%s",
		    cmd.out, cmd.err);
	kill(proc->pid, SIGKILL);
	live_run_stop();
}

static void a_wrong_line_sets_nothing(void **state)
{
	struct live_proc *proc;

	(void)state;
	live_run("");
	proc = live_eat("hold=60");
	live_shell(&cmd,
		   "printf '%d --action kill --limit 1G\\n--default --action "
		   "kil\\n' >%s/saved",
		   proc->pid, live_dir());
	live_overhigh(&cmd, "restore %s/saved", live_dir());
	LIVE_ASSERT(cmd.status == 2 && strstr(cmd.err, "saved:2: action 'kil'"),
		    "exit %d: %s", cmd.status, cmd.err);
	LIVE_ASSERT(!strstr(live_policies(), "process_policy"), "is set: %s",
		    live_policies());
	kill(proc->pid, SIGKILL);
	live_run_stop();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		LIVE_TEST_ONCE(what_is_saved_is_set_again),
		LIVE_TEST_ONCE(a_process_that_has_ended_is_left_out),
		LIVE_TEST_ONCE(policies_of_another_layout_are_carried_over),
		LIVE_TEST_ONCE(a_wrong_line_sets_nothing),
	};

	return live_tests("save", tests, NULL, NULL);
}
