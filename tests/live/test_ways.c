// SPDX-License-Identifier: GPL-2.0
/*
 * test_ways.c - whatever way a process takes memory, its crossing is seen.
 *
 * Each way runs at full speed, so that nothing can be prepared for: what is
 * allowed past the limit is what the kernel charges at once, a batch of 64
 * pages or a huge page.  How far it got is the kernel's own high-water mark,
 * held beside what overhigh says.  Slow ways are in test_kill.c.
 */
#include <signal.h>
#include <unistd.h>

#include "live.h"

#define BATCH (64 * PAGE)
#define HUGE_PAGE (2 * MIB)
#define LIMIT (64 * MIB)
#define TAKES "268435456"
/* What take maps from its own file counts for the high-water mark alone. */
#define PROGRAM (2 * MIB)

struct way {
	const char *name, *threads;
	const char *rss;     /* kinds that it grows */
	uint64_t most_bytes; /* past the limit, when it is seen */
	bool asleep;	     /* it does nothing itself: the loader's look
			      * a second has to find it */
};

/* Returns the cgroup that they live in; NULL: there is none with memory.  The
 * root cgroup is charged for nothing, and few processes live there. */
static const char *begin(void)
{
	const char *root = live_cgroup_root("memory");

	live_run("");
	return root ? live_cgroup(root, "ways") : NULL;
}

static struct live_proc *start(const struct way *way, const char *cgroup)
{
	char *argv[] = { "take", (char *)way->name, TAKES, (char *)way->threads,
			 NULL };
	struct live_proc *proc = live_spawn(argv);

	LIVE_UNTIL(live_task_state(proc->pid) == 'T', LIVE_WAIT_MS,
		   "%s has not stopped", way->name);
	if (cgroup)
		live_cgroup_enter(cgroup, proc->pid);
	return proc;
}

static void look_at(const struct way *way, const char *cgroup)
{
	struct live_proc *proc = start(way, cgroup);
	cJSON *event;

	live_ok("set %d --action kill --direct --rss %s --limit %llu",
		proc->pid, way->rss, LIMIT);
	kill(proc->pid, SIGCONT);
	live_wait_end(proc, LIVE_WAIT_MS);
	if (WIFEXITED(proc->status) && WEXITSTATUS(proc->status) == 98) {
		print_message("%s: this kernel does not have it\n", way->name);
		return;
	}
	LIVE_ASSERT(WIFSIGNALED(proc->status) &&
			    WTERMSIG(proc->status) == SIGKILL,
		    "%s: status %#x", way->name, proc->status);
	event = live_event(proc->pid, "acted", 1);
	print_message("%s: seen %.0f pages past the limit\n", way->name,
		      live_number(event, "excess_bytes") / PAGE);
	if (way->asleep)
		return;
	LIVE_ASSERT(live_number(event, "excess_bytes") <= way->most_bytes,
		    "%s: %.0f pages past the limit", way->name,
		    live_number(event, "excess_bytes") / PAGE);
	LIVE_ASSERT(proc->max_rss_bytes <= LIMIT + way->most_bytes + PROGRAM,
		    "%s: went on to %llu", way->name,
		    (unsigned long long)proc->max_rss_bytes);
}

static void look_at_each(const struct way *ways, size_t nr)
{
	const char *cgroup = begin();
	size_t i;

	for (i = 0; i < nr; i++)
		look_at(&ways[i], cgroup);
	live_run_stop();
}

static void every_way_of_its_own_is_seen_within_a_batch(void **state)
{
	static const struct way ways[] = {
		{ "fault", "1", "anon", BATCH, false },
		{ "brk", "1", "anon", BATCH, false },
		{ "stack", NULL, "anon", BATCH, false },
		{ "shmem", "1", "anon,shmem", BATCH, false },
		{ "read", "1", "anon", BATCH, false },
		{ "populate", "1", "anon", BATCH, false },
		{ "madvise", "1", "anon", BATCH, false },
		{ "mlock", "1", "anon", BATCH, false },
		{ "self-mem", "1", "anon", BATCH, false },
		{ "uffd", "1", "anon", BATCH, false },
	};

	(void)state;
	look_at_each(ways, sizeof(ways) / sizeof(ways[0]));
}

static void a_huge_page_past_the_limit_is_the_last(void **state)
{
	static const struct way way = { "huge", "1", "anon", HUGE_PAGE, false };

	(void)state;
	look_at_each(&way, 1);
}

/* Each CPU has a batch of its own, and a thread may lose its CPU within one. */
static void many_threads_get_a_few_batches(void **state)
{
	static const struct way ways[] = {
		{ "threads", "8", "anon", 4 * BATCH, false },
		{ "threads", "64", "anon", 8 * BATCH, false },
	};

	(void)state;
	look_at_each(ways, sizeof(ways) / sizeof(ways[0]));
}

/* No charge of its own shows that; without the loader's look it would sleep on
 * for ever. */
static void what_others_write_into_a_sleeper_is_seen(void **state)
{
	static const struct way way = { "remote", "1", "anon", 0, true };

	(void)state;
	look_at_each(&way, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		LIVE_TEST(every_way_of_its_own_is_seen_within_a_batch),
		LIVE_TEST(a_huge_page_past_the_limit_is_the_last),
		LIVE_TEST(many_threads_get_a_few_batches),
		LIVE_TEST(what_others_write_into_a_sleeper_is_seen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
