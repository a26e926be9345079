// SPDX-License-Identifier: GPL-2.0
/*
 * churn.c - a process that never comes to rest: 8 threads fault pages in and
 * give them back, the first thread forks children that exec and exit.  It runs
 * until it is killed.
 */
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define THREADS 8
#define PART_BYTES (2UL << 20)

static void *fault(void *arg)
{
	long page = sysconf(_SC_PAGESIZE);
	size_t at;

	for (;;) {
		char *p = mmap(NULL, PART_BYTES, PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (p == MAP_FAILED)
			continue;
		for (at = 0; at < PART_BYTES; at += page)
			p[at] = 1;
		munmap(p, PART_BYTES);
	}
	return arg;
}

int main(int argc, char **argv)
{
	const struct timespec pause = { .tv_nsec = 5000000 };
	pthread_t thread;
	int i;

	if (argc > 1)
		return 0; /* the child, after its exec */
	for (i = 0; i < THREADS; i++)
		/* fails under ENOMEM, which is what it may be here for */
		if (pthread_create(&thread, NULL, fault, NULL))
			break;
	for (;;) {
		pid_t pid = fork();

		if (!pid) {
			execl("/proc/self/exe", argv[0], "child", NULL);
			_exit(1);
		}
		if (pid > 0)
			waitpid(pid, NULL, 0);
		nanosleep(&pause, NULL);
	}
}
