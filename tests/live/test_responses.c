// SPDX-License-Identifier: GPL-2.0
/*
 * test_responses.c - what is done to the cgroup of a process that is over, and
 * that it is undone whatever happens to the process, the cgroup or the loader.
 * Lines of the file that says what to undo are in tests/unit/test_undo.c.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include "live.h"

#define UNDO_PATH "/run/overhigh/responses"
#define LONG_MS 60000
#define HIGH_TEXT "67108864"

/* One file of a cgroup and what a response makes of it. */
struct knob {
	const char *controller; /* NULL: every cgroup has it */
	const char *file;
	const char *before;
	const char *during;
	struct overhigh_extension extension;
};

static const struct knob high = { "memory",
				  "memory.high",
				  "max",
				  HIGH_TEXT,
				  { .responses = OVERHIGH_HIGH,
				    .high_bytes = 64 * MIB + 100 } };
static const struct knob high_of_a_number = { "memory",
					      "memory.high",
					      "536870912",
					      HIGH_TEXT,
					      { .responses = OVERHIGH_HIGH,
						.high_bytes = 64 * MIB } };
static const struct knob weight = { "cpu",
				    "cpu.weight",
				    "150",
				    "10",
				    { .responses = OVERHIGH_LOW_PRIORITY,
				      .cpu_weight = 10 } };
static const struct knob frozen = { NULL,
				    "cgroup.freeze",
				    "0",
				    "1",
				    { .responses = OVERHIGH_FREEZE,
				      .freeze_ms = LONG_MS } };
static const struct knob *const all[] = { &high, &high_of_a_number, &weight,
					  &frozen };
#define KNOBS (sizeof(all) / sizeof(all[0]))

static const char *text_of(const char *cgroup, const char *file)
{
	static char text[64];
	char path[512];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", cgroup, file);
	f = fopen(path, "r");
	if (!f || !fgets(text, sizeof(text), f))
		LIVE_FAIL("%s: %s", path, strerror(errno));
	fclose(f);
	text[strcspn(text, "\n")] = '\0';
	return text;
}

static bool reads(const char *cgroup, const char *file, const char *text)
{
	return !strcmp(text_of(cgroup, file), text);
}

#define UNTIL_READS(cgroup, file, text)                                        \
	LIVE_UNTIL(reads(cgroup, file, text), LIVE_WAIT_MS,                    \
		   "%s is %s, not %s; stderr: %s", file,                       \
		   text_of(cgroup, file), text, live_run_stderr())

/* Lets a policy, which is there, name an extension. */
static void extend(const char *map, uint64_t key,
		   const struct overhigh_extension *extension)
{
	struct overhigh_policy policy;
	static uint32_t entry = 100;

	entry++;
	assert_int_equal(live_map_set("extension", &entry, extension), 0);
	assert_int_equal(live_map_get(map, &key, &policy), 0);
	policy.escalation = overhigh_extended_by(entry);
	assert_int_equal(live_map_set(map, &key, &policy), 0);
}

static bool have(const struct knob *knob)
{
	return live_cgroup_root(knob->controller);
}

static const char *cgroup_for(const struct knob *knob, const char *name)
{
	const char *root = live_cgroup_root(knob->controller);
	const char *cgroup;

	assert_non_null(root);
	cgroup = live_cgroup(root, name);
	live_cgroup_write(cgroup, knob->file, knob->before);
	return cgroup;
}

/* Takes 32 MiB at its first gate, with a limit of 16, frees it at the second.
 */
static struct live_proc *waiting_in(const char *cgroup,
				    const struct overhigh_extension *extension)
{
	struct live_proc *proc = live_eat("wait touch=32M wait free wait");

	if (cgroup)
		live_cgroup_enter(cgroup, proc->pid);
	live_ok("set %d --action none --limit 16M", proc->pid);
	extend("process_policy", proc->pid, extension);
	return proc;
}

