// SPDX-License-Identifier: GPL-2.0
/*
 * test_lifetime.c - where policies go: over fork and exec, at exit, to a reused
 * pid; and how an over state ends.
 */
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "live.h"

#define OVERSHOOT (64 * PAGE)

static bool has_policy(pid_t pid)
{
	struct overhigh_policy policy;
	uint32_t key = pid;

	return !live_map_get("process_policy", &key, &policy);
}

static bool has_state(pid_t pid)
{
	struct overhigh_state value;
	uint32_t key = pid;

	return !live_map_get("process_state", &key, &value);
}

/* ---- fork, exec, exit ---- */

/* Each of three children has the limit for itself; one goes over. */
static void only_the_child_that_is_over_is_killed(void **state)
{
	struct live_proc *proc;
	int i;

	(void)state;
	live_run("");
	proc = live_eat("wait fork=3 wait touch=64M");
	live_ok("set %d --action kill --limit 32M", proc->pid);
	live_open_gate(proc, 0);
	for (i = 1; i <= 3; i++)
		live_at_gate(proc, i, 1);
	/* the two others are given a higher limit of their own */
	live_ok("set %d %d --action kill --limit 256M", proc->slot[1].pid,
		proc->slot[3].pid);
	for (i = 1; i <= 3; i++)
		live_open_gate(proc, i);
	live_assert_unharmed(proc);
	LIVE_ASSERT(WIFSIGNALED(proc->slot[2].status) &&
			    WTERMSIG(proc->slot[2].status) == SIGKILL,
		    "status of the second child %#x", proc->slot[2].status);
	assert_int_equal(proc->slot[1].status, 0);
	assert_int_equal(proc->slot[3].status, 0);
	assert_int_equal(proc->slot[3].touched_bytes, 64 * MIB);
	LIVE_ASSERT(proc->slot[2].touched_bytes <= 32 * MIB + OVERSHOOT,
		    "touched %llu",
		    (unsigned long long)proc->slot[2].touched_bytes);
	live_event(proc->slot[2].pid, "acted", 1);
	assert_int_equal(live_events(0, "acted"), 1);
	live_run_stop();
}

/* Memory that a child shares with its parent after fork counts for both. */
static void a_child_inherits_the_policy_of_its_parent(void **state)
{
	struct overhigh_policy parent, child;
	struct live_proc *proc;
	uint32_t key;

	(void)state;
	live_run("");
	proc = live_eat("wait fork=1 wait touch=64M");
	live_ok("set %d --action signal --signal USR1 --limit 32M --repeat "
		"--log --grace 3s --then kill",
		proc->pid);
	live_open_gate(proc, 0);
	live_at_gate(proc, 1, 1);
	key = proc->pid;
	assert_int_equal(live_map_get("process_policy", &key, &parent), 0);
	key = proc->slot[1].pid;
	assert_int_equal(live_map_get("process_policy", &key, &child), 0);
	assert_memory_equal(&parent, &child, sizeof(parent));
	live_run_stop();
}

#define CROWD 1500

/* The maps are charged to the cgroup of the loader, which may have no more. */
static void every_child_has_its_policy_when_memory_is_short(void **state)
{
	const char *root = live_cgroup_root("memory"), *cgroup;
	const char *dir = getenv("TEST_PROGS");
	struct live_cmd *cmd = malloc(sizeof(*cmd));
	char max[32];

	(void)state;
	if (!root)
		LIVE_SKIP("the memory controller is not on cgroup2");
	cgroup = live_cgroup(root, "loader");
	live_cgroup_enter(cgroup, getpid());
	live_run("");
	live_cgroup_enter(root, getpid());
	snprintf(max, sizeof(max), "%llu",
		 (unsigned long long)live_cgroup_read(cgroup, "memory.current",
						      NULL) +
			 65536);
	live_cgroup_write(cgroup, "memory.max", max);
	live_overhigh(cmd,
		      "exec --action kill --limit 64M -- %s/share crowd %d",
		      dir ? dir : "build/tests", CROWD);
	live_cgroup_write(cgroup, "memory.max", "max");
	LIVE_ASSERT(cmd->status == 0, "exit %d: %s%s", cmd->status, cmd->out,
		    cmd->err);
	free(cmd);
	LIVE_ASSERT(live_counter("missed_map_full") == 0 &&
			    live_counter("inherited") >= CROWD,
		    "%.0f had none, %.0f inherited it",
		    live_counter("missed_map_full"), live_counter("inherited"));
	live_run_stop();
}

