// SPDX-License-Identifier: GPL-2.0
/*
 * test_pressure.c - policies that wait for memory pressure: enforced while the
 * kernel tells of it, of the machine or of the policy's own cgroup, and not
 * without; not kept true by what overhigh itself does.
 *
 * The pressure is real: a process in a cgroup whose memory.high is far below
 * what it takes, so that the kernel makes it wait.  How long a condition holds
 * is tested without waiting in tests/unit/test_pressure_gate.c.
 */
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "live.h"
#include "live_module.h"

#define WINDOW_MS 2000 /* as anyone may have, also without CAP_SYS_RESOURCE */
#define EXTENSION 7    /* the key that these tests use */

#define NEED_PSI()                                                             \
	do {                                                                   \
		if (access("/proc/pressure/memory", W_OK))                     \
			LIVE_SKIP("this kernel does not account pressure");    \
	} while (0)

/* Of tests that make pressure. */
#define NEED_PRESSURE(root)                                                    \
	do {                                                                   \
		NEED_PSI();                                                    \
		root = live_cgroup_root("memory");                             \
		if (!root)                                                     \
			LIVE_SKIP("no cgroup2 with memory is mounted: no way " \
				  "to make pressure");                         \
	} while (0)

/* ---- policies with a condition ---- */

static void set_extension(__u32 pressure, __u32 permille)
{
	struct overhigh_extension extension = {
		.hysteresis_permille = OVERHIGH_HYSTERESIS_PERMILLE,
		.pressure = pressure,
		.pressure_permille = permille,
		.pressure_window_ms = WINDOW_MS,
	};
	__u32 key = EXTENSION;

	assert_int_equal(live_map_set("extension", &key, &extension), 0);
}

static void extend(const char *map, const void *key)
{
	struct overhigh_policy policy;

	assert_int_equal(live_map_get(map, key, &policy), 0);
	policy.escalation = overhigh_extended_by(EXTENSION);
	assert_int_equal(live_map_set(map, key, &policy), 0);
}

static __u64 id_of(const char *cgroup)
{
	struct stat st;

	assert_int_equal(stat(cgroup, &st), 0);
	return st.st_ino;
}

/* Over only while tasks are stalled for a tenth of the window. */
static void extend_process(pid_t pid)
{
	__u32 key = pid;

	set_extension(OVERHIGH_PRESSURE_SOME, 100);
	extend("process_policy", &key);
}

static void extend_cgroup(const char *cgroup)
{
	__u64 key = id_of(cgroup);

	set_extension(OVERHIGH_PRESSURE_SOME, 100);
	extend("cgroup_policy", &key);
}

/* Until when the condition holds; 0: not at all. */
static __u64 open_until_ns(__u64 cgroup_id)
{
	struct overhigh_pressure_key key = { .cgroup_id = cgroup_id,
					     .extension = EXTENSION };
	struct overhigh_pressure_gate gate;

	return live_map_get("pressure", &key, &gate) ? 0 : gate.until_ns;
}

static bool is_open(__u64 cgroup_id)
{
	return open_until_ns(cgroup_id) > live_now_ns();
}

static void until_watched(unsigned int conditions)
{
	LIVE_UNTIL(live_number(live_status(), "conditions") == conditions,
		   LIVE_WAIT_MS, "%.0f conditions, not %u: %s",
		   live_number(live_status(), "conditions"), conditions,
		   live_run_stderr());
}

/* ---- a process that is over, and pressure ---- */

/* Takes a little all the time, far above its limit: whether it is over is
 * looked at some 250 times a second. */
static struct live_proc *taker(void)
{
	struct live_proc *proc =
		live_eat("--rate 1M wait touch=16M free touch=400M");

	live_ok("set %d --action none --limit 1M", proc->pid);
	return proc;
}

/* Throttled by the kernel from its first megabytes on. */
static struct live_proc *begin_pressure(const char *parent)
{
	static unsigned int nth;
	struct live_proc *proc;
	const char *cgroup;
	char name[32];

