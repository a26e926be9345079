// SPDX-License-Identifier: GPL-2.0
/*
 * test_hook.c - with the kernel module: slowdown as a sleep that is as long as
 * was asked for, ends early when it should, and disturbs nothing else; coming
 * and going of the module.  SLOWDOWN without it is in test_slowdown.c, ENOMEM
 * in test_enomem.c.
 */
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "live_module.h"

/* What an emulated CPU adds to each of our own steps. */
#define OURS_NS 5000000ULL

/* What the kernel side has counted; read from the map, which costs little. */
static struct overhigh_state state_of(pid_t pid)
{
	struct overhigh_state state = {};
	uint32_t key = pid;

	live_map_get("process_state", &key, &state);
	return state;
}

/* Far over its limit, so that each batch of pages costs the longest delay. */
static struct live_proc *start_slowed(const char *max_delay, const char *eat)
{
	struct live_proc *proc = live_eat("%s", eat);

	live_ok("set %d --action slowdown --limit 16M --max-delay %s "
		"--on-stuck report",
		proc->pid, max_delay);
	live_open_gate(proc, 0);
	return proc;
}

static void end(struct live_proc *proc)
{
	kill(proc->pid, SIGKILL);
	live_wait_end(proc, 10000);
}

/* Waits until proc sleeps: stores have begun, and none is made for 200 ms. */
static void wait_asleep(struct live_proc *proc)
{
	uint64_t since = live_now_ns(), began = since, touched = 0;

	while (touched < 16 * MIB || live_now_ns() < since + 200000000ULL) {
		LIVE_ASSERT(live_now_ns() < began + 60000000000ULL,
			    "pid %d does not sleep, %llu touched", proc->pid,
			    (unsigned long long)touched);
		if (proc->slot->touched_bytes != touched)
			since = live_now_ns();
		touched = proc->slot->touched_bytes;
		live_pause(5);
	}
}

/* ---- how long ---- */

/* The mean of the next few sleeps. */
static double mean_sleep_ns(struct live_proc *proc, unsigned int sleeps)
{
	struct overhigh_state before = state_of(proc->pid), now;

	LIVE_UNTIL((now = state_of(proc->pid)).delays >= before.delays + sleeps,
		   60000, "%u sleeps in a minute", now.delays - before.delays);
	return (double)(now.delay_ns - before.delay_ns) /
	       (now.delays - before.delays);
}

/* The emulated CPU is lent to others now and then, which is no fault of the
 * sleep: the best of several means counts. */
static void sleeps_last(unsigned int asked_ms, unsigned int sleeps, int means)
{
	double asked_ns = asked_ms * 1e6, mean_ns, best_ns = 0;
	struct live_proc *proc;
	char max_delay[16];
	int i;

	snprintf(max_delay, sizeof(max_delay), "%ums", asked_ms);
	live_run("--hook=require");
	/* so far over that each delay is the longest */
	proc = start_slowed(max_delay, "touch=40M wait touch=512M");
	for (i = 0; i < means; i++) {
		mean_ns = mean_sleep_ns(proc, sleeps);
		if (!i || mean_ns < best_ns)
			best_ns = mean_ns;
	}
	/* where a batch is seen in parts (6.1) so is its price: then the
	 * longest sleep is the one for a whole batch */
	LIVE_ASSERT(state_of(proc->pid).longest_delay_ns >= asked_ns &&
			    best_ns >= asked_ns / 2 &&
			    best_ns <= asked_ns * 1.03 + 1e6,
		    "asked for %u ms, slept %.0f ns, at the most %llu ns",
		    asked_ms, best_ns,
		    (unsigned long long)state_of(proc->pid).longest_delay_ns);
	end(proc);
	live_run_stop();
}

static void sleeps_last_as_long_as_asked(void **state)
{
	(void)state;
	LIVE_NEED_MODULE();
	sleeps_last(1, 10, 50);
	sleeps_last(5, 5, 20);
	sleeps_last(20, 3, 10);
	sleeps_last(100, 2, 5);
}

static void no_sleep_is_longer_than_two_seconds(void **state)
{
	(void)state;
	LIVE_NEED_MODULE();
	sleeps_last(2000, 1, 2);
}

