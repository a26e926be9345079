// SPDX-License-Identifier: GPL-2.0
/*
 * test_daemon.c - overhigh run: taking over, ending, what is attached when, dry
 * run, events that are lost.
 */
#include <errno.h>
#include <signal.h>
#include <linux/magic.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "live.h"

static struct live_cmd cmd;

/* How many hooks of a kind that can cost something are attached. */
static int attached_hooks(void)
{
	cJSON *hooks, *hook;
	int n = 0;

	hooks = cJSON_GetObjectItemCaseSensitive(live_status(), "hooks");
	assert_non_null(hooks);
	cJSON_ArrayForEach(hook, hooks) n +=
		!strcmp(hook->valuestring, "attached");
	return n;
}

/* ---- taking over ---- */

static void a_second_run_is_refused(void **state)
{
	struct live_proc *proc;

	(void)state;
	live_run("");
	live_overhigh(&cmd, "run");
	LIVE_ASSERT(cmd.status == 1, "exit %d", cmd.status);
	LIVE_ASSERT(live_lines(cmd.err) == 1, "not one line: %s", cmd.err);
	/* the first goes on */
	proc = live_eat("wait touch=256M");
	live_ok("set %d --action kill --limit 32M", proc->pid);
	live_open_gate(proc, 0);
	live_assert_killed(proc, LIVE_WAIT_MS);
	live_event(proc->pid, "acted", 1);
	live_run_stop();
}

static void enforcement_goes_on_when_the_loader_is_killed(void **state)
{
	struct live_proc *proc;

	(void)state;
	live_run("");
	proc = live_eat("wait touch=256M");
	live_ok("set %d --action kill --limit 32M", proc->pid);
	live_run_kill();
	live_open_gate(proc, 0);
	live_assert_killed(proc, LIVE_WAIT_MS);
	LIVE_ASSERT(proc->slot->touched_bytes <= 32 * MIB + 64 * PAGE,
		    "touched %llu",
		    (unsigned long long)proc->slot->touched_bytes);
}

static void set_works_while_no_loader_runs(void **state)
{
	struct live_proc *proc;

	(void)state;
	live_run("");
	live_run_kill();
	proc = live_eat("wait touch=256M");
	live_ok("set %d --action kill --limit 32M", proc->pid);
	live_open_gate(proc, 0);
	live_assert_killed(proc, LIVE_WAIT_MS);
	LIVE_ASSERT(proc->slot->touched_bytes <= 32 * MIB + 64 * PAGE,
		    "touched %llu",
		    (unsigned long long)proc->slot->touched_bytes);
}

/* The process crosses its limit somewhere in the takeover: at every rate the
 * moment is another. */
static void a_new_run_takes_over_without_a_gap(void **state)
{
	struct live_proc *proc[4];
	int i;

	(void)state;
	live_run("");
	for (i = 0; i < 4; i++) {
		proc[i] = live_eat("--rate 16M wait touch=512M");
		live_ok("set %d --action kill --limit %dM", proc[i]->pid,
			8 + i * 6);
		live_open_gate(proc[i], 0);
	}
	live_pause(200);
	live_run_kill();
	live_pause(100);
	live_run("");
	for (i = 0; i < 4; i++) {
		live_assert_killed(proc[i], LIVE_WAIT_MS);
		LIVE_ASSERT(proc[i]->slot->touched_bytes <=
				    (8 + i * 6) * MIB + 64 * PAGE,
			    "number %d touched %llu", i,
			    (unsigned long long)proc[i]->slot->touched_bytes);
	}
	live_run_stop();
}

static void policies_outlive_the_takeover(void **state)
{
	struct live_proc *proc;
	char *before;

	(void)state;
	live_run("");
	proc = live_eat("wait touch=256M");
	live_ok("set %d --action kill --limit 32M", proc->pid);
	before = strdup(live_policies());
	live_run_kill();
	live_run("");
	assert_string_equal(before, live_policies());
	free(before);
	live_open_gate(proc, 0);
	live_assert_killed(proc, LIVE_WAIT_MS);
	live_event(proc->pid, "acted", 1);
	live_run_stop();
}

static void a_graceful_end_detaches_everything(void **state)
{
	struct live_proc *proc;

	(void)state;
	live_run("");
	proc = live_eat("wait touch=64M");
	live_ok("set %d --action kill --limit 32M", proc->pid);
	live_run_stop();
	LIVE_ASSERT(access(LIVE_PINS "/links/rss_stat", F_OK),
		    "a link is still pinned");
	live_open_gate(proc, 0);
	live_assert_unharmed(proc);
}