/* One that is over, with the response in force. */
static struct live_proc *over_in(const char *cgroup, const struct knob *knob)
{
	struct live_proc *proc = waiting_in(cgroup, &knob->extension);

	live_open_gate(proc, 0);
	UNTIL_READS(cgroup, knob->file, knob->during);
	return proc;
}

static void kill_and_wait(struct live_proc *proc)
{
	kill(proc->pid, SIGKILL);
	live_wait_end(proc, LIVE_WAIT_MS);
}

static pid_t guard_pid(void)
{
	return live_number(live_status(), "guard_pid");
}

/* The loader and its guard, in the same instant. */
static void kill_both(void)
{
	pid_t guard = guard_pid();

	kill(live_run_pid(), SIGSTOP);
	kill(guard, SIGKILL);
	live_run_kill();
}

/* ---- done and undone ---- */

static void it_ends_when_the_process_is_below(void **state)
{
	struct live_proc *proc;
	const char *cgroup;
	size_t i;

	(void)state;
	if (!have(&high))
		LIVE_SKIP("no cgroup2 with memory is mounted");
	live_run("");
	for (i = 0; i < KNOBS; i++) {
		if (all[i] == &frozen || !have(all[i]))
			continue;
		cgroup = cgroup_for(all[i], "below");
		proc = over_in(cgroup, all[i]);
		assert_true(live_number(live_status(), "cgroups_changed") == 1);
		live_at_gate(proc, 0, 2);
		live_open_gate(proc, 0);
		UNTIL_READS(cgroup, all[i]->file, all[i]->before);
		LIVE_UNTIL(access(UNDO_PATH, F_OK), LIVE_WAIT_MS,
			   "%s is still there", UNDO_PATH);
		kill_and_wait(proc);
		rmdir(cgroup);
	}
	live_run_stop();
}

static void it_ends_when_the_process_does(void **state)
{
	struct live_proc *proc;
	const char *cgroup;
	size_t i;

	(void)state;
	if (!have(&frozen))
		LIVE_SKIP("no cgroup2 is mounted");
	live_run("");
	for (i = 0; i < KNOBS; i++) {
		if (!have(all[i]))
			continue;
		cgroup = cgroup_for(all[i], "killed");
		proc = over_in(cgroup, all[i]);
		kill_and_wait(proc); /* also a frozen one */
		UNTIL_READS(cgroup, all[i]->file, all[i]->before);
		rmdir(cgroup);
	}
	live_run_stop();
}

static void it_ends_with_the_loader(void **state)
{
	struct live_proc *proc[KNOBS] = {};
	const char *cgroup[KNOBS];
	size_t i;

	(void)state;
	if (!have(&frozen))
		LIVE_SKIP("no cgroup2 is mounted");
	live_run("");
	for (i = 0; i < KNOBS; i++) {
		if (!have(all[i]))
			continue;
		cgroup[i] = cgroup_for(all[i], all[i]->before);
		proc[i] = over_in(cgroup[i], all[i]);
	}
	live_run_stop();
	for (i = 0; i < KNOBS; i++)
		if (proc[i])
			assert_string_equal(text_of(cgroup[i], all[i]->file),
					    all[i]->before);
	assert_int_equal(access(UNDO_PATH, F_OK), -1);
}

static void the_guard_undoes_it_when_the_loader_is_killed(void **state)
{
	struct live_proc *proc[KNOBS] = {};
	const char *cgroup[KNOBS];
	size_t i;

	(void)state;
	if (!have(&frozen))
		LIVE_SKIP("no cgroup2 is mounted");
	live_run("");
	for (i = 0; i < KNOBS; i++) {
		if (!have(all[i]))
			continue;
		cgroup[i] = cgroup_for(all[i], all[i]->before);
		proc[i] = over_in(cgroup[i], all[i]);
	}
	live_run_kill();
	for (i = 0; i < KNOBS; i++)
		if (proc[i])
			UNTIL_READS(cgroup[i], all[i]->file, all[i]->before);
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
		if (all[k] != &high_of_a_number && have(all[k]))
			live_cgroup_write(cgroup, all[k]->file, all[k]->before);
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
			if (all[k] != &high_of_a_number && have(all[k]))
				UNTIL_READS(cgroup, all[k]->file,
					    all[k]->before);
		LIVE_UNTIL(access(UNDO_PATH, F_OK), LIVE_WAIT_MS,
			   "%s is still there", UNDO_PATH);
		kill_and_wait(proc);
	}
}

