// SPDX-License-Identifier: GPL-2.0
/*
 * test_ladder.c - grace and escalation: the next step comes after the grace
 * time, not before it, and only to a process that has been over all the while.
 */
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "live.h"

/* Let go, and killed after being over for a second, as events tell and as it
 * is seen: it cannot have been over before it set out. */
static void assert_killed_after_a_second(struct live_proc *proc)
{
	uint64_t start = live_now_ns();
	double crossed, escalated;

	live_open_gate(proc, 0);
	live_assert_killed(proc, LIVE_WAIT_MS);
	LIVE_ASSERT(live_now_ns() - start >= 1000000000ULL, "after %llu ns",
		    (unsigned long long)(live_now_ns() - start));
	crossed = live_number(live_event(proc->pid, "crossed", 1), "time_ns");
	escalated =
		live_number(live_event(proc->pid, "escalated", 1), "time_ns");
	LIVE_ASSERT(escalated - crossed >= 1e9 &&
			    escalated - crossed <= 1e9 + live_late_ms() * 1e6,
		    "escalated after %.0f ns", escalated - crossed);
}

static void the_next_step_comes_after_the_grace_time(void **state)
{
	struct live_proc *proc;
	cJSON *event;

	(void)state;
	live_run("");
	proc = live_eat("--rate 16M wait touch=512M");
	live_ok("set %d --action none --limit 16M --grace 1s --then kill",
		proc->pid);
	assert_killed_after_a_second(proc);
	event = live_event(proc->pid, "acted", 1);
	assert_string_equal(live_string(event, "action"), "kill");
	live_run_stop();
}

/* It holds what it has and touches nothing more: no charge tells of it. */
static void the_next_step_comes_to_an_idle_process_too(void **state)
{
	struct live_proc *proc;

	(void)state;
	live_run("");
	proc = live_eat("wait touch=32M hold=60");
	live_ok("set %d --action none --limit 16M --grace 1s --then kill",
		proc->pid);
	assert_killed_after_a_second(proc);
	live_run_stop();
}

static void falling_below_starts_the_grace_time_anew(void **state)
{
	struct live_proc *proc;

	(void)state;
	live_run("");
	/* over for some 0.8 s each time, 3.2 s in all */
	proc = live_eat("wait touch=20M hold=0.8 free touch=20M hold=0.8 free "
			"touch=20M hold=0.8 free touch=20M hold=0.8");
	live_ok("set %d --action none --limit 16M --grace 2s --then kill",
		proc->pid);
	live_open_gate(proc, 0);
	live_assert_unharmed(proc);
	assert_int_equal(live_events(proc->pid, "crossed"), 4);
	assert_int_equal(live_events(proc->pid, "escalated"), 0);
	live_run_stop();
}

static void a_process_that_ends_in_its_grace_time_is_let_alone(void **state)
{
	struct live_proc *proc;

	(void)state;
	live_run("");
	proc = live_eat("wait touch=20M hold=0.3 exit=0");
	live_ok("set %d --action none --limit 16M --grace 2s --then kill",
		proc->pid);
	live_open_gate(proc, 0);
	live_assert_unharmed(proc);
	live_pause(2500);
	assert_int_equal(live_events(proc->pid, "acted"), 0);
	live_run_stop();
}

/* First the polite request, then the end. */
static void a_signal_that_is_ignored_is_followed_by_the_kill(void **state)
{
	struct live_proc *proc;
	cJSON *event;

	(void)state;
	live_run("");
	proc = live_eat("--on-signal %d=report wait touch=32M hold=60",
			SIGTERM);
	live_ok("set %d --action signal --signal TERM --limit 16M --grace 1s "
		"--then kill",
		proc->pid);
	assert_killed_after_a_second(proc);
	assert_int_equal(proc->slot->signals, 1);
	event = live_event(proc->pid, "acted", 1);
	assert_string_equal(live_string(event, "action"), "signal");
	live_run_stop();
}

static void a_process_that_heeds_the_signal_lives(void **state)
{
	struct live_proc *proc;

	(void)state;
	live_run("");
	proc = live_eat("--on-signal %d=free wait touch=24M hold=2", SIGUSR1);
	live_ok("set %d --action signal --signal USR1 --limit 16M --grace 1s "
		"--then kill",
		proc->pid);
	live_open_gate(proc, 0);
	live_assert_unharmed(proc);
	assert_int_equal(proc->slot->signals, 1);
	live_event(proc->pid, "below", 1);
	assert_int_equal(live_events(proc->pid, "escalated"), 0);
	live_run_stop();
}

/* Held by the first step, ended by the second. */
static void a_slowed_process_is_killed_after_its_grace_time(void **state)
{
	struct live_proc *proc;

	(void)state;
	LIVE_NEED("slowdown");
	live_run("");
	proc = live_eat("wait touch=512M");
	live_ok("set %d --action slowdown --limit 16M --grace 1s --then kill",
		proc->pid);
	assert_killed_after_a_second(proc);
	live_event(proc->pid, "acted", 2);
	LIVE_ASSERT(proc->slot->touched_bytes < 64 * MIB, "touched %llu",
		    (unsigned long long)proc->slot->touched_bytes);
	live_run_stop();
}

/* Both steps' signals are one-shot: a second crossing, a second escalation send
 * neither again. */
static void each_step_signals_once_in_the_life_of_a_policy(void **state)
{
	struct live_proc *proc;

	(void)state;
	live_run("");
	proc = live_eat("--on-signal 10=ignore --on-signal 12=ignore wait "
			"touch=20M hold=0.6 touch=1M free touch=20M hold=0.6 "
			"touch=1M free");
	live_ok("set %d --action signal --signal USR1 --limit 16M "
		"--grace 200ms --then signal:USR2",
		proc->pid);
	live_open_gate(proc, 0);
	live_assert_unharmed(proc);
	assert_int_equal(live_events(proc->pid, "crossed"), 2);
	assert_int_equal(live_events(proc->pid, "escalated"), 2);
	assert_int_equal(live_events(proc->pid, "acted"), 2);
	live_run_stop();
}

static void a_dry_run_escalates_in_words_only(void **state)
{
	struct live_proc *proc;

	(void)state;
	live_run("--dry-run");
	proc = live_eat("--rate 16M wait touch=32M hold=4");
	live_ok("set %d --action none --limit 16M --grace 500ms --then kill",
		proc->pid);
	live_open_gate(proc, 0);
	live_assert_unharmed(proc);
	live_event(proc->pid, "escalated", 1);
	live_run_stop();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		LIVE_TEST(the_next_step_comes_after_the_grace_time),
		LIVE_TEST(the_next_step_comes_to_an_idle_process_too),
		LIVE_TEST(falling_below_starts_the_grace_time_anew),
		LIVE_TEST(a_process_that_ends_in_its_grace_time_is_let_alone),
		LIVE_TEST(a_signal_that_is_ignored_is_followed_by_the_kill),
		LIVE_TEST(a_process_that_heeds_the_signal_lives),
		LIVE_TEST(a_slowed_process_is_killed_after_its_grace_time),
		LIVE_TEST(each_step_signals_once_in_the_life_of_a_policy),
		LIVE_TEST(a_dry_run_escalates_in_words_only),
	};

	return cmocka_run_group_tests_name("ladder", tests, NULL, NULL);
}
