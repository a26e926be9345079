// SPDX-License-Identifier: GPL-2.0
/*
 * test_ladder.c - grace and escalation: the next step comes after the grace
 * time, not before it, and only to a process that has been over all the while.
 */
#include <signal.h>
#include <stdbool.h>
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

/* ---- more than two steps ---- */

/* When the nth step came into force, after the crossing. */
static double step_ms(struct live_proc *proc, unsigned int nth)
{
	cJSON *event = live_event(proc->pid, "escalated", nth);
	double crossed =
		live_number(live_event(proc->pid, "crossed", 1), "time_ns");

	assert_int_equal(live_number(event, "step"), nth);
	return (live_number(event, "time_ns") - crossed) / 1e6;
}

/* How late the latest step of one run through the ladder was.  None may be
 * early; that one is late may be the fault of a busy machine. */
static double climb_ladder(const char *action)
{
	static const double due_ms[] = { 500, 900, 1600 };
	double before_ms = 0, late_ms, most_ms = 0;
	struct live_proc *proc;
	int i;

	proc = live_eat("--on-signal %d=ignore --on-signal %d=ignore --rate "
			"16M wait touch=512M",
			SIGUSR1, SIGUSR2);
	live_ok("set %d --action %s --limit 16M --then 'signal:USR1 after "
		"500ms' --then 'signal USR2 after 400ms' --then 'kill after "
		"700ms'",
		proc->pid, action);
	live_open_gate(proc, 0);
	live_assert_killed(proc, LIVE_WAIT_MS);
	for (i = 0; i < 3; i++) {
		/* each counts from when the one before came */
		late_ms = step_ms(proc, i + 1) - before_ms -
			  (due_ms[i] - (i ? due_ms[i - 1] : 0));
		LIVE_ASSERT(late_ms >= 0, "step %d is %.3f ms early", i + 1,
			    -late_ms);
		LIVE_ASSERT(late_ms < live_late_ms(), "step %d is %.1f ms late",
			    i + 1, late_ms);
		if (late_ms > most_ms)
			most_ms = late_ms;
		before_ms = step_ms(proc, i + 1);
	}
	return most_ms;
}

static void assert_ladder_in_time(const char *action)
{
	double late_ms = 0;
	int tries;

	for (tries = 0; tries < 4; tries++) {
		late_ms = climb_ladder(action);
		if (late_ms <= 50)
			return;
	}
	LIVE_FAIL("a step is %.1f ms late", late_ms);
}

static void each_step_of_a_ladder_comes_in_time(void **state)
{
	(void)state;
	live_run("");
	assert_ladder_in_time("none");
	live_run_stop();
}

/* No delay goes on past the step that is due: it would be up to 2 s late. */
static void a_step_that_is_due_ends_a_delay(void **state)
{
	(void)state;
	LIVE_NEED("slowdown");
	live_run("");
	assert_ladder_in_time("slowdown");
	live_run_stop();
}

static void a_ladder_goes_on_without_a_loader(void **state)
{
	struct live_proc *proc;
	uint64_t start_ns;

	(void)state;
	live_run("");
	proc = live_eat("--on-signal %d=report --rate 16M wait touch=512M",
			SIGUSR1);
	live_ok("set %d --action none --limit 16M --then 'signal:USR1 after "
		"1s' --then 'kill after 1s'",
		proc->pid);
	live_run_kill();
	start_ns = live_now_ns();
	live_open_gate(proc, 0);
	live_assert_killed(proc, LIVE_WAIT_MS);
	LIVE_ASSERT(live_now_ns() - start_ns >= 2000000000ULL, "%llu ns",
		    (unsigned long long)(live_now_ns() - start_ns));
	assert_int_equal(proc->slot->signals, 1);
}

/* Over for 0.8 s, then below by so much, then over for up to 0.8 s again, with
 * a step due after 1.2 s.  Returns whether that came. */
