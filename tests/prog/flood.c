// SPDX-License-Identifier: GPL-2.0
/*
 * flood.c - goes over its limit and below again, as fast as it can.
 *
 *	flood BASE_MB STEP_KB SECONDS
 *
 * Takes BASE_MB and waits for SIGUSR1; then takes STEP_KB and gives it back,
 * over and over.  Prints "cycles=N" at the end.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

static char *take(size_t bytes)
{
	char *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		exit(1);
	madvise(p, bytes, MADV_NOHUGEPAGE);
	memset(p, 1, bytes);
	return p;
}

int main(int argc, char **argv)
{
	size_t step;
	sigset_t set;
	long cycles = 0;
	double end;
	int sig;

	if (argc != 4)
		return 2;
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	take(strtoul(argv[1], NULL, 10) << 20);
	step = strtoul(argv[2], NULL, 10) << 10;
	sigwait(&set, &sig);
	for (end = now() + atof(argv[3]); now() < end; cycles++)
		munmap(take(step), step);
	printf("cycles=%ld\n", cycles);
	return 0;
}
