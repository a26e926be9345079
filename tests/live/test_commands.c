// SPDX-License-Identifier: GPL-2.0
/*
 * test_commands.c - set, get, unset, list, and bpftool as their equal.
 *
 * Runs: once.
 */
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "live.h"

#define BPFTOOL "/usr/sbin/bpftool"

static struct live_cmd cmd;

static struct overhigh_policy policy_of(pid_t pid)
{
	struct overhigh_policy policy = {};
	uint32_t key = pid;

	assert_int_equal(live_map_get("process_policy", &key, &policy), 0);
	return policy;
}

static void set_writes_the_record_that_was_meant(void **state)
{
	struct overhigh_policy p;
	struct live_proc *proc;

	(void)state;
	live_run("");
	proc = live_eat("wait");
	live_ok("set %d --action signal --signal USR1 --repeat --log "
		"--limit 200M --grace 2s --then kill",
		proc->pid);
	p = policy_of(proc->pid);
	assert_int_equal(p.control,
			 overhigh_control_word(OVERHIGH_SIGNAL, SIGUSR1,
					       OVERHIGH_SIGCONT | OVERHIGH_LOG |
						       OVERHIGH_DIRECT |
						       OVERHIGH_RSS_ANON |
						       OVERHIGH_RSS_SHMEM |
						       OVERHIGH_RSS_SWAP));
	assert_int_equal(overhigh_action(p.escalation), OVERHIGH_KILL);
	assert_int_equal(p.grace_ms, 2000);
	assert_int_equal(p.process_limit, 200 * MIB);
	live_ok("set %d --action kill --limit 1.5G --rss anon,file --direct",
		proc->pid);
	p = policy_of(proc->pid);
	assert_int_equal(p.control,
			 overhigh_control_word(OVERHIGH_KILL, 0,
					       OVERHIGH_DIRECT |
						       OVERHIGH_RSS_ANON |
						       OVERHIGH_RSS_FILE));
	assert_int_equal(p.process_limit, 1536 * MIB);
	live_ok("set %d --action slowdown --limit 64K --max-delay 20ms "
		"--on-stuck kill",
		proc->pid);
	p = policy_of(proc->pid);
	assert_int_equal(overhigh_action(p.control), OVERHIGH_SLOWDOWN);
	assert_true(overhigh_flags(p.control) & OVERHIGH_STUCK_KILL);
	assert_int_equal(p.max_delay_us, 20000);
	live_ok("set %d --action kill --limit 64K", proc->pid);
	assert_int_equal(policy_of(proc->pid).process_limit, 65536);
	live_run_stop();
}

/* /proc/PID/memctl of the RFC: control word, cgroup margin, process limit. */
static void get_raw_gives_the_three_integers_of_the_rfc(void **state)
{
	unsigned long long control, margin, limit;
	struct live_proc *proc;
	char rest[8];

	(void)state;
	live_run("");
	proc = live_eat("wait");
	live_ok("set %d --action signal --signal 12 --limit 100M", proc->pid);
	live_overhigh(&cmd, "get %d --raw", proc->pid);
	assert_int_equal(cmd.status, 0);
	assert_int_equal(sscanf(cmd.out, "%llu %llu %llu %7s", &control,
				&margin, &limit, rest),
			 3);
	assert_int_equal(control, policy_of(proc->pid).control);
	assert_int_equal(margin, 0);
	assert_int_equal(limit, 100 * MIB);
	live_run_stop();
}

static void get_says_what_governs_in_options_that_set_takes(void **state)
{
	struct overhigh_policy before, after;
	struct live_proc *proc;
	cJSON *json;

	(void)state;
	live_run("");
	proc = live_eat("wait");
	live_ok("set %d --action slowdown --limit 100M --max-delay 250ms "
		"--grace 1s --then kill --force",
		proc->pid);
	before = policy_of(proc->pid);
	live_overhigh(&cmd, "get %d --json", proc->pid);
	assert_int_equal(cmd.status, 0);
	json = cJSON_Parse(cmd.out);
	assert_non_null(json);
	cJSON_Delete(json);
	live_overhigh(&cmd, "get %d", proc->pid);
	assert_int_equal(cmd.status, 0);
	assert_non_null(strstr(cmd.out, "slowdown"));
	after = policy_of(proc->pid);
	assert_memory_equal(&before, &after, sizeof(before));
	live_run_stop();
}

