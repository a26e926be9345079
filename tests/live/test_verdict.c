// SPDX-License-Identifier: GPL-2.0
/*
 * test_verdict.c - release, extend and kill: what is decided about one process
 * holds for as long as it is over without a break, and has bounds.
 *
 * Does not belong here: what a ladder does by itself (test_ladder.c).
 */
#include <signal.h>
#include <unistd.h>

#include "live_module.h"

static struct live_cmd cmd;

/* What a busy machine may add before something is seen to be done. */
#define LATE_MS live_late_ms()
#define LATE_NS (LATE_MS * 1e6)

/* ---- release ---- */

static bool is_held(pid_t pid)
{
	struct overhigh_held held;
	uint32_t key = pid;

	return !live_map_get("held", &key, &held);
}

/* It is far over from its first page on, so that each delay is 2 s long and its
 * next 16M would take two minutes. */
static struct live_proc *in_a_long_delay(const char *rest)
{
	struct live_proc *proc = live_eat("touch=32M wait touch=16M %s", rest);
	cJSON *event;

	live_ok("set %d --action slowdown --limit 16M", proc->pid);
	live_open_gate(proc, 0);
	event = live_event(proc->pid, "acted", 1);
	LIVE_ASSERT(live_number(event, "delay_ns") > 1e9, "a delay of %.0f ns",
		    live_number(event, "delay_ns"));
	return proc;
}

static void release_ends_the_wait(bool asleep)
{
	struct live_proc *proc;
	unsigned int acted;
	uint64_t before;

	proc = in_a_long_delay("wait free touch=8M wait touch=32M");
	before = proc->slot->touched_bytes;
	live_ok("release %d", proc->pid);
	LIVE_ASSERT(live_task_state(proc->pid) != 'T' && !is_held(proc->pid),
		    "state %c", live_task_state(proc->pid));
	LIVE_UNTIL(proc->slot->touched_bytes > before, LATE_MS, "in state %c",
		   live_task_state(proc->pid));
	/* where commands are slow, time alone does not prove it */
	LIVE_ASSERT(!asleep || live_counter("woken") > 0, "nobody was woken");
	/* all of it, without one more delay, though it is over */
	LIVE_UNTIL(proc->slot->waits == 2, 4 * LATE_MS,
		   "in state %c, %llu touched", live_task_state(proc->pid),
		   (unsigned long long)proc->slot->touched_bytes);
	live_pause(200);
	acted = live_events(proc->pid, "acted");
	LIVE_ASSERT(acted <= 2, "%u delays", acted);
	assert_int_equal(live_events(proc->pid, "below"), 0);
	/* until it has fallen below */
	live_open_gate(proc, 0);
	live_event(proc->pid, "below", 1);
	live_at_gate(proc, 0, 3);
	live_open_gate(proc, 0);
	live_event(proc->pid, "crossed", 2);
	live_event(proc->pid, "acted", acted + 1);
	live_run_stop();
}

static void release_lets_a_stopped_process_go_at_once(void **state)
{
	(void)state;
	LIVE_NEED("slowdown");
	live_run("--hook=off");
	release_ends_the_wait(false);
}

static void release_wakes_a_sleeper_at_once(void **state)
{
	(void)state;
	LIVE_NEED_MODULE();
	live_run("--hook=require");
	release_ends_the_wait(true);
}

/* Long enough for a command to come in time, on an emulated machine too. */
#define GRACE_MS (4 * LATE_MS)

static void set_grace(struct live_proc *proc)
{
	live_ok("set %d --action none --limit 16M --grace %ums --then kill",
		proc->pid, GRACE_MS);
}

/* Waits until it is over. */
static void let_cross(struct live_proc *proc)
{
	live_open_gate(proc, 0);
	live_event(proc->pid, "crossed", 1);
}

static void a_released_process_sees_no_later_step(void **state)
{
	struct live_proc *idle, *busy;

	(void)state;
	live_run("");
	/* each is over for longer than its grace time */
	idle = live_eat("wait touch=32M hold=%u", 1 + GRACE_MS * 3 / 2000);
	busy = live_eat("--rate 4M wait touch=%uM", 20 + GRACE_MS * 6 / 1000);
	set_grace(idle);
	set_grace(busy);
	let_cross(idle);
	live_ok("release %d", idle->pid);
	live_ok("release %d", idle->pid);
	let_cross(busy);
	live_ok("extend %d 1s", busy->pid);
	live_ok("release %d", busy->pid);
	live_assert_unharmed(idle);
	live_assert_unharmed(busy);
	assert_int_equal(live_events(idle->pid, "escalated"), 0);
	assert_int_equal(live_events(busy->pid, "escalated"), 0);
	live_run_stop();
}