	snprintf(name, sizeof(name), "tight%u", nth++);
	cgroup = live_cgroup(parent, name);
	live_cgroup_no_swap(cgroup);
	live_cgroup_write(cgroup, "memory.high", "8M");
	proc = live_eat("wait touch=256M");
	live_cgroup_enter(cgroup, proc->pid);
	live_open_gate(proc, 0);
	return proc;
}

static void end_pressure(struct live_proc *proc)
{
	kill(proc->pid, SIGKILL);
	live_wait_end(proc, LIVE_WAIT_MS);
}

/* It ends at the latest after three windows: the kernel tells of the last
 * stalls one late. */
static void assert_closes(__u64 cgroup_id, __u64 end_ns)
{
	__u64 most_ns = end_ns + (3 * WINDOW_MS + live_late_ms()) * 1000000ULL;

	LIVE_UNTIL(!is_open(cgroup_id), LIVE_WAIT_MS, "it stays open");
	LIVE_ASSERT(live_now_ns() <= most_ns, "closed %lld ms late",
		    (long long)(live_now_ns() - most_ns) / 1000000);
}

static void a_process_is_over_under_pressure_only(void **state)
{
	struct live_proc *proc, *presser;
	unsigned int crossings;
	const char *root;
	__u64 began_ns, took_ns, end_ns;

	(void)state;
	NEED_PRESSURE(root);
	live_run("");
	proc = taker();
	extend_process(proc->pid);
	live_open_gate(proc, 0);
	until_watched(1);
	live_pause(3000);
	assert_true(proc->slot->touched_bytes > MIB);
	assert_int_equal(live_events(proc->pid, "crossed"), 0);
	assert_true(live_number(live_status(), "conditions_holding") == 0);

	began_ns = live_now_ns();
	presser = begin_pressure(root);
	live_event(proc->pid, "crossed", 1);
	took_ns = live_now_ns() - began_ns;
	LIVE_ASSERT(took_ns <= (2 * WINDOW_MS + live_late_ms()) * 1000000ULL,
		    "after %llu ms", (unsigned long long)took_ns / 1000000);
	assert_true(live_number(live_status(), "conditions_holding") == 1);
	/* as long as it lasts there is no gap */
	live_pause(5 * WINDOW_MS);
	assert_int_equal(live_events(proc->pid, "below"), 0);

	end_pressure(presser);
	end_ns = live_now_ns();
	assert_closes(0, end_ns);
	live_event(proc->pid, "below", 1);
	crossings = live_events(proc->pid, "crossed");
	live_pause(3000);
	assert_int_equal(live_events(proc->pid, "crossed"), crossings);
	assert_int_equal(live_events(proc->pid, "below"), crossings);
	live_run_stop();
}

/* Pressure in one cgroup is none in its neighbour; of the machine it is. */
static void a_cgroup_policy_looks_at_its_own_pressure(void **state)
{
	const char *root, *calm, *leaf, *other;
	struct live_proc *inside, *outside, *presser;

	(void)state;
	NEED_PRESSURE(root);
	calm = live_cgroup(root, "calm");
	other = live_cgroup(root, "other");
	live_cgroup_write(calm, "cgroup.subtree_control", "+memory");
	live_cgroup_write(other, "cgroup.subtree_control", "+memory");
	leaf = live_cgroup(calm, "leaf");
	live_run("");
	inside = live_eat("--rate 1M wait touch=400M");
	live_cgroup_enter(leaf, inside->pid);
	live_ok("set %s --action none --limit 1M", calm);
	extend_cgroup(calm);
	outside = taker();
	extend_process(outside->pid);
	until_watched(2);
	live_open_gate(inside, 0);
	live_open_gate(outside, 0);

	presser = begin_pressure(other);
	live_event(outside->pid, "crossed", 1);
	live_pause(3 * WINDOW_MS);
	assert_int_equal(live_events(inside->pid, "crossed"), 0);
	end_pressure(presser);

	presser = begin_pressure(calm); /* in a child of it */
	assert_string_equal(
		live_string(live_event(inside->pid, "crossed", 1), "source"),
		"cgroup");
	end_pressure(presser);
	live_event(inside->pid, "below", 1);
	live_run_stop();
}