static void get_and_unset_of_what_is_not_there_fail(void **state)
{
	struct live_proc *proc;

	(void)state;
	live_run("");
	proc = live_eat("wait");
	live_overhigh(&cmd, "get %d", proc->pid);
	assert_int_equal(cmd.status, 1);
	assert_string_not_equal(cmd.err, "");
	live_overhigh(&cmd, "unset %d", proc->pid);
	assert_int_equal(cmd.status, 1);
	assert_string_not_equal(cmd.err, "");
	live_run_stop();
}

static void one_set_takes_many_processes(void **state)
{
	struct live_proc *a, *b;

	(void)state;
	live_run("");
	a = live_eat("wait");
	b = live_eat("wait");
	live_ok("set %d %d --action kill --limit 100M", a->pid, b->pid);
	policy_of(a->pid);
	policy_of(b->pid);
	live_overhigh(&cmd, "list --json");
	assert_int_equal(cmd.status, 0);
	live_ok("unset %d %d", a->pid, b->pid);
	assert_string_equal(live_policies(),
			    strstr(live_policies(), "default_policy") ?
				    strstr(live_policies(), "default_policy") :
				    "");
	live_run_stop();
}

/* Of one bad target and one good, none is changed. */
static void a_set_with_one_bad_target_changes_nothing(void **state)
{
	struct live_proc *proc;
	char *before;

	(void)state;
	live_run("");
	proc = live_eat("wait");
	before = strdup(live_policies());
	live_overhigh(&cmd, "set %d 4194303 --action kill --limit 100M",
		      proc->pid);
	assert_int_equal(cmd.status, 2);
	assert_string_equal(before, live_policies());
	free(before);
	live_run_stop();
}

/* What is no line of text is not printed as a number. */
static void get_prints_steps_as_options_alone(void **state)
{
	struct live_proc *proc;

	(void)state;
	live_run("");
	proc = live_eat("hold=60");
	live_ok("set %d --action none --limit 1G --then kill --grace 1h",
		proc->pid);
	live_overhigh(&cmd, "get %d", proc->pid);
	LIVE_ASSERT(!strstr(cmd.out, "steps") && strstr(cmd.out, "--then kill"),
		    "prints: %s", cmd.out);
	live_overhigh(&cmd, "get %d --json", proc->pid);
	LIVE_ASSERT(strstr(cmd.out, "\"after_ms\":\t3600000"), "prints: %s",
		    cmd.out);
	kill(proc->pid, SIGKILL);
	live_run_stop();
}

static void list_shows_every_policy(void **state)
{
	struct live_proc *a, *b;
	char number[16];

	(void)state;
	live_run("");
	a = live_eat("wait");
	b = live_eat("wait");
	live_ok("set %d --action kill --limit 100M", a->pid);
	live_ok("set %d --action signal --signal TERM --limit 50M", b->pid);
	live_ok("set --default --action none --limit 8G");
	live_overhigh(&cmd, "list");
	assert_int_equal(cmd.status, 0);
	snprintf(number, sizeof(number), "%d", a->pid);
	assert_non_null(strstr(cmd.out, number));
	snprintf(number, sizeof(number), "%d", b->pid);
	assert_non_null(strstr(cmd.out, number));
	assert_non_null(strstr(cmd.out, "default"));
	live_ok("unset --default");
	live_run_stop();
}