static void keep_leaves_everything_attached(void **state)
{
	struct live_proc *proc;

	(void)state;
	live_run("--keep");
	proc = live_eat("wait touch=256M");
	live_ok("set %d --action kill --limit 32M", proc->pid);
	live_run_stop();
	live_open_gate(proc, 0);
	live_assert_killed(proc, LIVE_WAIT_MS);
}

static void unload_removes_everything(void **state)
{
	struct live_proc *proc;

	(void)state;
	live_run("--keep");
	proc = live_eat("wait touch=64M");
	live_ok("set %d --action kill --limit 32M", proc->pid);
	live_run_stop();
	live_ok("unload");
	LIVE_ASSERT(access(LIVE_PINS, F_OK), LIVE_PINS " still exists");
	live_open_gate(proc, 0);
	live_assert_unharmed(proc);
}

static void pins_of_another_version_are_refused(void **state)
{
	struct overhigh_control control;
	uint32_t zero = 0;

	(void)state;
	live_run("--keep");
	live_run_stop();
	assert_int_equal(live_map_get("control", &zero, &control), 0);
	control.abi = 4711;
	assert_int_equal(live_map_set("control", &zero, &control), 0);
	live_overhigh(&cmd, "run");
	LIVE_ASSERT(cmd.status == 1 || cmd.status == 2, "exit %d", cmd.status);
	LIVE_ASSERT(live_lines(cmd.err) == 1, "not one line: %s", cmd.err);
	assert_non_null(strstr(cmd.err, "unload"));
	live_overhigh(&cmd, "set %d --action kill --limit 1G", getpid());
	LIVE_ASSERT(cmd.status == 1 || cmd.status == 2, "exit %d", cmd.status);
	assert_int_equal(live_map_get("control", &zero, &control), 0);
	assert_int_equal(control.abi, 4711);
	live_ok("unload --force");
	live_run("");
	live_run_stop();
}

