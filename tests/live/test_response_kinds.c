// SPDX-License-Identifier: GPL-2.0
/*
 * test_response_kinds.c - which cgroup a response is for, freeze and reclaim,
 * and when nothing is done.  How a response ends is in test_responses.c.
 */
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include "live_responses.h"

/* ---- which cgroup ---- */

static void a_cgroup_policy_acts_on_its_cgroup(void **state)
{
	const char *top, *leaf;
	struct live_proc *proc;
	struct stat st;

	(void)state;
	NEED_KNOB(&knob_frozen);
	live_run("");
	top = cgroup_with(&knob_frozen, "top");
	leaf = live_cgroup(top, "leaf");
	live_ok("set %s --action none --limit 16M", top);
	assert_int_equal(stat(top, &st), 0);
	extend_policy("cgroup_policy", st.st_ino, &knob_frozen.extension);
	proc = live_eat("wait touch=32M wait");
	live_cgroup_enter(leaf, proc->pid);
	live_open_gate(proc, 0);
	UNTIL_READS(top, "cgroup.freeze", "1");
	assert_true(cgroup_reads(leaf, "cgroup.freeze", "0"));
	kill_and_wait(proc);
	UNTIL_READS(top, "cgroup.freeze", "0");
	live_run_stop();
}

static void no_response_changes_the_root_cgroup(void **state)
{
	const char *root = live_cgroup_root(NULL);
	struct live_proc *proc;

	(void)state;
	if (!root)
		LIVE_SKIP("no cgroup2 is mounted");
	live_run("");
	proc = waiting_in(root, &knob_frozen.extension);
	live_open_gate(proc, 0);
	until_said_once("root cgroup");
	live_at_gate(proc, 0, 2);
	assert_int_equal(access(UNDO_PATH, F_OK), -1);
	live_run_stop();
}

static void what_holds_the_loader_is_not_frozen(void **state)
{
	const char *root = live_cgroup_root(NULL);
	struct live_proc *proc;
	const char *top, *leaf;

	(void)state;
	if (!root)
		LIVE_SKIP("no cgroup2 is mounted");
	live_run("");
	top = live_cgroup(root, "ours");
	leaf = live_cgroup(top, "leaf");
	/* the loader, and the guard alone in another */
	live_cgroup_enter(leaf, guard_pid());
	proc = waiting_in(top, &knob_frozen.extension);
	live_open_gate(proc, 0);
	until_said_once("overhigh itself");
	assert_true(cgroup_reads(top, "cgroup.freeze", "0"));
	kill_and_wait(proc);
	live_cgroup_enter(leaf, live_run_pid());
	proc = waiting_in(leaf, &knob_frozen.extension);
	live_open_gate(proc, 0);
	LIVE_UNTIL(times_said("overhigh itself") == 2, LIVE_WAIT_MS, "said: %s",
		   live_run_stderr());
	assert_true(cgroup_reads(leaf, "cgroup.freeze", "0"));
	live_run_stop();
}

static void a_missing_controller_is_said_once(void **state)
{
	const struct overhigh_extension reclaim_and_high = {
		.responses = OVERHIGH_RECLAIM | OVERHIGH_HIGH,
		.high_bytes = MIB,
	};
	const char *root = live_cgroup_root(NULL), *leaf;
	struct live_proc *proc;

	(void)state;
	if (!root)
		LIVE_SKIP("no cgroup2 is mounted");
	live_run("");
	/* what is below a new cgroup has no controllers */
	leaf = live_cgroup(live_cgroup(root, "without"), "leaf");
	proc = waiting_in(leaf, &reclaim_and_high);
	live_open_gate(proc, 0);
	until_said_once("memory.high: there is none");
	until_said_once("memory.reclaim: there is none");
	assert_int_equal(access(UNDO_PATH, F_OK), -1);
	live_run_stop();
}

/* ---- freeze ---- */

