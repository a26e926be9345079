// SPDX-License-Identifier: GPL-2.0
/*
 * test_hook.c - with the kernel module: slowdown as a sleep that is as long as
 * was asked for, ends early when it should, and disturbs nothing else; ENOMEM
 * where only the module can give it.  What SLOWDOWN and ENOMEM do without it is
 * in test_slowdown.c and test_enomem.c.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "live.h"

/* What an emulated CPU adds to each of our own steps. */
#define OURS_NS 5000000ULL

static void modprobe(const char *command)
{
	struct live_cmd cmd;

	live_shell(&cmd, "%s", command);
	LIVE_ASSERT(cmd.status == 0, "%s: %d %s", command, cmd.status, cmd.err);
}

static bool module_is_loaded(void)
{
	return !access("/sys/module/overhigh_hook", F_OK);
}

/* Programs are freed some RCU grace periods after they were detached. */
static void unload_module(void)
{
	struct live_cmd cmd;

	LIVE_UNTIL((live_shell(&cmd, "rmmod overhigh_hook"), cmd.status == 0),
		   20000, "rmmod: %s", cmd.err);
}

static void load_module(void)
{
	if (!module_is_loaded())
		modprobe("insmod $OVERHIGH_MODULE");
}

#define NEED_MODULE()                                                          \
	do {                                                                   \
		if (!getenv("OVERHIGH_MODULE"))                                \
			LIVE_SKIP(                                             \
				"there is no kernel module for this kernel");  \
		load_module();                                                 \
	} while (0)

struct delays {
	double count, total_ns, longest_ns;
};

static struct delays delays_of(pid_t pid)
{
	struct delays d;
	struct live_cmd cmd;
	cJSON *object;

	live_overhigh(&cmd, "get %d --json", pid);
	LIVE_ASSERT(cmd.status == 0, "get: %s", cmd.err);
	object = cJSON_Parse(cmd.out);
	assert_non_null(object);
	d.count = live_number(object, "delays");
	d.total_ns = live_number(object, "delay_ns");
	d.longest_ns = live_number(object, "longest_delay_ns");
	cJSON_Delete(object);
	return d;
}

/* Far over its limit, so that each batch of pages costs the longest delay. */
static struct live_proc *start_slowed(const char *max_delay, const char *eat)
{
	struct live_proc *proc = live_eat("%s", eat);

