// SPDX-License-Identifier: GPL-2.0
/*
 * faults.c - what a page fault costs the process that takes it.
 *
 *	faults CPU
 *
 * For each byte on standard input it does one pass and writes a line with the
 * nanoseconds a page.  A pass gets 64 MiB of anonymous memory
 * without huge pages, writes one byte into every page, gives all back; only the
 * writing is timed, in CPU time of the thread, so that other processes on the
 * same CPU do not count.  What overhigh does meanwhile is up to bench.c.
 */
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#define BYTES (64UL << 20)

static double cpu_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return t.tv_sec * 1e9 + t.tv_nsec;
}

static double one_pass(void)
{
	size_t page_bytes = sysconf(_SC_PAGESIZE), at;
	double start_ns, took_ns;
	char *p = mmap(NULL, BYTES, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED || madvise(p, BYTES, MADV_NOHUGEPAGE)) {
		perror("faults");
		exit(1);
	}
	start_ns = cpu_ns();
	for (at = 0; at < BYTES; at += page_bytes)
		*(volatile char *)(p + at) = 1;
	took_ns = cpu_ns() - start_ns;
	munmap(p, BYTES);
	return took_ns / (BYTES / page_bytes);
}

int main(int argc, char **argv)
{
	cpu_set_t cpus;
	char byte;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (argc != 2)
		return 99;
	CPU_ZERO(&cpus);
	CPU_SET(atoi(argv[1]), &cpus);
	if (sched_setaffinity(0, sizeof(cpus), &cpus))
		return 99;
	one_pass();
	while (read(0, &byte, 1) == 1) {
		printf("%.2f\n", one_pass());
		fflush(stdout);
	}
	return 0;
}