static void an_exec_keeps_the_policy(void **state)
{
	struct live_proc *proc;

	(void)state;
	live_run("");
	proc = live_eat("wait exec wait touch=128M");
	live_ok("set %d --action kill --limit 32M", proc->pid);
	live_open_gate(proc, 0);
	live_at_gate(proc, 0, 2);
	live_open_gate(proc, 0);
	live_assert_killed(proc, LIVE_WAIT_MS);
	LIVE_ASSERT(proc->slot->touched_bytes <= 32 * MIB + OVERSHOOT,
		    "touched %llu",
		    (unsigned long long)proc->slot->touched_bytes);
	live_run_stop();
}

/* exec gives back all memory: the new image starts below. */
static void an_exec_of_a_process_that_is_over_starts_anew(void **state)
{
	struct live_proc *proc;

	(void)state;
	live_run("");
	proc = live_eat("--on-signal %d=ignore wait touch=48M exec wait "
			"touch=8M",
			SIGUSR1);
	live_ok("set %d --action signal --signal USR1 --limit 32M", proc->pid);
	live_open_gate(proc, 0);
	live_at_gate(proc, 0, 2);
	live_event(proc->pid, "crossed", 1);
	live_open_gate(proc, 0);
	live_assert_unharmed(proc);
	live_event(proc->pid, "below", 1);
	assert_int_equal(live_events(proc->pid, "crossed"), 1);
	live_run_stop();
}

static void nothing_is_kept_of_a_process_that_has_ended(void **state)
{
	struct live_proc *proc;

	(void)state;
	live_run("");
	proc = live_eat("--on-signal %d=ignore wait touch=48M", SIGUSR1);
	live_ok("set %d --action signal --signal USR1 --limit 32M", proc->pid);
	assert_true(has_policy(proc->pid));
	live_open_gate(proc, 0);
	live_assert_unharmed(proc);
	live_event(proc->pid, "exited", 1);
	assert_false(has_policy(proc->pid));
	assert_false(has_state(proc->pid));
	live_run_stop();
}

/* A policy must not end with the first thread that ends. */
static void the_end_of_a_thread_does_not_end_the_policy(void **state)
{
	struct live_proc *proc;

	(void)state;
	live_run("");
	proc = live_eat("--threads 3 wait touch=12M wait touch=96M");
	live_ok("set %d --action kill --limit 32M", proc->pid);
	live_open_gate(proc, 0);
	live_at_gate(proc, 0, 2);
	assert_true(has_policy(proc->pid));
	live_open_gate(proc, 0);
	live_assert_killed(proc, LIVE_WAIT_MS);
	live_run_stop();
}

static void a_reused_pid_does_not_inherit(void **state)
{
	struct live_proc *first, *second;

	(void)state;
	live_run("");
	first = live_eat("wait touch=64M");
	live_ok("set %d --action kill --limit 32M", first->pid);
	live_open_gate(first, 0);
	live_assert_killed(first, LIVE_WAIT_MS);
	live_next_pid(first->pid);
	second = live_eat("wait touch=64M");
	assert_int_equal(second->pid, first->pid);
	assert_false(has_policy(second->pid));
	live_open_gate(second, 0);
	live_assert_unharmed(second);
	live_event(first->pid, "exited", 1);
	assert_int_equal(live_events(first->pid, "acted"), 1);
	live_run_stop();
}

/* A record that was left for, or written to, a pid that nobody has. */
static void a_record_of_a_dead_pid_does_not_hit_the_next_process(void **state)
{
	struct overhigh_policy policy = {
		.control = overhigh_control_word(
			OVERHIGH_KILL, 0, OVERHIGH_DIRECT | OVERHIGH_RSS_ANON),
		.process_limit = 8 * MIB,
	};
	struct live_proc *dead, *other, *next;
	uint32_t key;

	(void)state;
	live_run("");
	other = live_eat("wait hold=1");
	live_ok("set %d --action kill --limit 1G", other->pid);
	dead = live_eat("exit=0");
	live_assert_unharmed(dead);
	key = dead->pid;
	assert_int_equal(live_map_set("process_policy", &key, &policy), 0);
	live_next_pid(dead->pid);
	next = live_eat("wait touch=64M");
	assert_int_equal(next->pid, dead->pid);
	live_open_gate(next, 0);
	live_assert_unharmed(next);
	live_run_stop();
}

