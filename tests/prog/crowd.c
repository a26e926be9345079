// SPDX-License-Identifier: GPL-2.0
/*
 * crowd.c - a process of many threads that take memory, all at once.
 *
 *	crowd THREADS MIB	page by page, each thread its share
 *	crowd populate MIB	in one system call, then 1 MiB page by page
 *	crowd churn MIB		MIB once, then gives back and touches the last
 *				MiB of it over and over
 *
 * Begins at SIGUSR1, which is blocked when the threads are there.  What grows
 *by steps is in eat.c.
 */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define PAGE 4096
#define MIB (1UL << 20)

static pthread_rwlock_t gate = PTHREAD_RWLOCK_INITIALIZER;
static size_t share_bytes;

static char *get(size_t bytes, int flags)
{
	char *start = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0);

	if (start == MAP_FAILED) {
		perror("crowd: mmap");
		exit(1);
	}
	return start;
}

static void touch(volatile char *from, size_t bytes)
{
	size_t at;

	for (at = 0; at < bytes; at += PAGE)
		from[at] = 1;
}

static void *eat_share(void *from)
{
	pthread_rwlock_rdlock(&gate);
	pthread_rwlock_unlock(&gate);
	touch(from, share_bytes);
	return NULL;
}

static void wait_for_start(void)
{
	sigset_t set;
	int sig;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigwait(&set, &sig);
}

static void eat_together(unsigned long threads, size_t bytes)
{
	pthread_t *thread = calloc(threads, sizeof(*thread));
	char *memory = get(bytes, 0);
	pthread_attr_t small;
	unsigned long i;

	madvise(memory, bytes, MADV_NOHUGEPAGE);
	share_bytes = bytes / threads / PAGE * PAGE;
	pthread_attr_init(&small);
	pthread_attr_setstacksize(&small, 65536);
	pthread_rwlock_wrlock(&gate);
	for (i = 0; i < threads; i++)
		if (pthread_create(&thread[i], &small, eat_share,
				   memory + i * share_bytes)) {
			perror("crowd: pthread_create");
			exit(1);
		}
	wait_for_start();
	pthread_rwlock_unlock(&gate);
	for (i = 0; i < threads; i++)
		pthread_join(thread[i], NULL);
	free(thread);
}

int main(int argc, char **argv)
{
	size_t bytes;
	sigset_t set;
	char *memory;

	if (argc != 3)
		return 2;
	bytes = strtoul(argv[2], NULL, 10) * MIB;
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	if (!strcmp(argv[1], "populate")) {
		wait_for_start();
		get(bytes, MAP_POPULATE);
		memory = get(MIB, 0);
		madvise(memory, MIB, MADV_NOHUGEPAGE);
		touch(memory, MIB);
	} else if (!strcmp(argv[1], "churn")) {
		memory = get(bytes, 0);
		madvise(memory, bytes, MADV_NOHUGEPAGE);
		wait_for_start();
		touch(memory, bytes);
		for (;;) {
			madvise(memory + bytes - MIB, MIB, MADV_DONTNEED);
			touch(memory + bytes - MIB, MIB);
		}
	} else {
		eat_together(strtoul(argv[1], NULL, 10), bytes);
	}
	return 0;
}