/* They have no policy of their own, and so no line otherwise. */
static void list_shows_who_is_over_under_a_cgroup(void **state)
{
	const char *root = live_cgroup_root(NULL), *cgroup;
	struct live_proc *proc;
	char line[64];

	(void)state;
	if (!root)
		LIVE_SKIP("no cgroup2");
	live_run("");
	cgroup = live_cgroup(root, "list");
	proc = live_eat("touch=64M wait");
	live_at_gate(proc, 0, 1);
	live_cgroup_enter(cgroup, proc->pid);
	live_ok("set %s --action none --limit 32M", cgroup);
	live_overhigh(&cmd, "list");
	snprintf(line, sizeof(line), "%-14d eat ", proc->pid);
	LIVE_ASSERT(strstr(cmd.out, line) && strstr(cmd.out, "(of /"),
		    "lists: %s", cmd.out);
	live_ok("set %s --action none --limit 1G", cgroup);
	live_overhigh(&cmd, "list");
	LIVE_ASSERT(!strstr(cmd.out, "(of /"), "below, and listed: %s",
		    cmd.out);
	kill(proc->pid, SIGKILL);
	live_run_stop();
}

/* ---- bpftool ---- */

#define NEED_BPFTOOL()                                                         \
	do {                                                                   \
		if (access(BPFTOOL, X_OK))                                     \
			LIVE_SKIP("no " BPFTOOL " here");                      \
	} while (0)

/* The loader sees what others have written when it next looks at the maps. */
static void wait_attached(void)
{
	cJSON *hooks, *hook;
	uint64_t end = live_now_ns() + 5000000000ULL;
	bool exited = false;

	while (!exited) {
		LIVE_ASSERT(live_now_ns() < end, "no hook after 5 s");
		hooks = cJSON_GetObjectItemCaseSensitive(live_status(),
							 "hooks");
		hook = cJSON_GetObjectItemCaseSensitive(hooks, "exited");
		exited = hook && !strcmp(hook->valuestring, "attached");
	}
	live_pause(100);
}

static void print_gives_a_bpftool_line_that_does_the_same(void **state)
{
	struct overhigh_policy by_set, by_bpftool;
	struct live_proc *proc;
	static char line[1 << 16];

	(void)state;
	NEED_BPFTOOL();
	live_run("");
	proc = live_eat("wait touch=256M");
	live_ok("set %d --action kill --limit 32M --log", proc->pid);
	by_set = policy_of(proc->pid);
	live_ok("unset %d", proc->pid);
	live_overhigh(&cmd, "set %d --action kill --limit 32M --log --print",
		      proc->pid);
	assert_int_equal(cmd.status, 0);
	LIVE_ASSERT(!*live_policies() ||
			    !strstr(live_policies(), "process_policy"),
		    "--print has set it");
	snprintf(line, sizeof(line), "%s", cmd.out);
	live_shell(&cmd, "PATH=/usr/sbin:$PATH; %s", line);
	LIVE_ASSERT(cmd.status == 0, "%s: %s%s", line, cmd.out, cmd.err);
	by_bpftool = policy_of(proc->pid);
	assert_memory_equal(&by_set, &by_bpftool, sizeof(by_set));
	wait_attached();
	live_open_gate(proc, 0);
	live_assert_killed(proc, LIVE_WAIT_MS);
	live_run_stop();
}

static void what_bpftool_changes_holds_at_once(void **state)
{
	struct live_proc *proc;
	static char line[1 << 16];

	(void)state;
	NEED_BPFTOOL();
	live_run("");
	proc = live_eat("wait touch=48M wait touch=48M");
	live_ok("set %d --action kill --limit 1G", proc->pid);
	live_open_gate(proc, 0);
	live_at_gate(proc, 0, 2);
	live_overhigh(&cmd, "set %d --action kill --limit 64M --print",
		      proc->pid);
	snprintf(line, sizeof(line), "%s", cmd.out);
	live_shell(&cmd, "PATH=/usr/sbin:$PATH; %s", line);
	assert_int_equal(cmd.status, 0);
	live_open_gate(proc, 0);
	live_assert_killed(proc, LIVE_WAIT_MS);
	LIVE_ASSERT(proc->slot->touched_bytes <= 64 * MIB + 64 * PAGE,
		    "touched %llu",
		    (unsigned long long)proc->slot->touched_bytes);
	live_run_stop();
}

