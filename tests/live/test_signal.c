// SPDX-License-Identifier: GPL-2.0
/*
 * test_signal.c - SIGNAL: the right signal, before any further instruction of
 * the program, once or at every crossing.
 */
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "live.h"

#define OVERSHOOT (64 * PAGE)

/* Sets a policy on anonymous memory and lets the process go.  Returns how many
 * bytes it may touch until it is over, by its page tables. */
static uint64_t let_go(struct live_proc *proc, const char *policy,
		       uint64_t limit_bytes)
{
	uint64_t base;

	live_ok("set %d --action signal --direct --rss anon --limit %llu %s",
		proc->pid, (unsigned long long)limit_bytes, policy);
	base = live_smaps(proc->pid, "Anonymous");
	LIVE_ASSERT(base && base < limit_bytes, "base %llu",
		    (unsigned long long)base);
	live_open_gate(proc, 0);
	return limit_bytes - base;
}

static void assert_done(struct live_proc *proc, uint64_t touched_bytes)
{
	int status = live_wait_end(proc, 60000);

	LIVE_ASSERT(status == 0, "status %#x", status);
	LIVE_ASSERT(proc->slot->touched_bytes == touched_bytes, "touched %llu",
		    (unsigned long long)proc->slot->touched_bytes);
}

/* The handler sees what had been touched when it began: not one page more than
 * was allowed. */
static void the_handler_runs_before_any_further_instruction(void **state)
{
	uint64_t may, at, limit;
	struct live_proc *proc;
	int i;

	(void)state;
	live_run("");
	for (i = 0; i < 12; i++) {
		limit = 16 * MIB + (i * 41 + 3) * PAGE;
		proc = live_eat("--on-signal %d=report wait touch=32M",
				SIGUSR1);
		may = let_go(proc, "--signal USR1", limit);
		assert_done(proc, 32 * MIB);
		assert_int_equal(proc->slot->signals, 1);
		assert_int_equal(proc->slot->last_signal, SIGUSR1);
		at = proc->slot->at_signal_bytes;
		LIVE_ASSERT(at <= may, "%llu pages too many",
			    (unsigned long long)(at - may) / PAGE);
		LIVE_ASSERT(at + 16 * PAGE >= may, "%llu pages early",
			    (unsigned long long)(may - at) / PAGE);
	}
	live_run_stop();
}

static void the_event_names_the_signal_and_the_excess(void **state)
{
	struct live_proc *proc;
	cJSON *event;
	double excess;

	(void)state;
	live_run("");
	proc = live_eat("--on-signal %d=report wait touch=32M", SIGUSR2);
	let_go(proc, "--signal SIGUSR2", 16 * MIB);
	event = live_event(proc->pid, "acted", 1);
	assert_string_equal(live_string(event, "action"), "signal");
	assert_string_equal(live_string(event, "signal"), "USR2");
	excess = live_number(event, "excess_bytes");
	LIVE_ASSERT(excess > 0 && excess <= OVERSHOOT, "excess %.0f", excess);
	assert_true(live_number(event, "limit_bytes") == 16 * MIB);
	assert_done(proc, 32 * MIB);
	live_run_stop();
}

/* The handler gives all back, so that the process crosses again and again. */
static struct live_proc *cross_three_times(const char *policy)
{
	struct live_proc *proc;
	uint64_t may;

	proc = live_eat("--on-signal %d=free wait touch=56M", SIGUSR1);
	may = let_go(proc, policy, 16 * MIB);
	LIVE_ASSERT(may > 14 * MIB, "%llu to go", (unsigned long long)may);
	assert_done(proc, 56 * MIB);
	return proc;
}

static void a_signal_comes_once_unless_repeated(void **state)
{
	struct live_proc *proc;

	(void)state;
	live_run("");
	proc = cross_three_times("--signal USR1");
	assert_int_equal(proc->slot->signals, 1);
	live_event(proc->pid, "crossed", 2);
	assert_int_equal(live_events(proc->pid, "acted"), 1);
	live_run_stop();
}

