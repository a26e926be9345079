// SPDX-License-Identifier: GPL-2.0
/*
 * neighbour.c - an innocent process that works steadily and measures how well
 * it gets on.
 *
 *	neighbour PROGRESS SIZE SECONDS
 *
 * A round gets SIZE bytes, writes into every page and gives them back.  What
 * it reports into the progress file (progress.h), also while it runs: bytes
 * touched, the longest time between two pages.  At the end one line
 * "touched=N seconds=N worst_stall_ns=N"; exit status 1 if memory could not be
 * had.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "progress.h"

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ULL + t.tv_nsec;
}

static int one_round(struct progress_slot *my, size_t bytes, size_t page_bytes)
{
	uint64_t t;
	size_t at;
	char *p;

	p = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED)
		return -1;
	for (at = 0; at < bytes; at += page_bytes) {
		*(volatile char *)(p + at) = 1;
		t = now_ns();
		if (t - my->last_change_ns > my->worst_stall_ns)
			my->worst_stall_ns = t - my->last_change_ns;
		my->last_change_ns = t;
		my->touched_bytes += page_bytes;
	}
	return munmap(p, bytes);
}

int main(int argc, char **argv)
{
	struct progress_slot *my;
	uint64_t start_ns;
	size_t bytes;
	double seconds;
	int fd;

	if (argc != 4)
		return 99;
	bytes = strtoull(argv[2], NULL, 10);
	seconds = strtod(argv[3], NULL);
	fd = open(argv[1], O_RDWR);
	my = mmap(NULL, sizeof(struct progress), PROT_READ | PROT_WRITE,
		  MAP_SHARED | MAP_POPULATE, fd, 0);
	if (my == MAP_FAILED)
		return 99;
	start_ns = my->last_change_ns = now_ns();
	my->pid = getpid();
	while (now_ns() - start_ns < seconds * 1e9)
		if (one_round(my, bytes, sysconf(_SC_PAGESIZE)))
			return 1;
	printf("touched=%llu seconds=%.1f worst_stall_ns=%llu\n",
	       (unsigned long long)my->touched_bytes, seconds,
	       (unsigned long long)my->worst_stall_ns);
	return 0;
}