static void the_next_run_undoes_what_both_have_left(void **state)
{
	struct live_proc *proc[KNOBS] = {};
	const char *cgroup[KNOBS];
	size_t i;

	(void)state;
	if (!have(&frozen))
		LIVE_SKIP("no cgroup2 is mounted");
	live_run("");
	for (i = 0; i < KNOBS; i++) {
		if (!have(all[i]))
			continue;
		cgroup[i] = cgroup_for(all[i], all[i]->before);
		proc[i] = over_in(cgroup[i], all[i]);
	}
	kill_both();
	for (i = 0; i < KNOBS; i++) {
		if (!proc[i])
			continue;
		assert_string_equal(text_of(cgroup[i], all[i]->file),
				    all[i]->during);
		kill_and_wait(proc[i]); /* else it is done again */
	}
	live_run("");
	for (i = 0; i < KNOBS; i++)
		if (proc[i])
			assert_string_equal(text_of(cgroup[i], all[i]->file),
					    all[i]->before);
	live_run_stop();
}

static void so_does_unload(void **state)
{
	const char *cgroup;

	(void)state;
	if (!have(&frozen))
		LIVE_SKIP("no cgroup2 is mounted");
	live_run("");
	cgroup = cgroup_for(&frozen, "unload");
	over_in(cgroup, &frozen);
	kill_both();
	assert_true(reads(cgroup, "cgroup.freeze", "1"));
	live_ok("unload");
	assert_true(reads(cgroup, "cgroup.freeze", "0"));
}

static void it_stays_while_another_process_is_over(void **state)
{
	const struct knob *knob = &high;
	struct live_proc *one, *two;
	const char *cgroup;

	(void)state;
	if (!have(knob))
		LIVE_SKIP("no cgroup2 with memory is mounted");
	live_run("");
	cgroup = cgroup_for(knob, "two");
	one = over_in(cgroup, knob);
	two = over_in(cgroup, knob);
	live_event(two->pid, "crossed", 1);
	live_at_gate(one, 0, 2);
	live_open_gate(one, 0);
	live_event(one->pid, "below", 1);
	live_pause(500 + live_late_ms());
	assert_string_equal(text_of(cgroup, knob->file), knob->during);
	live_at_gate(two, 0, 2);
	live_open_gate(two, 0);
	UNTIL_READS(cgroup, knob->file, knob->before);
	live_run_stop();
}

/* ---- which cgroup ---- */

static void a_cgroup_policy_acts_on_its_cgroup(void **state)
{
	const char *top, *leaf;
	struct live_proc *proc;
	struct stat st;

	(void)state;
	if (!have(&frozen))
		LIVE_SKIP("no cgroup2 is mounted");
	live_run("");
	top = cgroup_for(&frozen, "top");
	leaf = live_cgroup(top, "leaf");
	live_ok("set %s --action none --limit 16M", top);
	assert_int_equal(stat(top, &st), 0);
	extend("cgroup_policy", st.st_ino, &frozen.extension);
	proc = live_eat("wait touch=32M wait");
	live_cgroup_enter(leaf, proc->pid);
	live_open_gate(proc, 0);
	UNTIL_READS(top, "cgroup.freeze", "1");
	assert_true(reads(leaf, "cgroup.freeze", "0"));
	kill_and_wait(proc);
	UNTIL_READS(top, "cgroup.freeze", "0");
	live_run_stop();
}

