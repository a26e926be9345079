// SPDX-License-Identifier: GPL-2.0
/*
 * test_rules.c - rules in force: whom they govern from which moment on, whom
 * never, and that a reload is all or nothing.  What a file of rules may say is
 * tested in tests/unit.
 *
 * Every rule here names programs in a directory of the test's own, so that
 * nothing else on the machine is touched.
 */
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "live.h"
#include "overhigh_rules.h"

#define KILL_32M "limit = 32M\naction = kill\n"

static struct live_cmd cmd;

/* Writes the rules; every %s of the text is the test's directory. */
static void write_rules(const char *text)
{
	char path[128];
	FILE *file;

	snprintf(path, sizeof(path), "%s/rules.conf", live_dir());
	file = fopen(path, "we");
	assert_non_null(file);
	for (; *text; text++) {
		if (text[0] == '%' && text[1] == 's') {
			fputs(live_dir(), file);
			text++;
		} else {
			fputc(*text, file);
		}
	}
	fclose(file);
}

static void run_with(const char *text, const char *options)
{
	char line[256];

	write_rules(text);
	snprintf(line, sizeof(line), "%s --config %s/rules.conf", options,
		 live_dir());
	live_run(line);
}

/* A test program under another name, in the test's directory. */
static const char *copy_of(const char *program, const char *name)
{
	const char *dir = getenv("TEST_PROGS");
	static char path[128];

	snprintf(path, sizeof(path), "%s/%s", live_dir(), name);
	live_shell(&cmd, "cp %s/%s %s", dir ? dir : "build/tests", program,
		   path);
	LIVE_ASSERT(cmd.status == 0, "%s", cmd.err);
	return path;
}

/* A copy of eat that has been told to stop at its first gate. */
static struct live_proc *spawn(const char *path, char *steps)
{
	char *argv[] = { (char *)path, "wait", steps, NULL };

	return live_spawn(argv);
}

static uint64_t limit_of(pid_t pid)
{
	struct overhigh_policy policy;
	uint32_t key = pid;

	return live_map_get("process_policy", &key, &policy) ?
		       0 :
		       policy.process_limit;
}

static bool has_note(pid_t pid)
{
	struct overhigh_rule_note note;
	uint32_t key = pid;

	return !live_map_get("process_rule", &key, &note) &&
	       note.rule != OVERHIGH_NO_RULE;
}

/* exec takes a moment after fork. */
static void until_limit(pid_t pid, uint64_t bytes)
{
	LIVE_UNTIL(limit_of(pid) == bytes, LIVE_WAIT_MS,
		   "pid %d has a limit of %llu, not %llu", pid,
		   (unsigned long long)limit_of(pid),
		   (unsigned long long)bytes);
}

/* ---- whom, and from when on ---- */

static void a_rule_holds_from_the_exec_on(void **state)
{
	char *argv[] = { NULL, "touch=128M", NULL };
	struct live_proc *proc;

	(void)state;
	run_with("[rule r]\nmatch-exe = %s/*\n" KILL_32M, "");
	argv[0] = (char *)copy_of("eat", "hungry");
	proc = live_spawn(argv);
	live_assert_killed(proc, LIVE_WAIT_MS);
	live_event(proc->pid, "acted", 1);
	assert_false(has_note(proc->pid));
	live_run_stop();
}

static void what_already_runs_is_matched_at_start(void **state)
{
	struct live_proc *proc, *other;

	(void)state;
	proc = spawn(copy_of("eat", "runs"), "hold=60");
	other = spawn(copy_of("eat", "other"), "hold=60");
	live_pause(500);
	run_with("[rule r]\nmatch-exe = %s/r*\n" KILL_32M, "");
	assert_int_equal(limit_of(proc->pid), 32 * MIB);
	assert_true(has_note(proc->pid));
	assert_int_equal(limit_of(other->pid), 0);
	live_run_stop();
}