static void a_sleeper_is_not_stopped(void **state)
{
	struct live_proc *proc;
	int i;

	(void)state;
	LIVE_NEED_MODULE();
	live_run("--hook=require");
	proc = start_slowed("200ms", "wait touch=20M touch=512M");
	wait_asleep(proc);
	for (i = 0; i < 100; i++) {
		char c = live_task_state(proc->pid);

		LIVE_ASSERT(c != 'T' && c != 't' && c, "state %c", c);
		live_pause(10);
	}
	end(proc);
	live_run_stop();
}

/* ---- what ends it ---- */

/* From the signal until its parent can reap it. */
static uint64_t time_to_die_ns(int sig)
{
	struct live_proc *proc = start_slowed("2s", "wait touch=512M");
	uint64_t sent_ns;

	wait_asleep(proc);
	sent_ns = live_now_ns();
	kill(proc->pid, sig);
	assert_int_equal(waitpid(proc->pid, &proc->status, 0), proc->pid);
	proc->ended = true;
	assert_true(WIFSIGNALED(proc->status));
	assert_int_equal(WTERMSIG(proc->status), sig);
	return live_now_ns() - sent_ns;
}

static void a_signal_ends_a_sleep(int sig)
{
	uint64_t took_ns, best_ns = 0;
	int i;

	live_run("--hook=require");
	for (i = 0; i < 3; i++) {
		took_ns = time_to_die_ns(sig);
		if (!i || took_ns < best_ns)
			best_ns = took_ns;
	}
	/* 20 ms for the signal; the rest frees what the process had */
	LIVE_ASSERT(best_ns < 20000000ULL + 4 * OURS_NS, "%llu ns",
		    (unsigned long long)best_ns);
	live_run_stop();
}

static void sigkill_ends_a_sleep(void **state)
{
	(void)state;
	LIVE_NEED_MODULE();
	a_signal_ends_a_sleep(SIGKILL);
}

static void sigterm_ends_a_sleep(void **state)
{
	(void)state;
	LIVE_NEED_MODULE();
	a_signal_ends_a_sleep(SIGTERM);
}

/* The kernel makes a SIGKILL of these only when the process takes them. */
static void signals_that_dump_core_end_a_sleep(void **state)
{
	uint64_t took_ns;
	int i;

	(void)state;
	LIVE_NEED_MODULE();
	live_run("--hook=require");
	signal(SIGQUIT, SIG_DFL); /* a shell may have had it ignored */
	for (i = 0; i < 2; i++) {
		took_ns = time_to_die_ns(i ? SIGABRT : SIGQUIT);
		/* of a sleep of 2 s */
		LIVE_ASSERT(took_ns < 300000000ULL, "%llu ns",
			    (unsigned long long)took_ns);
	}
	live_run_stop();
}

/* An emulated CPU may be elsewhere at the moment: the best try counts. */
#define TRIES 12

/* Freed at 100 ms of a sleep of 2 s.  Returns how long after it goes on. */
static long long woken_by_munmap_ns(void)
{
	struct live_proc *proc = start_slowed(
		"2s",
		"--stalls --thread-frees --chunk 14M wait touch=27M hold=1");

	live_assert_unharmed(proc);
	assert_true(proc->slot[1].last_change_ns);
	/* the last stall is the one that was ended: then it was below */
	return proc->slot->last_change_ns - proc->slot[1].last_change_ns;
}

static void munmap_in_another_thread_ends_a_sleep(void **state)
{
	long long took_ns = 0;
	int i;

	(void)state;
	LIVE_NEED_MODULE();
	live_run("--hook=require");
	for (i = 0; i < TRIES; i++) {
		took_ns = woken_by_munmap_ns();
		if (took_ns < (long long)(5000000ULL + OURS_NS))
			break;
	}
	LIVE_ASSERT(i < TRIES, "woken %lld ns after munmap", took_ns);
	assert_true(live_counter("woken") > 0);
	live_run_stop();
}

static bool sleeps_in_module(pid_t pid)
{
	char path[64], function[64] = "";
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/wchan", pid);
	f = fopen(path, "re");
	if (f && !fgets(function, sizeof(function), f))
		function[0] = '\0';
	if (f)
		fclose(f);
	return strstr(function, "sleep_now") || strstr(function, "sleep_until");
}

