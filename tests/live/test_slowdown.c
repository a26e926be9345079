// SPDX-License-Identifier: GPL-2.0
/*
 * test_slowdown.c - SLOWDOWN: it delays, no delay is longer than it may be, it
 * ends, and nobody is left stopped whatever becomes of the loader.
 */
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "live.h"

/* What a busy machine may add before a process is seen to run again. */
#define LATE_MS live_late_ms()

static struct overhigh_control control_record(void)
{
	struct overhigh_control control = {};
	uint32_t zero = 0;

	assert_int_equal(live_map_get("control", &zero, &control), 0);
	return control;
}

static bool is_held(pid_t pid)
{
	struct overhigh_held held;
	uint32_t key = pid;

	return !live_map_get("held", &key, &held);
}

/* A process over its limit that is slowed; policy: further options. */
static struct live_proc *start_slowed(const char *policy, const char *steps)
{
	struct live_proc *proc = live_eat("%s", steps);

	live_ok("set %d --action slowdown --limit 16M %s", proc->pid, policy);
	live_open_gate(proc, 0);
	return proc;
}

/* Waits until it is in the middle of a delay. */
static void wait_held(struct live_proc *proc)
{
	LIVE_UNTIL(is_held(proc->pid) && live_task_state(proc->pid) == 'T',
		   LIVE_WAIT_MS,
		   "pid %d is never stopped: state %c, %llu touched", proc->pid,
		   live_task_state(proc->pid),
		   (unsigned long long)proc->slot->touched_bytes);
}

/* It is not stopped now, or is continued soon, and does what it has to. */
static void assert_goes_beyond(struct live_proc *proc, uint64_t before,
			       unsigned int ms)
{
	LIVE_UNTIL(live_has_ended(proc) || proc->slot->touched_bytes > before,
		   ms, "pid %d is left in state %c, held %d", proc->pid,
		   live_task_state(proc->pid), is_held(proc->pid));
}

static void assert_goes_on(struct live_proc *proc, unsigned int ms)
{
	assert_goes_beyond(proc, proc->slot->touched_bytes, ms);
}

static void assert_finishes(struct live_proc *proc, unsigned int ms)
{
	int status = live_wait_end(proc, ms);

	LIVE_ASSERT(status == 0, "status %#x", status);
}

/* ---- the delay ---- */

static void a_process_over_its_limit_is_slowed(void **state)
{
	struct live_proc *proc, *free_proc;
	uint64_t before, bytes;
	cJSON *event;

	(void)state;
	LIVE_NEED("slowdown");
	live_run("");
	proc = start_slowed("--max-delay 50ms", "wait touch=512M");
	free_proc = live_eat("wait touch=512M");
	live_open_gate(free_proc, 0);
	event = live_event(proc->pid, "acted", 1);
	assert_string_equal(live_string(event, "action"), "slowdown");
	assert_true(live_number(event, "delay_ns") > 0);
	live_event(proc->pid, "acted", 5);
	before = proc->slot->touched_bytes;
	live_pause(2000);
	bytes = proc->slot->touched_bytes - before;
	/* at most a batch of 64 pages in 50 ms; twice that for the first ones,
	 * whose delays are shorter */
	LIVE_ASSERT(bytes < 2 * (2000 / 50) * 64 * PAGE, "%llu bytes in 2 s",
		    (unsigned long long)bytes);
	LIVE_ASSERT(bytes > 0, "no progress in 2 s");
	assert_finishes(free_proc, 60000);
	live_run_stop();
}

static void a_process_below_its_limit_is_not_slowed(void **state)
{
	struct live_proc *proc;

	(void)state;
	LIVE_NEED("slowdown");
	live_run("");
	proc = start_slowed("--rss anon --direct", "wait touch=12M");
	assert_finishes(proc, LIVE_WAIT_MS);
	assert_int_equal(live_events(proc->pid, "acted"), 0);
	live_run_stop();
}