static void a_freeze_ends_after_its_time(void **state)
{
	const struct overhigh_extension short_time = {
		.responses = OVERHIGH_FREEZE,
		.freeze_ms = 700,
	};
	struct live_proc *proc;
	const char *cgroup;
	uint64_t began_ns, took_ms;

	(void)state;
	NEED_KNOB(&knob_frozen);
	cgroup = run_with_cgroup(&knob_frozen, "", "time");
	proc = waiting_in(cgroup, &short_time);
	live_open_gate(proc, 0);
	UNTIL_READS(cgroup, "cgroup.freeze", "1");
	began_ns = live_now_ns();
	UNTIL_READS(cgroup, "cgroup.freeze", "0");
	took_ms = (live_now_ns() - began_ns) / 1000000;
	LIVE_ASSERT(took_ms >= 400 && took_ms <= 700 + live_late_ms(),
		    "frozen for %llu ms", (unsigned long long)took_ms);
	/* it goes on, is still over, and is not frozen again */
	live_at_gate(proc, 0, 2);
	live_pause(500);
	assert_true(cgroup_reads(cgroup, "cgroup.freeze", "0"));
	assert_int_equal(live_events(proc->pid, "below"), 0);
	live_run_stop();
}

static void the_guard_ends_a_freeze_of_a_stopped_loader(void **state)
{
	const struct overhigh_extension short_time = {
		.responses = OVERHIGH_FREEZE,
		.freeze_ms = 3000,
	};
	struct live_proc *proc;
	const char *cgroup;

	(void)state;
	NEED_KNOB(&knob_frozen);
	cgroup = run_with_cgroup(&knob_frozen, "", "stopped");
	proc = waiting_in(cgroup, &short_time);
	live_open_gate(proc, 0);
	UNTIL_READS(cgroup, "cgroup.freeze", "1");
	kill(live_run_pid(), SIGSTOP);
	UNTIL_READS(cgroup, "cgroup.freeze", "0");
	live_at_gate(proc, 0, 2);
	/* from then on a freeze is the user's */
	live_pause(500);
	live_cgroup_write(cgroup, "cgroup.freeze", "1");
	live_pause(1000);
	assert_true(cgroup_reads(cgroup, "cgroup.freeze", "1"));
	live_cgroup_write(cgroup, "cgroup.freeze", "0");
	kill(live_run_pid(), SIGCONT);
	live_run_stop();
}

/* By the option, whose freeze is as long as the first step. */
static void a_frozen_process_takes_the_next_step(void **state)
{
	struct live_proc *proc;
	const char *cgroup;

	(void)state;
	NEED_KNOB(&knob_frozen);
	cgroup = run_with_cgroup(&knob_frozen, "", "ladder");
	proc = live_eat("wait touch=32M wait");
	live_cgroup_enter(cgroup, proc->pid);
	live_ok("set %d --action none --limit 16M --respond freeze --grace 3s "
		"--then kill",
		proc->pid);
	live_open_gate(proc, 0);
	UNTIL_READS(cgroup, "cgroup.freeze", "1");
	live_assert_killed(proc, LIVE_WAIT_MS);
	UNTIL_READS(cgroup, "cgroup.freeze", "0");
	live_run_stop();
}

/* ---- reclaim ---- */

static bool have_swap(void)
{
	char line[256];
	FILE *file = fopen("/proc/swaps", "r");
	int n = 0;

	while (file && fgets(line, sizeof(line), file))
		n++;
	if (file)
		fclose(file);
	return n > 1;
}

static const struct overhigh_extension reclaim = {
	.responses = OVERHIGH_RECLAIM,
};

static struct live_proc *anonymous_in(const char *cgroup)
{
	struct live_proc *proc = live_eat("wait touch=48M wait");

