// SPDX-License-Identifier: GPL-2.0
/*
 * test_crowd.c - SLOWDOWN of what takes memory in other ways than one page at a
 * time by one thread: threads by the hundred, many processes, one large system
 * call; what is owed, and what is stuck.  Each with the kernel module too,
 * where there is one.
 */
#include <signal.h>
#include <unistd.h>

#include "live_module.h"

#define LIMIT (64 * MIB)
#define STEP_NS 1000000000ULL /* kill after 1s */

/* A number of /proc/PID/status. */
static unsigned long long status_number(pid_t pid, const char *name)
{
	unsigned long long value = 0;
	char path[64], line[256];
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	file = fopen(path, "re");
	while (file && fgets(line, sizeof(line), file))
		if (!strncmp(line, name, strlen(name)))
			value = strtoull(line + strlen(name), NULL, 10);
	if (file)
		fclose(file);
	return value;
}

/* Ready to begin at SIGUSR1. */
static struct live_proc *start_crowd(const char *how, const char *mib)
{
	char *argv[] = { (char *)"crowd", (char *)how, (char *)mib, NULL };
	struct live_proc *proc = live_spawn(argv);
	unsigned int threads = 1 + atoi(how);

	LIVE_UNTIL(live_task_state(proc->pid) == 'S' &&
			   status_number(proc->pid, "Threads:") == threads,
		   60000, "no %u threads", threads);
	return proc;
}

/* Counted from the crossing, by the kernel side itself. */
static void assert_killed_on_time(struct live_proc *proc)
{
	double over_ns;

	live_assert_killed(proc, 30000);
	over_ns = live_number(live_event(proc->pid, "escalated", 1), "over_ns");
	LIVE_ASSERT(over_ns < STEP_NS + 100e6 + live_late_ms() * 1e6 - 500e6,
		    "killed %.0f ms after it crossed", over_ns / 1e6);
}

static struct overhigh_state state_of(pid_t pid)
{
	struct overhigh_state state = {};
	uint32_t key = pid;

	live_map_get("process_state", &key, &state);
	return state;
}

static void without_module(void (*promise)(const char *), const char *arg)
{
	live_run("--hook=off");
	promise(arg);
	live_run_stop();
}

static void with_module(void (*promise)(const char *), const char *arg)
{
	live_module_load();
	live_run("--hook=require");
	promise(arg);
	live_run_stop();
}

static void with_and_without_module(void (*promise)(const char *),
				    const char *arg)
{
	if (getenv("OVERHIGH_MODULE"))
		with_module(promise, arg);
	without_module(promise, arg);
}

/* ---- many threads ---- */

static void grows_by_the_curve_alone(const char *threads)
{
	/* At 4 % a batch costs 100 ms, so that in a second there are 2.6 MiB
	 * to there and ten batches more; and what the threads have begun when
	 * the first of them is late, with their stacks. */
	uint64_t most = LIMIT + 8 * MIB + atoi(threads) * 4 * PAGE;
	struct live_proc *proc = start_crowd(threads, "256");

	live_ok("set %d --action slowdown --rss anon --direct --limit %llu "
		"--max-delay 100ms --then 'kill after 1s'",
		proc->pid, LIMIT);
	kill(proc->pid, SIGUSR1);
	assert_killed_on_time(proc);
	LIVE_ASSERT(proc->max_rss_bytes < most + 8 * MIB, "%s threads: %llu",
		    threads, (unsigned long long)proc->max_rss_bytes);
}

static void one_thread_grows_by_the_curve_alone(void **state)
{
	(void)state;
	LIVE_NEED("slowdown");
	with_and_without_module(grows_by_the_curve_alone, "1");
}

static void fifty_threads_grow_no_faster_than_one(void **state)
{
	(void)state;
	LIVE_NEED("slowdown");
	with_and_without_module(grows_by_the_curve_alone, "50");
}

static void a_thousand_threads_grow_no_faster_than_one(void **state)
{
	(void)state;
	LIVE_NEED("slowdown");
	without_module(grows_by_the_curve_alone, "1000");
}

static void a_thousand_threads_grow_no_faster_than_one_asleep(void **state)
{
	(void)state;
	LIVE_NEED_MODULE();
	with_module(grows_by_the_curve_alone, "1000");
}

/* ---- many processes ---- */

static void nobody_takes_the_room_of_another(const char *threads)
{
	struct live_proc *crowd = start_crowd(threads, "256");
	struct live_proc *one = start_crowd("1", "256");

	live_ok("set %d %d --action slowdown --rss anon --direct --limit %llu "
		"--max-delay 100ms --on-stuck report",
		crowd->pid, one->pid, LIMIT);
	kill(crowd->pid, SIGUSR1);
	live_event(crowd->pid, "acted", 2);
	kill(one->pid, SIGUSR1);
	live_event(one->pid, "acted", 2);
	live_pause(1000);
	LIVE_ASSERT(status_number(one->pid, "VmHWM:") << 10 < LIMIT + 16 * MIB,
		    "one: %llu KiB", status_number(one->pid, "VmHWM:"));
	assert_int_equal(live_counter("missed_no_slot"), 0);
	assert_int_equal(live_counter("missed_no_loader"), 0);
	kill(crowd->pid, SIGKILL);
	live_wait_end(crowd, 30000);
	kill(one->pid, SIGKILL);
	live_wait_end(one, 30000);
}

