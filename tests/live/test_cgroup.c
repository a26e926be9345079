// SPDX-License-Identifier: GPL-2.0
/*
 * test_cgroup.c - policies of cgroups and margins over memory.high; whose
 * policy governs; the neighbours in the same cgroup.
 */
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "live.h"

/* What a memcg's usage may be ahead of the process at the moment of a charge:
 * stocks of 64 pages per CPU, page tables, and a huge page. */
#define CHARGE_SLACK (4 * MIB)

#define NEED_CGROUP2(root, controller)                                         \
	do {                                                                   \
		root = live_cgroup_root(controller);                           \
		if (!root)                                                     \
			LIVE_SKIP("no cgroup2 with %s is mounted",             \
				  controller ? controller : "anything");       \
	} while (0)

/* A cgroup whose memory.high its processes can be above: with swap, reclaim
 * would keep them below it for as long as there is some. */
static const char *cgroup_with_high(const char *root, const char *high)
{
	const char *cgroup = live_cgroup(root, "high");

	live_cgroup_no_swap(cgroup);
	live_cgroup_write(cgroup, "memory.high", high);
	return cgroup;
}

/* ---- whose policy governs: RSS limits, so that any cgroup2 will do ---- */

/* A process that waits in a cgroup (NULL: where we are) before 48 MiB. */
static struct live_proc *waiting_in(const char *cgroup)
{
	struct live_proc *proc = live_eat("wait touch=48M");

	if (cgroup)
		live_cgroup_enter(cgroup, proc->pid);
	return proc;
}

static void a_cgroup_policy_holds_for_all_below(void **state)
{
	const char *root, *top, *middle, *leaf;
	struct live_proc *in_top, *in_leaf, *outside;

	(void)state;
	NEED_CGROUP2(root, NULL);
	top = live_cgroup(root, "top");
	middle = live_cgroup(top, "middle");
	leaf = live_cgroup(middle, "leaf");
	live_run("");
	live_ok("set %s --action kill --limit 24M", top);
	in_top = waiting_in(top);
	in_leaf = waiting_in(leaf);
	outside = waiting_in(NULL);
	live_open_gate(in_top, 0);
	live_open_gate(in_leaf, 0);
	live_open_gate(outside, 0);
	live_assert_killed(in_top, 60000);
	live_assert_killed(in_leaf, 60000);
	live_assert_unharmed(outside);
	assert_string_equal(
		live_string(live_event(in_leaf->pid, "acted", 1), "source"),
		"cgroup");
	live_run_stop();
}

static void each_process_of_a_cgroup_has_the_limit_for_itself(void **state)
{
	struct live_proc *proc[3];
	const char *root, *top;
	int i;

	(void)state;
	NEED_CGROUP2(root, NULL);
	top = live_cgroup(root, "top");
	live_run("");
	live_ok("set %s --action kill --limit 64M", top);
	for (i = 0; i < 3; i++) {
		proc[i] = waiting_in(top);
		live_open_gate(proc[i], 0);
	}
	for (i = 0; i < 3; i++)
		live_assert_unharmed(proc[i]);
	live_run_stop();
}

static void the_nearest_cgroup_wins(void **state)
{
	struct live_proc *strict, *loose;
	const char *root, *top, *a, *b;

	(void)state;
	NEED_CGROUP2(root, NULL);
	top = live_cgroup(root, "top");
	a = live_cgroup(top, "a");
	b = live_cgroup(top, "b");
	live_run("");
	live_ok("set %s --action kill --limit 24M", top);
	live_ok("set %s --action kill --limit 1G", a);
	loose = waiting_in(a);
	strict = waiting_in(b);
	live_open_gate(loose, 0);
	live_open_gate(strict, 0);
	live_assert_unharmed(loose);
	live_assert_killed(strict, 60000);
	live_ok("unset %s", a);
	loose = waiting_in(a);
	live_open_gate(loose, 0);
	live_assert_killed(loose, 60000);
	live_run_stop();
}

