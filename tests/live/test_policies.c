// SPDX-License-Identifier: GPL-2.0
/*
 * test_policies.c - policy programs: one takes the place of another with no
 * crossing lost, one that fails ends and says why, one that is refused changes
 * nothing.  What they answer is in test_policy_curves.c.
 *
 * Environment: as in live_policy.h.
 */
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "live_policy.h"

/* ---- one policy after the other ---- */

static void
a_policy_outlives_its_command_and_is_used_by_a_later_run(void **state)
{
	struct live_proc *proc;

	(void)state;
	NEED_POLICIES();
	load(TEST_POLICY("kills"), "");
	assert_shown("kills", "active");
	live_run("--hook=require");
	assert_shown("kills", "active");
	proc = live_eat("wait touch=64M");
	live_ok("set %d --action none --limit 16M", proc->pid);
	live_open_gate(proc, 0);
	live_assert_killed(proc, LIVE_WAIT_MS);
	/* which takes everything down at its end */
	live_run_stop();
	assert_built_in();
}

static void unload_gives_back_to_the_built_in(void **state)
{
	struct live_proc *proc;
	struct live_cmd cmd;

	(void)state;
	NEED_POLICIES();
	live_run("--hook=require");
	load(TEST_POLICY("kills"), "");
	live_overhigh(&cmd, "policy unload");
	LIVE_ASSERT(cmd.status == 0 && strstr(cmd.err, "kills: unloaded"),
		    "%d %s", cmd.status, cmd.err);
	assert_built_in();
	proc = live_eat("wait touch=32M");
	live_ok("set %d --action none --limit 16M", proc->pid);
	live_open_gate(proc, 0);
	live_assert_unharmed(proc);
	live_overhigh(&cmd, "policy unload");
	assert_int_equal(cmd.status, 2);
	live_run_stop();
}

static void a_second_load_replaces_the_first(void **state)
{
	cJSON *object, *parameter;

	(void)state;
	NEED_POLICIES();
	load(POLICY("rate"), "--set rate=3M");
	load(POLICY("linear"), "--set step=7us");
	object = show();
	assert_string_equal(live_string(object, "policy"), "linear");
	parameter = cJSON_GetObjectItem(
		cJSON_GetObjectItem(object, "parameters"), "step_ns");
	assert_string_equal(live_string(parameter, "text"), "7us");
	assert_non_null(strstr(live_string(object, "file"), "linear.bpf.o"));
	cJSON_Delete(object);
	live_ok("policy unload");
}

/* Replaces the policy over and over, in a process of its own. */
static void start_replacing(volatile uint64_t *loads)
{
	pid_t pid = fork();

	if (pid) {
		policy_child = pid;
		return;
	}
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	setpgid(0, 0);
	for (;;) {
		char line[512];

		snprintf(line, sizeof(line),
			 "%s policy load %s/%s.bpf.o 2>/dev/null",
			 folder("OVERHIGH", "build/overhigh"),
			 TEST_POLICY("kills"));
		if (system(line))
			_exit(1);
		++*loads;
	}
}

/*
 * Only the policy program kills: with the built-in one in between they would
 * go on.  Each must end at the page that crosses: the counters of the kernel
 * allow for some pages of each CPU.
 */
static void no_crossing_is_missed_while_policies_are_replaced(void **state)
{
	const uint64_t slack = 2 * OVERHIGH_BATCH_PAGES * PAGE;
	volatile uint64_t *loads = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
					MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct live_proc *proc;
	int i, status;

	(void)state;
	NEED_POLICIES();
	live_run("--hook=require");
	load(TEST_POLICY("kills"), "");
	start_replacing(loads);
	for (i = 0; i < 40; i++) {
		proc = live_eat("wait touch=64M");
		live_ok("set %d --action none --limit 4M --rss anon --direct",
			proc->pid);
		live_open_gate(proc, 0);
		live_assert_killed(proc, LIVE_WAIT_MS);
		LIVE_ASSERT(proc->slot->touched_bytes <= 4 * MIB + slack,
			    "process %d went to %llu", i,
			    (unsigned long long)proc->slot->touched_bytes);
	}
	/* none of its loads has failed */
	assert_int_equal(waitpid(policy_child, &status, WNOHANG), 0);
	end_child();
	LIVE_ASSERT(*loads >= 10, "only %llu replacements",
		    (unsigned long long)*loads);
	print_message("%llu replacements\n", (unsigned long long)*loads);
	live_run_stop();
}

