// SPDX-License-Identifier: GPL-2.0
/*
 * test_slips.c - a slip of the keyboard kills nobody: what a policy for many
 * would hit is said first.
 *
 * The policies for the default here would kill after an hour only: this may be
 * a machine that somebody works at.
 */
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "live.h"

static struct live_cmd cmd;

#define LATE_KILL "--action none --limit 200M --then 'kill after 1h'"

/* Whether it names the process, like eat[123] or 123. */
static bool names(const char *text, const char *before, pid_t pid)
{
	char who[64];

	snprintf(who, sizeof(who), "%s%d", before, pid);
	return strstr(text, who);
}

static struct live_proc *one_that_is_over(void)
{
	struct live_proc *proc = live_eat("touch=300M wait touch=1M wait");

	live_at_gate(proc, 0, 1);
	return proc;
}

static void a_kill_for_all_that_somebody_is_over_wants_force(void **state)
{
	struct live_proc *proc;

	(void)state;
	live_run("");
	proc = one_that_is_over();
	live_shell(&cmd, "%s set --default " LATE_KILL,
		   getenv("OVERHIGH") ? getenv("OVERHIGH") : "build/overhigh");
	LIVE_ASSERT(cmd.status == 2, "exit %d", cmd.status);
	LIVE_ASSERT(strstr(cmd.err, "--force") && strstr(cmd.err, "--dry-run"),
		    "says no way on: %s", cmd.err);
	live_overhigh(&cmd, "get --default");
	LIVE_ASSERT(cmd.status == 1, "and it is set: %s", cmd.out);
	kill(proc->pid, SIGKILL);
	live_run_stop();
}

static void a_kill_for_a_cgroup_names_who_is_over(void **state)
{
	const char *root = live_cgroup_root(NULL), *cgroup;
	struct live_proc *proc;

	(void)state;
	if (!root)
		LIVE_SKIP("no cgroup2");
	LIVE_NEED("kill");
	live_run("");
	cgroup = live_cgroup(root, "slips");
	proc = one_that_is_over();
	/* it is not in it yet: nobody is over */
	live_ok("set %s --action kill --limit 200M", cgroup);
	live_ok("unset %s", cgroup);
	live_cgroup_enter(cgroup, proc->pid);
	live_overhigh(&cmd, "set %s --action kill --limit 200M", cgroup);
	LIVE_ASSERT(cmd.status == 2 && names(cmd.err, "eat[", proc->pid),
		    "exit %d: %s", cmd.status, cmd.err);
	live_overhigh(&cmd, "set %s --action kill --limit 200M --dry-run",
		      cgroup);
	LIVE_ASSERT(cmd.status == 0 && names(cmd.out, " ", proc->pid) &&
			    strstr(cmd.out, "1 would be over now"),
		    "exit %d: %s", cmd.status, cmd.out);
	LIVE_ASSERT(!strstr(live_policies(), "cgroup_policy"),
		    "it is set all the same");
	/* nobody is over so high a limit */
	live_ok("set %s --action kill --limit 1G", cgroup);
	live_ok("set %s --action kill --limit 200M --force", cgroup);
	live_open_gate(proc, 0);
	live_assert_killed(proc, LIVE_WAIT_MS);
	live_run_stop();
}

static void who_has_a_policy_of_his_own_is_not_in_the_way(void **state)
{
	const char *root = live_cgroup_root(NULL), *cgroup;
	struct live_proc *proc;

	(void)state;
	if (!root)
		LIVE_SKIP("no cgroup2");
	live_run("");
	cgroup = live_cgroup(root, "slips");
	proc = one_that_is_over();
	live_cgroup_enter(cgroup, proc->pid);
	live_ok("set %d --action none --limit 8G", proc->pid);
	live_ok("set %s --action kill --limit 200M", cgroup);
	kill(proc->pid, SIGKILL);
	live_run_stop();
}

/* 80 children of a shell, with 32 descriptors to be had. */
static void more_targets_than_descriptors_are_set(void **state)
{
	const char *path = getenv("OVERHIGH");
	const char *binary = path ? path : "build/overhigh";

	(void)state;
	live_run("");
	live_shell(&cmd,
		   "i=0; all=; while [ $i -lt 80 ]; do sleep 60 & all=\"$all "
		   "$!\"; i=$((i+1)); done; ulimit -n 32; "
		   "%s set $all --action none --limit 1G; s=$?; "
		   "%s list | grep -c sleep; %s set $all 999999999 $! --action "
		   "none --limit 2G; %s list | grep -c 2G; kill $all; exit $s",
		   binary, binary, binary, binary);
	LIVE_ASSERT(cmd.status == 0, "exit %d: %s", cmd.status, cmd.err);
	LIVE_ASSERT(!strcmp(cmd.out, "80\n0\n"), "of 80 are set: %s", cmd.out);
	LIVE_ASSERT(strstr(cmd.err, "999999999"), "which one? %s", cmd.err);
	live_run_stop();
}

static void a_full_device_is_a_failure(void **state)
{
	static const char *const commands[] = { "list", "status", "probe",
						"check" };
	const char *path = getenv("OVERHIGH");
	size_t i;

	(void)state;
	live_run("");
	for (i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		live_shell(&cmd, "%s %s >/dev/full",
			   path ? path : "build/overhigh", commands[i]);
		LIVE_ASSERT(cmd.status == 1 && strstr(cmd.err, "cannot write"),
			    "%s: exit %d: %s", commands[i], cmd.status,
			    cmd.err);
	}
	live_run_stop();
}

static void what_a_loader_drops_at_its_end_is_said(void **state)
{
	struct live_proc *proc;

	(void)state;
	live_run("");
	proc = live_eat("hold=60");
	live_ok("set %d --action none --limit 1G", proc->pid);
	live_run_stop();
	LIVE_ASSERT(strstr(live_run_stderr(), "dropped what was set by hand: 1 "
					      "policy of processes"),
		    "says: %s", live_run_stderr());
	kill(proc->pid, SIGKILL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		LIVE_TEST_ONCE(
			a_kill_for_all_that_somebody_is_over_wants_force),
		LIVE_TEST_ONCE(a_kill_for_a_cgroup_names_who_is_over),
		LIVE_TEST_ONCE(who_has_a_policy_of_his_own_is_not_in_the_way),
		LIVE_TEST_ONCE(more_targets_than_descriptors_are_set),
		LIVE_TEST_ONCE(a_full_device_is_a_failure),
		LIVE_TEST_ONCE(what_a_loader_drops_at_its_end_is_said),
	};

	return live_tests("slips", tests, NULL, NULL);
}
