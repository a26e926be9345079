// SPDX-License-Identifier: GPL-2.0
/*
 * test_bad_input.c - what is wrong is refused: exit 2, one line that says what,
 * and nothing is changed.
 *
 * Runs: once.
 */
#include <dirent.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "live.h"

static struct live_cmd cmd;

/* The command is refused as it should be; words: part of the message, or
 * NULL. */
static void refused(const char *line, const char *words)
{
	char *before = strdup(live_policies());

	live_overhigh(&cmd, "%s", line);
	LIVE_ASSERT(cmd.status == 2, "overhigh %s: exit %d: %s", line,
		    cmd.status, cmd.err);
	LIVE_ASSERT(live_lines(cmd.err) == 1, "overhigh %s: not one line: %s",
		    line, cmd.err);
	LIVE_ASSERT(!*cmd.out, "overhigh %s: prints %s", line, cmd.out);
	LIVE_ASSERT(!words || strstr(cmd.err, words),
		    "overhigh %s: \"%s\" is not in: %s", line, words, cmd.err);
	LIVE_ASSERT(!strcmp(before, live_policies()),
		    "overhigh %s: changed\n%sto\n%s", line, before,
		    live_policies());
	free(before);
}

static void refused_policies(pid_t pid, const char *const *options, int n)
{
	char line[512];
	int i;

	for (i = 0; i < n; i++) {
		snprintf(line, sizeof(line), "set %d %s", pid, options[i]);
		refused(line, NULL);
	}
}

#define REFUSED_POLICIES(pid, options)                                         \
	refused_policies(pid, options, sizeof(options) / sizeof(options[0]))

static void wrong_sizes_are_refused(void **state)
{
	static const char *const options[] = {
		"--action kill --limit 12X",
		"--action kill --limit M",
		"--action kill --limit -5M",
		"--action kill --limit -1",
		"--action kill --limit 1e9",
		"--action kill --limit 0x100",
		"--action kill --limit 1.5",
		"--action kill --limit 1..5G",
		"--action kill --limit 18446744073709551616",
		"--action kill --limit 99999999999T",
		"--action kill --limit 17179869184G",
		"--action kill --limit nan",
		"--action kill --limit inf",
		"--action kill --limit 10MM",
		"--action kill --limit 10M,",
		"--action kill --limit",
		"--action enomem --margin -1M --force",
		"--action enomem --margin 99999999999999999999 --force",
	};
	struct live_proc *proc;

	(void)state;
	live_run("");
	proc = live_eat("wait");
	REFUSED_POLICIES(proc->pid, options);
	live_run_stop();
}

static void wrong_options_are_refused(void **state)
{
	static const char *const options[] = {
		"",
		"--limit 10M",
		"--action",
		"--action murder --limit 10M",
		"--action KILL! --limit 10M",
		"--action kill --limit 10M --no-such-option",
		"--action kill --limit 10M --rss",
		"--action kill --limit 10M --rss heap",
		"--action kill --limit 10M --rss anon,,file",
		"--action signal --limit 10M",
		"--action signal --signal 0 --limit 10M",
		"--action signal --signal 65 --limit 10M",
		"--action signal --signal -1 --limit 10M",
		"--action signal --signal NOSUCH --limit 10M",
		"--action slowdown --limit 10M --max-delay 3s",
		"--action slowdown --limit 10M --max-delay 20",
		"--action slowdown --limit 10M --max-delay -20ms",
		"--action slowdown --limit 10M --max-delay 20parsecs",
		"--action slowdown --limit 10M --on-stuck panic",
		"--action kill --limit 10M --grace 99999999999s --then kill",
		"--action none --limit 10M --grace 1s",
		"--action none --limit 10M --then murder",
		"--action kill --direct",
	};
	struct live_proc *proc;

	(void)state;
	live_run("");
	proc = live_eat("wait");
	REFUSED_POLICIES(proc->pid, options);
	live_run_stop();
}

static pid_t a_kernel_thread(void)
{
	char path[64], line[512];
	pid_t pid, found = 0;
	FILE *file;

	/* kthreadd is 2 where we see all processes */
	for (pid = 2; pid < 100 && !found; pid++) {
		snprintf(path, sizeof(path), "/proc/%d/stat", pid);
		file = fopen(path, "r");
		if (!file)
			continue;
		if (fgets(line, sizeof(line), file) &&
		    strstr(line, "(kthreadd)"))
			found = pid;
		fclose(file);
	}
	return found;
}

static void wrong_targets_are_refused(void **state)
{
	static const char *const targets[] = {
		"0",
		"-1",
		"abc",
		"12abc",
		"4194303",
		"4294967297",
		"99999999999999999999",
		"/nonexistent/path",
		"/proc",
		"/tmp",
		"/etc/passwd",
		"",
	};
	struct live_proc *proc;
	char line[512];
	size_t i;

	(void)state;
	live_run("");
	proc = live_eat("wait");
	live_ok("set %d --action kill --limit 1G", proc->pid);
	for (i = 0; i < sizeof(targets) / sizeof(targets[0]); i++) {
		snprintf(line, sizeof(line), "set %s --action kill --limit 10M",
			 targets[i]);
		refused(line, NULL);
	}
	snprintf(line, sizeof(line),
		 "set %d --default --action kill --limit 1G", proc->pid);
	refused(line, NULL);
	live_run_stop();
}

static void a_kernel_thread_is_refused(void **state)
{
	pid_t pid = a_kernel_thread();
	char line[128];

	(void)state;
	if (!pid)
		LIVE_SKIP(
			"no kernel thread is to be seen in this pid namespace");
	live_run("");
	snprintf(line, sizeof(line), "set %d --action kill --limit 10M", pid);
	refused(line, "kernel thread");
	live_run_stop();
}