/* ---- extend ---- */

/* Says when the extension was asked for. */
static double extend(struct live_proc *proc, const char *time)
{
	double at = live_now_ns();

	live_ok("extend %d %s", proc->pid, time);
	return at;
}

static void assert_killed_after(struct live_proc *proc, double from_ns,
				double wait_ns)
{
	double after;

	live_assert_killed(proc, wait_ns / 1e6 + LIVE_WAIT_MS);
	after = live_number(live_event(proc->pid, "escalated", 1), "time_ns") -
		from_ns;
	/* the command took a moment until it read the clock */
	LIVE_ASSERT(after >= wait_ns && after <= wait_ns + 2 * LATE_NS,
		    "after %.0f ns, not %.0f", after, wait_ns);
}

static void extend_puts_the_next_step_off(void **state)
{
	struct live_proc *idle, *busy;
	double idle_from, busy_from;
	char time[16];

	(void)state;
	live_run("");
	snprintf(time, sizeof(time), "%ums", 2 * GRACE_MS);
	idle = live_eat("wait touch=32M hold=120");
	busy = live_eat("--rate 4M wait touch=512M");
	set_grace(idle);
	set_grace(busy);
	let_cross(idle);
	extend(idle, "60s");
	/* what comes last holds */
	idle_from = extend(idle, time);
	let_cross(busy);
	busy_from = extend(busy, time);
	assert_killed_after(idle, idle_from, 2 * GRACE_MS * 1e6);
	assert_killed_after(busy, busy_from, 2 * GRACE_MS * 1e6);
	live_run_stop();
}

/* This one takes a minute: that is the promise. */
static void no_step_is_put_off_by_more_than_a_minute(void **state)
{
	struct live_proc *proc;
	double due;

	(void)state;
	live_run("");
	proc = live_eat("wait touch=32M hold=200");
	set_grace(proc);
	let_cross(proc);
	due = live_number(live_event(proc->pid, "crossed", 1), "time_ns") +
	      GRACE_MS * 1e6;
	extend(proc, "60s");
	LIVE_UNTIL(live_now_ns() > due + 3e9, 60000, "time stands still");
	live_overhigh(&cmd, "extend %d 60s", proc->pid);
	assert_int_equal(cmd.status, 0);
	LIVE_ASSERT(strstr(cmd.out, "60s after it was due"), "it says %s",
		    cmd.out);
	assert_killed_after(proc, due, 60e9);
	live_run_stop();
}

/* It is the kernel side that bounds this, whatever is in the map. */
static void no_step_is_put_off_for_longer_than_the_bound(void **state)
{
	struct live_proc *proc;
	double due;

	(void)state;
	live_run("");
	live_shorten(0, 1000);
	proc = live_eat("wait touch=32M hold=200");
	set_grace(proc);
	let_cross(proc);
	due = live_number(live_event(proc->pid, "crossed", 1), "time_ns") +
	      GRACE_MS * 1e6;
	extend(proc, "30s");
	assert_killed_after(proc, due, 1e9);
	live_run_stop();
}

/* ---- kill ---- */

static void overhigh_kill_ends_a_process_that_is_over(void **state)
{
	struct live_proc *proc;

	(void)state;
	live_run("");
	proc = live_eat("wait touch=32M hold=60");
	live_ok("set %d --action none --limit 16M", proc->pid);
	live_open_gate(proc, 0);
	live_event(proc->pid, "crossed", 1);
	live_ok("kill %d", proc->pid);
	live_assert_killed(proc, LATE_MS);
	live_run_stop();
}

static void kill_ends_a_wait(void)
{
	struct live_proc *proc = in_a_long_delay("");

	live_ok("kill %d", proc->pid);
	live_assert_killed(proc, LATE_MS);
	assert_false(is_held(proc->pid));
	live_run_stop();
}

static void overhigh_kill_ends_a_process_that_was_stopped(void **state)
{
	(void)state;
	LIVE_NEED("slowdown");
	live_run("--hook=off");
	kill_ends_a_wait();
}

static void
overhigh_kill_ends_a_process_that_the_module_made_sleep(void **state)
{
	(void)state;
	LIVE_NEED_MODULE();
	live_run("--hook=require");
	kill_ends_a_wait();
}

/* ---- what is refused ---- */