	live_ok("set %d --action slowdown --limit 16M --max-delay %s",
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

static void sleeps_last(unsigned int asked_ms, unsigned int wanted)
{
	double asked_ns = asked_ms * 1e6, mean_ns, best_ns = 0;
	struct live_proc *proc;
	struct delays before, d = {};
	char max_delay[16];
	int i;

	snprintf(max_delay, sizeof(max_delay), "%ums", asked_ms);
	live_run("--hook=require");
	proc = start_slowed(max_delay, "wait touch=20M touch=512M");
	/* beyond the first, which the curve makes shorter */
	LIVE_UNTIL(proc->slot->touched_bytes >= 22 * MIB || asked_ms >= 500,
		   60000, "%llu touched",
		   (unsigned long long)proc->slot->touched_bytes);
	if (asked_ms >= 500)
		LIVE_UNTIL(delays_of(proc->pid).longest_ns > asked_ns * 0.9,
			   60000, "longest is %.0f",
			   delays_of(proc->pid).longest_ns);
	/* an emulated CPU is lent to others now and then: the best of five */
	for (i = 0; i < 5; i++) {
		before = delays_of(proc->pid);
		live_pause(asked_ms * wanted + 300);
		d = delays_of(proc->pid);
		LIVE_ASSERT(d.count > before.count, "no sleep in %u ms",
			    asked_ms * wanted + 300);
		mean_ns = (d.total_ns - before.total_ns) /
			  (d.count - before.count);
		if (!i || mean_ns < best_ns)
			best_ns = mean_ns;
	}
	LIVE_ASSERT(best_ns >= asked_ns && best_ns <= asked_ns * 1.03 + 1e6,
		    "asked for %u ms, slept %.0f ns", asked_ms, best_ns);
	end(proc);
	live_run_stop();
}

static void sleeps_last_as_long_as_asked(void **state)
{
	(void)state;
	NEED_MODULE();
	sleeps_last(1, 100);
	sleeps_last(5, 50);
	sleeps_last(20, 20);
	sleeps_last(100, 5);
}

static void no_sleep_is_longer_than_two_seconds(void **state)
{
	(void)state;
	NEED_MODULE();
	sleeps_last(2000, 2);
}

static void a_sleeper_is_not_stopped(void **state)
{
	struct live_proc *proc;
	int i;

	(void)state;
	NEED_MODULE();
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
	NEED_MODULE();
	a_signal_ends_a_sleep(SIGKILL);
}

static void sigterm_ends_a_sleep(void **state)
{
	(void)state;
	NEED_MODULE();
	a_signal_ends_a_sleep(SIGTERM);
}

static void assert_woken(const char *by, uint64_t freed_ns, uint64_t woken_ns)
{
	LIVE_ASSERT(woken_ns < freed_ns + 5000000ULL + OURS_NS,
		    "woken %lld ns after %s", (long long)(woken_ns - freed_ns),
		    by);
}

/* Freed at 100 ms of a sleep of 2 s. */
static void munmap_in_another_thread_ends_a_sleep(void **state)
{
	struct live_proc *proc;

	(void)state;
	NEED_MODULE();
	live_run("--hook=require");
	proc = start_slowed(
		"2s",
		"--stalls --thread-frees --chunk 14M wait touch=27M hold=1");
	LIVE_UNTIL(proc->slot[1].last_change_ns &&
			   proc->slot->last_change_ns >
				   proc->slot[1].last_change_ns - 1000000000ULL,
		   60000, "nothing was freed");
	live_pause(200);
	assert_woken("munmap", proc->slot[1].last_change_ns,
		     proc->slot->last_change_ns);
	assert_true(live_counter("woken") > 0);
	live_assert_unharmed(proc);
	live_run_stop();
}

static bool sleeps_in_module(pid_t pid)
{
	struct live_cmd cmd;

	live_shell(&cmd, "cat /proc/%d/wchan", pid);
	return strstr(cmd.out, "sleep_now") || strstr(cmd.out, "sleep_until");
}

static void another_process_of_the_memcg_ends_a_sleep(void **state)
{
	struct live_proc *proc, *other;
	const char *root, *cgroup;

	(void)state;
	NEED_MODULE();
	LIVE_NEED("memcg_margin");
	root = live_cgroup_root("memory");
	assert_non_null(root);
	cgroup = live_cgroup(root, "high");
	live_cgroup_no_swap(cgroup);
	live_run("--hook=require");
	other = live_eat("wait touch=40M wait free hold=2");
	live_cgroup_enter(cgroup, other->pid);
	live_open_gate(other, 0);
	live_at_gate(other, 0, 2);
	live_cgroup_write(cgroup, "memory.high", "64M");
	proc = live_eat("--stalls wait touch=48M hold=1");
	live_cgroup_enter(cgroup, proc->pid);
	live_ok("set %d --action slowdown --margin 0 --max-delay 2s",
		proc->pid);
	live_open_gate(proc, 0);
	LIVE_UNTIL(delays_of(proc->pid).longest_ns > 300e6, 60000,
		   "longest sleep is %.0f ns", delays_of(proc->pid).longest_ns);
	/* now and then it is the kernel that delays it for memory.high: that
	 * sleep is not ours to end */
	LIVE_UNTIL(!sleeps_in_module(proc->pid), 10000, "no end of a sleep");
	LIVE_UNTIL(sleeps_in_module(proc->pid), 10000, "no more sleeps");
	live_open_gate(other, 0);
	LIVE_UNTIL(proc->slot->touched_bytes >= 40 * MIB, 10000,
		   "it does not go on: %llu touched",
		   (unsigned long long)proc->slot->touched_bytes);
	assert_woken("free", other->slot->last_change_ns,
		     proc->slot->last_change_ns);
	live_assert_unharmed(proc);
	live_run_stop();
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
	NEED_MODULE();
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
	NEED_MODULE();
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

/* Bytes that a neighbour in the cgroup touches in 3 s while proc runs away. */
static double neighbour_bytes(const char *cgroup, struct live_proc *proc)
{
	struct live_proc *neighbour = live_neighbour(4 * MIB, 3);

	live_cgroup_enter(cgroup, neighbour->pid);
	if (proc)
		live_open_gate(proc, 0);
	live_wait_end(neighbour, 60000);
	assert_int_equal(neighbour->status, 0);
	return neighbour->slot->touched_bytes;
}

static struct live_proc *runaway_in(const char *cgroup)
{
	struct live_proc *proc = live_eat("wait touch=512M");

	live_cgroup_enter(cgroup, proc->pid);
	return proc;
}

/* Under memory.high a neighbour of a runaway is slowed as well. */
static void neighbours_lose_no_throughput(void **state)
{
	const char *root, *cgroup;
	struct live_proc *proc;
	double alone, with_us, with_high;

	(void)state;
	NEED_MODULE();
	LIVE_NEED("memcg_margin");
	root = live_cgroup_root("memory");
	cgroup = live_cgroup(root, "shared");
	live_cgroup_no_swap(cgroup);
	live_run("--hook=require");
	alone = neighbour_bytes(cgroup, NULL);
	proc = runaway_in(cgroup);
	live_ok("set %d --action slowdown --limit 64M", proc->pid);
	with_us = neighbour_bytes(cgroup, proc);
	end(proc);
	live_cgroup_write(cgroup, "memory.high", "64M");
	proc = runaway_in(cgroup);
	with_high = neighbour_bytes(cgroup, proc);
	end(proc);
	LIVE_ASSERT(with_us > 0.6 * alone, "%.0f of %.0f MiB", with_us / MIB,
		    alone / MIB);
	LIVE_ASSERT(with_high < with_us / 2,
		    "under memory.high %.0f, with us %.0f MiB", with_high / MIB,
		    with_us / MIB);
	live_run_stop();
}

/* ---- ENOMEM ---- */

static void fails_only_while_over(const char *step)
{
	struct live_proc *proc;

	live_run("--hook=require");
	proc = live_eat("wait %s wait touch=40M %s wait free %s", step, step,
			step);
	live_ok("set %d --action enomem --limit 32M", proc->pid);
	live_open_gate(proc, 0);
	live_at_gate(proc, 0, 2);
	LIVE_ASSERT(proc->slot->error == 0, "%s below: errno %d", step,
		    proc->slot->error);
	live_open_gate(proc, 0);
	live_at_gate(proc, 0, 3);
	LIVE_ASSERT(proc->slot->error == ENOMEM, "%s over: errno %d", step,
		    proc->slot->error);
	live_open_gate(proc, 0);
	live_assert_unharmed(proc);
	LIVE_ASSERT(proc->slot->error == 0, "%s below again: errno %d", step,
		    proc->slot->error);
	live_run_stop();
}

static void mlock_fails_only_while_over(void **state)
{
	(void)state;
	NEED_MODULE();
	fails_only_while_over("mlock=512K");
	fails_only_while_over("mlock2=512K");
}

static void mlockall_fails_only_while_over(void **state)
{
	(void)state;
	NEED_MODULE();
	fails_only_while_over("mlockall");
}

static void growth_of_shared_memory_fails_only_while_over(void **state)
{
	(void)state;
	NEED_MODULE();
	fails_only_while_over("grow_shared=1M");
	fails_only_while_over("mremap=1M");
}

/* ---- coming and going ---- */

static const char *mechanism(void)
{
	cJSON *actions = cJSON_GetObjectItem(live_status(), "actions");

	return live_string(cJSON_GetObjectItem(actions, "slowdown"),
			   "mechanism");
}

static void the_module_is_taken_up_when_it_comes(void **state)
{
	struct live_proc *proc;
	struct live_cmd cmd;

	(void)state;
	NEED_MODULE();
	unload_module();
	live_overhigh(&cmd, "run --hook=require");
	assert_int_equal(cmd.status, 2);
	assert_non_null(strstr(cmd.err, "is not loaded"));
	live_run("");
	assert_non_null(strstr(mechanism(), "SIGSTOP"));
	proc = start_slowed("50ms", "wait touch=512M");
	live_event(proc->pid, "acted", 2);
	load_module();
	LIVE_UNTIL(strstr(live_run_stderr(), "serves from now on"), 90000,
		   "run says: %s", live_run_stderr());
	assert_non_null(strstr(mechanism(), "module"));
	live_pause(500); /* what is stopped is continued first */
	LIVE_UNTIL(delays_of(proc->pid).count > 20, 20000, "%.0f delays",
		   delays_of(proc->pid).count);
	LIVE_ASSERT(live_task_state(proc->pid) != 'T', "it is stopped");
	live_shell(&cmd, "rmmod overhigh_hook");
	LIVE_ASSERT(cmd.status != 0 && module_is_loaded(),
		    "rmmod while it is used");
	end(proc);
	live_run_stop();
	unload_module();
}

static void off_means_off(void **state)
{
	(void)state;
	NEED_MODULE();
	live_run("--hook=off");
	assert_int_equal(live_number(live_status(), "hook"), 0);
	unload_module();
	live_run_stop();
}

/* A bounded sleep needs no loader. */
static void slowdown_goes_on_when_the_loader_is_killed(void **state)
{
	struct live_proc *proc;
	uint64_t touched;

	(void)state;
	NEED_MODULE();
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
		LIVE_TEST(munmap_in_another_thread_ends_a_sleep),
		LIVE_TEST(another_process_of_the_memcg_ends_a_sleep),
		LIVE_TEST(a_sleep_is_memory_pressure),
		LIVE_TEST(a_sleeper_can_be_frozen),
		LIVE_TEST(neighbours_lose_no_throughput),
		LIVE_TEST(mlock_fails_only_while_over),
		LIVE_TEST(mlockall_fails_only_while_over),
		LIVE_TEST(growth_of_shared_memory_fails_only_while_over),
		LIVE_TEST(the_module_is_taken_up_when_it_comes),
		LIVE_TEST(slowdown_goes_on_when_the_loader_is_killed),
		LIVE_TEST(off_means_off),
	};

	return cmocka_run_group_tests_name("hook", tests, NULL, NULL);
}