/* The longest time without progress, as seen from outside. */
static uint64_t worst_stall_ns(struct live_proc *proc, unsigned int ms)
{
	uint64_t end = live_now_ns() + ms * 1000000ULL;
	uint64_t bytes = proc->slot->touched_bytes, since = live_now_ns();
	uint64_t worst = 0, now;

	while ((now = live_now_ns()) < end) {
		if (proc->slot->touched_bytes != bytes) {
			bytes = proc->slot->touched_bytes;
			since = now;
		}
		if (now - since > worst)
			worst = now - since;
		live_pause(1);
	}
	return worst;
}

static void no_delay_is_longer_than_it_may_be(void **state)
{
	struct live_proc *proc;
	cJSON *event;
	uint64_t worst;
	unsigned int i;

	(void)state;
	LIVE_NEED("slowdown");
	live_run("");
	proc = start_slowed("--max-delay 100ms", "wait touch=512M");
	live_event(proc->pid, "acted", 1);
	worst = worst_stall_ns(proc, 3000);
	LIVE_ASSERT(worst <= (100 + LATE_MS) * 1000000ULL,
		    "stalled for %llu ns", (unsigned long long)worst);
	for (i = 1; (event = live_event_seen(proc->pid, "acted", i)); i++)
		LIVE_ASSERT(live_number(event, "delay_ns") <= 100e6,
			    "a delay of %.0f ns",
			    live_number(event, "delay_ns"));
	live_run_stop();
}

static void without_a_max_delay_it_is_two_seconds(void **state)
{
	struct live_proc *proc;
	uint64_t worst;
	cJSON *event;

	(void)state;
	LIVE_NEED("slowdown");
	live_run("");
	proc = start_slowed("", "wait touch=512M");
	live_event(proc->pid, "acted", 4);
	worst = worst_stall_ns(proc, 5000);
	LIVE_ASSERT(worst <= (2000 + LATE_MS) * 1000000ULL,
		    "stalled for %llu ns", (unsigned long long)worst);
	event = live_event(proc->pid, "acted", 4);
	assert_true(live_number(event, "delay_ns") <= 2e9);
	live_run_stop();
}

static void delays_grow_with_the_excess(void **state)
{
	struct live_proc *proc;
	double early, late;

	(void)state;
	LIVE_NEED("slowdown");
	live_run("");
	/* a limit of which a batch of pages is little */
	proc = live_eat("wait touch=512M");
	live_ok("set %d --action slowdown --limit 128M", proc->pid);
	live_open_gate(proc, 0);
	early = live_number(live_event(proc->pid, "acted", 2), "delay_ns");
	late = live_number(live_event(proc->pid, "acted", 12), "delay_ns");
	LIVE_ASSERT(late > 2 * early, "%.0f ns, later %.0f ns", early, late);
	live_run_stop();
}

static void threads_of_one_process_are_slowed_together(void **state)
{
	struct live_proc *proc;

	(void)state;
	LIVE_NEED("slowdown");
	live_run("");
	proc = start_slowed("--max-delay 20ms", "--threads 4 wait touch=24M");
	wait_held(proc);
	assert_finishes(proc, 60000);
	live_run_stop();
}

static void a_held_process_can_be_killed(void **state)
{
	struct live_proc *proc;
	uint64_t start;

	(void)state;
	LIVE_NEED("slowdown");
	live_run("");
	proc = start_slowed("", "wait touch=512M");
	live_event(proc->pid, "acted", 4);
	wait_held(proc);
	start = live_now_ns();
	kill(proc->pid, SIGKILL);
	live_wait_end(proc, LIVE_WAIT_MS);
	LIVE_ASSERT(live_now_ns() - start < LATE_MS * 1000000ULL,
		    "took %llu ns", (unsigned long long)live_now_ns() - start);
	live_run_stop();
}

/* ---- nobody is left stopped ---- */

static struct live_proc *held_for_long(void)
{
	struct live_proc *proc = start_slowed("", "wait touch=22M");

	live_event(proc->pid, "acted", 2);
	wait_held(proc);
	return proc;
}

