// SPDX-License-Identifier: GPL-2.0
/*
 * test_kill.c - KILL: at the crossing, of the right process, of it alone.
 *
 * How far a process has got is taken from its progress file and from its page
 * tables before it sets out, never from what overhigh says; that is held
 * against it.
 */
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "live.h"

#define OVERSHOOT (64 * PAGE)
#define HUGE_PAGE (2 * MIB)

/* Sets a KILL policy on anonymous memory and lets the process go.  Returns how
 * far the process may get, by its page tables: bytes until it is over. */
static uint64_t let_go(struct live_proc *proc, uint64_t limit_bytes)
{
	uint64_t base;

	live_ok("set %d --action kill --direct --rss anon --limit %llu",
		proc->pid, (unsigned long long)limit_bytes);
	base = live_smaps(proc->pid, "Anonymous");
	LIVE_ASSERT(base && base < limit_bytes, "base %llu",
		    (unsigned long long)base);
	live_open_gate(proc, 0);
	return limit_bytes - base;
}

static void a_runaway_is_killed_at_its_limit(void **state)
{
	struct live_proc *proc;
	cJSON *event;

	(void)state;
	live_run("");
	proc = live_eat("wait touch=512M");
	live_ok("set %d --action kill --limit 64M", proc->pid);
	live_open_gate(proc, 0);
	live_assert_killed(proc, LIVE_WAIT_MS);
	event = live_event(proc->pid, "crossed", 1);
	assert_string_equal(live_string(event, "comm"), "eat");
	assert_string_equal(live_string(event, "source"), "process");
	assert_true(live_number(event, "limit_bytes") == 64 * MIB);
	event = live_event(proc->pid, "acted", 1);
	assert_string_equal(live_string(event, "action"), "kill");
	LIVE_ASSERT(live_number(event, "excess_bytes") <= OVERSHOOT,
		    "excess %.0f", live_number(event, "excess_bytes"));
	LIVE_ASSERT(live_number(event, "excess_bytes") > 0, "excess 0");
	LIVE_ASSERT(proc->slot->touched_bytes <= 64 * MIB + OVERSHOOT,
		    "touched %llu",
		    (unsigned long long)proc->slot->touched_bytes);
	assert_int_equal(live_events(proc->pid, "acted"), 1);
	live_run_stop();
}

/* The store that crosses is never carried out, nor any after it.  Up to that
 * all are: a few pages (stack, bookkeeping) are not counted by the program. */
static void no_instruction_runs_after_the_crossing(void **state)
{
	uint64_t may, touched, limit;
	struct live_proc *proc;
	int i;

	(void)state;
	live_run("");
	for (i = 0; i < 12; i++) {
		limit = 16 * MIB + (i * 37 + 5) * PAGE;
		proc = live_eat("wait touch=128M");
		may = let_go(proc, limit);
		live_assert_killed(proc, LIVE_WAIT_MS);
		touched = proc->slot->touched_bytes;
		LIVE_ASSERT(touched <= may, "%llu pages too many",
			    (unsigned long long)(touched - may) / PAGE);
		LIVE_ASSERT(touched + 16 * PAGE >= may,
			    "killed %llu pages early",
			    (unsigned long long)(may - touched) / PAGE);
	}
	live_run_stop();
}

static void overshoot_with_huge_pages_is_one_huge_page(void **state)
{
	struct live_proc *proc;
	uint64_t may;
	cJSON *event;
	double excess;

	(void)state;
	live_run("");
	proc = live_eat("--thp wait touch=8M wait touch=512M");
	may = let_go(proc, 65 * MIB);
	live_at_gate(proc, 0, 2);
	if (!live_smaps(proc->pid, "AnonHugePages"))
		LIVE_SKIP("this kernel gives no huge pages on MADV_HUGEPAGE");
	live_open_gate(proc, 0);
	live_assert_killed(proc, LIVE_WAIT_MS);
	event = live_event(proc->pid, "acted", 1);
	excess = live_number(event, "excess_bytes");
	LIVE_ASSERT(excess > 0 && excess <= HUGE_PAGE, "excess %.0f", excess);
	LIVE_ASSERT(proc->slot->touched_bytes <= may, "touched %llu of %llu",
		    (unsigned long long)proc->slot->touched_bytes,
		    (unsigned long long)may);
	live_run_stop();
}