/* Nothing is done by the default in this test: it governs the whole machine. */
static void process_beats_cgroup_beats_default(void **state)
{
	struct live_proc *by_default, *by_cgroup, *by_process;
	const char *root, *top;
	cJSON *event;

	(void)state;
	NEED_CGROUP2(root, NULL);
	top = live_cgroup(root, "top");
	live_run("");
	live_ok("set --default --action none --limit 21M");
	live_ok("set %s --action none --limit 22M", top);
	by_default = waiting_in(NULL);
	by_cgroup = waiting_in(top);
	by_process = waiting_in(top);
	live_ok("set %d --action none --limit 23M", by_process->pid);
	live_open_gate(by_default, 0);
	live_open_gate(by_cgroup, 0);
	live_open_gate(by_process, 0);
	event = live_event(by_default->pid, "crossed", 1);
	assert_string_equal(live_string(event, "source"), "default");
	assert_true(live_number(event, "limit_bytes") == 21 * MIB);
	event = live_event(by_cgroup->pid, "crossed", 1);
	assert_string_equal(live_string(event, "source"), "cgroup");
	assert_true(live_number(event, "limit_bytes") == 22 * MIB);
	event = live_event(by_process->pid, "crossed", 1);
	assert_string_equal(live_string(event, "source"), "process");
	assert_true(live_number(event, "limit_bytes") == 23 * MIB);
	live_assert_unharmed(by_default);
	live_assert_unharmed(by_cgroup);
	live_assert_unharmed(by_process);
	live_ok("unset --default");
	live_run_stop();
}

static void a_process_that_moves_is_governed_where_it_is(void **state)
{
	const char *root, *top;
	struct live_proc *proc;

	(void)state;
	NEED_CGROUP2(root, NULL);
	top = live_cgroup(root, "top");
	live_run("");
	live_ok("set %s --action kill --limit 24M", top);
	proc = live_eat("wait touch=32M wait touch=1M");
	live_open_gate(proc, 0);
	live_at_gate(proc, 0, 2);
	live_cgroup_enter(top, proc->pid);
	live_open_gate(proc, 0);
	live_assert_killed(proc, 60000);
	live_run_stop();
}

static void get_of_a_process_shows_what_its_cgroup_asks_for(void **state)
{
	static struct live_cmd cmd;
	const char *root, *top;
	struct live_proc *proc;

	(void)state;
	NEED_CGROUP2(root, NULL);
	top = live_cgroup(root, "top");
	live_run("");
	live_ok("set %s/ --action kill --limit 123M", top);
	live_overhigh(&cmd, "get %s --raw", top);
	assert_int_equal(cmd.status, 0);
	assert_non_null(strstr(cmd.out, "128974848"));
	proc = waiting_in(top);
	live_overhigh(&cmd, "get %d", proc->pid);
	assert_int_equal(cmd.status, 0);
	assert_non_null(strstr(cmd.out, "123M"));
	live_run_stop();
}

/* ---- margins over memory.high ---- */

static void a_process_over_the_margin_is_killed(void **state)
{
	const char *root, *cgroup;
	struct live_proc *proc;
	cJSON *event;
	double usage;

	(void)state;
	LIVE_NEED("memcg_margin");
	NEED_CGROUP2(root, "memory");
	cgroup = cgroup_with_high(root, "128M");
	live_run("");
	proc = live_eat("wait touch=512M");
	live_cgroup_enter(cgroup, proc->pid);
	/* a small margin: the kernel slows who is over high more and more */
	live_ok("set %d --action kill --margin 1M", proc->pid);
	live_open_gate(proc, 0);
	live_assert_killed(proc, 60000);
	event = live_event(proc->pid, "acted", 1);
	assert_true(live_number(event, "limit_bytes") == 129 * MIB);
	usage = live_number(event, "usage_bytes");
	LIVE_ASSERT(usage > 129 * MIB && usage <= 129 * MIB + CHARGE_SLACK,
		    "usage %.0f", usage);
	LIVE_ASSERT(live_number(event, "excess_bytes") == usage - 129 * MIB,
		    "excess %.0f", live_number(event, "excess_bytes"));
	LIVE_ASSERT(proc->slot->touched_bytes <= 129 * MIB + CHARGE_SLACK,
		    "touched %llu",
		    (unsigned long long)proc->slot->touched_bytes);
	live_run_stop();
}

