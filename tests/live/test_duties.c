// SPDX-License-Identifier: GPL-2.0
/*
 * test_duties.c - while a policy is in force somebody does what a loader does:
 * later steps, continuing what is stopped, fitting the hooks.  Loaders end, are
 * killed, start and fail to start; locks are held by who is stopped.
 * Runs: once.
 */
#include <fcntl.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "live.h"

static struct live_cmd cmd;

static const char *overhigh(void)
{
	return getenv("OVERHIGH") ? getenv("OVERHIGH") : "build/overhigh";
}

static const char *eat(void)
{
	const char *dir = getenv("TEST_PROGS");
	static char path[512];

	snprintf(path, sizeof(path), "%s/eat", dir ? dir : "build/tests");
	return path;
}

/* Started by a shell; its output is nobody's. */
static struct live_proc *start(const char *format, ...)
	__attribute__((format(printf, 1, 2)));
static struct live_proc *start(const char *format, ...)
{
	char line[1024] = "exec ";
	char *argv[] = { "/bin/sh", "-c", line, NULL };
	va_list args;

	va_start(args, format);
	vsnprintf(line + 5, sizeof(line) - 5, format, args);
	va_end(args);
	return live_spawn(argv);
}

/* Only a loader carries this out: the process sleeps. */
#define LATER_KILL "--action none --limit 16M --then 'kill after 1500ms'"

static bool has_policies(void)
{
	return strstr(live_policies(), "process_policy") != NULL;
}

static void wait_for_a_policy(void)
{
	LIVE_UNTIL(has_policies(), LIVE_WAIT_MS, "no policy is set");
}

static void assert_exit(struct live_proc *proc, int wanted)
{
	int status = live_wait_end(proc, LIVE_WAIT_MS);

	LIVE_ASSERT(WIFEXITED(status) && WEXITSTATUS(status) == wanted,
		    "status %#x, not exit %d", status, wanted);
}

static void assert_nothing_is_left(void)
{
	LIVE_UNTIL(access(LIVE_PINS, F_OK), LIVE_WAIT_MS,
		   "there still is " LIVE_PINS);
}

static pid_t loader_pid(void)
{
	return live_number(live_status(), "loader_pid");
}

static void the_first_exec_may_end_before_the_second(void **state)
{
	struct live_proc *first, *second;

	(void)state;
	first = start("%s exec --action kill --limit 1G -- sleep 0.7",
		      overhigh());
	wait_for_a_policy();
	second = start("%s exec " LATER_KILL " -- %s touch=32M hold=30",
		       overhigh(), eat());
	assert_exit(first, 0);
	assert_exit(second, 128 + SIGKILL);
	assert_nothing_is_left();
}

static void what_outlives_the_command_has_a_loader(void **state)
{
	uint64_t began = live_now_ns();

	(void)state;
	live_shell(&cmd,
		   "%s exec " LATER_KILL " -- sh -c '%s touch=32M hold=30 "
		   ">/dev/null 2>&1 & sleep 0.3'",
		   overhigh(), eat());
	LIVE_ASSERT(!cmd.status, "exit %d: %s", cmd.status, cmd.err);
	assert_true(has_policies());
	/* killed when its time has come, not when it ends by itself */
	assert_nothing_is_left();
	LIVE_ASSERT(live_now_ns() - began < 15000000000ULL, "only by its end");
}

static void exec_alone_leaves_nothing_behind(void **state)
{
	(void)state;
	live_ok("exec --action kill --limit 1G -- true");
	assert_int_not_equal(access(LIVE_PINS, F_OK), 0);
	assert_int_equal(WEXITSTATUS(live_wait_end(
				 start("%s exec --action kill --limit 1G -- "
				       "/nonexistent 2>/dev/null",
				       overhigh()),
				 LIVE_WAIT_MS)),
			 127);
	assert_int_not_equal(access(LIVE_PINS, F_OK), 0);
}

/* Whoever reads the output of exec to its end does not wait for the loader. */
static void the_loader_holds_no_pipe_of_its_starter(void **state)
{
	struct live_proc *other;

	(void)state;
	other = start("%s exec --action kill --limit 1G -- sleep 3 2>&1 | cat",
		      overhigh());
	wait_for_a_policy();
	live_ok("set %d --action kill --limit 1G", getpid());
	live_wait_end(other, LIVE_WAIT_MS);
	assert_true(has_policies());
	live_ok("unset %d", getpid());
	assert_nothing_is_left();
}

static void a_loader_that_is_killed_has_a_successor(void **state)
{
	struct live_proc *proc;
	pid_t killed;

	(void)state;
	proc = start("%s exec " LATER_KILL " -- %s touch=32M hold=30",
		     overhigh(), eat());
	wait_for_a_policy();
	killed = loader_pid();
	assert_true(killed > 0 && killed != proc->pid);
	kill(killed, SIGKILL);
	assert_exit(proc, 128 + SIGKILL);
	assert_nothing_is_left();
}

static void a_run_takes_the_place_of_a_loader_in_the_background(void **state)
{
	struct live_proc *proc;
	pid_t before;

	(void)state;
	proc = start("%s exec " LATER_KILL " -- %s hold=2 touch=32M hold=30",
		     overhigh(), eat());
	wait_for_a_policy();
	before = loader_pid();
	live_run("");
	assert_true(loader_pid() == live_run_pid());
	assert_int_not_equal(before, live_run_pid());
	assert_exit(proc, 128 + SIGKILL);
	live_run_stop();
	assert_nothing_is_left();
}