static bool comes_after_giving(const char *give, const char *options)
{
	struct live_proc *proc;

	proc = live_eat("--on-signal %d=report wait touch=21M "
			"hold=0.8 give=%s hold=0.6 touch=%s hold=0.8",
			SIGUSR1, give, give);
	live_ok("set %d --action none --limit 20M --rss anon --then "
		"'signal:USR1 after 1200ms' %s",
		proc->pid, options);
	live_open_gate(proc, 0);
	live_assert_unharmed(proc);
	assert_int_equal(live_events(proc->pid, "crossed"), 2);
	assert_int_equal(live_events(proc->pid, "below"), 1);
	assert_int_equal(proc->slot->signals,
			 live_events(proc->pid, "escalated"));
	return proc->slot->signals;
}

static void a_ladder_begins_anew_far_below_the_limit_alone(void **state)
{
	(void)state;
	live_run("");
	/* 21 MiB and a few pages, limit 20 MiB, 5 % of it are 1 MiB */
	assert_true(comes_after_giving("1400K", ""));
	assert_false(comes_after_giving("5M", ""));
	assert_false(comes_after_giving("1400K", "--hysteresis 1%"));
	assert_true(comes_after_giving("5M", "--hysteresis 40%"));
	live_run_stop();
}

static void what_a_ladder_needs_is_shared_and_given_back(void **state)
{
	static const char ladder[] = "--action none --limit 1G --then 'kill "
				     "after %ds' --then 'kill after 1s'";
	struct overhigh_policy first, second;
	struct live_proc *proc[2];
	char line[256];
	__u32 pid;
	int i;

	(void)state;
	live_run("");
	for (i = 0; i < 2; i++)
		proc[i] = live_eat("wait");
	snprintf(line, sizeof(line), ladder, 1);
	for (i = 0; i < 2; i++)
		live_ok("set %d %s", proc[i]->pid, line);
	pid = proc[0]->pid;
	assert_int_equal(live_map_get("process_policy", &pid, &first), 0);
	pid = proc[1]->pid;
	assert_int_equal(live_map_get("process_policy", &pid, &second), 0);
	assert_true(overhigh_extended(&first));
	assert_int_equal(first.escalation, second.escalation);
	/* far more than there is room for, if none were used again */
	for (i = 2; i < OVERHIGH_MAX_EXTENSIONS / 40; i++) {
		snprintf(line, sizeof(line), ladder, i);
		live_ok("set %d %s", proc[1]->pid, line);
	}
	assert_int_equal(live_map_get("process_policy", &pid, &second), 0);
	assert_true(overhigh_extension_key(&second) <= 3);
	live_run_stop();
}

static void bpftool_changes_a_ladder_too(void **state)
{
	struct overhigh_extension extension;
	struct overhigh_policy policy;
	struct live_proc *proc;
	__u32 key;

	(void)state;
	live_run("");
	proc = live_eat("--rate 16M wait touch=512M");
	live_ok("set %d --action none --limit 16M --then 'kill after 1h' "
		"--then 'kill after 1h'",
		proc->pid);
	key = proc->pid;
	assert_int_equal(live_map_get("process_policy", &key, &policy), 0);
	key = overhigh_extension_key(&policy);
	assert_int_equal(live_map_get("extension", &key, &extension), 0);
	assert_int_equal(extension.steps[1].after_ms, 3600000);
	extension.steps[0].after_ms = 300;
	assert_int_equal(live_map_set("extension", &key, &extension), 0);
	live_open_gate(proc, 0);
	live_assert_killed(proc, LIVE_WAIT_MS);
	LIVE_ASSERT(step_ms(proc, 1) >= 300, "%.3f", step_ms(proc, 1));
	live_run_stop();
}