static void refused(pid_t pid, const char *format, const char *words)
{
	struct overhigh_verdict before = {}, after = {};
	uint32_t key = pid;

	live_map_get("verdict", &key, &before);
	live_overhigh(&cmd, format, pid);
	LIVE_ASSERT(cmd.status == 2, "%s: exit %d: %s", format, cmd.status,
		    cmd.err);
	LIVE_ASSERT(strstr(cmd.err, words) && strchr(cmd.err, '\n')[1] == '\0',
		    "%s: \"%s\" is not in: %s", format, words, cmd.err);
	live_map_get("verdict", &key, &after);
	assert_memory_equal(&before, &after, sizeof(before));
}

static void all_refuse(pid_t pid, const char *words)
{
	refused(pid, "release %d", words);
	refused(pid, "extend %d 1s", words);
	refused(pid, "kill %d", words);
}

static void release_extend_kill_refuse_who_is_not_over(void **state)
{
	struct live_proc *none, *below, *was_over;

	(void)state;
	live_run("");
	none = live_eat("wait");
	below = live_eat("wait");
	was_over = live_eat("wait touch=32M free wait");
	live_ok("set %d %d --action none --limit 16M --grace 1m --then kill",
		below->pid, was_over->pid);
	live_open_gate(was_over, 0);
	live_event(was_over->pid, "below", 1);
	all_refuse(none->pid, "has no policy");
	all_refuse(below->pid, "is not over its limit");
	all_refuse(was_over->pid, "is not over its limit");
	all_refuse(4194303, "there is no process");
	live_open_gate(none, 0);
	live_open_gate(below, 0);
	live_open_gate(was_over, 0);
	live_assert_unharmed(none);
	live_assert_unharmed(below);
	live_assert_unharmed(was_over);
	live_run_stop();
}

static void what_cannot_be_put_off_is_refused(void **state)
{
	struct live_proc *proc;

	(void)state;
	live_run("");
	proc = live_eat("wait touch=32M wait");
	live_ok("set %d --action none --limit 16M", proc->pid);
	live_open_gate(proc, 0);
	live_at_gate(proc, 0, 2);
	refused(proc->pid, "extend %d 1s", "no later step");
	proc = live_eat("wait touch=32M wait");
	live_ok("set %d --action none --limit 16M --grace 1m --then kill",
		proc->pid);
	live_open_gate(proc, 0);
	live_at_gate(proc, 0, 2);
	refused(proc->pid, "extend %d", "TIME");
	refused(proc->pid, "extend %d 61s", "at most 60s");
	refused(proc->pid, "extend %d 0", "more than 0");
	refused(proc->pid, "extend %d 5", "");
	refused(proc->pid, "extend %d soon", "");
	refused(proc->pid, "extend %d 1s 2s", "");
	live_run_stop();
}

static void what_was_released_cannot_be_extended(void **state)
{
	struct live_proc *proc;

	(void)state;
	live_run("");
	proc = live_eat("wait touch=32M wait");
	live_ok("set %d --action none --limit 16M --grace 1m --then kill",
		proc->pid);
	live_open_gate(proc, 0);
	live_at_gate(proc, 0, 2);
	live_ok("release %d", proc->pid);
	refused(proc->pid, "extend %d 1s", "is released");
	live_ok("kill %d", proc->pid);
	live_assert_killed(proc, LATE_MS);
	live_run_stop();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		LIVE_TEST_ONCE(release_lets_a_stopped_process_go_at_once),
		LIVE_TEST(release_wakes_a_sleeper_at_once),
		LIVE_TEST_ONCE(a_released_process_sees_no_later_step),
		LIVE_TEST_ONCE(extend_puts_the_next_step_off),
		LIVE_TEST(no_step_is_put_off_for_longer_than_the_bound),
		LIVE_TEST_LONG(no_step_is_put_off_by_more_than_a_minute),
		LIVE_TEST_ONCE(overhigh_kill_ends_a_process_that_is_over),
		LIVE_TEST_ONCE(overhigh_kill_ends_a_process_that_was_stopped),
		LIVE_TEST(
			overhigh_kill_ends_a_process_that_the_module_made_sleep),
		LIVE_TEST_ONCE(release_extend_kill_refuse_who_is_not_over),
		LIVE_TEST_ONCE(what_cannot_be_put_off_is_refused),
		LIVE_TEST_ONCE(what_was_released_cannot_be_extended),
	};

	return live_tests("verdict", tests, NULL, live_module_end);
}
