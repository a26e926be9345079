// SPDX-License-Identifier: GPL-2.0
/*
 * ways.c - how far past its limit a process gets, by the way in which it takes
 * memory: `bench --ways`.
 *
 * Belongs here: KILL at full speed, in every way that tests/prog/take.c knows,
 * alone and beside neighbours in the same cgroup on the same CPU.  Does not:
 * what its own stores say (overshoot.c).  The figure is the excess that
 * overhigh's event has, which tests/live/test_ways.c holds against the kernel's
 * high-water mark.
 */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bench.h"

#define LIMIT "64M"
#define TAKES "134217728"
#define NEIGHBOURS 4
#define PAGE 4096.0

static const struct way {
	const char *text, *name, *threads, *kinds;
	bool neighbours;
} ways[] = {
	{ "page faults, alone", "fault", "1", "anon", false },
	{ "8 threads", "threads", "8", "anon", false },
	{ "64 threads", "threads", "64", "anon", false },
	{ "4 neighbours in its cgroup on its CPU", "fault", "1", "anon", true },
	{ "huge pages", "huge", "1", "anon", false },
	{ "MAP_POPULATE", "populate", "1", "anon", false },
	{ "UFFDIO_COPY", "uffd", "1", "anon", false },
	{ "/proc/self/mem", "self-mem", "1", "anon", false },
	{ "process_vm_writev by another", "remote", "1", "anon", false },
	{ "a file read through a mapping", "file", "1", "file", false },
	{ "fork of a large parent, then copies", "copy", "1", "anon", false },
};

static void on_first_cpu(void)
{
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(0, &cpus);
	sched_setaffinity(0, sizeof(cpus), &cpus);
}

static void on_every_cpu(void)
{
	cpu_set_t cpus;
	long i;

	CPU_ZERO(&cpus);
	for (i = 0; i < sysconf(_SC_NPROCESSORS_ONLN); i++)
		CPU_SET(i, &cpus);
	sched_setaffinity(0, sizeof(cpus), &cpus);
}

static void until_stopped(pid_t pid)
{
	int status;

	if (waitpid(pid, &status, WUNTRACED) != pid || !WIFSTOPPED(status))
		give_up("take has ended");
}

/* The process that is governed: for a copy the child that its parent forks once
 * it has half of what it takes. */
static const char *limit_of(const struct way *way)
{
	return strcmp(way->name, "copy") ? LIMIT : "80M";
}

/* Pages past the limit; less than 0: the kernel does not have the way. */
static double run_once(const struct way *way)
{
	char *argv[] = { "take", (char *)way->name, TAKES, (char *)way->threads,
			 NULL };
	uint64_t excess_bytes = 0;
	pid_t pid = child_start(argv, -1, -1, -1);
	int status;

	until_stopped(pid);
	enter_cgroup(pid);
	overhigh("set %d --action kill --direct --rss %s --limit %s", pid,
		 way->kinds, limit_of(way));
	kill(pid, SIGCONT);
	if (waitpid(pid, &status, 0) != pid)
		give_up("waitpid: %s", strerror(errno));
	if (WIFEXITED(status) && WEXITSTATUS(status) == 98)
		return -1;
	if (!WIFSIGNALED(status))
		give_up("%s: nothing happened to it", way->text);
	/* a child of it, where the way is a copy */
	if (!loader_acted(strcmp(way->name, "copy") ? pid : 0, &excess_bytes))
		give_up("%s: no event came", way->text);
	return excess_bytes / PAGE;
}

/* Takes 16 MiB, page by page, gives them back, for ever. */
static void be_a_neighbour(void)
{
	size_t bytes = 16 << 20, at;
	char *p;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;) {
		p = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (p == MAP_FAILED || madvise(p, bytes, MADV_NOHUGEPAGE))
			_exit(1);
		for (at = 0; at < bytes; at += 4096)
			*(volatile char *)(p + at) = 1;
		munmap(p, bytes);
	}
}

static void start_neighbours(pid_t pid[NEIGHBOURS])
{
	unsigned int i;

	for (i = 0; i < NEIGHBOURS; i++) {
		pid[i] = fork();
		if (pid[i] < 0)
			give_up("fork: %s", strerror(errno));
		if (!pid[i])
			be_a_neighbour();
		enter_cgroup(pid[i]);
	}
}

static void measure_way(const struct settings *settings, const struct way *way)
{
	static double pages[MAX_RUNS];
	pid_t neighbour[NEIGHBOURS];
	struct spread spread;
	unsigned int i, n = 0;

	if (way->neighbours) {
		on_first_cpu();
		start_neighbours(neighbour);
	}
	for (i = 0; i < settings->runs; i++) {
		pages[n] = run_once(way);
		n += pages[n] >= 0;
	}
	if (way->neighbours) {
		for (i = 0; i < NEIGHBOURS; i++)
			child_end(neighbour[i]);
		on_every_cpu();
	}
	if (!n) {
		printf("| %s | not on this kernel | |\n", way->text);
		return;
	}
	spread = spread_of(pages, n);
	printf("| %s | %.0f | %.0f |\n", way->text, spread.median, spread.most);
	fflush(stdout);
}

void measure_ways(const struct settings *settings)
{
	unsigned int i;

	printf("| past a limit of 64 MiB, of %u runs, pages of 4 KiB | median | "
	       "most |\n|---|---|---|\n",
	       settings->runs);
	loader_up();
	for (i = 0; i < sizeof(ways) / sizeof(ways[0]); i++)
		measure_way(settings, &ways[i]);
	loader_down();
}