static void unset_ends_enforcement(void **state)
{
	struct live_proc *proc;

	(void)state;
	live_run("");
	proc = live_eat("wait touch=64M");
	live_ok("set %d --action kill --limit 32M", proc->pid);
	live_ok("unset %d", proc->pid);
	assert_false(has_policy(proc->pid));
	live_open_gate(proc, 0);
	live_assert_unharmed(proc);
	live_run_stop();
}

/* ---- the end of an over state ---- */

/* Up to 48 MiB, down by a step, up again. */
static void cross_twice(const char *how)
{
	struct live_proc *proc;
	cJSON *event;

	live_run("");
	proc = live_eat("--on-signal %d=report wait touch=48M wait %s wait "
			"touch=48M wait",
			SIGUSR1, how);
	live_ok("set %d --action signal --signal USR1 --repeat --limit 32M",
		proc->pid);
	live_open_gate(proc, 0);
	live_at_gate(proc, 0, 2);
	live_event(proc->pid, "crossed", 1);
	assert_int_equal(live_events(proc->pid, "below"), 0);
	live_open_gate(proc, 0);
	live_at_gate(proc, 0, 3);
	event = live_event(proc->pid, "below", 1);
	assert_true(live_number(event, "over_ns") > 0);
	live_open_gate(proc, 0);
	live_at_gate(proc, 0, 4);
	live_event(proc->pid, "crossed", 2);
	live_open_gate(proc, 0);
	live_assert_unharmed(proc);
	live_event(proc->pid, "exited", 1);
	assert_int_equal(proc->slot->signals, 2);
	assert_int_equal(live_events(proc->pid, "crossed"), 2);
	assert_int_equal(live_events(proc->pid, "below"), 1);
	live_run_stop();
}

static void munmap_ends_the_over_state(void **state)
{
	(void)state;
	cross_twice("free");
}

static void madvise_dontneed_ends_the_over_state(void **state)
{
	(void)state;
	cross_twice("dontneed");
}

static void exit_ends_the_over_state(void **state)
{
	struct live_proc *proc;
	cJSON *event;

	(void)state;
	live_run("");
	proc = live_eat("--on-signal %d=ignore wait touch=48M wait", SIGUSR1);
	live_ok("set %d --action signal --signal USR1 --limit 32M", proc->pid);
	live_open_gate(proc, 0);
	live_at_gate(proc, 0, 2);
	live_event(proc->pid, "crossed", 1);
	assert_true(live_number(live_status(), "over") == 1);
	live_open_gate(proc, 0);
	live_assert_unharmed(proc);
	event = live_event(proc->pid, "exited", 1);
	assert_true(live_number(event, "over_ns") > 0);
	assert_true(live_number(live_status(), "over") == 0);
	live_run_stop();
}

static void a_killed_process_ends_the_over_state(void **state)
{
	struct live_proc *proc;

	(void)state;
	live_run("");
	proc = live_eat("wait touch=128M");
	live_ok("set %d --action kill --limit 32M", proc->pid);
	live_open_gate(proc, 0);
	live_assert_killed(proc, LIVE_WAIT_MS);
	live_event(proc->pid, "exited", 1);
	assert_true(live_number(live_status(), "over") == 0);
	live_run_stop();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		LIVE_TEST(only_the_child_that_is_over_is_killed),
		LIVE_TEST(a_child_inherits_the_policy_of_its_parent),
		LIVE_TEST(every_child_has_its_policy_when_memory_is_short),
		LIVE_TEST(an_exec_keeps_the_policy),
		LIVE_TEST(an_exec_of_a_process_that_is_over_starts_anew),
		LIVE_TEST(nothing_is_kept_of_a_process_that_has_ended),
		LIVE_TEST(the_end_of_a_thread_does_not_end_the_policy),
		LIVE_TEST(a_reused_pid_does_not_inherit),
		LIVE_TEST(a_record_of_a_dead_pid_does_not_hit_the_next_process),
		LIVE_TEST_ONCE(unset_ends_enforcement),
		LIVE_TEST(munmap_ends_the_over_state),
		LIVE_TEST(madvise_dontneed_ends_the_over_state),
		LIVE_TEST(exit_ends_the_over_state),
		LIVE_TEST(a_killed_process_ends_the_over_state),
	};

	return live_tests("lifetime", tests, NULL, NULL);
}