/* Each key alone, on processes that differ in that only. */
static void each_key_of_a_rule_selects_by_itself(void **state)
{
	struct live_proc *proc;
	char *as_user[] = { "/usr/bin/setpriv",
			    "--reuid",
			    "54321",
			    "--clear-groups",
			    NULL,
			    "wait",
			    NULL };

	(void)state;
	run_with("[rule comm]\nmatch-comm = oh-by-c?mm\nlimit = 1M\n"
		 "action = none\n"
		 "[rule uid]\nmatch-uid = 54000-54999\nmatch-exe = %s/**\n"
		 "limit = 2M\naction = none\n"
		 "[rule exe]\nmatch-exe = %s/**/exe\nlimit = 3M\n"
		 "action = none\n",
		 "");
	proc = spawn(copy_of("eat", "oh-by-comm"), "hold=60");
	until_limit(proc->pid, 1 * MIB);
	proc = spawn(copy_of("eat", "exe"), "hold=60");
	until_limit(proc->pid, 3 * MIB);
	as_user[4] = (char *)copy_of("eat", "user");
	chmod(live_dir(), 0755);
	proc = live_spawn(as_user);
	until_limit(proc->pid, 2 * MIB);
	proc = spawn(copy_of("eat", "nobody"), "hold=60");
	live_pause(500);
	assert_int_equal(limit_of(proc->pid), 0);
	live_run_stop();
}

static void rules_select_by_the_cgroup_of_a_process(void **state)
{
	const char *root = live_cgroup_root(NULL), *parent, *child;
	char text[512];
	struct live_proc *proc;

	(void)state;
	if (!root)
		LIVE_SKIP("no cgroup2 here");
	parent = live_cgroup(root, "oh");
	child = live_cgroup(parent, "job");
	snprintf(text, sizeof(text),
		 "[rule r]\nmatch-cgroup = %s/**\n" KILL_32M,
		 parent + strlen(root));
	/* by exec, in its new cgroup; and one that is there already */
	run_with(text, "");
	proc = live_eat("wait exec wait");
	assert_int_equal(limit_of(proc->pid), 0);
	live_cgroup_enter(child, proc->pid);
	live_open_gate(proc, 0);
	live_at_gate(proc, 0, 2);
	assert_int_equal(limit_of(proc->pid), 32 * MIB);
	/* by fork, in the cgroup that its parent has entered meanwhile */
	proc = live_eat("wait fork=1 wait");
	live_cgroup_enter(child, proc->pid);
	live_open_gate(proc, 0);
	live_at_gate(proc, 1, 1);
	assert_int_equal(limit_of(proc->pid), 0);
	assert_int_equal(limit_of(proc->slot[1].pid), 32 * MIB);
	live_run_stop();
}

static void the_first_rule_that_matches_gives_the_policy(void **state)
{
	struct live_proc *proc;

	(void)state;
	run_with("[rule a]\nmatch-exe = %s/x\nlimit = 1M\naction = none\n"
		 "[rule b]\nmatch-exe = %s/*\nlimit = 2M\naction = none\n"
		 "[rule c]\nmatch-exe = %s/y\nlimit = 3M\naction = none\n",
		 "");
	proc = spawn(copy_of("eat", "x"), "hold=60");
	until_limit(proc->pid, 1 * MIB);
	proc = spawn(copy_of("eat", "y"), "hold=60");
	until_limit(proc->pid, 2 * MIB);
	live_run_stop();
}

static void an_exec_of_something_else_ends_the_rule(void **state)
{
	char *argv[] = { "/bin/sh", "-c", NULL, NULL };
	char script[256];
	struct live_proc *proc;

	(void)state;
	run_with("[rule r]\nmatch-exe = %s/shell\n" KILL_32M, "");
	live_shell(&cmd, "cp /bin/sh %s/shell", live_dir());
	assert_int_equal(cmd.status, 0);
	snprintf(script, sizeof(script), "exec %s wait",
		 copy_of("eat", "other"));
	argv[2] = script;
	snprintf(script + strlen(script), sizeof(script) - strlen(script),
		 " hold=60");
	proc = live_spawn(argv);
	live_pause(500);
	assert_int_equal(limit_of(proc->pid), 0);
	assert_false(has_note(proc->pid));
	live_run_stop();
}