static void a_process_that_has_ended_is_refused(void **state)
{
	struct live_proc *proc;
	char line[128];

	(void)state;
	live_run("");
	proc = live_eat("exit=0");
	live_wait_end(proc, LIVE_WAIT_MS);
	snprintf(line, sizeof(line), "set %d --action kill --limit 10M",
		 proc->pid);
	refused(line, NULL);
	live_run_stop();
}

static void pid_1_is_killed_only_by_force(void **state)
{
	(void)state;
	live_run("");
	refused("set 1 --action kill --limit 1G", "--force");
	refused("set 1 --action none --limit 1G --grace 1s --then kill",
		"--force");
	live_run_stop();
}

static void the_loader_is_killed_only_by_force(void **state)
{
	struct overhigh_control control = {};
	uint32_t zero = 0;
	char line[128];

	(void)state;
	live_run("");
	snprintf(line, sizeof(line), "set %d --action kill --limit 1G",
		 live_run_pid());
	refused(line, "--force");
	assert_int_equal(live_map_get("control", &zero, &control), 0);
	assert_int_equal(control.loader_pid, live_run_pid());
	snprintf(line, sizeof(line), "set %d --action kill --limit 1G",
		 control.guard_pid);
	refused(line, "--force");
	live_run_stop();
}

/* What the kernel cannot do is refused with the reason, and set by force. */
static void what_is_not_to_be_had_is_refused_with_the_reason(void **state)
{
	char line[128], why[512];
	struct live_proc *proc;

	(void)state;
	if (live_can("enomem", why, sizeof(why)))
		LIVE_SKIP("this kernel has everything");
	live_run("");
	proc = live_eat("wait");
	snprintf(line, sizeof(line), "set %d --action enomem --limit 10M",
		 proc->pid);
	refused(line, NULL);
	assert_true(strlen(cmd.err) > 40);
	live_ok("%s --force", line);
	live_run_stop();
}

static void unknown_commands_are_refused(void **state)
{
	static const char *const commands[] = {
		"frobnicate",
		"set",
		"get",
		"unset",
		"get --raw",
		"status extra",
		"run extra",
		"list extra",
		"unset 12abc",
		"get 12abc",
		"release",
		"release abc",
		"release 1 2",
		"release --all",
		"extend",
		"extend 1",
		"extend 1 5",
		"extend 1 -5s",
		"extend 1 61s",
		"kill",
		"kill -1",
		"kill 99999999999999999999",
		"handle",
		"handle --",
		"handle --most 0 -- true",
		"handle --most 65 -- true",
		"handle --most 4x -- true",
		"handle --most -1 -- true",
		"handle --timeout 0 -- true",
		"handle --timeout 6m -- true",
		"handle --timeout 5 -- true",
		"handle --no-such-option -- true",
		"handle -- /nonexistent/program",
		"--no-such-option",
	};
	size_t i;

	(void)state;
	live_run("");
	for (i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		refused(commands[i], NULL);
	live_run_stop();
}

static void without_root_nothing_works_and_says_so(void **state)
{
	static const char *const commands[] = {
		"run",	     "set 1 --action kill --limit 1G",
		"list",	     "status",
		"release 1", "extend 1 1s",
		"kill 1",    "handle -- true",
	};
	const char *binary = getenv("OVERHIGH");
	char path[256];
	size_t i;

	(void)state;
	snprintf(path, sizeof(path), "%s/overhigh", live_dir());
	live_shell(&cmd, "chmod 755 %s && cp %s %s && chmod 755 %s", live_dir(),
		   binary ? binary : "build/overhigh", path, path);
	assert_int_equal(cmd.status, 0);
	for (i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		live_shell(&cmd,
			   "exec /usr/bin/setpriv --reuid 65534 --clear-groups "
			   "%s %s",
			   path, commands[i]);
		LIVE_ASSERT(cmd.status == 1 || cmd.status == 2,
			    "%s: exit %d: %s", commands[i], cmd.status,
			    cmd.err);
		LIVE_ASSERT(live_lines(cmd.err) == 1 && strstr(cmd.err, "root"),
			    "%s says: %s", commands[i], cmd.err);
	}
}

/* A file of that name in the working directory is not what is meant. */
static void a_policy_by_name_is_the_installed_one(void **state)
{
	const char *path = getenv("OVERHIGH");
	char binary[512];

	(void)state;
	assert_non_null(realpath(path ? path : "build/overhigh", binary));
	live_shell(&cmd,
		   "cd %s && echo junk >oh-no-such && %s policy load "
		   "oh-no-such",
		   live_dir(), binary);
	LIVE_ASSERT(cmd.status == 2 && strstr(cmd.err, "is installed in"),
		    "exit %d: %s", cmd.status, cmd.err);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		LIVE_TEST_ONCE(a_policy_by_name_is_the_installed_one),
		LIVE_TEST(wrong_sizes_are_refused),
		LIVE_TEST(wrong_options_are_refused),
		LIVE_TEST(wrong_targets_are_refused),
		LIVE_TEST(a_kernel_thread_is_refused),
		LIVE_TEST(a_process_that_has_ended_is_refused),
		LIVE_TEST(pid_1_is_killed_only_by_force),
		LIVE_TEST(the_loader_is_killed_only_by_force),
		LIVE_TEST(what_is_not_to_be_had_is_refused_with_the_reason),
		LIVE_TEST(unknown_commands_are_refused),
		LIVE_TEST(without_root_nothing_works_and_says_so),
	};

	return live_tests("bad input", tests, NULL, NULL);
}