static void a_crowd_takes_nobodys_room(void **state)
{
	(void)state;
	LIVE_NEED("slowdown");
	without_module(nobody_takes_the_room_of_another, "1500");
}

static void a_crowd_takes_nobodys_room_asleep(void **state)
{
	(void)state;
	LIVE_NEED_MODULE();
	with_module(nobody_takes_the_room_of_another, "1500");
}

static void all_are_killed_on_time(const char *children)
{
	struct live_proc *proc = live_eat("wait fork=%s touch=16M", children);
	double latest_ns = 0, over_ns;
	int i, n = atoi(children);
	cJSON *event;

	live_ok("set %d --action slowdown --rss anon --direct --limit 1M "
		"--then 'kill after 1s'",
		proc->pid);
	live_open_gate(proc, 0);
	LIVE_UNTIL(live_event_seen(0, "escalated", n), 60000, "%u escalated",
		   live_events(0, "escalated"));
	for (i = 1; i <= n; i++) {
		event = live_event(0, "escalated", i);
		over_ns = live_number(event, "over_ns");
		if (latest_ns < over_ns)
			latest_ns = over_ns;
	}
	LIVE_ASSERT(latest_ns < STEP_NS + 100e6 + live_late_ms() * 1e6 - 500e6,
		    "one of %d killed after %.0f ms", n, latest_ns / 1e6);
	live_wait_end(proc, 30000);
}

static void two_hundred_processes_are_killed_on_time(void **state)
{
	(void)state;
	LIVE_NEED("slowdown");
	without_module(all_are_killed_on_time, "200");
}

static void two_hundred_processes_are_killed_on_time_asleep(void **state)
{
	(void)state;
	LIVE_NEED_MODULE();
	with_module(all_are_killed_on_time, "200");
}

/* ---- debts ---- */

/* 8 MiB over 64 take 32 batches, at up to 12.5 %: with a price of at most 100
 * ms between two and three seconds, however they are taken. */
static void costs_what_pages_cost(const char *how)
{
	struct live_proc *proc = start_crowd(how, "71");
	uint64_t start = live_now_ns(), took_ms;

	live_ok("set %d --action slowdown --rss anon --direct --limit %llu "
		"--max-delay 100ms",
		proc->pid, LIMIT);
	kill(proc->pid, SIGUSR1);
	live_wait_end(proc, 30000);
	took_ms = (live_now_ns() - start) / 1000000;
	LIVE_ASSERT(took_ms > 1500, "%llu ms for %s",
		    (unsigned long long)took_ms, how);
}

static void one_system_call_costs_what_its_pages_cost(void **state)
{
	(void)state;
	LIVE_NEED("slowdown");
	without_module(costs_what_pages_cost, "populate");
}

static void one_system_call_costs_what_its_pages_cost_asleep(void **state)
{
	(void)state;
	LIVE_NEED_MODULE();
	with_module(costs_what_pages_cost, "populate");
}

/* ---- stuck ---- */

static void growth_is_not_stuck(const char *threads)
{
	struct live_proc *proc = start_crowd(threads, "256");

	live_ok("set %d --action slowdown --rss anon --direct --limit 4M "
		"--max-delay 500ms",
		proc->pid);
	kill(proc->pid, SIGUSR1);
	live_event(proc->pid, "crossed", 1);
	live_pause(33000);
	assert_int_equal(live_counter("stuck"), 0);
	LIVE_ASSERT(!live_has_ended(proc) &&
			    state_of(proc->pid).rss_bytes < 64 * MIB,
		    "%llu bytes after 33 s",
		    (unsigned long long)state_of(proc->pid).rss_bytes);
	kill(proc->pid, SIGKILL);
	live_wait_end(proc, 30000);
}

/* This one takes half a minute: that is the promise. */
static void a_process_that_grows_is_not_stuck_after_30_seconds(void **state)
{
	(void)state;
	LIVE_NEED("slowdown");
	live_run("");
	growth_is_not_stuck("1");
	live_run_stop();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		LIVE_TEST(one_thread_grows_by_the_curve_alone),
		LIVE_TEST(fifty_threads_grow_no_faster_than_one),
		LIVE_TEST_ONCE(a_thousand_threads_grow_no_faster_than_one),
		LIVE_TEST_ONCE(
			a_thousand_threads_grow_no_faster_than_one_asleep),
		LIVE_TEST_ONCE(a_crowd_takes_nobodys_room),
		LIVE_TEST_ONCE(a_crowd_takes_nobodys_room_asleep),
		LIVE_TEST_ONCE(two_hundred_processes_are_killed_on_time),
		LIVE_TEST_ONCE(two_hundred_processes_are_killed_on_time_asleep),
		LIVE_TEST_ONCE(one_system_call_costs_what_its_pages_cost),
		LIVE_TEST_ONCE(
			one_system_call_costs_what_its_pages_cost_asleep),
		LIVE_TEST_LONG(
			a_process_that_grows_is_not_stuck_after_30_seconds),
	};

	return live_tests("crowd", tests, NULL, live_module_end);
}