static void a_limit_may_be_a_share_of_memory_max(void **state)
{
	const char *root = live_cgroup_root("memory"), *cgroup;
	struct live_proc *proc;
	char text[512];

	(void)state;
	if (!root)
		LIVE_SKIP("no memory controller on cgroup2 here");
	cgroup = live_cgroup(root, "oh");
	live_cgroup_write(cgroup, "memory.max", "200M");
	snprintf(text, sizeof(text),
		 "[rule r]\nmatch-cgroup = %s\nlimit = 50%% of memory.max\n"
		 "action = kill\n",
		 cgroup + strlen(root));
	run_with(text, "");
	proc = live_eat("wait exec wait");
	live_cgroup_enter(cgroup, proc->pid);
	live_open_gate(proc, 0);
	live_at_gate(proc, 0, 2);
	LIVE_ASSERT(limit_of(proc->pid) / PAGE == 100 * MIB / PAGE - 0 ||
			    limit_of(proc->pid) / PAGE == 100 * MIB / PAGE - 1,
		    "%llu", (unsigned long long)limit_of(proc->pid));
	live_run_stop();
}

/* ---- whom not ---- */

static void what_is_protected_is_left_alone(void **state)
{
	struct live_proc *proc, *adjusted;
	char path[64];
	FILE *file;

	(void)state;
	run_with("[protect p]\nmatch-exe = %s/safe\n"
		 "[rule all]\nmatch-comm = *\nlimit = 1G\naction = none\n",
		 "");
	/* pid 1, the loader and its guard match the second */
	assert_int_equal(limit_of(1), 0);
	assert_int_equal(limit_of(live_run_pid()), 0);
	live_overhigh(&cmd, "explain %d", live_run_pid());
	assert_non_null(strstr(cmd.out, "overhigh itself"));
	assert_int_equal(limit_of(getpid()), 1024 * MIB);
	proc = spawn(copy_of("eat", "safe"), "hold=60");
	until_limit(proc->pid, OVERHIGH_NO_LIMIT);
	live_overhigh(&cmd, "explain %d", proc->pid);
	LIVE_ASSERT(strstr(cmd.out, "nothing: protect p ("), "%s", cmd.out);
	/* neither does the default govern it, nor a parent's adjustment */
	adjusted = spawn(copy_of("eat", "adjusted"), "exec");
	snprintf(path, sizeof(path), "/proc/%d/oom_score_adj", adjusted->pid);
	file = fopen(path, "we");
	assert_non_null(file);
	if (fputs("-1000", file) < 0 || fclose(file))
		LIVE_SKIP("no right to lower oom_score_adj here");
	live_overhigh(&cmd, "explain %d", adjusted->pid);
	LIVE_ASSERT(strstr(cmd.out, "oom_score_adj is -1000"), "%s", cmd.out);
	live_run_stop();
}

static void a_policy_set_by_hand_is_not_changed(void **state)
{
	struct live_proc *proc;

	(void)state;
	run_with("[rule r]\nmatch-exe = %s/*\n" KILL_32M, "");
	copy_of("eat", "x");
	proc = spawn(copy_of("eat", "x"), "exec");
	until_limit(proc->pid, 32 * MIB);
	live_overhigh(&cmd, "unset %d", proc->pid);
	assert_int_equal(cmd.status, 2);
	LIVE_ASSERT(strstr(cmd.err, "comes from rule r"), "%s", cmd.err);
	live_ok("set %d --action none --limit 64M", proc->pid);
	assert_int_equal(limit_of(proc->pid), 64 * MIB);
	assert_false(has_note(proc->pid));
	live_ok("reload");
	assert_int_equal(limit_of(proc->pid), 64 * MIB);
	live_overhigh(&cmd, "explain %d", proc->pid);
	LIVE_ASSERT(strstr(cmd.out, "a policy of its own"), "%s", cmd.out);
	/* without it the rule is back */
	live_ok("unset %d", proc->pid);
	assert_int_equal(limit_of(proc->pid), 32 * MIB);
	live_run_stop();
}

