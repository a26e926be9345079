// SPDX-License-Identifier: GPL-2.0
/*
 * test_responses.c - what is done to the cgroup of a process that is over is
 * undone, whatever happens to the process, the cgroup, the loader, and what a
 * user does meanwhile stays.  What each response does is in
 * test_response_kinds.c, lines of the file that says what to undo are in
 * tests/unit/test_undo.c.
 */
#include <errno.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include "live_responses.h"

/* ---- done and undone ---- */

static void a_response_ends_when_the_process_is_below(void **state)
{
	struct live_proc *proc;
	const char *cgroup;
	size_t i;

	(void)state;
	NEED_KNOB(&knob_high);
	live_run("");
	for (i = 0; i < KNOBS; i++) {
		if (knobs[i] == &knob_frozen || !have_knob(knobs[i]))
			continue;
		cgroup = cgroup_with(knobs[i], "below");
		proc = over_in(cgroup, knobs[i]);
		assert_true(live_number(live_status(), "cgroups_changed") == 1);
		live_at_gate(proc, 0, 2);
		live_open_gate(proc, 0);
		UNTIL_READS(cgroup, knobs[i]->file, knobs[i]->before);
		UNTIL_NOTHING_TO_UNDO();
		kill_and_wait(proc);
		rmdir(cgroup);
	}
	live_run_stop();
}

static void a_response_ends_when_the_process_does(void **state)
{
	struct live_proc *proc;
	const char *cgroup;
	size_t i;

	(void)state;
	NEED_KNOB(&knob_frozen);
	if (!have_knob(&knob_weight))
		print_message(
			"cpu.weight is not tested: no cgroup2 with cpu\n");
	live_run("");
	for (i = 0; i < KNOBS; i++) {
		if (!have_knob(knobs[i]))
			continue;
		cgroup = cgroup_with(knobs[i], "killed");
		proc = over_in(cgroup, knobs[i]);
		kill_and_wait(proc); /* also a frozen one */
		UNTIL_READS(cgroup, knobs[i]->file, knobs[i]->before);
		rmdir(cgroup);
	}
	live_run_stop();
}

/* A cgroup for each file that is here, with a process that is over. */
static void over_in_each(const char **cgroup, struct live_proc **proc)
{
	size_t i;

	for (i = 0; i < KNOBS; i++) {
		if (!have_knob(knobs[i]))
			continue;
		cgroup[i] = cgroup_with(knobs[i], knobs[i]->before);
		proc[i] = over_in(cgroup[i], knobs[i]);
	}
}

static void responses_end_with_the_loader(void **state)
{
	struct live_proc *proc[KNOBS] = {};
	const char *cgroup[KNOBS];
	size_t i;

	(void)state;
	NEED_KNOB(&knob_frozen);
	live_run("");
	over_in_each(cgroup, proc);
	live_run_stop();
	for (i = 0; i < KNOBS; i++)
		if (proc[i])
			assert_string_equal(
				cgroup_text(cgroup[i], knobs[i]->file),
				knobs[i]->before);
	assert_int_equal(access(UNDO_PATH, F_OK), -1);
}

static void the_guard_undoes_it_when_the_loader_is_killed(void **state)
{
	struct live_proc *proc[KNOBS] = {};
	const char *cgroup[KNOBS];
	size_t i;

	(void)state;
	NEED_KNOB(&knob_frozen);
	live_run("");
	over_in_each(cgroup, proc);
	live_run_kill();
	for (i = 0; i < KNOBS; i++)
		if (proc[i])
			UNTIL_READS(cgroup[i], knobs[i]->file,
				    knobs[i]->before);
}

/* At any moment: before, while and after it is done. */
static void a_loader_killed_at_any_moment_leaves_nothing(void **state)
{
	static const unsigned int moments_ms[] = { 1, 10, 40, 120, 5, 20, 80 };
	const struct overhigh_extension everything = {
		.responses = OVERHIGH_RESPONSES_MASK,
		.freeze_ms = LONG_MS,
		.high_bytes = 64 * MIB,
		.cpu_weight = 10,
	};
	size_t i, k, times = live_late_ms() > 500 ? 4 : 7;
	const char *root, *cgroup;
	struct live_proc *proc;

	(void)state;
	root = live_cgroup_root(NULL);
	if (!root)
		LIVE_SKIP("no cgroup2 is mounted");
	live_cgroup_root("memory");
	live_cgroup_root("cpu");
	cgroup = live_cgroup(live_cgroup_root(NULL), "moments");
	for (k = 0; k < KNOBS; k++)
		if (knobs[k] != &knob_high_of_a_number && have_knob(knobs[k]))
			live_cgroup_write(cgroup, knobs[k]->file,
					  knobs[k]->before);
	for (i = 0; i < times; i++) {
		live_run("");
		proc = waiting_in(cgroup, &everything);
		live_open_gate(proc, 0);
		usleep(moments_ms[i] * 1000);
		if (i % 2) {
			kill_both();
			live_run("");
			kill_and_wait(proc);
			live_run_stop();
		} else {
			live_run_kill();
		}
		for (k = 0; k < KNOBS; k++)
			if (knobs[k] != &knob_high_of_a_number &&
			    have_knob(knobs[k]))
				UNTIL_READS(cgroup, knobs[k]->file,
					    knobs[k]->before);
		UNTIL_NOTHING_TO_UNDO();
		kill_and_wait(proc);
	}
}