/* How long after another process of the memcg has freed its memory, or, with
 * killed, has been reaped, one goes on that sleeps because of both. */
static long long woken_by_other_ns(const char *cgroup, bool killed)
{
	struct live_proc *proc, *other = live_eat("wait touch=40M wait free "
						  "hold=1");
	uint64_t freed_ns, woken_ns;

	live_cgroup_write(cgroup, "memory.high", "max");
	live_cgroup_enter(cgroup, other->pid);
	live_open_gate(other, 0);
	live_at_gate(other, 0, 2);
	live_cgroup_write(cgroup, "memory.high", "64M");
	proc = live_eat("--stalls wait touch=48M");
	live_cgroup_enter(cgroup, proc->pid);
	live_ok("set %d --action slowdown --margin 0", proc->pid);
	live_open_gate(proc, 0);
	LIVE_UNTIL(state_of(proc->pid).longest_delay_ns > 300000000, 60000,
		   "longest sleep is %llu ns",
		   (unsigned long long)state_of(proc->pid).longest_delay_ns);
	LIVE_UNTIL(!sleeps_in_module(proc->pid), 10000, "no end of a sleep");
	LIVE_UNTIL(sleeps_in_module(proc->pid), 10000, "no more sleeps");
	if (killed) {
		kill(other->pid, SIGKILL);
		live_wait_end(other, 10000);
		freed_ns = live_now_ns();
	} else {
		live_open_gate(other, 0);
		live_assert_unharmed(other);
		freed_ns = other->slot->last_change_ns - 1000000000ULL;
	}
	live_assert_unharmed(proc);
	woken_ns = proc->slot->last_change_ns;
	return woken_ns - freed_ns;
}

/* Now and then it is the kernel that delays the process for memory.high: that
 * sleep is not ours to end, and the try does not count. */
static void the_memcg_ends_a_sleep(bool killed)
{
	const char *root = live_cgroup_root("memory"), *cgroup;
	long long took_ns = 0;
	int i;

	assert_non_null(root);
	cgroup = live_cgroup(root, "high");
	live_cgroup_no_swap(cgroup);
	live_run("--hook=require");
	for (i = 0; i < TRIES; i++) {
		double woken = live_counter("woken");

		took_ns = woken_by_other_ns(cgroup, killed);
		if (live_counter("woken") > woken &&
		    took_ns < (long long)(5000000ULL + OURS_NS))
			break;
	}
	LIVE_ASSERT(i < TRIES, "woken %lld ns after it was freed", took_ns);
	live_run_stop();
}

static void memory_freed_in_the_memcg_ends_a_sleep(void **state)
{
	(void)state;
	LIVE_NEED_MODULE();
	LIVE_NEED("memcg_margin");
	the_memcg_ends_a_sleep(false);
}

static void a_process_of_the_memcg_that_exits_ends_a_sleep(void **state)
{
	(void)state;
	LIVE_NEED_MODULE();
	LIVE_NEED("memcg_margin");
	the_memcg_ends_a_sleep(true);
}

/* ---- what it is to others ---- */

static double pressure_us(void)
{
	struct live_cmd cmd;

	live_shell(&cmd, "sed -n 's/^some .*total=//p' /proc/pressure/memory");
	LIVE_ASSERT(cmd.status == 0 && cmd.out[0], "no PSI: %s", cmd.err);
	return strtod(cmd.out, NULL);
}

static void a_sleep_is_memory_pressure(void **state)
{
	struct live_proc *proc;
	double before_us, stalled_us;

	(void)state;
	LIVE_NEED_MODULE();
	live_run("--hook=require");
	proc = start_slowed("200ms", "wait touch=20M touch=512M");
	wait_asleep(proc);
	before_us = pressure_us();
	live_pause(3000);
	stalled_us = pressure_us() - before_us;
	LIVE_ASSERT(stalled_us > 1500000, "%.0f us of 3 s", stalled_us);
	end(proc);
	live_run_stop();
}