static void a_dry_run_says_who_would_have_been_killed(void **state)
{
	char *argv[] = { NULL, "touch=64M", NULL };
	struct live_proc *proc;

	(void)state;
	run_with("[rule r]\nmatch-exe = %s/*\n" KILL_32M, "--dry-run");
	argv[0] = (char *)copy_of("eat", "hungry");
	proc = live_spawn(argv);
	live_assert_unharmed(proc);
	assert_true(cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(
		live_event(proc->pid, "acted", 1), "dry_run")));
	live_run_stop();
}

/* ---- reload ---- */

static void a_reload_with_one_bad_rule_changes_nothing(void **state)
{
	struct live_proc *a, *b;

	(void)state;
	run_with("[rule a]\nmatch-exe = %s/a\nlimit = 1M\naction = none\n", "");
	a = spawn(copy_of("eat", "a"), "hold=60");
	b = spawn(copy_of("eat", "b"), "hold=60");
	until_limit(a->pid, 1 * MIB);
	/* the first rule is right, the second is not */
	write_rules("[rule b]\nmatch-exe = %s/b\nlimit = 2M\naction = none\n"
		    "[rule c]\nmatch-exe = b\n");
	live_overhigh(&cmd, "reload");
	assert_int_equal(cmd.status, 2);
	LIVE_ASSERT(strstr(cmd.err, "/rules.conf:6: 'b' is no full path"), "%s",
		    cmd.err);
	assert_int_equal(limit_of(a->pid), 1 * MIB);
	assert_int_equal(limit_of(b->pid), 0);
	write_rules("[rule b]\nmatch-exe = %s/b\nlimit = 2M\naction = none\n");
	live_ok("reload");
	assert_int_equal(limit_of(a->pid), 0);
	assert_int_equal(limit_of(b->pid), 2 * MIB);
	/* SIGHUP does the same, and no rules are a set, too */
	write_rules("");
	kill(live_run_pid(), SIGHUP);
	LIVE_UNTIL(!limit_of(b->pid), LIVE_WAIT_MS, "b is still governed");
	LIVE_UNTIL(strstr(live_run_stderr(), "0 rules in force"), LIVE_WAIT_MS,
		   "%s", live_run_stderr());
	live_overhigh(&cmd, "status");
	LIVE_ASSERT(strstr(cmd.out, "execed           available"), "%s",
		    cmd.out);
	live_run_stop();
}

static void wrong_rules_at_start_are_refused(void **state)
{
	(void)state;
	write_rules("[rule a]\nmatch-exe = %s/a\nlimit = 1M\n");
	live_overhigh(&cmd, "run --config %s/rules.conf", live_dir());
	assert_int_equal(cmd.status, 2);
	LIVE_ASSERT(strstr(cmd.err, "/rules.conf:1: nothing says what happens"),
		    "%s", cmd.err);
	live_overhigh(&cmd, "check %s/rules.conf", live_dir());
	assert_int_equal(cmd.status, 2);
}

/* Rules go on without the loader, and the next one replaces them. */
static void rules_outlive_a_loader_that_is_killed(void **state)
{
	struct live_proc *proc;

	(void)state;
	run_with("[rule r]\nmatch-exe = %s/*\n" KILL_32M, "");
	live_run_kill();
	proc = spawn(copy_of("eat", "x"), "touch=64M");
	until_limit(proc->pid, 32 * MIB);
	run_with("[rule r]\nmatch-exe = %s/*\nlimit = 8M\naction = none\n", "");
	assert_int_equal(limit_of(proc->pid), 8 * MIB);
	live_run_stop();
}

/* ---- many at once ---- */

static struct live_proc *storm(const char *how, const char *n,
			       const char *limits)
{
	static char path[128];
	char *argv[] = { path, (char *)how, (char *)n, (char *)limits, NULL };

	snprintf(path, sizeof(path), "%s/storm", live_dir());
	return live_spawn(argv);
}

