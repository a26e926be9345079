// SPDX-License-Identifier: GPL-2.0
/*
 * test_exec.c - overhigh exec: the policy holds before the first instruction,
 * and the exit status is the one that a shell would give.
 *
 * Runs: once.
 */
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "live.h"

static struct live_cmd cmd;

static const char *eat(void)
{
	const char *dir = getenv("TEST_PROGS");
	static char path[512];

	snprintf(path, sizeof(path), "%s/eat", dir ? dir : "build/tests");
	return path;
}

#define ASSERT_STATUS(wanted)                                                  \
	LIVE_ASSERT(cmd.status == (wanted), "status %d, not %d: %s",           \
		    cmd.status, wanted, cmd.err)

#define HARMLESS "--action kill --limit 1G"

static void the_exit_status_is_passed_on(void **state)
{
	(void)state;
	live_run("");
	live_overhigh(&cmd, "exec " HARMLESS " -- %s exit=0", eat());
	ASSERT_STATUS(0);
	live_overhigh(&cmd, "exec " HARMLESS " -- %s exit=3", eat());
	ASSERT_STATUS(3);
	live_overhigh(&cmd, "exec " HARMLESS " -- %s exit=255", eat());
	ASSERT_STATUS(255);
	live_run_stop();
}

static void a_signal_gives_128_and_its_number(void **state)
{
	char line[512];

	(void)state;
	live_run("");
	snprintf(line, sizeof(line),
		 "%s exec " HARMLESS " -- sh -c 'kill -%s $$'",
		 getenv("OVERHIGH") ? getenv("OVERHIGH") : "build/overhigh",
		 "TERM");
	live_shell(&cmd, "%s", line);
	ASSERT_STATUS(128 + SIGTERM);
	live_overhigh(&cmd, "exec --action kill --limit 32M -- %s touch=256M",
		      eat());
	ASSERT_STATUS(128 + SIGKILL);
	live_run_stop();
}

static void a_command_that_cannot_be_run_gives_126_or_127(void **state)
{
	char path[128];
	FILE *file;

	(void)state;
	live_run("");
	live_overhigh(&cmd, "exec " HARMLESS " -- /nonexistent/command");
	ASSERT_STATUS(127);
	assert_non_null(strstr(cmd.err, "/nonexistent/command"));
	snprintf(path, sizeof(path), "%s/not-executable", live_dir());
	file = fopen(path, "w");
	assert_non_null(file);
	fclose(file);
	live_overhigh(&cmd, "exec " HARMLESS " -- %s", path);
	ASSERT_STATUS(126);
	live_run_stop();
}

/* The limit is below what the program has once it is loaded: it cannot get as
 * far as its first line of output. */
static void the_policy_holds_before_the_first_instruction(void **state)
{
	(void)state;
	live_run("");
	live_overhigh(&cmd, "exec --action kill --limit 64K -- %s hold=0",
		      eat());
	ASSERT_STATUS(128 + SIGKILL);
	assert_string_equal(cmd.out, "");
	live_run_stop();
}

static void children_of_the_command_are_governed(void **state)
{
	(void)state;
	live_run("");
	live_overhigh(&cmd,
		      "exec --action kill --limit 32M -- %s fork=1 touch=256M",
		      eat());
	ASSERT_STATUS(0);
	/* the parent prints how its child has ended */
	assert_non_null(strstr(cmd.out, "status=9"));
	live_run_stop();
}

static void exec_starts_what_is_needed_without_run(void **state)
{
	(void)state;
	live_overhigh(&cmd, "exec --action kill --limit 32M -- %s touch=256M",
		      eat());
	ASSERT_STATUS(128 + SIGKILL);
	live_overhigh(&cmd,
		      "exec --action kill --limit 32M -- %s touch=8M exit=5",
		      eat());
	ASSERT_STATUS(5);
	assert_non_null(strstr(cmd.out, "touched=8388608"));
}

/* Without run, exec itself must continue what it has had stopped. */
static void exec_alone_slows_down_and_comes_to_an_end(void **state)
{
	(void)state;
	LIVE_NEED("slowdown");
	live_overhigh(
		&cmd,
		"exec --action slowdown --max-delay 5ms --limit 16M -- %s "
		"touch=24M exit=4",
		eat());
	ASSERT_STATUS(4);
	assert_non_null(strstr(cmd.out, "touched=25165824"));
}

static void exec_without_a_command_is_refused(void **state)
{
	(void)state;
	live_overhigh(&cmd, "exec " HARMLESS);
	ASSERT_STATUS(2);
	live_overhigh(&cmd, "exec " HARMLESS " --");
	ASSERT_STATUS(2);
	live_overhigh(&cmd, "exec --action kill --limit nonsense -- %s exit=0",
		      eat());
	ASSERT_STATUS(2);
	assert_string_equal(cmd.out, "");
}