static void the_next_run_undoes_what_both_have_left(void **state)
{
	struct live_proc *proc[KNOBS] = {};
	const char *cgroup[KNOBS];
	size_t i;

	(void)state;
	NEED_KNOB(&knob_frozen);
	live_run("");
	over_in_each(cgroup, proc);
	kill_both();
	for (i = 0; i < KNOBS; i++) {
		if (!proc[i])
			continue;
		assert_string_equal(cgroup_text(cgroup[i], knobs[i]->file),
				    knobs[i]->during);
		kill_and_wait(proc[i]); /* else it is done again */
	}
	live_run("");
	for (i = 0; i < KNOBS; i++)
		if (proc[i])
			assert_string_equal(
				cgroup_text(cgroup[i], knobs[i]->file),
				knobs[i]->before);
	live_run_stop();
}

static void unload_undoes_responses(void **state)
{
	const char *cgroup;

	(void)state;
	NEED_KNOB(&knob_frozen);
	cgroup = run_with_cgroup(&knob_frozen, "", "unload");
	over_in(cgroup, &knob_frozen);
	kill_both();
	assert_true(cgroup_reads(cgroup, "cgroup.freeze", "1"));
	live_ok("unload");
	assert_true(cgroup_reads(cgroup, "cgroup.freeze", "0"));
}

/* Somebody has removed the pins by hand. */
static void unload_undoes_even_if_nothing_is_loaded(void **state)
{
	static struct live_cmd cmd;
	const char *cgroup;

	(void)state;
	NEED_KNOB(&knob_frozen);
	cgroup = run_with_cgroup(&knob_frozen, "", "unpinned");
	over_in(cgroup, &knob_frozen);
	kill_both();
	live_shell(&cmd, "rm -r " LIVE_PINS);
	assert_int_equal(cmd.status, 0);
	assert_true(cgroup_reads(cgroup, "cgroup.freeze", "1"));
	live_overhigh(&cmd, "unload");
	assert_int_equal(cmd.status, 2); /* nothing is loaded */
	assert_true(cgroup_reads(cgroup, "cgroup.freeze", "0"));
}

static void it_stays_while_another_process_is_over(void **state)
{
	const struct knob *knob = &knob_high;
	struct live_proc *one, *two;
	const char *cgroup;

	(void)state;
	NEED_KNOB(knob);
	cgroup = run_with_cgroup(knob, "", "two");
	one = over_in(cgroup, knob);
	two = over_in(cgroup, knob);
	live_event(two->pid, "crossed", 1);
	live_at_gate(one, 0, 2);
	live_open_gate(one, 0);
	live_event(one->pid, "below", 1);
	live_pause(500 + live_late_ms());
	assert_string_equal(cgroup_text(cgroup, knob->file), knob->during);
	live_at_gate(two, 0, 2);
	live_open_gate(two, 0);
	UNTIL_READS(cgroup, knob->file, knob->before);
	live_run_stop();
}

/* ---- users ---- */

static void a_users_change_meanwhile_stays(void **state)
{
	struct live_proc *proc;
	const char *cgroup;

	(void)state;
	NEED_KNOB(&knob_high);
	cgroup = run_with_cgroup(&knob_high, "", "user");
	proc = over_in(cgroup, &knob_high);
	live_cgroup_write(cgroup, "memory.high", "104857600");
	live_at_gate(proc, 0, 2);
	live_open_gate(proc, 0);
	until_said_once("it stays 104857600");
	assert_true(cgroup_reads(cgroup, "memory.high", "104857600"));
	kill_and_wait(proc);
	/* and so with a loader that is killed */
	live_cgroup_write(cgroup, "memory.high", "max");
	proc = over_in(cgroup, &knob_high);
	live_cgroup_write(cgroup, "memory.high", "209715200");
	live_run_kill();
	UNTIL_NOTHING_TO_UNDO();
	assert_true(cgroup_reads(cgroup, "memory.high", "209715200"));
	kill_and_wait(proc);
}

