// SPDX-License-Identifier: GPL-2.0
/*
 * test_gears.c - the two gears of detection: what the far one, which costs next
 * to nothing, sees by itself; when the near one is there, and when it is not.
 *
 * All of it in a cgroup with a memory controller, but for the test that says
 * otherwise: only there are charges made in batches.  How far a process has got
 * is taken from its progress file and its page tables, not from overhigh.
 */
#include <signal.h>
#include <unistd.h>

#include "live.h"

#define BATCH (64 * PAGE)
#define HUGE_PAGE (2 * MIB)

static const char *cgroup;

/* The cgroup, made; skips where the far gear is not to be had. */
#define NEED_GEARS()                                                           \
	do {                                                                   \
		const char *root_ = live_cgroup_root("memory");                \
		LIVE_NEED("memcg_margin");                                     \
		if (!root_)                                                    \
			LIVE_SKIP("no memory controller on cgroup2");          \
		cgroup = live_cgroup(root_, "gears");                          \
	} while (0)

static bool attached(const char *hook)
{
	char path[128];

	snprintf(path, sizeof(path), LIVE_PINS "/links/%s", hook);
	return !access(path, F_OK);
}

static bool near_is_on(void)
{
	return attached("fault") || attached("rss_stat");
}

/* A process in the cgroup, at its first gate. */
static struct live_proc *eat_in_cgroup(const char *steps)
{
	struct live_proc *proc = live_eat("%s", steps);

	live_cgroup_enter(cgroup, proc->pid);
	return proc;
}

/* Lets a process under a KILL policy go until it is killed.  Returns how many
 * bytes past its limit it got: those that it has stored to. */
static uint64_t overshoot(struct live_proc *proc, uint64_t limit_bytes)
{
	uint64_t may = limit_bytes - live_smaps(proc->pid, "Anonymous");

	live_open_gate(proc, 0);
	live_assert_killed(proc, 60000);
	return proc->slot->touched_bytes > may ?
		       proc->slot->touched_bytes - may :
		       0;
}

static void set_kill(struct live_proc *proc, uint64_t limit_bytes)
{
	live_ok("set %d --action kill --direct --rss anon --limit %llu",
		proc->pid, (unsigned long long)limit_bytes);
}

static void far_from_its_limit_a_process_has_the_far_gear_alone(void **state)
{
	struct live_proc *proc;

	(void)state;
	NEED_GEARS();
	live_run("");
	proc = eat_in_cgroup("wait touch=16M wait");
	set_kill(proc, 512 * MIB);
	LIVE_ASSERT(attached("charge"), "no far gear");
	LIVE_ASSERT(!near_is_on(), "the near gear is on");
	live_open_gate(proc, 0);
	live_at_gate(proc, 0, 2);
	LIVE_ASSERT(!near_is_on(), "the near gear is on");
	live_run_stop();
}

static void who_comes_slowly_is_met_at_the_page(void **state)
{
	struct live_proc *proc;
	uint64_t limit, past;
	int i;

	(void)state;
	NEED_GEARS();
	live_run("");
	for (i = 0; i < 4; i++) {
		limit = 16 * MIB + (i * 37 + 5) * PAGE;
		proc = eat_in_cgroup("--rate 16M wait touch=64M");
		set_kill(proc, limit);
		past = overshoot(proc, limit);
		LIVE_ASSERT(past == 0, "%llu bytes too far",
			    (unsigned long long)past);
	}
	live_run_stop();
}

/* With the loader stopped nobody fits the near gear: the worst case of one who
 * outruns that. */
static void who_outruns_the_near_gear_is_met_within_a_batch(void **state)
{
	struct live_proc *proc;
	uint64_t past;
	int i;

	(void)state;
	NEED_GEARS();
	live_run("");
	for (i = 0; i < 4; i++) {
		proc = eat_in_cgroup("wait touch=256M");
		set_kill(proc, 64 * MIB + i * 37 * PAGE);
		kill(live_run_pid(), SIGSTOP);
		past = overshoot(proc, 64 * MIB + i * 37 * PAGE);
		LIVE_ASSERT(past <= BATCH, "%llu bytes too far",
			    (unsigned long long)past);
		kill(live_run_pid(), SIGCONT);
	}
	live_run_stop();
}

static void with_huge_pages_it_is_met_within_one(void **state)
{
	struct live_proc *proc;
	uint64_t past;

	(void)state;
	NEED_GEARS();
	live_run("");
	proc = eat_in_cgroup("--thp wait touch=256M");
	set_kill(proc, 64 * MIB);
	kill(live_run_pid(), SIGSTOP);
	past = overshoot(proc, 64 * MIB);
	LIVE_ASSERT(past <= HUGE_PAGE, "%llu bytes too far",
		    (unsigned long long)past);
	kill(live_run_pid(), SIGCONT);
	live_run_stop();
}