/* What a shell would do with its child when it is told to end. */
static void a_signal_to_exec_reaches_the_command(void **state)
{
	char *argv[] = { (char *)(getenv("OVERHIGH") ? getenv("OVERHIGH") :
						       "build/overhigh"),
			 "exec",
			 "--action",
			 "kill",
			 "--limit",
			 "1G",
			 "--",
			 (char *)eat(),
			 "hold=60",
			 NULL };
	struct live_proc *proc;
	int status;

	(void)state;
	live_run("");
	proc = live_spawn(argv);
	LIVE_UNTIL(strstr(live_policies(), "process_policy"), LIVE_WAIT_MS,
		   "exec sets no policy");
	live_pause(300);
	kill(proc->pid, SIGTERM);
	status = live_wait_end(proc, LIVE_WAIT_MS);
	LIVE_ASSERT(WIFEXITED(status) && WEXITSTATUS(status) == 128 + SIGTERM,
		    "status %#x", status);
	live_run_stop();
}

/* The last line on standard error, which has the words. */
static void ends_with(const char *words)
{
	const char *last = cmd.err + strlen(cmd.err), *line = cmd.err;

	while (last > cmd.err && last[-1] != '\n')
		last--;
	for (line = last; line > cmd.err && line[-1] == '\n'; line--)
		;
	while (line > cmd.err && line[-1] != '\n')
		line--;
	LIVE_ASSERT(strstr(line, words), "\"%s\" is not the last of: %s", words,
		    cmd.err);
}

#define KILLED_AT_32M " went over 32M and was killed (at 32"

static void a_kill_is_said_at_the_end(void **state)
{
	(void)state;
	LIVE_NEED("kill");
	live_overhigh(&cmd, "exec --action kill --limit 32M -- %s touch=64M",
		      eat());
	ASSERT_STATUS(128 + SIGKILL);
	ends_with(KILLED_AT_32M);
	LIVE_ASSERT(strstr(cmd.err, "overhigh: eat["), "who? %s", cmd.err);
	live_overhigh(&cmd,
		      "exec --quiet --action kill --limit 32M -- %s touch=64M",
		      eat());
	LIVE_ASSERT(!strstr(cmd.err, "went over"), "--quiet says: %s", cmd.err);
}

static void a_killed_child_is_said_though_the_status_is_0(void **state)
{
	(void)state;
	LIVE_NEED("kill");
	live_shell(&cmd,
		   "%s exec --action kill --limit 32M -- sh -c '%s touch=64M; "
		   "true'",
		   getenv("OVERHIGH") ? getenv("OVERHIGH") : "build/overhigh",
		   eat());
	ASSERT_STATUS(0);
	ends_with(KILLED_AT_32M);
}

static void a_kill_under_a_run_is_said_by_its_exec_alone(void **state)
{
	struct live_proc *other;

	(void)state;
	LIVE_NEED("kill");
	live_run("");
	/* another's: it must not be told as one of CMD's */
	other = live_eat("wait touch=64M");
	live_ok("set %d --action kill --limit 48M", other->pid);
	live_open_gate(other, 0);
	live_shell(&cmd,
		   "%s exec --events --action kill --limit 32M -- sh -c '%s "
		   "touch=64M; true'",
		   getenv("OVERHIGH") ? getenv("OVERHIGH") : "build/overhigh",
		   eat());
	ASSERT_STATUS(0);
	ends_with(KILLED_AT_32M);
	LIVE_ASSERT(strstr(cmd.err, "crossed "), "no events: %s", cmd.err);
	LIVE_ASSERT(!strstr(cmd.err, "48.0M") && !strstr(cmd.err, "over 48M"),
		    "tells of another: %s", cmd.err);
	live_overhigh(&cmd, "exec --action kill --limit 1G -- %s exit=0",
		      eat());
	LIVE_ASSERT(!cmd.err[0], "nothing was done, and it says: %s", cmd.err);
	live_run_stop();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		LIVE_TEST(the_exit_status_is_passed_on),
		LIVE_TEST(a_signal_gives_128_and_its_number),
		LIVE_TEST(a_command_that_cannot_be_run_gives_126_or_127),
		LIVE_TEST(the_policy_holds_before_the_first_instruction),
		LIVE_TEST(children_of_the_command_are_governed),
		LIVE_TEST(exec_starts_what_is_needed_without_run),
		LIVE_TEST(exec_alone_slows_down_and_comes_to_an_end),
		LIVE_TEST(exec_without_a_command_is_refused),
		LIVE_TEST(a_signal_to_exec_reaches_the_command),
		LIVE_TEST(a_kill_is_said_at_the_end),
		LIVE_TEST(a_killed_child_is_said_though_the_status_is_0),
		LIVE_TEST(a_kill_under_a_run_is_said_by_its_exec_alone),
	};

	return live_tests("exec", tests, NULL, NULL);
}