static void a_users_thaw_is_respected(void **state)
{
	struct live_proc *proc;
	const char *cgroup;

	(void)state;
	NEED_KNOB(&knob_frozen);
	cgroup = run_with_cgroup(&knob_frozen, "", "thaw");
	proc = over_in(cgroup, &knob_frozen);
	live_cgroup_write(cgroup, "cgroup.freeze", "0");
	live_at_gate(proc, 0, 2);
	live_pause(500 + live_late_ms());
	assert_true(cgroup_reads(cgroup, "cgroup.freeze", "0"));
	kill_and_wait(proc);
	/* one that a user has frozen is not ours to thaw */
	proc = waiting_in(cgroup, &knob_frozen.extension);
	live_open_gate(proc, 0);
	UNTIL_READS(cgroup, "cgroup.freeze", "1");
	kill_and_wait(proc);
	UNTIL_READS(cgroup, "cgroup.freeze", "0");
	live_cgroup_write(cgroup, "cgroup.freeze", "1");
	live_run_stop();
	assert_true(cgroup_reads(cgroup, "cgroup.freeze", "1"));
}

static void a_lower_value_is_not_raised(void **state)
{
	struct live_proc *proc;
	const char *cgroup;

	(void)state;
	NEED_KNOB(&knob_high);
	cgroup = run_with_cgroup(&knob_high, "", "lower");
	live_cgroup_write(cgroup, "memory.high", "60000000");
	proc = waiting_in(cgroup, &knob_high.extension);
	live_open_gate(proc, 0);
	live_event(proc->pid, "crossed", 1);
	live_pause(500 + live_late_ms());
	assert_true(cgroup_reads(cgroup, "memory.high", "59998208"));
	assert_int_equal(access(UNDO_PATH, F_OK), -1);
	live_run_stop();
}

static void another_cgroup_of_the_same_name_is_not_touched(void **state)
{
	const struct knob *knob =
		have_knob(&knob_high) ? &knob_high : &knob_frozen;
	struct live_proc *proc;
	const char *cgroup;

	(void)state;
	NEED_KNOB(knob);
	cgroup = run_with_cgroup(knob, "", "again");
	proc = over_in(cgroup, knob);
	kill_both();
	kill_and_wait(proc);
	LIVE_UNTIL(!rmdir(cgroup), LIVE_WAIT_MS, "%s: %s", cgroup,
		   strerror(errno));
	assert_int_equal(mkdir(cgroup, 0755), 0);
	live_cgroup_write(cgroup, knob->file, knob->during);
	live_run("");
	assert_true(cgroup_reads(cgroup, knob->file, knob->during));
	assert_int_equal(access(UNDO_PATH, F_OK), -1);
	live_run_stop();
}

static void a_cgroup_that_is_removed_meanwhile_is_forgotten(void **state)
{
	struct live_proc *proc;
	const char *cgroup;

	(void)state;
	NEED_KNOB(&knob_frozen);
	cgroup = run_with_cgroup(&knob_frozen, "", "gone");
	proc = over_in(cgroup, &knob_frozen);
	kill(live_run_pid(), SIGSTOP);
	kill_and_wait(proc);
	LIVE_UNTIL(!rmdir(cgroup), LIVE_WAIT_MS, "%s: %s", cgroup,
		   strerror(errno));
	kill(live_run_pid(), SIGCONT);
	UNTIL_NOTHING_TO_UNDO();
	LIVE_ASSERT(!times_said("cgroup."), "said: %s", live_run_stderr());
	live_run_stop();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		LIVE_TEST(a_response_ends_when_the_process_is_below),
		LIVE_TEST_ONCE(a_response_ends_when_the_process_does),
		LIVE_TEST(responses_end_with_the_loader),
		LIVE_TEST_ONCE(the_guard_undoes_it_when_the_loader_is_killed),
		LIVE_TEST_ONCE(a_loader_killed_at_any_moment_leaves_nothing),
		LIVE_TEST_ONCE(the_next_run_undoes_what_both_have_left),
		LIVE_TEST_ONCE(unload_undoes_responses),
		LIVE_TEST_ONCE(unload_undoes_even_if_nothing_is_loaded),
		LIVE_TEST_ONCE(it_stays_while_another_process_is_over),
		LIVE_TEST_ONCE(a_users_change_meanwhile_stays),
		LIVE_TEST_ONCE(a_users_thaw_is_respected),
		LIVE_TEST_ONCE(a_lower_value_is_not_raised),
		LIVE_TEST_ONCE(another_cgroup_of_the_same_name_is_not_touched),
		LIVE_TEST_ONCE(a_cgroup_that_is_removed_meanwhile_is_forgotten),
	};

	return live_tests("responses", tests, NULL, NULL);
}