static void a_process_below_the_margin_is_let_alone(void **state)
{
	const char *root, *cgroup;
	struct live_proc *proc;

	(void)state;
	LIVE_NEED("memcg_margin");
	NEED_CGROUP2(root, "memory");
	cgroup = cgroup_with_high(root, "64M");
	live_run("");
	proc = live_eat("wait touch=65M");
	live_cgroup_enter(cgroup, proc->pid);
	live_ok("set %d --action kill --margin 16M", proc->pid);
	live_open_gate(proc, 0);
	live_assert_unharmed(proc);
	assert_int_equal(live_events(proc->pid, "crossed"), 0);
	live_run_stop();
}

static void the_memory_high_of_an_ancestor_counts(void **state)
{
	const char *root, *top, *leaf;
	struct live_proc *proc;

	(void)state;
	LIVE_NEED("memcg_margin");
	NEED_CGROUP2(root, "memory");
	top = live_cgroup(root, "high");
	live_cgroup_no_swap(top);
	live_cgroup_write(top, "cgroup.subtree_control", "+memory");
	leaf = live_cgroup(top, "leaf");
	live_cgroup_write(top, "memory.high", "64M");
	live_run("");
	proc = live_eat("wait touch=512M");
	live_cgroup_enter(leaf, proc->pid);
	live_ok("set %d --action kill --margin 0", proc->pid);
	live_open_gate(proc, 0);
	live_assert_killed(proc, 60000);
	assert_true(live_number(live_event(proc->pid, "acted", 1),
				"limit_bytes") == 64 * MIB);
	live_run_stop();
}

/* The RFC: with RSS kinds and without DIRECT, both limits must be passed. */
static void both_limits_must_be_passed_without_direct(void **state)
{
	const char *root, *cgroup;
	struct live_proc *proc;

	(void)state;
	LIVE_NEED("memcg_margin");
	NEED_CGROUP2(root, "memory");
	cgroup = cgroup_with_high(root, "1G");
	live_run("");
	proc = live_eat("wait touch=64M wait touch=64M");
	live_cgroup_enter(cgroup, proc->pid);
	live_ok("set %d --action kill --margin 0 --limit 32M --rss anon",
		proc->pid);
	live_open_gate(proc, 0);
	live_at_gate(proc, 0, 2);
	assert_int_equal(live_events(proc->pid, "crossed"), 0);
	live_cgroup_write(cgroup, "memory.high", "48M");
	live_open_gate(proc, 0);
	live_assert_killed(proc, 60000);
	live_run_stop();
}

static void a_margin_policy_of_a_cgroup_hits_who_charges(void **state)
{
	struct live_proc *quiet, *greedy;
	const char *root, *cgroup;

	(void)state;
	LIVE_NEED("memcg_margin");
	NEED_CGROUP2(root, "memory");
	cgroup = cgroup_with_high(root, "96M");
	live_run("");
	live_ok("set %s --action kill --margin 1M", cgroup);
	quiet = live_eat("wait touch=32M wait exit=0");
	greedy = live_eat("wait touch=512M");
	live_cgroup_enter(cgroup, quiet->pid);
	live_cgroup_enter(cgroup, greedy->pid);
	live_open_gate(quiet, 0);
	live_at_gate(quiet, 0, 2);
	live_open_gate(greedy, 0);
	live_assert_killed(greedy, 60000);
	live_open_gate(quiet, 0);
	live_assert_unharmed(quiet);
	live_run_stop();
}

static void freeing_ends_the_over_state_of_a_margin(void **state)
{
	const char *root, *cgroup;
	struct live_proc *proc;

	(void)state;
	LIVE_NEED("memcg_margin");
	NEED_CGROUP2(root, "memory");
	cgroup = cgroup_with_high(root, "64M");
	live_run("");
	proc = live_eat("--on-signal %d=report wait touch=66M wait free wait",
			SIGUSR1);
	live_cgroup_enter(cgroup, proc->pid);
	live_ok("set %d --action signal --signal USR1 --margin 512K",
		proc->pid);
	live_open_gate(proc, 0);
	live_at_gate(proc, 0, 2);
	live_event(proc->pid, "crossed", 1);
	assert_int_equal(proc->slot->signals, 1);
	live_open_gate(proc, 0);
	live_event(proc->pid, "below", 1);
	live_open_gate(proc, 0);
	live_assert_unharmed(proc);
	live_run_stop();
}

