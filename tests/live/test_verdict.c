// SPDX-License-Identifier: GPL-2.0
/*
 * test_verdict.c - release, extend and kill: what is decided about one process
 * holds for as long as it is over without a break, and has bounds.
 *
 * Does not belong here: what a ladder does by itself (test_ladder.c).
 */
#include <signal.h>
#include <unistd.h>

#include "live.h"

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
 * next 96M would take a quarter of an hour. */
static struct live_proc *in_a_long_delay(const char *rest)
{
	struct live_proc *proc = live_eat("touch=32M wait touch=96M %s", rest);
	cJSON *event;

	live_ok("set %d --action slowdown --limit 16M", proc->pid);
	live_open_gate(proc, 0);
	event = live_event(proc->pid, "acted", 1);
	LIVE_ASSERT(live_number(event, "delay_ns") > 1e9, "a delay of %.0f ns",
		    live_number(event, "delay_ns"));
	return proc;
}

static void release_ends_the_wait_of_a_process_at_once(void **state)
{
	struct live_proc *proc;
	unsigned int acted;

	(void)state;
	LIVE_NEED("slowdown");
	live_run("");
	proc = in_a_long_delay("wait free touch=8M wait touch=32M");
	live_ok("release %d", proc->pid);
	LIVE_ASSERT(live_task_state(proc->pid) != 'T' && !is_held(proc->pid),
		    "state %c", live_task_state(proc->pid));
	/* all of it, without one more delay, though it is over */
	LIVE_UNTIL(proc->slot->waits == 2, 1000 + LATE_MS,
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

static void a_released_process_sees_no_later_step(void **state)
{
	struct live_proc *idle, *busy;

	(void)state;
	live_run("");
	idle = live_eat("wait touch=32M hold=4");
	busy = live_eat("--rate 16M wait touch=80M");
	live_ok("set %d %d --action none --limit 16M --grace 2s --then kill",
		idle->pid, busy->pid);
	live_open_gate(idle, 0);
	live_event(idle->pid, "crossed", 1);
	live_ok("release %d", idle->pid);
	live_ok("release %d", idle->pid);
	live_open_gate(busy, 0);
	live_event(busy->pid, "crossed", 1);
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

	(void)state;
	live_run("");
	idle = live_eat("wait touch=32M hold=60");
	busy = live_eat("--rate 4M wait touch=18M touch=256M");
	live_ok("set %d %d --action none --limit 16M --grace 2s --then kill",
		idle->pid, busy->pid);
	live_open_gate(idle, 0);
	live_event(idle->pid, "crossed", 1);
	extend(idle, "60s");
	/* what comes last holds */
	idle_from = extend(idle, "4s");
	live_open_gate(busy, 0);
	live_event(busy->pid, "crossed", 1);
	busy_from = extend(busy, "4s");
	assert_killed_after(idle, idle_from, 4e9);
	assert_killed_after(busy, busy_from, 4e9);
	live_run_stop();
}

/* This one takes a minute: that is the promise. */
static void extend_has_an_end(void **state)
{
	struct live_proc *proc;
	double crossed;

	(void)state;
	live_run("");
	proc = live_eat("wait touch=32M hold=120");
	live_ok("set %d --action none --limit 16M --grace 2s --then kill",
		proc->pid);
	live_open_gate(proc, 0);
	crossed = live_number(live_event(proc->pid, "crossed", 1), "time_ns");
	extend(proc, "60s");
	LIVE_UNTIL(live_now_ns() > crossed + 10e9, 20000, "time stands still");
	live_overhigh(&cmd, "extend %d 60s", proc->pid);
	assert_int_equal(cmd.status, 0);
	assert_non_null(strstr(cmd.out, "60s after it was due"));
	assert_killed_after(proc, crossed, 62e9);
	live_run_stop();
}

/* ---- kill ---- */

static void kill_kills(void **state)
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

static void kill_kills_in_a_delay(void **state)
{
	struct live_proc *proc;

	(void)state;
	LIVE_NEED("slowdown");
	live_run("");
	proc = in_a_long_delay("");
	live_ok("kill %d", proc->pid);
	live_assert_killed(proc, LATE_MS);
	assert_false(is_held(proc->pid));
	live_run_stop();
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

static void who_is_not_over_is_refused(void **state)
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

static void a_release_is_not_extended(void **state)
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
		LIVE_TEST(release_ends_the_wait_of_a_process_at_once),
		LIVE_TEST(a_released_process_sees_no_later_step),
		LIVE_TEST(extend_puts_the_next_step_off),
		LIVE_TEST(extend_has_an_end),
		LIVE_TEST(kill_kills),
		LIVE_TEST(kill_kills_in_a_delay),
		LIVE_TEST(who_is_not_over_is_refused),
		LIVE_TEST(what_cannot_be_put_off_is_refused),
		LIVE_TEST(a_release_is_not_extended),
	};

	return cmocka_run_group_tests_name("verdict", tests, NULL, NULL);
}