static void a_sleeper_can_be_frozen(void **state)
{
	struct live_proc *proc;
	const char *root, *cgroup;
	uint64_t touched;

	(void)state;
	LIVE_NEED_MODULE();
	root = live_cgroup_root(NULL);
	assert_non_null(root);
	cgroup = live_cgroup(root, "frozen");
	live_run("--hook=require");
	proc = start_slowed("2s", "wait touch=512M");
	live_cgroup_enter(cgroup, proc->pid);
	wait_asleep(proc);
	live_cgroup_write(cgroup, "cgroup.freeze", "1");
	LIVE_UNTIL(live_cgroup_read(cgroup, "cgroup.events", "frozen") == 1,
		   300, "not frozen within 300 ms");
	touched = proc->slot->touched_bytes;
	live_pause(2500);
	assert_int_equal(proc->slot->touched_bytes, touched);
	live_cgroup_write(cgroup, "cgroup.freeze", "0");
	LIVE_UNTIL(proc->slot->touched_bytes > touched, 5000, "never thawed");
	end(proc);
	live_run_stop();
}

/* Bytes that a neighbour in the cgroup touches in 3 s. */
static double neighbour_bytes(const char *cgroup)
{
	struct live_proc *neighbour = live_neighbour(4 * MIB, 3);

	live_cgroup_enter(cgroup, neighbour->pid);
	live_wait_end(neighbour, 60000);
	assert_int_equal(neighbour->status, 0);
	return neighbour->slot->touched_bytes;
}

/* A process in the cgroup that has run away, to be held by one or the other. */
static struct live_proc *runaway_in(const char *cgroup, const char *policy)
{
	struct live_proc *proc = live_eat("wait touch=512M");

	live_cgroup_enter(cgroup, proc->pid);
	if (policy)
		live_ok("set %d %s", proc->pid, policy);
	live_open_gate(proc, 0);
	LIVE_UNTIL(proc->slot->touched_bytes > 60 * MIB, 60000, "no runaway");
	live_pause(2000);
	return proc;
}

/* Under memory.high a neighbour of a runaway is slowed as well. */
static void neighbours_lose_no_throughput(void **state)
{
	const char *root, *cgroup;
	struct live_proc *proc;
	double alone = 0, with_us = 0, with_high;
	int i;

	(void)state;
	LIVE_NEED_MODULE();
	LIVE_NEED("memcg_margin");
	root = live_cgroup_root("memory");
	cgroup = live_cgroup(root, "shared");
	live_cgroup_no_swap(cgroup);
	live_run("--hook=require");
	for (i = 0; i < 4 && with_us <= 0.6 * alone; i++) {
		alone = neighbour_bytes(cgroup);
		proc = runaway_in(cgroup, "--action slowdown --limit 60M");
		with_us = neighbour_bytes(cgroup);
		end(proc);
	}
	live_cgroup_write(cgroup, "memory.high", "60M");
	proc = runaway_in(cgroup, NULL);
	with_high = neighbour_bytes(cgroup);
	end(proc);
	LIVE_ASSERT(with_us > 0.6 * alone, "%.0f of %.0f MiB", with_us / MIB,
		    alone / MIB);
	LIVE_ASSERT(with_high < with_us / 2,
		    "under memory.high %.0f, with us %.0f MiB", with_high / MIB,
		    with_us / MIB);
	live_run_stop();
}

/* ---- coming and going ---- */

static const char *mechanism(void)
{
	cJSON *actions = cJSON_GetObjectItem(live_status(), "actions");

	return live_string(cJSON_GetObjectItem(actions, "slowdown"),
			   "mechanism");
}

/* Where the kernel takes a module without BTF (since 6.9 its struct_ops keeps
 * it out) it is there and of no use. */
static void a_module_without_btf_is_named(void **state)
{
	struct live_cmd cmd;

	(void)state;
	LIVE_NEED_MODULE();
	if (!getenv("OVERHIGH_MODULE_NO_BTF"))
		LIVE_SKIP("there is no module without BTF to try");
	live_module_unload();
	live_shell(&cmd, "insmod $OVERHIGH_MODULE_NO_BTF");
	if (cmd.status)
		LIVE_SKIP("this kernel refuses a module without BTF");
	live_overhigh(&cmd, "run --hook=require");
	LIVE_ASSERT(cmd.status == 2 && strstr(cmd.err, "has no BTF"), "%d %s",
		    cmd.status, cmd.err);
	live_run("");
	assert_non_null(strstr(mechanism(), "SIGSTOP"));
	live_run_stop();
	live_module_unload();
}