/* ---- policies that fail ---- */

static void assert_ended(const char *kind, double value, const char *reason)
{
	cJSON *object = show();
	cJSON *exit = cJSON_GetObjectItemCaseSensitive(object, "exit");

	assert_string_equal(live_string(object, "state"), "ended");
	assert_string_equal(live_string(exit, "kind"), kind);
	assert_true(live_number(exit, "value") == value);
	assert_string_equal(live_string(exit, "reason"), reason);
	cJSON_Delete(object);
}

/* Over, under the built-in policy's kill. */
static void assert_built_in_kills(void)
{
	struct live_proc *proc = live_eat("wait touch=64M");

	live_ok("set %d --action kill --limit 4M", proc->pid);
	live_open_gate(proc, 0);
	live_assert_killed(proc, LIVE_WAIT_MS);
}

static void a_wrong_answer_ends_the_policy_and_is_shown(void **state)
{
	struct live_cmd cmd;

	(void)state;
	NEED_POLICIES();
	live_run("--hook=require");
	load(TEST_POLICY("bad_answer"), "");
	assert_shown("bad_answer", "active");
	/* at the very charge whose question was answered wrongly */
	assert_built_in_kills();
	assert_ended("error", 77, "decide() returned no action");
	live_overhigh(&cmd, "policy show");
	LIVE_ASSERT(strstr(cmd.out, "decide() returned no action (77)"), "%s",
		    cmd.out);
	assert_built_in_kills();
	/* and another one can take its place */
	load(TEST_POLICY("kills"), "");
	assert_shown("kills", "active");
	live_run_stop();
}

static void a_policy_that_gives_up_says_why(void **state)
{
	(void)state;
	NEED_POLICIES();
	live_run("--hook=require");
	load(TEST_POLICY("gives_up"), "");
	assert_built_in_kills();
	assert_ended("itself", 0, "it had enough");
	live_ok("policy unload");
	assert_built_in();
	live_run_stop();
}

static void assert_refused(const char *dir, const char *name,
			   const char *settings, int status, const char *why)
{
	struct live_cmd cmd;

	load_cmd(&cmd, dir, name, settings);
	LIVE_ASSERT(cmd.status == status && strstr(cmd.err, why),
		    "%s: exit %d: %s", name, cmd.status, cmd.err);
	assert_shown("linear", "active");
}

static void what_is_refused_leaves_the_active_one_alone(void **state)
{
	(void)state;
	NEED_POLICIES();
	load(POLICY("linear"), "");
	assert_refused(TEST_POLICY("sleepable"), "", 1, "unsupported member");
	assert_refused(TEST_POLICY("refuses"), "", 1, "refused");
	assert_refused(TEST_POLICY("two"), "", 2, "exactly one");
	assert_refused(TEST_POLICY("bad_name"), "", 2, "name must be");
	assert_refused(TEST_POLICY("not_there"), "", 2, "cannot open");
	assert_refused(POLICY("rate"), "--set rate=fast", 2, "fast");
	assert_refused(POLICY("rate"), "--set speed=1M", 2, "rate_bytes=10M");
	live_ok("policy unload");
}

static void without_the_module_it_is_said_what_is_missing(void **state)
{
	struct live_cmd cmd;

	(void)state;
	if (live_module_is_loaded())
		LIVE_SKIP("the module is loaded");
	load_cmd(&cmd, POLICY("linear"), "");
	LIVE_ASSERT(cmd.status == 1 &&
			    strstr(cmd.err, "modprobe overhigh_hook"),
		    "%d %s", cmd.status, cmd.err);
	assert_built_in();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		POLICY_TEST_ONCE(without_the_module_it_is_said_what_is_missing),
		POLICY_TEST_ONCE(
			a_policy_outlives_its_command_and_is_used_by_a_later_run),
		POLICY_TEST(unload_gives_back_to_the_built_in),
		POLICY_TEST_ONCE(a_second_load_replaces_the_first),
		POLICY_TEST_ONCE(what_is_refused_leaves_the_active_one_alone),
		POLICY_TEST(a_wrong_answer_ends_the_policy_and_is_shown),
		POLICY_TEST_ONCE(a_policy_that_gives_up_says_why),
		POLICY_TEST(no_crossing_is_missed_while_policies_are_replaced),
	};

	return live_tests("policies", tests, NULL, live_module_end);
}