static void a_repeated_signal_comes_at_every_crossing(void **state)
{
	struct live_proc *proc;

	(void)state;
	live_run("");
	proc = cross_three_times("--signal USR1 --repeat");
	assert_int_equal(proc->slot->signals, 3);
	live_event(proc->pid, "crossed", 3);
	live_event(proc->pid, "below", 3);
	assert_int_equal(live_events(proc->pid, "acted"), 3);
	live_run_stop();
}

/* Some fifty crossings within milliseconds. */
static void crossings_in_quick_succession_are_all_seen(void **state)
{
	struct live_proc *proc;
	uint64_t base;

	(void)state;
	live_run("");
	proc = live_eat("--on-signal %d=free wait touch=2M", SIGUSR1);
	base = live_smaps(proc->pid, "Anonymous");
	live_ok("set %d --action signal --signal USR1 --repeat --direct --rss "
		"anon --limit %llu",
		proc->pid, (unsigned long long)base + 8 * PAGE);
	live_open_gate(proc, 0);
	assert_done(proc, 2 * MIB);
	/* the handler's own pages come on top of the eight */
	LIVE_ASSERT(proc->slot->signals >= 2 * MIB / PAGE / 12, "%u signals",
		    proc->slot->signals);
	/* counted each; of its events only so many a second are shown */
	LIVE_UNTIL(live_counter("below") >= proc->slot->signals, LIVE_WAIT_MS,
		   "%.0f of %u", live_counter("below"), proc->slot->signals);
	live_run_stop();
}

/* "at every crossing" is not "at every page while over" */
static void a_repeated_signal_comes_once_while_it_stays_over(void **state)
{
	struct live_proc *proc;

	(void)state;
	live_run("");
	proc = live_eat("--on-signal %d=report wait touch=64M", SIGUSR1);
	let_go(proc, "--signal USR1 --repeat", 16 * MIB);
	assert_done(proc, 64 * MIB);
	assert_int_equal(proc->slot->signals, 1);
	live_run_stop();
}

static void a_signal_that_is_not_handled_does_what_it_always_does(void **state)
{
	struct live_proc *proc;
	uint64_t may;
	int status;

	(void)state;
	live_run("");
	proc = live_eat("wait touch=256M");
	may = let_go(proc, "--signal TERM", 16 * MIB);
	status = live_wait_end(proc, LIVE_WAIT_MS);
	LIVE_ASSERT(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM,
		    "status %#x", status);
	LIVE_ASSERT(proc->slot->touched_bytes <= may, "touched %llu of %llu",
		    (unsigned long long)proc->slot->touched_bytes,
		    (unsigned long long)may);
	live_run_stop();
}

static void an_ignored_signal_leaves_the_process_alone(void **state)
{
	struct live_proc *proc;

	(void)state;
	live_run("");
	proc = live_eat("--on-signal %d=ignore wait touch=64M", SIGTERM);
	let_go(proc, "--signal TERM", 16 * MIB);
	assert_done(proc, 64 * MIB);
	live_event(proc->pid, "acted", 1);
	live_run_stop();
}

static void real_time_signals_can_be_named_by_number(void **state)
{
	struct live_proc *proc;

	(void)state;
	live_run("");
	proc = live_eat("--on-signal 40=report wait touch=32M");
	let_go(proc, "--signal 40", 16 * MIB);
	assert_done(proc, 32 * MIB);
	assert_int_equal(proc->slot->signals, 1);
	assert_int_equal(proc->slot->last_signal, 40);
	live_run_stop();
}

static void a_process_with_threads_gets_one_signal(void **state)
{
	struct live_proc *proc;
	uint64_t may, touched = 0;
	int i;

	(void)state;
	live_run("");
	proc = live_eat("--threads 4 --on-signal %d=report wait touch=64M",
			SIGUSR1);
	may = let_go(proc, "--signal USR1", 32 * MIB);
	LIVE_ASSERT(live_wait_end(proc, 60000) == 0, "status %#x",
		    proc->status);
	for (i = 0; i < 4; i++)
		touched += proc->slot[i].touched_bytes;
	assert_int_equal(touched, 64 * MIB);
	assert_int_equal(proc->slot->signals, 1);
	LIVE_ASSERT(may > 24 * MIB, "%llu to go", (unsigned long long)may);
	live_run_stop();
}