static void only_root_may_look_at_the_pins(void **state)
{
	struct stat st;

	(void)state;
	live_run("");
	assert_int_equal(stat(LIVE_PINS, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	assert_int_equal(st.st_uid, 0);
	live_run_stop();
}

static void run_mounts_bpffs_where_it_is_not_mounted(void **state)
{
	struct statfs fs;

	(void)state;
	/* in the mount namespace of the tests: nobody else sees it */
	while (!umount2("/sys/fs/bpf", MNT_DETACH))
		;
	assert_int_equal(statfs("/sys/fs/bpf", &fs), 0);
	assert_int_not_equal(fs.f_type, BPF_FS_MAGIC);
	live_run("");
	assert_int_equal(statfs("/sys/fs/bpf", &fs), 0);
	assert_int_equal(fs.f_type, BPF_FS_MAGIC);
	live_run_stop();
}

/* ---- what is attached ---- */

static void nothing_is_attached_while_no_policy_exists(void **state)
{
	struct live_proc *proc;

	(void)state;
	live_run("");
	assert_int_equal(attached_hooks(), 0);
	proc = live_eat("wait");
	live_ok("set %d --action kill --limit 32M", proc->pid);
	assert_true(attached_hooks() > 0);
	live_ok("unset %d", proc->pid);
	assert_int_equal(attached_hooks(), 0);
	live_ok("set --default --action none --limit 8G");
	assert_true(attached_hooks() > 0);
	live_ok("unset --default");
	assert_int_equal(attached_hooks(), 0);
	live_run_stop();
}

static void hooks_go_when_the_last_governed_process_has_ended(void **state)
{
	struct live_proc *proc;

	(void)state;
	live_run("");
	proc = live_eat("wait");
	live_ok("set %d --action kill --limit 32M", proc->pid);
	assert_true(attached_hooks() > 0);
	live_open_gate(proc, 0);
	live_assert_unharmed(proc);
	LIVE_UNTIL(!attached_hooks(), LIVE_WAIT_MS, "%d hooks are attached",
		   attached_hooks());
	live_run_stop();
}

static void status_names_a_mechanism_or_a_reason_for_each_action(void **state)
{
	static const char *const names[] = { "kill", "signal", "slowdown",
					     "enomem", "memcg_margin" };
	cJSON *actions, *action;
	bool available;
	size_t i;

	(void)state;
	live_run("");
	actions = cJSON_GetObjectItemCaseSensitive(live_status(), "actions");
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		action = cJSON_GetObjectItemCaseSensitive(actions, names[i]);
		assert_non_null(action);
		available = cJSON_IsTrue(
			cJSON_GetObjectItemCaseSensitive(action, "available"));
		LIVE_ASSERT(*live_string(action,
					 available ? "mechanism" : "reason"),
			    "%s: no words", names[i]);
	}
	assert_true(live_number(live_status(), "loader_pid") == live_run_pid());
	live_run_stop();
}

static void counters_count_what_was_done(void **state)
{
	struct live_proc *proc;

	(void)state;
	live_run("");
	proc = live_eat("wait touch=256M");
	live_ok("set %d --action kill --limit 32M", proc->pid);
	live_open_gate(proc, 0);
	live_assert_killed(proc, LIVE_WAIT_MS);
	assert_true(live_counter("crossed") == 1);
	assert_true(live_counter("kill") == 1);
	assert_true(live_counter("lost_events") == 0);
	live_run_stop();
}

/* ---- dry run ---- */

static void a_dry_run_reports_and_does_nothing(void **state)
{
	struct live_proc *proc;
	cJSON *event;

	(void)state;
	live_run("--dry-run");
	proc = live_eat("wait touch=64M");
	live_ok("set %d --action kill --limit 32M", proc->pid);
	live_open_gate(proc, 0);
	live_assert_unharmed(proc);
	assert_int_equal(proc->slot->touched_bytes, 64 * MIB);
	event = live_event(proc->pid, "acted", 1);
	assert_string_equal(live_string(event, "action"), "kill");
	assert_true(cJSON_IsTrue(
		cJSON_GetObjectItemCaseSensitive(event, "dry_run")));
	assert_true(cJSON_IsTrue(
		cJSON_GetObjectItemCaseSensitive(live_status(), "dry_run")));
	proc = live_eat("wait touch=64M");
	live_ok("set %d --action signal --signal TERM --limit 32M", proc->pid);
	live_open_gate(proc, 0);
	live_assert_unharmed(proc);
	live_event(proc->pid, "acted", 1);
	proc = live_eat("wait touch=64M");
	live_ok("set %d --action slowdown --limit 16M", proc->pid);
	live_open_gate(proc, 0);
	live_assert_unharmed(proc);
	live_event(proc->pid, "acted", 1);
	live_run_stop();
}

/* ---- events ---- */

static void events_can_be_followed_by_another_command(void **state)
{
	char *argv[] = { "/bin/sh", "-c", NULL, NULL };
	char line[512], path[128];
	struct live_proc *proc, *reader;

	(void)state;
	live_run("");
	snprintf(path, sizeof(path), "%s/events", live_dir());
	snprintf(line, sizeof(line), "exec %s events --json >%s",
		 getenv("OVERHIGH") ? getenv("OVERHIGH") : "build/overhigh",
		 path);
	argv[2] = line;
	reader = live_spawn(argv);
	live_pause(500);
	proc = live_eat("wait touch=256M");
	live_ok("set %d --action kill --limit 32M", proc->pid);
	live_open_gate(proc, 0);
	live_assert_killed(proc, LIVE_WAIT_MS);
	live_event(proc->pid, "exited", 1);
	live_pause(300);
	kill(reader->pid, SIGTERM);
	live_wait_end(reader, LIVE_WAIT_MS);
	live_shell(&cmd, "cat %s", path);
	assert_non_null(strstr(cmd.out, "\"crossed\""));
	assert_non_null(strstr(cmd.out, "\"acted\""));
	assert_non_null(strstr(cmd.out, "\"exited\""));
	live_run_stop();
}

static void events_carry_what_the_process_had(void **state)
{
	struct live_proc *proc;
	double anon, rss;
	cJSON *event;

	(void)state;
	live_run("");
	proc = live_eat("--on-signal %d=report wait touch=48M", SIGUSR1);
	live_ok("set %d --action signal --signal USR1 --direct --rss anon "
		"--limit 40M",
		proc->pid);
	live_open_gate(proc, 0);
	event = live_event(proc->pid, "crossed", 1);
	anon = live_number(cJSON_GetObjectItemCaseSensitive(event, "rss"),
			   "anon");
	rss = 40.0 * MIB + live_number(event, "excess_bytes");
	LIVE_ASSERT(anon == rss, "anon %.0f, limit + excess %.0f", anon, rss);
	assert_true(live_number(event, "tid") == proc->pid);
	assert_true(live_number(event, "start_ns") > 0);
	assert_true(live_number(event, "time_ns") <= live_now_ns());
	live_assert_unharmed(proc);
	live_run_stop();
}

/* ---- short of memory ---- */

static uint64_t proc_status_kb(pid_t pid, const char *name)
{
	live_shell(&cmd, "sed -n 's/^%s:[^0-9]*//p' /proc/%d/status", name,
		   pid);
	return strtoull(cmd.out, NULL, 10);
}

/* Events by the hundred, as JSON: none of them makes the loader larger. */
static void events_cost_the_loader_no_memory(void **state)
{
	static const char cycles[] = "touch=20M free touch=20M free touch=20M "
				     "free touch=20M free touch=20M free "
				     "touch=20M free touch=20M free ";
	uint64_t data_kb, rss_kb;
	struct live_proc *proc;

	(void)state;
	live_run("");
	proc = live_eat("wait %s wait %s%s%s", cycles, cycles, cycles, cycles);
	live_ok("set %d --action none --limit 16M", proc->pid);
	live_open_gate(proc, 0);
	live_at_gate(proc, 0, 2);
	live_event(proc->pid, "crossed", 7);
	data_kb = proc_status_kb(live_run_pid(), "VmData");
	rss_kb = proc_status_kb(live_run_pid(), "VmRSS");
	LIVE_ASSERT(data_kb && rss_kb, "cannot read them");
	live_open_gate(proc, 0);
	live_assert_unharmed(proc);
	live_event(proc->pid, "crossed", 28);
	LIVE_ASSERT(
		proc_status_kb(live_run_pid(), "VmData") == data_kb &&
			proc_status_kb(live_run_pid(), "VmRSS") == rss_kb,
		"from %llu to %llu KiB", (unsigned long long)rss_kb,
		(unsigned long long)proc_status_kb(live_run_pid(), "VmRSS"));
	live_run_stop();
}

/* Somebody whom nothing governs takes all there is, until the kernel's OOM
 * killer ends him; before and after it a governed runaway is stopped. */
static void the_loader_survives_the_exhaustion_of_memory(void **state)
{
	struct live_proc *glutton, *proc;

	(void)state;
	live_shell(&cmd, "sed -n 's/^MemTotal: *//p' /proc/meminfo");
	if (strtoull(cmd.out, NULL, 10) > 2 << 20)
		LIVE_SKIP("only where memory is small: in a guest");
	live_run("");
	glutton = live_eat("wait touch=8G");
	live_shell(&cmd, "echo 1000 > /proc/%d/oom_score_adj", glutton->pid);
	live_open_gate(glutton, 0);
	live_assert_killed(glutton, 120000);
	assert_int_equal(kill(live_run_pid(), 0), 0);
	proc = live_eat("wait touch=128M");
	live_ok("set %d --action none --limit 32M --grace 200ms --then kill",
		proc->pid);
	live_open_gate(proc, 0);
	live_event(proc->pid, "crossed", 1);
	live_run_stop();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		LIVE_TEST_ONCE(a_second_run_is_refused),
		LIVE_TEST(enforcement_goes_on_when_the_loader_is_killed),
		LIVE_TEST_ONCE(set_works_while_no_loader_runs),
		LIVE_TEST(a_new_run_takes_over_without_a_gap),
		LIVE_TEST_ONCE(policies_outlive_the_takeover),
		LIVE_TEST(a_graceful_end_detaches_everything),
		LIVE_TEST_ONCE(keep_leaves_everything_attached),
		LIVE_TEST(unload_removes_everything),
		LIVE_TEST_ONCE(pins_of_another_version_are_refused),
		LIVE_TEST_ONCE(only_root_may_look_at_the_pins),
		LIVE_TEST_ONCE(run_mounts_bpffs_where_it_is_not_mounted),
		LIVE_TEST(nothing_is_attached_while_no_policy_exists),
		LIVE_TEST(hooks_go_when_the_last_governed_process_has_ended),
		LIVE_TEST_ONCE(
			status_names_a_mechanism_or_a_reason_for_each_action),
		LIVE_TEST_ONCE(counters_count_what_was_done),
		LIVE_TEST_ONCE(a_dry_run_reports_and_does_nothing),
		LIVE_TEST_ONCE(events_can_be_followed_by_another_command),
		LIVE_TEST_ONCE(events_carry_what_the_process_had),
		LIVE_TEST_ONCE(events_cost_the_loader_no_memory),
		LIVE_TEST_ONCE(the_loader_survives_the_exhaustion_of_memory),
	};

	return live_tests("run", tests, NULL, NULL);
}