static void a_graceful_end_of_the_loader_lets_all_go(void **state)
{
	struct live_proc *proc;

	(void)state;
	LIVE_NEED("slowdown");
	live_run("");
	proc = held_for_long();
	live_run_stop();
	assert_goes_on(proc, LATE_MS);
	assert_finishes(proc, LIVE_WAIT_MS);
}

static void a_kept_end_of_the_loader_lets_all_go(void **state)
{
	struct live_proc *proc;

	(void)state;
	LIVE_NEED("slowdown");
	live_run("--keep");
	proc = held_for_long();
	live_run_stop();
	assert_goes_on(proc, LATE_MS);
	assert_finishes(proc, LIVE_WAIT_MS);
}

static void sigkill_of_the_loader_lets_all_go(void **state)
{
	struct live_proc *proc;

	(void)state;
	LIVE_NEED("slowdown");
	live_run("");
	proc = held_for_long();
	live_run_kill();
	assert_goes_on(proc, 2000 + LATE_MS);
	/* with no loader nobody is stopped that nobody would continue */
	assert_finishes(proc, LIVE_WAIT_MS);
}

static void sigkill_of_loader_and_restart_lets_all_go(void **state)
{
	struct live_proc *proc;
	int i;

	(void)state;
	LIVE_NEED("slowdown");
	live_run("");
	/* unhindered it would take two minutes: enough for five restarts */
	proc = live_eat("--rate 4M wait touch=512M");
	live_ok("set %d --action slowdown --limit 1M --max-delay 200ms "
		"--on-stuck report",
		proc->pid);
	live_open_gate(proc, 0);
	for (i = 0; i < 5; i++) {
		wait_held(proc);
		live_run_kill();
		live_run("");
		assert_goes_on(proc, 2000 + LATE_MS);
	}
	wait_held(proc);
	live_run_stop();
	assert_goes_on(proc, LATE_MS);
}

/* The worst: both at once.  The next loader finds what they held. */
static void the_next_loader_lets_go_what_the_dead_ones_held(void **state)
{
	struct overhigh_control control;
	struct live_proc *proc;

	(void)state;
	LIVE_NEED("slowdown");
	live_run("");
	proc = held_for_long();
	control = control_record();
	assert_true(control.guard_pid > 0);
	/* stopped, so that neither sees the other's end */
	kill(control.guard_pid, SIGSTOP);
	kill(control.guard_pid, SIGKILL);
	live_run_kill();
	live_run("");
	assert_goes_on(proc, 2000 + LATE_MS);
	live_run_stop();
	assert_finishes(proc, LIVE_WAIT_MS);
}

static void the_end_of_the_guard_leaves_nobody_stopped(void **state)
{
	struct overhigh_control control;
	struct live_proc *proc;
	uint32_t first;

	(void)state;
	LIVE_NEED("slowdown");
	live_run("");
	proc = start_slowed("--max-delay 200ms", "wait touch=22M");
	wait_held(proc);
	first = control_record().guard_pid;
	assert_true(first > 0);
	kill(first, SIGKILL);
	assert_goes_on(proc, 2000 + LATE_MS);
	/* the loader has another one, which does its work */
	LIVE_UNTIL((control = control_record()).guard_pid != first &&
			   control.guard_pid > 0,
		   LIVE_WAIT_MS, "no new guard");
	wait_held(proc);
	live_run_kill();
	assert_goes_on(proc, 2000 + LATE_MS);
	assert_finishes(proc, LIVE_WAIT_MS);
}

static void a_loader_that_hangs_leaves_nobody_stopped(void **state)
{
	struct live_proc *proc;

	(void)state;
	LIVE_NEED("slowdown");
	live_run("");
	proc = held_for_long();
	kill(live_run_pid(), SIGSTOP);
	/* its heartbeat must first be seen to be old */
	assert_goes_on(proc, 2000 + 1500 + LATE_MS);
	assert_finishes(proc, LIVE_WAIT_MS);
	kill(live_run_pid(), SIGCONT);
	live_run_stop();
}