/* What it left open closes by itself, and is not there for the next one. */
static void a_dead_loader_leaves_nothing_open(void **state)
{
	struct live_proc *proc, *presser;
	__u64 killed_ns, until_ns;
	const char *root;

	(void)state;
	NEED_PRESSURE(root);
	live_run("");
	proc = taker();
	extend_process(proc->pid);
	live_open_gate(proc, 0);
	presser = begin_pressure(root);
	live_event(proc->pid, "crossed", 1);
	live_run_kill();
	killed_ns = live_now_ns();
	until_ns = open_until_ns(0);
	LIVE_ASSERT(until_ns &&
			    until_ns <= killed_ns + 2 * WINDOW_MS * 1000000ULL,
		    "open for %lld ms",
		    (long long)(until_ns - killed_ns) / 1000000);
	end_pressure(presser);

	live_run("");
	LIVE_UNTIL(!is_open(0), 3 * WINDOW_MS, "it is open again");
	until_watched(1);
	presser = begin_pressure(root);
	LIVE_UNTIL(is_open(0), LIVE_WAIT_MS, "the new loader does not listen");
	end_pressure(presser);
	live_run_stop();
	assert_int_equal(open_until_ns(0), 0);
}

static void a_removed_cgroup_is_forgotten(void **state)
{
	const char *root, *cgroup;

	(void)state;
	NEED_PSI();
	root = live_cgroup_root(NULL);
	if (!root)
		LIVE_SKIP("no cgroup2 is mounted");
	live_run("");
	cgroup = live_cgroup(root, "brief");
	live_ok("set %s --action none --limit 1M", cgroup);
	extend_cgroup(cgroup);
	until_watched(1);
	assert_int_equal(rmdir(cgroup), 0);
	until_watched(0);
	live_pause(1500);
	assert_int_equal(strstr(live_run_stderr(), "is gone") ? 1 : 0, 1);
	assert_null(
		strstr(strstr(live_run_stderr(), "is gone") + 1, "is gone"));
	live_run_stop();
}

/* An extension that bpftool has changed: no policy is other than before. */
static void a_condition_can_come_and_go(void **state)
{
	struct live_proc *proc;
	cJSON *event;

	(void)state;
	NEED_PSI();
	live_run("");
	proc = taker();
	extend_process(proc->pid);
	until_watched(1);
	live_open_gate(proc, 0);
	live_pause(2000);
	assert_int_equal(live_events(proc->pid, "crossed"), 0);
	set_extension(OVERHIGH_PRESSURE_NONE, 0);
	event = live_event(proc->pid, "crossed", 1);
	assert_true(live_number(event, "limit_bytes") == MIB);
	until_watched(0);
	set_extension(OVERHIGH_PRESSURE_FULL, 500);
	until_watched(1);
	live_event(proc->pid, "below", 1);
	live_ok("unset %d", proc->pid);
	until_watched(0);
	live_run_stop();
}

/* Before there is a process that the rule is for: from its first moment on it
 * has its condition. */
static void the_condition_of_a_rule_is_watched(void **state)
{
	char path[128], line[160];
	FILE *file;

	(void)state;
	NEED_PSI();
	snprintf(path, sizeof(path), "%s/rules.conf", live_dir());
	file = fopen(path, "we");
	assert_non_null(file);
	fprintf(file,
		"[rule r]\nmatch-exe = %s/none\nlimit = 1M\naction = none\n"
		"when-pressure = some 10%% over 2s\n",
		live_dir());
	fclose(file);
	snprintf(line, sizeof(line), "--config %s", path);
	live_run(line);
	until_watched(1);
	assert_true(live_number(live_status(), "conditions_holding") == 0);
	fclose(fopen(path, "we"));
	live_ok("reload");
	until_watched(0);
	live_run_stop();
}