/* The loader must not take what it sees for what it has seen before. */
static void a_policy_that_is_put_back_at_once_is_enforced(void **state)
{
	struct overhigh_policy policy;
	struct live_proc *proc;
	uint32_t key;

	(void)state;
	live_run("");
	proc = live_eat("wait touch=256M");
	live_ok("set %d --action kill --limit 32M", proc->pid);
	policy = policy_of(proc->pid);
	live_pause(500);
	live_ok("unset %d", proc->pid);
	key = proc->pid;
	assert_int_equal(live_map_set("process_policy", &key, &policy), 0);
	wait_attached();
	live_open_gate(proc, 0);
	live_assert_killed(proc, LIVE_WAIT_MS);
	live_run_stop();
}

static void bpftool_shows_policies_with_field_names(void **state)
{
	struct live_proc *proc;

	(void)state;
	NEED_BPFTOOL();
	live_run("");
	proc = live_eat("wait");
	live_ok("set %d --action kill --limit 32M", proc->pid);
	live_shell(&cmd,
		   BPFTOOL " map dump pinned " LIVE_PINS "/process_policy");
	assert_int_equal(cmd.status, 0);
	assert_non_null(strstr(cmd.out, "process_limit"));
	assert_non_null(strstr(cmd.out, "33554432"));
	live_run_stop();
}

/* ---- records that no option could have made ---- */

static void is_refused_at_use(uint32_t control, const char *words)
{
	struct overhigh_policy bad = { .control = control,
				       .process_limit = 16 * MIB };
	double before, after;
	struct live_proc *proc;
	cJSON *event;
	uint32_t key;

	proc = live_eat("wait touch=48M");
	/* so that the hooks are there */
	live_ok("set %d --action kill --limit 1G", proc->pid);
	key = proc->pid;
	assert_int_equal(live_map_set("process_policy", &key, &bad), 0);
	before = live_counter("refused");
	live_open_gate(proc, 0);
	live_assert_unharmed(proc);
	event = live_event(proc->pid, "refused", 1);
	LIVE_ASSERT(*live_string(event, "detail"), "no reason for %s", words);
	live_pause(200);
	LIVE_ASSERT(live_events(proc->pid, "refused") == 1, "%u events for %s",
		    live_events(proc->pid, "refused"), words);
	assert_int_equal(live_events(proc->pid, "acted"), 0);
	after = live_counter("refused");
	LIVE_ASSERT(after > before, "%s: counter %.0f to %.0f", words, before,
		    after);
}

static void wrong_records_are_refused_with_one_event(void **state)
{
	const uint32_t flags = OVERHIGH_DIRECT | OVERHIGH_RSS_ANON;

	(void)state;
	live_run("");
	is_refused_at_use(overhigh_control_word(9, 0, flags), "action 9");
	is_refused_at_use(overhigh_control_word(OVERHIGH_SIGNAL, 0, flags),
			  "signal 0");
	is_refused_at_use(overhigh_control_word(OVERHIGH_SIGNAL, 65, flags),
			  "signal 65");
	is_refused_at_use(
		overhigh_control_word(OVERHIGH_KILL, 0, flags | 1 << 15),
		"an unknown flag");
	is_refused_at_use(
		overhigh_control_word(OVERHIGH_KILL, 0, OVERHIGH_DIRECT),
		"DIRECT without kinds");
	live_run_stop();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		LIVE_TEST(set_writes_the_record_that_was_meant),
		LIVE_TEST(get_raw_gives_the_three_integers_of_the_rfc),
		LIVE_TEST(get_says_what_governs_in_options_that_set_takes),
		LIVE_TEST(get_and_unset_of_what_is_not_there_fail),
		LIVE_TEST(one_set_takes_many_processes),
		LIVE_TEST(a_set_with_one_bad_target_changes_nothing),
		LIVE_TEST_ONCE(get_prints_steps_as_options_alone),
		LIVE_TEST(list_shows_every_policy),
		LIVE_TEST_ONCE(list_shows_who_is_over_under_a_cgroup),
		LIVE_TEST(print_gives_a_bpftool_line_that_does_the_same),
		LIVE_TEST(what_bpftool_changes_holds_at_once),
		LIVE_TEST(a_policy_that_is_put_back_at_once_is_enforced),
		LIVE_TEST(bpftool_shows_policies_with_field_names),
		LIVE_TEST(wrong_records_are_refused_with_one_event),
	};

	return live_tests("commands", tests, NULL, NULL);
}