/* Each of the short processes looks for its policy as the first thing that it
 * does. */
static void of_many_short_processes_none_escapes(void **state)
{
	struct live_proc *a, *b, *forks;
	/* 10,000; an emulated CPU takes a minute for so many */
	unsigned int execs = live_is_emulated() ? 800 : 4000;
	char limit[32], nr_execs[16], nr_forks[16];

	(void)state;
	run_with("[rule r]\nmatch-exe = %s/storm\nmatch-comm = st*m\n"
		 "limit = 1G\naction = kill\n",
		 "");
	copy_of("storm", "storm");
	snprintf(limit, sizeof(limit), "%llu", 1024 * MIB);
	snprintf(nr_execs, sizeof(nr_execs), "%u", execs);
	snprintf(nr_forks, sizeof(nr_forks), "%u", execs / 2);
	a = storm("exec", nr_execs, limit);
	b = storm("exec", nr_execs, limit);
	forks = storm("fork", nr_forks, limit);
	assert_int_equal(live_wait_end(a, 300000), 0);
	assert_int_equal(live_wait_end(b, 300000), 0);
	assert_int_equal(live_wait_end(forks, 300000), 0);
	assert_true(live_counter("ruled") >= 5 * execs / 2);
	assert_true(live_counter("missed_rule") == 0);
	/* and nothing is kept of them, even if an exit was not seen */
	LIVE_UNTIL(!strstr(live_policies(), "process_policy"), LIVE_WAIT_MS,
		   "there still is %s", live_policies());
	live_run_stop();
}

static void a_reload_under_load_leaves_no_gap(void **state)
{
	static const char *const sets[] = {
		"[rule r]\nmatch-exe = %s/storm\nlimit = 1G\naction = kill\n",
		"[rule x]\nmatch-exe = %s/none\nlimit = 3G\naction = kill\n"
		"[rule r]\nmatch-exe = %s/st*\nlimit = 2G\naction = kill\n",
	};
	unsigned int i = 0;
	char limits[64];
	struct live_proc *a, *b;

	(void)state;
	run_with(sets[0], "");
	copy_of("storm", "storm");
	snprintf(limits, sizeof(limits), "%llu,%llu", 1024 * MIB, 2048 * MIB);
	a = storm("exec", "1000", limits);
	b = storm("fork", "2000", limits);
	while (!live_has_ended(a) || !live_has_ended(b)) {
		write_rules(sets[++i % 2]);
		live_ok("reload");
	}
	assert_int_equal(live_wait_end(a, 1000), 0);
	assert_int_equal(live_wait_end(b, 1000), 0);
	assert_true(i > 2);
	live_run_stop();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		LIVE_TEST(a_rule_holds_from_the_exec_on),
		LIVE_TEST_ONCE(what_already_runs_is_matched_at_start),
		LIVE_TEST(each_key_of_a_rule_selects_by_itself),
		LIVE_TEST(rules_select_by_the_cgroup_of_a_process),
		LIVE_TEST_ONCE(the_first_rule_that_matches_gives_the_policy),
		LIVE_TEST(an_exec_of_something_else_ends_the_rule),
		LIVE_TEST_ONCE(a_limit_may_be_a_share_of_memory_max),
		LIVE_TEST_ONCE(what_is_protected_is_left_alone),
		LIVE_TEST_ONCE(a_policy_set_by_hand_is_not_changed),
		LIVE_TEST_ONCE(a_dry_run_says_who_would_have_been_killed),
		LIVE_TEST_ONCE(a_reload_with_one_bad_rule_changes_nothing),
		LIVE_TEST_ONCE(wrong_rules_at_start_are_refused),
		LIVE_TEST_ONCE(rules_outlive_a_loader_that_is_killed),
		LIVE_TEST(of_many_short_processes_none_escapes),
		LIVE_TEST_ONCE(a_reload_under_load_leaves_no_gap),
	};

	return live_tests("rules", tests, NULL, NULL);
}