static void set_on_one_that_is_near_fits_the_near_gear_at_once(void **state)
{
	struct live_proc *proc;

	(void)state;
	NEED_GEARS();
	live_run("");
	proc = eat_in_cgroup("wait touch=16M wait touch=1M");
	live_open_gate(proc, 0);
	live_at_gate(proc, 0, 2);
	set_kill(proc, live_smaps(proc->pid, "Anonymous") + PAGE);
	LIVE_ASSERT(near_is_on(), "the near gear is not on");
	/* one page more is allowed, the next one is not */
	live_open_gate(proc, 0);
	live_assert_killed(proc, LIVE_WAIT_MS);
	LIVE_ASSERT(proc->slot->touched_bytes <= 16 * MIB + PAGE,
		    "touched %llu",
		    (unsigned long long)proc->slot->touched_bytes);
	live_run_stop();
}

static void the_near_gear_goes_when_nobody_is_near(void **state)
{
	struct live_proc *proc;

	(void)state;
	NEED_GEARS();
	live_run("");
	proc = eat_in_cgroup("wait touch=16M wait");
	live_open_gate(proc, 0);
	live_at_gate(proc, 0, 2);
	set_kill(proc, live_smaps(proc->pid, "Anonymous") + PAGE);
	LIVE_ASSERT(near_is_on(), "the near gear is not on");
	/* it stays as long as the process is near, which does nothing */
	live_pause(4000);
	LIVE_ASSERT(near_is_on(), "the near gear is not on any more");
	set_kill(proc, 512 * MIB);
	LIVE_ASSERT(near_is_on(), "taken off at once");
	LIVE_UNTIL(!near_is_on(), 10000, "the near gear stays on");
	live_run_stop();
}

static void without_a_loader_the_near_gear_is_on(void **state)
{
	struct live_proc *proc;

	(void)state;
	NEED_GEARS();
	live_run("--keep");
	proc = eat_in_cgroup("wait touch=256M");
	set_kill(proc, 128 * MIB + PAGE);
	LIVE_ASSERT(!near_is_on(), "the near gear is on");
	live_run_stop();
	LIVE_ASSERT(near_is_on(), "after --keep it is not on");
	live_run("");
	LIVE_UNTIL(!near_is_on(), 10000, "the near gear stays on");
	live_run_kill();
	LIVE_UNTIL(near_is_on(), 10000, "the guard has not put it on");
	assert_int_equal(overshoot(proc, 128 * MIB + PAGE), 0);
	live_ok("unload");
}

static void exact_keeps_the_near_gear_on(void **state)
{
	struct live_proc *proc;

	(void)state;
	NEED_GEARS();
	live_run("--exact");
	proc = eat_in_cgroup("wait touch=256M");
	set_kill(proc, 64 * MIB);
	LIVE_ASSERT(near_is_on(), "the near gear is not on");
	live_pause(5000);
	LIVE_ASSERT(near_is_on(), "the near gear is not on any more");
	assert_int_equal(overshoot(proc, 64 * MIB), 0);
	live_run_stop();
}

/* In the root cgroup nothing is charged. */
static void whom_no_batch_shows_has_the_near_gear(void **state)
{
	struct live_proc *proc;
	const char *root;

	(void)state;
	NEED_GEARS();
	root = live_cgroup_root("memory");
	live_run("");
	proc = eat_in_cgroup("wait touch=256M");
	set_kill(proc, 64 * MIB);
	LIVE_ASSERT(!near_is_on(), "the near gear is on");
	live_cgroup_enter(root, proc->pid);
	LIVE_UNTIL(near_is_on(), 5000, "the move to the root was not noticed");
	assert_int_equal(overshoot(proc, 64 * MIB), 0);
	proc = live_eat("wait touch=256M");
	live_cgroup_enter(root, proc->pid);
	LIVE_UNTIL(!near_is_on(), 10000, "the near gear stays on");
	set_kill(proc, 64 * MIB);
	LIVE_ASSERT(near_is_on(), "not put on at once");
	assert_int_equal(overshoot(proc, 64 * MIB), 0);
	live_run_stop();
}

/* Its first look is at a batch, or at its policy. */
static void exec_of_a_small_limit_is_exact(void **state)
{
	static struct live_cmd cmd;

	(void)state;
	NEED_GEARS();
	live_run("");
	live_shell(
		&cmd,
		"echo $$ >%s/cgroup.procs; exec $OVERHIGH exec --action none "
		"--rss anon --limit 512K -- ls %s/links",
		cgroup, LIVE_PINS);
	LIVE_ASSERT(strstr(cmd.out, "fault") || strstr(cmd.out, "rss_stat"),
		    "attached: %s%s", cmd.out, cmd.err);
	live_run_stop();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		LIVE_TEST(far_from_its_limit_a_process_has_the_far_gear_alone),
		LIVE_TEST(who_comes_slowly_is_met_at_the_page),
		LIVE_TEST(who_outruns_the_near_gear_is_met_within_a_batch),
		LIVE_TEST(with_huge_pages_it_is_met_within_one),
		LIVE_TEST(set_on_one_that_is_near_fits_the_near_gear_at_once),
		LIVE_TEST(the_near_gear_goes_when_nobody_is_near),
		LIVE_TEST(without_a_loader_the_near_gear_is_on),
		LIVE_TEST(exact_keeps_the_near_gear_on),
		LIVE_TEST(whom_no_batch_shows_has_the_near_gear),
		LIVE_TEST(exec_of_a_small_limit_is_exact),
	};

	return cmocka_run_group_tests_name("gears", tests, NULL, NULL);
}