/* ---- the user's own signals ---- */

static void what_its_user_stopped_stays_stopped(void **state)
{
	struct live_proc *proc;

	(void)state;
	LIVE_NEED("slowdown");
	live_run("");
	proc = held_for_long();
	kill(proc->pid, SIGSTOP);
	live_pause(3500);
	assert_int_equal(live_task_state(proc->pid), 'T');
	live_run_stop();
	live_pause(500);
	assert_int_equal(live_task_state(proc->pid), 'T');
	kill(proc->pid, SIGCONT);
	assert_finishes(proc, LIVE_WAIT_MS);
}

static void what_its_user_stopped_before_stays_stopped(void **state)
{
	struct live_proc *proc;

	(void)state;
	LIVE_NEED("slowdown");
	live_run("");
	proc = start_slowed("--max-delay 2ms", "--rate 4M wait touch=64M");
	live_event(proc->pid, "acted", 1);
	LIVE_UNTIL(!is_held(proc->pid), LIVE_WAIT_MS, "always held");
	kill(proc->pid, SIGSTOP);
	live_pause(1500);
	assert_int_equal(live_task_state(proc->pid), 'T');
	live_run_stop();
	live_pause(300);
	assert_int_equal(live_task_state(proc->pid), 'T');
}

static void a_sigcont_of_its_user_ends_the_delay(void **state)
{
	struct live_proc *proc;
	uint64_t start, before;

	(void)state;
	LIVE_NEED("slowdown");
	live_run("");
	proc = start_slowed("", "wait touch=512M");
	live_event(proc->pid, "acted", 6);
	wait_held(proc);
	before = proc->slot->touched_bytes;
	start = live_now_ns();
	kill(proc->pid, SIGCONT);
	assert_goes_beyond(proc, before, LATE_MS);
	LIVE_ASSERT(live_now_ns() - start < LATE_MS * 1000000ULL,
		    "took %llu ns", (unsigned long long)live_now_ns() - start);
	live_run_stop();
}

/* ---- early release ---- */

/* The limit is lifted while the process is held. */
static void a_held_process_is_let_go_as_soon_as_it_may(void **state)
{
	struct live_proc *proc;
	uint64_t start;

	(void)state;
	LIVE_NEED("slowdown");
	live_run("");
	proc = start_slowed("", "wait touch=512M");
	live_event(proc->pid, "acted", 6);
	wait_held(proc);
	live_ok("set %d --action slowdown --limit 2G", proc->pid);
	start = live_now_ns();
	assert_goes_on(proc, LATE_MS);
	LIVE_ASSERT(live_now_ns() - start < LATE_MS * 1000000ULL,
		    "took %llu ns", (unsigned long long)live_now_ns() - start);
	assert_finishes(proc, 60000);
	live_run_stop();
}

/* Somebody else frees the memory that the held process has mapped. */
static void a_held_process_is_let_go_when_it_falls_below(void **state)
{
	const char *tmpfs = live_mount("tmpfs");
	struct live_proc *proc;
	uint64_t before;
	char path[256];
	int fd;

	(void)state;
	LIVE_NEED("slowdown");
	live_run("");
	proc = live_eat("--file %s/file wait touch=512M", tmpfs);
	live_ok("set %d --action slowdown --limit 16M --rss shmem --direct",
		proc->pid);
	live_open_gate(proc, 0);
	live_event(proc->pid, "acted", 6);
	wait_held(proc);
	snprintf(path, sizeof(path), "%s/file", tmpfs);
	fd = open(path, O_RDWR | O_CLOEXEC);
	assert_true(fd >= 0);
	before = proc->slot->touched_bytes;
	assert_int_equal(fallocate(fd,
				   FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
				   0, 512 * MIB),
			 0);
	close(fd);
	assert_goes_beyond(proc, before, LATE_MS);
	live_event(proc->pid, "below", 1);
	live_run_stop();
}