/* Its guard comes late, when another loader is there. */
static void a_late_guard_takes_nothing_from_the_next_loader(void **state)
{
	struct live_proc *proc;
	pid_t guard;

	(void)state;
	live_run("");
	proc = live_eat("wait touch=32M hold=30");
	live_ok("set %d " LATER_KILL, proc->pid);
	guard = live_number(live_status(), "guard_pid");
	kill(guard, SIGSTOP);
	live_run_kill();
	live_run("");
	kill(guard, SIGCONT);
	LIVE_UNTIL(!live_task_state(guard) || live_task_state(guard) == 'Z',
		   LIVE_WAIT_MS, "the guard does not end");
	assert_true(loader_pid() == live_run_pid());
	assert_true(live_number(live_status(), "guard_pid") > 0);
	live_open_gate(proc, 0);
	live_assert_killed(proc, LIVE_WAIT_MS);
	live_run_stop();
}

/* At each of the descriptors that a start needs there are no more. */
static void a_start_that_fails_gives_back_what_it_took_over(void **state)
{
	struct live_proc *proc;
	int limit, failed = 0;
	char *before;

	(void)state;
	proc = live_eat("wait touch=64M");
	live_run("--keep");
	live_ok("set %d --action kill --limit 32M", proc->pid);
	live_run_stop();
	before = strdup(live_policies());
	for (limit = 20; limit < 60; limit += 2) {
		live_shell(&cmd, "ulimit -n %d; exec timeout 2 %s run", limit,
			   overhigh());
		if (strstr(cmd.err, "ready"))
			break;
		failed++;
		assert_string_equal(live_policies(), before);
	}
	LIVE_ASSERT(failed > 3, "only %d starts failed", failed);
	free(before);
	live_run("");
	live_open_gate(proc, 0);
	live_assert_killed(proc, LIVE_WAIT_MS);
	live_run_stop();
}

/* ---- locks and /run ---- */

static void who_stops_with_the_lock_stops_nothing(void **state)
{
	struct live_proc *holder, *proc;

	(void)state;
	live_run("");
	proc = live_eat("wait touch=32M hold=30");
	live_ok("set %d " LATER_KILL, proc->pid);
	holder = start("flock /run/overhigh/policy.lock sleep 60");
	live_pause(300);
	kill(holder->pid, SIGSTOP);
	live_open_gate(proc, 0);
	live_assert_killed(proc, LIVE_WAIT_MS);
	LIVE_UNTIL(strstr(live_run_stderr(), "policy.lock"), LIVE_WAIT_MS,
		   "it does not say what it waits for");
	live_run_stop();
	kill(holder->pid, SIGKILL);
	kill(holder->pid, SIGCONT);
}

static void a_full_run_directory_keeps_nobody_from_starting(void **state)
{
	struct live_proc *proc;

	(void)state;
	mkdir("/run/overhigh", 0700);
	assert_int_equal(mount("run", "/run/overhigh", "tmpfs", 0,
			       "size=4k,nr_inodes=2,mode=0700"),
			 0);
	live_shell(&cmd, "echo full >/run/overhigh/full");
	live_run("");
	proc = live_eat("wait touch=64M");
	live_ok("set %d --action kill --limit 32M", proc->pid);
	live_open_gate(proc, 0);
	live_assert_killed(proc, LIVE_WAIT_MS);
	live_overhigh(&cmd, "run");
	LIVE_ASSERT(cmd.status == 1, "two loaders: exit %d", cmd.status);
	live_run_stop();
	live_overhigh(&cmd, "exec --action kill --limit 16M -- %s touch=32M",
		      eat());
	LIVE_ASSERT(cmd.status == 128 + SIGKILL, "exit %d: %s", cmd.status,
		    cmd.err);
	umount2("/run/overhigh", MNT_DETACH);
}

static void a_run_directory_that_cannot_be_written_neither(void **state)
{
	(void)state;
	mkdir("/run/overhigh", 0700);
	assert_int_equal(
		mount("run", "/run/overhigh", "tmpfs", MS_RDONLY, "mode=0700"),
		0);
	live_run("");
	live_run_stop();
	umount2("/run/overhigh", MNT_DETACH);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		LIVE_TEST(the_first_exec_may_end_before_the_second),
		LIVE_TEST(what_outlives_the_command_has_a_loader),
		LIVE_TEST(exec_alone_leaves_nothing_behind),
		LIVE_TEST(the_loader_holds_no_pipe_of_its_starter),
		LIVE_TEST(a_loader_that_is_killed_has_a_successor),
		LIVE_TEST(a_run_takes_the_place_of_a_loader_in_the_background),
		LIVE_TEST(a_late_guard_takes_nothing_from_the_next_loader),
		LIVE_TEST(a_start_that_fails_gives_back_what_it_took_over),
		LIVE_TEST(who_stops_with_the_lock_stops_nothing),
		LIVE_TEST(a_full_run_directory_keeps_nobody_from_starting),
		LIVE_TEST(a_run_directory_that_cannot_be_written_neither),
	};

	return cmocka_run_group_tests_name("duties", tests, NULL, NULL);
}