static unsigned int times_said(const char *words)
{
	const char *at = live_run_stderr();
	unsigned int n = 0;

	while ((at = strstr(at, words))) {
		n++;
		at++;
	}
	return n;
}

static void until_said_once(const char *words)
{
	LIVE_UNTIL(times_said(words), LIVE_WAIT_MS, "not said: %s; but: %s",
		   words, live_run_stderr());
	live_pause(1000);
	LIVE_ASSERT(times_said(words) == 1, "said: %s", live_run_stderr());
}

static void the_root_is_refused(void **state)
{
	const char *root = live_cgroup_root(NULL);
	struct live_proc *proc;

	(void)state;
	if (!root)
		LIVE_SKIP("no cgroup2 is mounted");
	live_run("");
	proc = waiting_in(root, &frozen.extension);
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
	proc = waiting_in(top, &frozen.extension);
	live_open_gate(proc, 0);
	until_said_once("overhigh itself");
	assert_true(reads(top, "cgroup.freeze", "0"));
	kill_and_wait(proc);
	live_cgroup_enter(leaf, live_run_pid());
	proc = waiting_in(leaf, &frozen.extension);
	live_open_gate(proc, 0);
	LIVE_UNTIL(times_said("overhigh itself") == 2, LIVE_WAIT_MS, "said: %s",
		   live_run_stderr());
	assert_true(reads(leaf, "cgroup.freeze", "0"));
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

/* ---- users ---- */

static void a_users_change_meanwhile_stays(void **state)
{
	struct live_proc *proc;
	const char *cgroup;

	(void)state;
	if (!have(&high))
		LIVE_SKIP("no cgroup2 with memory is mounted");
	live_run("");
	cgroup = cgroup_for(&high, "user");
	proc = over_in(cgroup, &high);
	live_cgroup_write(cgroup, "memory.high", "104857600");
	live_at_gate(proc, 0, 2);
	live_open_gate(proc, 0);
	until_said_once("it stays 104857600");
	assert_true(reads(cgroup, "memory.high", "104857600"));
	kill_and_wait(proc);
	/* and so with a loader that is killed */
	live_cgroup_write(cgroup, "memory.high", "max");
	proc = over_in(cgroup, &high);
	live_cgroup_write(cgroup, "memory.high", "209715200");
	live_run_kill();
	LIVE_UNTIL(access(UNDO_PATH, F_OK), LIVE_WAIT_MS, "%s is still there",
		   UNDO_PATH);
	assert_true(reads(cgroup, "memory.high", "209715200"));
	kill_and_wait(proc);
}

static void a_users_thaw_is_respected(void **state)
{
	struct live_proc *proc;
	const char *cgroup;

	(void)state;
	if (!have(&frozen))
		LIVE_SKIP("no cgroup2 is mounted");
	live_run("");
	cgroup = cgroup_for(&frozen, "thaw");
	proc = over_in(cgroup, &frozen);
	live_cgroup_write(cgroup, "cgroup.freeze", "0");
	live_at_gate(proc, 0, 2);
	live_pause(500 + live_late_ms());
	assert_true(reads(cgroup, "cgroup.freeze", "0"));
	kill_and_wait(proc);
	/* one that a user has frozen is not ours to thaw */
	proc = waiting_in(cgroup, &frozen.extension);
	live_open_gate(proc, 0);
	UNTIL_READS(cgroup, "cgroup.freeze", "1");
	kill_and_wait(proc);
	UNTIL_READS(cgroup, "cgroup.freeze", "0");
	live_cgroup_write(cgroup, "cgroup.freeze", "1");
	live_run_stop();
	assert_true(reads(cgroup, "cgroup.freeze", "1"));
}

static void a_lower_value_is_not_raised(void **state)
{
	struct live_proc *proc;
	const char *cgroup;

	(void)state;
	if (!have(&high))
		LIVE_SKIP("no cgroup2 with memory is mounted");
	live_run("");
	cgroup = cgroup_for(&high, "lower");
	live_cgroup_write(cgroup, "memory.high", "60000000");
	proc = waiting_in(cgroup, &high.extension);
	live_open_gate(proc, 0);
	live_event(proc->pid, "crossed", 1);
	live_pause(500 + live_late_ms());
	assert_true(reads(cgroup, "memory.high", "59998208"));
	assert_int_equal(access(UNDO_PATH, F_OK), -1);
	live_run_stop();
}

static void another_cgroup_of_the_same_name_is_not_touched(void **state)
{
	const struct knob *knob = have(&high) ? &high : &frozen;
	struct live_proc *proc;
	const char *cgroup;

	(void)state;
	if (!have(knob))
		LIVE_SKIP("no cgroup2 is mounted");
	live_run("");
	cgroup = cgroup_for(knob, "again");
	proc = over_in(cgroup, knob);
	kill_both();
	kill_and_wait(proc);
	LIVE_UNTIL(!rmdir(cgroup), LIVE_WAIT_MS, "%s: %s", cgroup,
		   strerror(errno));
	assert_int_equal(mkdir(cgroup, 0755), 0);
	live_cgroup_write(cgroup, knob->file, knob->during);
	live_run("");
	assert_true(reads(cgroup, knob->file, knob->during));
	assert_int_equal(access(UNDO_PATH, F_OK), -1);
	live_run_stop();
}

static void a_cgroup_that_is_removed_meanwhile_is_forgotten(void **state)
{
	struct live_proc *proc;
	const char *cgroup;

	(void)state;
	if (!have(&frozen))
		LIVE_SKIP("no cgroup2 is mounted");
	live_run("");
	cgroup = cgroup_for(&frozen, "gone");
	proc = over_in(cgroup, &frozen);
	kill(live_run_pid(), SIGSTOP);
	kill_and_wait(proc);
	LIVE_UNTIL(!rmdir(cgroup), LIVE_WAIT_MS, "%s: %s", cgroup,
		   strerror(errno));
	kill(live_run_pid(), SIGCONT);
	LIVE_UNTIL(access(UNDO_PATH, F_OK), LIVE_WAIT_MS, "%s is still there",
		   UNDO_PATH);
	LIVE_ASSERT(!times_said("cgroup."), "said: %s", live_run_stderr());
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
	if (!have(&frozen))
		LIVE_SKIP("no cgroup2 is mounted");
	live_run("");
	cgroup = cgroup_for(&frozen, "time");
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
	assert_true(reads(cgroup, "cgroup.freeze", "0"));
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
	if (!have(&frozen))
		LIVE_SKIP("no cgroup2 is mounted");
	live_run("");
	cgroup = cgroup_for(&frozen, "stopped");
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
	assert_true(reads(cgroup, "cgroup.freeze", "1"));
	live_cgroup_write(cgroup, "cgroup.freeze", "0");
	kill(live_run_pid(), SIGCONT);
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
	extend("process_policy", proc->pid, &reclaim);
	live_open_gate(proc, 0);
	return proc;
}

static void reclaim_brings_it_below(void **state)
{
	struct live_proc *proc;
	const char *cgroup;

	(void)state;
	if (!have(&high))
		LIVE_SKIP("no cgroup2 with memory is mounted");
	if (!have_swap())
		LIVE_SKIP("there is no swap");
	live_run("");
	cgroup = cgroup_for(&high, "reclaim");
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
	if (!have(&high))
		LIVE_SKIP("no cgroup2 with memory is mounted");
	live_run("");
	cgroup = cgroup_for(&high, "stuck");
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
static void a_late_write_is_undone(void **state)
{
	struct live_proc *proc;
	const char *cgroup;
	pid_t writer;

	(void)state;
	if (!have(&high))
		LIVE_SKIP("no cgroup2 with memory is mounted");
	live_run("");
	cgroup = cgroup_for(&high, "late");
	writer = child_named(live_run_pid(), "overhigh-writer");
	kill(writer, SIGSTOP);
	proc = waiting_in(cgroup, &high.extension);
	live_open_gate(proc, 0);
	LIVE_UNTIL(!access(UNDO_PATH, F_OK), LIVE_WAIT_MS, "no %s", UNDO_PATH);
	live_at_gate(proc, 0, 2);
	live_open_gate(proc, 0);
	live_at_gate(proc, 0, 3);
	live_pause(500);
	kill(writer, SIGCONT);
	LIVE_UNTIL(access(UNDO_PATH, F_OK), LIVE_WAIT_MS, "%s is still there",
		   UNDO_PATH);
	assert_true(reads(cgroup, "memory.high", "max"));
	/* one that dies is replaced */
	kill(child_named(live_run_pid(), "overhigh-writer"), SIGKILL);
	kill_and_wait(proc);
	proc = over_in(cgroup, &high);
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
	if (!have(&frozen))
		LIVE_SKIP("no cgroup2 is mounted");
	live_run("--dry-run");
	cgroup = cgroup_for(&frozen, "dry");
	proc = waiting_in(cgroup, &frozen.extension);
	live_open_gate(proc, 0);
	live_event(proc->pid, "crossed", 1);
	live_pause(500);
	assert_true(reads(cgroup, "cgroup.freeze", "0"));
	assert_int_equal(access(UNDO_PATH, F_OK), -1);
	live_run_stop();
}

/* What is not ours in that file is not believed. */
static void a_file_that_lies_does_no_harm(void **state)
{
	const char *cgroup;
	struct stat st;
	FILE *file;

	(void)state;
	if (!have(&frozen))
		LIVE_SKIP("no cgroup2 is mounted");
	cgroup = cgroup_for(&frozen, "lies");
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
	assert_true(reads(cgroup, "cgroup.freeze", "1"));
	assert_int_equal(access(UNDO_PATH, F_OK), -1);
	assert_non_null(strstr(live_run_stderr(), "not valid"));
	live_run_stop();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		LIVE_TEST(it_ends_when_the_process_is_below),
		LIVE_TEST(it_ends_when_the_process_does),
		LIVE_TEST(it_ends_with_the_loader),
		LIVE_TEST(the_guard_undoes_it_when_the_loader_is_killed),
		LIVE_TEST(a_loader_killed_at_any_moment_leaves_nothing),
		LIVE_TEST(the_next_run_undoes_what_both_have_left),
		LIVE_TEST(so_does_unload),
		LIVE_TEST(it_stays_while_another_process_is_over),
		LIVE_TEST(a_cgroup_policy_acts_on_its_cgroup),
		LIVE_TEST(the_root_is_refused),
		LIVE_TEST(what_holds_the_loader_is_not_frozen),
		LIVE_TEST(a_missing_controller_is_said_once),
		LIVE_TEST(a_users_change_meanwhile_stays),
		LIVE_TEST(a_users_thaw_is_respected),
		LIVE_TEST(a_lower_value_is_not_raised),
		LIVE_TEST(another_cgroup_of_the_same_name_is_not_touched),
		LIVE_TEST(a_cgroup_that_is_removed_meanwhile_is_forgotten),
		LIVE_TEST(a_freeze_ends_after_its_time),
		LIVE_TEST(the_guard_ends_a_freeze_of_a_stopped_loader),
		LIVE_TEST(reclaim_brings_it_below),
		LIVE_TEST(a_stuck_reclaim_holds_nothing_up),
		LIVE_TEST(a_late_write_is_undone),
		LIVE_TEST(a_dry_run_changes_nothing),
		LIVE_TEST(a_file_that_lies_does_no_harm),
	};

	return cmocka_run_group_tests_name("responses", tests, NULL, NULL);
}