/* The process goes up to 24 MiB, where limits of 8 and 16 MiB are crossed. */
static void a_new_policy_signals_anew(void **state)
{
	struct live_proc *proc;

	(void)state;
	live_run("");
	proc = live_eat("--on-signal %d=report wait touch=12M wait touch=12M",
			SIGUSR1);
	let_go(proc, "--signal USR1", 8 * MIB);
	live_at_gate(proc, 0, 2);
	assert_int_equal(proc->slot->signals, 1);
	let_go(proc, "--signal USR1", 16 * MIB);
	assert_done(proc, 24 * MIB);
	assert_int_equal(proc->slot->signals, 2);
	live_run_stop();
}

/* How many lines of a text have both words. */
static int lines_with(const char *text, const char *a, const char *b)
{
	char copy[1 << 16], *line, *save = NULL;
	int n = 0;

	snprintf(copy, sizeof(copy), "%s", text);
	for (line = strtok_r(copy, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save))
		n += strstr(line, a) && strstr(line, b);
	return n;
}

static int kernel_log_lines(pid_t pid)
{
	static struct live_cmd cmd;
	char number[16];

	snprintf(number, sizeof(number), "%d", pid);
	live_shell(&cmd, "dmesg | grep overhigh | tail -n 50");
	return lines_with(cmd.out, "overhigh", number);
}

static void log_writes_one_line_for_each_crossing(void **state)
{
	struct live_proc *proc;

	(void)state;
	live_run("");
	proc = live_eat("--on-signal %d=free wait touch=40M", SIGUSR1);
	let_go(proc, "--signal USR1 --repeat --log", 16 * MIB);
	assert_done(proc, 40 * MIB);
	live_event(proc->pid, "below", 2);
	LIVE_UNTIL(kernel_log_lines(proc->pid) >= 2, 5000,
		   "%d lines in the kernel log", kernel_log_lines(proc->pid));
	live_pause(200);
	assert_int_equal(kernel_log_lines(proc->pid), 2);
	proc = live_eat("--on-signal %d=report wait touch=32M", SIGUSR1);
	let_go(proc, "--signal USR1", 16 * MIB);
	assert_done(proc, 32 * MIB);
	live_event(proc->pid, "acted", 1);
	live_pause(200);
	assert_int_equal(kernel_log_lines(proc->pid), 0);
	live_run_stop();
}

/* NONE watches and reports, and does nothing. */
static void none_reports_the_crossing_and_does_nothing(void **state)
{
	struct live_proc *proc;

	(void)state;
	live_run("");
	proc = live_eat("wait touch=64M");
	live_ok("set %d --action none --limit 16M", proc->pid);
	live_open_gate(proc, 0);
	assert_done(proc, 64 * MIB);
	live_event(proc->pid, "crossed", 1);
	live_event(proc->pid, "exited", 1);
	assert_int_equal(live_events(proc->pid, "acted"), 0);
	live_run_stop();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		LIVE_TEST(the_handler_runs_before_any_further_instruction),
		LIVE_TEST_ONCE(the_event_names_the_signal_and_the_excess),
		LIVE_TEST(a_signal_comes_once_unless_repeated),
		LIVE_TEST(a_repeated_signal_comes_at_every_crossing),
		LIVE_TEST(crossings_in_quick_succession_are_all_seen),
		LIVE_TEST(a_repeated_signal_comes_once_while_it_stays_over),
		LIVE_TEST(
			a_signal_that_is_not_handled_does_what_it_always_does),
		LIVE_TEST(an_ignored_signal_leaves_the_process_alone),
		LIVE_TEST_ONCE(real_time_signals_can_be_named_by_number),
		LIVE_TEST(a_process_with_threads_gets_one_signal),
		LIVE_TEST_ONCE(a_new_policy_signals_anew),
		LIVE_TEST_ONCE(log_writes_one_line_for_each_crossing),
		LIVE_TEST_ONCE(none_reports_the_crossing_and_does_nothing),
	};

	return live_tests("signal", tests, NULL, NULL);
}