static void a_process_is_killed_with_all_its_threads(void **state)
{
	uint64_t may, touched = 0;
	struct live_proc *proc;
	int i;

	(void)state;
	live_run("");
	proc = live_eat("--threads 4 wait touch=512M");
	may = let_go(proc, 64 * MIB);
	live_assert_killed(proc, LIVE_WAIT_MS);
	for (i = 0; i < 4; i++)
		touched += proc->slot[i].touched_bytes;
	/* what the other CPU does until it hears of the signal */
	LIVE_ASSERT(touched <= may + OVERSHOOT, "%llu pages too many",
		    (unsigned long long)(touched - may) / PAGE);
	live_event(proc->pid, "exited", 1);
	assert_int_equal(live_events(proc->pid, "acted"), 1);
	live_run_stop();
}

/* One system call that asks the kernel for all pages at once. */
static void a_populating_mmap_is_cut_short(void **state)
{
	struct live_proc *proc;

	(void)state;
	live_run("");
	proc = live_eat("wait populate=512M");
	let_go(proc, 64 * MIB);
	live_assert_killed(proc, LIVE_WAIT_MS);
	/* the mark counts program and libraries too: up to 4 MiB; and a fault
	 * may have mapped a huge page */
	LIVE_ASSERT(proc->max_rss_bytes <= 68 * MIB + OVERSHOOT + HUGE_PAGE,
		    "high-water mark %llu",
		    (unsigned long long)proc->max_rss_bytes);
	live_run_stop();
}

static void a_process_that_is_over_when_the_policy_comes_is_killed(void **state)
{
	struct live_proc *proc;

	(void)state;
	live_run("");
	proc = live_eat("wait touch=64M wait touch=64M");
	live_open_gate(proc, 0);
	live_at_gate(proc, 0, 2);
	live_ok("set %d --action kill --limit 32M", proc->pid);
	live_open_gate(proc, 0);
	live_assert_killed(proc, LIVE_WAIT_MS);
	LIVE_ASSERT(proc->slot->touched_bytes <= 64 * MIB + OVERSHOOT,
		    "touched %llu",
		    (unsigned long long)proc->slot->touched_bytes);
	live_run_stop();
}

static void a_neighbour_goes_on_unharmed(void **state)
{
	struct live_proc *neighbour, *proc;
	int i;

	(void)state;
	live_run("");
	neighbour = live_neighbour(48 * MIB, 3);
	for (i = 0; i < 3; i++) {
		proc = live_eat("wait touch=512M");
		live_ok("set %d --action kill --limit 32M", proc->pid);
		live_open_gate(proc, 0);
		live_assert_killed(proc, LIVE_WAIT_MS);
	}
	live_assert_unharmed(neighbour);
	assert_int_equal(live_events(neighbour->pid, "crossed"), 0);
	/* generous: two processes of this test may share its CPU */
	LIVE_ASSERT(neighbour->slot->worst_stall_ns < 1000000000ULL,
		    "stalled for %llu ns",
		    (unsigned long long)neighbour->slot->worst_stall_ns);
	live_run_stop();
}

static void a_process_below_its_limit_is_let_alone(void **state)
{
	struct live_proc *proc;

	(void)state;
	live_run("");
	proc = live_eat("wait touch=60M");
	live_ok("set %d --action kill --limit 64M --rss anon --direct",
		proc->pid);
	live_open_gate(proc, 0);
	live_assert_unharmed(proc);
	assert_int_equal(proc->slot->touched_bytes, 60 * MIB);
	assert_int_equal(live_events(proc->pid, "crossed"), 0);
	live_run_stop();
}

/* ---- which memory counts ---- */

static struct live_proc *eat_file(const char *fs, const char *kinds)
{
	const char *dir = live_mount(fs);
	struct live_proc *proc;

	proc = live_eat("--file %s/file wait touch=64M", dir);
	live_ok("set %d --action kill --limit 24M --direct --rss %s", proc->pid,
		kinds);
	live_open_gate(proc, 0);
	return proc;
}

