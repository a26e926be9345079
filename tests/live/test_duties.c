// SPDX-License-Identifier: GPL-2.0
/*
 * test_duties.c - while a policy is in force somebody does what a loader does:
 * later steps, continuing what is stopped, fitting the hooks.  Loaders end, are
 * killed, start and fail to start; locks are held by who is stopped.
 * Runs: once.
 */
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
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

/* Nobody is left who would continue it, and its record is in a layout that is
 * not ours. */
static void unload_continues_what_another_version_has_stopped(void **state)
{
	struct overhigh_control control;
	struct live_proc *proc;
	uint32_t zero = 0;
	pid_t guard;

	(void)state;
	LIVE_NEED("slowdown");
	live_run("--hook=off");
	proc = live_eat("wait touch=256M");
	live_ok("set %d --action slowdown --limit 16M", proc->pid);
	guard = live_number(live_status(), "guard_pid");
	live_open_gate(proc, 0);
	LIVE_UNTIL(proc->slot->touched_bytes > 18 * MIB, LIVE_WAIT_MS,
		   "it is not slowed");
	kill(guard, SIGSTOP);
	LIVE_UNTIL(live_task_state(proc->pid) == 'T', LIVE_WAIT_MS,
		   "it is not stopped");
	kill(live_run_pid(), SIGSTOP);
	kill(guard, SIGKILL);
	live_run_kill();
	if (live_task_state(proc->pid) != 'T')
		LIVE_SKIP("it was continued just then");
	assert_int_equal(live_map_get("control", &zero, &control), 0);
	control.abi = 4711;
	assert_int_equal(live_map_set("control", &zero, &control), 0);
	live_ok("unload --force");
	LIVE_UNTIL(live_task_state(proc->pid) != 'T', LIVE_WAIT_MS,
		   "it stays stopped");
}

/* ---- locks and /run ---- */

static void who_stops_with_the_lock_stops_nothing(void **state)
{
	struct live_proc *holder, *proc;

	(void)state;
	live_run("");
	proc = live_eat("wait touch=32M hold=30");
	live_ok("set %d " LATER_KILL, proc->pid);
	holder = start("flock -o /run/overhigh/policy.lock sleep 60");
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

/* ---- who is over though no charge has told of it ---- */

static void a_limit_below_what_a_sleeper_has_is_acted_on(void **state)
{
	struct live_proc *proc;
	uint64_t began;

	(void)state;
	live_run("");
	proc = live_eat("touch=64M hold=60");
	LIVE_UNTIL(live_smaps(proc->pid, "Rss") >= 64 * MIB, LIVE_WAIT_MS,
		   "eat does not start");
	began = live_now_ns();
	live_ok("set %d --action kill --limit 32M", proc->pid);
	live_assert_killed(proc, LIVE_WAIT_MS);
	LIVE_ASSERT(live_now_ns() - began <
			    1000000000ULL + live_late_ms() * 1000000ULL,
		    "%llu ms",
		    (unsigned long long)(live_now_ns() - began) / 1000000);
	live_event(proc->pid, "crossed", 1);
	live_event(proc->pid, "acted", 1);
	live_run_stop();
}

/* Written by bpftool while a higher one holds: found by the slow look. */
static void a_limit_that_bpftool_lowers_is_acted_on(void **state)
{
	struct overhigh_policy policy;
	struct live_proc *proc;
	uint32_t pid;

	(void)state;
	live_run("");
	proc = live_eat("--on-signal %d=report touch=64M hold=60", SIGUSR1);
	LIVE_UNTIL(live_smaps(proc->pid, "Rss") >= 64 * MIB, LIVE_WAIT_MS,
		   "eat does not start");
	live_ok("set %d --action signal --signal USR1 --limit 1G", proc->pid);
	live_pause(1500);
	assert_null(live_event_seen(proc->pid, "crossed", 1));
	pid = proc->pid;
	assert_int_equal(live_map_get("process_policy", &pid, &policy), 0);
	policy.process_limit = 32 * MIB;
	assert_int_equal(live_map_set("process_policy", &pid, &policy), 0);
	live_event(proc->pid, "acted", 1);
	LIVE_UNTIL(proc->slot->signals == 1, LIVE_WAIT_MS, "no signal");
	live_run_stop();
}

/* ---- what a loader costs that has nothing to do ---- */

#define MANY 20000

static int wait_forever(void *fd)
{
	close(*(int *)fd); /* its own of the pipe */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;)
		pause();
	return 0;
}

/* So many processes, which share memory with who has started them to be
 * cheap, and end with it.  Their pids are written to fd. */
static void __attribute__((noreturn)) start_many(int fd)
{
	char *stacks = mmap(NULL, MANY * 4096UL, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int i, pid;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (i = 0; i < MANY; i++) {
		pid = clone(wait_forever, stacks + (i + 1) * 4096UL, CLONE_VM,
			    &fd);
		if (pid < 0 || write(fd, &pid, sizeof(pid)) != sizeof(pid))
			break;
	}
	wait_forever(&fd);
	_exit(0);
}

static uint64_t cpu_ns(pid_t pid)
{
	live_shell(&cmd, "cat /proc/%d/schedstat", pid);
	return strtoull(cmd.out, NULL, 10);
}

static void twenty_thousand_idle_policies_cost_little(void **state)
{
	struct overhigh_policy policy = {
		.control = OVERHIGH_KILL | OVERHIGH_RSS_ANON << 16,
		.process_limit = 1ULL << 40,
	};
	int ends[2], pid, nr = 0, status;
	uint64_t before, took = 0, began = 1;
	pid_t holder;

	(void)state;
	live_shell(&cmd, "sed -n 's/^MemAvailable: *//p' /proc/meminfo");
	if (strtoull(cmd.out, NULL, 10) < 2 << 20)
		LIVE_SKIP("needs 2 GB of memory");
	live_run("");
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	holder = fork();
	if (!holder)
		start_many(ends[1]);
	close(ends[1]);
	while (read(ends[0], &pid, sizeof(pid)) == sizeof(pid)) {
		assert_int_equal(live_map_set("process_policy", &pid, &policy),
				 0);
		nr++;
	}
	close(ends[0]);
	if (nr == MANY) {
		live_pause(3000); /* all are found, hooks are fitted */
		before = cpu_ns(live_run_pid());
		began = live_now_ns();
		live_pause(5000);
		took = cpu_ns(live_run_pid()) - before;
		began = live_now_ns() - began;
	}
	kill(holder, SIGKILL);
	waitpid(holder, &status, 0);
	if (nr < MANY)
		LIVE_SKIP("only %d processes can be started", nr);
	print_message("an idle loader with %d policies: %.3f %% of a CPU\n", nr,
		      100.0 * took / began);
	LIVE_ASSERT(took * 200 < began, "%.2f %% of a CPU",
		    100.0 * took / began);
	live_run_stop();
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
		LIVE_TEST(unload_continues_what_another_version_has_stopped),
		LIVE_TEST(who_stops_with_the_lock_stops_nothing),
		LIVE_TEST(a_full_run_directory_keeps_nobody_from_starting),
		LIVE_TEST(a_run_directory_that_cannot_be_written_neither),
		LIVE_TEST(a_limit_below_what_a_sleeper_has_is_acted_on),
		LIVE_TEST(a_limit_that_bpftool_lowers_is_acted_on),
		LIVE_TEST(twenty_thousand_idle_policies_cost_little),
	};

	return cmocka_run_group_tests_name("duties", tests, NULL, NULL);
}