static void the_module_is_taken_up_when_it_comes(void **state)
{
	struct live_proc *proc;
	struct live_cmd cmd;

	(void)state;
	LIVE_NEED_MODULE();
	live_module_unload();
	live_overhigh(&cmd, "run --hook=require");
	assert_int_equal(cmd.status, 2);
	assert_non_null(strstr(cmd.err, "is not loaded"));
	live_run("");
	assert_non_null(strstr(mechanism(), "SIGSTOP"));
	/* not at full speed: while the programs are loaded again nobody is
	 * stopped, and on an emulated machine that takes a while */
	proc = start_slowed("50ms", "--rate 8M wait touch=1G");
	live_event(proc->pid, "acted", 2);
	live_module_load();
	LIVE_UNTIL(strstr(live_run_stderr(), "serves from now on"), 90000,
		   "run says: %s", live_run_stderr());
	assert_non_null(strstr(mechanism(), "module"));
	live_pause(500); /* what is stopped is continued first */
	LIVE_UNTIL(state_of(proc->pid).delays > 20, 20000, "%u delays",
		   state_of(proc->pid).delays);
	LIVE_ASSERT(live_task_state(proc->pid) != 'T', "it is stopped");
	live_shell(&cmd, "rmmod overhigh_hook");
	LIVE_ASSERT(cmd.status != 0 && live_module_is_loaded(),
		    "rmmod while it is used");
	end(proc);
	live_run_stop();
	live_module_unload();
}

static void the_module_is_not_used_with_hook_off(void **state)
{
	struct live_proc *proc;

	(void)state;
	LIVE_NEED_MODULE();
	live_run("--hook=off");
	assert_int_equal(live_number(live_status(), "hook"), 0);
	assert_non_null(strstr(mechanism(), "SIGSTOP"));
	proc = start_slowed("200ms", "wait touch=512M");
	LIVE_UNTIL(live_task_state(proc->pid) == 'T', 20000,
		   "it is not stopped");
	end(proc);
	live_run_stop();
}

/* A bounded sleep needs no loader. */
static void slowdown_goes_on_when_the_loader_is_killed(void **state)
{
	struct live_proc *proc;
	uint64_t touched;

	(void)state;
	LIVE_NEED_MODULE();
	live_run("--hook=require");
	proc = start_slowed("100ms", "wait touch=512M");
	live_event(proc->pid, "acted", 3);
	live_run_kill();
	live_pause(1500);
	touched = proc->slot->touched_bytes;
	live_pause(2000);
	LIVE_ASSERT(proc->slot->touched_bytes > touched,
		    "it sleeps for ever: state %c, %llu touched",
		    live_task_state(proc->pid), (unsigned long long)touched);
	LIVE_ASSERT(proc->slot->touched_bytes <= touched + 30 * 64 * PAGE,
		    "%llu pages in 2 s",
		    (unsigned long long)(proc->slot->touched_bytes - touched) /
			    PAGE);
	end(proc);
	live_ok("unload");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		LIVE_TEST(sleeps_last_as_long_as_asked),
		LIVE_TEST(no_sleep_is_longer_than_two_seconds),
		LIVE_TEST(a_sleeper_is_not_stopped),
		LIVE_TEST(sigkill_ends_a_sleep),
		LIVE_TEST(sigterm_ends_a_sleep),
		LIVE_TEST(signals_that_dump_core_end_a_sleep),
		LIVE_TEST(munmap_in_another_thread_ends_a_sleep),
		LIVE_TEST(memory_freed_in_the_memcg_ends_a_sleep),
		LIVE_TEST(a_process_of_the_memcg_that_exits_ends_a_sleep),
		LIVE_TEST(a_sleep_is_memory_pressure),
		LIVE_TEST(a_sleeper_can_be_frozen),
		LIVE_TEST(neighbours_lose_no_throughput),
		LIVE_TEST_ONCE(a_module_without_btf_is_named),
		LIVE_TEST(the_module_is_taken_up_when_it_comes),
		LIVE_TEST(slowdown_goes_on_when_the_loader_is_killed),
		LIVE_TEST(the_module_is_not_used_with_hook_off),
	};

	return live_tests("hook", tests, NULL, live_module_end);
}