/* Sleeps until it is killed, at the latest with us. */
static pid_t sleeper(void)
{
	pid_t pid = fork();

	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			pause();
	}
	assert_true(pid > 0);
	return pid;
}

#define ROOM 64 /* PRESSURE_MAX_CONDITIONS */
#define MANY (ROOM + 6)

/* Conditions beyond what can be watched are said, once, and do no harm. */
static void a_full_table_is_said_once(void **state)
{
	struct overhigh_extension extension = {
		.pressure = OVERHIGH_PRESSURE_SOME,
		.pressure_permille = 900,
		.pressure_window_ms = 10000,
	};
	struct overhigh_policy policy = {
		.control = overhigh_control_word(
			OVERHIGH_NONE, 0, OVERHIGH_DIRECT | OVERHIGH_RSS_ANON),
		.process_limit = 1ULL << 40,
	};
	__u32 i, pids[MANY + 1];
	const char *said;

	(void)state;
	NEED_PSI();
	live_run("");
	for (i = 1; i <= MANY; i++) {
		pids[i] = sleeper();
		policy.escalation = overhigh_extended_by(i);
		assert_int_equal(live_map_set("extension", &i, &extension), 0);
		assert_int_equal(
			live_map_set("process_policy", &pids[i], &policy), 0);
	}
	until_watched(ROOM);
	live_pause(1500);
	said = strstr(live_run_stderr(), "more conditions on memory pressure");
	assert_non_null(said);
	assert_non_null(strstr(said, "not enforced"));
	for (i = 1; i <= MANY - ROOM; i++) {
		kill(pids[i], SIGKILL);
		waitpid(pids[i], NULL, 0);
	}
	/* there is room for the rest now */
	live_pause(1500);
	until_watched(ROOM);
	for (; i <= MANY; i++) {
		kill(pids[i], SIGKILL);
		waitpid(pids[i], NULL, 0);
	}
	until_watched(0);
	live_run_stop();
}

/* The module's sleeps are memory pressure to the kernel.  What began with the
 * pressure of another ends although the sleeps would go on. */
static void own_throttling_does_not_keep_it_true(void **state)
{
	struct live_proc *proc, *presser;
	const char *root;

	(void)state;
	NEED_PRESSURE(root);
	LIVE_NEED_MODULE();
	live_run("--hook=require");
	/* slow by itself, so that it is still there when nothing slows it */
	proc = live_eat("--rate 2M wait touch=400M");
	live_ok("set %d --action slowdown --limit 1M --on-stuck report",
		proc->pid);
	extend_process(proc->pid);
	until_watched(1);
	presser = begin_pressure(root);
	LIVE_UNTIL(is_open(0), LIVE_WAIT_MS, "no pressure");
	live_open_gate(proc, 0);
	live_event(proc->pid, "acted", 1);
	end_pressure(presser);
	/* its own sleeps are seen as pressure: else this shows nothing */
	live_pause(4 * WINDOW_MS);
	assert_true(is_open(0));
	LIVE_UNTIL(!is_open(0), 16000 + live_late_ms(), "it keeps itself open");
	live_pause(10000);
	assert_false(is_open(0));
	assert_false(live_has_ended(proc));
	live_run_stop();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		LIVE_TEST(a_process_is_over_under_pressure_only),
		LIVE_TEST(a_cgroup_policy_looks_at_its_own_pressure),
		LIVE_TEST_ONCE(a_dead_loader_leaves_nothing_open),
		LIVE_TEST_ONCE(a_removed_cgroup_is_forgotten),
		LIVE_TEST_ONCE(a_condition_can_come_and_go),
		LIVE_TEST_ONCE(the_condition_of_a_rule_is_watched),
		LIVE_TEST_ONCE(a_full_table_is_said_once),
		LIVE_TEST_ONCE(own_throttling_does_not_keep_it_true),
	};

	return live_tests("pressure", tests, NULL, live_module_end);
}