/* ---- neighbours ---- */

/* memory.max would have had the OOM killer choose one of the two. */
static void a_neighbour_in_the_same_cgroup_is_unharmed(void **state)
{
	struct live_proc *neighbour, *runaway;
	const char *root, *cgroup;
	int i;

	(void)state;
	LIVE_NEED("kill");
	NEED_CGROUP2(root, "memory");
	cgroup = live_cgroup(root, "shared");
	live_cgroup_no_swap(cgroup);
	live_cgroup_write(cgroup, "memory.max", "160M");
	live_run("");
	neighbour = live_neighbour(48 * MIB, 4);
	live_cgroup_enter(cgroup, neighbour->pid);
	for (i = 0; i < 3; i++) {
		runaway = live_eat("wait touch=512M");
		live_cgroup_enter(cgroup, runaway->pid);
		live_ok("set %d --action kill --limit 64M", runaway->pid);
		live_open_gate(runaway, 0);
		live_assert_killed(runaway, 60000);
	}
	live_assert_unharmed(neighbour);
	assert_int_equal(live_cgroup_read(cgroup, "memory.events", "oom_kill"),
			 0);
	assert_int_equal(live_cgroup_read(cgroup, "memory.events", "oom"), 0);
	live_run_stop();
}

/* The same with memory.high, where the neighbour would have been slowed. */
static void a_neighbour_below_high_is_not_slowed(void **state)
{
	struct live_proc *neighbour, *runaway;
	const char *root, *cgroup;

	(void)state;
	LIVE_NEED("kill");
	NEED_CGROUP2(root, "memory");
	cgroup = cgroup_with_high(root, "160M");
	live_run("");
	neighbour = live_neighbour(48 * MIB, 4);
	live_cgroup_enter(cgroup, neighbour->pid);
	runaway = live_eat("wait touch=512M");
	live_cgroup_enter(cgroup, runaway->pid);
	live_ok("set %d --action kill --limit 64M", runaway->pid);
	live_open_gate(runaway, 0);
	live_assert_killed(runaway, 60000);
	live_assert_unharmed(neighbour);
	assert_int_equal(live_cgroup_read(cgroup, "memory.events", "high"), 0);
	/* an emulated machine of two CPUs with three busy processes */
	LIVE_ASSERT(neighbour->slot->worst_stall_ns < 1500000000ULL,
		    "stalled for %llu ns",
		    (unsigned long long)neighbour->slot->worst_stall_ns);
	live_run_stop();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		LIVE_TEST(a_cgroup_policy_holds_for_all_below),
		LIVE_TEST(each_process_of_a_cgroup_has_the_limit_for_itself),
		LIVE_TEST(the_nearest_cgroup_wins),
		LIVE_TEST_ONCE(process_beats_cgroup_beats_default),
		LIVE_TEST(a_process_that_moves_is_governed_where_it_is),
		LIVE_TEST_ONCE(get_of_a_process_shows_what_its_cgroup_asks_for),
		LIVE_TEST(a_process_over_the_margin_is_killed),
		LIVE_TEST(a_process_below_the_margin_is_let_alone),
		LIVE_TEST(the_memory_high_of_an_ancestor_counts),
		LIVE_TEST(both_limits_must_be_passed_without_direct),
		LIVE_TEST(a_margin_policy_of_a_cgroup_hits_who_charges),
		LIVE_TEST(freeing_ends_the_over_state_of_a_margin),
		LIVE_TEST(a_neighbour_in_the_same_cgroup_is_unharmed),
		LIVE_TEST(a_neighbour_below_high_is_not_slowed),
	};

	return live_tests("cgroup", tests, NULL, NULL);
}