static void shared_memory_counts_when_chosen(void **state)
{
	struct live_proc *proc;

	(void)state;
	live_run("");
	proc = eat_file("tmpfs", "shmem");
	live_assert_killed(proc, LIVE_WAIT_MS);
	LIVE_ASSERT(proc->slot->touched_bytes <= 24 * MIB + OVERSHOOT,
		    "touched %llu",
		    (unsigned long long)proc->slot->touched_bytes);
	LIVE_ASSERT(proc->slot->touched_bytes >= 12 * MIB, "touched %llu",
		    (unsigned long long)proc->slot->touched_bytes);
	live_assert_unharmed(eat_file("tmpfs", "anon,file,swap"));
	live_run_stop();
}

static void mapped_files_count_when_chosen(void **state)
{
	struct live_proc *proc;

	(void)state;
	live_run("");
	/* pages of ramfs are file pages, those of tmpfs are not */
	proc = eat_file("ramfs", "file");
	live_assert_killed(proc, LIVE_WAIT_MS);
	LIVE_ASSERT(proc->slot->touched_bytes <= 24 * MIB + OVERSHOOT,
		    "touched %llu",
		    (unsigned long long)proc->slot->touched_bytes);
	live_assert_unharmed(eat_file("ramfs", "anon,swap"));
	live_run_stop();
}

static void shared_memory_counts_by_default_and_files_do_not(void **state)
{
	const char *ramfs = live_mount("ramfs"), *tmpfs = live_mount("tmpfs");
	struct live_proc *file, *shmem;

	(void)state;
	live_run("");
	file = live_eat("--file %s/file wait touch=64M", ramfs);
	shmem = live_eat("--file %s/file wait touch=64M", tmpfs);
	live_ok("set %d %d --action kill --limit 32M", file->pid, shmem->pid);
	live_open_gate(file, 0);
	live_open_gate(shmem, 0);
	live_assert_killed(shmem, LIVE_WAIT_MS);
	live_assert_unharmed(file);
	live_run_stop();
}

static uint64_t swap_is_on(void)
{
	char line[256];
	FILE *file = fopen("/proc/swaps", "r");
	int lines = 0;

	while (file && fgets(line, sizeof(line), file))
		lines++;
	if (file)
		fclose(file);
	return lines > 1;
}

/* What has been swapped out is not in memory, but was asked for. */
static void swapped_memory_counts_when_chosen(void **state)
{
	struct live_proc *with, *without;

	(void)state;
	if (!swap_is_on())
		LIVE_SKIP("no swap is on here");
	live_run("");
	with = live_eat("wait touch=24M pageout wait touch=24M");
	without = live_eat("wait touch=24M pageout wait touch=24M");
	live_ok("set %d --action kill --direct --rss anon,swap --limit 40M",
		with->pid);
	live_ok("set %d --action kill --direct --rss anon --limit 40M",
		without->pid);
	live_open_gate(with, 0);
	live_open_gate(without, 0);
	live_at_gate(with, 0, 2);
	live_at_gate(without, 0, 2);
	LIVE_ASSERT(live_smaps(without->pid, "Swap") > 12 * MIB,
		    "only %llu bytes were swapped out",
		    (unsigned long long)live_smaps(without->pid, "Swap"));
	live_open_gate(with, 0);
	live_open_gate(without, 0);
	live_assert_killed(with, LIVE_WAIT_MS);
	live_assert_unharmed(without);
	live_run_stop();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		LIVE_TEST(a_runaway_is_killed_at_its_limit),
		LIVE_TEST(no_instruction_runs_after_the_crossing),
		LIVE_TEST(overshoot_with_huge_pages_is_one_huge_page),
		LIVE_TEST(a_process_is_killed_with_all_its_threads),
		LIVE_TEST(a_populating_mmap_is_cut_short),
		LIVE_TEST(
			a_process_that_is_over_when_the_policy_comes_is_killed),
		LIVE_TEST(a_neighbour_goes_on_unharmed),
		LIVE_TEST(a_process_below_its_limit_is_let_alone),
		LIVE_TEST(shared_memory_counts_when_chosen),
		LIVE_TEST(mapped_files_count_when_chosen),
		LIVE_TEST(shared_memory_counts_by_default_and_files_do_not),
		LIVE_TEST(swapped_memory_counts_when_chosen),
	};

	return live_tests("kill", tests, NULL, NULL);
}