static void explain_says_where_on_its_ladder_a_process_is(void **state)
{
	static struct live_cmd cmd;
	struct live_proc *proc;

	(void)state;
	live_run("");
	proc = live_eat("--on-signal %d=ignore wait touch=20M hold=60",
			SIGUSR1);
	live_ok("set %d --action none --limit 16M --then 'signal:USR1 after "
		"100ms' --then 'kill after 1h'",
		proc->pid);
	live_overhigh(&cmd, "explain %d", proc->pid);
	LIVE_ASSERT(strstr(cmd.out, "below its limit"), "%s", cmd.out);
	live_open_gate(proc, 0);
	live_event(proc->pid, "escalated", 1);
	live_overhigh(&cmd, "explain %d", proc->pid);
	LIVE_ASSERT(strstr(cmd.out, "at step 2; kill comes after") &&
			    strstr(cmd.out, "--then 'kill after 1h'"),
		    "%s", cmd.out);
	live_run_stop();
}

/* ---- a rate ---- */

/* 48 MiB at 16 MiB/s with a burst of 8 MiB are 2.5 s. */
static void assert_paced(const char *run_options, const char *eat_options)
{
	struct live_proc *proc, *free_one;
	uint64_t start_ns, took_ns;

	live_run(run_options);
	proc = live_eat("%s wait touch=48M", eat_options);
	free_one = live_eat("wait touch=48M");
	live_ok("set %d --action slowdown --rate '16M/s burst 8M'", proc->pid);
	start_ns = live_now_ns();
	live_open_gate(free_one, 0);
	live_assert_unharmed(free_one);
	took_ns = live_now_ns() - start_ns;
	LIVE_ASSERT(took_ns < 2000000000ULL, "unpaced it took %llu ns",
		    (unsigned long long)took_ns);
	start_ns = live_now_ns();
	live_open_gate(proc, 0);
	live_assert_unharmed(proc);
	took_ns = live_now_ns() - start_ns;
	/* what the program had before and its bookkeeping count, too */
	LIVE_ASSERT(took_ns >= 2350000000ULL &&
			    took_ns < 3000000000ULL + live_late_ms() * 1000000,
		    "it took %llu ns", (unsigned long long)took_ns);
	assert_int_equal(live_events(proc->pid, "crossed"), 0);
	live_event(proc->pid, "acted", 1);
	live_run_stop();
}

static void a_rate_paces_growth_below_the_limit(void **state)
{
	(void)state;
	LIVE_NEED("slowdown");
	assert_paced("", "");
}

static void a_rate_paces_several_threads_as_it_does_one(void **state)
{
	(void)state;
	LIVE_NEED("slowdown");
	assert_paced("", "--threads 4");
}

static void a_rate_paces_without_the_module_too(void **state)
{
	(void)state;
	LIVE_NEED("slowdown");
	assert_paced("--hook=off", "");
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
		LIVE_TEST_ONCE(falling_below_starts_the_grace_time_anew),
		LIVE_TEST_ONCE(
			a_process_that_ends_in_its_grace_time_is_let_alone),
		LIVE_TEST_ONCE(
			a_signal_that_is_ignored_is_followed_by_the_kill),
		LIVE_TEST_ONCE(a_process_that_heeds_the_signal_lives),
		LIVE_TEST(a_slowed_process_is_killed_after_its_grace_time),
		LIVE_TEST_ONCE(each_step_signals_once_in_the_life_of_a_policy),
		LIVE_TEST(each_step_of_a_ladder_comes_in_time),
		LIVE_TEST_ONCE(a_step_that_is_due_ends_a_delay),
		LIVE_TEST(a_ladder_goes_on_without_a_loader),
		LIVE_TEST_ONCE(a_ladder_begins_anew_far_below_the_limit_alone),
		LIVE_TEST_ONCE(what_a_ladder_needs_is_shared_and_given_back),
		LIVE_TEST_ONCE(bpftool_changes_a_ladder_too),
		LIVE_TEST_ONCE(explain_says_where_on_its_ladder_a_process_is),
		LIVE_TEST(a_rate_paces_growth_below_the_limit),
		LIVE_TEST(a_rate_paces_several_threads_as_it_does_one),
		LIVE_TEST_ONCE(a_rate_paces_without_the_module_too),
		LIVE_TEST_ONCE(a_dry_run_escalates_in_words_only),
	};

	return live_tests("ladder", tests, NULL, NULL);
}