	live_cgroup_enter(cgroup, proc->pid);
	live_ok("set %d --action none --rss anon --limit 16M --direct",
		proc->pid);
	extend_policy("process_policy", proc->pid, &reclaim);
	live_open_gate(proc, 0);
	return proc;
}

static void a_response_reclaims_until_the_process_is_below(void **state)
{
	struct live_proc *proc;
	const char *cgroup;

	(void)state;
	NEED_KNOB(&knob_high);
	if (!have_swap())
		LIVE_SKIP("there is no swap");
	live_run("");
	cgroup = cgroup_with(&knob_high, "reclaim");
	proc = anonymous_in(cgroup);
	live_at_gate(proc, 0, 2);
	LIVE_UNTIL(live_cgroup_read(cgroup, "memory.current", NULL) < 24 * MIB,
		   60000, "memory.current is %llu; stderr: %s",
		   (unsigned long long)live_cgroup_read(cgroup,
							"memory.current", NULL),
		   live_run_stderr());
	live_event(proc->pid, "below", 1);
	live_run_stop();
}

static pid_t child_named(pid_t parent, const char *comm)
{
	char path[64], line[512];
	struct dirent *entry;
	DIR *dir = opendir("/proc");
	pid_t found = 0, ppid;
	FILE *file;

	while (!found && dir && (entry = readdir(dir))) {
		snprintf(path, sizeof(path), "/proc/%.16s/stat", entry->d_name);
		file = entry->d_name[0] >= '1' && entry->d_name[0] <= '9' ?
			       fopen(path, "r") :
			       NULL;
		if (!file)
			continue;
		if (fgets(line, sizeof(line), file) && strstr(line, comm) &&
		    sscanf(strrchr(line, ')'), ") %*c %d", &ppid) == 1 &&
		    ppid == parent)
			found = atoi(entry->d_name);
		fclose(file);
	}
	if (dir)
		closedir(dir);
	return found;
}

static uint64_t heartbeat_age_ms(void)
{
	struct overhigh_control control;
	uint32_t zero = 0;

	assert_int_equal(live_map_get("control", &zero, &control), 0);
	return (live_now_ns() - control.heartbeat_ns) / 1000000;
}

/* A process that writes is stopped: as good as a write that does not end. */
static void a_stuck_reclaim_holds_nothing_up(void **state)
{
	struct live_proc *proc;
	const char *cgroup;
	uint64_t oldest_ms = 0, age_ms;
	pid_t writer;
	int i;

	(void)state;
	NEED_KNOB(&knob_high);
	cgroup = run_with_cgroup(&knob_high, "", "stuck");
	writer = child_named(live_run_pid(), "overhigh-writer");
	LIVE_ASSERT(writer > 0, "no process that writes");
	kill(writer, SIGSTOP);
	proc = anonymous_in(cgroup);
	live_event(proc->pid, "crossed", 1);
	for (i = 0; i < 100; i++) {
		live_pause(20);
		age_ms = heartbeat_age_ms();
		oldest_ms = age_ms > oldest_ms ? age_ms : oldest_ms;
	}
	LIVE_ASSERT(oldest_ms < 400 + live_late_ms(), "heartbeat of %llu ms",
		    (unsigned long long)oldest_ms);
	live_run_stop();
}

/* What is under way when the process falls below is undone once it is done. */
static void a_write_that_ends_after_its_time_is_undone(void **state)
{
	struct live_proc *proc;
	const char *cgroup;
	pid_t writer;

	(void)state;
	NEED_KNOB(&knob_high);
	cgroup = run_with_cgroup(&knob_high, "", "late");
	writer = child_named(live_run_pid(), "overhigh-writer");
	kill(writer, SIGSTOP);
	proc = waiting_in(cgroup, &knob_high.extension);
	live_open_gate(proc, 0);
	LIVE_UNTIL(!access(UNDO_PATH, F_OK), LIVE_WAIT_MS, "no %s", UNDO_PATH);
	live_at_gate(proc, 0, 2);
	live_open_gate(proc, 0);
	live_at_gate(proc, 0, 3);
	live_pause(500);
	kill(writer, SIGCONT);
	UNTIL_NOTHING_TO_UNDO();
	assert_true(cgroup_reads(cgroup, "memory.high", "max"));
	/* one that dies is replaced */
	kill(child_named(live_run_pid(), "overhigh-writer"), SIGKILL);
	kill_and_wait(proc);
	proc = over_in(cgroup, &knob_high);
	kill_and_wait(proc);
	UNTIL_READS(cgroup, "memory.high", "max");
	live_run_stop();
}