static void unset_lets_a_held_process_go(void **state)
{
	struct live_proc *proc;

	(void)state;
	LIVE_NEED("slowdown");
	live_run("");
	proc = start_slowed("", "wait touch=256M");
	live_event(proc->pid, "acted", 6);
	wait_held(proc);
	live_ok("unset %d", proc->pid);
	assert_goes_on(proc, 2000 + LATE_MS);
	assert_finishes(proc, LIVE_WAIT_MS);
	live_run_stop();
}

/* ---- stuck ---- */

/* Stuck for so long, and not for less. */
static void assert_stuck_after(unsigned int ms)
{
	struct live_proc *proc;
	uint64_t start;
	cJSON *event;

	proc = live_spawn((char *[]){ (char *)"crowd", (char *)"churn",
				      (char *)"17", NULL });
	live_pause(200); /* it waits for the signal by then */
	live_ok("set %d --action slowdown --limit 16M --max-delay 50ms",
		proc->pid);
	kill(proc->pid, SIGUSR1);
	live_event(proc->pid, "acted", 1);
	start = live_now_ns();
	LIVE_UNTIL(live_event_seen(proc->pid, "stuck", 1), ms + 15000,
		   "not stuck after %u ms", ms + 15000);
	event = live_event(proc->pid, "stuck", 1);
	LIVE_ASSERT(live_now_ns() - start > ms * 830000ULL, "after %llu ns",
		    (unsigned long long)live_now_ns() - start);
	assert_true(live_number(event, "over_ns") >= ms * 0.96e6);
	assert_true(live_counter("stuck") == 1);
}

/* This one takes half a minute: that is the promise. */
static void a_slowdown_without_progress_ends_after_30_seconds(void **state)
{
	(void)state;
	LIVE_NEED("slowdown");
	live_run("");
	assert_stuck_after(30000);
	live_run_stop();
}

static void a_slowdown_without_progress_ends(void **state)
{
	(void)state;
	LIVE_NEED("slowdown");
	live_run("");
	live_shorten(3000, 0);
	assert_stuck_after(3000);
	live_run_stop();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		LIVE_TEST(a_process_over_its_limit_is_slowed),
		LIVE_TEST(a_process_below_its_limit_is_not_slowed),
		LIVE_TEST_ONCE(no_delay_is_longer_than_it_may_be),
		LIVE_TEST_ONCE(without_a_max_delay_it_is_two_seconds),
		LIVE_TEST(delays_grow_with_the_excess),
		LIVE_TEST(threads_of_one_process_are_slowed_together),
		LIVE_TEST_ONCE(a_held_process_can_be_killed),
		LIVE_TEST_ONCE(a_graceful_end_of_the_loader_lets_all_go),
		LIVE_TEST_ONCE(a_kept_end_of_the_loader_lets_all_go),
		LIVE_TEST_ONCE(sigkill_of_the_loader_lets_all_go),
		LIVE_TEST_ONCE(sigkill_of_loader_and_restart_lets_all_go),
		LIVE_TEST_ONCE(the_next_loader_lets_go_what_the_dead_ones_held),
		LIVE_TEST_ONCE(the_end_of_the_guard_leaves_nobody_stopped),
		LIVE_TEST_ONCE(a_loader_that_hangs_leaves_nobody_stopped),
		LIVE_TEST_ONCE(what_its_user_stopped_stays_stopped),
		LIVE_TEST_ONCE(what_its_user_stopped_before_stays_stopped),
		LIVE_TEST_ONCE(a_sigcont_of_its_user_ends_the_delay),
		LIVE_TEST_ONCE(a_held_process_is_let_go_as_soon_as_it_may),
		LIVE_TEST(a_held_process_is_let_go_when_it_falls_below),
		LIVE_TEST_ONCE(unset_lets_a_held_process_go),
		LIVE_TEST(a_slowdown_without_progress_ends),
		LIVE_TEST_LONG(
			a_slowdown_without_progress_ends_after_30_seconds),
	};

	return live_tests("slowdown", tests, NULL, NULL);
}