/* ---- not ours ---- */

static void a_dry_run_changes_nothing(void **state)
{
	struct live_proc *proc;
	const char *cgroup;

	(void)state;
	NEED_KNOB(&knob_frozen);
	cgroup = run_with_cgroup(&knob_frozen, "--dry-run", "dry");
	proc = waiting_in(cgroup, &knob_frozen.extension);
	live_open_gate(proc, 0);
	live_event(proc->pid, "crossed", 1);
	live_pause(500);
	assert_true(cgroup_reads(cgroup, "cgroup.freeze", "0"));
	assert_int_equal(access(UNDO_PATH, F_OK), -1);
	live_run_stop();
}

/* What is not ours in that file is not believed. */
static void an_undo_file_with_false_lines_changes_nothing(void **state)
{
	const char *cgroup;
	struct stat st;
	FILE *file;

	(void)state;
	NEED_KNOB(&knob_frozen);
	cgroup = cgroup_with(&knob_frozen, "lies");
	live_cgroup_write(cgroup, "cgroup.freeze", "1");
	assert_int_equal(stat(cgroup, &st), 0);
	mkdir("/run/overhigh", 0700);
	file = fopen(UNDO_PATH, "w");
	assert_non_null(file);
	fprintf(file,
		"overhigh-responses 1 1\n"
		"nonsense\n"
		"%llu 0 cgroup.freeze 0 1 %s/../%s\n" /* a way around */
		"%llu 0 cgroup.kill 1 1 %s\n"	      /* no such response */
		"%llu 0 cgroup.freeze 0 1 %s\n"	      /* another id */
		"%llu 0 cgroup.freeze 0 1 /etc\n",
		(unsigned long long)st.st_ino, cgroup, strrchr(cgroup, '/') + 1,
		(unsigned long long)st.st_ino, cgroup,
		(unsigned long long)st.st_ino + 1, cgroup,
		(unsigned long long)st.st_ino);
	fclose(file);
	live_run("");
	assert_true(cgroup_reads(cgroup, "cgroup.freeze", "1"));
	assert_int_equal(access(UNDO_PATH, F_OK), -1);
	assert_non_null(strstr(live_run_stderr(), "not valid"));
	live_run_stop();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		LIVE_TEST_ONCE(a_cgroup_policy_acts_on_its_cgroup),
		LIVE_TEST_ONCE(no_response_changes_the_root_cgroup),
		LIVE_TEST_ONCE(what_holds_the_loader_is_not_frozen),
		LIVE_TEST_ONCE(a_missing_controller_is_said_once),
		LIVE_TEST(a_freeze_ends_after_its_time),
		LIVE_TEST_ONCE(the_guard_ends_a_freeze_of_a_stopped_loader),
		LIVE_TEST(a_frozen_process_takes_the_next_step),
		LIVE_TEST(a_response_reclaims_until_the_process_is_below),
		LIVE_TEST_ONCE(a_stuck_reclaim_holds_nothing_up),
		LIVE_TEST_ONCE(a_write_that_ends_after_its_time_is_undone),
		LIVE_TEST_ONCE(a_dry_run_changes_nothing),
		LIVE_TEST_ONCE(an_undo_file_with_false_lines_changes_nothing),
	};

	return live_tests("response_kinds", tests, NULL, NULL);
}
